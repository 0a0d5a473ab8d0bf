"""Personal identity codes are sealed in the database wherever they stand, and plain to who has the key."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from apps.applications.models import Application
from apps.people.models import Customer
from apps.people.sealing import NoKey, SealingSerializer, holds_code, index, indexes, opened, sealed
from apps.services.filetypes import plain_name
from tests import build

CODE = "010190-999W"
NEW_KEY, OLD_KEY = "a key that came later: " + "n" * 40, "a key that was first: " + "o" * 40


def stored(table: str, column: str) -> str:
    """Everything of a column as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")  # noqa: S608 (names of this test)
        return json.dumps([str(row[0]) for row in cursor.fetchall()])


@pytest.mark.parametrize(
    "text", [CODE, "010190y999w", "Min kod är 010190-999W.", "(010190Y999W)", "fi: 010190-999W, 010190-999W"]
)
def test_a_code_is_seen_wherever_it_stands(text: str) -> None:
    assert holds_code(text)


@pytest.mark.parametrize("text", ["", "010190-999A", "1010190-999W", "010190-999WK", "2026-11-25", "FE-2026-000001"])
def test_what_is_no_code_is_left_alone(text: str) -> None:
    assert not holds_code(text)
    assert sealed(text) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(CODE) | st.just(f"kod {CODE}"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_sealed_opens_as_it_was_and_shows_no_code(value: Any) -> None:
    shut = sealed(value)

    assert opened(shut) == value
    if CODE not in str(_keys(value)):
        assert CODE not in json.dumps(shut)


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    return [key for item in value for key in _keys(item)] if isinstance(value, list) else []


@pytest.mark.django_db
def test_answers_with_a_code_are_sealed_in_the_database_and_plain_in_the_house() -> None:
    answers = {"who": {"code": CODE, "given_name": "Test"}, "rows": [{"code": CODE}], "free": f"I am {CODE}"}

    paper = build.application(answers=answers)

    assert CODE not in stored("applications_application", "answers")
    assert Application.objects.get(pk=paper.pk).answers == answers


@pytest.mark.django_db
def test_a_customers_code_is_sealed_whole() -> None:
    who = build.customer()
    who.identity_code = "CUSTOM-EIDAS-1"
    who.save()

    assert "CUSTOM" not in stored("people_customer", "identity_code")
    assert Customer.objects.get(pk=who.pk).identity_code == "CUSTOM-EIDAS-1"


@pytest.mark.django_db
def test_keys_are_changed_without_losing_anybody(settings: Settings) -> None:
    settings.IDENTITY_CODE_KEYS = [OLD_KEY]
    who = Customer.objects.create(way="oidc", subject=index(CODE), identity_code=CODE)
    paper = build.application(by=who, answers={"code": CODE, "title": "x"})

    settings.IDENTITY_CODE_KEYS = [NEW_KEY, OLD_KEY]
    assert Customer.objects.get(subject__in=indexes(CODE)) == who
    call_command("reseal", stdout=StringIO())
    settings.IDENTITY_CODE_KEYS = [NEW_KEY]

    assert Customer.objects.get(subject=index(CODE)).identity_code == CODE
    assert Application.objects.get(pk=paper.pk).answers["code"] == CODE


@pytest.mark.django_db
def test_without_the_key_nothing_opens(settings: Settings) -> None:
    settings.IDENTITY_CODE_KEYS = [OLD_KEY]
    paper = build.application(answers={"code": CODE})
    settings.IDENTITY_CODE_KEYS = [NEW_KEY]

    with pytest.raises(NoKey):
        Application.objects.get(pk=paper.pk)


@pytest.mark.django_db
def test_resealing_seals_what_was_stored_before_there_was_a_seal() -> None:
    paper = build.application(answers={"code": CODE})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE applications_application SET answers = %s", [json.dumps({"code": CODE})])
    assert CODE in stored("applications_application", "answers")

    call_command("reseal", stdout=StringIO())

    assert CODE not in stored("applications_application", "answers")
    assert Application.objects.get(pk=paper.pk).answers == {"code": CODE}


def test_sessions_hold_no_code_in_the_clear() -> None:
    written = SealingSerializer().dumps({"message": f"You had answered: {CODE}", "n": 1})

    assert CODE.encode() not in written
    assert SealingSerializer().loads(written) == {"message": f"You had answered: {CODE}", "n": 1}


@pytest.mark.django_db
def test_a_code_written_in_a_message_or_a_request_is_sealed_in_the_database() -> None:
    case = build.case()
    handler = build.official()
    case.take_step("reply", by=case.application.customer, text=f"I am {CODE}.")
    case.take_step("take_up", by=handler)
    due = build.TODAY.replace(year=build.TODAY.year + 40)
    case.take_step("request_supplement", by=handler, text=f"Are you {CODE}?", due=due, fields=[])
    case.take_step("resume", by=handler)
    case.take_step("close", by=handler, outcome="noted", text=f"Noted of {CODE}.")

    for table, column in (
        ("cases_event", "data"),
        ("cases_supplementrequest", "text"),
        ("cases_case", "outcome_text"),
    ):
        assert CODE not in stored(table, column)
    case.refresh_from_db()
    assert case.outcome_text == f"Noted of {CODE}."
    assert CODE in case.events.get(kind="reply").data["text"]
    assert CODE in case.supplement_requests.get().text


@pytest.mark.django_db
def test_keys_are_changed_for_who_has_no_finnish_code_too(settings: Settings) -> None:
    settings.IDENTITY_CODE_KEYS = [OLD_KEY]
    who = Customer.objects.create(way="oidc", subject=index("foreign XE/FI/1"), known_by="foreign XE/FI/1")

    settings.IDENTITY_CODE_KEYS = [NEW_KEY, OLD_KEY]
    call_command("reseal", stdout=StringIO())
    settings.IDENTITY_CODE_KEYS = [NEW_KEY]

    assert Customer.objects.get(subject=index("foreign XE/FI/1")) == who


def test_a_file_name_holds_no_code() -> None:
    assert plain_name(f"hetu {CODE}.pdf", (".pdf",)) == "hetu xxxxxx-xxxx.pdf"
    assert plain_name("plan 2026-11-25.pdf", (".pdf",)) == "plan 2026-11-25.pdf"


@pytest.mark.parametrize("text", ["010190–999W", f"hetu{CODE}"])
def test_a_code_is_seen_however_it_is_written(text: str) -> None:
    assert holds_code(text)
