"""Once: the same request changes nothing twice, also when both come in the same moment; and refused requests have not used their keys."""

from __future__ import annotations

import json
import string
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as of_hypothesis
from hypothesis import strategies as st

from apps.cases.models import Case, Event
from apps.interface import bodies, judging
from apps.interface.models import KeptAnswer, WaitingFile
from apps.interface.problems import Problem
from apps.people.models import LogLine
from tests import build
from tests.interface import callers
from tests.interface.posted import DECISION, body, digest, post, posted, put

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def case() -> Case:
    """A case that arrived now."""
    return build.case(at=timezone.now())


# --- the same once more ------------------------------------------------------------------------------------------------


def test_same_event_once_more_gives_the_answer_it_got(case: Case) -> None:
    document = body(case, "take_up", {"handler": "Anna"})

    first, again = posted(case, document), posted(case, document)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"duplicate": True}
    assert case.events.count() == 2
    lines = LogLine.objects.order_by("pk").values_list("act", "about", "detail")
    assert list(lines) == [("changed", case.number, "take_up"), ("saw", case.number, "take_up, again")]


def test_same_event_is_known_whatever_has_happened_since(case: Case) -> None:
    document = body(case, "take_up", number=2)
    posted(case, document)
    post(case, "close", {"outcome": "accepted", "text": "Fine."})

    assert posted(case, document).json()["number"] == 2


def test_same_means_the_same_value_however_it_is_written(case: Case) -> None:
    document = body(case, "take_up", {"handler": "Åsa"})
    turned = dict(reversed(document.items())) | {"key": document["key"]}
    posted(case, document)

    again = posted(case, json.dumps(turned, indent=3).encode(), event_key=uuid.UUID(document["key"]))

    assert (again.status_code, again.json()["duplicate"]) == (200, True)


def test_key_with_something_else_is_refused(case: Case) -> None:
    document = body(case, "take_up", {"handler": "Anna"})
    posted(case, document)

    answer = posted(case, document | {"data": {"handler": "Berit"}})

    assert (answer.status_code, callers.problem(answer)) == (409, "key-reuse")
    assert case.events.count() == 2


def test_key_in_another_case_is_refused(case: Case) -> None:
    other, key = build.case(case.application.version, at=timezone.now()), uuid.uuid4()
    post(case, "take_up", event_key=key)

    assert callers.problem(post(other, "take_up", event_key=key)) == "key-reuse"
    assert other.events.count() == 1


def test_key_of_another_system_is_refused_and_tells_nothing(case: Case) -> None:
    document = body(case, "take_up")
    posted(case, document)

    answer = posted(case, document, key=callers.key(callers.system("Another")))

    assert (answer.status_code, callers.problem(answer)) == (409, "key-reuse")
    assert "number" not in answer.json()


def test_key_of_any_line_of_the_diary_is_refused(case: Case) -> None:
    assert callers.problem(post(case, "take_up", event_key=case.events.get().key)) == "key-reuse"


def test_refused_event_has_not_used_its_key(case: Case) -> None:
    key = uuid.uuid4()
    refused = post(case, "close", {"outcome": "accepted", "text": "Fine."}, event_key=key)
    assert callers.problem(refused) == "not-allowed"
    post(case, "take_up")

    assert post(case, "close", {"outcome": "accepted", "text": "Fine."}, event_key=key).status_code == 201


# --- for how long ------------------------------------------------------------------------------------------------------


def age(days: float) -> None:
    """Let the answers be so old."""
    KeptAnswer.objects.update(at=timezone.now() - timedelta(days=days))


def test_duties_forget_answers_after_thirty_days(case: Case) -> None:
    document = body(case, "take_up")
    posted(case, document)
    age(29.9)
    call_command("duties")
    assert posted(case, document).status_code == 200

    age(30.1)
    call_command("duties")

    assert not KeptAnswer.objects.exists()
    late = posted(case, document)
    assert (late.status_code, callers.problem(late)) == (409, "key-reuse")
    assert "30" in late.json()["detail"]
    assert case.events.count() == 2


# --- in the same moment ------------------------------------------------------------------------------------------------


together = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own"
)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What calls give that begin in the same moment, each in a thread of its own."""

    def do(one: Callable[[], Any]) -> Any:
        try:
            return one()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(do, calls))


@together
@pytest.mark.django_db(transaction=True)
def test_same_event_at_once_is_one_line() -> None:
    case = build.case(at=timezone.now())
    document, key = body(case, "take_up"), callers.key()

    answers = at_once(*[lambda: posted(case, document, key=key)] * 6)

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert {answer.json()["number"] for answer in answers} == {2}
    assert Event.objects.filter(case=case).count() == 2


@together
@pytest.mark.django_db(transaction=True)
def test_two_events_at_once_are_judged_one_by_what_the_other_has_done() -> None:
    case = build.case(at=timezone.now())
    key = callers.key()

    answers = at_once(*[lambda: post(case, "take_up", key=key)] * 4)

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {callers.problem(answer) for answer in answers} == {"", "not-allowed"}
    assert Event.objects.filter(case=case).count() == 2


@together
@pytest.mark.django_db(transaction=True)
def test_events_at_once_get_numbers_without_gaps() -> None:
    case = build.case(at=timezone.now())
    key = callers.key()

    answers = at_once(*[lambda: post(case, "write", {"text": "Hello."}, key=key)] * 6)

    assert sorted(answer.json()["number"] for answer in answers) == [2, 3, 4, 5, 6, 7]


@together
@pytest.mark.django_db(transaction=True)
def test_one_key_at_once_in_two_cases_is_used_once() -> None:
    case = build.case(at=timezone.now())
    other = build.case(case.application.version, at=timezone.now())
    key, event_key = callers.key(), uuid.uuid4()

    answers = at_once(
        *[lambda: post(case, "take_up", key=key, event_key=event_key)] * 2,
        *[lambda: post(other, "take_up", key=key, event_key=event_key)] * 2,
    )

    assert {answer.status_code for answer in answers} == {200, 201, 409}
    assert Event.objects.filter(key=event_key).count() == 1
    assert Event.objects.filter(kind="take_up").count() == 1


# --- whatever is sent --------------------------------------------------------------------------------------------------

WHATEVER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = (
    "handler",
    "since",
    "text",
    "due",
    "fields",
    "texts",
    "registerNumber",
    "outcome",
    "appeal",
    "to",
    "attachments",
)
SAID = st.one_of(
    WHATEVER,
    st.text(string.printable, max_size=30),
    st.dates().map(str),
    st.just(["title"]),
    st.just({"title": "Where?"}),
    st.sampled_from(["accepted", "granted", "Anna", "Fine.", "\x00", "\ud83d", " ", "x" * 4_001]),
)
FRAME = {
    "schemaVersion": st.just("1") | WHATEVER,
    "key": st.uuids().map(str) | WHATEVER,
    "kind": st.sampled_from(judging.kinds()) | WHATEVER,
    "number": st.integers(-1, 4) | WHATEVER,
    "data": st.dictionaries(st.sampled_from(NAMES), SAID, max_size=6) | WHATEVER,
}
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Idempotency-Key", "Accept-Language", "Content-Encoding", "Digest", "Range"]),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40)
    | st.sampled_from(["application/json; charset=utf-16", 'application/json;charset="', "*", "sv;q=x", "gzip"]),
    max_size=3,
)


@pytest.mark.thorough
@of_hypothesis(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_posted_is_accepted_or_refused_and_writes_a_line_only_then(case: Case, data: st.DataObject) -> None:
    document = {name: data.draw(of) for name, of in FRAME.items() if name != "number" or data.draw(st.booleans())} | {
        "externalId": str(case.external_id)
    }
    before = Event.objects.count()

    answer = posted(
        case,
        json.dumps(document).encode("utf-8", "surrogatepass"),
        event_key=str(document["key"]),
        headers=data.draw(st.just({}) | HEADERS),
    )

    assert answer.status_code < 500, answer.content
    assert Event.objects.count() == before + (answer.status_code == 201)
    assert answer.headers["Content-Type"] in ("application/json", "application/problem+json")


SENT = {
    "Idempotency-Key": st.uuids().map(lambda key: f"{key}:a") | st.text(st.characters(codec="latin-1"), max_size=40),
    "Digest": st.just(digest(DECISION)) | st.text(st.characters(codec="latin-1"), max_size=60),
    "Content-Disposition": st.just("attachment; filename=a.pdf")
    | st.text(st.characters(codec="latin-1"), max_size=40).map(lambda said: f"attachment; filename*={said}"),
    "Content-Type": st.just("application/pdf") | st.text(st.characters(codec="latin-1"), max_size=20),
    "Content-Length": st.text(st.characters(codec="latin-1"), max_size=5),
}


@pytest.mark.thorough
@of_hypothesis(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=st.fixed_dictionaries({}, optional=SENT))
def test_whatever_comes_with_a_file_it_is_accepted_or_refused(case: Case, headers: dict[str, str]) -> None:
    before = WaitingFile.objects.count()

    answer = put(case, uuid.uuid4(), "a", headers=dict(headers))

    assert answer.status_code < 500, answer.content
    assert WaitingFile.objects.count() == before + (answer.status_code == 201)


@pytest.mark.thorough
@of_hypothesis(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | WHATEVER.map(lambda value: json.dumps(value).encode()))
def test_whatever_bytes_come_are_a_value_or_refused(sent: bytes) -> None:
    try:
        value = bodies.value_of(sent)
    except Problem as problem:
        refused = problem.name
    else:
        refused = ""
        assert bodies.value_of(bodies.canonical(value)) == value
    assert refused in ("", "malformed")
