"""How a document becomes a tagged PDF: what it says goes into Typst as data, so that nothing anybody wrote is ever markup.

It is set in our own font, so that it looks the same everywhere, and comes out the same to the byte whenever the same is said. Which
rules of PDF/UA and PDF/A are looked at is told in docs/receipt.md.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.applications.fontcoverage import characters_of
from apps.services.answersheet import Line, Section
from apps.services.layout import size_words

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
SOFT_HYPHEN = "\xad"


def pdf(template: str, said: dict[str, Any], at: datetime) -> bytes:
    """The document that a template (such as "receipt.typ") makes of what is said, as a PDF that says it was written at that time."""
    import typst  # noqa: PLC0415 (some 50 MB that only whoever wants a PDF needs)

    return typst.compile(
        HERE / template,
        root=HERE,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"said": json.dumps(said, ensure_ascii=False)},
        format="pdf",
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(at.timestamp()),
    )


def showable(told: dict[str, Any], language: str) -> dict[str, Any]:
    """The same with no character that the font cannot show; where there was one, `note` says what stands instead."""
    said = _shown(told)
    if said == told:
        return {**told, "note": ""}
    with override(language):
        note = _("A character that this document cannot show stands as its number in Unicode, such as [U+1F600].")
    return {**said, "note": _shown(note)}


# --- what the templates know -----------------------------------------------------------------------------------------


def section(said: Section) -> dict[str, Any]:
    """A page of answers, as the templates read it."""
    return {
        "title": said.title,
        "lines": [line(one) for one in said.lines],
        "results": [{"title": title, "text": paragraphs(text)} for title, text in said.results],
    }


def line(said: Line) -> dict[str, Any]:
    """A question and its answer, as the templates read it."""
    rows = [
        {"title": title, "answers": [(label, lines(text)) for label, text in answers]} for title, answers in said.rows
    ]
    text = "\n".join(_name(one) for one in said.files) if said.files else said.text or _("Not answered")
    return {"question": said.label, "text": [] if rows else paragraphs(text), "rows": rows}


def file(label: str, known: dict[str, Any]) -> dict[str, Any]:
    """What is known of a file, after the question it answers, as the templates read it."""
    size = f"{size_words(known['size'])} ({_('%(bytes)s bytes') % {'bytes': known['size']}})"
    return {"question": label, "about": [_name(known), size, f"SHA-256: {known['sha256']}"]}


def _name(known: dict[str, Any]) -> str:
    return f"{known['about']}: {known['name']}" if known.get("about") else str(known["name"])


def paragraphs(text: str) -> list[list[str]]:
    """A text's paragraphs, divided by empty lines, as lines."""
    parts = "\n".join(lines(text)).split("\n\n")
    return [lines(part.strip("\n")) for part in parts if part.strip("\n")]


def lines(text: str) -> list[str]:
    """A text's lines, however they end, with spaces for tabs."""
    return text.replace("\t", " ").replace("\r\n", "\n").replace("\r", "\n").split("\n")


# --- characters ------------------------------------------------------------------------------------------------------


def _shown(value: Any) -> Any:
    """The same with every character that the font has no glyph for, or that is invisible, as its number."""
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else "".join(map(_glyph, value))
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return tuple(map(_shown, value)) if isinstance(value, tuple) else value


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
