"""Calls of systems that test are kept as they went over the line, without the key; what they show to have been tried is ticked off."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone

from apps.cases import testcases
from apps.cases.models import Case
from apps.interface import checklist, recording, sandbox
from apps.interface.models import Call
from apps.people import limits, systems
from apps.people.models import System
from tests import build
from tests.interface import callers

pytestmark = pytest.mark.django_db


@pytest.fixture
def system() -> System:
    """A system for testing."""
    return callers.system("Tester", is_test=True)


@pytest.fixture
def case(system: System) -> Case:
    """A generated case."""
    version = build.version(build.page("first", build.field("text", "title"), build.field("file", "plan")))
    return sandbox.generate(system, version, "sv")[0]


def kept(
    system: System,
    method: str = "GET",
    path: str = "commondata",
    *,
    status: int = 200,
    answer: Any = None,
    body: Any = b"",
    headers: dict[str, str] | None = None,
    response: Any = None,
    content_type: str = "application/json",
) -> Call:
    """A call that has been answered so, as it is kept."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    address = callers.BASE + path
    request = RequestFactory().generic(method, address, sent, content_type=content_type, headers=headers or {})
    request.resolver_match = resolve(address.partition("?")[0])
    request.body  # noqa: B018 - as the operations read it
    found = response or HttpResponse(json.dumps(answer or {}), status=status, content_type="application/json")
    recording.record(request, found, system, 0.0)
    return Call.objects.latest("pk")


def done(system: System) -> set[str]:
    """What has been tried."""
    system.refresh_from_db()
    return set(system.checks)


# --- keeping -----------------------------------------------------------------------------------------------------------


def test_a_call_of_a_test_system_is_kept(system: System, case: Case) -> None:
    callers.call(None, "GET", f"commondata/{case.external_id}?x=1", key=callers.key(system))

    call = Call.objects.get()
    assert (call.system, call.method, call.status) == (system, "GET", 200)
    assert call.path == f"/interface/v1/commondata/{case.external_id}?x=1"
    assert str(case.external_id) in call.answer


def test_a_call_of_a_system_for_real_cases_is_not_kept() -> None:
    callers.call(None, "GET", "commondata", key=callers.key(callers.system("Real")))

    assert not Call.objects.exists()


def test_the_key_is_not_kept(system: System) -> None:
    key = callers.key(system)

    callers.call(None, "GET", "commondata", key=key, headers={"Cookie": "a=b", "X-Road-Id": "1"})

    call = Call.objects.get()
    assert key not in str(Call.objects.values())
    assert {name.lower() for name in call.headers}.isdisjoint({"authorization", "cookie"})
    assert call.headers["X-Road-Id"] == "1"


def test_a_refusal_is_kept_too(system: System) -> None:
    callers.call(None, "GET", f"commondata/{uuid.uuid4()}", key=callers.key(system))

    assert Call.objects.get().status == 400
    assert "unknown-part" in Call.objects.get().answer


def test_a_long_text_is_cut(system: System) -> None:
    call = kept(system, "POST", f"commondata/{uuid.uuid4()}/events", body=b'"' + b"x" * 100_000 + b'"')

    assert call.body.endswith("(100002 bytes)")
    assert len(call.body) < recording.LONGEST + 50


def test_what_is_no_text_is_told_by_its_size_and_digest(system: System) -> None:
    path = f"commondata/{uuid.uuid4()}/attachments/a"

    call = kept(system, "PUT", path, body=b"\x00\x01", content_type="application/pdf")

    assert call.body.startswith("2 bytes, SHA-256 ")


def test_a_streamed_answer_is_not_read(system: System) -> None:
    def pieces() -> Any:
        raise AssertionError("read")
        yield b""

    streamed = StreamingHttpResponse(pieces(), content_type="application/pdf", headers={"Content-Length": "7"})

    call = kept(system, path=f"commondata/{uuid.uuid4()}/attachments/a", response=streamed)

    assert call.answer == "7 bytes"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\x00", "\ud800".encode("utf-8", "surrogatepass")], ids=repr)
def test_odd_bytes_are_kept_all_the_same(system: System, body: bytes) -> None:
    assert kept(system, "POST", f"commondata/{uuid.uuid4()}/events", body=body).status == 200


def test_only_the_latest_calls_are_kept(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "KEPT", 3)
    other = kept(callers.system("Other", is_test=True))
    calls = [kept(system) for _n in range(5)]

    assert set(Call.objects.all()) == {other, *calls[-3:]}


def test_old_calls_are_forgotten(system: System) -> None:
    old, new = kept(system), kept(system)
    Call.objects.filter(pk=old.pk).update(at=timezone.now() - recording.KEPT_FOR - timedelta(hours=1))

    assert recording.forget_old(timezone.now()) == 1
    assert list(Call.objects.all()) == [new]


def test_recording_breaks_no_call(system: System, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("no")

    monkeypatch.setattr(recording, "_keep", broken)

    answer = callers.call(None, "GET", f"commondata/{case.external_id}", key=callers.key(system))

    assert answer.status_code == 200
    assert not Call.objects.exists()


def test_what_went_wrong_while_recording_is_not_in_the_log(
    system: System, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ValueError("what was sent")

    monkeypatch.setattr(recording, "_keep", broken)
    callers.call(None, "GET", "commondata", key=callers.key(system))

    assert "ValueError" in caplog.text
    assert "what was sent" not in caplog.text


# --- what is ticked off ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("commondata", {"ledger"}),
        ("commondata/{id}", {"data"}),
        ("commondata/{id}/commondata", {"parts"}),
        ("commondata/{id}/formdata", {"parts"}),
        ("commondata/{id}/events", {"events"}),
        ("commondata/{id}/attachments/a", {"attachment"}),
    ],
)
def test_reading_is_ticked_off(system: System, path: str, names: set[str]) -> None:
    kept(system, path=path.format(id=uuid.uuid4()))

    assert done(system) == names


def test_a_part_of_an_attachment_is_one(system: System) -> None:
    kept(system, path=f"commondata/{uuid.uuid4()}/attachments/a", status=206)

    assert done(system) == {"attachment", "range"}


@pytest.mark.parametrize(("method", "status"), [("GET", 400), ("GET", 304), ("HEAD", 200), ("GET", 503)])
def test_what_was_not_read_is_not_ticked_off(system: System, method: str, status: int) -> None:
    kept(system, method, f"commondata/{uuid.uuid4()}", status=status)

    assert done(system) == set()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("take_up", "take_up"),
        ("request_supplement", "supplement_request"),
        ("write", "message"),
        ("register", "register_number"),
        ("close", "outcome"),
        ("leave_unexamined", "outcome"),
    ],
)
def test_posting_is_ticked_off(system: System, kind: str, name: str) -> None:
    kept(system, "POST", f"commondata/{uuid.uuid4()}/events", status=201, body={"kind": kind, "data": {}})

    assert done(system) == {name}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"kind": 1}', b'{"kind": "close", "data": []}', b"[" * 100_000])
def test_a_body_that_says_nothing_ticks_nothing_off(system: System, body: bytes) -> None:
    kept(system, "POST", f"commondata/{uuid.uuid4()}/events", status=201, body=body)

    assert done(system) <= {"outcome"}


def test_a_decision_with_a_file_is_one(system: System) -> None:
    document = {"kind": "close", "data": {"attachments": [{"id": "a"}]}}

    kept(system, "POST", f"commondata/{uuid.uuid4()}/events", status=201, body=document)

    assert done(system) == {"outcome", "decision_file"}


def test_the_same_event_again_is_one(system: System) -> None:
    kept(system, "POST", f"commondata/{uuid.uuid4()}/events", body={"kind": "close"}, answer={"duplicate": True})

    assert done(system) == {"duplicate"}


def test_going_on_after_a_refusal_in_the_same_case_is_one(system: System) -> None:
    first, second = (f"commondata/{uuid.uuid4()}/events" for _n in range(2))
    kept(system, "POST", first, status=409, body={"kind": "close"})

    kept(system, "POST", second, status=201, body={"kind": "complete"})
    assert done(system) == set()

    kept(system, "POST", first, status=201, body={"kind": "complete"})
    assert done(system) == {"refusal"}


def test_the_customers_supplement_is_read_when_there_is_one(system: System, case: Case) -> None:
    key = callers.key(system)
    callers.call(None, "GET", f"commondata/{case.external_id}", key=key)
    assert "supplement" not in done(system)

    case.take_step("take_up", by=build.official())
    case.take_step("request_supplement", by=build.official(), text="More", due=date(2099, 1, 1), fields=["title"])
    sandbox.answer_supplement(case)
    callers.call(None, "GET", f"commondata/{case.external_id}", key=key)

    assert "supplement" in done(system)


def test_the_first_time_stays(system: System) -> None:
    kept(system)
    first = System.objects.get(pk=system.pk).checks["ledger"]
    kept(System.objects.get(pk=system.pk))

    assert System.objects.get(pk=system.pk).checks["ledger"] == first


# --- the list ----------------------------------------------------------------------------------------------------------


def test_every_part_of_the_test_has_words() -> None:
    assert set(checklist.WORDS) == {*systems.REQUIRED, *systems.OPTIONAL}
    assert not set(systems.REQUIRED) & set(systems.OPTIONAL)


def test_what_was_tried_has_its_time(system: System) -> None:
    systems.note_checked(system, "ledger", at=build.NOW)
    system.checks["data"] = "nonsense"

    times = {check.name: check.at for check in checklist.required(system)}

    assert times["ledger"] == build.NOW
    assert times["data"] is None


def test_only_when_all_that_must_be_tried_was_it_is_ready(system: System) -> None:
    for name in systems.REQUIRED:
        assert not systems.has_been_tested(system)
        systems.note_checked(system, name)

    assert systems.has_been_tested(system)


def test_the_page_of_the_sandbox_says_that_it_is_ready(system: System) -> None:
    browser = build.signed_in(build.official("manages", role="manager"))
    address = f"/admin/people/system/{system.pk}/sandbox/"
    assert browser.get(address).context["ready"] is False

    for name in systems.REQUIRED:
        systems.note_checked(system, name)

    assert browser.get(address).context["ready"] is True


def test_calls_about_a_test_go_with_it(system: System, case: Case) -> None:
    key = callers.key(system)
    callers.get(callers.part(case), key)
    callers.get(callers.part(str(case.external_id).upper(), "events"), key)
    callers.get("commondata", key)

    testcases.delete_generated(sandbox.customer_of(system))

    assert [call.path for call in Call.objects.all()] == ["/interface/v1/commondata"]


def test_of_calls_that_are_too_many_the_first_is_kept(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.LIMITS, "interface", limits.Limit(2, limits.MINUTES))
    key = callers.key(system)

    answered = [callers.get("commondata", key).status_code for _ in range(6)]

    assert answered == [200, 200, 429, 429, 429, 429]
    assert sorted(Call.objects.values_list("status", flat=True)) == [200, 200, 429]


# --- the whole test, over the interface --------------------------------------------------------------------------------


def test_going_through_the_end_to_end_test_makes_a_system_ready(system: System, case: Case) -> None:
    key, about = callers.key(system), f"commondata/{case.external_id}"

    def read(path: str) -> Any:
        answer = callers.call(None, "GET", path, key=key)
        assert answer.status_code == 200, answer.content
        return answer

    def post(kind: str, status: int = 201, event_key: str = "", **data: Any) -> str:
        event_key = event_key or str(uuid.uuid4())
        document = {"schemaVersion": "1", "externalId": str(case.external_id), "key": event_key} | {
            "kind": kind,
            "data": data,
        }
        headers = {"Idempotency-Key": event_key}
        answer = callers.call(None, "POST", f"{about}/events", key=key, body=document, headers=headers)
        assert answer.status_code == status, answer.content
        return event_key

    assert read("commondata").json()["items"][0]["externalId"] == str(case.external_id)
    read(about)
    read(f"{about}/events")
    b"".join(read(f"{about}/attachments/{case.application.files()[0]['id']}").streaming_content)
    post("close", 409, outcome="noted", text="Too early")
    taken = post("take_up")
    post("take_up", 200, taken)
    due = (timezone.localdate() + timedelta(days=30)).isoformat()
    post("request_supplement", text="Say more.", due=due, fields=["title"])
    sandbox.answer_supplement(case)
    read(about)
    post("close", outcome="noted", text="Done.")

    system.refresh_from_db()
    assert systems.has_been_tested(system), set(systems.REQUIRED) - system.checks.keys()
