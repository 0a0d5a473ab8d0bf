"""The library: ready services, surveys and forms that come with this software, to begin from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from apps.services.definition import Definition, load, parse
from apps.services.editing import Document

FOLDER = Path(__file__).resolve().parent / "library"


class NotInLibrary(Exception):
    """There is nothing of that name in the library."""


@dataclass(frozen=True)
class Entry:
    """Something to begin from: its name in the library, and what it says."""

    name: str
    text: str
    definition: Definition

    def document(self) -> Document:
        """Its document, which may be changed freely."""
        document: Document = json.loads(self.text)
        return document

    @property
    def questions(self) -> int:
        """How many questions it asks at most."""
        return sum(len(page.asked) for page in self.definition.pages)


@cache
def entries() -> dict[str, Entry]:
    """Everything in the library by its name, read once per process: the files come with the software."""
    found = {}
    for path in sorted(FOLDER.glob("*.json")):
        text = path.read_bytes().decode("utf-8")
        found[path.stem] = Entry(path.stem, text, parse(load(text)))
    return found


def entry(name: str) -> Entry:
    """What has a name in the library. Raises NotInLibrary."""
    try:
        return entries()[name]
    except KeyError:
        raise NotInLibrary(name) from None
