"""Collects the texts to translate into locale/ and compiles them; with --check, says whether all is complete."""

import gettext
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
LANGUAGES = ("sv", "fi", "en")
WRITTEN_IN = "en"  # the texts in the code need no translation into their own language
UNFINISHED = re.compile(r"(\d+) (fuzzy|untranslated)")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def manage(*arguments: str) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=True)  # noqa: S603 - only our own commands


def collect_and_compile() -> None:
    languages = [option for language in LANGUAGES for option in ("--locale", language)]
    # A folder is left out by its name wherever it stands: no folder of templates can be called tests.
    folders = [option for folder in ("var", "tests", ".venv") for option in ("--ignore", f"{folder}/*")]
    # Without line numbers and wrapping, a change in the code changes only the lines of its own texts.
    manage("makemessages", *languages, *folders, "--add-location", "file", "--no-wrap", "--no-obsolete")
    manage("compilemessages", *languages, "--ignore", ".venv", "--ignore", "var")


def texts(compiled: Path) -> dict[object, str]:
    """What a compiled file says, without the head of the file that carries only dates."""
    with compiled.open("rb") as file:
        catalogue: dict[object, str] = vars(gettext.GNUTranslations(file))["_catalog"]
    return {text: translation for text, translation in catalogue.items() if text != ""}


def problems(language: str, folder: Path) -> Iterator[str]:
    source = LOCALE / language / "LC_MESSAGES" / "django.po"
    compiled = source.with_suffix(".mo")
    if not source.is_file() or not compiled.is_file():
        yield f"{source.relative_to(ROOT)} or its .mo file is missing"
        return
    fresh = folder / f"{language}.mo"
    command = ["msgfmt", "--check-format", "--statistics", f"--output-file={fresh}", str(source)]
    answer = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False)  # noqa: S603
    if answer.returncode:
        yield f"{source.relative_to(ROOT)}: {answer.stderr.strip()}"
        return
    if language != WRITTEN_IN:
        for number, what in UNFINISHED.findall(answer.stderr):
            yield f"{source.relative_to(ROOT)}: {number} {what}"
    if texts(fresh) != texts(compiled):
        yield f"{compiled.relative_to(ROOT)} is older than its .po file: make messages"


def check() -> int:
    if shutil.which("msgfmt") is None:
        say("Translations not checked: msgfmt is missing (sudo apt-get install gettext).")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = [problem for language in LANGUAGES for problem in problems(language, Path(folder))]
    for problem in found:
        say(problem)
    if not found:
        say("Translations are complete and compiled.")
    return 1 if found else 0


def main() -> int:
    if "--check" in sys.argv[1:]:
        return check()
    if shutil.which("msgfmt") is None:
        say("gettext is needed: sudo apt-get install gettext")
        return 2
    collect_and_compile()
    return check()


if __name__ == "__main__":
    sys.exit(main())
