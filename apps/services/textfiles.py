"""The texts of a service in a spreadsheet, out and in again: CSV or Excel, one row a text, one column a language.

What comes back is only read here. Who looks at it decides (see `desk/textwork.py`).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.people.tables import FORMULA
from apps.services.reading import LANGUAGE_CODE, LONGEST_TEXT
from apps.services.texts import has_control_characters
from apps.services.translating import Entry, unified

ADDRESS = "address"
LARGEST_FILE = 5_000_000  # bytes
LARGEST_UNPACKED = 15_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 12  # an address, where it stands, and languages
MOST_NOTES = 20
ZIP_BEGINS = b"PK\x03\x04"
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # how a workbook writes a character that XML cannot hold

Table = list[list[str]]


class Unfit(Exception):
    """The file cannot be used; the message says why, and what to do."""


@dataclass(frozen=True)
class Change:
    """A text that would be another: where, in which language, what it says now and then."""

    entry: Entry
    language: str
    new: str

    @property
    def old(self) -> str:
        """What it says now."""
        return self.entry.said(self.language)


@dataclass
class Reading:
    """What a file would change, and what of it is left out and why."""

    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def texts(self) -> dict[str, dict[str, str]]:
        """The changes by address and language."""
        found: dict[str, dict[str, str]] = {}
        for change in self.changes:
            found.setdefault(change.entry.address, {})[change.language] = change.new
        return found


def header(languages: Sequence[str]) -> list[str]:
    """The first row: the columns are known by it when the file comes back."""
    return [ADDRESS, pgettext("table", "where"), *languages]


def rows(entries: Iterable[Entry], languages: Sequence[str]) -> Iterator[list[str]]:
    """A row for each text."""
    for entry in entries:
        yield [entry.address, entry.where, *(entry.said(language) for language in languages)]


def read_file(content: bytes) -> Table:
    """The cells of a CSV or Excel file as text. Raises Unfit."""
    if len(content) > LARGEST_FILE:
        raise Unfit(_("The file is too large: it may be at most 5 MB."))
    if not content.strip():
        raise Unfit(_("The file is empty."))
    table = _workbook(content) if content.startswith(ZIP_BEGINS) else _csv(content)
    if len(table) > MOST_ROWS:
        raise Unfit(_("The file has too many rows."))
    return table


def _csv(content: bytes) -> Table:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit(_("The file is not UTF-8. Save it as “CSV UTF-8” or as an Excel workbook (xlsx).")) from None
    first = text.lstrip().partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
    except csv.Error:
        raise Unfit(_("The file cannot be read as a table. Save it anew as “CSV UTF-8” or as xlsx.")) from None


def _workbook(content: bytes) -> Table:
    import openpyxl  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415 (only who reads a workbook needs it)

    broken = Unfit(_("The workbook cannot be opened. Save it anew as an Excel workbook (xlsx)."))
    try:
        _refuse_bombs(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        found = [_cells(row) for row in sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS)]
        book.close()
    except Unfit:
        raise
    except Exception:  # the library trips over a broken file in many ways
        raise broken from None
    return found


def _refuse_bombs(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(one.file_size for one in packed.infolist()) > LARGEST_UNPACKED:
            raise Unfit(_("The file is too large: it may be at most 5 MB."))


def _cells(row: Iterable[Any]) -> list[str]:
    return [_cell(cell) for cell in row]


def _cell(cell: Any) -> str:
    if cell.value is None:
        return ""
    if cell.data_type == "f":
        raise Unfit(
            _("The cell %(cell)s has a formula. Write the text itself there.")
            % {"cell": getattr(cell, "coordinate", "")}
        )
    return ESCAPED.sub(lambda m: chr(int(m[1], 16)), str(cell.value))


def read_table(table: Table, entries: Iterable[Entry], languages: Sequence[str]) -> Reading:
    """What a table would change in these texts. An empty cell changes nothing. Raises Unfit."""
    while table and not any(table[0]):
        table = table[1:]
    columns = {name.strip().casefold(): n for n, name in reversed(list(enumerate(table[0] if table else [])))}
    if ADDRESS not in columns:
        raise Unfit(_("The first row must have a column called “address”, as in the file fetched here."))
    known, taken, reading = {entry.address: entry for entry in entries}, set(), Reading()
    wanted = {language: columns[language.casefold()] for language in languages if language.casefold() in columns}
    reading.notes += _left_out(columns, languages)
    for number, row in enumerate(table[1:], 2):
        address = row[columns[ADDRESS]].strip() if len(row) > columns[ADDRESS] else ""
        if not address:
            reading.notes += [_("Row %(number)d has no address, so it is left out.") % {"number": number}] * any(row)
        elif address in taken:
            reading.notes.append(
                _("Row %(number)d: the address %(address)s stands twice, so this row is left out.")
                % _told(number, address)
            )
        elif address not in known:
            reading.notes.append(
                _("Row %(number)d: there is no text with the address %(address)s, so this row is left out.")
                % _told(number, address)
            )
        else:
            taken.add(address)
            _read_row(reading, known[address], row, wanted, number)
    if not wanted:
        reading.notes.insert(
            0, _("No column has the code of a language of the service: %(codes)s.") % {"codes": ", ".join(languages)}
        )
    return reading


def _told(number: int, address: str) -> Mapping[str, Any]:
    return {"number": number, "address": address if len(address) <= 100 else f"{address[:100]}…"}


def _left_out(columns: Mapping[str, int], languages: Sequence[str]) -> list[str]:
    """A word of each language that the service does not have."""
    ours = {language.casefold() for language in languages}
    others = [
        name
        for name in columns
        if name not in {*ours, pgettext("table", "where").casefold()}
        and len(name) in (2, 3)
        and LANGUAGE_CODE.fullmatch(name)
    ]
    said = _("The column %(code)s is left out: the service does not have that language.")
    return [said % {"code": name} for name in others]


def _read_row(reading: Reading, entry: Entry, row: list[str], wanted: Mapping[str, int], number: int) -> None:
    for language, column in wanted.items():
        raw = row[column] if column < len(row) else ""
        text, now = unified(_bare(raw)), unified(entry.said(language))
        if not text or now in (text, unified(raw)):
            continue
        if why := _unfit_text(raw, text):
            reading.notes.append(
                _("Row %(number)d, %(language)s: %(why)s") % {"number": number, "language": language, "why": why}
            )
        else:
            reading.changes.append(Change(entry, language, text))


def _bare(raw: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from taking a text for a formula."""
    return raw[1:] if raw.startswith("'") and raw[1:2] in FORMULA else raw


def _unfit_text(raw: str, text: str) -> str:
    """Why a text cannot be taken; '' when it can."""
    if raw.startswith("="):
        return _("this is a formula. Write the text itself.")
    return unfit(text)


def unfit(text: str) -> str:
    """Why a text cannot stand in a definition; '' when it can."""
    if len(text) > LONGEST_TEXT:
        return _("this text may have at most %(most)d characters.") % {"most": LONGEST_TEXT}
    return _("this text has characters that cannot be shown.") if has_control_characters(text) else ""
