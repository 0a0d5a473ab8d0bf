"""Documents of older schemas, brought up to the newest one when they are read. What is stored keeps its text and its digest.

A step may not assume that a document is right: it is read, and refused where it is wrong, only after the last step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

from apps.services.reading import Json


def _fields_of(owner: Json) -> Iterator[dict[str, Json]]:
    """Every field below something that has fields, with those of groups that repeat."""
    fields = owner.get("fields") if isinstance(owner, dict) else None
    for field in fields if isinstance(fields, list) else []:
        if isinstance(field, dict):
            yield field
            yield from _fields_of(field)


def _fields(document: dict[str, Json]) -> Iterator[dict[str, Json]]:
    pages = document.get("pages")
    for page in pages if isinstance(pages, list) else []:
        yield from _fields_of(page)


def say_which_days(document: dict[str, Json]) -> None:
    """1 to 2: a lead time says whether it counts all days or working days, since the laws differ; before, all days counted."""
    for field in _fields(document):
        lead_time = field.get("lead_time")
        if isinstance(lead_time, dict):
            lead_time.setdefault("unit", "days")


STEPS: dict[int, Callable[[dict[str, Json]], None]] = {1: say_which_days}
NEWEST = max(STEPS) + 1


def upgraded(document: Json) -> Json:
    """The document in the newest schema; itself when it is that already, or of no schema known here."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if type(schema) is not int or schema not in STEPS:
        return document
    newer = copy.deepcopy(document)
    while newer["schema"] in STEPS:
        STEPS[newer["schema"]](newer)
        newer["schema"] += 1
    return newer
