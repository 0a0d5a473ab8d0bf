"""Questions made of parts, and the group that repeats: what is asked of each, what counts, and that nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import override
from pytest_django import Settings

from apps.services.definition import Definition
from apps.services.pageform import PageForm
from tests.build import TODAY, definition, field, page, said
from tests.markup import flaws, read
from tests.services.browser import filled, html_of, names_in, pressed
from tests.services.kinds import a, form_with, kept, of, opened, posted, wrong
from tests.services.test_pageform import form_of

STREET = {"street": "Exempelgatan 1", "where": "finland", "post_code": "00100", "town": "Exempelstaden"}
ABROAD = {"street": "Example Street 1", "where": "abroad", "town": "Exampletown", "country": "Sverige"}
PERSON = {"given_name": "Test", "family_name": "Person", "email": "namn@example.com", "phone": "+358401234567"}
COMPANY = {"name": "Exempel Ab", "business_id": "1234567-1", "contact": PERSON}


def names(*parts: str) -> set[str]:
    """Where the errors of these parts lead to."""
    return {f"id_it-{part}" for part in parts}


def sent(value: Any, prefix: str = "") -> dict[str, Any]:
    """An answer of parts as it is typed: each part by its name."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        found |= sent(item, f"{prefix}{key}-") if isinstance(item, dict) else {f"{prefix}{key}": item}
    return found


# --- period ----------------------------------------------------------------------------------------------------------


def test_period_is_kept_and_said_as_from_to() -> None:
    stored = kept(a("period"), {"start": "5.6.2027", "end": "2027-06-08"})

    assert stored == {"start": "2027-06-05", "end": "2027-06-08"}
    assert [of("period").show(stored, language) for language in ("sv", "fi", "en")] == ["5.6.2027–8.6.2027"] * 3
    assert of("period").envelope(stored) == stored


def test_period_may_be_one_day() -> None:
    assert kept(a("period"), {"start": "5.6.2027", "end": "5.6.2027"})


def test_period_cannot_end_before_it_begins() -> None:
    form = posted(a("period"), {"start": "5.6.2027", "end": "4.6.2027"})

    found = wrong(form)
    assert set(found) == names("end")
    assert "5.6.2027" in found["id_it-end"]
    assert not form.only_unanswered
    assert form.kept == {
        "it": {"start": "2027-06-05"}
    }  # what is right is kept, and what is wrong stands in its control
    assert filled(html_of(form))["it-end"] == "4.6.2027"


@pytest.mark.parametrize(
    ("data", "lacks"), [({"start": "5.6.2027"}, ["end"]), ({"end": "5.6.2027"}, ["start"]), ({}, ["start", "end"])]
)
def test_period_has_both_days(data: dict[str, str], lacks: list[str]) -> None:
    form = posted(a("period"), data)

    assert set(wrong(form)) == names(*lacks)
    assert form.only_unanswered


def test_period_too_near_is_refused_at_its_first_day() -> None:
    asked = a("period", lead_time={"days": 28})
    near, far = ({"start": TODAY + timedelta(days=n), "end": TODAY + timedelta(days=90)} for n in (27, 28))

    found = wrong(posted(asked, {part: day.isoformat() for part, day in near.items()}))
    assert set(found) == names("start")
    assert "29.3.2027" in found["id_it-start"]
    assert kept(asked, {part: day.isoformat() for part, day in far.items()})
    assert form_with(asked).lead_time is not None
    # Days pass between filling in and sending.
    stored = {part: day.isoformat() for part, day in far.items()}
    assert form_with(asked).fields["it"].objection(stored, {}, TODAY) == ""
    assert form_with(asked).fields["it"].objection(stored, {}, TODAY + timedelta(days=1))


def test_period_asked_again_in_a_supplement_has_no_lead_time() -> None:
    again = of("period", lead_time={"days": 28}).again()
    late = {"start": TODAY.isoformat(), "end": TODAY.isoformat()}

    assert of("period", lead_time={"days": 28}).objection(late, {}, TODAY)
    assert again.objection(late, {}, TODAY) == ""
    assert again.notice() is None


# --- address ---------------------------------------------------------------------------------------------------------


def test_address_in_finland_has_a_post_code_of_five_digits() -> None:
    assert kept(a("address"), STREET) == STREET
    assert set(wrong(posted(a("address"), {**STREET, "post_code": "AX100"}))) == names("post_code")
    assert set(wrong(posted(a("address"), {**STREET, "post_code": ""}))) == names("post_code")
    assert of("address").show(STREET, "fi") == "Exempelgatan 1\n00100 Exempelstaden"


def test_address_abroad_has_a_country_and_any_post_code_or_none() -> None:
    assert kept(a("address"), ABROAD) == ABROAD
    with_code = {**ABROAD, "foreign_post_code": "SE-123 45"}
    assert kept(a("address"), with_code) == with_code
    assert set(wrong(posted(a("address"), {**ABROAD, "country": ""}))) == names("country")
    assert of("address").show(with_code, "en") == "Example Street 1\nSE-123 45 Exampletown\nSverige"
    assert of("address").show(ABROAD, "en") == "Example Street 1\nExampletown\nSverige"


def test_address_moved_abroad_and_home_again_has_lost_nothing_and_counts_once() -> None:
    everything = {**STREET, "foreign_post_code": "123", "country": "Sverige"}

    abroad = kept(a("address"), {**everything, "where": "abroad"})
    home = kept(a("address"), filled(html_of(opened(a("address"), {"it": abroad})), **{"it-where": "finland"}))

    assert home == everything
    assert of("address").counted(home, {}, TODAY) == STREET
    assert of("address").envelope(of("address").counted(home, {}, TODAY)) == STREET
    assert of("address").counted(abroad, {}, TODAY) == {
        **ABROAD,
        "street": "Exempelgatan 1",
        "town": "Exempelstaden",
        "foreign_post_code": "123",
    }
    assert "00100" not in of("address").show(of("address").counted(abroad, {}, TODAY), "sv")


def test_address_hides_what_is_not_asked() -> None:
    root = read(html_of(opened(a("address"), {"it": STREET})))

    hidden = [e for e in root.find(css="question") if "hidden" in e.attrs]
    assert [e.controls()[0].attrs["name"] for e in hidden] == ["it-foreign_post_code", "it-country"]
    assert {e.attrs["data-within"] for e in hidden} == {"it"}


def test_address_opened_stands_in_finland_and_that_alone_is_no_answer() -> None:
    html = html_of(opened(a("address", required=False)))

    assert filled(html)["it-where"] == "finland"
    assert kept(a("address", required=False), filled(html)) is None
    assert set(wrong(posted(a("address", required=False), filled(html, **{"it-where": "abroad"})))) == names(
        "street", "town", "country"
    )


# --- person, company, applicant ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        ({}, ["given_name", "family_name", "email", "phone"]),
        ({"contact": False}, ["given_name", "family_name"]),
        ({"contact": False, "protection_order": True}, ["given_name", "family_name", "protected"]),
        ({"contact": False, "identity_code": True}, ["given_name", "family_name", "no_code", "code", "foreign_code"]),
        ({"address": True}, ["given_name", "family_name", "address", "email", "phone"]),
    ],
)
def test_person_is_asked_what_the_definition_says(more: dict[str, Any], parts: list[str]) -> None:
    assert [part.key for part in form_with(field("person", "it", **more)).fields["it"].parts()] == parts


def test_person_is_said_with_the_name_first() -> None:
    asked = form_with(field("person", "it", address=True, protection_order=True)).fields["it"]

    words = asked.show({**PERSON, "address": STREET, "protected": True}, "en")

    assert words.splitlines() == [
        "Test Person",
        "Address: Exempelgatan 1, 00100 Exempelstaden",
        "E-mail: namn@example.com",
        "Phone: +358 40 1234567",
        "I have a protection order (the details must not be shown to others): Yes",
    ]


def test_person_without_a_finnish_code_gives_another_one(settings: Settings) -> None:
    settings.ACCEPT_TEST_CODES = True
    asked = field("person", "it", contact=False, identity_code=True)
    name = {"given_name": "Test", "family_name": "Person"}

    with_code = kept(asked, {**name, "code": "010190-999w"})
    without = kept(asked, {**name, "code": "010190-999W", "no_code": "on", "foreign_code": "19900101-1234"})

    assert with_code == {**name, "code": "010190-999W"}
    assert form_with(asked).fields["it"].counted(without, {}, TODAY) == {
        **name,
        "no_code": True,
        "foreign_code": "19900101-1234",
    }
    assert set(wrong(posted(asked, name))) == names("code")
    assert set(wrong(posted(asked, {**name, "no_code": "on"}))) == names("foreign_code")


def test_code_of_a_person_is_masked_and_kept_all_the_same(settings: Settings) -> None:
    settings.ACCEPT_TEST_CODES = True
    asked = field("applicant", "it", identity_code=True, address=False)
    stored = {"kind": "person", "person": {**PERSON, "code": "010190-999W"}}

    html = html_of(opened(asked, {"it": stored}))

    assert "999W" not in html
    assert filled(html)["it-person-code"] == "010190-****"
    assert kept(asked, filled(html), {"it": stored}) == stored
    other = kept(asked, filled(html, **{"it-person-code": "010110a9998"}), {"it": stored})
    assert other["person"]["code"] == "010110A9998"
    assert "999W" not in form_with(asked).fields["it"].show(stored, "sv")
    assert set(wrong(posted(asked, filled(html), answers={}))) == names("person-code")  # a mask of nothing is no code


def test_company_has_a_contact_person_unless_the_definition_says_otherwise() -> None:
    alone = field("company", "it", contact_person=False)

    assert kept(field("company", "it"), sent(COMPANY)) == COMPANY
    assert set(wrong(posted(field("company", "it"), {**sent(COMPANY), "contact-phone": ""}))) == names("contact-phone")
    assert kept(alone, {"name": "Exempel Ab", "business_id": "12345671"}) == {
        "name": "Exempel Ab",
        "business_id": "1234567-1",
    }


APPLICANT = field("applicant", "it", address=False, protection_order=False)


def test_applicant_is_asked_for_the_one_it_is() -> None:
    nothing = posted(APPLICANT)

    assert set(wrong(nothing)) == {"id_it-kind_0"}
    assert set(wrong(posted(APPLICANT, {"kind": "person"}))) == names(*(f"person-{key}" for key in PERSON))
    assert set(wrong(posted(APPLICANT, {"kind": "company"}))) == names(
        "company-name", "company-business_id", *(f"company-contact-{key}" for key in PERSON)
    )
    assert kept(APPLICANT, sent({"kind": "person", "person": PERSON}))["person"] == PERSON
    assert kept(APPLICANT, sent({"kind": "company", "company": COMPANY}))["company"] == COMPANY


def test_applicant_that_changes_keeps_the_other_one_which_does_not_count() -> None:
    asked = form_with(APPLICANT).fields["it"]
    person = kept(APPLICANT, sent({"kind": "person", "person": PERSON}))

    html = html_of(opened(APPLICANT, {"it": person}))
    company = kept(
        APPLICANT, filled(html, **{f"it-{k}": v for k, v in sent({"kind": "company", "company": COMPANY}).items()})
    )
    again = kept(APPLICANT, filled(html_of(opened(APPLICANT, {"it": company})), **{"it-kind": "person"}))

    assert company == {"kind": "company", "person": PERSON, "company": COMPANY}
    for counts in (asked.counted(company, {}, TODAY), asked.envelope(asked.counted(company, {}, TODAY))):
        assert counts == {"kind": "company", "company": COMPANY}
    assert asked.show(asked.counted(company, {}, TODAY), "en").splitlines()[0].endswith("Exempel Ab")
    assert again == {"kind": "person", "person": PERSON, "company": COMPANY}
    assert asked.counted(again, {}, TODAY) == {"kind": "person", "person": PERSON}
    assert asked.show(asked.counted(again, {}, TODAY), "en").splitlines()[0] == "Test Person"


def test_wrong_answer_to_the_one_it_is_not_stops_nobody() -> None:
    data = {**sent({"kind": "person", "person": PERSON}), "company-business_id": "wrong", "company-name": "x"}

    assert kept(APPLICANT, data) == {"kind": "person", "person": PERSON, "company": {"name": "x"}}


def test_applicant_sent_counts_only_what_it_is() -> None:
    asked = definition(page("one", {**APPLICANT, "key": "who"}), page("two", field("text", "title")))
    answers = {"who": {"kind": "company", "person": PERSON, "company": COMPANY}, "title": "x"}

    counting = list(asked.asked(answers, TODAY))[-1][2]

    assert counting == {"who": {"kind": "company", "company": COMPANY}, "title": "x"}


def test_conditions_look_at_the_kind_of_applicant_on_its_own_page_and_later() -> None:
    company = {"field": "it.kind", "equals": "company"}
    asked = definition(
        page("one", APPLICANT, field("text", "firm", show_when=company)),
        page("two", field("text", "later", show_when=company), field("text", "title")),
        page("three", field("text", "last"), show_when={"field": "it.company.business_id", "equals": "1234567-1"}),
    )
    person, firm = (
        {"it": answer} for answer in ({"kind": "person", "person": PERSON}, {"kind": "company", "company": COMPANY})
    )

    def post(answer: dict[str, Any], key: str, **more: str) -> PageForm:
        data = {f"it-{name}": value for name, value in sent(answer["it"]).items()}
        return form_of(asked, key, {**(data if key == "one" else {}), **more}, answers=answer)

    assert post(person, "one").is_valid()
    assert set(post(firm, "one").errors) == {"firm"}
    assert post(firm, "one", firm="x").is_valid()
    assert post(person, "two", title="x").is_valid()
    assert set(post(firm, "two", title="x").errors) == {"later"}
    assert [p.key for p, _fields, _counting in asked.asked(person, TODAY)] == ["one", "two"]
    assert [p.key for p, _fields, _counting in asked.asked(firm, TODAY)] == ["one", "two", "three"]
    # What the applicant no longer is brings up nothing.
    both = {"it": {"kind": "person", "person": PERSON, "company": COMPANY}}
    assert [p.key for p, _fields, _counting in asked.asked(both, TODAY)] == ["one", "two"]


def test_question_that_half_an_applicant_brings_up_is_asked() -> None:
    """The kind counts for the questions after it though the applicant is not complete yet."""
    asked = definition(
        page("one", APPLICANT, field("text", "firm", show_when={"field": "it.kind", "equals": "company"}))
    )

    assert "id_firm" in wrong(form_of(asked, "one", {"it-kind": "company"}))
    assert "id_firm" not in wrong(form_of(asked, "one", {"it-kind": "person"}))


# --- invoicing and place -----------------------------------------------------------------------------------------------


def test_invoice_goes_by_its_way() -> None:
    electronic = {"way": "e_invoice", "e_address": "003712345671", "operator": "EXAMPLE"}
    post = {"way": "post", "address": STREET, "reference": "12"}

    assert of("invoicing").counted(kept(a("invoicing"), electronic), {}, TODAY) == electronic
    assert of("invoicing").counted(kept(a("invoicing"), {**sent(post), "e_address": "003712345671"}), {}, TODAY) == post
    assert set(wrong(posted(a("invoicing"), {"way": "e_invoice"}))) == names("e_address", "operator")
    assert names("address-street", "address-post_code", "address-town") <= set(
        wrong(posted(a("invoicing"), {"way": "post"}))
    )


@pytest.mark.parametrize(
    ("system", "right", "edge", "beyond"),
    [
        ("tm35fin", ("6672000,5", "386000"), ("7800000", "50000"), ("7800000,01", "49999,99")),
        ("wgs84", ("60,170000", "24.94"), ("71", "19"), ("71,000001", "18,999999")),
    ],
)
def test_place_is_in_finland(system: str, right: Any, edge: Any, beyond: Any) -> None:
    asked = a("place", system=system)

    def at(pair: Any) -> dict[str, str]:
        return {"description": "Exempeltorget", "north": pair[0], "east": pair[1]}

    assert kept(asked, at(right)) == at([number.replace(",", ".") for number in right])
    assert kept(asked, at(edge))
    assert set(wrong(posted(asked, at(beyond)))) == names("north", "east")


def test_place_needs_its_words_but_no_coordinates() -> None:
    assert kept(a("place"), {"description": "Exempeltorget"}) == {"description": "Exempeltorget"}
    assert set(wrong(posted(a("place"), {"north": "6672000", "east": "386000"}))) == names("description")
    assert names_in(html_of(opened(a("place", coordinates=False)))) == ["it-description"]


# --- any of them -------------------------------------------------------------------------------------------------------


def test_optional_question_is_judged_once_anything_is_typed_in_it() -> None:
    asked = field("person", "it", required=False)

    assert kept(asked, {}) is None
    found = posted(asked, {"given_name": "Test"})
    assert set(wrong(found)) == names("family_name", "email", "phone")
    assert found.only_unanswered
    assert found.kept == {"it": {"given_name": "Test"}}


def test_optional_question_emptied_again_is_no_answer() -> None:
    asked = field("person", "it", required=False)

    assert kept(asked, dict.fromkeys(PERSON, ""), {"it": PERSON}) is None


def test_question_within_another_has_its_errors_in_the_language_of_the_page() -> None:
    for language in ("sv", "fi", "en"):
        with override(language):
            form = posted(a("period"), {"end": "5.6.2027"})
            assert not form.is_valid()
            [(_target, label, why)] = form.summary
            assert label == {"sv": "Börjar", "fi": "Alkaa", "en": "Begins"}[language]
            assert why == of("period").parts()[0].missing()


def test_parts_marked_optional_are_those_that_are() -> None:
    with override("en"):
        root = read(html_of(opened(field("person", "it", protection_order=True))))

    marked = {
        e.inside.controls()[0].attrs["name"]
        for e in root.find("label")
        if e.find(css="question__optional") and e.inside
    }
    assert marked == {"it-protected"}


# --- the group that repeats --------------------------------------------------------------------------------------------


def group(*, required: bool = True, fields: Any = None, **more: Any) -> dict[str, Any]:
    """A group of three questions a row."""
    row = fields or [
        field("text", "name"),
        field("long_text", "note", required=False),
        field("choices", "days", required=False, options=[{"value": v, "label": said(v)} for v in ("sat", "sun")]),
    ]
    return field("repeating", "it", required=required, fields=row, row_label=said("Stall"), **more)


ABC: list[dict[str, Any]] = [
    {"name": "A", "note": "first\nsecond", "days": ["sat"]},
    {"name": "B"},
    {"name": "C", "days": ["sat", "sun"]},
]


def rows(form: PageForm) -> list[str]:
    """The name typed in each row of the page."""
    sent = filled(html_of(form))
    assert flaws(read(html_of(form))) == []
    return [str(sent[f"it-{n}-name"]) for n in range(int(str(sent["it-count"])))]


def test_group_is_opened_with_a_row_when_it_must_be_answered() -> None:
    assert rows(opened(group())) == [""]
    assert rows(opened(group(required=False))) == []
    assert rows(opened(group(min_rows=3))) == ["", "", ""]
    assert rows(opened(group(min_rows=2), {"it": ABC})) == ["A", "B", "C"]


def test_row_is_called_by_its_label_and_number() -> None:
    with override("en"):
        root = read(html_of(opened(group(), {"it": ABC[:2]})))

    assert [e.text for e in root.find("legend", css="row__title")] == ["Stall 1", "Stall 2"]
    assert [b.text for b in root.find("button")] == [
        *("Move down Stall 1", "Remove Stall 1", "Move up Stall 2", "Remove Stall 2", "Add Stall"),
    ]
    assert root.find("button", name="it-act") == root.find("button")


@pytest.mark.parametrize(
    ("button", "names"),
    [
        ("add", ["A", "B", "C", ""]),
        ("remove-0", ["B", "C"]),
        ("remove-1", ["A", "C"]),
        ("remove-2", ["A", "B"]),
        ("up-1", ["B", "A", "C"]),
        ("up-2", ["A", "C", "B"]),
        ("down-0", ["B", "A", "C"]),
        ("down-1", ["A", "C", "B"]),
    ],
)
def test_button_of_a_row_changes_the_rows_and_loses_nothing_typed(button: str, names: list[str]) -> None:
    """Without JavaScript, and before anything of it was ever stored."""
    typed = {f"it-{n}-{key}": value for n, row in enumerate(ABC) for key, value in row.items()}
    before = filled(html_of(opened(group(min_rows=3))), **typed)

    form = posted(group(min_rows=3), pressed(html_of(posted(group(min_rows=3), before)), button))

    assert form.inner["it"].acted
    assert form.acted
    assert rows(form) == names
    whole = {row["name"]: row for row in ABC} | {"": None}
    assert form.kept["it"] == [whole[name] for name in names if name]
    html = html_of(form)
    if "A" in names:
        assert filled(html).getlist(f"it-{names.index('A')}-days") == ["sat"]
    # And once more, as a customer would go on.
    finished = posted(group(), filled(html, **{"it-3-name": "D"}))
    assert finished.is_valid()
    assert [row["name"] for row in finished.kept["it"]] == [name or "D" for name in names]
    assert not finished.acted


@pytest.mark.parametrize(
    "button", ["up-0", "down-2", "remove-3", "remove-99", "up-", "down--1", "nonsense", "add-", "-"]
)
def test_button_that_is_not_there_changes_nothing(button: str) -> None:
    sent = filled(html_of(opened(group(), {"it": ABC})), **{"it-act": button})

    form = posted(group(), sent, answers={"it": ABC})

    assert rows(form)[:3] == ["A", "B", "C"]
    assert form.kept["it"] == ABC


def test_row_is_moved_though_something_is_wrong_in_it() -> None:
    asked = group(fields=[field("text", "name"), field("whole_number", "number")])
    typed = {"it-count": "2", "it-0-name": "A", "it-0-number": "many", "it-1-name": "B", "it-1-number": "2"}

    form = posted(asked, filled("", **typed, **{"it-act": "down-0"}))

    assert rows(form) == ["B", "A"]
    assert filled(html_of(form))["it-1-number"] == "many"


def test_no_more_rows_than_may_be() -> None:
    full = opened(group(max_rows=3), {"it": ABC})

    assert "add" not in [button.attrs["value"] for button in read(html_of(full)).find("button")]
    forced = posted(group(max_rows=3), filled(html_of(full), **{"it-act": "add"}))
    assert rows(forced) == ["A", "B", "C"]
    claimed = posted(group(max_rows=3), filled(html_of(full), **{"it-count": "200", "it-3-name": "D"}))
    assert rows(claimed) == ["A", "B", "C"]


def test_no_fewer_rows_than_must_be() -> None:
    asked = group(min_rows=2)

    short = posted(asked, filled(html_of(opened(asked)), **{"it-0-name": "A"}))

    with translation.override("en"):
        found = wrong(posted(asked, filled(html_of(opened(asked)), **{"it-0-name": "A"})))
    assert list(found) == ["id_it"]
    assert "2" in found["id_it"]
    assert short.kept["it"] == [{"name": "A"}]  # it is no wrong answer, only too little of it
    assert form_with(asked).fields["it"].objection(ABC[:2], {}, TODAY) == ""
    assert form_with(asked).fields["it"].objection(ABC[:1], {}, TODAY)
    assert form_with(group(max_rows=2)).fields["it"].objection(ABC, {}, TODAY)


def test_optional_group_with_a_least_number_may_be_left_out() -> None:
    asked = group(required=False, min_rows=2)

    assert kept(asked, filled(html_of(opened(asked)))) is None
    assert list(wrong(posted(asked, filled(html_of(opened(asked)), **{"it-1-name": "A"})))) == ["id_it"]


def test_empty_rows_are_not_kept_and_not_wrong() -> None:
    asked = group(min_rows=1)
    sent = filled("", **{"it-count": "4", "it-1-name": "B", "it-2-name": "  ", "it-3-name": "D"})

    assert kept(asked, sent) == [{"name": "B"}, {"name": "D"}]


def test_group_with_nothing_in_it_is_missing_when_it_must_be_answered() -> None:
    form = posted(group(), filled(html_of(opened(group()))))

    assert wrong(form) == {"id_it": form_with(group()).fields["it"].missing()}
    assert form.only_unanswered
    assert read(html_of(form)).one(id="id_it").tag == "fieldset"


def test_error_names_its_row() -> None:
    sent = filled("", **{"it-count": "3", "it-0-name": "A", "it-1-note": "x", "it-2-name": "x" * 300})

    with translation.override("en"):
        form = posted(group(), sent)

        assert not form.is_valid()
        assert [(target, label) for target, label, _why in form.summary] == [
            ("id_it-1-name", "Stall 2, Name"),
            ("id_it-2-name", "Stall 3, Name"),
        ]
    assert form.kept["it"] == [{"name": "A"}, {"note": "x"}]


def test_row_has_conditions_of_its_own() -> None:
    asked = group(fields=[field("yes_no", "more"), field("text", "what", show_when={"field": "more", "equals": True})])
    sent = filled("", **{"it-count": "2", "it-0-more": "yes", "it-0-what": "x", "it-1-more": "no", "it-1-what": "y"})

    stored = kept(asked, sent)

    assert stored == [{"more": True, "what": "x"}, {"more": False, "what": "y"}]
    assert form_with(asked).fields["it"].counted(stored, {}, TODAY) == [{"more": True, "what": "x"}, {"more": False}]
    assert list(wrong(posted(asked, filled("", **{"it-count": "2", "it-1-more": "yes"})))) == ["id_it-1-what"]
    hidden = read(html_of(opened(asked, {"it": stored}))).find(data_within="it-1")
    assert ["hidden" in e.attrs for e in hidden] == [True]


def test_composite_question_in_a_row_is_kept_and_moved_as_a_whole() -> None:
    asked = group(fields=[field("text", "name"), field("address", "place"), field("period", "time", required=False)])
    stored = [
        {"name": "A", "place": STREET, "time": {"start": "2027-06-05", "end": "2027-06-06"}},
        {"name": "B", "place": ABROAD},
    ]

    html = html_of(opened(asked, {"it": stored}))

    assert flaws(read(html)) == []
    assert kept(asked, filled(html), {"it": stored}) == stored
    moved = posted(asked, pressed(html, "down-0"), answers={"it": stored})
    assert moved.kept["it"] == stored[::-1]
    assert kept(asked, filled(html_of(moved))) == stored[::-1]
    broken = posted(asked, filled(html, **{"it-1-place-country": "", "it-0-time-end": "4.6.2027"}))
    assert set(wrong(broken)) == {"id_it-1-place-country", "id_it-0-time-end"}
    with translation.override("en"):
        assert [label for _target, label, _why in broken.summary] == ["Stall 1, Ends", "Stall 2, Country"]


def test_code_in_a_row_is_masked_and_follows_its_row(settings: Settings) -> None:
    """Twins have the same mask, so the mask alone does not tell whose code it is."""
    settings.ACCEPT_TEST_CODES = True
    asked = group(fields=[field("text", "name"), field("personal_identity_code", "code")])
    stored = [
        {"name": "A", "code": "010190-999W"},
        {"name": "B", "code": "010190-998V"},
        {"name": "C", "code": "020290-9999"},
    ]
    html = html_of(opened(asked, {"it": stored}))

    assert kept(asked, filled(html), {"it": stored}) == stored
    moved = posted(asked, pressed(html, "down-0"), answers={"it": stored})
    assert moved.kept["it"] == [stored[1], stored[0], stored[2]]
    assert kept(asked, filled(html_of(moved)), {"it": moved.kept["it"]}) == moved.kept["it"]
    gone = posted(asked, pressed(html, "remove-0"), answers={"it": stored})
    assert gone.kept["it"] == stored[1:]
    assert kept(asked, filled(html_of(gone)), {"it": gone.kept["it"]}) == stored[1:]


def test_code_in_a_row_is_found_though_a_row_before_it_is_empty(settings: Settings) -> None:
    settings.ACCEPT_TEST_CODES = True
    asked = group(fields=[field("text", "name"), field("personal_identity_code", "code")])
    stored = [{"name": "A", "code": "010190-999W"}, {"name": "B", "code": "020290-9999"}]
    html = html_of(opened(asked, {"it": stored}))

    emptied = posted(
        asked, pressed(html, "add", **{"it-0-name": "", "it-0-code": ""}), answers={"it": stored}
    )  # the first row stays on the page but is no longer stored

    assert emptied.kept["it"] == stored[1:]
    assert kept(asked, filled(html_of(emptied)), {"it": emptied.kept["it"]}) == stored[1:]


def test_group_is_said_a_row_a_line() -> None:
    asked = form_with(group()).fields["it"]

    assert asked.show(ABC[:2], "en").splitlines() == ["1. Name: A; Note: first, second; Days: sat", "2. Name: B"]
    assert asked.envelope(ABC) == ABC


def test_lead_time_in_a_row_brings_up_the_reason_and_lets_the_paper_be_sent() -> None:
    """What a row asks because a day is near is asked, kept and counted alike, or nobody could ever send it."""
    asked = group(
        fields=[
            field("date", "day", lead_time={"days": 28, "late": "explain"}),
            field("text", "why", show_when={"field": "day", "within_days": 28}),
        ]
    )
    made = form_with(asked)
    near = (TODAY + timedelta(days=5)).isoformat()
    answer = kept(asked, filled("", **{"it-count": "1", "it-0-day": near, "it-0-why": "Because"}))

    assert answer == [{"day": near, "why": "Because"}]
    assert complete(made, {"it": answer})


def test_group_asked_again_in_a_supplement_has_no_lead_times_and_keeps_its_conditions() -> None:
    asked = form_with(
        group(
            fields=[
                field("date", "day", lead_time={"days": 28}),
                field("yes_no", "more", required=False),
                field("text", "what", show_when={"field": "more", "equals": True}),
            ]
        )
    ).fields["it"]
    late = [{"day": TODAY.isoformat(), "more": False}]

    assert asked.objection(late, {}, TODAY)
    assert asked.again().objection(late, {}, TODAY) == ""
    assert asked.again().objection([{"day": TODAY.isoformat(), "more": True}], {}, TODAY)


def complete(made: Definition, answers: dict[str, Any]) -> bool:
    """Whether the paper could be sent."""
    return all(p.questions.complete(answers, {}, TODAY) for p in made.pages)


# --- what stands there from the beginning ------------------------------------------------------------------------------


def test_default_of_a_question_of_parts_stands_there_and_is_nothing_typed() -> None:
    asked = field("person", "it", required=False, contact=False, default={"family_name": "Exempel"})

    html = html_of(opened(asked))

    assert filled(html)["it-family_name"] == "Exempel"
    assert kept(asked, filled(html)) is None
    assert kept(asked, filled(html, **{"it-given_name": "Test"})) == {"given_name": "Test", "family_name": "Exempel"}


def test_default_of_a_question_in_a_row_is_nothing_typed() -> None:
    asked = group(
        required=False,
        min_rows=2,
        fields=[
            field("text", "name"),
            field("whole_number", "number", default=1),
            field("choice", "way", default="b", options=[{"value": v, "label": said(v)} for v in "ab"]),
        ],
    )

    html = html_of(opened(asked))

    assert [filled(html)[f"it-{n}-number"] for n in range(2)] == ["1", "1"]
    assert kept(asked, filled(html)) is None


def test_what_is_offered_stands_in_the_parts_and_can_be_typed_over() -> None:
    asked = field("person", "it", required=False, contact=False)
    offered = {"it": {"given_name": "Test", "family_name": "Person"}}

    html = html_of(opened(asked, offers=offered))

    assert filled(html)["it-given_name"] == "Test"
    form = PageForm(
        form_with(asked),
        form_with(asked).pages[0],
        answers={},
        today=TODAY,
        offers=offered,
        data=filled(html, **{"it-family_name": "Other"}),
        files={},
    )
    assert form.is_valid()
    assert form.kept["it"] == {"given_name": "Test", "family_name": "Other"}


def test_default_of_a_needed_question_of_parts_is_its_answer_when_left_as_it_stands() -> None:
    days = {"start": "2027-06-05", "end": "2027-06-06"}
    asked = field("period", "it", default=days)

    assert kept(asked, filled(html_of(opened(asked)))) == days


def test_missing_question_of_parts_is_told_in_the_services_own_words() -> None:
    asked = field("person", "it", errors={"missing": said("Who is it?")})

    form = posted(asked, filled(html_of(opened(asked))))

    assert [error for _target, _label, error in form.summary] == ["Who is it? sv"]
