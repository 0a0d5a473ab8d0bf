"""A case moves by `take_step` only: one diary line each time, refusals in words, all or nothing, one at a time."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, close_old_connections, connection, connections, models, transaction
from django.utils import translation

from apps.cases.models import EFFECTS, Case, Event, Immutable, NotAllowed, SupplementRequest, open_request
from apps.cases.rulebook import Status
from apps.people.models import System, User
from tests.build import NOW, TODAY, authority, case, customer, field, official, page, superuser, version

pytestmark = [pytest.mark.django_db, pytest.mark.both]
LATER = NOW + timedelta(hours=1)
ASK: dict[str, Any] = {"text": "Send a map", "due": TODAY + timedelta(days=14), "fields": ["title"]}


def diary(of: Case) -> list[tuple[int, str, str, str]]:
    return list(of.events.order_by("number").values_list("number", "kind", "status", "by_name"))


# --- taking a step ---------------------------------------------------------------------------------------------------


def test_step_sets_the_status_and_writes_one_line() -> None:
    made = case()

    event = made.take_step("take_up", by=official(), at=LATER)

    assert (made.status, made.status_at) == (Status.IN_HANDLING, LATER)
    assert (made.handler, made.handling_since) == (official(), LATER)
    assert diary(made) == [(1, "received", "received", "Example Customer"), (2, "take_up", "in_handling", "handler")]
    assert (event.at, event.by_official, event.by_customer, event.data) == (
        LATER,
        official(),
        None,
        {"handler": "handler"},
    )
    assert event.label
    assert str(event) == f"{made.number} 2"


def test_step_of_the_customer_is_written_with_the_customer() -> None:
    made = case()

    event = made.take_step("withdraw", by=customer(), at=LATER)

    assert (event.by_customer, event.by_official, event.by_name) == (customer(), None, "Example Customer")


def test_refusal_says_the_status_and_what_can_be_done() -> None:
    made = case()

    with translation.override("en"), pytest.raises(NotAllowed) as refused:
        made.take_step("close", by=official(), outcome="noted", text="")

    assert "Received, pending" in str(refused.value)
    assert "What can be done: Take up for handling, Hand on to a handler, Write to the customer" in str(refused.value)


def test_refusal_says_when_nothing_can_be_done() -> None:
    made = case()
    made.take_step("withdraw", by=customer(), at=LATER)

    with translation.override("en"), pytest.raises(NotAllowed, match="What can be done: nothing"):
        made.take_step("withdraw", by=customer(), at=LATER)


@pytest.mark.parametrize("name", ["fly", "", "__init__", "received"])
def test_step_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(NotAllowed):
        case().take_step(name, by=official())


@pytest.mark.parametrize("facts", [{}, {"outcome": "noted"}, {"outcome": "noted", "text": "", "status": "received"}])
def test_step_with_other_facts_than_it_needs_is_refused(facts: dict[str, Any]) -> None:
    made = case()
    made.take_step("take_up", by=official())

    with translation.override("en"), pytest.raises(NotAllowed, match="outcome, text"):
        made.take_step("close", by=official(), **facts)


STRANGERS: dict[str, Callable[[], Any]] = {
    "reader": lambda: official("reader", role="reader"),
    "designer": lambda: official("designer", role="designer"),
    "other authority": lambda: official("other", of=authority("other-town"), role="manager"),
    "superuser": superuser,
    "other customer": lambda: customer("Other"),
    "no official any more": lambda: User.objects.create(username="gone", is_staff=True, is_active=False),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_stranger_may_do_nothing(name: str) -> None:
    made, stranger = case(), STRANGERS[name]()

    assert made.steps_for(stranger) == []
    with pytest.raises(NotAllowed):
        made.take_step("take_up", by=stranger)
    with pytest.raises(NotAllowed):
        made.take_step("withdraw", by=stranger)
    assert made.events.count() == 1


def test_steps_offered_are_those_that_can_be_taken() -> None:
    made = case()

    handlers = ["take_up", "assign", "write", "consult", "note", "register", "redirect", "transfer"]
    handlers += ["hand_over", "hold", "release"]
    assert [step.name for step in made.steps_for(official())] == handlers
    assert [step.name for step in made.steps_for(official("boss", role="manager"))] == handlers
    assert [step.name for step in made.steps_for(customer())] == ["add", "reply", "withdraw"]


def test_step_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: Any, **_facts: Any) -> dict[str, Any]:
        raise ZeroDivisionError

    made = case()
    monkeypatch.setitem(EFFECTS, "take_up", breaks)

    with pytest.raises(ZeroDivisionError):
        made.take_step("take_up", by=official(), at=LATER)

    made.refresh_from_db()
    assert (made.status, made.handler) == (Status.RECEIVED, None)
    assert made.events.count() == 1


def test_step_is_judged_by_the_database_not_by_what_was_read_before() -> None:
    made = case()
    stale = Case.objects.get(pk=made.pk)
    made.take_step("withdraw", by=customer())

    with pytest.raises(NotAllowed):
        stale.take_step("take_up", by=official())


def test_official_with_the_longest_name_can_take_a_step() -> None:
    long = official("x" * 150)
    User.objects.filter(pk=long.pk).update(first_name="Å" * 150, last_name="Ö" * 150)

    event = case().take_step("take_up", by=User.objects.get(pk=long.pk))

    assert event.by_name == ("Å" * 150 + " " + "Ö" * 150)[:201]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_of_two_handlers_at_once_one_is_refused() -> None:
    made = case()
    handlers, start = [official("one"), official("two")], Barrier(2)

    def take_up(by: User) -> str:
        close_old_connections()
        mine = Case.objects.get(pk=made.pk)
        try:
            start.wait(30)
            mine.take_step("take_up", by=by)
        except NotAllowed:
            return "refused"
        finally:
            connections.close_all()
        return str(by)

    with ThreadPoolExecutor(2) as threads:
        said = list(threads.map(take_up, handlers))

    made.refresh_from_db()
    assert sorted(said) == sorted([str(made.handler), "refused"])
    assert [number for number, *_rest in diary(made)] == [1, 2]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_diary_numbers_have_no_gap_whoever_writes_at_once() -> None:
    made = case()
    made.take_step("take_up", by=official())
    start = Barrier(6)

    def go_back_and_forth(n: int) -> None:
        close_old_connections()
        mine, by = Case.objects.get(pk=made.pk), official()
        try:
            start.wait(30)
            for _round in range(4):
                try:
                    if n % 2:
                        mine.take_step("request_supplement", by=by, at=NOW, **ASK)
                    else:
                        mine.take_step("resume", by=by, at=NOW)
                except NotAllowed:
                    pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(go_back_and_forth, range(6)))

    numbers = [number for number, *_rest in diary(made)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert SupplementRequest.objects.filter(answered_at=None, ended_at=None).count() <= 1


# --- what the steps do -----------------------------------------------------------------------------------------------


def test_close_keeps_the_outcome_and_says_it_as_the_status() -> None:
    made = case()
    made.take_step("take_up", by=official())

    event = made.take_step("close", by=official(), outcome="conditions", text="Quiet after ten")

    assert (made.outcome, made.outcome_text) == ("conditions", "Quiet after ten")
    assert event.data == {"outcome": "conditions", "text": "Quiet after ten"}
    with translation.override("en"):
        assert made.status_label == made.outcome_label == "Decision with conditions"


@pytest.mark.parametrize("outcome", ["granted", "", "Noted", None])
def test_close_with_an_outcome_of_another_kind_of_service_is_refused(outcome: Any) -> None:
    made = case()
    made.take_step("take_up", by=official())

    with pytest.raises(NotAllowed):
        made.take_step("close", by=official(), outcome=outcome, text="")

    made.refresh_from_db()
    assert made.status == Status.IN_HANDLING
    assert made.outcome == ""


def test_request_for_supplement_is_kept_with_its_fields_in_the_order_of_the_form() -> None:
    made = case(
        version(page("first", field("text", "title"), field("heading", "h"), field("text", "more"))),
        answers={"title": "a", "more": "b"},
    )
    made.take_step("take_up", by=official())

    event = made.take_step("request_supplement", by=official(), at=NOW, **{**ASK, "fields": ["more", "h", "title"]})

    request = open_request(made)
    assert request is not None
    assert (request.text, request.due, request.fields) == ("Send a map", ASK["due"], ["title", "more"])
    assert event.data == {"text": "Send a map", "due": "2027-03-15", "fields": ["title", "more"]}


@pytest.mark.parametrize("wrong", [{"due": TODAY - timedelta(days=1)}, {"text": "  "}])
def test_request_that_nobody_can_answer_is_refused(wrong: dict[str, Any]) -> None:
    made = case()
    made.take_step("take_up", by=official())

    with pytest.raises(NotAllowed):
        made.take_step("request_supplement", by=official(), at=NOW, **{**ASK, **wrong})

    assert open_request(made) is None


@pytest.mark.parametrize(
    ("step", "by_customer", "facts"),
    [("resume", False, {}), ("leave_unexamined", False, {"text": "x"}), ("withdraw", True, {})],
)
def test_step_past_an_open_request_ends_it(step: str, by_customer: bool, facts: dict[str, Any]) -> None:
    made = case()
    made.take_step("take_up", by=official())
    made.take_step("request_supplement", by=official(), at=NOW, **ASK)

    made.take_step(step, by=customer() if by_customer else official(), at=LATER, **facts)

    assert open_request(made) is None
    assert made.supplement_requests.get().ended_at == LATER


def test_request_is_overdue_when_its_last_day_has_ended() -> None:
    request = SupplementRequest(due=TODAY)

    assert not request.overdue(TODAY)
    assert request.overdue(TODAY + timedelta(days=1))


def test_second_open_request_is_refused_by_the_database() -> None:
    made = case()
    SupplementRequest.objects.create(case=made, text="a", due=TODAY)

    with pytest.raises(IntegrityError), transaction.atomic():
        SupplementRequest.objects.create(case=made, text="b", due=TODAY)


def test_supplement_that_nobody_asked_for_is_refused() -> None:
    made = case()
    Case.objects.filter(pk=made.pk).update(status=Status.SUPPLEMENT_REQUESTED)

    with pytest.raises(NotAllowed):
        made.take_step("supplement", by=customer(), paper=made.application)


# --- the diary -------------------------------------------------------------------------------------------------------


def test_diary_line_cannot_be_changed() -> None:
    event = case().events.get()

    event.by_name = "Somebody else"
    with pytest.raises(Immutable):
        event.save()
    with pytest.raises(Immutable):
        Event.objects.filter(pk=event.pk).update(by_name="Somebody else")

    event.refresh_from_db()
    assert event.by_name == "Example Customer"


def test_case_with_a_diary_cannot_be_deleted() -> None:
    made = case()

    with pytest.raises(models.ProtectedError):
        made.delete()
    with pytest.raises(models.ProtectedError):
        made.application.delete()
    with pytest.raises(models.ProtectedError):
        made.service.delete()


def test_line_keeps_the_name_of_an_official_who_is_gone() -> None:
    made = case()
    event = made.take_step("take_up", by=official())

    official().delete()

    event.refresh_from_db()
    assert (event.by_official, event.by_name) == (None, "handler")


def test_place_of_a_line_is_among_those_of_its_case_that_everybody_is_told_of() -> None:
    first, second = case(), case()
    for one in (first, second):
        one.take_step("note", by=official(), at=NOW, text="Ours.")
        one.take_step("take_up", by=official(), at=NOW)

    placed = Event.objects.placed().order_by("case", "number")

    expected = [("received", 1, 1), ("take_up", 3, 2)]
    assert list(placed.values_list("kind", "number", "place")) == expected * 2
    assert [line.place for line in first.events.placed().order_by("number")[1:]] == [2]


def test_number_of_a_line_stands_once_in_a_case() -> None:
    made = case()

    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(case=made, number=1, kind="take_up", status="received", at=NOW, by_name="x")


# --- who sees it, and what delivery tells it ---------------------------------------------------------------------------


def test_case_is_seen_by_readers_of_its_authority_and_its_customer_only() -> None:
    made = case()

    for user in (official(), official("reader", role="reader"), official("boss", role="manager")):
        assert Case.objects.visible_to(user).get() == made
    for user in (official("designer", role="designer"), superuser(), official("other", of=authority("other-town"))):
        assert not Case.objects.visible_to(user).exists()
    assert Case.objects.of(customer()).get() == made
    assert not Case.objects.of(customer("Other")).exists()


def test_acknowledgement_goes_forward_only() -> None:
    made = case()

    for number, at in ((2, LATER), (1, NOW), (2, NOW)):
        made.note_acknowledged("national", number, at)
    made.note_acknowledged("mail", 9, NOW)

    made.refresh_from_db()
    assert (made.acknowledged_number, made.acknowledged_at) == (2, LATER)


def test_service_is_called_as_when_the_case_began() -> None:
    made = case()
    version(page("first", field("text", "title")), name={"sv": "Nytt", "fi": "Uusi", "en": "New"})

    with translation.override("en"):
        assert Case.objects.get().service_name == "Name of example"
    assert made.language == "sv"


# --- messages, register number, files --------------------------------------------------------------------------------


def test_message_either_way_is_a_line_and_the_status_stays() -> None:
    made = case()

    theirs = made.take_step("write", by=official(), at=LATER, text="A question")
    ours = made.take_step("reply", by=customer(), at=LATER, text="An answer")

    assert (made.status, made.status_at) == (Status.RECEIVED, NOW)
    assert [(line.by_name, line.data) for line in (theirs, ours)] == [
        ("handler", {"text": "A question"}),
        ("Example Customer", {"text": "An answer"}),
    ]


@pytest.mark.parametrize("step", ["write", "reply"])
def test_message_that_says_nothing_is_refused(step: str) -> None:
    made = case()
    by: Any = official() if step == "write" else customer()

    with pytest.raises(NotAllowed):
        made.take_step(step, by=by, text=" \n ")

    assert made.events.count() == 1


def test_message_outlives_the_outcome() -> None:
    made = case()
    made.take_step("take_up", by=official())
    made.take_step("close", by=official(), outcome="noted", text="")

    made.take_step("reply", by=customer(), text="Thank you")

    assert made.status == Status.CLOSED


def test_register_number_is_kept_and_can_be_corrected() -> None:
    made = case()

    made.take_step("register", by=official(), register_number=" EX/1/2027 ")
    line = made.take_step("register", by=official(), register_number="EX/2/2027")

    assert made.register_number == "EX/2/2027"
    assert line.data == {"register_number": "EX/2/2027"}
    with pytest.raises(NotAllowed):
        made.take_step("register", by=official(), register_number="  ")


def test_same_form_twice_is_one_step() -> None:
    made = case()

    first = made.take_step("reply", by=customer(), text="Once", once="form")
    again = made.take_step("reply", by=customer(), text="Once", once="form")
    other = made.take_step("reply", by=customer(), text="Once", once="another form")

    assert first == again
    assert other != first
    assert made.events.filter(kind="reply").count() == 2


def test_form_of_another_person_or_case_is_another_form() -> None:
    made, second = case(), case()

    lines = {
        made.take_step("write", by=official(), text="x", once="form"),
        made.take_step("write", by=official("colleague"), text="x", once="form"),
        second.take_step("write", by=official(), text="x", once="form"),
    }

    assert len(lines) == 3


def test_step_taken_by_the_same_form_is_given_also_when_it_is_possible_no_longer() -> None:
    made = case()
    made.take_step("take_up", by=official())
    facts: dict[str, Any] = {"outcome": "noted", "text": "", "once": "form"}

    assert made.take_step("close", by=official(), **facts) == made.take_step("close", by=official(), **facts)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_same_form_sent_many_times_at_once_is_one_message() -> None:
    made, start = case(), Barrier(5)

    def reply(_n: int) -> int:
        close_old_connections()
        mine, by = Case.objects.get(pk=made.pk), customer()
        try:
            start.wait(30)
            return mine.take_step("reply", by=by, text="Once", once="form").number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as threads:
        numbers = list(threads.map(reply, range(5)))

    assert numbers == [2] * 5
    assert made.events.count() == 2


def test_what_the_customer_has_seen_only_grows() -> None:
    made = case()

    for number in (2, 1):
        made.note_seen(number)

    made.refresh_from_db()
    assert made.seen_number == 2


# --- what a connected system does ------------------------------------------------------------------------------------


def connected() -> System:
    return System.objects.create(authority=authority(), name="Ärendehanteringen", scopes=["write"])


def test_line_of_a_system_says_which_and_has_the_key_it_came_with() -> None:
    key, system = uuid.uuid4(), connected()

    line = case(at=NOW).take_step("take_up", by=system, at=NOW, key=key)

    assert (line.key, line.by_system, line.by_official, line.by_name) == (key, system, None, "Ärendehanteringen")


def test_system_names_a_handler_whom_the_desk_does_not_know() -> None:
    made = case(at=NOW)

    made.take_step("take_up", by=connected(), at=NOW, handler=" A. Handläggare ")

    assert (made.handler, made.handled_by) == (None, "A. Handläggare")


def test_official_takes_a_case_over_from_whom_a_system_has_named() -> None:
    made = case(at=NOW)
    made.take_step("take_up", by=connected(), at=NOW, handler="A. Handläggare")

    made.take_step("assign", by=official(), at=NOW, handler=official())

    assert made.handled_by == str(official())
    assert made.handler_name == ""


def test_system_that_takes_up_without_a_name_is_no_handler() -> None:
    made = case(at=NOW)

    line = made.take_step("take_up", by=connected(), at=NOW)

    assert made.handled_by == ""
    assert "handler" not in line.data


def test_case_knows_when_everybody_was_last_told_of_something() -> None:
    made = case(at=NOW)

    made.take_step("take_up", by=official(), at=LATER)
    made.take_step("note", by=official(), at=LATER + timedelta(hours=1), text="Internal")

    assert Case.objects.get().told_at == LATER
