"""Documents of older schemas: kept examples are read for ever, and what is stored of them is never touched."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from apps.services.definition import SCHEMA, digest_of, load, parse
from apps.services.exchange import export_service, import_service
from apps.services.fieldtypes.base import LeadTime
from apps.services.reading import Unreadable
from apps.services.upgrades import NEWEST, STEPS, upgraded
from tests.build import NOW, authority, document, field, page

KEPT = sorted(Path(__file__).with_name("old_documents").glob("*.json"))


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.name)
def test_a_kept_example_is_read(file: Path) -> None:
    assert parse(load(file.read_text(encoding="utf-8"))).pages


def test_there_is_a_kept_example_of_every_older_schema() -> None:
    kept = {load(file.read_text(encoding="utf-8"))["schema"] for file in KEPT}

    assert kept == set(range(1, NEWEST)) == set(STEPS)
    assert SCHEMA == NEWEST


def test_the_lead_times_of_schema_1_count_all_days() -> None:
    definition = parse(load(KEPT[0].read_text(encoding="utf-8")))

    (row,) = definition.fields["concerts"].parts()
    assert definition.lead_time == LeadTime(days=7, late="explain", unit="days")
    assert row.notice() == LeadTime(days=3, late="refuse", unit="days")


def test_schema_2_must_say_which_days_count() -> None:
    silent = field("date", "day", lead_time={"days": 5})

    with pytest.raises(Unreadable) as caught:
        parse(document(page("first", silent), schema=2))

    assert [problem.path for problem in caught.value.problems] == ["pages[0].fields[0].lead_time.unit"]


def test_a_document_is_not_changed_by_being_upgraded() -> None:
    old = load(KEPT[0].read_text(encoding="utf-8"))
    before = copy.deepcopy(old)

    newer = upgraded(old)

    assert old == before
    assert newer["schema"] == NEWEST
    assert upgraded(newer) is newer


@pytest.mark.django_db
def test_what_is_stored_keeps_its_text_and_digest() -> None:
    authority()
    text = KEPT[0].read_text(encoding="utf-8")

    version, _is_new = import_service(text, at=NOW)
    version.refresh_from_db()

    assert version.document == export_service("street-music") == text
    assert version.digest == digest_of(json.loads(text))
    assert version.definition.lead_time == LeadTime(days=7, late="explain", unit="days")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"schema": 1},
        {"schema": True},
        {"schema": 1.0},
        {"schema": [1]},
        {"schema": 1, "pages": None},
        {
            "schema": 1,
            "pages": [None, {"fields": 3}, {"fields": [1, {"lead_time": 5}, {"fields": [{"lead_time": []}]}]}],
        },
    ],
)
def test_a_step_leaves_what_is_wrong_to_the_reader(wrong: Any) -> None:
    upgraded(wrong)

    with pytest.raises(Unreadable):
        parse(wrong)
