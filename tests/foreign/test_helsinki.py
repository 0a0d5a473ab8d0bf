"""The grant application of a Finnish city becomes a service in three languages."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from apps.services.definition import parse
from tests.foreign import filling, helsinki, sources
from tests.foreign.conversion import Converted
from tests.foreign.markup import from_html

EXPLAINED = ("equality", "inclusion", "environment", "exercise", "activity")


@pytest.fixture
def converted() -> Converted:
    """The form as it was published, converted."""
    source = sources.read("02_helsinki_liikunta_tapahtuma.json")
    dictionary = sources.read("01-02_helsinki_defaultTranslations.json")
    before = copy.deepcopy(source)
    made = helsinki.convert(source, dictionary, key="event-grant")
    assert source == before
    return made


def test_helsinki_everything_is_expressed(converted: Converted) -> None:
    assert converted.account.gaps == []
    assert converted.account.shares() == {
        "components": (54, 54),
        "conditions": (5, 5),
        "fields": (36, 36),
        "validations": (43, 43),
    }
    assert set(converted.account.narrowed) == {
        "kinds of file that are not taken: doc, gif, ppt, pptx, rtf, txt, xls, zip"
    }


def test_helsinki_every_text_is_there_in_three_languages(converted: Converted) -> None:
    definition = parse(converted.document)
    assert definition.languages == ("sv", "fi", "en")
    assert {len(text) for field in definition.fields.values() for text in (field.label.as_json(),) if text} == {3}


def test_helsinki_every_text_the_source_uses_is_said(converted: Converted) -> None:
    """But for words of its own buttons and pages, and the help on files, which a file question here says itself."""
    source = sources.read("02_helsinki_liikunta_tapahtuma.json")
    shared = sources.read("01-02_helsinki_defaultTranslations.json")["translations"]
    known = shared | source["translation"]["translations"]
    used = {text for text in _strings([source["schema"], source["uiSchema"]]) if text in known}
    own_words = {"boolean.yes", "boolean.no", "income_rows.add", "expenditure_rows.add"}
    files = {text for text in used if "ui_help" in text}
    said = {_bare(text) for text in _strings(converted.document)}
    for reference in used - own_words - files:
        for language in ("sv", "fi", "en"):
            wanted = _bare(from_html(known[reference][language]))
            assert any(wanted in text for text in said), (reference, language)


def _strings(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _strings(inner)


def _bare(text: str) -> str:
    return "".join(text.split())


def test_helsinki_limits_and_defaults_are_those_of_the_source(converted: Converted) -> None:
    fields: dict[str, Any] = dict(parse(converted.document).fields)
    assert (fields["event_for_applied_grant"].kind, fields["event_for_applied_grant"].max_length) == ("text", 150)
    assert (fields["event_details"].kind, fields["event_details"].max_length) == ("long_text", 3_000)
    assert fields["equality_radios"].default is False
    assert fields["event_plan_fieldset_file"].required
    assert fields["event_plan_fieldset_file"].max_megabytes == 20
    assert [part.kind for part in fields["income_rows"].fields] == ["text", "money"]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_helsinki_is_filled_in_sent_and_shown_with_every_explanation(converted: Converted, language: str) -> None:
    version = filling.published(converted)
    rows = [{"income_row_description": "Tickets", "income_row_amount": "1200.50"}] * 2
    answers = {"income_rows": rows, "subvention_37": "5000", **{f"{name}_how": f"How {name}" for name in EXPLAINED}}
    case = filling.sent(version, answers, language)
    said = filling.shown(case, language)
    assert [said[f"{name}_how"] for name in EXPLAINED] == [f"How {name}" for name in EXPLAINED]
    assert said["income_rows"].count("Tickets") == 2
    assert case.application.answers["income_group_name"] == "general"
    assert [len(item["sha256"]) for item in case.application.files()] == [64, 64]


@pytest.mark.django_db
def test_helsinki_asks_no_explanation_of_a_no(converted: Converted) -> None:
    version = filling.published(converted)
    case = filling.sent(version, dict.fromkeys((f"{name}_radios" for name in EXPLAINED), False))
    assert not [key for key in filling.shown(case, "en") if key.endswith("_how")]


@pytest.mark.django_db
@pytest.mark.parametrize("name", EXPLAINED)
def test_helsinki_a_yes_demands_its_explanation(converted: Converted, name: str) -> None:
    version = filling.published(converted)
    page = version.definition.pages[0]
    none = dict.fromkeys(f"{other}_radios" for other in EXPLAINED)
    answers: dict[str, Any] = {**dict.fromkeys(none, False), f"{name}_radios": True, f"{name}_how": None}
    form = filling.fill_page(filling.begun(version), page, answers)
    assert list(form.errors) == [f"{name}_how"]
