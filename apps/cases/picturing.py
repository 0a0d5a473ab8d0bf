"""A program of its own that makes a picture of a page of a file somebody sent: nothing of the file itself comes through.

It is run for one page at a time by `cases.previews`, with limits to its time and memory: a file that is made to break, to fill
or to stop whatever opens it does so to this process alone. It reads the file from its standard input and writes a line of JSON,
then the picture. It knows nothing of this project, and is given none of its settings.

    picturing.py (pdf | picture) PAGE LONGEST_SIDE

The line is `{"pages": …, "width": …, "height": …, "type": …}`, or `{"refused": "locked" | "damaged" | "too_large" | "no_page"}`.
"""

import io
import json
import sys
from typing import Any

SECONDS = 10
MEMORY = 1_500_000_000
MOST_POINTS = 80_000_000  # of a picture that is opened whole; as in services.inspecting
LARGEST_SCALE = 4.0  # of a PDF's page: a stamp is not blown up to a poster


class Refused(Exception):
    """Why there is no picture, in one of the words above."""


def limit() -> None:
    """Take from this process what it does not need, where the machine can."""
    try:
        import resource  # noqa: PLC0415 - a system that has no such thing
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def of_picture(content: bytes, longest: int) -> tuple[Any, int]:
    """The picture upright and on white, without anything that was written in its file besides its points."""
    from PIL import Image, ImageOps  # noqa: PLC0415 - only after the limits

    Image.MAX_IMAGE_PIXELS = None  # counted here
    with Image.open(io.BytesIO(content), formats=["PNG", "JPEG"]) as opened:
        opened.draft("RGB", (longest, longest))  # a JPEG can be read smaller than it is
        if opened.width * opened.height > MOST_POINTS:
            raise Refused("too_large")
        small = plain(opened)
        small.thumbnail((longest, longest))
    upright = ImageOps.exif_transpose(small)
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright if upright.mode == "RGBA" else None)
    return paper, 1


def plain(picture: Any) -> Any:
    """The picture in the colours of a screen, with what shows through where something does."""
    if picture.mode.startswith("I"):  # more shades than a screen has
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("RGB")


def of_pdf(content: bytes, page: int, longest: int) -> tuple[Any, int]:
    """A page of a PDF, and how many pages there are."""
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415 - only after the limits
    from pypdfium2 import raw  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as broken:
        locked = broken.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        raise Refused("locked" if locked else "damaged") from broken
    if not 1 <= page <= len(document):
        raise Refused("no_page" if len(document) else "damaged")
    document.init_forms()  # or what is filled in would not be seen
    leaf = document[page - 1]
    width, height = leaf.get_size()
    if not (width > 0 and height > 0):
        raise Refused("damaged")
    scale = min(longest / max(width, height), LARGEST_SCALE)
    if min(width, height) * scale < 1:
        raise Refused("too_large")
    return leaf.render(scale=scale, fill_color=(255, 255, 255, 255)).to_pil().convert("RGB"), len(document)


def main(kind: str, page: int, longest: int) -> bytes:
    """What is written."""
    content = sys.stdin.buffer.read()
    try:
        picture, pages = of_pdf(content, page, longest) if kind == "pdf" else of_picture(content, longest)
        made = io.BytesIO()
        way: dict[str, Any] = {"format": "PNG"} if kind == "pdf" else {"format": "JPEG", "quality": 85}
        picture.save(made, **way)
    except Refused as refused:
        return json.dumps({"refused": str(refused)}).encode() + b"\n"
    except MemoryError:
        return b'{"refused": "too_large"}\n'
    except Exception:  # the libraries tell of what is wrong in very many ways
        return b'{"refused": "damaged"}\n'
    said = {"pages": pages, "width": picture.width, "height": picture.height, "type": f"image/{way['format'].lower()}"}
    return json.dumps(said).encode() + b"\n" + made.getvalue()


if __name__ == "__main__":
    limit()
    sys.stdout.buffer.write(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
