"""The way through a form, computed from the answers: no HTTP, no database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.applications.journey import Journey
from apps.services.pageform import PageForm
from tests.build import TODAY, definition, field, options, page

MUSIC = {"field": "music", "equals": True}
FORM = definition(
    page("event", field("text", "name"), field("yes_no", "music")),
    page("sound", field("text", "band"), field("text", "note", required=False), show_when=MUSIC),
    page("advice", field("heading", "read_this")),
    page("contact", field("email", "email"), field("date", "day", lead_time={"days": 5})),
)
EVENT: dict[str, Any] = {"name": "Feast", "music": False}
CONTACT: dict[str, Any] = {"email": "a@example.com", "day": (TODAY + timedelta(days=10)).isoformat()}


def way(answers: dict[str, Any], today: date = TODAY) -> Journey:
    return Journey(FORM, answers, today)


def pages(journey: Journey) -> list[tuple[str, bool]]:
    return [(stop.page.key, stop.done) for stop in journey.stops]


def test_nothing_answered_opens_the_first_page_only() -> None:
    journey = way({})

    assert pages(journey) == [("event", False), ("advice", True), ("contact", False)]
    assert journey.first_open is FORM.page("event")
    assert [key for key in ("event", "sound", "advice", "contact", "nowhere") if journey.may_open(key)] == ["event"]
    assert not journey.complete


def test_page_done_opens_the_next_ones_up_to_the_first_open() -> None:
    journey = way(EVENT)

    assert [key for key in ("event", "sound", "advice", "contact") if journey.may_open(key)] == [
        "event",
        "advice",
        "contact",
    ]


def test_answer_brings_up_a_page_and_the_way_waits_there() -> None:
    journey = way({**EVENT, "music": True, **CONTACT})

    assert pages(journey) == [("event", True), ("sound", False), ("advice", True), ("contact", True)]
    assert journey.first_open is FORM.page("sound")
    assert not journey.may_open("contact")
    assert not journey.complete


def test_page_that_does_not_apply_cannot_be_opened() -> None:
    assert not way({**EVENT, **CONTACT}).may_open("sound")


def test_everything_answered_is_complete() -> None:
    journey = way({**EVENT, **CONTACT})

    assert journey.complete
    assert journey.first_open is None


def test_neighbours_skip_pages_that_do_not_apply() -> None:
    without, with_music = way(EVENT), way({**EVENT, "music": True})

    assert [without.after(key) for key in ("event", "contact", "sound", "nowhere")] == [
        FORM.page("advice"),
        None,
        None,
        None,
    ]
    assert with_music.after("event") is FORM.page("sound")
    assert [without.before(key) for key in ("event", "advice")] == [None, FORM.page("event")]


def test_question_that_need_not_be_answered_holds_nobody_up() -> None:
    assert way({**EVENT, "music": True, "band": "B", **CONTACT}).complete


def test_only_answers_that_are_asked_for_count() -> None:
    journey = way({**EVENT, "band": "Hidden", "unknown": 1, "note": "", **CONTACT})

    assert journey.counting == {**EVENT, **CONTACT}


def test_day_that_has_become_too_near_opens_its_page_again() -> None:
    answers = {**EVENT, **CONTACT}

    assert way(answers, TODAY + timedelta(days=5)).complete
    late = way(answers, TODAY + timedelta(days=6))
    assert late.first_open is FORM.page("contact")


def test_no_is_an_answer_and_a_cleared_answer_is_none() -> None:
    assert not way({**EVENT, **CONTACT, "name": None}).complete
    assert not way({**EVENT, **CONTACT, "music": None}).complete


# --- page forms and the way agree --------------------------------------------------------------------------------------

MIXED = definition(
    page(
        "one",
        field("yes_no", "a"),
        field("whole_number", "b", show_when={"field": "a", "equals": True}, required=False),
        field("date", "c", lead_time={"days": 5, "late": "explain"}),
        field("text", "d", show_when={"any": [{"field": "b", "at_least": 10}, {"field": "c", "within_days": 5}]}),
    ),
    page(
        "two",
        field("choices", "e", options=options("x", "y"), required=False),
        show_when={"not": {"field": "a", "equals": True}},
    ),
    page("three", field("date", "f", not_before="c"), field("text", "g", show_when={"field": "e", "contains": "x"})),
    page(
        "four",
        field("applicant", "who", address=False, protection_order=False),
        field("text", "firm", show_when={"field": "who.kind", "equals": "company"}),
        field("period", "time", required=False, required_when={"field": "a", "equals": True}),
        field("address", "place", required=False),
    ),
    page(
        "five",
        field(
            "repeating",
            "stalls",
            fields=[
                field("decimal", "price", required=False),
                field("date", "day", lead_time={"days": 5, "late": "explain"}),
                field("text", "why", show_when={"field": "day", "within_days": 5}),
            ],
            required=False,
            max_rows=2,
        ),
        field("calculated", "total", operation="sum", of=["stalls.price"], decimals=2),
        field("text", "dear", show_when={"field": "total", "at_least": 10}),
    ),
)
WRITTEN = {
    "a": ["yes", "no", "", "maybe"],
    "b": ["", "5", "12"],  # a wrong answer to what need not be answered is refused, but holds nobody up
    "c": ["", "28.2.2027", "2.3.2027", "1.4.2027", "soon"],
    "d": ["", "Because"],
    "e": ["", "x", "y"],
    "f": ["", "1.3.2027", "2.4.2027"],
    "g": ["", "Something"],
    "who-kind": ["", "person", "company"],
    "who-person-given_name": ["", "Test"],
    "who-person-family_name": ["Person"],
    "who-person-email": ["a@example.com"],
    "who-person-phone": ["040 123 4567"],
    "who-company-name": ["", "Example"],
    "who-company-business_id": ["1234567-1"],
    "who-company-contact-given_name": ["Test"],
    "who-company-contact-family_name": ["Person"],
    "who-company-contact-email": ["a@example.com"],
    "who-company-contact-phone": ["040 123 4567"],
    "firm": ["", "Firm"],
    "time-start": ["", "5.6.2027"],
    "time-end": ["", "6.6.2027"],
    "place-street": ["", "Street 1"],
    "place-where": ["", "finland", "abroad"],
    "place-post_code": ["", "00100"],
    "place-town": ["Town"],
    "place-country": ["", "Country"],
    "stalls-count": ["0", "1", "2"],
    "stalls-0-price": [
        "5,50",
        "12",
    ],  # a row with nothing but an answer that is not asked is refused, but holds nobody up
    "stalls-0-day": ["", "1.4.2027", "2.3.2027"],
    "stalls-0-why": ["", "Because"],
    "stalls-1-price": ["", "4,50"],
    "stalls-1-day": ["", "1.4.2027"],
    "dear": ["", "Yes"],
}


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.fixed_dictionaries({key: st.sampled_from(values) for key, values in WRITTEN.items()}))
def test_page_is_done_exactly_when_its_form_was_right(written: dict[str, str]) -> None:
    sent = QueryDict(mutable=True)
    for key, value in written.items():
        if value:
            sent.appendlist(key, value)
    stored: dict[str, Any] = {}
    right: dict[str, bool] = {}

    for each in MIXED.pages:
        form = PageForm(MIXED, each, answers=stored, today=TODAY, data=sent)
        right[each.key] = form.is_valid()
        stored.update(form.kept)

    journey = Journey(MIXED, stored, TODAY)
    assert {stop.page.key: stop.done for stop in journey.stops} == {
        stop.page.key: right[stop.page.key] for stop in journey.stops
    }
    assert journey.complete is (journey.first_open is None)
    assert set(journey.counting) - {"total"} <= {key for key, value in stored.items() if value is not None}
    assert Journey(MIXED, journey.counting, TODAY).counting == journey.counting
