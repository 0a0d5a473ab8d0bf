"""A file somebody sent, as a picture: nothing of what a stranger sent is opened by the browser of an official.

The picture is made anew in a process of its own (`cases.picturing`), which has neither much time nor much memory, nor the settings.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from django.utils.translation import gettext as _

from apps.applications.models import StoredFile

PROGRAM = Path(__file__).with_name("picturing.py")
KINDS = {"application/pdf": "pdf", "image/png": "picture", "image/jpeg": "picture"}
LARGE, SMALL = 1_600, 320  # the longest side, in points
MOST_PAGES = 20
MOST_BYTES = 60_000_000
SECONDS = 15
SECONDS_IN_QUEUE = 10
_turns = BoundedSemaphore(2)  # of one web process at once, so that looking at files leaves room for everything else


class NoPreview(Exception):
    """There is no picture of the file; says why in words."""


@dataclass(frozen=True)
class Picture:
    """A page of a file as a picture, and how many pages the file has."""

    content: bytes
    media_type: str
    width: int
    height: int
    pages: int

    @property
    def shown(self) -> int:
        """How many of the pages can be looked at."""
        return min(self.pages, MOST_PAGES)


def can_be_shown(media_type: str) -> bool:
    """Whether a file of the kind can be made a picture of."""
    return media_type in KINDS


def picture_of(file: StoredFile, page: int = 1, *, small: bool = False) -> Picture:
    """A page of a file. Raises NoPreview, whatever the file is. The caller has asked whether it may be seen."""
    kind = KINDS.get(file.media_type)
    if kind is None or not file.may_be_read:
        raise NoPreview(_("Files of this kind cannot be shown here. Save the file to look at it."))
    if page < 1 or page > (MOST_PAGES if kind == "pdf" else 1):
        raise NoPreview(refusals()["no_page"])
    if file.size > MOST_BYTES:
        raise NoPreview(refusals()["too_large"])
    return _read(_made(kind, page, SMALL if small else LARGE, _content(file)))


def refusals() -> dict[str, str]:
    """What each refusal of the program means, in the language of the page."""
    return {
        "locked": _("The file is locked with a password, so it cannot be shown here. Save it to open it."),
        "damaged": _("The file is damaged or unusual, so it cannot be shown here. Save it to look at it."),
        "too_large": _("The file is too large to be shown here. Save it to look at it."),
        "no_page": _("The file has no such page that can be shown here."),
    }


def _not_now() -> NoPreview:
    return NoPreview(_("The file cannot be shown right now. Try again in a while, or save it to look at it."))


def _content(file: StoredFile) -> bytes:
    try:
        with file.content.open("rb") as opened:
            return bytes(opened.read(MOST_BYTES + 1))
    except Exception as gone:  # each storage has errors of its own
        raise _not_now() from gone


def _made(kind: str, page: int, longest: int, content: bytes) -> bytes:
    """What the program writes of a page. Raises NoPreview when it writes nothing in time."""
    if not _turns.acquire(timeout=SECONDS_IN_QUEUE):
        raise _not_now()
    try:
        done = subprocess.run(  # noqa: S603 - our own program, with words of our own
            [sys.executable, "-I", str(PROGRAM), kind, str(page), str(longest)],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env=_surroundings(),
            cwd="/",
        )
    except subprocess.TimeoutExpired as slow:
        raise NoPreview(refusals()["too_large"]) from slow
    except OSError as lacking:
        raise _not_now() from lacking
    finally:
        _turns.release()
    if done.returncode:
        raise NoPreview(refusals()["damaged"])
    return done.stdout


@cache
def _surroundings() -> dict[str, str]:
    """What the program is told of the machine: enough to find its libraries, and none of the settings."""
    return {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}


def _read(written: bytes) -> Picture:
    line, _end, content = written.partition(b"\n")
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError as nothing:
        raise NoPreview(refusals()["damaged"]) from nothing
    if "refused" in said:
        raise NoPreview(refusals().get(said["refused"], refusals()["damaged"]))
    return Picture(content, said["type"], said["width"], said["height"], said["pages"])
