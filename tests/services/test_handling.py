"""What a definition says of how its cases are looked after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils.translation import override

from apps.services.definition import parse
from apps.services.handling import HandlingLimit, Records, keep_words, limit_words, records_words
from apps.services.publishing import obstacles
from apps.services.reading import Unreadable
from apps.services.texts import NO_TEXT, Texts
from tests.build import document, said

LIMIT = {"length": 30, "unit": "days"}
RECORDS = {"function": "10 03 00", "publicity": 1, "personal_data": 2, "retention_years": 10}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


def problems(**more: Any) -> list[str]:
    with pytest.raises(Unreadable) as refused:
        parse(document(schema=2, **more))
    return [str(problem) for problem in refused.value.problems]


def test_a_definition_that_says_nothing_of_it_has_no_limit_no_plan_and_is_kept() -> None:
    read = parse(document(schema=2))

    assert (read.handling_limit, read.keep_days, read.records, read.own_service) == (None, 0, None, NO_TEXT)


def test_a_limit_is_from_arrival_and_warns_a_week_before_unless_it_says_otherwise() -> None:
    assert parse(document(schema=2, handling_limit=LIMIT)).handling_limit == HandlingLimit(
        length=30, unit="days", counted_from="arrival", warn_days=7, shown=False, ground=NO_TEXT
    )


def test_everything_that_is_said_is_read() -> None:
    limit = {
        "length": 2,
        "unit": "years",
        "from": "completeness",
        "warn_days": 60,
        "shown": True,
        "ground": said("Act"),
    }
    plan = {**RECORDS, "retention_ground": said("Act"), "secrecy_ground": said("Section 24")}
    read = parse(document(schema=2, handling_limit=limit, keep_days=730, records=plan))

    assert read.handling_limit == HandlingLimit(
        length=2, unit="years", counted_from="completeness", warn_days=60, shown=True, ground=Texts(said("Act"))
    )
    assert read.keep_days == 730
    assert read.records == Records(
        function="10 03 00",
        publicity=1,
        personal_data=2,
        retention_years=10,
        retention_ground=Texts(said("Act")),
        secrecy_ground=Texts(said("Section 24")),
    )


@pytest.mark.parametrize(
    ("unit", "longest"), [("days", 3_650), ("working_days", 2_500), ("months", 120), ("years", 10)]
)
def test_a_limit_is_at_most_about_ten_years(unit: str, longest: int) -> None:
    parse(document(schema=2, handling_limit={"length": longest, "unit": unit}))

    assert problems(handling_limit={"length": longest + 1, "unit": unit}) == [
        f"handling_limit.length: this must be a whole number from 1 to {longest}."
    ]


def test_what_is_wrong_is_said_in_words_with_its_place() -> None:
    assert problems(
        handling_limit={"length": 0, "unit": "weeks", "from": "dawn", "warn_days": -1},
        keep_days=-1,
        records={**RECORDS, "function": "noise", "publicity": 5, "retention_years": -2},
    ) == [
        "handling_limit.unit: this must be one of: days, working_days, months, years.",
        "handling_limit.length: this must be a whole number from 1 to 3650.",
        "handling_limit.from: this must be one of: arrival, completeness.",
        "handling_limit.warn_days: this must be a whole number from 0 to 365.",
        "keep_days: this must be a whole number from 0 to 36500.",
        "records.function: this must be a class of the functional classification, such as 10 03 00.",
        "records.publicity: this must be a whole number from 1 to 4.",
        "records.retention_years: this must be a whole number from -1 to 500.",
    ]


def test_what_is_missing_is_said_once() -> None:
    assert problems(handling_limit={}, records={}) == [
        "handling_limit.length: this element is missing.",
        "handling_limit.unit: this element is missing.",
        "records.function: this element is missing.",
        "records.publicity: this element is missing.",
        "records.personal_data: this element is missing.",
        "records.retention_years: this element is missing.",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com",
        "https://e-service.example.com:8443/sv/a?b=c&d=%20#e",
        "http://127.0.0.1:8000/",
        "http://localhost/",
    ],
)
def test_one_address_may_be_for_all_languages(address: str) -> None:
    assert parse(document(schema=2, own_service={"sv": address})).own_service.said("fi") == address


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/",
        "https://",
        "https://-example.com/",
        "https://user@example.com/",
        'https://example.com/"><b>',
        "https://example.com\\@other.example.com/",
        "https://example.com/\nx",
        "javascript:alert(1)",
        "example.com",
    ],
)
def test_another_address_is_refused(address: str) -> None:
    assert "own_service.sv: this must be an address that begins with https://." in problems(own_service={"sv": address})


def test_several_addresses_are_one_for_each_language_of_the_service() -> None:
    addresses = {"sv": "https://example.com/sv/", "en": "https://example.com/en/"}

    assert problems(own_service=addresses) == [
        "own_service.fi: the address is missing in this language. Give one for each language, or one alone for all."
    ]
    assert parse(document(schema=2, languages=["sv", "en"], own_service=addresses)).own_service


def test_the_ground_of_a_limit_is_needed_in_every_language_before_publishing() -> None:
    read = parse(document(schema=2, handling_limit={**LIMIT, "ground": {"sv": "Lag", "fi": "Laki"}}))

    assert [problem.path for problem in obstacles(read)] == ["handling_limit.ground.en"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "30 days from arrival, with a warning 7 days before, not shown to the customer"),
        (
            {"length": 1, "unit": "working_days", "warn_days": 1, "shown": True},
            "1 working day from arrival, with a warning 1 day before, shown to the customer",
        ),
        (
            {"length": 3, "unit": "months", "from": "completeness", "warn_days": 0},
            "3 months from when the matter is complete, without a warning, not shown to the customer",
        ),
        (
            {"length": 1, "unit": "years", "from": "completeness", "shown": True},
            "1 year from when the matter is complete, with a warning 7 days before, shown to the customer",
        ),
    ],
)
def test_a_limit_in_words(more: Any, words: str) -> None:
    assert limit_words(parse(document(schema=2, handling_limit={**LIMIT, **more})).handling_limit) == words


def test_without_a_limit_there_are_no_words() -> None:
    assert limit_words(None) == ""


def test_how_long_a_case_is_kept_in_words() -> None:
    assert [keep_words(days) for days in (0, 1, 730)] == [
        "until somebody deletes it",
        "1 day after the case was closed",
        "730 days after the case was closed",
    ]


@pytest.mark.parametrize(
    ("publicity", "personal_data", "years", "words"),
    [
        (1, 1, -1, ["10 03 00", "public", "no personal data", "kept permanently"]),
        (2, 2, 1, ["10 03 00", "partly secret", "has personal data", "1 year"]),
        (3, 3, 10, ["10 03 00", "secret", "has sensitive personal data", "10 years"]),
        (4, 1, 0, ["10 03 00", "public by discretion", "no personal data", "0 years"]),
    ],
)
def test_the_plan_for_the_records_in_words(publicity: int, personal_data: int, years: int, words: list[str]) -> None:
    plan = {"function": "10 03 00", "publicity": publicity, "personal_data": personal_data, "retention_years": years}

    assert [said for _what, said in records_words(parse(document(schema=2, records=plan)).records)] == words


def test_without_a_plan_there_is_nothing_to_say() -> None:
    assert records_words(None) == []
