"""The documents of docs/interface, read as a receiver would: what is valid, and what a schema says nothing of."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

INTERFACE = Path(__file__).resolve().parents[2] / "docs" / "interface"
SCHEMAS = INTERFACE / "schemas"
Applying = tuple[dict[str, Any], str]  # a schema, and the address of the file that it stands in


@functools.cache
def openapi() -> dict[str, Any]:
    """The OpenAPI document."""
    document: dict[str, Any] = yaml.safe_load((INTERFACE / "openapi.yaml").read_text("utf-8"))
    return document


@functools.cache
def registry() -> Registry[Any]:
    """The schemas, by their addresses."""
    read = {path: json.loads(path.read_text("utf-8")) for path in SCHEMAS.glob("*.json")}
    found = [(path.as_uri(), DRAFT202012.create_resource(contents)) for path, contents in read.items()]
    document = (f"{INTERFACE.as_uri()}/", DRAFT202012.create_resource(openapi()))
    return Registry().with_resources([*found, document])


def errors(name: str, document: Any) -> list[str]:
    """Where a document does not follow the schema of a name."""
    return errors_by({"$ref": (SCHEMAS / f"{name}.json").as_uri()}, document)


def errors_by(schema: dict[str, Any], document: Any) -> list[str]:
    """Where a document does not follow a schema that refers to others as the OpenAPI document does."""
    within = {"$id": INTERFACE.as_uri() + "/", **schema}
    judge = Draft202012Validator(within, registry=registry(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message[:200]}" for error in judge.iter_errors(document)]


def undescribed(name: str, document: Any) -> list[str]:
    """What a document has that the schema of a name says nothing of."""
    address = (SCHEMAS / f"{name}.json").as_uri()
    return list(_undescribed([({"$ref": address}, address)], document, ""))


def _undescribed(schemas: list[Applying], value: Any, at: str) -> Iterator[str]:
    parts = [part for schema in schemas for part in _applying(*schema, value)]
    if isinstance(value, dict):
        for name, child in value.items():
            of_child = [(found, base) for schema, base in parts if (found := _of_property(schema, name)) is not None]
            if of_child:
                yield from _undescribed(of_child, child, f"{at}/{name}")
            elif not _free(parts):
                yield f"{at}/{name}"
    elif isinstance(value, list):
        items = [(schema["items"], base) for schema, base in parts if "items" in schema]
        for n, item in enumerate(value):
            yield from _undescribed(items, item, f"{at}/{n}")


def _applying(schema: dict[str, Any], base: str, value: Any) -> Iterator[Applying]:
    """A schema, and all that it brings in for this value."""
    yield schema, base
    if "$ref" in schema:
        address = urljoin(base, schema["$ref"])
        yield from _applying(registry().resolver().lookup(address).contents, address.partition("#")[0], value)
    for one in schema.get("oneOf", ()):
        there = {"$ref": urljoin(base, one["$ref"])}
        if Draft202012Validator(there, registry=registry()).is_valid(value):
            yield from _applying(there, base, value)


def _of_property(schema: dict[str, Any], name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
    return found


def _free(parts: list[Applying]) -> bool:
    """Whether anything may stand there."""
    return all("properties" not in schema and "type" not in schema for schema, _base in parts)
