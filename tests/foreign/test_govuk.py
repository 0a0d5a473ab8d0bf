"""The GOV.UK form with every type of question becomes a service that can be filled in."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from apps.services.definition import parse
from apps.services.publishing import obstacles
from tests.foreign import filling, govuk, sources


@pytest.fixture(scope="module")
def source() -> Any:
    """The form as it was published."""
    return sources.read("10_govuk_all_question_types_form.json")


def welsh(source: Any) -> Any:
    """A twin in another language, as that system keeps it; the texts are marked, not translated."""
    twin = copy.deepcopy(source)
    twin["name"] = f"[cy] {twin['name']}"
    for step in twin["steps"]:
        step["data"]["question_text"] = f"[cy] {step['data']['question_text']}"
    return twin


def test_govuk_everything_is_expressed(source: Any) -> None:
    converted = govuk.convert(source)
    assert converted.account.gaps == []
    assert converted.account.shares() == {"components": (13, 13), "fields": (9, 9), "validations": (7, 7)}
    definition = parse(converted.document)
    kinds = [field.kind for field in definition.fields.values() if field.asks]
    assert kinds == ["text", "decimal", *["text"] * 5, "email", "date", "text", "phone", "choices", "long_text"]
    optional = [field.key for field in definition.fields.values() if field.asks and not field.required]
    assert optional == ["address_line_2", "county", "selection_from_a_list_of_options", "multiple_lines_of_text"]


def test_govuk_steps_follow_the_links_and_not_the_list(source: Any) -> None:
    turned = {**source, "steps": list(reversed(source["steps"]))}
    assert govuk.convert(turned).document == govuk.convert(source).document


def test_govuk_welsh_rides_along_without_being_required(source: Any) -> None:
    definition = parse(govuk.convert(source, twins={"cy": welsh(source)}).document)
    assert definition.languages == ("en",)
    assert definition.fields["number"].label.said("cy") == "[cy] Number"
    assert obstacles(definition) == []


@pytest.mark.django_db
def test_govuk_is_filled_in_sent_and_shown(source: Any) -> None:
    version = filling.published(govuk.convert(source, twins={"cy": welsh(source)}))
    answers = {
        "single_line_of_text": "An example",
        "number": "12.75",
        "address_line_1": "Example Street 1",
        "town_or_city": "Exampleton",
        "postcode": "AA1 1AA",
        "address_line_2": None,
        "national_insurance_number": "AA 12 34 56 A",
        "phone_number": "+442079460000",
        "selection_from_a_list_of_options": ["option_1", "option_3"],
    }
    case = filling.sent(version, answers)
    said = filling.shown(case, "en")
    assert said["number"] == "12.75"
    assert said["national_insurance_number"] == "AA 12 34 56 A"
    assert said["selection_from_a_list_of_options"] == "Option 1\nOption 3"
    assert said["todays_date"] == "2.3.2027"
    in_welsh = {line.label for section in case.application.sheet("cy") for line in section.lines}
    assert "[cy] Phone number" in in_welsh


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["AA 12 34 56", "A1 23 45 67 A", "AA 12 34 5X A"])
def test_govuk_refuses_what_is_no_insurance_number(source: Any, wrong: str) -> None:
    version = filling.published(govuk.convert(source))
    page = next(p for p in version.definition.pages if "national_insurance_number" in {f.key for f in p.fields})
    form = filling.fill_page(filling.begun(version), page, {"national_insurance_number": wrong})
    assert list(form.errors) == ["national_insurance_number"]
