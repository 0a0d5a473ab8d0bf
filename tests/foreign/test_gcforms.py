"""The Canadian form in two languages becomes a service that requires one and keeps both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.services.definition import parse
from apps.services.publishing import obstacles
from tests.foreign import filling, gcforms, sources
from tests.foreign.markup import from_markdown


@pytest.fixture(scope="module")
def source() -> Any:
    """The form as it was published."""
    return sources.read("09_gc_tsb_general_enquiries.json")


def test_gcforms_everything_is_expressed(source: Any) -> None:
    converted = gcforms.convert(source, key="general-enquiries")
    assert converted.account.gaps == []
    assert converted.account.decorations == ["brand"]
    assert converted.account.shares() == {"components": (9, 9), "fields": (6, 6), "validations": (4, 4)}


def test_gcforms_every_text_is_kept_in_both_languages(source: Any) -> None:
    definition = parse(gcforms.convert(source, key="general-enquiries").document)
    assert definition.languages == ("en",)
    assert definition.name.said("fr") == source["titleFr"]
    for field in definition.fields.values():
        assert [name for name, text in field.all_texts().items() if text.lacks(["en", "fr"])] == []


def test_gcforms_every_text_of_the_source_is_said(source: Any) -> None:
    document = json.dumps(gcforms.convert(source, key="general-enquiries").document, ensure_ascii=False)
    properties = [element["properties"] for element in source["elements"]]
    texts = [
        said[name] for said in properties for name in said if name.startswith(("title", "description", "placeholder"))
    ]
    texts += [text for said in properties for choice in said.get("choices", []) for text in choice.values()]
    for text in texts:
        first, *_rest = from_markdown(text).split("\n\n") if text else [""]
        assert first in document


def test_gcforms_a_service_that_requires_french_lacks_only_what_the_source_does_not_say(source: Any) -> None:
    document = gcforms.convert(source, key="general-enquiries").document
    lacking = {problem.path for problem in obstacles(parse({**document, "languages": ["en", "fr"]}))}
    assert lacking == {f"{name}.fr" for name in ("summary", "for_whom", "legal_ground", "price", "at_hand")}


@pytest.mark.django_db
def test_gcforms_is_filled_in_sent_and_shown_in_both_languages(source: Any) -> None:
    version = filling.published(gcforms.convert(source, key="general-enquiries"))
    answers = {
        "what_kind_of_information_do_you_need": ["statistics", "other"],
        "if_you_checked_other_please_specify": "An example",
        "notifications": None,
    }
    case = filling.sent(version, answers)
    choice = next(e for e in source["elements"] if e["id"] == 4)["properties"]["choices"]
    for language in ("en", "fr"):
        said = filling.shown(case, language)
        assert said["what_kind_of_information_do_you_need"] == f"{choice[4][language]}\n{choice[6][language]}"
        assert said["notifications"] == ""


@pytest.mark.django_db
def test_gcforms_asks_for_what_is_required(source: Any) -> None:
    version = filling.published(gcforms.convert(source, key="general-enquiries"))
    nothing = dict.fromkeys(version.definition.fields)
    form = filling.fill_page(filling.begun(version), version.definition.pages[0], nothing)
    assert set(form.errors) == {"full_name", "email", "message"}
