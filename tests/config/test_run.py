"""`make run`: its folder is private, and its logs say nothing of what people search for."""

from __future__ import annotations

import os
import runpy
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from apps.people.standin.provider import example_clients

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parent.parent.parent


def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "run.py"))


@pytest.mark.parametrize(
    ("given", "folder"),
    [(None, ROOT / "var"), ("", ROOT / "var"), ("data", ROOT / "data"), ("/srv/data", Path("/srv/data"))],
)
def test_run_keeps_everything_where_the_settings_do(
    monkeypatch: pytest.MonkeyPatch, given: str | None, folder: Path
) -> None:
    monkeypatch.delenv("VAR_DIR", raising=False)
    if given is not None:
        monkeypatch.setenv("VAR_DIR", given)

    assert script()["VAR"] == folder


@pytest.mark.parametrize(("before", "after"), [(None, 0o700), (0o755, 0o700), (0o1777, 0o1777)])
def test_run_closes_its_folder_to_others_unless_it_is_everybodys(
    tmp_path: Path, before: int | None, after: int
) -> None:
    folder = tmp_path / "var"
    if before is not None:
        folder.mkdir()
        folder.chmod(before)

    script()["make_private"](folder)

    assert stat.S_IMODE(folder.stat().st_mode) == after


def test_portal_of_run_does_not_log_what_was_searched_for(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "portal.log"
    bare = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path)}
    with log.open("wb") as output:
        portal = subprocess.Popen(
            [sys.executable, *script()["portal_command"](port)], cwd=ROOT, env=bare, stdout=output, stderr=output
        )
    try:
        assert search(port, "Searchedfor") == 200
    finally:
        portal.send_signal(signal.SIGTERM)
        portal.wait(60)

    assert "Listening at" in log.read_text()
    assert "Searchedfor" not in log.read_text()


def search(port: int, word: str) -> int:
    """Search on the desk as a stranger, who is shown the sign-in; waits for the portal to have started."""
    deadline = time.monotonic() + 60
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        with (
            suppress(ConnectionError, urllib.error.URLError),
            browser.open(f"http://127.0.0.1:{port}/admin/cases/case/?q={word}", timeout=10) as answer,
        ):
            return int(answer.status)
        time.sleep(0.1)
    raise AssertionError("the portal did not start")


def test_last_words_of_a_child_are_found_wherever_its_log_is(tmp_path: Path) -> None:
    run = script()
    log = tmp_path / "relay.log"
    log.write_text("It ended so.\n", "utf-8")

    said = run["last_words"](run["Child"]("relay", None, log))

    assert said == f"Its last lines ({log}):\n    It ended so."
    assert run["short"](ROOT / "var" / "log" / "relay.log") == Path("var/log/relay.log")


def test_portal_of_run_signs_in_at_the_stand_in_with_the_secret_that_it_knows() -> None:
    told = script()["addresses"](1, 2, 3)

    clients = {client.id: client.secret for client in example_clients()}
    assert told["OIDC_ISSUER"] == told["OFFICIALS_OIDC_ISSUER"] == told["MANDATES_URL"] == "http://127.0.0.1:3"
    assert clients == {
        told["OIDC_CLIENT_ID"]: told["OIDC_CLIENT_SECRET"],
        told["OFFICIALS_OIDC_CLIENT_ID"]: told["OFFICIALS_OIDC_CLIENT_SECRET"],
    }
