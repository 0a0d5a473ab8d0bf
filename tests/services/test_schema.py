"""The published JSON Schema: it is current, and it agrees with the reader about what a document may look like."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from jsonschema import Draft202012Validator

from apps.services.conditions import OPERAND_SCHEMAS, OPERATORS
from apps.services.definition import ELEMENTS, parse
from apps.services.fieldtypes import REGISTER
from apps.services.reading import Reading, Unreadable
from apps.services.schema import definition_schema
from apps.services.upgrades import upgraded
from tests.build import document, field, options, page, said

HOUSE = {name: cls for name, cls in REGISTER.items() if cls.__module__.startswith("apps.services.fieldtypes.")}
SCHEMA = definition_schema(HOUSE)
VALIDATOR = Draft202012Validator(SCHEMA)
LIBRARY = sorted((settings.BASE_DIR / "apps/services/library").glob("*.json"))
OLD = sorted(Path(__file__).with_name("old_documents").glob("*.json"))

SETTINGS: dict[str, dict[str, Any]] = {
    "choice": {"options": options("a", "b")},
    "choices": {"options": options("a", "b")},
    "guidance": {"text": said("Text")},
    "warning": {"text": said("Text")},
    "details": {"text": said("Text")},
    "result": {"text": said("Text")},
    "repeating": {"fields": [field("text", "part")], "max_rows": 3},
    "calculated": {"operation": "count", "of": ["first_of_all"]},
    "derived": {"values": [{"value": "a", "when": {"field": "first_of_all", "answered": True}}, {"value": "b"}]},
    "date": {"lead_time": {"days": 5, "unit": "working_days", "late": "warn"}},
    "period": {"lead_time": {"days": 5, "unit": "days"}},
}
RICH = document(
    page(
        "first",
        field("text", "first_of_all", pattern="AA 99"),
        *(field(kind, f"of_{kind}", **SETTINGS.get(kind, {})) for kind in sorted(HOUSE)),
        text=said("Text"),
    ),
    page(
        "second",
        field("text", "why", required=False, required_when={"field": "of_date", "within_working_days": 5}),
        field("text", "more", errors={"missing": said("Missing")}, prefill="name", default="x", hint=said("Hint")),
        show_when={
            "any": [
                {"field": "of_choice", "one_of": ["a", "b"]},
                {
                    "all": [
                        {"field": "of_whole_number", "at_least": 2},
                        {"not": {"field": "of_date", "before": "2027-01-01"}},
                    ]
                },
                {"field": "of_applicant.kind", "equals": "company"},
            ]
        },
    ),
    schema=2,
    municipalities=["091"],
    contact=said("Contact"),
    privacy=said("Privacy"),
    declaration=said("Declaration"),
    identification="weak",
    acting_for=["self", "company"],
    mandate="EXAMPLE",
    draft_days=30,
    handling_limit={
        "length": 3,
        "unit": "months",
        "from": "completeness",
        "warn_days": 14,
        "shown": True,
        "ground": said("Act"),
    },
    keep_days=730,
    records={
        "function": "10 03 00",
        "publicity": 2,
        "personal_data": 2,
        "retention_years": -1,
        "retention_ground": said("Act"),
        "secrecy_ground": said("Act"),
    },
    own_service={
        "sv": "https://example.com/sv/?a=1#b",
        "fi": "https://example.com:8443",
        "en": "http://127.0.0.1:8000/",
    },
)


def valid(document: Any) -> bool:
    return bool(VALIDATOR.is_valid(document))


def readable(document: Any) -> bool:
    try:
        parse(document)
    except Unreadable:
        return False
    return True


def test_the_published_schema_is_current() -> None:
    published = (settings.BASE_DIR / "docs/definition.schema.json").read_text(encoding="utf-8")

    assert json.loads(published) == SCHEMA, "run: manage.py definition_schema > docs/definition.schema.json"


def test_the_command_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("definition_schema")

    assert json.loads(capsys.readouterr().out)["properties"].keys() == SCHEMA["properties"].keys()


def test_it_is_a_schema_of_its_draft() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_setting_of_every_kind_says_what_it_reads() -> None:
    silent = [
        f"{kind}.{name}"
        for kind, cls in HOUSE.items()
        for name, setting in cls.settings().items()
        if not isinstance(setting.metadata["read"], Reading)
    ]

    assert silent == []


def test_every_operator_and_element_is_described() -> None:
    assert OPERAND_SCHEMAS.keys() == OPERATORS.keys()
    assert list(SCHEMA["properties"]) == list(ELEMENTS)


def test_a_document_with_every_kind_is_valid_and_readable() -> None:
    assert [error.message for error in VALIDATOR.iter_errors(RICH)] == []
    assert parse(RICH).fields.keys() >= {f"of_{kind}" for kind in HOUSE}


@pytest.mark.thorough
@pytest.mark.parametrize("file", [*LIBRARY, *OLD], ids=lambda file: file.name)
def test_every_example_document_is_valid(file: Path) -> None:
    newest = upgraded(json.loads(file.read_text(encoding="utf-8")))

    assert [error.message for error in VALIDATOR.iter_errors(newest)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("kind", sorted(HOUSE))
def test_a_kind_takes_no_unknown_setting_and_demands_its_own(kind: str) -> None:
    asked = field(kind, "asked", **SETTINGS.get(kind, {}))
    needed = SCHEMA["$defs"][f"field_{kind}"]["required"]
    wrong = [{**asked, "colour": "red"}, *({k: v for k, v in asked.items() if k != name} for name in needed)]
    documents = [document(page("first", field("text", "first_of_all"), one), schema=2) for one in wrong]

    assert [(valid(one), readable(one)) for one in documents] == [(False, False)] * len(documents)


def changed(change: Callable[[Any], Any]) -> Any:
    other = copy.deepcopy(RICH)
    change(other)
    return other


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    def change(other: Any) -> None:
        for step in path[:-1]:
            other = other[step]
        other[path[-1]] = value

    return change


def drop(*path: Any) -> Callable[[Any], None]:
    def change(other: Any) -> None:
        for step in path[:-1]:
            other = other[step]
        del other[path[-1]]

    return change


FIRST = ("pages", 0, "fields", 0)
CONDITION = ("pages", 1, "show_when")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "change",
    [
        *(drop(name) for name, needed in ELEMENTS.items() if needed),
        put("colour", value="red"),
        put("schema", value=99),
        put("schema", value="2"),
        put("schema", value=True),
        put("key", value="Not a slug"),
        put("key", value="a" * 61),
        put("authority", value=""),
        put("kind", value="wish"),
        put("languages", value=[]),
        put("languages", value=["swedish!"]),
        put("languages", value=["sv", "sv"]),
        put("municipalities", value=[91]),
        put("name", value={}),
        put("name", value="text"),
        put("name", value={"sv": " "}),
        put("name", value={"sv": "x" * 20_001}),
        put("name", value={"not a language": "x"}),
        put("handling_limit", value="30 days"),
        drop("handling_limit", "unit"),
        drop("handling_limit", "length"),
        put("handling_limit", "colour", value="red"),
        put("handling_limit", "length", value=0),
        put("handling_limit", "length", value=121),
        put("handling_limit", "unit", value="weeks"),
        put("handling_limit", "from", value="sunrise"),
        put("handling_limit", "warn_days", value=-1),
        put("handling_limit", "warn_days", value=366),
        put("handling_limit", "shown", value=1),
        put("handling_limit", "ground", value=None),
        put("keep_days", value=-1),
        put("keep_days", value=36_501),
        put("keep_days", value="730"),
        put("records", value=[]),
        *(drop("records", name) for name in ("function", "publicity", "personal_data", "retention_years")),
        put("records", "colour", value="red"),
        put("records", "function", value="noise"),
        put("records", "publicity", value=5),
        put("records", "publicity", value=0),
        put("records", "personal_data", value=4),
        put("records", "retention_years", value=-2),
        put("records", "retention_years", value=501),
        put("records", "retention_ground", value="text"),
        put("records", "secrecy_ground", value={}),
        put("own_service", value="https://example.com/"),
        put("own_service", value={}),
        put("own_service", "sv", value="http://example.com/"),
        put("own_service", "sv", value="javascript:alert(1)"),
        put("own_service", "sv", value="https://user:secret@example.com/"),
        put("own_service", "sv", value="https://example.com/a b"),
        put("own_service", "sv", value="//example.com/"),
        put("own_service", "sv", value="https://example.com/" + "a" * 1_000),
        put("own_service", "sv", value="http://localhost.example.com/"),
        put("pages", value=[]),
        put("pages", value={}),
        put("pages", 0, value="page"),
        put("pages", 0, "colour", value="red"),
        put("pages", 0, "fields", value=[]),
        drop("pages", 0, "title"),
        put(*FIRST, value=None),
        put(*FIRST, "kind", value="wish"),
        put(*FIRST, "kind", value=["text"]),
        drop(*FIRST, "kind"),
        put(*FIRST, "key", value="Capital"),
        put(*FIRST, "max_length", value="200"),
        put(*FIRST, "max_length", value=0),
        put(*FIRST, "max_length", value=True),
        put(*FIRST, "required", value="yes"),
        put(*FIRST, "prefill", value="mother"),
        put(*FIRST, "pattern", value=""),
        put(*FIRST, "errors", value={"wrong": "no texts"}),
        put(*FIRST, "required_when", value={"field": "x"}),
        put(*CONDITION, value={}),
        put(*CONDITION, value=[]),
        put(*CONDITION, value={"field": "of_choice"}),
        put(*CONDITION, value={"field": "of_choice", "equals": "a", "answered": True}),
        put(*CONDITION, value={"field": "of_choice", "equals": None}),
        put(*CONDITION, value={"field": "of_choice", "resembles": "a"}),
        put(*CONDITION, value={"field": "of choice", "equals": "a"}),
        put(*CONDITION, value={"field": "of_choice", "one_of": []}),
        put(*CONDITION, value={"field": "of_choice", "answered": "yes"}),
        put(*CONDITION, value={"field": "of_whole_number", "at_least": "2"}),
        put(*CONDITION, value={"field": "of_date", "before": "1.1.2027"}),
        put(*CONDITION, value={"field": "of_date", "within_working_days": -1}),
        put(*CONDITION, value={"all": []}),
        put(*CONDITION, value={"all": [{"field": "of_choice", "equals": "a"}], "field": "x"}),
        put(*CONDITION, value={"not": [{"field": "of_choice", "equals": "a"}]}),
    ],
)
def test_what_the_schema_refuses_the_reader_refuses(change: Callable[[Any], Any]) -> None:
    wrong = changed(change)

    assert (valid(wrong), readable(wrong)) == (False, False)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("choice", {"options": []}),
        ("choice", {"options": [{"value": "a"}]}),
        ("choice", {"options": [{"value": "A", "label": said("A")}]}),
        ("choice", {"options": options("a"), "display": "wheel"}),
        ("file", {"types": []}),
        ("file", {"types": ["exe"]}),
        ("file", {"max_files": 51}),
        ("date", {"lead_time": {"days": 5}}),
        ("date", {"lead_time": {"unit": "days"}}),
        ("date", {"lead_time": {"days": 5, "unit": "weeks"}}),
        ("date", {"lead_time": {"days": 5, "unit": "days", "late": "cry"}}),
        ("date", {"lead_time": 5}),
        ("calculated", {"operation": "guess", "of": ["first_of_all"]}),
        ("calculated", {"operation": "sum", "of": []}),
        ("calculated", {"operation": "sum", "of": ["not a path"]}),
        ("repeating", {"fields": []}),
        ("repeating", {"fields": [field("file", "part")]}),
        ("repeating", {"fields": [field("repeating", "part", fields=[field("text", "inner")])]}),
        ("repeating", {"fields": [field("text", "part", colour="red")]}),
    ],
)
def test_what_the_schema_refuses_of_a_kind_the_reader_refuses(kind: str, told: dict[str, Any]) -> None:
    wrong = document(page("first", field("text", "first_of_all"), field(kind, "asked", **told)), schema=2)

    assert (valid(wrong), readable(wrong)) == (False, False)
