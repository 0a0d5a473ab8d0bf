"""Official identifiers, searched lists, patterns, decimals and moments: what is taken, how it is kept, and how it is said."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override
from pytest_django import Settings

from apps.people.municipalities import all_municipalities
from apps.services.texts import LANGUAGES
from tests.build import options, said
from tests.markup import read
from tests.services.browser import filled, html_of
from tests.services.kinds import a, kept, of, opened, posted, refusal

# --- personal identity code --------------------------------------------------------------------------------------------

SEPARATORS = "+-YXWVUABCDEF"  # the first for the 1800s, the next six for the 1900s, the last six for the 2000s


@pytest.mark.parametrize(
    "code",
    [
        *("010110+9998",),
        *("010110-9998", "010110Y9998", "010110X9998", "010110W9998", "010110V9998", "010110U9998"),
        *("010110A9998", "010110B9998", "010110C9998", "010110D9998", "010110E9998", "010110F9998"),
    ],
)
def test_code_of_every_separator_is_kept_as_it_is(code: str, settings: Settings) -> None:
    """The separator is part of the identity: two people may differ in nothing else."""
    settings.ACCEPT_TEST_CODES = True
    assert code[6] in SEPARATORS
    assert kept(a("personal_identity_code"), code) == code
    assert of("personal_identity_code").show(code, "sv") == f"{code[:7]}****"


def test_no_other_sign_separates(settings: Settings) -> None:
    settings.ACCEPT_TEST_CODES = True
    assert len(SEPARATORS) == 13
    for sign in map(chr, range(0x21, 0x7F)):
        taken = posted(a("personal_identity_code"), f"010110{sign}9998").is_valid()
        assert taken is (sign.upper() in SEPARATORS), sign


@pytest.mark.parametrize("written", ["131052-308t", " 131052-308T ", "131052 -308T", "131052\N{HYPHEN}308T"])
def test_code_is_kept_as_the_register_writes_it(written: str) -> None:
    assert kept(a("personal_identity_code"), written) == "131052-308T"


@pytest.mark.parametrize(
    "written",
    [
        "131052-308U",  # another check character
        "131052-309T",
        "131152-308T",
        "310252-308Y",  # no such day
        "290201-3088",
        "131052-001N",  # below the first number
        "131052-000M",
        "131052308T",
        "131052G308T",
        "131052-308",
        "131052-308TT",
        "١٣١٠٥٢-308T",
        "131052-****",  # a mask of nothing
        "***********",
        "1310524****",
    ],
)
def test_code_that_is_none_is_refused(written: str) -> None:
    assert refusal(a("personal_identity_code"), written)


@pytest.mark.parametrize("number", ["900", "999"])
def test_artificial_code_is_taken_only_where_the_installation_says_so(number: str, settings: Settings) -> None:
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"010190{number}") % 31]
    code = f"010190-{number}{check}"

    settings.ACCEPT_TEST_CODES = False
    assert refusal(a("personal_identity_code"), code)
    assert of("personal_identity_code").accept(code) is None
    settings.ACCEPT_TEST_CODES = True
    assert kept(a("personal_identity_code"), code) == code


def test_real_code_is_taken_whatever_the_installation_says(settings: Settings) -> None:
    for settings.ACCEPT_TEST_CODES in (True, False):
        assert kept(a("personal_identity_code"), "131052-308T") == "131052-308T"


def test_code_is_masked_wherever_it_is_shown_once_it_is_kept() -> None:
    asked, stored = of("personal_identity_code"), {"it": "131052-308T"}

    assert asked.recall("131052-308T") == "131052-****"
    assert {asked.show("131052-308T", language) for language in LANGUAGES} == {"131052-****"}
    for form in (opened(a("personal_identity_code"), stored), posted(a("personal_identity_code"), "131052-308T")):
        html = html_of(form)
        assert "308T" not in html
        assert filled(html)["it"] == "131052-****"
    assert asked.envelope("131052-308T") == "131052-308T"  # the receiver needs it whole


def test_mask_sent_back_keeps_what_is_stored_and_a_new_code_takes_its_place(settings: Settings) -> None:
    settings.ACCEPT_TEST_CODES = True
    stored = {"it": "131052-308T"}
    html = html_of(opened(a("personal_identity_code"), stored))

    assert kept(a("personal_identity_code"), filled(html), stored) == "131052-308T"
    assert kept(a("personal_identity_code"), "010110A9998", stored) == "010110A9998"
    assert kept(a("personal_identity_code", required=False), "", stored) is None


@pytest.mark.parametrize("mask", ["010110A****", "131052+****", "131052-***", "131052-*****"])
def test_mask_of_another_code_is_refused(mask: str) -> None:
    form = posted(a("personal_identity_code"), mask, answers={"it": "131052-308T"})

    assert not form.is_valid()
    assert form.kept == {}
    assert "308T" not in html_of(form)


def test_code_that_is_wrong_stands_there_to_be_corrected() -> None:
    html = html_of(posted(a("personal_identity_code"), "131052-308U", answers={"it": "010110A9998"}))

    assert filled(html)["it"] == "131052-308U"


def test_code_is_remembered_by_no_browser() -> None:
    (control,) = read(html_of(opened(a("personal_identity_code")))).controls()

    assert control.attrs["autocomplete"] == "off"


# --- account, property, municipality -----------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["FI21 1234 5600 0007 85", "fi2112345600000785", "FI21-1234-5600-0007-85"])
def test_account_is_kept_without_spaces_and_said_in_groups(written: str) -> None:
    assert kept(a("iban"), written) == "FI2112345600000785"
    assert of("iban").show("FI2112345600000785", "sv") == "FI21 1234 5600 0007 85"


def test_account_may_be_in_another_country() -> None:
    assert kept(a("iban"), "SE45 5000 0000 0583 9825 7466") == "SE4550000000058398257466"


@pytest.mark.parametrize(
    "written", ["FI2112345600000786", "FI21123456000007", "FI٢١12345600000785", "XX2112345600000785", "123456-785", "x"]
)
def test_account_that_is_none_is_refused(written: str) -> None:
    assert refusal(a("iban"), written)


@pytest.mark.parametrize("written", ["91-1-23-4", "091-001-0023-0004", "09100100230004", "91–1–23–4", " 91-1-23-4 "])
def test_property_is_kept_as_fourteen_digits_and_said_without_noughts(written: str) -> None:
    assert kept(a("property_id"), written) == "09100100230004"
    assert of("property_id").show("09100100230004", "fi") == "91-1-23-4"


@pytest.mark.parametrize(
    "written", ["91-1-23", "91-1-23-4-5", "091-0001-23-4", "91-1-23-40000", "91-1-23-x", "91-1--4", "٩١-1-23-4",
                "0910010023000", "091001002300045"]
)  # fmt: skip
def test_property_that_is_none_is_refused(written: str) -> None:
    assert refusal(a("property_id"), written)


def test_property_keeps_the_number_of_a_municipality_that_has_ended() -> None:
    assert "015" not in all_municipalities()
    assert kept(a("property_id"), "15-401-1-23") == "01540100010023"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("written", ["Helsinki", "Helsingfors", "HELSINGFORS", " helsinki ", "091"])
def test_municipality_is_known_by_both_its_names_and_its_code(language: str, written: str) -> None:
    with override(language):
        assert kept(a("municipality"), written) == "091"


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_municipality_can_be_found_by_each_of_its_names(language: str) -> None:
    with override(language):
        taken = of("municipality").ask(language)
        assert taken is not None
        for one in all_municipalities().values():
            assert taken.clean(of("municipality").recall(one.code)) == one.code
            for name in (one.fi, one.sv, one.code):
                assert all_municipalities()[taken.clean(name)].name(language) in (one.fi, one.sv)


@pytest.mark.parametrize("written", ["Exempelstaden", "91", "0911", "999", "Hels"])
def test_municipality_that_is_none_is_refused(written: str) -> None:
    assert refusal(a("municipality"), written)


def test_municipality_is_said_by_its_name_in_the_language() -> None:
    assert [of("municipality").show("091", language) for language in LANGUAGES] == [
        "Helsingfors",
        "Helsinki",
        "Helsinki",
    ]
    assert of("municipality").show("000", "sv") == "000"  # one that has ended


# --- a list that is searched -------------------------------------------------------------------------------------------

SEARCHED: dict[str, Any] = {"display": "search", "options": options("red", "dark_red", "blue")}


def test_searched_list_suggests_every_option() -> None:
    with override("en"):
        root = read(html_of(opened(a("choice", **SEARCHED))))

    (control,) = root.controls()
    suggestions = root.one("datalist", id=control.attrs["list"])
    assert [e.attrs["value"] for e in suggestions.find("option")] == ["Red", "Dark_red", "Blue"]


@pytest.mark.parametrize("written", ["Red sv", "red SV", " Red sv ", "red"])
def test_searched_list_takes_the_text_or_the_value(written: str) -> None:
    assert kept(a("choice", **SEARCHED), written) == "red"


@pytest.mark.parametrize("written", ["Green", "Red fi", "re"])
def test_searched_list_refuses_what_is_not_in_it_and_shows_it_again(written: str) -> None:
    assert refusal(a("choice", **SEARCHED), written)
    assert filled(html_of(posted(a("choice", **SEARCHED), written)))["it"] == written


@pytest.mark.parametrize("language", LANGUAGES)
def test_searched_list_stands_with_the_text_in_the_language(language: str) -> None:
    stored = {"it": "dark_red"}
    with override(language):
        html = html_of(opened(a("choice", **SEARCHED), stored))

        assert filled(html)["it"] == of("choice", **SEARCHED).show("dark_red", language)
        assert kept(a("choice", **SEARCHED), filled(html)) == "dark_red"


# --- a text of a pattern -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "right", "not_right"),
    [
        ("AA 99", ["AB 12", "AB12", "åÖ 00"], ["A1 12", "AB 1", "AB 123", "AB  12", "AB-12", "AB ١٢"]),
        ("***", ["a1Å", "123", "abc"], ["a-1", "ab", "abcd"]),
        ("9.9", ["1.2"], ["1,2", "112", "1x2"]),  # a sign stands for itself, not for any sign
        ("(9+)?", ["(1+)?"], ["1", "(11)", "(1+)"]),
        ("FI-9", ["FI-1"], ["fi-1", "SE-1"]),
    ],
)
def test_text_of_a_pattern(pattern: str, right: list[str], not_right: list[str]) -> None:
    for text in right:
        assert kept(a("text", pattern=pattern), text) == text
    for text in not_right:
        assert refusal(a("text", pattern=pattern), text)


def test_text_not_of_its_pattern_is_told_an_example() -> None:
    assert "AA 11" in refusal(a("text", pattern="AA 99"), "x")
    assert kept(a("text", pattern="AA 99"), of("text", pattern="AA 99").sample(None)) == "AA 11"  # type: ignore[arg-type]


def test_text_of_a_pattern_may_be_left_out_where_it_need_not_be_given() -> None:
    assert kept(a("text", pattern="AA 99", required=False), "") is None


# --- decimals and money ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("12,5", "12.5"),
        ("12.50", "12.50"),
        ("1 234,5", "1234.5"),
        ("1\N{NO-BREAK SPACE}234,5", "1234.5"),
        ("0", "0"),
        ("0,10", "0.10"),
        ("007", "7"),
        ("\N{MINUS SIGN}0,5", "-0.5"),
        ("-0,00", "0.00"),
        ("99999999999,99", "99999999999.99"),
    ],
)
def test_decimal_is_kept_as_text_and_loses_nothing(written: str, stored: str) -> None:
    assert kept(a("decimal", min=-10), written) == stored


@pytest.mark.parametrize(
    "written", ["1,234", "1.2.3", "1,2,3", ",5", "1e3", "NaN", "Infinity", "٣,٥", "--1", "-", "1" * 5_000, "0x1", "1_0"]
)
def test_decimal_that_is_none_is_refused(written: str) -> None:
    assert refusal(a("decimal"), written)


def test_decimal_keeps_to_its_limits_and_says_them() -> None:
    asked = a("decimal", min=5, max=10, decimals=3)

    assert [kept(asked, number) for number in ("5", "5,001", "10,000")] == ["5", "5.001", "10.000"]
    for beyond in ("4,999", "10,001"):
        assert {"5", "10"} <= set(refusal(asked, beyond).replace(".", " ").split())
    assert refusal(asked, "5,0001")


def test_decimal_is_said_as_people_write_it() -> None:
    asked = of("decimal", unit=said("km"))

    assert asked.show("12345.50", "sv") == "12\N{NO-BREAK SPACE}345,50 km sv"
    assert asked.show("12345.50", "en") == "12\N{NO-BREAK SPACE}345.50 km"
    assert asked.show("-0.5", "sv") == "-0,5 km sv"
    assert asked.recall("12.5") == "12,5"


def test_nought_is_an_answer_of_decimals_too() -> None:
    assert of("decimal").answered(kept(a("decimal"), "0"))


def test_money_is_in_euros() -> None:
    assert kept(a("money"), "1 250,00") == "1250.00"
    assert {of("money").show("1250.00", language) for language in ("sv", "fi")} == {"1\N{NO-BREAK SPACE}250,00 €"}


# --- a day with an hour ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["5.6.2027 14.30", "05.06.2027 14:30", "2027-06-05T14:30", "5.6.2027  14.30", "5.6.2027 kl. 14.30"]
)
def test_moment_is_read_as_people_write_it(written: str) -> None:
    assert kept(a("date_time"), written) == "2027-06-05T14:30"


@pytest.mark.parametrize(
    "written", ["5.6.2027", "14.30", "31.2.2027 14.30", "5.6.2027 24.00", "5.6.1899 14.30", "5.6.2027 x"]
)
def test_moment_that_does_not_exist_is_refused(written: str) -> None:
    assert refusal(a("date_time"), written)


def test_moment_is_said_in_each_language() -> None:
    assert [of("date_time").show("2027-06-05T09:05", language) for language in LANGUAGES] == [
        "5.6.2027 kl. 9.05",
        "5.6.2027 klo 9.05",
        "5.6.2027 09:05",
    ]
