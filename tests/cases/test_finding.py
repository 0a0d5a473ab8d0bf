"""What a case is found by: which words are kept, and which never are."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from stdnum.fi import hetu

from apps.cases import finding, intake
from apps.cases.models import Case
from apps.people.models import Customer, Principal
from tests import build

pytestmark = [pytest.mark.django_db, pytest.mark.both]

CODE = "010190-999W"  # of the artificial range
assert hetu.is_valid(CODE, allow_temporary=True)

PERSON = {
    "given_name": "Maija",
    "family_name": "Mallikas",
    "code": CODE,
    "address": {"street": "Hemgatan 1", "where": "finland", "post_code": "00990", "town": "Hemstaden"},
    "email": "maija@example.com",
    "phone": "+358401234567",
    "protected": True,
}


def words(*fields: dict[str, Any], **answers: Any) -> list[str]:
    """The words kept of a case with these questions and answers."""
    return build.case(build.version(build.page("first", *fields)), answers=answers).words.split()


def test_a_case_is_found_by_its_numbers_its_parties_and_its_answers() -> None:
    paper = build.application(answers={"title": "Sommarfest vid STRANDEN"})
    paper.principal = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    paper.save()

    case = intake.send(paper, at=build.NOW)

    assert case.number
    expected = [case.number.lower(), "example", "customer", "exempel", "ab", "1234567-1"]
    assert case.words.split() == [*expected, "sommarfest", "vid", "stranden"]


def test_the_register_number_is_found_as_soon_as_it_is_given() -> None:
    case = build.case()

    case.take_step("register", by=build.official(), register_number="HEL 2027-000012")

    assert case.words.startswith(f"{case.number} hel 2027-000012 example".lower())


def test_a_person_one_acts_for_is_found_by_name_and_not_by_what_the_register_calls_them() -> None:
    paper = build.application()
    paper.principal = Principal.objects.create(kind="person", subject="an-index", name="Mallikas Maija")
    paper.save()

    case = intake.send(paper, at=build.NOW)

    assert "mallikas" in case.words
    assert "an-index" not in case.words


def test_somebody_known_by_a_mailbox_alone_is_not_found_by_it() -> None:
    who = Customer.objects.create(way="email_link", subject="somebody@example.com", email="somebody@example.com")

    version = build.version(identification="weak")

    assert "somebody" not in build.case(version, by=who).words


@pytest.mark.parametrize("kind", ["email", "phone", "post_code", "address", "file", "personal_identity_code"])
def test_contact_data_codes_and_files_are_not_kept(kind: str) -> None:
    field = build.field(kind, "hidden")
    sample = build.definition(build.page("first", field)).fields["hidden"].sample(build.TODAY)
    paper = build.application(build.version(build.page("first", build.field("text", "title"), field)))
    paper.answers = {"title": "Kept", "hidden": sample}

    said = finding.text_of(finding.spoken(paper.definition, paper.answers, build.TODAY))

    assert said == "kept"


def test_what_is_secret_is_not_kept_and_does_not_hide_its_neighbours() -> None:
    rows = build.field(
        "repeating",
        "rows",
        fields=[build.field("text", "open"), build.field("text", "closed", secret=True), build.field("email", "email")],
    )
    answers = {"rows": [{"open": f"visible{n}", "closed": f"hidden{n}", "email": f"a{n}@example.com"} for n in (1, 2)]}

    kept = words(build.field("text", "title", secret=True), rows, title="Tyst", **answers)

    assert kept[-2:] == ["visible1", "visible2"]
    assert not {"tyst", "hidden1", "hidden2", "a1@example.com"} & set(kept)


def test_a_group_that_is_secret_is_secret_as_a_whole() -> None:
    rows = build.field("repeating", "rows", secret=True, fields=[build.field("text", "open")])

    assert "inside" not in words(rows, rows=[{"open": "inside"}])


def test_of_a_person_only_the_name_is_kept() -> None:
    asked = build.field("person", "who", address=True, identity_code=True, protection_order=True)

    kept = words(asked, who=PERSON)

    assert kept[-2:] == ["maija", "mallikas"]
    assert len(kept) == 5


@pytest.mark.parametrize(
    "written",
    [
        f"Code {CODE} here",
        CODE.lower(),
        CODE.replace("-", "\u2013"),
        CODE.replace("-", "\u2011"),
        CODE.replace("-", "\u2212"),
        CODE.replace("-9", "-\u200b9"),
        CODE.replace("0", "\uff10"),
        f"({CODE})",
        f"code:{CODE}.",
    ],
)
def test_a_code_that_is_written_in_a_text_is_not_kept(written: str) -> None:
    kept = " ".join(words(build.field("text", "title"), title=written))

    assert "999w" not in kept
    assert "010190" not in kept
    assert "xxx" not in kept


def test_a_code_in_a_name_or_a_register_number_is_not_kept() -> None:
    who = Customer.objects.create(way="example", subject="x", given_name=f"Maija {CODE}", family_name="Mallikas")
    case = build.case(by=who)
    case.take_step("register", by=build.official(), register_number=f"X {CODE}")

    assert "999w" not in case.words


def test_a_mailbox_that_is_written_in_a_text_is_not_kept() -> None:
    assert "x@example.com" not in words(build.field("text", "title"), title="Write to x@example.com please")


def test_choices_are_found_in_every_language() -> None:
    kept = words(build.field("choice", "colour", options=build.options("red", "blue")), colour="red")

    assert kept[-3:] == ["red", "sv", "fi"]


def test_answers_that_a_condition_hides_are_not_kept() -> None:
    hidden = build.field("text", "why", show_when={"field": "loud", "equals": True})

    assert "because" not in words(build.field("yes_no", "loud"), hidden, loud=False, why="because")


def test_a_supplement_adds_its_words() -> None:
    case, official = build.case(), build.official()
    case.take_step("take_up", by=official, at=build.NOW)
    case.take_step("request_supplement", by=official, at=build.NOW, text="More", due=build.TODAY, fields=["title"])
    draft = intake.begin_supplement(case, case.application.customer)
    draft.answers |= {"title": "Second title", "supplement_text": "Elaborated"}
    draft.save()

    intake.send(draft, at=build.NOW)

    case.refresh_from_db()
    assert {"an", "second", "elaborated"} <= set(case.words.split())


def test_a_very_long_answer_is_kept_up_to_a_whole_word() -> None:
    text = " ".join(f"word{n}" for n in range(5_000))

    kept = finding.text_of([text])

    assert len(kept) <= finding.MOST_CHARACTERS
    assert text.startswith(kept)
    assert kept.split()[-1] in text.split()


# --- the municipality ------------------------------------------------------------------------------------------------


def test_the_municipality_is_the_first_one_answered_as_it_was_said_last() -> None:
    version = build.version(
        build.page("first", build.field("municipality", "where"), build.field("municipality", "too"))
    )
    case, official = build.case(version, answers={"where": "091", "too": "049"}), build.official()
    assert case.municipality == "091"
    case.take_step("take_up", by=official, at=build.NOW)
    case.take_step("request_supplement", by=official, at=build.NOW, text="More", due=build.TODAY, fields=["where"])
    draft = intake.begin_supplement(case, case.application.customer)
    draft.answers |= {"where": "235", "supplement_text": "Moved"}
    draft.save()

    intake.send(draft, at=build.NOW)

    case.refresh_from_db()
    assert case.municipality == "235"


@pytest.mark.parametrize("more", [{"secret": True}, {"required": False}])
def test_there_is_none_where_none_is_answered_openly(more: dict[str, Any]) -> None:
    version = build.version(build.page("first", build.field("municipality", "where", **more)))

    assert build.case(version, answers={"where": "091"} if "secret" in more else {}).municipality == ""


def test_a_case_that_arises_elsewhere_is_noted_by_the_same_verb() -> None:
    paper = build.case().application
    Case.objects.update(words="", municipality="")
    case = Case.objects.get()

    finding.note(case)

    assert case.words == finding.words_of(Case.objects.get(application=paper)) != ""
    assert Case.objects.get().words == case.words


# --- what is looked for ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "looked_for", "short"),
    [
        ("Fest  STRANDEN fest", ["fest", "stranden"], []),
        ("ab FE-2027-000001 1", ["fe-2027-000001"], ["ab", "1"]),
        ("91-1-23-4", ["91-1-23-4"], []),
        ("--- a-b", [], ["---", "a-b"]),
        ("x\0yz", ["xyz"], []),
        ("FE\u20112027", ["fe-2027"], []),
        ("Stra\u00dfe", ["strasse"], []),
        (f"{CODE} a@example.com", [], []),
        (" ".join(f"word{n}" for n in range(30)), [f"word{n}" for n in range(10)], []),
    ],
)
def test_what_a_text_looks_for(text: str, looked_for: list[str], short: list[str]) -> None:
    search = finding.search_for(text)

    assert list(search.words) == looked_for
    assert list(search.short) == short


@pytest.mark.parametrize("text", [CODE, f"find {CODE.lower()}", CODE.replace("-", "\u2013")])
def test_looking_for_a_code_is_noticed(text: str) -> None:
    assert finding.asks_for_code(text)


@pytest.mark.parametrize("text", ["100%", "a_cd", "back\\slash"])
def test_signs_that_mean_something_to_the_database_are_looked_for_as_they_stand(text: str) -> None:
    for title in ("100% sure", "1000 times", "a_cd here", "abcd here", "back\\slash", "backslash"):
        build.case(answers={"title": title}, by=build.customer(title.split()[0]))

    found = Case.objects.filter(finding.search_for(text).condition())

    assert Case.objects.filter(finding.search_for("a_").condition()).count() == 0
    assert {case.application.answers["title"].split()[0] for case in found} == {text}


# --- the cases that were there before --------------------------------------------------------------------------------


def test_the_migration_keeps_what_the_verb_keeps() -> None:
    version = build.version(build.page("first", build.field("text", "title"), build.field("municipality", "where")))
    answers = {"title": f"Fest {CODE}", "where": "091"}
    first, official = build.case(version, answers=answers), build.official()
    second = build.case(by=build.customer("Second"))
    first.take_step("take_up", by=official, at=build.NOW)
    first.take_step("request_supplement", by=official, at=build.NOW, text="More", due=build.TODAY, fields=["title"])
    draft = intake.begin_supplement(first, first.application.customer)
    draft.answers |= {"title": "Second title", "supplement_text": "Elaborated"}
    draft.save()
    intake.send(draft, at=build.NOW)
    kept = list(Case.objects.order_by("pk").values_list("pk", "words", "municipality"))
    assert [pk for pk, _words, _place in kept] == [first.pk, second.pk]
    Case.objects.update(words="", municipality="")

    import_module("apps.cases.migrations.0009_words").fill(apps, None)

    assert list(Case.objects.order_by("pk").values_list("pk", "words", "municipality")) == kept
    assert "elaborated" in kept[0][1]
