"""The library: nine real services that anyone can import, fill in and send, in three languages; and what is said of the format."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils.datastructures import MultiValueDict
from django.utils.translation import override

from apps.applications.journey import Journey
from apps.cases.rulebook import OUTCOMES
from apps.services.conditions import ALWAYS, OPERATORS, Comparison, Condition, Every, read_condition
from apps.services.definition import Definition, load, parse, read_page
from apps.services.exchange import as_json
from apps.services.fieldtypes import REGISTER, Field
from apps.services.fieldtypes.base import LeadTime
from apps.services.fieldtypes.composed import Composite
from apps.services.fieldtypes.derived import Derived
from apps.services.models import Service, Version
from apps.services.pageform import PageForm
from apps.services.publishing import obstacles
from apps.services.reading import Reader, flag
from apps.services.texts import LANGUAGES, Texts
from tests import build
from tests.build import TODAY

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = sorted((ROOT / "apps/services/library").glob("*.json"))
# The services. Surveys and the form for joining lie beside them, and have tests of their own.
FILES = {path.stem: path for path in LIBRARY if not path.stem.startswith("survey-") and path.stem != "joining"}
DOCUMENTATION = (ROOT / "docs/definition.md").read_text("utf-8")
EVERY_FILE = pytest.mark.parametrize("key", FILES)

SAME_IN_ALL_LANGUAGES = {"dB", "m", "m²", "ha", "kW"}
ALWAYS_REQUIRED = {
    "public-event": {
        *("organiser_kind", "organiser_phone", "organiser_email"),
        *("organiser_address", "organiser_post_code", "organiser_town", "on_behalf"),
        *("event_name", "event_purpose", "event_programme", "audience_total"),
        *("event_place", "event_address", "event_municipality", "place_is_own"),
        *("start_date", "start_time", "end_date", "end_time"),
        *("alcohol", "open_fire", "music", "structures", "responsible_same", "stewards", "traffic", "declaration"),
    },
    "rescue-plan": {
        *("organiser_kind", "organiser_phone", "organiser_email"),
        *("organiser_address", "organiser_post_code", "organiser_town", "on_behalf"),
        *("event_name", "plan_reasons", "audience_at_once", "audience_reasons"),
        *("event_place", "event_address", "event_municipality"),
        *("start_date", "start_time", "end_date", "end_time", "event_timetable", "risk_assessment"),
        *("safety_name", "safety_phone", "safety_email", "traffic_control"),
        *("instructions_staff", "instructions_audience", "area_map", "declaration"),
    },
    "noise-notification": {
        *("organiser_kind", "organiser_phone", "organiser_email"),
        *("organiser_address", "organiser_post_code", "organiser_town", "on_behalf"),
        *("continuation", "activity_kind", "activity_description", "event_place", "event_address"),
        *("event_municipality", "start_date", "end_date", "activity_times", "noise_day", "at_night", "noise_known_by"),
        *("vibration", "environmental_effects", "prevention_measures", "other_permits", "payer_same", "declaration"),
    },
    "fireworks": {
        *("fireworks_kind", "occasion", "event_name", "organiser_kind", "organiser_phone", "organiser_email"),
        *("organiser_address", "organiser_post_code", "organiser_town", "on_behalf"),
        *("event_place", "event_address", "event_municipality", "place_is_own", "start_date", "start_time", "end_time"),
        *("articles", "fireworks_storage", "responsible_same", "igniters", "audience_at_once", "distance_audience"),
        *("distance_buildings", "safety_measures", "area_map"),
    },
    "food-at-events": {
        *("informant_role", "organiser_kind", "organiser_phone", "organiser_email"),
        *("organiser_address", "organiser_post_code", "organiser_town", "on_behalf"),
        *("event_place", "event_address", "event_municipality", "start_date", "start_time", "end_date", "end_time"),
        *("premises", "foods", "prepared_on_site", "temperature", "water_source", "hand_washing", "waste", "sellers"),
    },
    "alcohol-serving": {
        *("place_approved", "own_licence", "organiser_kind", "organiser_phone", "organiser_email"),
        *("organiser_address", "organiser_post_code", "organiser_town", "on_behalf"),
        *("event_name", "event_programme", "audience_total", "applicant_organises", "many_minors"),
        *("event_place", "event_address", "event_municipality", "start_date", "start_time", "end_date", "end_time"),
        *("extended_hours", "beverages", "serving_areas", "sanitary_facilities"),
        *("persons_in_charge", "serving_staff", "stewards", "serving_supervision"),
        *("invoice", "serving_area_plan", "place_possession"),
    },
    "public-area-use": {
        *("organiser_kind", "organiser_phone", "organiser_email"),
        *("organiser_address", "organiser_post_code", "organiser_town", "on_behalf"),
        *("area_use", "event_name", "area_use_description", "audience_total", "responsible_same"),
        *("event_place", "event_address", "event_municipality"),
        *("building_days", "start_date", "start_time", "end_date", "end_time", "dismantling_days"),
        *("reserved_area", "structures", "traffic", "alcohol", "food", "lottery", "music_noise", "special_risks"),
        *("payer_same", "area_map"),
    },
    "renewable-project": {
        *("applicant", "developer_same", "on_behalf", "project_name", "project_kind", "project_description"),
        *("energy_form", "produces_electricity", "produces_heat", "storage", "project_municipality", "site"),
        *("land_right", "planning", "protected_area", "grid_connection", "permits_needed", "impact_assessment"),
        *("invoice", "area_map"),
    },
    "tobacco-retail": {
        *("applicant", "on_behalf", "revoked", "sale_mode", "event_place", "event_municipality", "earlier_licence"),
        *("start_date", "products", "sales_points", "tobacco_control_plan", "control_person", "invoice"),
    },
}


def definition(key: str) -> Definition:
    """The definition of a file."""
    return parse(load(FILES[key].read_text("utf-8")))


def files_with(field: str) -> pytest.MarkDecorator:
    """Only for the files that ask this."""
    return pytest.mark.parametrize("key", [key for key in FILES if field in definition(key).fields])


def texts_in(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of a document, with its path."""
    if isinstance(value, dict) and value.keys() <= set(LANGUAGES):
        yield path, value
    elif isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts_in(item, f"{path}.{name}")


def samples(of: Definition, **given: Any) -> dict[str, Any]:
    """An answer to every question, with those that are given; a day that must follow another is that day."""
    answers = {field.key: field.sample(TODAY) for field in of.fields.values() if field.asks} | given
    for field in of.fields.values():
        earlier = getattr(field, "not_before", "")
        if earlier and field.key not in given:
            answers[field.key] = answers[earlier]
    return answers


def controls(field: Field, kept: Any, name: str) -> Iterator[tuple[str, Any]]:
    """What a browser sends of a question, its rows and parts among it, when this answer has been typed in."""
    if isinstance(kept, dict):
        for part in field.parts():
            yield from controls(part, kept.get(part.key), f"{name}-{part.key}")
    elif isinstance(kept, list) and field.parts():
        yield f"{name}-count", len(kept)
        for n, row in enumerate(kept):
            for part in field.parts():
                yield from controls(part, row.get(part.key), f"{name}-{n}-{part.key}")
    elif field.asks and kept is not None:
        control = field.recall(kept)
        for value in control if isinstance(control, list) else [control]:
            if value not in (None, "", False):  # as a browser, which sends no box that is not ticked
                yield name, "on" if value is True else value


def posted(
    fields: tuple[Field, ...], answers: dict[str, Any]
) -> tuple[MultiValueDict[str, Any], MultiValueDict[str, Any]]:
    """What a browser sends for a page: its controls, and its files."""
    data: MultiValueDict[str, Any] = MultiValueDict()
    files: MultiValueDict[str, Any] = MultiValueDict()
    for field in fields:
        if field.carries_file:
            files.appendlist(field.key, SimpleUploadedFile("exempel.pdf", build.PDF))
            continue
        for name, value in controls(field, answers.get(field.key), field.key):
            data.appendlist(name, str(value))
    return data, files


def kept_after(of: Definition, given: dict[str, Any]) -> dict[str, Any]:
    """The answers stored after filling in every page that applies."""
    answers: dict[str, Any] = {}
    for page in of.pages:
        if page.show_when.holds(answers, TODAY):
            data, files = posted(page.asked, given)
            form = PageForm(of, page, answers=answers, today=TODAY, data=data, files=files)
            assert form.is_valid(), form.summary
            answers |= form.kept | {name: of.fields[name].sample(TODAY) for name in form.uploads}
    return answers


def question_at(path: str, of: Definition) -> Field:
    """The question, or the part of one, that a comparison looks at."""
    key, _dot, part = path.partition(".")
    return next((one for one in of.fields[key].parts() if one.key == part), of.fields[key])


def answers_at(values: dict[str, Any], of: Definition) -> dict[str, Any]:
    """The answers with these values at these paths."""
    answers: dict[str, Any] = {}
    for path, value in values.items():
        key, _dot, part = path.partition(".")
        answers[key] = of.fields[key].sample(TODAY) | {part: value} if part else value
    return answers


def comparisons(condition: Condition, of: Definition) -> Iterator[Comparison]:
    """What a condition compares; instead of a value that follows from answers, the answers that it follows from."""
    for comparison in condition.comparisons():
        field = question_at(comparison.field, of)
        if isinstance(field, Derived):
            for value in field.values:
                yield from comparisons(value.when, of)
        else:
            yield comparison


def candidates(condition: Condition, of: Definition) -> Iterator[dict[str, Any]]:
    """Answers to try a condition with."""
    tried: dict[str, list[Any]] = {}
    for comparison in comparisons(condition, of):
        value, field = comparison.value, question_at(comparison.field, of)
        values = tried.setdefault(comparison.field, [None, field.sample(TODAY)])
        if comparison.operator in ("within_days", "within_working_days"):
            values += [(TODAY + timedelta(days=value + d)).isoformat() for d in (-1, 0)]
        elif comparison.operator in ("at_least", "less_than"):
            values += [value - 1, value]
        elif comparison.operator == "contains":
            values += [[option] for option in field.possible()]
        else:
            values += [True, False] if field.kind == "yes_no" else list(field.possible())
    for combination in itertools.product(*tried.values()):
        yield answers_at(dict(zip(tried, combination, strict=True)), of)


def shown(of: Definition, answers: dict[str, Any]) -> set[str]:
    """The keys of the fields that are shown."""
    return {field.key for _page, fields, _counting in of.asked(answers, TODAY) for field in fields}


# --- each file -------------------------------------------------------------------------------------------------------


def test_library_has_the_nine_services() -> None:
    told = [(d.key, d.authority, d.kind) for d in map(definition, FILES)]
    assert told == [
        ("alcohol-serving", "example-state", "permit"),
        ("fireworks", "example-rescue", "notification"),
        ("food-at-events", "example-town", "notification"),
        ("noise-notification", "example-town", "notification"),
        ("public-area-use", "example-town", "permit"),
        ("public-event", "example-police", "notification"),
        ("renewable-project", "example-state", "permit"),
        ("rescue-plan", "example-rescue", "plan"),
        ("tobacco-retail", "example-town", "permit"),
    ]


@EVERY_FILE
def test_file_can_be_published_and_is_named_by_its_key(key: str) -> None:
    d = definition(key)
    assert (d.key, d.languages, obstacles(d)) == (key, LANGUAGES, [])


@EVERY_FILE
def test_file_is_written_in_the_one_format(key: str) -> None:
    text = FILES[key].read_bytes().decode("utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"


@pytest.mark.thorough
@EVERY_FILE
@pytest.mark.django_db
def test_file_comes_out_of_the_commands_byte_for_byte(key: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    build.authority(definition(key).authority)
    call_command("import_service", str(FILES[key]), publish=True)
    capsysbinary.readouterr()
    call_command("export_service", key)
    assert capsysbinary.readouterr().out == FILES[key].read_bytes()
    assert Service.objects.open().get().published == Version.objects.get()


@EVERY_FILE
def test_file_has_four_to_seven_pages(key: str) -> None:
    assert 4 <= len(definition(key).pages) <= 7


@pytest.mark.thorough
@EVERY_FILE
def test_file_says_all_that_a_service_of_the_library_should(key: str) -> None:
    d = definition(key)
    said = [d.deadline, d.contact, d.privacy, *([d.declaration] if d.declaration else [d.fields["declaration"].label])]
    assert [text.lacks(LANGUAGES) for text in said] == [[]] * 4
    assert d.records
    assert d.keep_days
    assert d.kind in OUTCOMES
    fields = d.fields.values()
    assert [field for field in fields if field.carries_file]
    assert len([field for field in fields if field.show_when is not ALWAYS]) >= 3


@EVERY_FILE
@pytest.mark.parametrize("language", LANGUAGES)
def test_sample_answers_complete_the_form(key: str, language: str) -> None:
    d = definition(key)
    with override(language):
        shown = samples(d)
        answers = kept_after(d, shown)
    assert Journey(d, answers, TODAY).complete
    assert answers == {key: value for key, value in shown.items() if key in answers}


@pytest.mark.thorough
@files_with("organiser_kind")
@pytest.mark.parametrize("choice", ["person", "organisation"])
def test_form_can_be_completed_with_no_to_every_question(key: str, choice: str) -> None:
    d = definition(key)
    no = {f.key: False for f in d.fields.values() if f.kind == "yes_no"}
    answers = kept_after(d, samples(d) | no | {"organiser_kind": choice})
    journey = Journey(d, answers, TODAY)
    assert journey.complete
    asked = {"person": "organiser_given_name", "organisation": "organiser_business_id"}
    assert {k for k in asked.values() if k in journey.counting} == {asked[choice]}


@pytest.mark.thorough
@EVERY_FILE
def test_each_condition_can_hold_and_not_hold(key: str) -> None:
    d = definition(key)
    for page, field in [(one, field) for one in d.pages for field in one.fields]:
        if field.show_when is not ALWAYS:
            both = Every((page.show_when, field.show_when))
            found = {field.key in shown(d, samples(d) | some) for some in candidates(both, d)}
            assert found == {True, False}, field.key


@pytest.mark.thorough
@EVERY_FILE
def test_file_requires_what_the_authority_asks_for_and_no_more(key: str) -> None:
    required = {f.key for f in definition(key).fields.values() if f.asks and f.required and f.show_when is ALWAYS}
    assert required == ALWAYS_REQUIRED[key]


GROUPS = {
    "noise-notification": {
        "activity_times": ["days", "start", "end", "first_day", "last_day"],
        "disturbed_sites": ["site", "distance", "effect"],
        "information_addresses": ["street", "number"],
    },
    "public-event": {
        "daily_hours": ["day", "start", "end"],
        "other_responsible": ["name", "task", "phone", "email"],
    },
    "rescue-plan": {
        "risk_assessment": ["hazard", "consequence", "probability", "prevention"],
        "safety_staff": ["task", "name", "phone"],
    },
    "fireworks": {
        "articles": ["type", "what", "count"],
        "igniters": ["name", "adult", "too_young"],
    },
    "food-at-events": {
        "daily_hours": ["day", "start", "end"],
        "premises": ["type", "what", "known_by"],
        "sellers": ["name", "business_id", "foods"],
    },
    "alcohol-serving": {
        "daily_hours": ["day", "start", "end"],
        "serving_areas": ["name", "places", "outdoors", "boundary"],
        "persons_in_charge": ["name", "phone"],
    },
    "public-area-use": {"structure_list": ["type", "what", "area"]},
    "renewable-project": {
        "other_municipalities": ["municipality"],
        "properties": ["property", "area"],
        "permits_applied": ["permit", "authority", "state", "identifier"],
    },
    "tobacco-retail": {"sales_points": ["location", "placement"]},
}


@EVERY_FILE
def test_tables_of_the_paper_form_are_groups_that_repeat(key: str) -> None:
    groups = {f.key: [part.key for part in f.parts()] for f in definition(key).fields.values() if f.kind == "repeating"}
    assert groups == GROUPS[key]


@pytest.mark.thorough
@EVERY_FILE
def test_only_groups_that_must_be_answered_stand_open(key: str) -> None:
    d = definition(key)
    for page in d.pages:
        form = PageForm(d, page, answers={}, today=TODAY)
        for name, rows in form.inner.items():
            if d.fields[name].has_rows:
                assert len(rows.rows) == int(d.fields[name].required), name  # type: ignore[attr-defined]


@pytest.mark.thorough
@EVERY_FILE
def test_rows_can_be_added_and_filled_in_one_after_another(key: str) -> None:
    d = definition(key)
    for name in GROUPS[key]:
        (page,) = [page for page in d.pages if name in {f.key for f in page.fields}]
        rows = [*samples(d)[name], *samples(d)[name]]
        data, _files = posted((d.fields[name],), {name: rows})
        pressed = data.copy()
        pressed[f"{name}-act"] = "add"
        form = PageForm(d, page, answers={}, today=TODAY, data=pressed)
        assert (form.acted, len(form.inner[name].rows)) == (True, 3)  # type: ignore[attr-defined]
        form = PageForm(d, page, answers=samples(d), today=TODAY, data=data)
        form.is_valid()
        assert form.kept[name] == rows
        assert len(d.fields[name].show(rows, "sv").splitlines()) == 2


def test_level_of_noise_is_read_with_a_decimal_and_shown_with_its_unit() -> None:
    level = definition("noise-notification").fields["noise_day"]
    assert level.show(level.keep(level.ask("sv").clean("67,5")), "sv") == "67,5 dB"  # type: ignore[union-attr]


def test_last_day_of_a_time_may_not_come_before_its_first() -> None:
    d = definition("noise-notification")
    page = d.page("place_time")
    assert page is not None
    row = samples(d)["activity_times"][0] | {"first_day": "2027-06-05", "last_day": "2027-06-04"}
    data, files = posted(page.asked, samples(d) | {"activity_times": [row]})
    form = PageForm(d, page, answers={}, today=TODAY, data=data, files=files)
    assert not form.is_valid()
    assert [target for target, _label, _error in form.summary] == ["id_activity_times-0-last_day"]


@files_with("organiser_kind")
def test_names_are_filled_in_from_who_is_signed_in_and_for_whom(key: str) -> None:
    filled_in = {f.key: f.prefill for f in definition(key).fields.values() if f.prefill}
    company = {"organiser_name": "company_name", "organiser_business_id": "company_id"}
    names = {f"{who}_{name}": name for who in ("organiser", "contact") for name in ("given_name", "family_name")}
    assert names.items() <= filled_in.items() <= (names | company).items()


def test_only_the_application_that_has_to_tell_it_asks_for_a_personal_identity_code() -> None:
    said = re.compile(r"personbeteckning|henkilötunnus|identity.code", re.IGNORECASE)
    assert [key for key, file in FILES.items() if said.search(file.read_text("utf-8"))] == ["tobacco-retail"]
    assert definition("tobacco-retail").fields["applicant"].identity_code  # type: ignore[attr-defined]


# --- languages -------------------------------------------------------------------------------------------------------


@EVERY_FILE
def test_texts_are_written_in_each_language_and_not_copied(key: str) -> None:
    for path, text in texts_in(json.loads(FILES[key].read_text("utf-8"))):
        assert tuple(text) == LANGUAGES, path
        if set(text.values()) & SAME_IN_ALL_LANGUAGES:
            continue
        assert len(set(text.values())) == len(LANGUAGES), path


@EVERY_FILE
def test_texts_have_no_loose_spaces_and_write_times_with_a_dot(key: str) -> None:
    for path, text in texts_in(json.loads(FILES[key].read_text("utf-8"))):
        for words in text.values():
            assert words == words.strip(), path
            assert "  " not in words, path
            assert not re.search(r"\d:\d\d", words), path


@EVERY_FILE
def test_texts_have_as_many_list_lines_in_each_language(key: str) -> None:
    for path, text in texts_in(json.loads(FILES[key].read_text("utf-8"))):
        assert len({len(re.findall(r"^- ", words, re.MULTILINE)) for words in text.values()}) == 1, path
        assert len({words.count("\n\n") for words in text.values()}) == 1, path


# --- what they have in common ----------------------------------------------------------------------------------------


def test_same_key_means_the_same_question_in_every_file() -> None:
    """Labels may differ (the notifier of noise is no organiser), and so may sizes and time limits."""
    kinds: dict[str, set[tuple[str, bool, bool]]] = {}
    for d in map(definition, FILES):
        for field in d.fields.values():
            kinds.setdefault(field.key, set()).add((field.kind, field.common, field.required))
    assert [key for key, found in kinds.items() if len(found) > 1] == []


def test_customer_event_place_and_time_are_common() -> None:
    first = ("noise-notification", "public-event", "rescue-plan")
    noise, event, plan = ({f.key for f in definition(key).fields.values() if f.common} for key in first)
    everywhere, somewhere = noise & event & plan, noise | event | plan
    assert everywhere == {
        *("organiser_kind", "organiser_given_name", "organiser_family_name", "organiser_name", "organiser_business_id"),
        *("contact_given_name", "contact_family_name", "organiser_phone", "organiser_email"),
        *("organiser_address", "organiser_post_code", "organiser_town"),
        *("event_name", "event_place", "event_address", "event_municipality", "start_date", "end_date"),
    }
    assert somewhere - everywhere == {"start_time", "end_time"}


# --- time limits and sizes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "days", "unit", "late"),
    [
        ("public-event", 5, "days", "explain"),
        ("rescue-plan", 14, "days", "explain"),
        ("noise-notification", 30, "days", "refuse"),
        ("fireworks", 5, "days", "refuse"),
        ("food-at-events", 4, "working_days", "explain"),
        ("alcohol-serving", 30, "days", "warn"),
        ("public-area-use", 14, "days", "warn"),
    ],
)
def test_lead_time(key: str, days: int, unit: str, late: str) -> None:
    notice = definition(key).lead_time
    assert notice is not None
    assert (notice.days, notice.unit, notice.late) == (days, unit, late)


def saved(key: str, days: int, **answers: Any) -> PageForm:
    """The page of place and time with a first day that many days ahead."""
    d = definition(key)
    found = d.page("place_time")
    assert found is not None
    day = (TODAY + timedelta(days=days)).isoformat()
    given = samples(d, **({"start_date": day, "end_date": day} | answers))
    data, files = posted(found.asked, given)
    form = PageForm(d, found, answers={}, today=TODAY, data=data, files=files)
    form.is_valid()
    return form


@pytest.mark.parametrize(("key", "days"), [("public-event", 5), ("rescue-plan", 14)])
def test_late_notice_asks_for_the_reason_and_one_in_time_does_not(key: str, days: int) -> None:
    assert list(saved(key, days - 1, late_reason="").errors) == ["late_reason"]
    assert list(saved(key, days - 1, late_reason="Exempel").errors) == []
    assert list(saved(key, days, late_reason="").errors) == []


def test_noise_is_refused_when_late_and_taken_on_the_last_day() -> None:
    assert "31.3.2027" in saved("noise-notification", 29).errors["start_date"][0]
    assert list(saved("noise-notification", 30).errors) == []


@files_with("end_date")
def test_end_may_not_come_before_the_beginning(key: str) -> None:
    before = (TODAY + timedelta(days=39)).isoformat()
    assert list(saved(key, 40, end_date=before).errors) == ["end_date"]


def test_attachments_of_the_rescue_plan_stay_within_seven_megabytes() -> None:
    files = [f for f in definition("rescue-plan").fields.values() if f.carries_file]
    assert sum(f.max_files * f.max_megabytes for f in files) == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(("people", "told"), [(199, False), (200, True)])
def test_large_event_is_told_of_the_rescue_plan(people: int, told: bool) -> None:
    d = definition("public-event")
    assert ("rescue_plan_size" in shown(d, samples(d) | {"audience_total": people})) is told


@pytest.mark.parametrize(
    ("answers", "warnings"),
    [
        ({}, set()),
        ({"fireworks_kind": "display"}, {"display_to_police"}),
        ({"occasion": "organisation"}, {"event_to_police"}),
        ({"occasion": "public"}, {"public_event_to_police"}),
    ],
)
def test_fireworks_that_the_police_decide_on_are_shown_the_way_there(
    answers: dict[str, Any], warnings: set[str]
) -> None:
    d = definition("fireworks")
    found = shown(d, samples(d) | answers)
    assert {f.key for f in d.fields.values() if f.kind == "warning" and f.key in found} == warnings


HYGIENE = {"toilets", "waste_management", "smoking_areas", "organiser_plan"}


@pytest.mark.parametrize(("people", "asked"), [(500, set()), (501, HYGIENE)])
def test_organiser_of_a_large_event_is_asked_about_toilets_waste_and_smoking(people: int, asked: set[str]) -> None:
    d = definition("food-at-events")
    organiser = {"informant_role": "organiser", "audience_at_once": people}
    assert shown(d, samples(d) | organiser) & HYGIENE == asked
    assert not shown(d, samples(d) | organiser | {"informant_role": "operator"}) & HYGIENE


@pytest.mark.parametrize(("who", "asked"), [("operator", "foods"), ("organiser", "sellers")])
def test_seller_and_organiser_of_an_event_can_both_fill_in_the_form(who: str, asked: str) -> None:
    d = definition("food-at-events")
    answers = kept_after(d, samples(d) | {"informant_role": who, "audience_at_once": 2000})
    assert Journey(d, answers, TODAY).complete
    assert {"foods", "sellers"} & answers.keys() == {asked}


@pytest.mark.parametrize(("day", "late"), [(3, True), (4, False)])
def test_food_is_late_when_less_than_four_working_days_are_left(day: int, late: bool) -> None:
    assert TODAY.weekday() == 0
    assert ("late_reason" in saved("food-at-events", day, late_reason="").errors) is late


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"place_approved": True, "own_licence": True}, True),
        ({"place_approved": True, "own_licence": False}, False),
        ({"place_approved": False, "own_licence": True}, False),
    ],
)
def test_who_can_serve_by_notification_is_told_at_once(answers: dict[str, Any], told: bool) -> None:
    d = definition("alcohol-serving")
    assert "notification_enough" in {field.key for field in d.pages[0].fields}
    assert ("notification_enough" in shown(d, samples(d) | answers)) is told


def test_places_for_customers_of_all_serving_areas_are_counted_together() -> None:
    d = definition("alcohol-serving")
    areas = [row | {"places": places} for row in samples(d)["serving_areas"] for places in (120, 80)]
    *_earlier, (_page, _fields, counting) = d.asked(samples(d) | {"serving_areas": areas}, TODAY)
    assert counting["places_total"] == 200


def test_days_of_use_of_a_public_area_follow_one_another() -> None:
    day = (TODAY + timedelta(days=39)).isoformat()
    later = (TODAY + timedelta(days=41)).isoformat()
    assert list(saved("public-area-use", 40, building_start=later).errors) == ["start_date"]
    assert list(saved("public-area-use", 40, dismantling_end=day).errors) == ["dismantling_end"]
    assert list(saved("public-area-use", 40, building_start=day, dismantling_end=later).errors) == []


def test_structures_in_a_public_area_are_a_table_with_their_area() -> None:
    d = definition("public-area-use")
    rows = [{"type": "tent", "area": "40.5"}, {"type": "other", "what": "Exempel", "area": "9.5"}]
    *_earlier, (_page, _fields, counting) = d.asked(samples(d) | {"structure_list": rows}, TODAY)
    assert counting["structures_area"] == "50.0"
    kinds = d.fields["structure_list"].parts()[0].possible()
    assert set(kinds) == {"tent", "stage", "refrigerated_truck", "other"}


@pytest.mark.parametrize(("kind", "told"), [("fireworks", True), ("open_fire", True), ("laser", False)])
def test_fire_in_a_public_area_leads_to_the_rescue_plan(kind: str, told: bool) -> None:
    d = definition("public-area-use")
    assert ("fire_note" in shown(d, samples(d) | {"special_risk_kinds": [kind]})) is told


@pytest.mark.parametrize(
    ("answers", "size", "told"),
    [
        ({"capacity_kw": "150.0"}, "large", None),
        ({"capacity_kw": "149.9"}, "small", "limit_shorter"),
        ({"capacity_kw": "2000.0", "project_kind": "upgrade"}, "upgrade", "limit_shorter"),
        ({"produces_electricity": False}, None, "limit_heat"),
    ],
)
def test_size_of_a_renewable_project_says_which_time_limit_may_hold(
    answers: dict[str, Any], size: str | None, told: str | None
) -> None:
    d = definition("renewable-project")
    given = samples(d) | {"project_kind": "new"} | answers
    *_earlier, (_page, _fields, counting) = d.asked(given, TODAY)
    assert counting.get("time_limit_class") == size
    assert {"limit_shorter", "limit_heat"} & shown(d, given) == ({told} if told else set())


def test_limit_of_a_renewable_project_is_shown_and_counted_from_completeness() -> None:
    limit = definition("renewable-project").handling_limit
    assert limit is not None
    assert (limit.length, limit.unit, limit.counted_from, limit.shown) == (2, "years", "completeness", True)
    assert not limit.ground.lacks(LANGUAGES)


@pytest.mark.parametrize("kind", ["person", "company"])
def test_person_and_company_can_both_apply_for_a_renewable_project(kind: str) -> None:
    d = definition("renewable-project")
    who = {part.key: part.sample(TODAY) for part in d.fields["applicant"].parts() if part.key == kind}
    answers = kept_after(d, samples(d) | {"applicant": {"kind": kind, **who}})
    assert Journey(d, answers, TODAY).complete
    assert ("register_extract" in shown(d, answers)) is (kind == "company")


def test_points_of_sale_of_tobacco_are_counted() -> None:
    d = definition("tobacco-retail")
    answers = samples(d) | {"sales_points": samples(d)["sales_points"] * 3}
    *_earlier, (_page, _fields, counting) = d.asked(answers, TODAY)
    assert counting["sales_points_count"] == 3


@pytest.mark.parametrize("kind", ["person", "company"])
def test_person_and_company_can_both_apply_for_the_sale_of_tobacco(kind: str) -> None:
    d = definition("tobacco-retail")
    who = {part.key: part.sample(TODAY) for part in d.fields["applicant"].parts() if part.key == kind}
    answers = kept_after(d, samples(d) | {"applicant": {"kind": kind, **who}, "revoked": False})
    assert Journey(d, answers, TODAY).complete
    assert ("register_extract" in shown(d, answers)) is (kind == "company")


# --- bringing a file in ----------------------------------------------------------------------------------------------


def file_with(tmp_path: Path, document: Any) -> str:
    """A definition file."""
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return str(path)


def changed(key: str = "public-event") -> Any:
    """A file's document, to be changed; its authority exists."""
    build.authority(definition(key).authority)
    return json.loads(FILES[key].read_text("utf-8"))


def nothing_stored() -> bool:
    """Whether there is no service and no version."""
    return not Service.objects.exists() and not Version.objects.exists()


@pytest.mark.django_db
def test_unknown_elements_are_refused_each_with_its_path_and_reason(tmp_path: Path) -> None:
    document = changed()
    document["pages"][0]["fields"][1]["lable"] = "x"
    document["pages"][2]["colour"] = "red"
    with override("en"), pytest.raises(CommandError) as refused:
        call_command("import_service", file_with(tmp_path, document), publish=True)
    assert "pages[0].fields[1].lable: unknown element. Known here: autocomplete, common" in str(refused.value)
    assert "pages[2].colour: unknown element. Known here: fields, key, show_when, text, title" in str(refused.value)
    assert nothing_stored()


@pytest.mark.django_db
def test_nothing_is_imported_when_it_cannot_be_published(tmp_path: Path) -> None:
    document = changed()
    del document["pages"][1]["title"]["fi"]
    with pytest.raises(CommandError, match=r"pages\[1\]\.title\.fi"):
        call_command("import_service", file_with(tmp_path, document), publish=True)
    assert nothing_stored()


@pytest.mark.django_db
def test_file_of_an_unknown_authority_is_refused() -> None:
    with pytest.raises(CommandError, match=r"authority: .*example-police"):
        call_command("import_service", str(FILES["public-event"]))
    assert nothing_stored()


@pytest.mark.django_db
def test_bytes_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes('{"name": "Anmälan"}'.encode("latin-1"))
    with pytest.raises(CommandError, match="is not UTF-8"):
        call_command("import_service", str(tmp_path / "latin.json"))


@pytest.mark.django_db
def test_new_version_leaves_drafts_and_cases_on_theirs(tmp_path: Path) -> None:
    document = changed()
    call_command("import_service", str(FILES["public-event"]), publish=True)
    first = Version.objects.get()
    answers = samples(first.definition)
    draft = build.application(first, answers=answers)
    without_files = {key: value for key, value in answers.items() if not first.definition.fields[key].carries_file}
    sent = build.case(first, answers=without_files | {"on_behalf": False})

    document["pages"][1]["fields"][0]["label"]["sv"] = "Vad heter tillställningen?"
    call_command("import_service", file_with(tmp_path, document), publish=True)

    assert Service.objects.get().published == Version.objects.get(number=2)
    for application in (draft, sent.application):
        application.refresh_from_db()
        assert application.version == first
        assert application.sheet("sv")[1].lines[0].label == "Tillställningens namn"


# --- what is said of the format --------------------------------------------------------------------------------------


def examples() -> list[Any]:
    """The JSON examples of the documentation."""
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", DOCUMENTATION, re.MULTILINE | re.DOTALL)]


@pytest.mark.django_db
def test_documented_example_can_be_imported_and_published(tmp_path: Path) -> None:
    build.authority("example-town")
    call_command("import_service", file_with(tmp_path, examples()[0]), publish=True)
    assert Service.objects.open().get().key == "street-music"


def documented() -> Definition:
    """A service of all the examples of fields, in the order of the documentation, so that later ones may look at earlier ones."""
    return build.definition(build.page("first", build.field("date", "start_date"), *examples()[1:]))


def test_documentation_has_an_example_of_each_kind() -> None:
    assert {field.kind for field in documented().fields.values()} == set(REGISTER)


def test_documented_examples_make_a_form_that_can_be_filled_in() -> None:
    d = documented()
    page = d.pages[0]
    given = {field.key: field.sample(TODAY) for field in page.asked}
    given |= {"start_date": "2028-06-05", "end_date": "2028-06-05"}
    given["rental"] = {"start": "2028-06-05", "end": "2028-06-06"}
    form = PageForm(d, page, answers=given, today=TODAY, data=posted(page.asked, given)[0])
    assert form.is_valid(), form.summary
    assert (form.counting["stalls_area"], form.counting["size_class"]) == (12, "small")
    assert form.kept == {key: value for key, value in given.items() if key in form.kept}


def in_yaml() -> list[Any]:
    """The YAML examples of the documentation."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", DOCUMENTATION, re.MULTILINE | re.DOTALL)
    return [load(as_json(block)) for block in blocks]


def test_documented_yaml_can_be_read() -> None:
    document = in_yaml()[0]
    (field,) = read_page(document["pages"][0]).fields
    notice = field.notice()
    assert notice is not None
    assert (field.kind, notice.days, notice.unit, notice.late) == ("date", 5, "working_days", "warn")


def test_documented_elements_of_the_service_can_be_read() -> None:
    _whole, *elements = in_yaml()
    document = build.document(**{name: value for element in elements for name, value in element.items()})
    definition = parse(document)

    assert {name for element in elements for name in element} == {"handling_limit", "records", "own_service"}
    assert definition.handling_limit
    assert definition.records
    assert definition.own_service


NO_LAW = re.compile(r"ei lakisääteinen|ingen lagstadgad|not a time set by law")


AIMS = ["alcohol-serving", "fireworks", "food-at-events", "noise-notification", "public-area-use", "public-event"]


@pytest.mark.parametrize("key", [*AIMS, "rescue-plan"])
def test_how_cases_are_looked_after_is_said_and_shown_as_an_example(key: str) -> None:
    definition = parse(json.loads((ROOT / f"apps/services/library/{key}.json").read_text("utf-8")))
    limit, plan = definition.handling_limit, definition.records

    assert limit is not None
    assert plan is not None
    assert not limit.shown  # customers are shown what a law promises them, not an example's aim
    assert [bool(NO_LAW.search(limit.ground.said(language))) for language in LANGUAGES] == [True] * 3
    assert not limit.ground.lacks(LANGUAGES)
    assert not plan.retention_ground.lacks(LANGUAGES)
    assert plan.retention_ground.said("en").startswith("An example")
    assert (plan.publicity == 1) == (not any(field.secret for field in definition.fields.values()))
    assert definition.keep_days == 730


def test_documentation_links_lead_somewhere() -> None:
    titles = {
        re.sub(r"[^a-z -]", "", t.lower()).replace(" ", "-") for t in re.findall(r"^#+ (.*)", DOCUMENTATION, re.M)
    }
    assert sorted(set(re.findall(r"\]\(#(.*?)\)", DOCUMENTATION)) - titles) == []


def test_documented_parts_are_those_of_the_kinds() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", DOCUMENTATION.split("### Made of parts")[1], re.MULTILINE)
    composites = {name: cls for name, cls in REGISTER.items() if issubclass(cls, Composite)}
    assert {name for name, _parts, _settings in rows} >= composites.keys()
    for name, said_parts, said_settings in rows:
        if name in composites:
            every_flag: dict[str, Any] = {
                key: True for key, f in composites[name].settings().items() if f.metadata["read"] is flag
            }
            every_flag |= {"required": True, "common": False, "secret": False}
            parts = composites[name](key="it", label=Texts({}), **every_flag).parts()
            told = set(re.findall(r"`(\w+)`", f"{said_parts} {said_settings}"))
            assert {part.key for part in parts} <= told, name


def test_documentation_names_every_kind_setting_and_comparison() -> None:
    names = {*REGISTER, *OPERATORS, "all", "any", "not"}
    names |= {name for cls in REGISTER.values() for name in cls.settings()}
    assert sorted(name for name in names if not re.search(rf"[`\"]{name}[`\"]", DOCUMENTATION)) == []


def test_documented_conditions_can_be_read() -> None:
    conditions = re.findall(r"^\| `(\{.*?\})` \|", DOCUMENTATION, re.MULTILINE)
    reader = Reader()
    read = [read_condition(reader, "", json.loads(condition)) for condition in conditions]
    assert (len(read), reader.problems) == (14, [])
    used = {comparison.operator for condition in read for comparison in condition.comparisons()}
    assert used == set(OPERATORS)


def test_documented_counting_of_days_is_right() -> None:
    monday = date(2027, 9, 6)
    days, working, six = (
        LeadTime(*what) for what in ((5, "warn", "days"), (5, "warn", "working_days"), (6, "warn", "working_days"))
    )
    assert (days.earliest(monday), working.earliest(monday)) == (date(2027, 9, 11), date(2027, 9, 11))
    assert six.earliest(monday) == date(2027, 9, 14)


@pytest.mark.parametrize(("answer", "holds"), [(TODAY + timedelta(days=4), True), (TODAY + timedelta(days=5), False)])
def test_documented_days_are_counted_from_today(answer: date, holds: bool) -> None:
    condition = read_condition(Reader(), "", {"field": "start_date", "within_days": 5})
    assert condition.holds({"start_date": answer.isoformat()}, TODAY) is holds
