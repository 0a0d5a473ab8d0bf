# Every target sets up what it needs. ARGS goes on to the command: make test ARGS="-k journey -x"
PYTHON := .venv/bin/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test thorough journeys chaos lint fmt bench messages

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.* ## /make \1	/p' Makefile | expand -t 16

run: ## start the portal, the relay and the reference receiver with example data
	@scripts/venv.sh requirements.txt
	@$(PYTHON) scripts/run.py

test: ## run all fast tests and the main browser journey: some five minutes
	@scripts/venv.sh requirements-test.txt
	@$(PYTHON) scripts/test.py $(ARGS)

thorough: ## run every test but the journeys, on every database found
	@scripts/venv.sh requirements-test.txt
	@$(PYTHON) scripts/test.py --thorough $(ARGS)

journeys: ## run all browser journeys
	@scripts/venv.sh requirements-test.txt
	@$(PYTHON) scripts/test.py --journeys $(ARGS)

chaos: ## kill processes at random under load and see that nothing is lost (CHAOS_SECONDS, CHAOS_SEED)
	@scripts/venv.sh requirements-test.txt
	@$(PYTHON) -m tests.chaos

lint: ## check style, types, migrations, settings and translations
	@scripts/venv.sh requirements-dev.txt
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy apps config scripts tests docs/interface/example manage.py
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py check --fail-level WARNING
	$(PYTHON) scripts/messages.py --check

fmt: ## format the code and repair what ruff can repair
	@scripts/venv.sh requirements-dev.txt
	$(PYTHON) -m ruff check --fix --exit-zero --quiet .
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check .

bench: ## measure how fast the portal and the relay are
	@scripts/venv.sh requirements-test.txt
	$(PYTHON) -m tests.bench $(ARGS)

messages: ## collect the texts to translate and compile the translations (needs gettext)
	@scripts/venv.sh requirements-dev.txt
	$(PYTHON) scripts/messages.py
