"""The lines of docs/interface/howto.md are run in their order against a server, and give what the document says."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from apps.cases.models import Case
from apps.interface import sandbox
from apps.people import systems
from apps.people.models import System
from tests import build

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "interface" / "howto.md"
PART = re.compile(r"^```(?P<language>sh|json|text)\n(?P<text>.*?)^```$|^<!-- (?P<act>.+) -->$", re.M | re.S)
TOOLS = ("bash", "curl", "jq", "openssl", "sha256sum", "python3")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]


class Shell:
    """One bash for all lines, as somebody types them."""

    def __init__(self, folder: Path, **surroundings: str) -> None:
        self.running = subprocess.Popen(
            ["bash", "-eu", "-o", "pipefail"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "no_proxy": "*", **surroundings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, lines: str) -> str:
        """What some lines print. Fails when one of them does."""
        assert self.running.stdin
        assert self.running.stdout
        end = secrets.token_hex(8)
        self.running.stdin.write(f"{lines}\necho; echo {end}\n")
        self.running.stdin.flush()
        said: list[str] = []
        for line in self.running.stdout:
            if line.strip() == end:
                return "".join(said).strip()
            said.append(line)
        pytest.fail(f"{lines}\nended with {self.running.wait()}: {''.join(said)}")

    def end(self) -> None:
        """Let it go."""
        self.running.kill()
        self.running.communicate()


@pytest.fixture
def shell(tmp_path: Path, live_server: LiveServer, system: System) -> Iterator[Shell]:
    """Where the lines are run, with a key and a file of a decision."""
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if lacking and os.environ.get("REQUIRE_CURL") != "1":
        pytest.skip(f"not here: {', '.join(lacking)}")
    _key, shown = systems.make_key(system, by=None)
    (tmp_path / "decision.pdf").write_bytes(build.PDF)
    started = Shell(tmp_path, INTERFACE_KEY=shown, ADDRESS=f"{live_server.url}/interface/v1")
    yield started
    started.end()


@pytest.fixture
def system(transactional_db: None) -> System:
    """A system for testing, with one generated case that has a file."""
    version = build.version(build.page("first", build.field("text", "title"), build.field("file", "plan")))
    made = System.objects.create(
        authority=build.authority(), name="Case management", is_test=True, scopes=System.Scope.values
    )
    sandbox.generate(made, version, "sv")
    return made


def parts() -> Iterator[tuple[str, str]]:
    """What the document holds that is run or shown, in its order."""
    for found in PART.finditer(HOWTO.read_text(encoding="utf-8")):
        yield ("act", found["act"]) if found["act"] else (found["language"], found["text"])


def is_like(got: Any, shown: Any) -> bool:
    """Whether something is as it is shown, where `…` stands for whatever is there."""
    if shown == "…":
        return True
    if isinstance(shown, dict):
        named = {name: value for name, value in shown.items() if name != "…"}
        same = named.keys() <= got.keys() if "…" in shown else named.keys() == got.keys()
        return same and all(is_like(got[name], value) for name, value in named.items())
    if isinstance(shown, list):
        if shown[-1:] == ["…"]:
            return isinstance(got, list) and bool(got)
        return len(got) == len(shown) and all(is_like(*both) for both in zip(got, shown, strict=True))
    return bool(got == shown)


ACTS: dict[str, Callable[[], None]] = {
    "the made-up customer answers": lambda: sandbox.answer_supplement(Case.objects.get()),
}


def test_the_lines_of_the_howto_give_what_it_says(shell: Shell, system: System) -> None:
    said = ""
    for kind, text in parts():
        if kind == "act":
            ACTS[text]()
        elif kind == "sh":
            said = shell.run(text)
        elif kind == "text":
            assert said == text.strip()
        else:
            assert is_like(json.loads(said), json.loads(text)), f"{said}\nis not like\n{text}"
    system.refresh_from_db()
    assert systems.has_been_tested(system)
