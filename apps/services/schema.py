"""The JSON Schema of the definition document (draft 2020-12), made from what the kinds say of their settings.

It describes the newest schema of documents and whatever can be said of one element at a time. What must fit together (keys that stand
once, conditions on earlier questions, limits that leave room) is checked when a document is imported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.utils.translation import override

from apps.services import definition
from apps.services.conditions import condition, condition_schema
from apps.services.fieldtypes import REGISTER, Field
from apps.services.handling import handling_limit, own_service, records
from apps.services.reading import KEY, LANGUAGE_CODE, LONGEST_TEXT, SLUG, Json, defined, list_of, shape
from apps.services.surveying import leads

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def definition_schema(kinds: Mapping[str, type[Field]] = REGISTER) -> Json:
    """The schema of a document with these kinds of field."""
    with override("en"):
        described = {f"field_{name}": _kind(kinds[name]) for name in sorted(kinds)}
    return {
        "$schema": DRAFT,
        "title": "Definition of a service",
        "description": f"Schema {definition.SCHEMA} of the document that docs/definition.md describes.",
        **shape(
            _elements(),
            [name for name, needed in definition.elements_of({"kind": definition.SURVEY}).items() if needed],
        ),
        "if": {"properties": {"kind": {"const": definition.SURVEY}}, "required": ["kind"]},
        "else": {"required": list(definition.NOT_OF_SURVEYS)},
        "$defs": {**_shared(kinds), **described},
    }


def _elements() -> dict[str, Json]:
    """The elements of the document itself."""
    own: dict[str, Json] = {
        "schema": {"const": definition.SCHEMA},
        "key": defined("slug"),
        "authority": defined("slug"),
        "kind": {"enum": list(definition.KINDS)},
        "languages": {
            **list_of({"type": "string", "pattern": whole_of(LANGUAGE_CODE.pattern)}, least=1),
            "uniqueItems": True,
        },
        "municipalities": list_of({"type": "string", "pattern": "^[0-9]{3}$"}),
        "identification": {"enum": list(definition.STRENGTHS)},
        "acting_for": {**list_of({"enum": list(definition.PARTIES)}, least=1), "uniqueItems": True},
        "mandate": {"type": "string", "pattern": r"\S", "maxLength": 100},
        "draft_days": {"type": "integer", "minimum": 7, "maximum": 730},
        "handling_limit": handling_limit.schema,
        "keep_days": {"type": "integer", "minimum": 0, "maximum": definition.LONGEST_KEPT},
        "records": records.schema,
        "own_service": own_service.schema,
        "connection": {"enum": list(definition.CONNECTIONS)},
        "leads_to": leads.schema,
        "pages": list_of(defined("page"), least=1, most=200),
    }
    return {name: own.get(name, defined("texts")) for name in definition.ELEMENTS}


def _shared(kinds: Mapping[str, type[Field]]) -> dict[str, Json]:
    """What is written once and meant in many places."""
    text = {"type": "string", "pattern": r"\S", "maxLength": LONGEST_TEXT}
    page = {"key": defined("key"), "title": defined("texts"), "text": defined("texts"), "show_when": condition.schema}
    page["fields"] = list_of(defined("field"), least=1)
    never_in_a_row = sorted(name for name, cls in kinds.items() if not cls.repeats)
    return {
        "key": {"type": "string", "pattern": whole_of(KEY.pattern)},
        "path": {"type": "string", "pattern": whole_of(rf"{KEY.pattern}(\.{KEY.pattern})*")},
        "slug": {"type": "string", "pattern": whole_of(SLUG.pattern), "maxLength": 60},
        "texts": {
            "description": "A text in each language, by the language's code.",
            "type": "object",
            "minProperties": 1,
            "patternProperties": {whole_of(LANGUAGE_CODE.pattern): text},
            "additionalProperties": False,
        },
        "condition": condition_schema(),
        "page": shape(page, ("key", "title", "fields")),
        "every_field": _every_field(),
        "field": {
            "type": "object",
            "properties": {"kind": {"enum": sorted(kinds)}},
            "required": ["kind"],
            "allOf": [
                {
                    "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                    "then": defined(f"field_{name}"),
                }
                for name in sorted(kinds)
            ],
        },
        "field_in_a_row": {
            "allOf": [
                defined("field"),
                {"not": {"properties": {"kind": {"enum": never_in_a_row}}, "required": ["kind"]}},
            ]
        },
    }


def _kind(cls: type[Field]) -> Json:
    """A field of one kind: what every field has, and the settings of the kind."""
    settings, common = cls.settings(), Field.settings()
    own = {name: f for name, f in settings.items() if name not in common or _read(f) is not _read(common[name])}
    needed = [name for name, f in settings.items() if f.default is dataclasses.MISSING]
    return {
        "title": str(cls.kind_label),
        "description": " ".join((cls.__doc__ or "").split("\n\n")[0].split()),
        "allOf": [defined("every_field")],
        "properties": {
            "kind": {"const": cls.kind},
            **{name: _setting(f) for name, f in own.items()},
            **{name: False for name in common if name not in settings},
        },
        "required": ["kind", "key", *needed],
        "unevaluatedProperties": False,
    }


def _every_field() -> Json:
    """What may be said of a field of any kind."""
    common = {name: _setting(f) for name, f in Field.settings().items()}
    return {
        "type": "object",
        "properties": {"kind": True, "key": defined("key"), **common, "show_when": condition.schema},
    }


def _read(field: dataclasses.Field[Any]) -> Any:
    return field.metadata["read"]


def _setting(field: dataclasses.Field[Any]) -> Json:
    """What a setting may be: what its reading function says, anything when it says nothing."""
    return getattr(_read(field), "schema", True)


def whole_of(pattern: str) -> str:
    """A pattern of a whole text: in JSON Schema one that is not tied to its ends is looked for anywhere in it."""
    return f"^(?:{pattern})$"
