"""Webhooks over real sockets: signed, in order, each event once, with history from a day, and nothing told but what is asked for."""

from __future__ import annotations

import ast
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from apps.cases.models import Case
from apps.sync import relay, settling, watching
from apps.sync.models import WEBHOOK, Delivery, Receiver
from apps.sync.receivers.webhook import signature
from apps.sync.watching import What
from config import checks
from tests import build
from tests.build import NOW
from tests.config.test_settings import PRODUCTION, manage
from tests.sync import folders
from tests.sync.folders import handled, standing, with_file
from tests.sync.patience import HURRY, hurried

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the tests, and of nobody else"
SOON = NOW + timedelta(minutes=30)


@dataclass
class Hook:
    """Somebody who is told: what came, and how it is answered (`answers` in turn, then 204)."""

    port: int = 0
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    slow: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/told?of=events"

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.came]


def answering(hook: Hook) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, more = hook.answers.pop(0) if hook.answers else (204, {})
            hook.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if hook.slow:
                time.sleep(hook.slow)
            self.send_response(status)
            for name, value in {"Content-Length": "0", **more}.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            """As who follows a redirect would come."""
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    return Answering


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook()
    with ThreadingHTTPServer(("127.0.0.1", 0), answering(hook)) as server:
        server.daemon_threads = True
        hook.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield hook
        server.shutdown()
        thread.join()


@pytest.fixture
def hook(settings: Settings) -> Iterator[Hook]:
    """Somebody who is told of what happens from NOW on; nobody else is sent anything."""
    Receiver.objects.update(active=False)
    settings.SITE_URL = "https://service.example"
    with listening() as running:
        settings.WEBHOOKS = {"archive": {"url": running.url, "secret": SECRET}}
        receiver("archive")
        yield running


def receiver(key: str, **more: Any) -> Receiver:
    since = more.pop("since", NOW - timedelta(days=1))
    return Receiver.objects.create(key=key, kind=WEBHOOK, name=key.title(), since=since, **more)


# --- what is said ----------------------------------------------------------------------------------------------------


def test_events_are_posted_in_order_with_key_number_and_signature(hook: Hook) -> None:
    case = handled(build.case())

    counts = relay.run_once(SOON)

    events = list(case.events.order_by("number"))
    assert counts.delivered == 2
    assert standing(case) == ["delivered"] * 2
    assert [headers["idempotency-key"] for headers, _body in hook.came] == [str(event.key) for event in events]
    assert [headers["x-event-number"] for headers, _body in hook.came] == ["1", "2"]
    for headers, body in hook.came:
        assert headers["content-type"] == "application/json"
        assert headers["x-signature"] == signature(SECRET, headers["x-timestamp"], body)
        assert abs(int(headers["x-timestamp"]) - time.time()) < 60


def test_by_default_nothing_of_the_case_is_told_but_that_something_happened(hook: Hook) -> None:
    case = handled(build.case(folders.form(), answers=folders.answers()))
    event = case.take_step("write", by=build.official(), at=NOW + timedelta(minutes=9), text="A secret of yours")

    relay.run_once(SOON)

    assert hook.said[2] == {
        "schemaVersion": "1",
        "externalId": str(case.external_id),
        "key": str(event.key),
        "number": 3,
        "at": "2027-03-01T09:39:00Z",
        "kind": "write",
        "status": "in_handling",
        "data": {},
        "caseNumber": case.number,
        "link": f"https://service.example/admin/cases/case/{case.pk}/change/",
    }
    told = b"".join(body for _headers, body in hook.came).decode()
    assert not [word for word in ("Exempelstaden", "secret of yours", "Customer") if word in told]


def test_case_data_are_told_where_the_settings_ask_for_them_and_bytes_never(hook: Hook, settings: Settings) -> None:
    settings.WEBHOOKS["archive"]["data"] = "case"
    handled(with_file())

    relay.run_once(SOON)

    first, second = hook.said
    (listed,) = first["case"]["attachments"]
    assert (listed["name"], listed["size"]) == ("plan 1 åäö.pdf", len(folders.PDF))
    assert "Exempelstaden" in json.dumps(first["case"])
    assert "case" not in second
    assert max(len(body) for _headers, body in hook.came) < len(folders.PDF)


def test_skipped_event_is_told_as_such_so_that_numbers_have_no_gap(hook: Hook) -> None:
    hook.answers = [(422, {})]
    case = handled(build.case())
    relay.run_once(SOON)
    assert standing(case) == ["refused", "waiting"]

    Delivery.objects.get(case=case, number=1).skip("Told by telephone.", at=SOON)
    relay.run_once(SOON + timedelta(hours=1))

    assert [(one["number"], one["kind"]) for one in hook.said[1:]] == [(1, "skipped"), (2, "take_up")]


def test_what_is_sent_again_is_the_same_under_the_same_key(hook: Hook) -> None:
    hook.answers = [(500, {})]
    build.case()

    relay.run_once(SOON)
    relay.run_once(SOON + timedelta(hours=1))

    (first, body), (second, again) = hook.came
    assert body == again
    assert first["idempotency-key"] == second["idempotency-key"]


# --- what the answers mean -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_a_yes(hook: Hook, status: int) -> None:
    hook.answers = [(status, {})]
    case = build.case()

    relay.run_once(SOON)

    assert standing(case) == ["delivered"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("status", "stands"),
    [
        *((status, "refused") for status in (400, 404, 410, 413, 422)),
        *((status, "waiting") for status in (301, 307, 401, 403, 408, 425, 429, 500, 502, 503)),
    ],
)
def test_other_answers_are_for_good_or_for_now(hook: Hook, status: int, stands: str) -> None:
    hook.answers = [(status, {"Location": "/told"})]
    case = build.case()

    relay.run_once(SOON)

    assert standing(case) == [stands]
    assert str(status) in Delivery.objects.get().last_error
    assert len(hook.came) == 1  # a redirect is not followed


def test_retry_after_is_honoured(hook: Hook) -> None:
    hook.answers = [(429, {"Retry-After": "600"})]
    build.case()

    relay.run_once(SOON)

    assert timedelta(seconds=600) <= Delivery.objects.get().next_at - SOON <= timedelta(seconds=601)


def test_answer_that_takes_too_long_is_lost_and_the_event_is_posted_again(hook: Hook, settings: Settings) -> None:
    hook.slow = 2 * HURRY
    case = build.case()
    with hurried(settings):
        relay.run_once(SOON)
    assert standing(case) == ["waiting"]

    hook.slow = 0
    relay.run_once(SOON + timedelta(hours=1))

    assert standing(case) == ["delivered"]


def test_who_is_not_there_is_tried_later(hook: Hook, settings: Settings) -> None:
    settings.WEBHOOKS = {"archive": {"url": "http://127.0.0.1:9/", "secret": SECRET}}
    case = build.case()

    relay.run_once(SOON)

    assert standing(case) == ["waiting"]
    assert "cannot be reached" in Delivery.objects.get().last_error


def test_refusal_of_one_does_not_hold_up_another(hook: Hook, settings: Settings) -> None:
    with listening() as other:
        settings.WEBHOOKS["other"] = {"url": other.url, "secret": SECRET[::-1]}
        receiver("other")
        hook.answers = [(410, {})]
        handled(build.case())

        relay.run_once(SOON)

        assert [one["number"] for one in other.said] == [1, 2]
        assert [one["number"] for one in hook.said] == [1]
        headers, body = other.came[0]
        assert headers["x-signature"] == signature(SECRET[::-1], headers["x-timestamp"], body)


# --- who is told -----------------------------------------------------------------------------------------------------


def test_receiver_without_settings_waits_and_that_is_seen(hook: Hook, settings: Settings) -> None:
    receiver("unknown")
    case = build.case()

    relay.run_once(SOON)

    assert dict(Delivery.objects.values_list("receiver__key", "delivered_at")) == {"archive": SOON, "unknown": None}
    watched = watching.look(SOON)
    assert {one.key: one.ready for one in watched.receivers if one.active} == {"archive": True, "unknown": False}
    assert What.NOT_SET_UP in {one.what for one in watching.problems(watched, watching.Limits.set())}
    settings.NATIONAL_SERVICE_URL = ""
    assert settling._owing([case.pk], SOON) == {case.pk}
    Receiver.objects.filter(key="unknown").update(active=False)  # and no settings: given up
    assert settling._owing([case.pk], SOON) == set()


def test_superuser_adds_one_that_the_settings_name_and_it_gets_history_from_a_day(
    hook: Hook, settings: Settings
) -> None:
    old, case = build.case(at=NOW - timedelta(days=30)), handled(build.case(by=build.customer("Other")))
    relay.run_once(SOON)
    hook.came.clear()
    with listening() as other:
        settings.WEBHOOKS["other"] = {"url": other.url, "secret": SECRET}
        browser = build.signed_in(build.superuser())
        page = browser.get("/admin/sync/receiver/add/").content.decode()
        assert re.findall(r'<option value="([^"]+)"', page) == ["other"]

        said = {"name": "Another", "key": "other", "since_0": "2027-03-01", "since_1": "00:00:00", "active": "on"}
        answer = browser.post("/admin/sync/receiver/add/", said)
        assert answer.status_code == 302, answer.content.decode()
        relay.run_once(SOON)

        assert [(one["externalId"], one["number"]) for one in other.said] == [
            (str(case.external_id), n) for n in (1, 2)
        ]
    assert hook.came == []
    assert not Delivery.objects.filter(case=old).exists()


def test_from_when_on_it_is_told_can_be_changed_until_something_is_on_its_way(hook: Hook) -> None:
    case = build.case(at=NOW - timedelta(days=30))
    one, browser = Receiver.objects.get(key="archive"), build.signed_in(build.superuser())
    page = f"/admin/sync/receiver/{one.pk}/change/"

    said = {"name": "Archive", "active": "on", "since_0": "2027-01-01", "since_1": "00:00:00"}
    assert browser.post(page, said).status_code == 302
    relay.run_once(SOON)
    assert standing(case) == ["delivered"]

    browser.post(page, {**said, "since_0": "2026-01-01"})
    assert timezone.localtime(Receiver.objects.get(key="archive").since).year == 2027


def test_nobody_adds_what_the_settings_do_not_name(hook: Hook) -> None:
    browser = build.signed_in(build.superuser())

    assert browser.get("/admin/sync/receiver/add/").status_code == 403
    assert build.signed_in(build.official(role="manager")).get("/admin/sync/receiver/add/").status_code == 403


def test_of_tests_it_is_told_when_it_takes_them(hook: Hook) -> None:
    Receiver.objects.filter(key="archive").update(takes_tests=True)
    build.tried()

    relay.run_once(SOON)

    assert [one["test"] for one in hook.said] == [True]


# --- settings --------------------------------------------------------------------------------------------------------

GOOD = {"url": "https://archive.example/told", "secret": SECRET}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "WEBHOOKS is no JSON"),
        ("[]", "WEBHOOKS is no JSON object"),
        (json.dumps({"a b": GOOD}), "a key is of letters"),
        (json.dumps({"a": {"url": GOOD["url"]}}), "it needs url and secret"),
        (json.dumps({"a": {**GOOD, "more": "x"}}), "it needs url and secret"),
        (json.dumps({"a": {**GOOD, "secret": 5}}), "its values are texts"),
        (json.dumps({"a": {**GOOD, "url": "http://archive.example"}}), "does not begin with https://"),
        (json.dumps({"a": {**GOOD, "url": "https://user:word@archive.example"}}), "without a user or a password"),
        (json.dumps({"a": {**GOOD, "url": "https://[archive"}}), "its url is no address"),
        (json.dumps({"a": {**GOOD, "secret": "short"}}), "at least 32 characters"),
        (json.dumps({"a": {**GOOD, "data": "all"}}), "none or case"),
    ],
)
def test_webhooks_that_would_be_dangerous_are_refused_in_words_that_hold_no_secret(written: str, said: str) -> None:
    from config.settings import webhooks  # noqa: PLC0415 (not through the settings object)

    known, (problem,) = webhooks(written)

    assert known == {}
    assert said in problem
    assert SECRET not in problem


@pytest.mark.parametrize("url", ["https://archive.example/told", "http://127.0.0.1:8500/", "http://localhost/"])
def test_webhooks_that_are_well_are_taken(url: str) -> None:
    from config.settings import webhooks  # noqa: PLC0415 (the same)

    assert webhooks(json.dumps({"archive": {**GOOD, "url": url}})) == ({"archive": {**GOOD, "url": url}}, [])


def test_installation_with_a_bad_webhook_does_not_start(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", **PRODUCTION, WEBHOOKS='{"archive": {"url": "https://archive.example"}}')

    assert ended.returncode != 0
    assert "it needs url and secret" in ended.stderr


@pytest.mark.parametrize(
    ("hooks", "site", "databases", "said"),
    [
        ({}, "", None, []),
        ({"new": GOOD}, "", None, ["config.W013"]),
        ({"new": GOOD}, "https://service.example", ["default"], ["config.W014", "config.W015"]),
        ({"archive": GOOD}, "https://service.example", ["default"], []),
    ],
)
def test_check_says_what_is_lacking(
    settings: Settings, hooks: dict[str, Any], site: str, databases: list[str] | None, said: list[str]
) -> None:
    receiver("archive")
    settings.WEBHOOKS, settings.SITE_URL = hooks, site

    assert [message.id for message in checks.check_webhooks(databases=databases)] == said


# --- the other side --------------------------------------------------------------------------------------------------


def described_verifier() -> Callable[..., bool]:
    """The function that docs/operations.md gives to whoever is told."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = text.split("## Webhooks")[1].split("\n## ")[0]
    code = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    ") or not line.strip())
    code = code[code.index("import hashlib") :]
    ast.parse(code)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 (our own document)
    found: Callable[..., bool] = names["is_genuine"]
    return found


def test_snippet_of_the_documentation_verifies_what_is_posted(hook: Hook) -> None:
    build.case()
    relay.run_once(SOON)
    headers, body = hook.came[0]
    is_genuine = described_verifier()
    moment, signed = headers["x-timestamp"], headers["x-signature"]

    assert is_genuine(SECRET, moment, signed, body)
    assert not is_genuine(SECRET, moment, signed, body + b" ")
    assert not is_genuine(SECRET[1:], moment, signed, body)
    assert not is_genuine(SECRET, str(int(moment) + 1), signed, body)
    assert not is_genuine(SECRET, moment, "", body)
    old = str(int(timezone.now().timestamp()) - 3_600)
    assert not is_genuine(SECRET, old, signature(SECRET, old, body), body)


def test_documentation_names_the_headers() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")

    for name in ("Idempotency-Key", "X-Event-Number", "X-Timestamp", "X-Signature"):
        assert name in text


def test_case_that_is_told_of_is_not_acknowledged_by_the_national_service(hook: Hook) -> None:
    case = build.case()

    relay.run_once(SOON)

    assert Case.objects.get(pk=case.pk).acknowledged_number == 0
