"""Schemathesis against whoever speaks the interface: `python -m tests.sync.exercise http://127.0.0.1:8400 --token …`.

It makes requests of docs/interface/openapi.yaml, right ones and wrong ones, follows the links, and looks whether the answers are those of
the document. It runs as a process of its own, so that nothing of it is loaded into other tests. With `--document authorities.yaml` it does
so with a portal: its address is that of the interface (https://…/interface/v1), and its token the key of a system for testing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
INTERFACE = ROOT / "docs" / "interface"
# The documents, and what is known of right requests of each that they cannot say.
NATIONAL, AUTHORITIES = "openapi.yaml", "authorities.yaml"
HOOKS = {
    NATIONAL: ROOT / "tests" / "sync" / "exercise_hooks.py",
    AUTHORITIES: ROOT / "tests" / "interface" / "exercise_hooks.py",
}
# What follows the schemas can still be refused: a digest is of something else, a number not the next, attachments are not here or shorter.
CONFIG = """
hooks = "{hooks}"

[generation]
database = "none"
allow-extra-parameters = false

[checks.positive_data_acceptance]
expected-statuses = ["2XX", "304", "400", "404", "409", "415", "416", "422"]

[checks.missing_required_header]
expected-statuses = ["400", "401", "422"]
"""


def prepared(folder: Path, document_name: str = NATIONAL) -> Path:
    """A document and its schemas in a folder, with the examples written into it: it is given files, and fetches none."""
    shutil.copytree(INTERFACE, folder, dirs_exist_ok=True)
    document = _with_examples(yaml.safe_load((INTERFACE / document_name).read_text("utf-8")))
    path = folder / "openapi.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def _with_examples(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_examples(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = value.get("externalValue")
    if isinstance(kept, str):
        return {"value": json.loads((INTERFACE / kept).read_text("utf-8"))}
    return {name: _with_examples(item) for name, item in value.items()}


SHORT = "examples,fuzzing,stateful"
WHOLE = "examples,coverage,fuzzing,stateful"


def run(
    address: str,
    *,
    document: str = NATIONAL,
    token: str = "",
    examples: int = 5,
    seconds: int = 0,
    seed: int = 1,
    phases: str = "",
) -> tuple[bool, str]:
    """Whether all was as the document says, and what was said of it. Always the same, unless it has `seconds` to go on with `seed`."""
    length = ["--max-time", str(seconds), "--seed", str(seed)] if seconds else ["--generation-deterministic"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = prepared(folder / "interface", document)
        config = folder / "schemathesis.toml"
        config.write_text(CONFIG.format(hooks=HOOKS[document]), "utf-8")
        command = [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(config),
            "run",
            str(path),
            "-u",
            address,
        ]
        command += ["--phases", phases or (WHOLE if seconds else SHORT), "-n", str(examples), *length]
        command += ["--checks", "all", "--warnings", "off", "--continue-on-failure", "--request-timeout", "10"]
        command += ["--no-color", "--output-truncate", "false"]
        command += ["-H", f"Authorization: Bearer {token}"] if token else []
        surroundings = {"PYTHONPATH": str(ROOT), "EXERCISE_ADDRESS": address, "EXERCISE_TOKEN": token}
        done = subprocess.run(
            command, cwd=folder, env=os.environ | surroundings, capture_output=True, text=True, check=False
        )
    return done.returncode == 0, done.stdout + done.stderr


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(prog="exercise", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--document", choices=list(HOOKS), default=NATIONAL)
    parser.add_argument("--token", default="")
    parser.add_argument("--examples", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default="")
    good, said = run(**vars(parser.parse_args()))
    sys.stdout.write(said)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
