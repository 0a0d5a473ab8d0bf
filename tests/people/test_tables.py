"""Tables as files: what a spreadsheet makes of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from apps.people.tables import csv_response, xlsx_response

pytestmark = pytest.mark.django_db  # a response that is closed looks after the database connection
HEADER = ["Number", "Name"]


def text_of(cell: Any) -> str:
    """What stands in a CSV file for one cell."""
    return b"".join(csv_response("x", ["a", "b"], [[cell, "x"]])).decode().split(";b\r\n")[1].removesuffix(";x\r\n")


def sheet(cell: Any) -> str:
    """What stands in a workbook for one cell."""
    answer = xlsx_response("x", ["a"], [[cell]])
    content = b"".join(answer)
    answer.close()
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


def test_a_csv_file_opens_in_a_nordic_spreadsheet() -> None:
    answer = csv_response("cases", HEADER, [["1", "Åsa; Öst"], ["2", 'He said "no"']])

    assert b"".join(answer) == (
        b"\xef\xbb\xbfNumber;Name\r\n" + '1;"Åsa; Öst"\r\n'.encode() + b'2;"He said ""no"""\r\n'
    )
    assert answer["Content-Disposition"] == 'attachment; filename="cases.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("text", ["=1+1", "+358", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    assert text_of(text).strip('"').startswith("'")
    assert "<f>" not in sheet(text)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("plain", "plain"),
        (-5, "-5"),
        (1.5, "1.5"),
        (None, ""),
        (date(2027, 3, 1), "2027-03-01"),
        (datetime(2027, 3, 1, 9, 30, tzinfo=UTC), "2027-03-01 11:30"),
    ],
)
def test_cells_are_written_as_they_are_read(cell: Any, text: str) -> None:
    assert text_of(cell) == text


def test_rows_are_written_one_by_one_while_they_are_sent() -> None:
    asked = []

    def rows() -> Iterator[list[Any]]:
        for n in range(3):
            asked.append(n)
            yield [n]

    parts = iter(csv_response("x", ["a"], rows()))
    next(parts)
    next(parts)

    assert asked == [0]


def test_a_workbook_has_numbers_as_numbers_and_addresses_as_text() -> None:
    assert "<v>12</v>" in sheet(12)
    assert "hyperlink" not in sheet("https://example.com/")
