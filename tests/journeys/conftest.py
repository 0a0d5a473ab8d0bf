"""A real browser, the national service and the relay as real processes, and people to sign in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, Route, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps.people.models import Customer, User
from apps.sync.models import NATIONAL, Receiver
from tests import build

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps an event loop in the test's thread

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STEP_MS = 10_000
SEALING_KEY = "seals-personal-identity-codes-in-the-journeys"


@pytest.fixture(autouse=True)
def _one_key(settings: Settings) -> None:
    """What one process seals the others open; the key of development opens nothing outside it."""
    settings.IDENTITY_CODE_KEYS = [SEALING_KEY]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file, so that the relay and the browser's server are processes and threads of their own."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("journeys") / "journeys.sqlite3"
        connections.databases["default"].setdefault("TEST", {})["NAME"] = str(file)
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The browser of this machine."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
    yield browser
    browser.close()


class Visitor:
    """Somebody with a browser, whose every page is checked for accessibility."""

    def __init__(self, page: Page, server: str, language: str, *, twin: Page | None = None) -> None:
        self.page, self.server, self.language, self.twin = page, server, language, twin
        self.met: list[str] = []
        self.troubles: list[str] = []
        page.set_default_timeout(STEP_MS)
        page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def word(self, text: str, **words: Any) -> str:
        """A text of the service in this visitor's language."""
        with translation.override(self.language):
            return gettext(text) % words

    def open(self, path: str) -> None:
        """Go to an address."""
        self.page.goto(self.server + path)
        self.look()

    def go(self, control: Locator, key: str = "") -> None:
        """Click what leads to another page (or press a key on it)."""
        with self.page.expect_navigation():
            control.press(key) if key else control.click()
        self.look()

    def press(self, text: str, *, role: Literal["button", "link"] = "button", exact: bool = True) -> None:
        """Press a button (or follow a link) by its word."""
        self.go(self.page.get_by_role(role, name=self.word(text), exact=exact).first)

    def follow(self, text: str, *, exact: bool = False) -> None:
        """Follow a link by its words as they stand."""
        self.go(self.page.get_by_role("link", name=text, exact=exact).first)

    def write(self, **values: str) -> None:
        """Write into controls by the keys of their questions."""
        for key, value in values.items():
            self.page.fill(f"#id_{key}", value)

    def choose(self, **values: str) -> None:
        """Choose radio buttons or checkboxes by the keys of their questions and the options' values."""
        for key, value in values.items():
            self.page.check(f'input[name="{key}"][value="{value}"]')

    def sees(self, text: str) -> bool:
        """Whether the page says it."""
        return text in self.page.inner_text("main")

    def look(self) -> None:
        """Wait for the page, and let axe and our own checks look at it."""
        self.page.wait_for_load_state()
        assert not self.troubles, self.troubles
        self.met.append(self.page.url)
        looked_at = self._with_script()
        client = looked_at.context.new_cdp_session(looked_at)
        client.send("Runtime.evaluate", {"expression": AXE_SCRIPT})
        asked = {"expression": f"({ALL_CHECKS})()", "awaitPromise": True, "returnByValue": True}
        found = client.send("Runtime.evaluate", asked)["result"].get("value")
        client.detach()
        assert found == [], f"{self.page.url}: {found}"

    def _with_script(self) -> Page:
        """The page; without script, in which axe could not run, the same text in a page that has it (but runs none of ours)."""
        if self.twin is None:
            return self.page
        text = self.page.content()

        def answer(route: Route) -> None:
            if route.request.is_navigation_request():
                route.fulfill(body=text, content_type="text/html; charset=utf-8")
            elif route.request.resource_type == "script":
                route.abort()
            else:
                route.continue_()

        self.twin.unroute_all()
        self.twin.route("**/*", answer)
        self.twin.goto(self.page.url)
        return self.twin


ALL_CHECKS = """async () => {
  const wrong = [];
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  ids.filter((id, n) => ids.indexOf(id) !== n).forEach(id => wrong.push('id twice: ' + id));
  document.querySelectorAll('[aria-describedby]').forEach(e => e.getAttribute('aria-describedby').split(' ')
    .filter(id => !document.getElementById(id)).forEach(id => wrong.push('describedby leads nowhere: ' + id)));
  document.querySelectorAll('a[href^="#"]').forEach(e => {
    if (!document.getElementById(e.getAttribute('href').slice(1))) wrong.push('link leads nowhere: ' + e.getAttribute('href'));
  });
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) wrong.push('scrolls sideways');
  if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1');
  if (document.querySelector('[style], style, script:not([src]):not([type="application/json"])')) wrong.push('inline style or script');
  const axed = await axe.run();
  axed.violations.forEach(v => wrong.push(v.id + ': ' + v.nodes.map(n => n.target).join(' | ')));
  return wrong;
}"""


@pytest.fixture
def visitor(chromium: Browser, live_server: LiveServer, transactional_db: None) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: a customer or an official who is signed in, or a stranger; in a language, on a screen, with or without script."""
    contexts: list[BrowserContext] = []

    def made(
        who: Customer | User | None = None, *, language: str = "sv", script: bool = True, width: int = 1200
    ) -> Visitor:
        context = chromium.new_context(
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
            locale=language,
            base_url=live_server.url,
        )
        contexts.append(context)
        if who is not None:
            cookies = build.signed_in(who).cookies
            context.add_cookies(
                [{"name": name, "value": m.value, "url": live_server.url} for name, m in cookies.items()]
            )
        if isinstance(who, User):
            context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
        twin = None
        if not script:
            contexts.append(chromium.new_context(viewport={"width": width, "height": 900}))
            twin = contexts[-1].new_page()
        return Visitor(context.new_page(), live_server.url, language, twin=twin)

    yield made
    for context in contexts:
        context.close()


class Process:
    """A program of the product, run as in production."""

    def __init__(self, *command: str, **surroundings: str) -> None:
        secrets = {"SECRET_KEY": "only-for-this-test-" + "x" * 40, "IDENTITY_CODE_KEYS": SEALING_KEY}
        env = {**os.environ, "DEBUG": "off", "SCANNER": "none", **secrets, **surroundings}
        self.running = subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill(self) -> None:
        """SIGKILL."""
        self.running.kill()
        self._end()

    def stop(self) -> None:
        """SIGTERM, and if need be SIGKILL."""
        with suppress(ProcessLookupError):
            self.running.terminate()
        try:
            self._end()
        except subprocess.TimeoutExpired:
            self.kill()

    def _end(self) -> None:
        self.running.wait(10)
        if self.running.stdout:
            self.running.stdout.close()


@pytest.fixture
def national_service(tmp_path: Path) -> Iterator[str]:
    """The reference receiver's address."""
    receiver = Process("reference_receiver", "--port", "0", "--store", str(tmp_path / "received.sqlite3"))
    said = ""
    while "http://" not in said:
        said = (receiver.running.stdout or sys.stdin).readline()
        assert said, "the reference receiver did not start"
    yield "http://" + said.partition("http://")[2].split()[0].rstrip("/.,")
    receiver.stop()


@pytest.fixture
def relay(national_service: str, transactional_db: None) -> Iterator[Callable[[], Process]]:
    """Starts a relay that sends from the test's database to the national service."""
    # Emptying the database after the test before has taken what the migration had put in.
    since = {"kind": "national", "name": "Tillstånd och tillsyn", "since": datetime(2000, 1, 1, tzinfo=UTC)}
    Receiver.objects.get_or_create(key=NATIONAL, defaults=since)
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        who = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
        url = f"postgres://{who}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    started: list[Process] = []

    def start() -> Process:
        files = str(default_storage.location)  # type: ignore[attr-defined]
        # A short lease: what the killed relay had in hand is taken up by the next one when it has run out.
        times = {"RELAY_POLL": "0.2", "RELAY_LEASE": "4", "RELAY_TIMEOUT": "2"}
        process = Process("relay", DATABASE_URL=url, NATIONAL_SERVICE_URL=national_service, FILES_DIR=files, **times)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.running.poll() is None:
            process.stop()
