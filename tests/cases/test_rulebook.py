"""The rule book: every status × step × party, compared with this table; nothing else is possible."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from apps.cases import rulebook
from apps.cases.models import EFFECTS, EVENT_WORDS, Case, NotAllowed
from apps.cases.rulebook import FINAL, NEED_WORDS, OUTCOMES, STATUS_WORDS, STEPS, TABLE, Party, Status, steps_from
from apps.people.models import Customer, User
from apps.services.definition import KINDS
from apps.services.texts import LANGUAGES
from tests.build import NOW, case, customer, official

# What each party may do in each status, and where it leads. What is not here is refused.
# "" is a status that stays as it is.
TALK = {"write": "", "register": ""}
ALLOWED = {
    ("received", "handler"): {"take_up": "in_handling", "transfer": "transferred", **TALK},
    ("received", "customer"): {"withdraw": "withdrawn", "add": "", "reply": ""},
    ("in_handling", "handler"): {
        "request_supplement": "supplement_requested",
        "close": "closed",
        "transfer": "transferred",
        "leave_unexamined": "not_examined",
        **TALK,
    },
    ("in_handling", "customer"): {"withdraw": "withdrawn", "add": "", "reply": ""},
    ("supplement_requested", "handler"): {"resume": "in_handling", "leave_unexamined": "not_examined", **TALK},
    ("supplement_requested", "customer"): {"supplement": "supplemented", "withdraw": "withdrawn", "reply": ""},
    ("supplemented", "handler"): {
        "request_supplement": "supplement_requested",
        "resume": "in_handling",
        "close": "closed",
        "transfer": "transferred",
        "leave_unexamined": "not_examined",
        **TALK,
    },
    ("supplemented", "customer"): {"withdraw": "withdrawn", "add": "", "reply": ""},
    ("closed", "handler"): TALK,
    ("closed", "customer"): {"reply": ""},
    ("withdrawn", "handler"): {},
    ("withdrawn", "customer"): {},
    ("transferred", "handler"): {},
    ("transferred", "customer"): {},
    ("not_examined", "handler"): TALK,
    ("not_examined", "customer"): {"reply": ""},
}
NEEDS = {
    "take_up": set(),
    "request_supplement": {"text", "due", "fields"},
    "supplement": {"paper"},
    "resume": set(),
    "close": {"outcome", "text"},
    "add": {"paper"},
    "write": {"text"},
    "reply": {"text"},
    "register": {"register_number"},
    "transfer": {"to", "text"},
    "leave_unexamined": {"text"},
    "withdraw": set(),
}
MAY = {"close": {"files"}, "write": {"files"}, "reply": {"files"}}
FACTS: dict[str, dict[str, Any]] = {
    "close": {"outcome": "noted", "text": "Fine"},
    "request_supplement": {"text": "Send a map", "due": NOW.date(), "fields": ["title"]},
    "transfer": {"to": "Another authority", "text": "Theirs"},
    "leave_unexamined": {"text": "Nothing to examine"},
    "supplement": {"paper": None},
    "add": {"paper": None},
    "write": {"text": "A word"},
    "reply": {"text": "Another word"},
    "register": {"register_number": "EX/1/2027"},
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


def test_final_statuses_are_those_that_nothing_leaves() -> None:
    assert sorted(FINAL) == ["closed", "not_examined", "transferred", "withdrawn"]


def test_every_status_can_be_reached() -> None:
    assert {step.after for step in TABLE if step.after} | {Status.RECEIVED} == set(Status)


@pytest.mark.django_db
@pytest.mark.parametrize("party", list(Party))
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", list(Status))
def test_case_obeys_the_table(status: Status, step: str, party: Party) -> None:
    made = case(at=NOW)
    Case.objects.filter(pk=made.pk).update(status=status)
    made.refresh_from_db()
    by: User | Customer = official() if party is Party.HANDLER else customer()
    lines = made.events.count()

    allowed = step in ALLOWED[status.value, party.value]

    if allowed and step != "supplement":  # a supplement needs a request too: see test_intake
        made.take_step(step, by=by, at=NOW, **FACTS.get(step, {}))
        assert made.status == (ALLOWED[status.value, party.value][step] or status)
        assert made.events.count() == lines + 1
    else:
        with pytest.raises(NotAllowed) as refused:
            made.take_step(step, by=by, at=NOW, **FACTS.get(step, {}))
        made.refresh_from_db()
        assert str(refused.value)
        assert made.status == status
        assert made.events.count() == lines


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
    assert set(OUTCOMES) == set(KINDS)
    assert all(OUTCOMES.values())


def test_every_need_is_said_in_words() -> None:
    assert set(NEED_WORDS) == {need for step in TABLE for need in (*step.needs, *step.may)}


def test_new_status_needs_no_migration() -> None:
    choices = Case._meta.get_field("status").deconstruct()[3]["choices"]

    assert choices is rulebook.status_choices
