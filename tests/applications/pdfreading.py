"""What a PDF says and how it is built, read from the file itself."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pikepdf

HEX = re.compile(rb"<([0-9a-fA-F]+)>")


@dataclass(frozen=True)
class Element:
    """An element of the structure: its tag and those within it."""

    tag: str
    inside: tuple[Element, ...]

    def all(self) -> Iterator[Element]:
        """Itself and all within it, in the order of reading."""
        yield self
        for one in self.inside:
            yield from one.all()


@dataclass(frozen=True)
class Run:
    """A piece of text drawn at once: where it ends on the right, in points, and whether the structure sets it aside."""

    text: str
    right: float
    marked: bool
    aside: bool


class Read:
    """An opened PDF."""

    def __init__(self, content: bytes) -> None:
        self.pdf = pikepdf.open(io.BytesIO(content))
        self.root: Any = self.pdf.Root

    @cached_property
    def structure(self) -> Element:
        """The tree of tags."""
        return Element("", tuple(_elements(self.root.StructTreeRoot.K)))

    def tags(self) -> list[str]:
        """Every tag, in the order of reading."""
        return [element.tag for element in self.structure.all()][1:]

    @cached_property
    def fonts(self) -> list[Any]:
        """Every font of every page."""
        pages: list[Any] = list(self.pdf.pages)
        return [font for page in pages for font in dict(page.Resources.get("/Font", {})).values()]

    @cached_property
    def runs(self) -> list[Run]:
        """Every piece of text that is drawn, in the order of reading, without what is set aside (such as page numbers)."""
        return [run for page in self.pdf.pages for run in runs_of(page) if not run.aside]

    @cached_property
    def text(self) -> str:
        """All that the pages show, as it is copied from them, without line ends."""
        return "".join(run.text for run in self.runs)

    @cached_property
    def bare(self) -> str:
        """The same without any space: where a line ends is no part of what was said."""
        return "".join(self.text.split())


def _elements(kids: Any) -> Iterator[Element]:
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield Element(str(kid.S).lstrip("/"), tuple(_elements(kid.K)) if "/K" in kid else ())


def runs_of(page: pikepdf.Page) -> Iterator[Run]:
    """Every piece of text on a page, in the order of drawing."""
    fonts = {name: _Font(font) for name, font in dict(page.Resources.get("/Font", {})).items()}
    marks: list[str] = []
    font, size, left = None, 0.0, 0.0
    instructions: Any = pikepdf.parse_content_stream(page)
    for operands, operator in instructions:
        name = str(operator)
        if name in ("BDC", "BMC"):
            marks.append(str(operands[0]))
        elif name == "EMC":
            marks.pop()
        elif name == "Tf":
            font, size = fonts[str(operands[0])], float(operands[1])
        elif name == "Tm":
            left = float(operands[4])
        elif name in ("Tj", "TJ") and font:
            parts: Any = operands[0] if name == "TJ" else [operands[0]]
            codes = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
            glyphs = [codes[n : n + 2] for n in range(0, len(codes), 2)]
            width = sum(font.widths.get(int.from_bytes(glyph), 0.0) for glyph in glyphs) * size / 1000
            yield Run(
                "".join(font.characters[glyph] for glyph in glyphs), left + width, bool(marks), "/Artifact" in marks
            )


class _Font:
    def __init__(self, font: Any) -> None:
        self.characters = _characters(font)
        self.widths: dict[int, float] = {}
        listed = list(font.DescendantFonts[0].W)
        while listed:
            first, second, *listed = listed
            if isinstance(second, pikepdf.Array):
                self.widths |= {int(first) + n: float(width) for n, width in enumerate(second)}
            else:
                width, *listed = listed
                self.widths |= dict.fromkeys(range(int(first), int(second) + 1), float(width))


def _characters(font: Any) -> dict[bytes, str]:
    """What each glyph means, by the font's own table. A glyph without a meaning raises KeyError where it is used."""
    table = font.ToUnicode.read_bytes()
    found: dict[bytes, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.S):
        codes = [bytes.fromhex(code.decode()) for code in HEX.findall(block)]
        found |= {code: meaning.decode("utf-16-be") for code, meaning in zip(codes[::2], codes[1::2], strict=True)}
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.S):
        codes = [bytes.fromhex(code.decode()) for code in HEX.findall(block)]
        for first, last, meaning in zip(codes[::3], codes[1::3], codes[2::3], strict=True):
            begin, end = int.from_bytes(first), int.from_bytes(last)
            start = int.from_bytes(meaning)
            for n in range(end - begin + 1):
                found[(begin + n).to_bytes(2)] = (start + n).to_bytes(len(meaning)).decode("utf-16-be")
    return found
