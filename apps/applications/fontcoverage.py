"""Which characters a font has a glyph for, read from the font itself: what lacks one could not be shown, and nobody would notice."""

from __future__ import annotations

import struct
from pathlib import Path

WINDOWS, UNICODE = 3, 1


def characters_of(font: Path) -> frozenset[str]:
    """The characters of a TrueType font, by its table of the Basic Multilingual Plane (`cmap`, format 4). Raises ValueError without one."""
    data = font.read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    records = [struct.unpack_from(">4sIII", data, 12 + 16 * n) for n in range(tables)]
    start = next((offset for tag, _sum, offset, _length in records if tag == b"cmap"), None)
    if start is None:
        raise ValueError(f"{font.name} has no table of characters")
    (maps,) = struct.unpack_from(">H", data, start + 2)
    for platform, encoding, offset in (struct.unpack_from(">HHI", data, start + 4 + 8 * n) for n in range(maps)):
        if (platform, encoding) == (WINDOWS, UNICODE) and struct.unpack_from(">H", data, start + offset) == (4,):
            return frozenset(_of_format_4(data, start + offset))
    raise ValueError(f"{font.name} has no table of characters that can be read here")


def _of_format_4(data: bytes, at: int) -> set[str]:
    """The characters of a table of segments: each from a first to a last one, with a difference or a list that leads to the glyph."""
    count = struct.unpack_from(">H", data, at + 6)[0] // 2
    lasts = struct.unpack_from(f">{count}H", data, at + 14)
    firsts = struct.unpack_from(f">{count}H", data, at + 16 + 2 * count)
    differences = struct.unpack_from(f">{count}H", data, at + 16 + 4 * count)
    lists_at = at + 16 + 6 * count
    lists = struct.unpack_from(f">{count}H", data, lists_at)
    found = set()
    for n in range(count):
        for code in range(firsts[n], min(lasts[n], 0xFFFE) + 1):
            glyph = code
            if lists[n]:
                (glyph,) = struct.unpack_from(">H", data, lists_at + 2 * n + lists[n] + 2 * (code - firsts[n]))
                if glyph == 0:
                    continue
            if (glyph + differences[n]) % 0x10000:
                found.add(chr(code))
    return found
