"""The document of the interface as a page to be read: its operations, problems and documents, made from the document that machines get."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.interface.document import address_of, document, of_installation
from apps.people.models import System

METHODS = ("get", "put", "post")
COMPONENT = "#/components/"
PROBLEM = "Problem"  # the schema of what is said when something is refused
YOURS = "(your address)"  # of what the portal calls
ONLY_WITHIN = {"properties", "required", "items"}  # of a field of which nothing is said but what is within it
PLACES = {"query": "in the address, after ?", "path": "in the address", "header": "header"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A document as it can look."""

    anchor: str
    title: str
    text: str


@dataclass(frozen=True)
class Field:
    """A parameter or header of an operation, or a field of a document: `data.text`, `items[].key`."""

    name: str
    kind: SafeString
    required: bool
    about: SafeString


@dataclass(frozen=True)
class Answer:
    """What is answered with a status."""

    status: str
    about: SafeString
    document: SafeString
    problems: tuple[str, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Operation:
    """A method of an address."""

    anchor: str
    method: str
    path: str
    title: str
    about: SafeString
    published: bool
    scope: str
    parameters: tuple[Field, ...]
    body: SafeString
    body_examples: tuple[Example, ...]
    answers: tuple[Answer, ...]

    @property
    def answers_here(self) -> bool:
        """Whether the portal answers it, and not the system."""
        return self.path != YOURS

    @property
    def needs(self) -> Any:
        """What a system must have been given leave to do, in words."""
        return System.Scope(self.scope).label if self.scope else ""


@dataclass(frozen=True)
class Group:
    """Operations that belong together."""

    anchor: str
    title: str
    about: SafeString
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Document:
    """A schema: what documents of a name, or a part of one, have in them."""

    anchor: str
    title: str
    about: SafeString
    kind: SafeString
    fields: tuple[Field, ...]


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The interface, for people who build systems."""
    said = of_installation(address_of(request))
    shown = {
        "about": prose(said["info"]["description"]),
        "server": said["servers"][0]["url"],
        "version": said["info"]["version"],
    }
    return render(
        request,
        "interface/document.html",
        shown | {"groups": groups(), "problems": problems(), "documents": documents()},
    )


@functools.cache
def groups() -> tuple[Group, ...]:
    """All operations, by what they are for."""
    found = list(_operations())
    return tuple(
        Group(
            anchor=f"group-{tag['name']}",
            title=tag["name"].capitalize(),
            about=prose(tag.get("description", "")),
            operations=tuple(operation for name, operation in found if name == tag["name"]),
        )
        for tag in document()["tags"]
    )


@functools.cache
def problems() -> tuple[Field, ...]:
    """All types of problems: the name, the status, and what it means."""
    types = document()["components"]["schemas"][f"{PROBLEM}Type"]["oneOf"]
    return tuple(
        Field(_last(one["const"]), escape(one["title"].partition(" ")[0]), False, prose(one["description"]))
        for one in types
    )


@functools.cache
def documents() -> tuple[Document, ...]:
    """All schemas that say more than what is a text or a number."""
    schemas = document()["components"]["schemas"]
    found = (_document(name, schema) for name, schema in schemas.items() if name != f"{PROBLEM}Type")
    return tuple(sorted(found, key=lambda one: one.anchor))


def _operations() -> Iterator[tuple[str, Operation]]:
    """All operations, each with what it is for: the portal's own, and those that it calls at the system's."""
    for path, item in [*document()["paths"].items(), *((YOURS, item) for item in document()["webhooks"].values())]:
        for method in METHODS:
            if (said := item.get(method)) is not None:
                yield (
                    said["tags"][0],
                    _operation(path, method, said, [*item.get("parameters", ()), *said.get("parameters", ())]),
                )


def _operation(path: str, method: str, said: Json, parameters: list[Json]) -> Operation:
    anchor = said["operationId"]
    body = said.get("requestBody", {})
    return Operation(
        anchor=anchor,
        method=method.upper(),
        path=path,
        title=said["summary"],
        about=prose(said.get("description", "")),
        published=said["x-origin"] == "published",
        scope=said.get("x-scope", ""),
        parameters=tuple(_parameter(_followed(one)) for one in parameters),
        body=format_html("{} {}", _contents(body), inline(body.get("description", ""))) if body else SafeString(),
        body_examples=tuple(_examples(body, f"{anchor}-body")),
        answers=tuple(_answer(status, _followed(one), anchor) for status, one in said["responses"].items()),
    )


def _parameter(said: Json) -> Field:
    where = PLACES[said["in"]]
    kind = format_html("{}, {}", where, kind_of(said["schema"]))
    example = format_html(" <code>{}</code>", said["example"]) if "example" in said else ""
    return Field(
        said["name"], kind, said.get("required", False), format_html("{}{}", inline(said["description"]), example)
    )


def _answer(status: str, said: Json, of: str) -> Answer:
    types = [
        content.get("schema", {}).get("properties", {}).get("type", {})
        for media_type, content in said.get("content", {}).items()
        if "problem" in media_type
    ]
    names = [name for one in types for name in [*one.get("enum", ()), *([one["const"]] if "const" in one else ())]]
    return Answer(
        status=status,
        about=prose(said.get("description", "")),
        document=_contents(said) if not types else SafeString(),
        problems=tuple(map(_last, names)),
        examples=tuple(_examples(said, f"{of}-{status}")),
    )


def _contents(said: Json) -> SafeString:
    """What is sent or answered: the media types, with the schema of each."""
    words = [
        format_html("{}: <code>{}</code>", kind_of(content["schema"]), media_type)
        if "schema" in content
        else format_html("bytes: <code>{}</code>", media_type)
        for media_type, content in said.get("content", {}).items()
    ]
    return format_html_join(", ", "{}", ((word,) for word in words))


def _examples(said: Json, of: str) -> Iterator[Example]:
    for content in said.get("content", {}).values():
        for name, one in content.get("examples", {}).items():
            text = json.dumps(one["value"], ensure_ascii=False, indent=2)
            yield Example(
                f"{of}-{name}", one.get("summary", name.replace("-", " ").replace("_", " ").capitalize()), text
            )


def _document(name: str, schema: Json) -> Document:
    return Document(
        anchor=f"schema-{name}",
        title=schema.get("title", _spaced(name)),
        about=prose(schema.get("description", "")),
        kind=kind_of(schema) if {"$ref", "oneOf"} & schema.keys() or "properties" not in schema else SafeString(),
        fields=tuple(_fields(schema)),
    )


def _fields(schema: Json, before: str = "") -> Iterator[Field]:
    """The fields of an object, and those of the objects within it that have no name of their own."""
    for name, said in schema.get("properties", {}).items():
        path = f"{before}{name}"
        within = said
        if not set(said) <= ONLY_WITHIN:
            yield Field(path, kind_of(said), name in schema.get("required", ()), inline(_about(said)))
        while "items" in within and "$ref" not in within["items"]:
            within, path = within["items"], f"{path}[]"
        if "properties" in within:
            yield from _fields(within, f"{path}.")


def _about(said: Json) -> str:
    """What is said of a field, or else of all that are of its kind."""
    about: str = said.get("description", "")
    if not about and "$ref" in said:
        about = document()["components"]["schemas"][_last(said["$ref"], "/")].get("description", "")
    return about


def kind_of(schema: Json) -> SafeString:
    """What may stand there: a link to the schema that says so, a kind of value, or the values themselves."""
    if "$ref" in schema:
        name = _last(schema["$ref"], "/")
        named = document()["components"]["schemas"][name].get("title", _spaced(name))
        return format_html('<a href="#schema-{}">{}</a>', name, named)
    if "const" in schema:
        return format_html("<code>{}</code>", json.dumps(schema["const"], ensure_ascii=False))
    if "enum" in schema:
        return format_html_join(", ", "<code>{}</code>", ((json.dumps(one),) for one in schema["enum"]))
    if "oneOf" in schema:
        return format_html("one of: {}", format_html_join(", ", "{}", ((kind_of(one),) for one in schema["oneOf"])))
    if "items" in schema and ("$ref" in schema["items"] or "type" in schema["items"]):
        return format_html("list of {}", kind_of(schema["items"]))
    kind = schema.get("type", "anything")
    words = " or ".join(kind) if isinstance(kind, list) else kind
    form = schema.get("format", "")
    return format_html("{}{}", words, f" ({form})" if form and form != "guid" else "")


def _followed(said: Json) -> Json:
    """A part of the document, or that which it refers to."""
    found = said
    if said.get("$ref", "").startswith(COMPONENT):
        found = document()
        for name in said["$ref"].removeprefix("#/").split("/"):
            found = found[name]
    return found


def _last(name: str, mark: str = ":") -> str:
    return name.rpartition(mark)[2]


def _spaced(name: str) -> str:
    """A name as words: EventTakeUp is Event take up."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).capitalize()


def prose(text: str) -> SafeString:
    """The document's text as paragraphs."""
    blocks = [block for block in text.strip().split("\n\n") if block]
    return format_html_join("", "<p>{}</p>", ((inline(block),) for block in blocks))


def inline(text: str) -> SafeString:
    """A line of the document's text, with what stands in `marks` as code, and in ** or * as more important."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    marked = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", marked)
    return mark_safe(re.sub(r"(?<![\w*])\*([^*<>]+)\*(?![\w*])", r"<em>\1</em>", marked))  # noqa: S308 (escaped above)
