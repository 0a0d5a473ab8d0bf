"""Which characters a font has a glyph for."""

from __future__ import annotations

from pathlib import Path

import pytest
import typst

from apps.applications.fontcoverage import characters_of
from apps.applications.typesetting import FONTS

WEIGHTS = sorted(FONTS.glob("*.ttf"))


@pytest.mark.parametrize("font", WEIGHTS, ids=lambda path: path.stem)
def test_what_is_said_to_be_covered_is_what_the_typesetter_can_show(font: Path) -> None:
    """Asked of Typst itself, which refuses a character without a glyph under PDF/UA."""
    covered = characters_of(font)
    weight = "bold" if "Bold" in font.stem else "regular"
    assert {"a", "å", "ŋ", "ǩ", "Я", "Ω", "€", "–"} <= covered
    assert refused(sorted(covered - set("\u2028\u2029")), weight) is False
    for lacking in ("漢", "א", "😀", "☃"):
        assert lacking not in covered
        assert refused([lacking], weight) is True


def refused(characters: list[str], weight: str) -> bool:
    """Whether a PDF of these characters cannot be made."""
    source = (
        '#set document(title: "x")\n#set text(font: "Noto Sans", fallback: false, weight: sys.inputs.weight)\n'
        "#for one in sys.inputs.all.clusters() { par(one) }"
    )
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    inputs = {"all": "".join(characters), "weight": weight}
    try:
        typst.compile(source.encode(), font_paths=fonts, format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"])
    except typst.TypstError as problem:
        assert "could not be displayed" in str(problem)  # noqa: PT017 (what matters is which problem it is)
        return True
    return False


def test_every_weight_shows_the_same() -> None:
    first, *others = map(characters_of, WEIGHTS)
    assert others
    assert all(other == first for other in others)


def test_file_that_is_no_font_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "no.ttf"
    file.write_bytes(b"\0" * 64)
    with pytest.raises(ValueError, match=r"no\.ttf"):
        characters_of(file)


def test_fonts_come_with_their_licence() -> None:
    assert "SIL Open Font License, Version 1.1" in (FONTS / "OFL.txt").read_text()
    assert sum(path.stat().st_size for path in WEIGHTS) < 1_000_000
