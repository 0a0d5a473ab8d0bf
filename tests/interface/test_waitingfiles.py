"""Files that systems send ahead of their events: looked at, kept until the event or for a week, and never left behind."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from apps.cases import envelope, testcases
from apps.cases.models import Case, Document
from apps.interface import waitingfiles
from apps.interface.models import KeptAnswer, WaitingFile
from apps.services import rehearsing
from tests import build
from tests.applications.clamd import HARMLESS_TEST, clamd
from tests.applications.papers import archive
from tests.interface import callers
from tests.interface.posted import DECISION, body, listed, post, posted, put
from tests.pdfs import pdf

pytestmark = pytest.mark.django_db
NOBODY = "127.0.0.1:1"
OTHER = pdf(saying="Another")


@pytest.fixture
def case() -> Case:
    """A case that is being handled."""
    made = build.case(at=timezone.now())
    made.take_step("take_up", by=build.official())
    return made


@pytest.fixture
def key() -> uuid.UUID:
    """That of the event that is to come."""
    return uuid.uuid4()


def on_disk() -> list[Path]:
    """Every content that is stored."""
    return [path for path in Path(default_storage.location).rglob("*") if path.is_file()]  # type: ignore[attr-defined]


def content_of(document: Document) -> bytes:
    """What is stored of a document."""
    with document.content.open("rb") as content:
        return bytes(content.read())


# --- with its event ------------------------------------------------------------------------------------------------------


def test_file_comes_ahead_and_is_a_document_with_its_event(case: Case, key: uuid.UUID) -> None:
    sent = put(case, key)
    assert sent.status_code == 201
    assert sent.json() == {
        "status": "accepted",
        "key": f"{key}:decision",
        "externalId": str(case.external_id),
        "digest": f"sha-256:{listed()['sha256']}",
        "duplicate": False,
    }
    decision = {"outcome": "accepted", "text": "Fine.", "attachments": [listed()]}

    answer = post(case, "close", decision, event_key=key)

    assert answer.status_code == 201
    document, line = Document.objects.get(), case.events.last()
    assert line is not None
    assert answer.json()["attachmentIds"] == {"decision": str(document.pk)}
    assert (document.event, document.name, document.sha256) == (line, "beslut åäö.pdf", listed()["sha256"])
    assert content_of(document) == DECISION
    assert envelope.documents_of(line) == [listed() | {"id": str(document.pk)}]
    assert not WaitingFile.objects.exists()
    assert len(on_disk()) == 1


@pytest.mark.parametrize(
    ("kind", "data"),
    [("write", {"text": "See the map."}), ("leave_unexamined", {"text": "Too little."})],
    ids=["write", "leave_unexamined"],
)
def test_files_come_in_the_order_of_the_event(case: Case, key: uuid.UUID, kind: str, data: dict[str, Any]) -> None:
    put(case, key, "a", DECISION)
    put(case, key, "b", OTHER)

    post(case, kind, data | {"attachments": [listed("b", OTHER), listed("a")]}, event_key=key)

    line = case.events.last()
    assert line is not None
    assert [one["sha256"] for one in line.data["files"]] == [listed("b", OTHER)["sha256"], listed()["sha256"]]


def test_customer_reads_what_a_system_has_enclosed(case: Case, key: uuid.UUID) -> None:
    put(case, key)
    post(case, "write", {"text": "See.", "attachments": [listed()]}, event_key=key)

    browser = build.signed_in(case.application.customer)
    answer = browser.get(reverse("portal:document", args=[case.number, Document.objects.get().pk]))

    assert callers.content(answer) == DECISION


def test_event_waits_for_its_files(case: Case, key: uuid.UUID) -> None:
    put(case, key, "a")
    data = {"text": "See.", "attachments": [listed("a"), listed("b")]}

    early = post(case, "write", data, event_key=key)

    assert (early.status_code, callers.problem(early)) == (422, "attachments-missing")
    assert early.json()["missing"] == ["b"]
    put(case, key, "b")
    assert post(case, "write", data, event_key=key).status_code == 201


def test_refused_event_leaves_its_files_waiting(case: Case, key: uuid.UUID) -> None:
    put(case, key)
    data = {"outcome": "granted", "text": "Fine.", "attachments": [listed()]}
    assert callers.problem(post(case, "close", data, event_key=key)) == "invalid"

    assert WaitingFile.objects.count() == 1
    assert post(case, "close", data | {"outcome": "accepted"}, event_key=key).status_code == 201


def test_files_of_another_event_another_system_or_another_case_are_not_here(case: Case, key: uuid.UUID) -> None:
    other = build.case(case.application.version, at=timezone.now())
    put(case, uuid.uuid4(), "a")
    put(case, key, "b", key=callers.key(callers.system("Another")))
    put(other, key, "c")

    answer = post(case, "write", {"text": "See.", "attachments": [listed(n) for n in "abc"]}, event_key=key)

    assert answer.json()["missing"] == ["a", "b", "c"]


def test_file_that_came_for_the_event_and_is_not_listed_goes(
    case: Case, key: uuid.UUID, django_capture_on_commit_callbacks: Any
) -> None:
    put(case, key, "a")
    put(case, key, "b")

    with django_capture_on_commit_callbacks(execute=True):
        post(case, "write", {"text": "See.", "attachments": [listed("a")]}, event_key=key)

    assert not WaitingFile.objects.exists()
    assert len(on_disk()) == 1


DIFFERENT: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"name": "other.pdf"}, "name"),
    "type": ({"type": "image/png"}, "type"),
    "size": ({"size": 7}, "size"),
    "sha256": ({"sha256": "0" * 64}, "sha256"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_event_lists_what_has_come(case: Case, key: uuid.UUID, name: str) -> None:
    change, place = DIFFERENT[name]
    put(case, key)

    answer = post(case, "write", {"text": "See.", "attachments": [listed() | change]}, event_key=key)

    assert callers.problem(answer) == "invalid"
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/data/attachments/0/{place}"]
    assert case.events.count() == 2


def test_file_is_listed_once(case: Case, key: uuid.UUID) -> None:
    put(case, key)

    answer = post(case, "write", {"text": "See.", "attachments": [listed(), listed()]}, event_key=key)

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/data/attachments"]


@pytest.mark.parametrize("name", ["Beslut", "mapp/beslut.pdf", "b" * 240 + ".pdf", "beslut.PDF", "..", "a/", "x.\x01"])
def test_name_may_be_any(case: Case, key: uuid.UUID, name: str) -> None:
    assert put(case, key, name=name).status_code == 201

    answer = post(case, "write", {"text": "See.", "attachments": [listed(name=name)]}, event_key=key)

    assert answer.status_code == 201, answer.json()
    assert Document.objects.get().name.lower().endswith(".pdf")


# --- once ----------------------------------------------------------------------------------------------------------------


def test_same_file_once_more_gives_the_answer_it_got(case: Case, key: uuid.UUID) -> None:
    first, again = put(case, key), put(case, key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"duplicate": True}
    assert len(on_disk()) == 1
    post(case, "write", {"text": "See.", "attachments": [listed()]}, event_key=key)
    assert put(case, key).status_code == 200
    assert not WaitingFile.objects.exists()


@pytest.mark.parametrize("change", [{"content": OTHER}, {"name": "other.pdf"}], ids=["bytes", "name"])
def test_other_file_under_the_same_key_is_refused(case: Case, key: uuid.UUID, change: dict[str, Any]) -> None:
    put(case, key)

    answer = put(case, key, **change)

    assert (answer.status_code, callers.problem(answer)) == (409, "key-reuse")
    assert len(on_disk()) == 1


def test_file_under_the_same_key_by_another_system_is_refused(case: Case, key: uuid.UUID) -> None:
    put(case, key)

    answer = put(case, key, key=callers.key(callers.system("Another")))

    assert callers.problem(answer) == "key-reuse"
    assert len(on_disk()) == 1


def test_file_for_an_event_that_has_been_received_is_refused(case: Case, key: uuid.UUID) -> None:
    post(case, "write", {"text": "See."}, event_key=key)

    assert callers.problem(put(case, key)) == "key-reuse"
    assert on_disk() == []


# --- what is refused -----------------------------------------------------------------------------------------------------

HEADERS: dict[str, tuple[dict[str, str | None], str]] = {
    "no-key": ({"Idempotency-Key": None}, "malformed"),
    "key-of-another": ({"Idempotency-Key": f"{uuid.UUID(int=7)}:another"}, "malformed"),
    "key-no-uuid": ({"Idempotency-Key": "1:decision"}, "malformed"),
    "no-digest": ({"Digest": None}, "malformed"),
    "digest-of-another-sort": ({"Digest": "md5=1B2M2Y8AsgTpgAmY7PhCfg=="}, "malformed"),
    "digest-no-base64": ({"Digest": "sha-256=å"}, "malformed"),
    "digest-too-short": ({"Digest": "sha-256=AAAA"}, "malformed"),
    "other-digest": ({"Digest": f"sha-256={'A' * 43}="}, "digest-mismatch"),
    "no-name": ({"Content-Disposition": None}, "malformed"),
    "empty-name": ({"Content-Disposition": 'attachment; filename=""'}, "malformed"),
    "name-of-other-letters": ({"Content-Disposition": "attachment; filename*=KLINGON''x.pdf"}, "malformed"),
    "name-too-long": ({"Content-Disposition": f"attachment; filename={'x' * 300}"}, "malformed"),
    "name-not-written-out": ({"Content-Disposition": "attachment; filename=å.pdf"}, "malformed"),
    "other-type": ({"Content-Type": "image/png"}, "media-type"),
    "length-no-number": ({"Content-Length": "much"}, "malformed"),
    "length-too-large": ({"Content-Length": "9" * 30}, "too-large"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_say_what_is_needed(case: Case, name: str) -> None:
    change, problem = HEADERS[name]

    answer = put(case, uuid.UUID(int=7), headers=change)

    assert callers.problem(answer) == problem
    assert on_disk() == []
    assert not KeptAnswer.objects.exists()


def test_type_need_not_be_said(case: Case, key: uuid.UUID) -> None:
    assert put(case, key, headers={"Content-Type": "application/octet-stream"}).status_code == 201


CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "invalid"),
    "no-kind-of-ours": (b"MZ" + bytes(300), "invalid"),
    "damaged": (DECISION[: len(DECISION) // 2], "invalid"),
    "too-large": (b"%PDF-1.7 " + bytes(10_000_001), "too-large"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_that_an_official_could_not_upload_is_refused(case: Case, key: uuid.UUID, name: str) -> None:
    content, problem = CONTENTS[name]

    answer = put(case, key, content=content, headers={"Content-Type": "application/octet-stream"})

    assert callers.problem(answer) == problem
    assert on_disk() == []


@pytest.mark.parametrize("named", ["-a", "a b", "å", "x" * 101, "a%00b"])
def test_id_of_other_signs_is_refused(case: Case, key: uuid.UUID, named: str) -> None:
    assert callers.problem(put(case, key, named, headers={"Idempotency-Key": f"{key}:x"})) == "malformed"


def test_as_many_files_come_with_an_event_as_with_an_officials(case: Case, key: uuid.UUID) -> None:
    for n in range(5):
        assert put(case, key, f"file{n}").status_code == 201

    answer = put(case, key, "file5")

    assert (callers.problem(answer), len(on_disk())) == ("too-large", 5)


def test_files_that_wait_are_bounded(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.interface.waitingfiles.MOST_TO_A_CASE", 2)
    put(case, uuid.uuid4())
    put(case, uuid.uuid4())

    assert callers.problem(put(case, uuid.uuid4())) == "too-large"


def test_nobody_sends_files_to_the_case_of_another(case: Case, key: uuid.UUID) -> None:
    stranger = callers.key(callers.system("Elsewhere", of=build.authority("other-town")))
    reader = callers.key(callers.system("Reader", scopes=["read"]))

    assert callers.problem(put(case, key, key=stranger)) == "unknown-part"
    assert callers.problem(put(case, key, key=reader)) == "forbidden"
    assert on_disk() == []


# --- malware -------------------------------------------------------------------------------------------------------------


def test_file_with_malware_is_refused(case: Case, key: uuid.UUID, settings: Settings, tmp_path: Path) -> None:
    docx = archive("[Content_Types].xml", "word/document.xml", holding={"word/media.png": HARMLESS_TEST})
    with clamd(tmp_path) as address:
        settings.SCANNER = address
        clean = put(case, uuid.uuid4())
        answer = put(case, key, content=docx, headers={"Content-Type": "application/octet-stream"})

    assert clean.status_code == 201
    assert callers.problem(answer) == "invalid"
    assert WaitingFile.objects.get().scan == "clean"
    assert len(on_disk()) == 1


def test_file_is_sent_again_when_it_could_not_be_scanned(case: Case, key: uuid.UUID, settings: Settings) -> None:
    settings.SCANNER = NOBODY

    answer = put(case, key)

    assert (answer.status_code, callers.problem(answer)) == (503, "not-now")
    assert answer.headers["Retry-After"] == "60"
    assert on_disk() == []
    settings.SCANNER = "none"
    assert put(case, key).status_code == 201


# --- for how long --------------------------------------------------------------------------------------------------------


def age(days: float) -> None:
    """Let the files have waited so long."""
    WaitingFile.objects.update(received_at=timezone.now() - timedelta(days=days))


def test_duties_remove_a_file_whose_event_does_not_come(case: Case, key: uuid.UUID) -> None:
    put(case, key)
    age(6.9)
    call_command("duties")
    assert WaitingFile.objects.exists()

    age(7.1)
    call_command("duties")

    assert not WaitingFile.objects.exists()
    assert on_disk() == []
    assert put(case, key).status_code == 201


def test_file_whose_content_cannot_be_removed_holds_up_no_other(case: Case, key: uuid.UUID) -> None:
    put(case, key, "first")
    (stuck,) = on_disk()
    put(case, key, "second")
    stuck.unlink()
    (stuck / "in the way").mkdir(parents=True)
    age(7.1)

    assert waitingfiles.forget_old(timezone.now()) == 1

    assert WaitingFile.objects.get().named == "first"
    assert on_disk() == []


def test_duties_leave_a_document_alone(case: Case, key: uuid.UUID) -> None:
    put(case, key)
    post(case, "write", {"text": "See.", "attachments": [listed()]}, event_key=key)

    call_command("duties")

    assert content_of(Document.objects.get()) == DECISION


def test_event_that_comes_before_its_file_was_answered_keeps_the_file(
    case: Case, key: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = waitingfiles._kept

    def kept_and_taken(*facts: Any) -> Any:
        answer = kept(*facts)
        post(case, "write", {"text": "See.", "attachments": [listed()]}, event_key=key)
        return answer

    monkeypatch.setattr(waitingfiles, "_kept", kept_and_taken)

    assert put(case, key).status_code == 201

    assert content_of(Document.objects.get()) == DECISION


def test_file_that_has_waited_too_long_is_missing(case: Case, key: uuid.UUID) -> None:
    put(case, key)
    age(7.1)

    answer = post(case, "write", {"text": "See.", "attachments": [listed()]}, event_key=key)

    assert callers.problem(answer) == "attachments-missing"


def test_nothing_is_left_of_a_test_that_is_deleted(key: uuid.UUID, django_capture_on_commit_callbacks: Any) -> None:
    draft = build.trying()
    case = build.intake.send(draft)
    sandbox = callers.key(callers.system("Sandbox", is_test=True))
    assert put(case, key, key=sandbox).status_code == 201

    with django_capture_on_commit_callbacks(execute=True):
        testcases.delete_tests(rehearsing.open_rehearsal(draft.version, by=None))

    assert not WaitingFile.objects.exists()
    assert on_disk() == []


# --- in the same moment ----------------------------------------------------------------------------------------------------


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What calls give that begin in the same moment, each in a thread of its own."""

    def do(one: Callable[[], Any]) -> Any:
        try:
            return one()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(do, calls))


@pytest.mark.both
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
@pytest.mark.django_db(transaction=True)
def test_same_file_at_once_is_kept_once() -> None:
    case, event_key, key = build.case(at=timezone.now()), uuid.uuid4(), callers.key()

    answers = at_once(*[lambda: put(case, event_key, key=key)] * 4)

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len(on_disk()) == 1


@pytest.mark.both
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
@pytest.mark.django_db(transaction=True)
def test_same_event_at_once_takes_its_file_once() -> None:
    case, event_key, key = build.case(at=timezone.now()), uuid.uuid4(), callers.key()
    put(case, event_key, key=key)
    document = body(case, "write", {"text": "See.", "attachments": [listed()]}, key=event_key)

    answers = at_once(*[lambda: posted(case, document, key=key)] * 4)

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert content_of(Document.objects.get()) == DECISION
