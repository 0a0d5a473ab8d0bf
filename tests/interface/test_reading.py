"""What systems read: the same documents that receivers are sent, of their own cases and no other."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries

from apps.applications.models import Attachment, StoredFile
from apps.cases import envelope
from apps.cases.models import Case
from apps.interface.files import Given, Part
from apps.people.models import LogLine
from apps.sync.reference.documents import data_digest
from apps.sync.reference.rules import check_case_data, check_event
from tests import build
from tests.build import NOW
from tests.interface import callers
from tests.interface.callers import content, get, part, problem
from tests.sync import folders

pytestmark = pytest.mark.django_db
CODE = "131052-308T"  # the example of its kind, which is nobody's


def last_told(case: Case) -> Any:
    return case.events.for_everybody().last()


def noted(case: Case, text: str = "Till oss själva") -> Case:
    """The case with a line that only the desk sees."""
    case.take_step("note", by=build.official(), at=NOW + timedelta(minutes=7), text=text)
    return case


def log_of(case: Case) -> list[tuple[str, str]]:
    return list(LogLine.objects.filter(about=case.number).order_by("pk").values_list("act", "detail"))


# --- case data ---------------------------------------------------------------------------------------------------------


def test_case_data_are_what_receivers_are_sent_byte_for_byte() -> None:
    case = folders.supplemented(folders.with_file())

    answer = get(part(case), callers.key())

    assert answer.status_code == 200
    assert answer.content == envelope.as_bytes(envelope.case_data(last_told(Case.objects.get(pk=case.pk))))
    check_case_data(answer.json(), str(case.external_id))


def test_case_data_have_identity_codes_in_full_and_say_who_is_protected() -> None:
    asked = build.version(build.page("who", build.field("personal_identity_code", "code")))
    hidden = build.customer("Hidden")
    hidden.protected = True
    hidden.save()
    case = build.case(asked, by=hidden, answers={"code": CODE})

    answer = get(part(case), callers.key()).json()

    assert answer["commondata"]["customer"] == {"name": "Hidden Customer", "protected": True}
    assert answer["formdata"]["papers"][0]["pages"][0]["fields"][0]["value"] == CODE


@pytest.mark.parametrize("half", ["commondata", "formdata"])
def test_half_of_the_case_data_is_that_half(half: str) -> None:
    case = folders.with_file()

    answer = get(part(case, half), callers.key())

    assert answer.json() == envelope.case_data(last_told(case))[half]


def test_answer_is_json_that_nobody_keeps() -> None:
    answer = get(part(build.case()), callers.key())

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.cookies == {}


@pytest.mark.parametrize("way", ["upper", "lower"])
def test_external_id_is_the_same_in_upper_and_lower_case(way: str) -> None:
    case = build.case()
    known = getattr(str(case.external_id), way)()

    assert get(part(known), callers.key()).json()["externalId"] == str(case.external_id)


def test_case_that_was_transferred_is_read_by_the_authority_that_has_it() -> None:
    case = build.case()
    theirs = callers.key(callers.system("Theirs", of=build.authority("other-town")))
    Case.objects.filter(pk=case.pk).update(service=build.version(key="theirs", authority="other-town").service)

    assert get(part(case), theirs).json()["authority"]["key"] == "other-town"
    assert problem(get(part(case), callers.key())) == "unknown-part"


def test_case_whose_content_was_deleted_is_as_unknown_as_one_that_never_was() -> None:
    case = build.case()
    Case.objects.filter(pk=case.pk).update(forgotten_at=NOW)

    gone, never = (get(part(known), callers.key()) for known in (case, "00000000-0000-4000-8000-000000000000"))

    assert gone.status_code == never.status_code == 400
    assert gone.content == never.content


@pytest.mark.parametrize(
    "known",
    [
        "x",
        "0b5f3c0e6f0e4d0c9a431c1f7c2f6f01",
        "urn:0b5f3c0e6f0e4d0c9a431c1f7c2f6f01",
        "{0b5f3c0e-6f0e-4d0c-9a43-1c1f7c2f6f0}",
    ],
)
def test_what_is_no_uuid_is_said_to_be_none(known: str) -> None:
    assert problem(get(part(known), callers.key())) == "malformed"


def test_head_says_how_long_the_answer_is_and_gives_none_of_it() -> None:
    case, key = build.case(), callers.key()
    whole = get(part(case), key)

    head = callers.call(None, "HEAD", part(case), key=key)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.content))


def test_case_data_take_a_fixed_number_of_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case, key = folders.supplemented(folders.with_file()), callers.key()
    get(part(case), key)  # the first use of a key is noted, and the definition read

    with django_assert_num_queries(3):  # the key, the papers with their case, the log
        assert get(part(case), key).status_code == 200


# --- events ------------------------------------------------------------------------------------------------------------


def test_events_are_numbered_among_those_that_everybody_is_told_of() -> None:
    case = noted(folders.handled(folders.with_file()))
    case.take_step("write", by=build.official(), at=NOW + timedelta(minutes=9), text="Hej")

    answer = get(part(case, "events"), callers.key()).json()

    told = list(case.events.for_everybody())
    assert answer == {"items": [envelope.event(event, n) for n, event in enumerate(told, start=1)], "next": None}
    assert [item["number"] for item in answer["items"]] == [1, 2, 3]
    for item in answer["items"]:
        check_event(item, str(case.external_id))


def test_events_are_turned_page_by_page() -> None:
    case, key = folders.supplemented(folders.with_file()), callers.key()
    case.take_step("resume", by=build.official(), at=NOW + timedelta(hours=1))
    seen, after, pages = [], 0, 0

    while after is not None:
        page = get(part(case, "events"), key, after=after, limit=2).json()
        seen += [item["number"] for item in page["items"]]
        after, pages = page["next"], pages + 1

    assert seen == [1, 2, 3, 4, 5]
    assert pages == 3


def test_events_after_the_last_are_none() -> None:
    assert get(part(build.case(), "events"), callers.key(), after=7).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        {"after": "-1"},
        {"after": "x"},
        {"after": ""},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "1e2"},
        {"limit": ["1", "1"]},
    ],
    ids=str,
)
def test_parameter_that_cannot_be_read_is_refused(query: dict[str, Any]) -> None:
    assert problem(get(part(build.case(), "events"), callers.key(), **query)) == "malformed"


def test_parameter_that_the_contract_does_not_name_is_let_be() -> None:
    assert get(part(build.case(), "events"), callers.key(), colour=["red", "blue"]).status_code == 200


def test_events_take_a_fixed_number_of_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case, key = folders.supplemented(folders.with_file()), callers.key()
    get(part(case, "events"), key)

    with django_assert_num_queries(4):  # the key, the case, the events, the log
        assert len(get(part(case, "events"), key).json()["items"]) == 4


def test_event_that_was_received_is_told_with_its_number() -> None:
    case = noted(folders.handled(folders.with_file()))
    event = case.take_step("write", by=build.official(), at=NOW + timedelta(minutes=9), text="Hej")

    answer = get(part(case, f"events/{str(event.key).upper()}"), callers.key())

    assert answer.json() == {"key": str(event.key), "number": 3, "receivedAt": envelope.moment(event.at)}


def test_one_event_takes_a_fixed_number_of_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case, key = folders.supplemented(folders.with_file()), callers.key()
    address = part(case, f"events/{case.events.get(kind='supplement').key}")
    get(address, key)

    with django_assert_num_queries(4):  # the key, the case, its events, the log
        assert get(address, key).json()["number"] == 4


def test_event_that_nobody_is_told_of_is_unknown() -> None:
    case = noted(folders.handled(folders.with_file()))
    own = case.events.get(kind="note")

    assert problem(get(part(case, f"events/{own.key}"), callers.key())) == "unknown-event"


def test_event_of_another_case_is_unknown() -> None:
    one, other = build.case(), build.case()

    answer = get(part(one, f"events/{other.events.get().key}"), callers.key())

    assert (answer.status_code, problem(answer)) == (404, "unknown-event")


# --- attachments -------------------------------------------------------------------------------------------------------


def attached(case: Case) -> Attachment:
    return Attachment.objects.get(application=case.application)


def test_attachment_comes_as_it_is_with_its_digest() -> None:
    case = folders.with_file()
    listed = envelope.case_data(last_told(case))["attachments"][0]

    answer = get(part(case, f"attachments/{listed['id']}"), callers.key())

    assert content(answer) == folders.PDF
    assert answer.headers["Content-Type"] == listed["type"]
    assert answer.headers["Content-Length"] == str(listed["size"])
    assert answer.headers["Digest"] == "sha-256=" + base64.b64encode(hashlib.sha256(folders.PDF).digest()).decode()
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''plan%201")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["ETag"] == f'"{listed["sha256"]}"'


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=768000-", 768_000, None),
        ("bytes=-7", -7, None),
        ("bytes=5-999999999", 5, None),
        ("bytes=-999999999", 0, None),
    ],
)
def test_one_range_is_that_part_of_the_file(asked: str, start: int, end: int | None) -> None:
    case = folders.with_file()

    answer = get(part(case, f"attachments/{attached(case).pk}"), callers.key(), headers={"Range": asked})

    wanted, whole = folders.PDF[start:end], len(folders.PDF)
    assert answer.status_code == 206
    assert content(answer) == wanted
    begins = start % whole
    assert answer.headers["Content-Range"] == f"bytes {begins}-{begins + len(wanted) - 1}/{whole}"
    assert answer.headers["Content-Length"] == str(len(wanted))


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=5-1", "bytes=-", "bytes", "lines=1-2", "bytes=a-b", ""])
def test_range_that_nobody_has_to_understand_is_the_whole_file(asked: str) -> None:
    case = folders.with_file()

    answer = get(part(case, f"attachments/{attached(case).pk}"), callers.key(), headers={"Range": asked})

    assert (answer.status_code, content(answer)) == (200, folders.PDF)
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=999999999-", "bytes=-0", "bytes=999999999999999999-999999999999999999"])
def test_range_that_the_file_does_not_have_is_refused_with_its_size(asked: str) -> None:
    case = folders.with_file()

    answer = get(part(case, f"attachments/{attached(case).pk}"), callers.key(), headers={"Range": asked})

    assert (answer.status_code, problem(answer)) == (416, "range")
    assert answer.headers["Content-Range"] == f"bytes */{len(folders.PDF)}"


def test_range_of_another_file_than_the_caller_has_begun_is_the_whole_file() -> None:
    case = folders.with_file()
    headers = {"Range": "bytes=0-9", "If-Range": '"another"'}

    answer = get(part(case, f"attachments/{attached(case).pk}"), callers.key(), headers=headers)

    assert (answer.status_code, content(answer)) == (200, folders.PDF)


@pytest.mark.parametrize("known", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_attachment_that_the_caller_has_is_not_sent_again(known: str) -> None:
    case = folders.with_file()
    headers = {"If-None-Match": known.format(attached(case).sha256)}

    answer = get(part(case, f"attachments/{attached(case).pk}"), callers.key(), headers=headers)

    assert (answer.status_code, answer.content) == (304, b"")


def test_head_of_an_attachment_opens_no_file() -> None:
    case = folders.with_file()
    row = attached(case)
    row.content.delete(save=False)

    answer = callers.call(None, "HEAD", part(case, f"attachments/{row.pk}"), key=callers.key())

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(folders.PDF))
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("read", [0, 1, 3])
def test_file_is_closed_when_the_answer_is_however_much_of_it_was_read(read: int) -> None:
    file = io.BytesIO(bytes(200_000))
    answer = Given(Part(file, 10, 150_000))
    pieces = iter(answer)
    for _n in range(read):
        next(pieces)

    answer.close()

    assert file.closed


def test_document_of_an_event_that_everybody_is_told_of_is_read() -> None:
    case = folders.handled(folders.with_file())
    case.take_step("write", by=build.official(), at=NOW, text="Hej", files=[folders.document()])
    listed = get(part(case, "events"), callers.key()).json()["items"][-1]["data"]["attachments"][0]

    answer = get(part(case, f"attachments/{listed['id']}"), callers.key())

    assert hashlib.sha256(content(answer)).hexdigest() == listed["sha256"]


def test_document_of_an_event_that_only_authorities_are_told_of_is_unknown() -> None:
    case = folders.handled(folders.with_file())
    note = case.take_step("note", by=build.official(), at=NOW, text="Till oss")
    document = folders.document()
    document.event = note
    document.save(force_insert=True)

    assert problem(get(part(case, f"attachments/{document.pk}"), callers.key())) == "unknown-attachment"


def test_attachment_of_an_answer_that_does_not_count_is_unknown() -> None:
    case = folders.with_file()
    loose = folders.attach(build.application(folders.form(), answers=folders.answers()), b"%PDF-1.7 loose", n=2)
    Attachment.objects.filter(pk=loose.pk).update(application=case.application)

    assert problem(get(part(case, f"attachments/{loose.pk}"), callers.key())) == "unknown-attachment"


@pytest.mark.parametrize("scan", [StoredFile.Scan.WAITING, StoredFile.Scan.FOUND])
def test_attachment_that_may_not_be_read_is_not_given_out_and_it_is_said_why(scan: StoredFile.Scan) -> None:
    case = folders.with_file()
    Attachment.objects.filter(application=case.application).update(scan=scan)

    answer = get(part(case, f"attachments/{attached(case).pk}"), callers.key())

    assert problem(answer) == "unknown-attachment"
    assert ("waits" in answer.json()["detail"]) == (scan == StoredFile.Scan.WAITING)


def test_attachment_of_another_case_is_unknown() -> None:
    case, other = folders.with_file(), build.case()

    assert problem(get(part(other, f"attachments/{attached(case).pk}"), callers.key())) == "unknown-attachment"


@pytest.mark.parametrize("known", ["plan", "%00", "..", "0aaaaaaa-0000-4000-8000-000000000009"])
def test_attachment_that_is_not_there_is_unknown(known: str) -> None:
    assert problem(get(part(folders.with_file(), f"attachments/{known}"), callers.key())) == "unknown-attachment"


def test_attachment_that_is_lost_is_our_trouble() -> None:
    case = folders.with_file()
    row = attached(case)
    row.content.delete(save=False)

    answer = get(part(case, f"attachments/{row.pk}"), callers.key())

    assert (answer.status_code, problem(answer)) == (500, "failed")


# --- the log -----------------------------------------------------------------------------------------------------------


def test_each_call_is_one_line_in_the_log_of_the_system() -> None:
    case, key = folders.with_file(), callers.key()
    file, event = attached(case).pk, case.events.get().key

    for rest in ("", "commondata", "formdata", "events", f"events/{event}", f"attachments/{file}"):
        content(get(part(case, rest), key))

    assert log_of(case) == [
        ("saw", "data"),
        ("saw", "commondata"),
        ("saw", "formdata"),
        ("saw", "events after 0"),
        ("saw", f"event {event}"),
        ("downloaded", f"file {file}"),
    ]
    line = LogLine.objects.filter(about=case.number).first()
    assert line is not None
    assert (line.user_name, line.user, line.authority, line.where) == ("Register", None, build.authority(), "127.0.0.1")


def test_nothing_is_shown_that_the_log_does_not_know_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: Any, **_more: Any) -> None:
        raise OperationalError("disk full")

    case, key = folders.with_file(), callers.key()
    monkeypatch.setattr(LogLine, "save", fails)

    answer = get(part(case, f"attachments/{attached(case).pk}"), key)

    assert (answer.status_code, problem(answer)) == (503, "not-now")


def test_documents_hold_what_they_say() -> None:
    answer = get(part(folders.with_file()), callers.key())

    assert data_digest(json.loads(answer.content)) == answer.json()["digest"]
