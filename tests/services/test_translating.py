"""The texts of a definition as a translator meets them, and as a table that goes out and comes back."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
import xlsxwriter
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.people.tables import csv_response, xlsx_response
from apps.services import editing, textfiles, translating
from apps.services.textfiles import Unfit
from apps.services.translating import entries_of
from tests import build
from tests.build import field, options, page, said

LANGUAGES = ["sv", "fi", "en"]


def document(**more: Any) -> dict[str, Any]:
    """A definition with texts of every sort."""
    return build.document(
        page(
            "first",
            field("text", "title", hint=said("Short"), errors={"missing": said("Write it")}),
            field("choice", "place", options=options("park")),
            field("repeating", "rows", row_label=said("Row"), fields=[field("money", "price", hint=said("In euros"))]),
            field(
                "derived",
                "size",
                values=[{"value": "big.one", "label": said("Big")}, {"value": 1, "label": said("One")}],
            ),
            text=said("Begin here"),
        ),
        key="example",
        handling_limit={"length": 30, "unit": "days", "ground": said("The law")},
        leads_to=[{"service": "other", "why": said("Because"), "surely": {"field": "title", "answered": True}}],
        **more,
    )


def out(sort: str, of: dict[str, Any], languages: list[str] = LANGUAGES) -> bytes:
    """The table of a definition as a file."""
    write = {"csv": csv_response, "xlsx": xlsx_response}[sort]
    response: Any = write("texts", textfiles.header(languages), textfiles.rows(entries_of(of), languages))
    content: bytes = response.getvalue()
    if sort == "xlsx":
        response.file_to_stream.close()
    return content


def back(content: bytes, of: dict[str, Any], languages: list[str] = LANGUAGES) -> textfiles.Reading:
    """What a file would change."""
    return textfiles.read_table(textfiles.read_file(content), entries_of(of), languages)


def table(*rows: list[Any]) -> bytes:
    """A CSV file."""
    return "\n".join(";".join(map(str, row)) for row in rows).encode()


def workbook(*rows: list[Any]) -> bytes:
    """A workbook."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for n, row in enumerate(rows):
            sheet.write_row(n, 0, row)
    return file.getvalue()


def test_every_text_says_where_it_stands() -> None:
    with override("en"):
        where = {entry.address: entry.where for entry in entries_of(document())}

    assert {
        "name": "The service – name",
        "handling_limit.ground": "The service – ground for the time limit of the handling",
        "pages.first.title": "The page “First” – title",
        "fields.title.errors.missing": "Title – text when the answer is missing",
        "fields.place.options.park.label": "Place – option “Park”",
        "fields.rows.price.hint": "Rows: Price – hint",
        "fields.size.values.big.one.label": "Size – value “Big”",
        "fields.size.values.1.label": "Size – value “One”",
        "leads_to.0.why": "Why it is needed – other",
    }.items() <= where.items()


def test_texts_of_the_service_come_first_then_the_form_in_its_order() -> None:
    addresses = [entry.address for entry in entries_of(document())]

    assert addresses[:3] == ["name", "summary", "for_whom"]
    assert (
        addresses.index("pages.first.title")
        < addresses.index("fields.title.label")
        < addresses.index("fields.size.label")
    )


def test_a_required_text_that_is_not_there_is_listed_others_are_not() -> None:
    of = document()
    del of["price"]

    entries = {entry.address: entry for entry in entries_of(of)}

    assert entries["price"].lacks("sv")
    assert "deadline" not in entries


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from("\n'=+-@_x0041"), max_size=30
)


@pytest.mark.thorough
@pytest.mark.parametrize("sort", ["csv", "xlsx"])
@given(words=st.lists(texts, min_size=6, max_size=6))
@settings(max_examples=15, deadline=None)
def test_out_and_in_changes_nothing(sort: str, words: list[str]) -> None:
    of = document(
        summary=dict(zip(LANGUAGES, words, strict=False)), price=dict(zip(LANGUAGES, words[3:], strict=False))
    )

    reading = back(out(sort, of), of)

    assert (reading.changes, reading.notes) == ([], [])


@pytest.mark.parametrize("make", [table, workbook])
def test_a_changed_cell_is_a_change_in_its_language(make: Any) -> None:
    of = document()

    reading = back(make(["address", "where", "fi", "sv"], ["name", "x", "Uusi nimi", ""]), of)

    assert reading.texts() == {"name": {"fi": "Uusi nimi"}}
    assert editing.set_texts(reading.texts()).apply(of)["name"]["sv"] == "Name of example sv"


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_any_of_the_usual_delimiters_is_read(delimiter: str) -> None:
    content = delimiter.join(["\ufeffaddress", "fi"]) + "\r\n" + delimiter.join(["name", '"Uusi; nimi, nyt"'])

    assert back(content.encode(), document()).texts() == {"name": {"fi": "Uusi; nimi, nyt"}}


def test_a_list_begins_with_a_dash_and_not_with_an_apostrophe() -> None:
    of = document(at_hand={"sv": "- a\n- b"})

    reading = back(out("csv", of).replace(b"'- a", b"'- c"), of)

    assert reading.texts() == {"at_hand": {"sv": "- c\n- b"}}


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([["address", "fi"], ["gone", "x"]], "gone"),
        ([["address", "fi"], ["name", "x"], ["name", "y"]], "name"),
        ([["address", "fi"], ["", "x"]], "2"),
        ([["address", "fi", "ru"], ["name", "", "x"]], "ru"),
        ([["address", "fi"], ["name", "=1+1"]], "fi"),
        ([["address", "fi"], ["name", "a\x07b"]], "fi"),
        ([["address", "fi"], ["name", "x" * 20_001]], "fi"),
        ([["address", "other"], ["name", "x"]], "sv, fi, en"),
    ],
)
def test_what_is_left_out_is_told_and_the_rest_is_read(rows: list[list[str]], word: str) -> None:
    reading = back(table(*rows), document())

    assert len(reading.notes) == 1
    assert word in reading.notes[0]
    assert "y" not in str(reading.texts())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"\xff\xfe\x00",
        b"fi;sv\nname;x",
        b"PK\x03\x04broken",
        b'address;fi\nname;"x',
        workbook(["address", "fi"], ["name", "=1+1"]),
        b"x" * (textfiles.LARGEST_FILE + 1),
        b"address;fi\n" * (textfiles.MOST_ROWS + 1),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Unfit) as refused:
        back(content, document())

    assert str(refused.value).endswith((".", "5 MB."))


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("big", b"0" * (textfiles.LARGEST_UNPACKED + 1))

    with pytest.raises(Unfit):
        textfiles.read_file(file.getvalue())


def test_the_heading_of_a_column_is_not_taken_for_a_language() -> None:
    for language in LANGUAGES:
        with override(language):
            assert back(out("csv", document()), document()).notes == []


def test_a_counted_text_is_missing_or_outdated() -> None:
    entries = entries_of(document(summary={"sv": "Ny", "fi": "Uusi"}))

    counts = translating.counts_of(entries, {("summary", "fi")}, LANGUAGES)

    assert [(one.language, one.missing, one.outdated) for one in counts] == [("sv", 0, 0), ("fi", 0, 1), ("en", 1, 0)]
