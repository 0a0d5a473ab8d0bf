"""The rule book: every status × step × role, compared with these tables; nothing else is possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation

from apps.cases import rulebook
from apps.cases.models import EFFECTS, EVENT_WORDS, Case, NotAllowed, SupplementRequest
from apps.cases.rulebook import (
    ENDED,
    FOR_THE_DESK_ALONE,
    NEED_WORDS,
    NOT_FOR_EVERYBODY,
    OUTCOMES,
    STATUS_WORDS,
    STEPS,
    TABLE,
    Party,
    Status,
    steps_from,
)
from apps.people.models import Authority, Customer, Membership, System, User
from apps.services.definition import CASE_KINDS
from apps.services.texts import LANGUAGES
from tests.build import NOW, TODAY, application, authority, case, customer, official, superuser

# What each party may do in each status, and where it leads. What is not here is refused.
# "" is a status that stays as it is.
AFTERWARDS = {"note": "", "hand_over": "", "hold": "", "release": ""}
TALK = {"write": "", "register": "", "redirect": "", **AFTERWARDS}
OPEN = {"assign": "", "consult": "", **TALK}
ALLOWED: dict[tuple[str, str], dict[str, str]] = {
    ("received", "handler"): {"take_up": "in_handling", "transfer": "transferred", **OPEN},
    ("received", "customer"): {"withdraw": "withdrawn", "add": "", "reply": ""},
    ("received", "consulted"): {"answer": ""},
    ("in_handling", "handler"): {
        "request_supplement": "supplement_requested",
        "complete": "",
        "close": "closed",
        "transfer": "transferred",
        "leave_unexamined": "not_examined",
        **OPEN,
    },
    ("in_handling", "customer"): {"withdraw": "withdrawn", "add": "", "reply": ""},
    ("in_handling", "consulted"): {"answer": ""},
    ("supplement_requested", "handler"): {"resume": "in_handling", "leave_unexamined": "not_examined", **OPEN},
    ("supplement_requested", "customer"): {"supplement": "supplemented", "withdraw": "withdrawn", "reply": ""},
    ("supplement_requested", "consulted"): {"answer": ""},
    ("supplemented", "handler"): {
        "request_supplement": "supplement_requested",
        "resume": "in_handling",
        "complete": "",
        "close": "closed",
        "transfer": "transferred",
        "leave_unexamined": "not_examined",
        **OPEN,
    },
    ("supplemented", "customer"): {"withdraw": "withdrawn", "add": "", "reply": ""},
    ("supplemented", "consulted"): {"answer": ""},
    ("closed", "handler"): {"reopen": "in_handling", **TALK},
    ("closed", "customer"): {"reply": ""},
    ("closed", "consulted"): {},
    ("withdrawn", "handler"): AFTERWARDS,
    ("withdrawn", "customer"): {},
    ("withdrawn", "consulted"): {},
    ("transferred", "handler"): AFTERWARDS,
    ("transferred", "customer"): {},
    ("transferred", "consulted"): {},
    ("not_examined", "handler"): {"reopen": "in_handling", **TALK},
    ("not_examined", "customer"): {"reply": ""},
    ("not_examined", "consulted"): {},
}
NEEDS = {
    "take_up": set(),
    "assign": {"handler"},
    "request_supplement": {"text", "due", "fields"},
    "supplement": {"paper"},
    "resume": set(),
    "complete": set(),
    "close": {"outcome", "text"},
    "add": {"paper"},
    "write": {"text"},
    "reply": {"text"},
    "consult": {"authority", "text"},
    "answer": {"text"},
    "note": {"text"},
    "register": {"register_number"},
    "redirect": {"address"},
    "transfer": {"to", "text"},
    "leave_unexamined": {"text"},
    "reopen": {"text"},
    "withdraw": set(),
    "hand_over": set(),
    "hold": {"text"},
    "release": set(),
}
MAY = {
    "take_up": {"handler", "since"},
    "request_supplement": {"texts"},
    "close": {"files", "appeal"},
    "write": {"files"},
    "reply": {"files"},
    "consult": {"files", "with_paper"},
    "answer": {"files", "authority"},
    "note": {"files"},
    "transfer": {"service"},
    "leave_unexamined": {"files", "appeal"},
}
FACTS: dict[str, dict[str, Any]] = {
    "assign": {"handler": None},
    "close": {"outcome": "noted", "text": "Fine"},
    "request_supplement": {"text": "Send a map", "due": TODAY, "fields": ["title"]},
    "transfer": {"to": "Another authority", "text": "Theirs"},
    "leave_unexamined": {"text": "Nothing to examine"},
    "reopen": {"text": "A wrong number"},
    "supplement": {"paper": None},
    "add": {"paper": None},
    "write": {"text": "A word"},
    "reply": {"text": "Another word"},
    "consult": {"authority": None, "text": "What do you say?"},
    "answer": {"text": "Nothing"},
    "note": {"text": "Call back"},
    "register": {"register_number": "EX/1/2027"},
    "redirect": {"address": "somebody@example.org"},
    "hold": {"text": "A complaint"},
}


def test_table_covers_every_status_and_party() -> None:
    assert set(ALLOWED) == {(status.value, party.value) for status in Status for party in Party}


@pytest.mark.parametrize(("status", "party"), list(ALLOWED))
def test_steps_are_those_of_the_table(status: str, party: str) -> None:
    offered = {step.name: step.after.value if step.after else "" for step in steps_from(status, Party(party))}

    assert offered == ALLOWED[status, party]


@pytest.mark.parametrize("step", STEPS)
def test_step_needs_what_the_table_says(step: str) -> None:
    assert set(STEPS[step].needs) == NEEDS[step]
    assert set(STEPS[step].may) == MAY.get(step, set())


def test_steps_are_named_once() -> None:
    assert len(STEPS) == len(TABLE)


def test_the_authority_has_done_with_a_case_in_four_statuses_which_only_a_correction_leaves() -> None:
    assert sorted(ENDED) == ["closed", "not_examined", "transferred", "withdrawn"]
    assert {step.name for step in TABLE if step.after and ENDED.intersection(step.before)} == {"reopen"}


def test_what_is_not_for_everybody_is_said_in_the_table() -> None:
    desk = {"note", "redirect", "hand_over", "hold", "release"}
    assert desk == FOR_THE_DESK_ALONE
    assert {*desk, "consult", "answer"} == NOT_FOR_EVERYBODY


def test_every_status_can_be_reached() -> None:
    assert {step.after for step in TABLE if step.after} | {Status.RECEIVED} == set(Status)


# --- who ------------------------------------------------------------------------------------------------------------


def limited_to(key: str, *, of: Authority | None = None, role: str = "handler") -> User:
    """Somebody whose role is about one service only."""
    user = official(f"only {key}", of=of, role=role)
    Membership.objects.filter(user=user).update(only_services=[key])
    return user


def gone() -> User:
    """Somebody who handled cases and works there no more."""
    official("gone")
    User.objects.filter(username="gone").update(is_active=False)
    return User.objects.get(username="gone")


def connected(*scopes: str, of: str = "example-town", **more: Any) -> System:
    """A system of an authority's own."""
    return System.objects.create(authority=authority(of), name="Case management", scopes=list(scopes), **more)


# As which party each takes steps; None for those who may take none.
ROLES: dict[str, tuple[Callable[[], User | Customer | System], Party | None]] = {
    "handler": (official, Party.HANDLER),
    "manager": (lambda: official("manager", role="manager"), Party.HANDLER),
    "handler of this service": (lambda: limited_to("example"), Party.HANDLER),
    "manager of this service": (lambda: limited_to("example", role="manager"), Party.HANDLER),
    "handler of another service": (lambda: limited_to("another"), None),
    "reader": (lambda: official("reader", role="reader"), None),
    "designer": (lambda: official("designer", role="designer"), None),
    "superuser": (superuser, None),
    "handler who has left": (gone, None),
    "official of another authority": (lambda: official("other", of=authority("other-town"), role="manager"), None),
    "official of the authority asked": (lambda: official("asked", of=authority("asked-town")), Party.CONSULTED),
    "manager of the authority asked": (
        lambda: official("asked boss", of=authority("asked-town"), role="manager"),
        Party.CONSULTED,
    ),
    "reader of the authority asked": (lambda: official("asks", of=authority("asked-town"), role="reader"), None),
    "handler of one service of the authority asked": (
        lambda: limited_to("theirs", of=authority("asked-town")),
        None,
    ),
    "system": (lambda: connected("write"), Party.HANDLER),
    "system for this service": (lambda: connected("write", only_services=["example"]), Party.HANDLER),
    "system for another service": (lambda: connected("write", only_services=["another"]), None),
    "system that only reads": (lambda: connected("read", "ledger"), None),
    "system for testing": (lambda: connected("write", is_test=True), None),
    "system that is no longer let in": (lambda: connected("write", active=False), None),
    "system of another authority": (lambda: connected("write", of="other-town"), None),
    "system of the authority asked": (lambda: connected("write", of="asked-town"), None),
    "customer": (customer, Party.CUSTOMER),
    "other customer": (lambda: customer("Other"), None),
}
OF_EACH_SORT = {"handler", "reader", "official of the authority asked", "system", "customer", "other customer"}


def case_in(status: Status) -> Case:
    """A case in that status, held, with another authority asked about it and, where one is awaited, a supplement ready to be sent."""
    made = case(at=NOW)
    made.consultations.create(authority=authority("asked-town"))
    Case.objects.filter(pk=made.pk).update(status=status, held=True)
    if status is Status.SUPPLEMENT_REQUESTED:
        paper = application(made.application.version)
        SupplementRequest.objects.create(case=made, text="A map", due=TODAY, fields=[], paper=paper)
    made.refresh_from_db()
    return made


@contextmanager
def undone() -> Iterator[None]:
    """What happens within leaves no trace."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def given_to(made: Case) -> dict[str, Any]:
    """What steps need that is somebody's, or some paper."""
    request = made.supplement_requests.first()
    return {"handler": official(), "authority": authority("third-town"), "paper": request.paper if request else None}


def outcome_of(step: str, made: Case, by: User | Customer | System, given: dict[str, Any]) -> str | None:
    """Where a step leads, "" when the status stays; None when it is refused, which must be in words and change nothing."""
    facts = dict(FACTS.get(step, {}))
    facts |= {need: given[need] for need in facts if need in given}
    before, lines = made.status, made.events.count()
    refusal = ""
    try:
        made.take_step(step, by=by, at=NOW, **facts)
    except NotAllowed as refused:
        refusal = str(refused) or "in no words"
    if refusal:
        assert refusal != "in no words"
        assert Case.objects.values_list("status", flat=True).get(pk=made.pk) == before
        assert made.events.count() == lines
        return None
    assert made.events.count() == lines + 1
    return made.status if made.status != before else ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "role", [pytest.param(role, marks=() if role in OF_EACH_SORT else pytest.mark.thorough) for role in ROLES]
)
@pytest.mark.parametrize("status", list(Status))
def test_each_role_may_take_the_steps_of_the_table_and_no_others(status: Status, role: str) -> None:
    made = case_in(status)
    make, party = ROLES[role]
    by, given = make(), given_to(made)

    seen: dict[str, str] = {}
    for step in STEPS:
        with undone():
            led = outcome_of(step, Case.objects.get(pk=made.pk), by, given)
            if led is not None:
                seen[step] = led

    allowed = ALLOWED[status.value, party.value] if party else {}
    assert seen == allowed
    assert {step.name for step in made.steps_for(by)} == set(allowed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_said_in_words(language: str) -> None:
    with translation.override(language):
        assert set(STATUS_WORDS) == set(Status)
        assert all(str(words).strip() for words in STATUS_WORDS.values())
        assert all(str(step.label).strip() for step in TABLE)
        assert all(str(words).strip() for words in EVENT_WORDS.values())


def test_every_step_has_words_in_the_diary() -> None:
    assert set(EVENT_WORDS) == {*STEPS, "received"}
    assert set(EFFECTS) <= set(STEPS)


def test_every_kind_of_service_has_outcomes() -> None:
    assert set(OUTCOMES) == set(CASE_KINDS)  # of a survey no case arises
    assert all(OUTCOMES.values())


def test_every_need_is_said_in_words() -> None:
    assert set(NEED_WORDS) == {need for step in TABLE for need in (*step.needs, *step.may)}


def test_new_status_needs_no_migration() -> None:
    choices = Case._meta.get_field("status").deconstruct()[3]["choices"]

    assert choices is rulebook.status_choices
