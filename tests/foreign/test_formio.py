"""Two Form.io forms of a province: a small one is expressed completely, a very large one for the most part, with the gaps named."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from apps.services.definition import parse
from apps.services.pageform import PageForm
from apps.services.publishing import obstacles
from tests import build
from tests.foreign import filling, formio, sources
from tests.foreign.conversion import Converted
from tests.foreign.scripts import Unrecognised, script

APPEAL = "05_bc_sims_studentadditionaltransportationappeal.json"
STUDENT_AID = "04_bc_sims_sfaa2025-26-ft.json"


@pytest.fixture
def appeal() -> Converted:
    """The small form. The programme year, which its surrounding system hands in, is asked."""
    return formio.convert(sources.read(APPEAL), key="transportation-appeal", handed_in_as_questions=("programYear",))


@pytest.fixture
def student_aid() -> Converted:
    """The large form."""
    source = sources.read(STUDENT_AID)
    before = copy.deepcopy(source)
    converted = formio.convert(source, key="student-aid")
    assert source == before
    return converted


# --- the small form: everything ---------------------------------------------------------------------------------------------


def test_appeal_everything_is_expressed(appeal: Converted) -> None:
    assert appeal.account.gaps == []
    assert appeal.account.narrowed == ["transportationCostsFile: .doc", "transportationCostsFile: .txt"]
    looks = {"attrs", "customClass", "optionsLabelPosition", "buttonSettings"}
    assert set(appeal.account.decorations) == looks
    assert appeal.account.shares() == {
        "calculations": (1, 1),
        "components": (25, 25),
        "fields": (10, 10),
        "rules": (17, 17),
        "simple conditions": (3, 3),
        "validations": (1, 1),
    }


def test_appeal_limits_are_those_of_the_source(appeal: Converted) -> None:
    fields: dict[str, Any] = dict(parse(appeal.document).fields)
    file = fields["transportation_costs_file"]
    assert (file.max_files, file.max_megabytes, file.types) == (25, 15, ("pdf", "docx", "jpeg", "png"))
    assert "25" in file.errors.missing.said("en")
    assert (fields["additional_transport_km"].min, fields["additional_transport_km"].max) == (0, 999)
    assert fields["additional_transport_weeks"].max == 52


@pytest.mark.django_db
def test_appeal_is_filled_in_sent_and_shown(appeal: Converted) -> None:
    version = filling.published(appeal)
    case = filling.sent(version, {"additional_transport_km": "12.5", "program_year": "2026"})
    said = filling.shown(case, "en")
    assert said["additional_transport_km"] == "12.5 km"
    assert len(case.application.files()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({"additional_transport_requested": False}, {"additional_transport_requested"}),
        (
            {"additional_transport_requested": True, "additional_transport_listed_driver": False},
            {"additional_transport_requested", "additional_transport_listed_driver"},
        ),
    ],
)
def test_appeal_asks_no_more_than_the_answers_bring_up(
    appeal: Converted, answers: dict[str, Any], asked: set[str]
) -> None:
    version = filling.published(appeal)
    case = filling.sent(version, answers)
    assert set(filling.shown(case, "en")) - {"program_year"} == asked


@pytest.mark.django_db
def test_appeal_takes_as_many_files_as_the_source_and_no_more(appeal: Converted) -> None:
    definition = filling.published(appeal).definition
    files = [SimpleUploadedFile(f"{n}.pdf", filling.PDF) for n in range(26)]
    data = {"additional_transport_requested": "yes", "additional_transport_listed_driver": "yes"}
    form = PageForm(
        definition,
        definition.pages[0],
        answers={},
        today=build.TODAY,
        data=data,
        files=MultiValueDict({"transportation_costs_file": files}),
    )
    assert not form.is_valid()
    assert len(form.uploads["transportation_costs_file"]) == 25
    assert [str(error).split(":")[0] for error in form.errors["transportation_costs_file"]] == ["25.pdf"]


# --- the large form: how much -----------------------------------------------------------------------------------------------


def test_student_aid_shares_are_as_measured(student_aid: Converted) -> None:
    assert student_aid.account.shares() == {
        "calculations": (16, 32),
        "components": (390, 486),
        "conditions that change a setting": (0, 1),
        "fields": (138, 185),
        "rules": (181, 184),
        "scripted conditions": (6, 36),
        "simple conditions": (77, 81),
        "validations": (27, 33),
    }


def test_student_aid_nothing_is_dropped_silently(student_aid: Converted) -> None:
    source = sources.read(STUDENT_AID)
    there, account = list(formio.components(source)), student_aid.account
    assert account.there["components"] == len(there)
    assert account.there["simple conditions"] == sum(bool((c.get("conditional") or {}).get("when")) for c in there)
    assert account.there["scripted conditions"] == sum(bool(c.get("customConditional")) for c in there)
    assert account.there["calculations"] == sum(bool(c.get("calculateValue")) for c in there)
    assert account.there["validations"] == sum(bool((c.get("validate") or {}).get("custom")) for c in there)
    for what, count in account.there.items():
        assert count - account.expressed[what] == sum(account.reasons(what).values())


def test_student_aid_every_scripted_condition_is_recognised() -> None:
    """Their form is not what stands in the way: the values they look at are."""
    recognised: Counter[str] = Counter()
    for component in formio.components(sources.read(STUDENT_AID)):
        for name in ("customConditional", "calculateValue"):
            if component.get(name):
                try:
                    script(component[name])
                except Unrecognised:
                    continue
                recognised[name] += 1
    assert recognised == {"customConditional": 36, "calculateValue": 20}


def test_student_aid_reasons_are_as_documented(student_aid: Converted) -> None:
    reasons = student_aid.account.reasons
    assert reasons("scripted conditions") == {formio.HOST: 29, formio.LATER: 1}
    assert reasons("components") == {
        formio.HOST: 18,
        formio.READ_ONLY: 8,
        formio.NEVER: 35,
        formio.QUOTES: 20,
        formio.FILE_IN_ROW: 3,
        formio.REMOTE: 3,
        "a text with values in it": 3,
        "a call of a function": 3,
        "a value taken apart": 2,
        "arithmetic": 1,
    }
    assert reasons("simple conditions") == {formio.HOST: 3, "a call of a function": 1}
    assert reasons("validations") == {
        formio.FILE_IN_ROW: 3,
        "a date between two dates handed in by the surrounding system": 1,
        "a date at most so many days after another": 1,
        "an answer that no other row has": 1,
    }
    assert reasons("calculations") == {
        formio.HOST: 3,
        "a call of a function": 3,
        "a copied object": 3,
        "a text with values in it": 3,
        "a value taken apart": 2,
        "arithmetic": 1,
        "a statement that changes another answer": 1,
    }


def test_student_aid_can_be_published(student_aid: Converted) -> None:
    assert obstacles(parse(student_aid.document)) == []


INDEPENDENT = {
    "relationship_status": "single",
    "has_dependents": False,
    "out_of_high_school_for4_years": True,
    "youth_in_care": False,
    "parents_deceased": False,
    "estranged_from_parents": False,
    "fulltimelabour_force": False,
}


@pytest.mark.thorough
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "status", "pages"),
    [
        (INDEPENDENT, "independant", ["page3", "page2", "page4", "page5"]),
        (
            INDEPENDENT | {"relationship_status": "married"},
            "independant",
            ["page3", "page2", "page7", "page4", "page5"],
        ),
        (INDEPENDENT | {"has_dependents": True}, "independant", ["page3", "page2", "page8", "page4", "page5"]),
        (
            INDEPENDENT | {"out_of_high_school_for4_years": False},
            "dependant",
            ["page3", "page2", "page6", "page4", "page5"],
        ),
    ],
)
def test_student_aid_is_filled_in_by_every_way(
    student_aid: Converted, answers: dict[str, Any], status: str, pages: list[str]
) -> None:
    version = filling.published(student_aid)
    application = filling.begun(version)
    assert filling.fill(application, answers) == pages
    case = filling.intake.send(application, at=build.NOW)
    sent = case.application.answers
    assert sent["dependantstatus"] == status
    assert sent["restrictions"] == ["E2"]
    said = filling.shown(case, "en")
    assert said["citizenship"] == "Canadian citizen"
    assert ("bc_resident" in said, "parentbc_resident" in said) == (status == "independant", status == "dependant")


@pytest.mark.django_db
def test_student_aid_branches_within_rows(student_aid: Converted) -> None:
    version = filling.published(student_aid)
    rows = [
        {"parent_full_name": "Example One", "parent_is_able_to_report": True, "has_current_year_parent_income": False},
        {
            "parent_full_name": "Example Two",
            "parent_is_able_to_report": False,
            "has_current_year_parent_income": True,
            "parent_current_year_income_confirmation": True,
            "current_year_parent_income": "1000",
            "reason_significant_decrease_in_parent_income": "other",
            "other_exceptional_parent_circumstance": "An example",
        },
    ]
    answers = INDEPENDENT | {"out_of_high_school_for4_years": False, "parents": rows}
    case = filling.sent(version, answers)
    assert case.application.answers["parents"][0] == rows[0]
    assert case.application.answers["parents"][1]["other_exceptional_parent_circumstance"] == "An example"
    assert "Example Two" in filling.shown(case, "en")["parents"]
