"""What the document says of answers, and where an answer of the server is not as it says."""

from __future__ import annotations

import functools
import json
from typing import Any

from django.http.response import HttpResponseBase
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from apps.interface.document import document
from tests.interface import callers

HERE = "urn:the-document"
METHODS = ("get", "put", "post", "delete", "patch")
Place = tuple[str, ...]  # of a part of the document


def operations() -> dict[str, Place]:
    """Where each operation stands, by its method and address: `GET /commondata`."""
    return {
        f"{method.upper()} {path}": ("paths", path, method)
        for path, item in document()["paths"].items()
        for method in METHODS
        if method in item
    }


def at(*place: str) -> Any:
    """What stands at a place of the document."""
    found: Any = document()
    for name in place:
        found = found[name]
    return found


def followed(place: Place) -> Place:
    """A place, or the one that is referred to from there."""
    there = at(*place)
    return tuple(there["$ref"].removeprefix("#/").split("/")) if set(there) == {"$ref"} else place


def responses(label: str) -> dict[str, Place]:
    """Where the answers of an operation stand, by their status."""
    place = (*operations()[label], "responses")
    return {status: followed((*place, status)) for status in at(*place)}


@functools.cache
def _registry() -> Registry[Any]:
    return Registry().with_resource(HERE, DRAFT202012.create_resource(document()))


def errors(place: Place, value: Any) -> list[str]:
    """Where a value does not follow the schema that stands at a place."""
    pointer = "/".join(name.replace("~", "~0").replace("/", "~1") for name in place)
    judge = Draft202012Validator({"$ref": f"{HERE}#/{pointer}"}, registry=_registry())
    return [f"{error.json_path}: {error.message[:200]}" for error in judge.iter_errors(value)]


def misfits(label: str, answer: HttpResponseBase) -> list[str]:
    """Where an answer of an operation is not as the document says."""
    known = responses(label)
    place = known.get(str(answer.status_code)) or known.get(f"{answer.status_code // 100}XX")
    if place is None:
        return [f"{label} is not said to answer {answer.status_code}"]
    said = at(*place)
    found = [
        f"{label} answers {answer.status_code} without {name}"
        for name, header in said.get("headers", {}).items()
        if (at(*followed((*place, "headers", name)))).get("required") and name not in answer.headers
    ]
    contents, body = said.get("content", {}), callers.content(answer)
    if answer.streaming:
        answer.close()  # a file is open in it
    media_type = str(answer.headers.get("Content-Type", "")).partition(";")[0]
    kind = media_type if media_type in contents else "*/*"
    if not contents:
        return found + ([f"{label} answers {answer.status_code} with content"] if body else [])
    if kind not in contents:
        return [*found, f"{label} is not said to answer {answer.status_code} with {media_type}"]
    if "schema" in contents[kind] and "json" in kind:
        found += errors((*place, "content", kind, "schema"), json.loads(body))
    return found
