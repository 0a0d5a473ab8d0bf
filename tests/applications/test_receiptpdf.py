"""The receipt as a PDF: how it is built for those who hear it, and that it says what was sent, whatever that was."""

from __future__ import annotations

import re
import unicodedata
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from django.utils.translation import gettext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.applications.receiptpdf import receipt_pdf, said
from tests import build
from tests.applications.pdfreading import Element, Read, runs_of
from tests.applications.receipts import FILE, receipt

CHECK = "https://example.invalid/sv/receipts/00000000-0000-4000-8000-000000000000/"
A4_WIDTH, MARGIN = 595.3, 56.7
QUESTION = build.field("long_text", "title")
# Every letter of the languages of Finland that ASCII lacks: Swedish, Finnish, Northern, Inari and Skolt Sámi, Romani.
LETTERS = "åäöÅÄÖšžŠŽáčđŋŧÁČĐŊŦâÂʒǯǥǧǩõʼƷǮǤǦǨÕȟȞ"


def pdf_of(*fields: dict[str, Any], answers: dict[str, Any], **more: Any) -> Read:
    """The PDF of a receipt of these answers, opened."""
    return Read(receipt_pdf(receipt(*fields, answers=answers, **more), CHECK))


def pdf_saying(text: str, **more: Any) -> Read:
    """The PDF of a receipt in which one question was answered so."""
    return pdf_of(QUESTION, answers={"title": text}, **more)


def bare(text: str) -> str:
    """A text without any space."""
    return "".join(text.split())


def cells(read: Read) -> list[Element]:
    """The tables of a PDF."""
    return [element for element in read.structure.all() if element.tag == "Table"]


# --- built for everybody ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_pdf_is_marked_and_names_its_language_and_title(language: str) -> None:
    read = pdf_saying("An example", language=language)
    title = {"sv": "Mottagningsbekräftelse", "fi": "Vastaanottokuittaus", "en": "Receipt"}[language]
    assert bool(read.root.MarkInfo.Marked)
    assert read.root.Lang == f"{language}-FI"
    assert bool(read.root.ViewerPreferences.DisplayDocTitle)
    assert read.pdf.docinfo["/Title"] == f"{title} FE-2027-000001"


def test_pdf_says_which_standards_it_was_written_by() -> None:
    with pdf_saying("An example").pdf.open_metadata() as metadata:
        assert metadata.pdfa_status == "2A"
        assert metadata["pdfuaid:part"] == "1"


def test_of_what_was_done_in_the_authoritys_own_service_it_says_so_in_the_place_of_answers() -> None:
    own = {"sv": "https://own.example/"}
    made = receipt(QUESTION, answers={}, language="en", connection="conditional", own_service=own)
    made.paper.external_id = uuid.uuid4()

    read = Read(receipt_pdf(made, CHECK))

    assert bare("This was filled in in the authority’s own service, and the answers are there.") in read.bare


def test_headings_begin_at_the_top_and_skip_no_level() -> None:
    read = pdf_of(QUESTION, build.field("file", "plan"), answers={"title": "x", "plan": [FILE]})
    levels = [int(tag[1]) for tag in read.tags() if re.fullmatch(r"H\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_table_has_a_row_of_heads() -> None:
    read = pdf_of(QUESTION, build.field("file", "plan"), answers={"title": "x", "plan": [FILE]})
    tables = cells(read)
    assert len(tables) == 4  # the facts, the answers, the attachments, how to check it
    for table in tables:
        assert [part.tag for part in table.inside] == ["THead", "TBody"]
        head, body = table.inside
        assert [cell.tag for row in head.inside for cell in row.inside] == ["TH", "TH"]
        assert {cell.tag for row in body.inside for cell in row.inside} == {"TD"}


def test_table_over_many_pages_is_one_table() -> None:
    read = pdf_saying("\n".join(f"line {n}" for n in range(300)))
    assert len(read.pdf.pages) > 3
    assert len(cells(read)) == 3


def test_every_text_is_in_the_structure_or_set_aside() -> None:
    for page in pdf_saying("\n".join(f"line {n}" for n in range(100))).pdf.pages:
        assert all(run.marked for run in runs_of(page))


def test_only_our_font_is_used_and_is_part_of_the_file() -> None:
    read = pdf_saying("å 😀 漢")
    names = {str(font.BaseFont).partition("+")[2] for font in read.fonts}
    assert names == {"NotoSans-Regular", "NotoSans-Bold"}
    for font in read.fonts:
        assert "/FontFile2" in font.DescendantFonts[0].FontDescriptor
        assert "/ToUnicode" in font


# --- says what was sent ----------------------------------------------------------------------------------------------


def test_pdf_says_number_time_sender_and_digest() -> None:
    read = pdf_saying("An example", sender="Anna Exempel", on_behalf_of="Exempel Ab (1234567-1)")
    for text in (
        "FE-2027-000001",
        "1.3.2027 kl. 11.30.07",
        "Exempelkommun",
        "Anna Exempel",
        "Exempel Ab (1234567-1)",
        "0123456789abcdef" * 4,
        CHECK,
        "Det är inte ett godkännande.",
    ):
        assert bare(text) in read.bare


@pytest.mark.parametrize(
    ("language", "moment"),
    [("sv", "1.3.2027 kl. 11.30.07"), ("fi", "1.3.2027 klo 11.30.07"), ("en", "1.3.2027, 11:30:07")],
)
def test_pdf_is_in_the_language_it_is_asked_for(language: str, moment: str) -> None:
    read = pdf_saying("An example", language=language, declaration=build.said("All of this is true"))
    assert bare(moment) in read.bare
    assert bare(build.said("Title")[language]) in read.bare
    assert bare(build.said("All of this is true")[language]) in read.bare


def test_pdf_lists_each_file_with_its_question_size_and_digest() -> None:
    read = pdf_of(build.field("file", "plan"), answers={"plan": [FILE]})
    for text in ("Plan sv", "plan.pdf", "1234567 byte", "fedcba9876543210" * 4):
        assert bare(text) in read.bare


def test_pdf_shows_rows_with_their_titles() -> None:
    rows = build.field("repeating", "costs", fields=[build.field("text", "what"), build.field("text", "why")])
    read = pdf_of(rows, answers={"costs": [{"what": "First thing"}, {"what": "Second thing", "why": "Because"}]})
    for text in ("Costs sv 1", "First thing", "Costs sv 2", "Second thing", "Because"):
        assert bare(text) in read.bare


def test_pdf_says_what_was_not_answered() -> None:
    read = pdf_of(build.field("text", "title", required=False), answers={})
    assert bare(gettext("Not answered")) in read.bare


def test_pdf_shows_no_whole_identity_code() -> None:
    read = pdf_of(build.field("personal_identity_code", "code"), answers={"code": "010190-999W"})
    assert "010190-****" in read.bare
    assert "999W" not in read.bare


def test_letters_of_the_languages_of_finland_are_shown() -> None:
    assert LETTERS in pdf_saying(LETTERS).bare


@pytest.mark.parametrize(
    "text",
    [
        "#strong[x] $a$ *bold* _slant_ `code` @ref <label> // no comment",
        '#panic() #{ } #let x = 1; #sys.inputs.receipt #read("/etc/hostname") #import "x.typ"',
        "= Heading\n- list\n+ list\n/ Term: x\n---\n~ -- --- ... \\u{2603} \\",
        "\"quotes\" 'single' ` https://example.invalid/ $ x^2 $ /* */",
        "<b>html</b> &amp; {{ template }} {% tag %}",
    ],
)
def test_markup_of_any_sort_is_only_text(text: str) -> None:
    assert bare(text) in pdf_saying(text).bare


def test_word_longer_than_a_line_goes_on_in_the_next_one() -> None:
    word = "W" * 5_000
    read = pdf_saying(word)
    assert word in read.bare
    assert max(run.right for run in read.runs) <= A4_WIDTH - MARGIN + 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("I am 😀", "I am [U+1F600]"),
        ("漢", "[U+6F22]"),
        ("abc\u202edef", "abc[U+202E]def"),
        ("zero\u200bwidth", "zero[U+200B]width"),
        ("a\u2028b", "a[U+2028]b"),
        ("\ufeffmark", "[U+FEFF]mark"),
        ("own \ue000", "own [U+E000]"),
    ],
)
def test_character_without_a_glyph_or_that_hides_stands_as_its_number(text: str, shown: str) -> None:
    read = pdf_saying(text)
    assert bare(shown) in read.bare
    assert bare("[U+1F600]") in read.bare  # the note that explains it


def test_note_on_such_characters_stands_only_where_there_is_one() -> None:
    assert said(receipt(QUESTION, answers={"title": "Only å\tand ö"}), CHECK)["note"] == ""


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@pytest.mark.thorough
@settings(deadline=None, max_examples=60)
@given(ANYTHING, ANYTHING)
@example("\r\n\r\n", "\n")
@example("e\u0301\u0301\u0301" * 20, "\u0301")
def test_whatever_was_written_the_pdf_is_made_and_says_it(text: str, name: str) -> None:
    file = {**FILE, "name": name or "x"}
    read = pdf_of(
        QUESTION, build.field("file", "plan"), answers={"title": text, "plan": [file]}, sender=name.replace("\n", " ")
    )
    assert all(part in read.bare for part in re.findall(r"[!-~]{1,20}", text))


def test_every_kind_of_answer_can_be_shown() -> None:
    fields = [field for field in build.every_kind() if field["kind"] != "file"]
    definition = build.definition(build.page("first", *fields))
    answers = {
        key: field.sample(build.TODAY)
        for key, field in definition.fields.items()
        if field.asks and not field.carries_file
    }
    read = pdf_of(*fields, answers=answers)
    assert unicodedata.normalize("NFC", read.text) == read.text
    assert bare("A choice sv") in read.bare


def test_same_receipt_is_the_same_file() -> None:
    one = receipt(QUESTION, answers={"title": "An example"})
    assert receipt_pdf(one, CHECK) == receipt_pdf(one, CHECK)


def test_several_are_made_at_once() -> None:
    receipts = [receipt(QUESTION, answers={"title": f"Number {n}"}) for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda one: Read(receipt_pdf(one, CHECK)), receipts))
    assert [bare(f"Number {n}") in read.bare for n, read in enumerate(made)] == [True] * 8
