"""The gate: each thing that stops a service from being published, or could be better, told in words and with its place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from apps.services import gate, working
from apps.services.completeness import REQUIRED_TEXTS
from apps.services.definition import judge, load
from apps.services.gate import STOP, WARN, Finding
from apps.services.gate.saying import lix
from tests import build
from tests.build import field, options, page, said

LIBRARY = sorted((Path(gate.__file__).parents[1] / "library").glob("*.json"))
CODE = field("personal_identity_code", "code")


def found_in(*pages: dict[str, Any], **more: Any) -> list[Finding]:
    """What the gate finds in a document, in English."""
    with override("en"):
        return gate.findings(*judge(build.document(*pages, **more)))


def found_by(check: str, *pages: dict[str, Any], **more: Any) -> list[Finding]:
    """What one check finds."""
    return [finding for finding in found_in(*pages, **more) if finding.check == check]


def one(check: str, *pages: dict[str, Any], **more: Any) -> Finding:
    """The only thing that a check finds."""
    (finding,) = found_by(check, *pages, **more)
    return finding


def test_every_check_has_a_name_of_its_own() -> None:
    names = [name for name, _check in gate.CHECKS]

    assert len(set(names)) == len(names)


@pytest.mark.thorough
@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_the_services_of_the_library_are_stopped_by_nothing(file: Path) -> None:
    found = gate.findings(*judge(load(file.read_text("utf-8"))))

    assert [finding.words for finding in gate.stops(found)] == []
    assert len(found) < 15


def test_what_stops_comes_first() -> None:
    levels = [finding.level for finding in found_in(name={"sv": "x"})]

    assert levels == sorted(levels, key=lambda level: level != STOP)
    assert levels[0] == STOP


# --- what it says ----------------------------------------------------------------------------------------------------


def test_what_cannot_be_read_stops_with_its_place() -> None:
    finding = one("document", page("first", field("text", "a"), field("text", "b", max_length=0)))

    assert (finding.level, finding.path) == (STOP, "pages[0].fields[1].max_length")
    assert (finding.place.page, finding.place.field) == ("first", "b")
    assert "“First”" in finding.place.words


def test_what_does_not_fit_together_stops() -> None:
    shown = field("text", "b", show_when={"field": "nowhere", "equals": "x"})

    assert one("document", page("first", shown)).path == "pages[0].fields[0].show_when"


def test_a_text_that_is_missing_in_a_language_stops() -> None:
    finding = one("texts", page("first", field("text", "a", label={"sv": "Namn", "en": "Name"})))

    assert (finding.level, finding.words, finding.language) == (STOP, "Label is missing in Finnish.", "fi")
    assert (finding.place.field, finding.path) == ("a", "pages[0].fields[0].label.fi")


def test_a_text_that_is_not_there_at_all_is_told_once_a_language() -> None:
    document = build.document()
    del document["price"]
    document["summary"] = {}

    found = gate.findings(*judge(document))

    told = [(finding.check, finding.path) for finding in found if finding.stops]
    assert told == [("texts", f"{name}.{one}") for name in ("summary", "price") for one in ("sv", "fi", "en")]


def test_a_privacy_notice_must_be_there_in_every_language() -> None:
    assert one("texts", privacy={"sv": "x", "fi": "y"}).path == "privacy.en"


def test_a_form_that_asks_nothing_stops_unless_customers_go_elsewhere() -> None:
    told = page("first", field("heading", "h"))

    assert one("asks_nothing", told).level == STOP
    assert found_by("asks_nothing", told, own_service={"sv": "https://example.com/"}) == []


def test_options_that_read_the_same_stop() -> None:
    alike = [*options("red", "blue"), {"value": "other", "label": {"sv": "x", "fi": "y", "en": " RED"}}]
    finding = one("options", page("first", field("choice", "colour", options=alike)))

    assert (finding.level, finding.place.field, finding.language) == (STOP, "colour", "en")


def test_questions_that_read_the_same_are_told_once() -> None:
    same = field("text", "b", label=said("A"))

    assert one("questions_alike", page("first", field("text", "a"), same)).place.field == "b"
    assert found_by("questions_alike", page("first", field("text", "a")), page("second", same)) == []


def test_long_sentences_long_words_and_long_labels_are_told() -> None:
    long_sentence = " ".join(["ord"] * 30) + "."
    long_word = "Anmälningsskyldighetsbestämmelserna gäller."
    pages = page("first", field("text", "a", label={"sv": "x" * 20 + " y" * 40, "fi": "x", "en": "x"}))

    found = found_by("reading", pages, summary=said(long_sentence), price={**said("1"), "sv": long_word})

    assert {finding.level for finding in found} == {WARN}
    assert {finding.path for finding in found} == {"summary", "price", "pages[0].fields[0].label"}
    assert any("has 30 words" in finding.words for finding in found)
    assert any("“Anmälningsskyldighetsbestämmelserna”" in finding.words for finding in found)


def test_only_the_ten_hardest_texts_are_told() -> None:
    fields = [field("text", f"f{n}", hint=said("ord " * (26 + n) + ".")) for n in range(9)]

    found = found_by("reading", page("first", *fields))

    assert len(found) == 10
    assert found[0].path == "pages[0].fields[8].hint"


def test_lix_is_that_of_the_books() -> None:
    plain = "Jag ser en katt. " * 10
    heavy = "Tillståndsmyndigheten bedömer verksamhetens miljökonsekvenser enligt miljöskyddslagens bestämmelser " * 8

    assert lix(plain) == 4.0
    assert lix(heavy) > 100
    assert lix("Kort text.") == 0


# --- what it asks ----------------------------------------------------------------------------------------------------


def test_a_question_that_no_answers_bring_up_stops() -> None:
    never = {"all": [{"field": "colour", "equals": "red"}, {"field": "colour", "equals": "blue"}]}
    pages = page(
        "first", field("choice", "colour", options=options("red", "blue")), field("text", "b", show_when=never)
    )

    finding = one("unreachable", pages)

    assert (finding.level, finding.place.field) == (STOP, "b")


def test_a_page_that_no_answers_bring_up_stops() -> None:
    never = {"all": [{"field": "n", "at_least": 5}, {"field": "n", "less_than": 5}]}

    finding = one("unreachable", page("a", field("whole_number", "n")), page("b", field("text", "t"), show_when=never))

    assert (finding.level, finding.place.page, finding.place.field) == (STOP, "b", "")


def test_a_page_with_many_questions_is_told() -> None:
    many = [field("text", f"f{n}") for n in range(13)]
    when = {"field": "f0", "answered": True}
    half_hidden = [one if n < 8 else {**one, "show_when": when} for n, one in enumerate(many)]

    assert one("long_page", page("first", *many)).level == WARN
    assert found_by("long_page", page("first", *many[:12])) == []
    assert found_by("long_page", page("first", *half_hidden)) == []


def test_a_page_that_could_not_be_sent_stops() -> None:
    rows = field("repeating", "rows", max_rows=200, fields=[field("text", f"f{n}") for n in range(26)])

    assert (one("controls", page("first", rows)).level, one("controls", page("first", rows)).place.page) == (
        STOP,
        "first",
    )


def test_answers_that_could_be_too_long_are_told() -> None:
    rows = field("repeating", "rows", max_rows=200, fields=[field("long_text", "t", max_length=10_000)])

    assert one("controls", page("first", rows)).level == WARN


def test_a_file_larger_than_what_can_be_sent_stops(settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 20_000_000

    assert one("files", page("first", field("file", "f", max_megabytes=25))).level == STOP
    assert found_by("files", page("first", field("file", "f", max_megabytes=20))) == []


def test_files_of_a_page_that_are_far_too_many_are_told(settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 20_000_000

    assert one("files", page("first", field("file", "f", max_megabytes=20, max_files=5))).level == WARN


def test_an_identity_code_without_a_reason_is_told_with_the_law() -> None:
    for asked in (CODE, field("person", "who", identity_code=True), field("applicant", "who", identity_code=True)):
        assert "section 29" in one("identity_code", page("first", asked)).words
    assert found_by("identity_code", page("first", {**CODE, "hint": said("The law says so")})) == []
    assert found_by("identity_code", page("first", CODE), privacy=said("Why")) == []
    assert found_by("identity_code", page("first", field("person", "who"))) == []


def test_what_is_protected_is_not_asked_of_those_known_by_a_mailbox() -> None:
    assert one("weak", page("first", CODE), identification="weak").place.field == "code"
    assert one("weak", page("first", field("text", "t", secret=True)), identification="weak").level == WARN
    assert found_by("weak", page("first", CODE)) == []


def test_a_privacy_notice_is_missed_when_personal_data_are_asked() -> None:
    for asked in (field("email", "e"), field("person", "p"), field("text", "n", prefill="name"), CODE):
        assert one("privacy", page("first", asked)).level == WARN
    assert found_by("privacy", page("first", field("email", "e")), privacy=said("Why")) == []
    assert found_by("privacy", page("first", field("whole_number", "n"))) == []


def test_the_same_contact_asked_for_twice_is_told() -> None:
    mail = field("email", "mail", label={"sv": "E-post", "fi": "Sähköposti", "en": "E-mail"})

    assert one("contact_twice", page("first", field("applicant", "who"), mail)).place.field == "mail"
    assert found_by("contact_twice", page("first", mail, field("email", "of_contractor"))) == []


# --- what is said of it ----------------------------------------------------------------------------------------------

DAY = field("date", "day", lead_time={"days": 5, "unit": "days", "late": "warn"})
LIMIT = {"length": 30, "unit": "days", "from": "arrival"}


def test_a_decision_that_may_come_after_the_day_is_told() -> None:
    assert "30 days" in one("lead_time", page("first", DAY), handling_limit=LIMIT, deadline=said("In time")).words
    assert found_by("lead_time", page("first", DAY), handling_limit={**LIMIT, "from": "completeness"}) == []
    assert found_by("lead_time", page("first", DAY), handling_limit={**LIMIT, "length": 5}) == []


@pytest.mark.parametrize(
    ("handling_time", "is_told"),
    [("Two to 3 weeks", True), ("2–3 veckor", True), ("noin 10 päivää", True), ("3 days", False), ("soon", False)],
)
def test_a_told_handling_time_that_is_too_long_is_told(handling_time: str, is_told: bool) -> None:
    assert bool(found_by("lead_time", page("first", DAY), handling_time=said(handling_time))) is is_told


@pytest.mark.parametrize(
    ("deadline", "fits"),
    [
        ("5 dygn före", True),
        ("viimeistään 5 päivää ennen", True),
        ("7 days", False),
        ("5 arbetsdagar", False),
        ("x", True),
    ],
)
def test_the_deadline_told_is_the_one_that_is_checked(deadline: str, fits: bool) -> None:
    told = dict.fromkeys(("sv", "fi", "en"), deadline)

    assert (found_by("deadline", page("first", DAY), deadline=told) == []) is fits


def test_a_deadline_without_a_check_and_a_check_without_a_deadline_are_told() -> None:
    assert one("deadline", deadline=said("A week before")).place.element == "deadline"
    assert one("deadline", page("first", DAY)).place.element == "deadline"
    assert found_by("deadline", page("first", field("date", "day"))) == []


def test_nobody_having_said_how_long_cases_are_kept_is_told() -> None:
    assert one("retention").level == WARN
    assert found_by("retention", keep_days=30) == []
    records = {"function": "10 03", "publicity": 1, "personal_data": 1, "retention_years": 10}
    assert found_by("retention", records=records) == []


def test_a_mandate_that_nobody_needs_is_told() -> None:
    assert one("mandate", acting_for=["self"], mandate="permits").place.element == "mandate"
    asked = field("text", "company", prefill="company_name")
    assert one("mandate", page("first", asked), acting_for=["self", "person"]).place.field == "company"
    assert found_by("mandate", page("first", asked), mandate="permits") == []


def test_an_own_service_that_others_could_listen_to_stops() -> None:
    assert one("own_service", own_service={"sv": "http://localhost:8000/"}).level == STOP
    assert found_by("own_service", own_service={"sv": "https://example.com/"}) == []


def test_a_survey_that_leads_nowhere_is_told() -> None:
    assert one("survey", kind="survey").level == WARN
    assert found_by("retention", kind="survey") == []
    led = field("result", "r", text=said("So it is"))
    assert found_by("survey", page("first", field("text", "a"), led), kind="survey") == []


@pytest.mark.django_db
def test_what_is_known_of_the_service_is_looked_at_too() -> None:
    version = build.version(privacy=said("Why"), keep_days=5)
    assert [finding.check for finding in gate.of_version(version)] == ["role_address"]

    version.service.authority.email = "role@example.com"
    version.service.authority.colour = "#ffffee"
    assert [finding.check for finding in gate.of_version(version)] == ["colour"]


@pytest.mark.django_db
def test_a_survey_leads_to_services_that_there_are() -> None:
    build.version(key="there")
    lead = {"surely": {"field": "title", "answered": True}}
    leads = [{"service": "there", **lead}, {"service": "nowhere", **lead}]
    version = build.version(key="asks", kind="survey", leads_to=leads)

    assert [finding.path for finding in gate.of_version(version) if finding.check == "survey"] == ["leads_to[1]"]


# --- every page rendered ---------------------------------------------------------------------------------------------


def test_pages_of_every_kind_of_question_have_no_flaws() -> None:
    found = found_in(page("first", *build.every_kind()))

    assert [finding for finding in found if finding.check.startswith("markup")] == []


def test_two_keys_that_clash_on_the_page_stop_with_their_place() -> None:
    pages = page("first", field("text", "name", hint=said("As on the card")), field("text", "name_helptext"))

    finding = one("markup_id", pages)

    assert (finding.level, finding.place.field) == (STOP, "name_helptext")


def test_links_with_the_same_words_to_different_places_are_told() -> None:
    # The engine writes no such links by itself: addresses are their own words, but for case.
    text = said("Look at https://example.com/a and https://example.com/A")

    assert one("markup_link", page("first", field("text", "a"), text=text)).level == WARN


@pytest.mark.thorough
def test_a_large_form_is_looked_at_to_its_end() -> None:
    kinds = ["text", "long_text", "yes_no", "choice", "whole_number", "date", "choices", "phone", "money", "file"]
    pages = [
        page(f"p{n}", *(field(kind, f"q{n}_{kind}", **build.NEEDS.get(kind, {})) for kind in kinds)) for n in range(50)
    ]
    definition, problems = judge(build.document(*pages))
    begun = time.process_time()

    gate.findings(definition, problems)

    assert len(definition.fields) == 500
    assert time.process_time() - begun < 15  # half a second on a quiet machine


# --- whatever stands in it -------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["sv", "field", "all"]), inner, max_size=2)
    ),
    max_leaves=4,
)
ELEMENTS = (*REQUIRED_TEXTS, "deadline", "handling_limit", "acting_for", "languages", "records", "kind", "leads_to")


@settings(max_examples=30, deadline=None)
@given(
    elements=st.dictionaries(st.sampled_from(ELEMENTS), JSON),
    settings_=st.dictionaries(
        st.sampled_from(["label", "options", "fields", "show_when", "hint", "lead_time", "max_files"]), JSON
    ),
    kind=st.sampled_from(["text", "choice", "repeating", "date", "file", "poem"]),
)
def test_an_unfinished_document_never_breaks_the_gate(
    elements: dict[str, Any], settings_: dict[str, Any], kind: str
) -> None:
    document = {**build.document(page("first", {"kind": kind, "key": "a", **settings_})), **elements}

    assert all(finding.words for finding in gate.findings(*judge(document)))


@pytest.mark.django_db
def test_a_working_copy_is_looked_at_as_it_is() -> None:
    copy = working.begin_new(build.authority(), working.blank(build.authority(), "new-one"), by=None)

    stops = {finding.check for finding in gate.stops(gate.of_copy(copy))}

    assert stops == {"document", "texts", "asks_nothing"}
