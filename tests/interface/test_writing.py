"""What systems post: the same steps as an official's, with the same line, letters and envelope; and what is refused changes nothing."""

from __future__ import annotations

import io
import json
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone, translation

from apps.cases import diary, envelope, intake, personaldata
from apps.cases.models import Case, SupplementRequest
from apps.cases.rulebook import OUTCOMES, TABLE, Party
from apps.interface import judging, posting
from apps.interface.models import KeptAnswer
from apps.people.models import LogLine, System
from apps.services.texts import HELSINKI
from apps.sync import relay
from apps.sync.models import MAIL, Delivery, Receiver
from tests import build
from tests.interface import callers
from tests.interface.posted import body, post, posted

pytestmark = pytest.mark.django_db

MONDAY, SATURDAY = "2027-12-13", "2027-12-11"  # both are ahead when the cases of the tests are handled now


def today() -> Any:
    return timezone.localdate(timezone=HELSINKI)


@pytest.fixture
def case() -> Case:
    """A case that arrived now, of a service with two questions."""
    version = build.version(build.page("first", build.field("text", "title"), build.field("text", "place")))
    build.authority().__class__.objects.update(email="role@town.example")
    customer = build.customer()
    customer.email = "customer@example.org"
    customer.save()
    return build.case(version, at=timezone.now(), answers={"title": "One", "place": "Two"}, by=customer)


def brought_to(case: Case, status: str) -> Case:
    """The case, brought to a status by an official."""
    official, at = build.official(), timezone.now()
    ways: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "received": [],
        "in_handling": [("take_up", {})],
        "supplement_requested": [
            ("take_up", {}),
            ("request_supplement", {"text": "Add.", "due": at.date() + timedelta(days=9), "fields": []}),
        ],
        "closed": [("take_up", {}), ("close", {"outcome": "accepted", "text": "Fine."})],
        "not_examined": [("take_up", {}), ("leave_unexamined", {"text": "Too little."})],
        "transferred": [("transfer", {"to": "Police", "text": "Theirs."})],
    }
    for name, facts in ways[status]:
        case.take_step(name, by=official, at=at, **facts)
    return case


# Of each kind: the status it is posted in, its data, and the facts with which an official takes the same step.
TEXT = "Rader åäö\nsv\tfi 😀"
GOOD: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "take_up": ("received", {"handler": " Anna  Handler "}, {"handler": "Anna  Handler"}),
    "assign": ("in_handling", {"handler": "Anna"}, {"handler": "Anna"}),
    "request_supplement": (
        "in_handling",
        {"text": TEXT, "due": MONDAY, "fields": ["place"], "texts": {"place": "Where?"}},
        {"text": TEXT, "due": MONDAY, "fields": ["place"], "texts": {"place": "Where?"}},
    ),
    "resume": ("supplement_requested", {}, {}),
    "complete": ("in_handling", {}, {}),
    "write": ("in_handling", {"text": f"{TEXT}\r\n"}, {"text": TEXT}),
    "register": ("received", {"registerNumber": "A 12/2027"}, {"register_number": "A 12/2027"}),
    "close": (
        "in_handling",
        {"outcome": "conditions", "text": TEXT, "appeal": "Within 30 days."},
        {"outcome": "conditions", "text": TEXT, "appeal": "Within 30 days."},
    ),
    "leave_unexamined": ("in_handling", {"text": TEXT, "appeal": " "}, {"text": TEXT}),
    "transfer": ("received", {"to": "Police", "text": TEXT}, {"to": "Police", "text": TEXT}),
    "reopen": ("closed", {"text": TEXT}, {"text": TEXT}),
}


def twin(case: Case) -> Case:
    """Another case like it, of the same service and customer."""
    answers = dict(case.application.answers)
    return build.case(case.application.version, at=case.arrived_at, answers=answers, by=case.application.customer)


# --- as an official ------------------------------------------------------------------------------------------------------


def test_every_kind_of_the_schema_can_be_posted_and_is_tried_here() -> None:
    handlers = {step.name for step in TABLE if step.by is Party.HANDLER and step.name in posting.KINDS}

    assert set(judging.kinds()) == {*posting.KINDS, posting.ARRIVES} == {*GOOD, posting.ARRIVES}
    assert handlers == set(posting.KINDS)


@pytest.mark.parametrize("kind", GOOD)
def test_posted_event_is_the_step_of_an_official(case: Case, kind: str) -> None:
    status, data, facts = GOOD[kind]
    other = brought_to(twin(case), status)
    if kind in ("take_up", "assign"):
        other.take_step(kind, by=callers.system("Twin"), **facts)
    else:
        as_facts = facts | ({"due": date.fromisoformat(facts["due"])} if "due" in facts else {})
        other.take_step(kind, by=build.official(), **as_facts)
    key = callers.key()

    answer = post(brought_to(case, status), kind, data, key=key)

    assert answer.status_code == 201
    case.refresh_from_db()
    line, like = case.events.last(), other.events.last()
    assert line is not None
    assert like is not None
    assert (line.kind, line.status, line.data) == (kind, like.status, like.data)
    assert str(line.key) == answer.json()["key"]
    assert (line.by_system, line.by_official, line.by_name) == (callers.system(), None, "Register")
    for name in ("status", "outcome", "outcome_text", "register_number", "due_on", "handler_name"):
        assert getattr(case, name) == getattr(other, name), name
    assert envelope.event(line, 1)["data"] == envelope.event(like, 1)["data"]


@pytest.mark.parametrize("kind", GOOD)
def test_letters_follow_as_after_an_official(case: Case, kind: str, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://localhost"
    status, data, facts = GOOD[kind]
    other, case = brought_to(twin(case), status), brought_to(case, status)
    receiver = Receiver.objects.get_or_create(key="mail", defaults={"kind": MAIL, "name": "Mail"})[0]
    Receiver.objects.update(active=True)
    if kind in ("take_up", "assign"):
        facts = {}
    if kind != "assign":
        as_facts = facts | ({"due": date.fromisoformat(facts["due"])} if "due" in facts else {})
        other.take_step(kind, by=build.official(), **as_facts)

    assert post(case, kind, data).status_code == 201
    relay.collect()

    told = {
        one.pk: sorted(
            Delivery.objects.filter(receiver=receiver, case=one, event__kind=kind).values_list("party", "address")
        )
        for one in (case, other)
    }
    assert told[case.pk] == told[other.pk]


def test_answer_says_what_was_received(case: Case) -> None:
    key = uuid.uuid4()

    answer = post(case, "take_up", event_key=key)

    assert answer.json() == {
        "status": "accepted",
        "key": str(key),
        "externalId": str(case.external_id),
        "number": 2,
        "duplicate": False,
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_log_says_what_a_system_has_changed(case: Case) -> None:
    post(case, "take_up")

    line = LogLine.objects.latest("pk")
    assert (line.act, line.about, line.detail, line.user_name) == ("changed", case.number, "take_up", "Register")
    assert line.authority == build.authority()


def test_nobody_handles_what_a_system_has_taken_up_without_a_name(case: Case) -> None:
    post(case, "take_up")

    case.refresh_from_db()
    assert (case.handled_by, case.status) == ("", "in_handling")


def test_day_when_handling_began_may_be_an_earlier_one(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(arrived_at=timezone.now() - timedelta(days=9))
    day = (today() - timedelta(days=3)).isoformat()

    post(case, "take_up", {"since": day})

    case.refresh_from_db()
    assert case.handling_since is not None
    assert case.handling_since.astimezone(HELSINKI).date().isoformat() == day


def test_last_day_when_offices_are_closed_is_moved_and_told(case: Case) -> None:
    answer = post(brought_to(case, "in_handling"), "request_supplement", {"text": "Add.", "due": SATURDAY})

    assert answer.json()["due"] == MONDAY
    assert SupplementRequest.objects.get().due.isoformat() == MONDAY


def test_customer_answers_what_a_system_has_asked_for(case: Case) -> None:
    asked = {"text": "Add.", "due": MONDAY, "fields": ["place"]}
    post(brought_to(case, "in_handling"), "request_supplement", asked)
    case.refresh_from_db()
    draft = intake.begin_supplement(case, case.application.customer)
    draft.answers |= {"place": "Three", "supplement_text": "Here."}
    draft.save()
    intake.send(draft)

    assert post(case, "close", {"outcome": "accepted", "text": "Fine."}).status_code == 201
    case.refresh_from_db()
    assert case.status == "closed"


def test_fields_that_nobody_knows_are_let_be(case: Case) -> None:
    document = body(case, "take_up", {"colour": ["red"], "handler": "Anna"}) | {"weather": {"tomorrow": None}}

    assert posted(case, document).status_code == 201


def test_uuids_are_read_in_upper_case_too(case: Case) -> None:
    document = body(case, "take_up")
    document |= {"key": document["key"].upper(), "externalId": document["externalId"].upper()}

    answer = posted(case, document)

    assert answer.status_code == 201
    assert answer.json()["key"] == document["key"].lower()


def test_conditional_services_case_begins_when_it_has_arrived_there() -> None:
    from apps.applications import drafting  # noqa: PLC0415

    version = redirected_version()
    note = drafting.await_elsewhere(version, build.customer(), "sv", uuid.uuid4())
    arrived = timezone.now().isoformat()

    answer = post(note.external_id, "received", {"arrivedAt": arrived, "registerNumber": "X 1"}, number=1)

    assert answer.status_code == 201, answer.json()
    assert answer.json()["number"] == 1
    case = Case.objects.get()
    assert case.external_id == note.external_id
    assert (case.status, case.register_number, case.way) == ("received", "X 1", "other_service")
    assert str(case.events.get().key) == answer.json()["key"]
    assert post(case, "take_up", number=2).status_code == 201
    again = post(case, "received")
    assert (callers.problem(again), again.json()["caseStatus"]) == ("not-allowed", "in_handling")


def test_a_clock_that_is_a_little_ahead_stops_nothing() -> None:
    from apps.applications import drafting  # noqa: PLC0415

    note = drafting.await_elsewhere(redirected_version(), build.customer(), "sv", uuid.uuid4())
    ahead = timezone.now() + timedelta(seconds=30)

    answer = post(note.external_id, "received", {"arrivedAt": ahead.isoformat()})

    assert answer.status_code == 201, answer.json()
    assert Case.objects.get().arrived_at < ahead


def test_what_is_not_awaited_does_not_begin() -> None:
    build.version()

    assert callers.problem(post(uuid.uuid4(), "received")) == "unknown-part"
    assert not Case.objects.exists()


@pytest.mark.parametrize("data", [{"arrivedAt": "2999-01-01T00:00:00Z"}, {"arrivedAt": "2027-13-01T00:00:00Z"}])
def test_what_arrives_there_does_so_at_a_time_that_has_been(data: dict[str, Any]) -> None:
    from apps.applications import drafting  # noqa: PLC0415

    note = drafting.await_elsewhere(redirected_version(), build.customer(), "sv", uuid.uuid4())

    answer = post(note.external_id, "received", data)

    assert callers.problem(answer) == "invalid"
    assert pointers(answer) == ["/data/arrivedAt"]


def redirected_version() -> Any:
    """A service whose customers do their business in the authority's own."""
    return build.version(connection="conditional", own_service={"sv": "https://own.example/"})


# --- who has done it -----------------------------------------------------------------------------------------------------


def test_desk_shows_that_a_connected_system_did_it(case: Case) -> None:
    post(brought_to(case, "in_handling"), "write", {"text": "Hello."})

    found = diary.diary_of(case)
    assert found.lines[-1].by == "Register (connected system)" or "Register" in found.lines[-1].by
    assert "Register" in found.threads[0].messages[-1].by
    page = build.signed_in(build.official()).get(f"/admin/cases/case/{case.pk}/change/")
    assert "Register" in page.content.decode()


@pytest.mark.parametrize("page", ["case", "case_print"])
def test_customer_is_told_of_the_authority_and_not_of_its_system(case: Case, page: str) -> None:
    case.take_step("take_up", by=build.official())
    post(case, "write", {"text": "Hello."})

    browser = build.signed_in(case.application.customer, headers={"Accept-Language": "sv"})
    with translation.override("sv"):
        shown = browser.get(reverse(f"portal:{page}", args=[case.number]))

    assert "example-town sv" in shown.content.decode()
    assert "Register" not in shown.content.decode()


# --- what is refused -----------------------------------------------------------------------------------------------------


def pointers(answer: Any) -> list[str]:
    """The places that an answer calls wrong."""
    return [error["pointer"] for error in answer.json()["errors"]]


REFUSED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "take-up-twice": ("in_handling", "take_up", {}, "not-allowed"),
    "close-before-take-up": ("received", "close", {"outcome": "accepted", "text": "Fine."}, "not-allowed"),
    "write-when-transferred": ("transferred", "write", {"text": "Hello."}, "not-allowed"),
    "resume-nothing": ("in_handling", "resume", {}, "not-allowed"),
    "reopen-what-is-open": ("in_handling", "reopen", {"text": "Why."}, "not-allowed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rule_book_refuses_and_says_what_can_be_posted(case: Case, name: str) -> None:
    status, kind, data, problem = REFUSED[name]
    brought_to(case, status)
    lines = case.events.count()

    answer = post(case, kind, data)

    assert (answer.status_code, callers.problem(answer)) == (409, problem)
    assert answer.json()["caseStatus"] == status
    assert answer.json()["allowed"] == [step.name for step in case.steps_for(callers.system()) if step.name in GOOD]
    assert case.events.count() == lines
    assert not KeptAnswer.objects.exists()


@pytest.mark.parametrize(
    ("language", "word"), [("sv", "Mottaget"), ("fi", "Saapunut"), ("en", "Received"), ("de", "Received")]
)
def test_refusal_is_in_the_language_that_is_asked_for(case: Case, language: str, word: str) -> None:
    answer = post(case, "resume", headers={"Accept-Language": language})

    assert word in answer.json()["detail"]


WRONG: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "no-text": ("write", {}, ["/data/text"]),
    "empty-text": ("write", {"text": ""}, ["/data/text"]),
    "blank-text": ("write", {"text": " \n\t"}, ["/data/text"]),
    "text-is-a-number": ("write", {"text": 7}, ["/data/text"]),
    "text-is-too-long": ("write", {"text": "x" * 4_001}, ["/data/text"]),
    "control-characters": ("write", {"text": "a\x1bb"}, ["/data/text"]),
    "no-handler": ("assign", {}, ["/data/handler"]),
    "blank-handler": ("assign", {"handler": "  "}, ["/data/handler"]),
    "long-handler": ("take_up", {"handler": "x" * 101}, ["/data/handler"]),
    "since-ahead": ("take_up", {"since": "2199-01-01"}, ["/data/since"]),
    "since-before-arrival": ("take_up", {"since": "2001-01-01"}, ["/data/since"]),
    "since-no-day": ("take_up", {"since": "2027-02-30"}, ["/data/since"]),
    "due-has-passed": ("request_supplement", {"text": "Add.", "due": "2001-01-02"}, ["/data/due"]),
    "due-no-day": ("request_supplement", {"text": "Add.", "due": "2027-02-30"}, ["/data/due"]),
    "due-with-a-line-break": ("request_supplement", {"text": "Add.", "due": f"{MONDAY}\n"}, ["/data/due"]),
    "due-at-the-end-of-time": ("request_supplement", {"text": "Add.", "due": "9999-12-31"}, ["/data/due"]),
    "unknown-question": (
        "request_supplement",
        {"text": "Add.", "due": MONDAY, "fields": ["place", "nothing"]},
        ["/data/fields/1"],
    ),
    "question-no-text": ("request_supplement", {"text": "Add.", "due": MONDAY, "fields": [1]}, ["/data/fields/0"]),
    "text-of-what-is-not-asked": (
        "request_supplement",
        {"text": "Add.", "due": MONDAY, "texts": {"pl/a~ce": "Where?"}},
        ["/data/texts/pl~1a~0ce"],
    ),
    "two-things": ("request_supplement", {}, ["/data/text", "/data/due"]),
    "no-outcome": ("close", {"text": "Fine."}, ["/data/outcome"]),
    "outcome-of-other-services": ("close", {"outcome": "granted", "text": "Fine."}, ["/data/outcome"]),
    "no-number": ("register", {"registerNumber": " "}, ["/data/registerNumber"]),
    "long-number": ("register", {"registerNumber": "1" * 61}, ["/data/registerNumber"]),
    "nowhere": ("transfer", {"text": "Theirs."}, ["/data/to"]),
    "files-where-none-come": (
        "transfer",
        {
            "to": "Police",
            "text": "Theirs.",
            "attachments": [{"id": "a", "name": "a", "type": "a/b", "size": 1, "sha256": "0" * 64}],
        },
        ["/data/attachments"],
    ),
}
STATUS_OF = {kind: status for kind, (status, _data, _facts) in GOOD.items()}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_as_agreed_is_refused_at_its_place(case: Case, name: str) -> None:
    kind, data, places = WRONG[name]
    brought_to(case, STATUS_OF[kind])
    lines = case.events.count()

    answer = post(case, kind, data)

    assert (answer.status_code, callers.problem(answer)) == (422, "invalid")
    assert pointers(answer) == places
    assert all(error["detail"] for error in answer.json()["errors"])
    assert case.events.count() == lines


def test_refused_outcome_names_those_there_are(case: Case) -> None:
    answer = post(brought_to(case, "in_handling"), "close", {"outcome": "granted", "text": "Fine."})

    assert answer.json()["errors"][0]["detail"].endswith(f"{', '.join(OUTCOMES['notification'])}.")


FRAMES: dict[str, tuple[Any, list[str]]] = {
    "no-object": ([], [""]),
    "nothing": ({}, ["/schemaVersion", "/externalId", "/key", "/kind", "/data"]),
    "version": ({"schemaVersion": "2"}, ["/schemaVersion"]),
    "no-uuid": ({"key": "1"}, ["/key"]),
    "uuid-and-a-line-break": ({"key": f"{uuid.UUID(int=7)}\n"}, ["/key"]),
    "uuid-in-braces": ({"key": "{00000000-0000-0000-0000-000000000007}"}, ["/key"]),
    "unknown-kind": ({"kind": "burn"}, ["/kind"]),
    "customers-kind": ({"kind": "withdraw"}, ["/kind"]),
    "desks-kind": ({"kind": "note"}, ["/kind"]),
    "kind-no-text": ({"kind": {"a": 1}}, ["/kind"]),
    "data-no-object": ({"data": None}, ["/data"]),
    "number-too-small": ({"number": 0}, ["/number"]),
    "number-true": ({"number": True}, ["/number"]),
    "number-text": ({"number": "2"}, ["/number"]),
    "other-part": ({"externalId": str(uuid.UUID(int=7))}, ["/externalId"]),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frame_that_is_not_as_agreed_is_refused_at_its_place(case: Case, name: str) -> None:
    change, places = FRAMES[name]
    document = change if not change else body(case, "take_up") | change

    answer = posted(case, document, event_key=uuid.UUID(int=7))

    assert (answer.status_code, callers.problem(answer)) == (422, "invalid")
    assert pointers(answer) == places


def test_nothing_of_what_was_sent_is_repeated(case: Case) -> None:
    answer = post(case, "write", {"text": ["a secret"]}, headers={"Accept-Language": "sv"})

    assert "secret" not in answer.content.decode()


@pytest.mark.parametrize("shown", ["", "nonsense", str(uuid.UUID(int=8))])
def test_header_says_the_key_of_the_event(case: Case, shown: str) -> None:
    document = body(case, "take_up")

    answer = posted(case, document, headers={"Idempotency-Key": shown})

    assert callers.problem(answer) == "malformed"
    assert case.events.count() == 1


def test_next_number_is_checked_when_it_is_said(case: Case) -> None:
    case.take_step("note", by=build.official(), text="Of nobody's business.")
    build.official()

    late = post(case, "take_up", number=1)
    assert (late.status_code, callers.problem(late), late.json()["expected"]) == (409, "out-of-order", 2)
    assert post(case, "take_up", number=3).json()["expected"] == 2
    assert post(case, "take_up", number=2).json()["number"] == 2


# --- whose -------------------------------------------------------------------------------------------------------------


def test_nobody_posts_in_the_case_of_another(case: Case) -> None:
    strangers = {
        "authority": callers.key(callers.system("Elsewhere", of=build.authority("other-town"))),
        "service": callers.key(callers.system("Narrow", only=["another"])),
        "sandbox": callers.key(callers.system("Sandbox", is_test=True)),
    }
    for name, key in strangers.items():
        assert callers.problem(post(case, "take_up", key=key)) == "unknown-part", name
    assert case.events.count() == 1


def test_system_that_may_only_read_posts_nothing(case: Case) -> None:
    key = callers.key(callers.system("Reader", scopes=[System.Scope.READ, System.Scope.LEDGER]))

    assert callers.problem(post(case, "take_up", key=key)) == "forbidden"
    assert callers.problem(callers.call(None, "POST", callers.part(case, "events"), body={})) == "unauthorised"


# --- what cannot be read -----------------------------------------------------------------------------------------------

UNREADABLE: dict[str, bytes] = {
    "nothing": b" ",
    "no-json": b"{",
    "bare-word": b"take_up",
    "trailing": b"{} {}",
    "twice": b'{"a": 1, "a": 2}',
    "twice-deep": b'{"a": [{"b": 1, "b": 1}]}',
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "beyond-a-double": b'{"a": 1e400}',
    "beyond-a-double-whole": b'{"a": ' + b"9" * 400 + b"}",
    "beyond-what-python-reads": b'{"a": ' + b"9" * 5_000 + b"}",
    "half-a-pair": b'{"a": "\\ud83d"}',
    "half-a-pair-as-a-name": b'{"\\udc00": 1}',
    "nul": b'{"a": "\\u0000"}',
    "nul-as-a-name": b'{"\\u0000": 1}',
    "byte-order-mark": b"\xef\xbb\xbf{}",
    "latin-1": '{"a": "å"}'.encode("latin-1"),
    "utf-16": "{}".encode("utf-16"),
    "surrogate-bytes": b'{"a": "\xed\xa0\x80"}',
    "deep": b"[" * 60 + b"]" * 60,
    "very-deep": b"[" * 200_000,
    "deep-objects": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_alike_by_everybody_is_refused(case: Case, name: str) -> None:
    answer = posted(case, UNREADABLE[name])

    assert (answer.status_code, callers.problem(answer)) == (400, "malformed")
    assert case.events.count() == 1


@pytest.mark.parametrize("size", [1_000_001, 3_000_000])
def test_body_that_is_too_large_is_refused(case: Case, size: int) -> None:
    answer = posted(case, b'"' + b"x" * (size - 2) + b'"')

    assert (answer.status_code, callers.problem(answer)) == (413, "too-large")


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "x",
    ],
)
def test_other_media_types_are_refused_as_problems(case: Case, media_type: str) -> None:
    answer = posted(case, body(case, "take_up"), headers={"Content-Type": media_type})

    assert (answer.status_code, callers.problem(answer)) == (415, "media-type")


def test_packed_body_is_refused(case: Case) -> None:
    answer = posted(case, body(case, "take_up"), headers={"Content-Encoding": "gzip"})

    assert callers.problem(answer) == "media-type"


def test_charset_may_be_said(case: Case) -> None:
    answer = posted(case, body(case, "take_up"), headers={"Content-Type": 'Application/JSON; charset="UTF-8"'})

    assert answer.status_code == 201


def test_posting_asks_the_database_a_bounded_number_of_times(case: Case, django_assert_max_num_queries: Any) -> None:
    for n in range(5):
        post(case, "register", {"registerNumber": f"A {n}"})
    key = callers.key()

    with django_assert_max_num_queries(30):
        assert post(case, "register", {"registerNumber": "A 6"}, key=key).status_code == 201


@pytest.mark.parametrize("kind", judging.kinds())
def test_example_of_each_kind_is_as_the_schema_says(kind: str) -> None:
    examples = settings.BASE_DIR / "docs" / "interface" / "examples"

    assert judging.errors_of(json.loads((examples / f"posted-{kind}.json").read_text("utf-8"))) == []


def test_body_may_come_in_chunks(case: Case) -> None:
    document = body(case, "take_up")
    sent = json.dumps(document).encode()
    shown = {"Authorization": f"Bearer {callers.key()}", "Idempotency-Key": document["key"]}
    request = RequestFactory().post("/", content_type="application/json", headers=shown)
    del request.META["CONTENT_LENGTH"]
    request.META |= {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "wsgi.input": io.BytesIO(sent),
    }
    request.user = AnonymousUser()

    answer = resolve(f"/interface/v1/commondata/{case.external_id}/events").func(
        request, external_id=str(case.external_id)
    )

    assert answer.status_code == 201


def test_handler_whom_a_system_names_is_not_among_what_is_held_on_the_customer(case: Case) -> None:
    post(case, "take_up", {"handler": "Anna Handler"})

    held = personaldata.gather(personaldata.Person((case.application.customer,)))

    assert "Anna Handler" not in json.dumps(held.documents, default=str)
