"""How an authority looks where it acts: a logo that is really a picture, and a colour that can be seen on the pages."""

from __future__ import annotations

import io
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

LARGEST_LOGO = 500_000  # bytes
WIDEST_LOGO = 2_000  # pixels, either way
LEAST_CONTRAST = 3.0  # of what is no text (WCAG 2.2, 1.4.11)
PAGES = {"light": "#ffffff", "dark": "#1b2528"}  # the surfaces of static/css/tokens.css


def clean_logo(file: Any) -> ContentFile[bytes]:
    """The logo as a PNG without anything but the picture. Raises ValidationError, in words."""
    if file.size > LARGEST_LOGO:
        raise ValidationError(_("The logo is too large: at most %(most)d kB.") % {"most": LARGEST_LOGO // 1000})
    try:
        with Image.open(file, formats=("PNG", "JPEG")) as image:
            if max(image.size) > WIDEST_LOGO:
                words = _("The logo is too wide or too high: at most %(most)d pixels.")
                raise ValidationError(words % {"most": WIDEST_LOGO})
            image.load()
            written = io.BytesIO()
            image.convert("RGBA").save(written, "PNG", optimize=True)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise ValidationError(_("This is not a PNG or JPEG picture that can be opened.")) from None
    return ContentFile(written.getvalue(), name="logo.png")


def check_colour(colour: str) -> None:
    """Refuse a colour that could not be seen on the light or the dark page. Raises ValidationError with a colour near it that can."""
    hidden = [name for name, page in PAGES.items() if contrast(colour, page) < LEAST_CONTRAST]
    if not hidden:
        return
    words = _("This colour can hardly be seen on a page in light or dark. One near to it that can: %(near)s.")
    raise ValidationError(words % {"near": nearest(colour)})


def nearest(colour: str) -> str:
    """The colour on the way to white or to black that can be seen on both pages and is nearest to this one."""
    steps = (step / 50 for step in range(51))
    for share in steps:
        for end in (0, 255):
            mixed = "#" + "".join(f"{round(c + (end - c) * share):02x}" for c in _parts(colour))
            if all(contrast(mixed, page) >= LEAST_CONTRAST for page in PAGES.values()):
                return mixed
    return "#808080"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2, relative luminance): 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (p / 255 for p in _parts(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
