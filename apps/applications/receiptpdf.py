"""The receipt as a tagged PDF: made when somebody asks for it, from what the page of the receipt says.

Typst sets it by `receipt.typ`. What it says goes in as data, so that nothing a customer wrote is markup, and in our own font, so that
it looks the same everywhere. docs/receipt.md tells which rules of PDF/UA and PDF/A are looked at.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from apps.applications.fontcoverage import characters_of
from apps.applications.receipt import Receipt
from apps.services.answersheet import Line, Section
from apps.services.layout import size_words
from apps.services.texts import exact_moment_words

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
SOFT_HYPHEN = "\xad"


def receipt_pdf(receipt: Receipt, check_address: str) -> bytes:
    """The receipt in the language of the paper. `check_address` is where anybody can see that it is genuine."""
    import typst  # noqa: PLC0415 (some 50 MB that only whoever wants a PDF needs)

    return typst.compile(
        HERE / "receipt.typ",
        root=HERE,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"receipt": json.dumps(said(receipt, check_address), ensure_ascii=False)},
        format="pdf",
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(receipt.arrived.timestamp()),
    )


def said(receipt: Receipt, check_address: str) -> dict[str, Any]:
    """Everything the document says, in its language, with no character that its font cannot show."""
    with override(receipt.language):
        told = _told(receipt, check_address)
        shown = _shown(told)
        if shown != told:
            note = _("A character that this document cannot show stands as its number in Unicode, such as [U+1F600].")
            shown["note"] = _shown(note)
    return shown


def _told(receipt: Receipt, check_address: str) -> dict[str, Any]:
    arrived = f"{exact_moment_words(receipt.arrived, receipt.language)} ({_('Finnish time')})"
    facts = [
        (_("Case number"), receipt.number),
        (_("Arrived"), arrived),
        (_("Service"), receipt.service),
        (_("Authority"), receipt.authority),
        (_("Sent by"), receipt.sent_by),
        (_("On behalf of"), receipt.on_behalf_of),
    ]
    proof = [(_("Check address"), check_address), (_("Digest of everything sent (SHA-256)"), receipt.digest)]
    return {
        "language": receipt.language,
        "title": f"{_('Receipt')} {receipt.number}",
        "lead": _("This receipt says that the authority has what you sent. It is not an approval."),
        "foot": f"{_('Receipt')} {receipt.number}",
        "authority": receipt.authority,
        "heads": {
            "facts": [_("Detail"), _("Content")],
            "sent": receipt.heading,
            "answers": [_("Question"), pgettext("noun", "Answer")],
            "declaration": _("What you confirmed by sending"),
            "files": _("Attachments"),
            "file": [_("Question"), pgettext("noun", "File")],
            "genuine": _("How to see that the receipt is genuine"),
        },
        "facts": [(term, _lines(text)) for term, text in facts if text],
        "sections": [_section(section) for section in receipt.sections],
        "declaration": _paragraphs(receipt.declaration),
        "files": [_file(label, file) for label, file in receipt.files],
        "genuine": [
            _(
                "At the check address anybody who holds this receipt can see that its number, time of arrival and digest "
                "are genuine, and nothing else of the case."
            )
        ],
        "proof": [(term, [text]) for term, text in proof],
        "note": "",
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "lines": [_line(line) for line in section.lines],
        "results": [{"title": title, "text": _paragraphs(text)} for title, text in section.results],
    }


def _line(line: Line) -> dict[str, Any]:
    rows = [
        {"title": title, "answers": [(label, _lines(text)) for label, text in answers]} for title, answers in line.rows
    ]
    text = "\n".join(_name(file) for file in line.files) if line.files else line.text or _("Not answered")
    return {"question": line.label, "text": [] if rows else _paragraphs(text), "rows": rows}


def _file(label: str, file: dict[str, Any]) -> dict[str, Any]:
    size = f"{size_words(file['size'])} ({_('%(bytes)s bytes') % {'bytes': file['size']}})"
    return {"question": label, "about": [_name(file), size, f"SHA-256: {file['sha256']}"]}


def _name(file: dict[str, Any]) -> str:
    return f"{file['about']}: {file['name']}" if file.get("about") else str(file["name"])


def _paragraphs(text: str) -> list[list[str]]:
    """Its paragraphs, divided by empty lines, as lines."""
    parts = "\n".join(_lines(text)).split("\n\n")
    return [_lines(part.strip("\n")) for part in parts if part.strip("\n")]


def _lines(text: str) -> list[str]:
    """Its lines, however they end, with spaces for tabs."""
    return text.replace("\t", " ").replace("\r\n", "\n").replace("\r", "\n").split("\n")


# --- characters ------------------------------------------------------------------------------------------------------


def _shown(value: Any) -> Any:
    """The same with every character that the font has no glyph for, or that is invisible, as its number."""
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else "".join(map(_glyph, value))
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list) else tuple(map(_shown, value))


def _glyph(character: str) -> str:
    invisible = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character != SOFT_HYPHEN
    return character if character in _covered() and not invisible else f"[U+{ord(character):04X}]"


@cache
def _covered() -> frozenset[str]:
    """What every weight of the font can show."""
    first, *others = (characters_of(path) for path in FONTS.glob("*.ttf"))
    return first.intersection(*others)


@cache
def _fonts() -> Any:
    """Our font and no other: neither the machine's nor those that Typst brings along."""
    import typst  # noqa: PLC0415 (as above)

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
