"""The document that the interface gives out: complete in itself, and that it and the server say the same, both ways."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import URLPattern
from jsonschema import Draft202012Validator
from pytest_django import Settings

from apps.cases.models import Case
from apps.interface import document, judging, urls
from apps.interface.problems import KNOWN, TYPE
from apps.people import limits
from apps.people.limits import Limit
from tests.interface import callers, described, posted
from tests.interface.described import at, operations, responses
from tests.sync import folders, golden

JSON, YAML = "/interface/v1/openapi.json", "/interface/v1/openapi.yaml"
PART, EVENTS = "/commondata/{externalId}", "/commondata/{externalId}/events"
ATTACHMENT = "/commondata/{externalId}/attachments/{attachmentId}"
OF_SERVER = {"failed", "not-now"}  # what stands for every 5XX
OF_NO_OPERATION = {"method"}  # what is said where there is no operation
PUBLISHED = {
    "GET /commondata/{externalId}/commondata": "GetProjectPartCommonData",
    "GET /commondata/{externalId}/formdata": "GetProjectPartFormData",
    "GET /commondata/{externalId}": "GetProjectPartData",
}


# --- the document itself -----------------------------------------------------------------------------------------------


def referred(value: Any) -> Iterator[str]:
    """All that is referred to from within a part of the document."""
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        for within in value.values():
            yield from referred(within)
    elif isinstance(value, list):
        for within in value:
            yield from referred(within)


def test_document_refers_to_nothing_outside_itself() -> None:
    whole = document.document()

    outside = [one for one in referred(whole) if not one.startswith("#/")]
    assert outside == []
    assert all(at(*one.removeprefix("#/").split("/")) for one in referred(whole))
    assert "externalValue" not in json.dumps(whole)


@pytest.mark.parametrize("name", document.document()["components"]["schemas"])
def test_schema_of_the_document_is_one(name: str) -> None:
    Draft202012Validator.check_schema(at("components", "schemas", name))


def test_schemas_are_called_as_their_files_are() -> None:
    said = yaml.safe_load((document.FOLDER / "authorities.yaml").read_text("utf-8"))["components"]["schemas"]

    files = {name: one["$ref"] for name, one in said.items() if "$ref" in one}
    assert files
    assert [name for name, file in files.items() if document._named(Path(file).stem) != name] == []
    assert [
        name for name in files if at("components", "schemas", name) == {"$ref": f"#/components/schemas/{name}"}
    ] == []


def test_published_operations_stand_as_they_were_published_and_ours_are_marked_as_ours() -> None:
    origins = {label: at(*place)["x-origin"] for label, place in operations().items()}

    published = {label for label, origin in origins.items() if origin == "published"}
    national = yaml.safe_load((document.FOLDER / "openapi.yaml").read_text("utf-8"))
    assert {label: at(*operations()[label])["operationId"] for label in published} == PUBLISHED
    assert {origin for label, origin in origins.items() if label not in PUBLISHED} == {"forenklad-e-tjanst"}
    for label in PUBLISHED:
        path = label.partition(" ")[2]
        assert at("paths", path, "get", "summary") == national["paths"][path]["get"]["summary"]
        assert set(responses(label)) >= {"200", "400", "401"}


def test_links_lead_to_operations_and_give_what_they_take() -> None:
    known = {at(*place)["operationId"]: label for label, place in operations().items()}
    found = [
        (link["operationId"], link["parameters"])
        for label in operations()
        for place in responses(label).values()
        for link in at(*place).get("links", {}).values()
    ]

    for name, parameters in found:
        path = operations()[known[name]][1]
        shared, own = at("paths", path).get("parameters", ()), at(*operations()[known[name]]).get("parameters", ())
        takes = {
            (at(*one["$ref"].removeprefix("#/").split("/")) if "$ref" in one else one)["name"]
            for one in (*shared, *own)
        }
        assert parameters.keys() <= takes
    assert {name for name, _parameters in found} >= {"GetEvents", "GetEvent", "GetAttachment", "PostEvent", "GetLedger"}


# --- examples ------------------------------------------------------------------------------------------------------------


def examples() -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Every example of the document: its name, where its schema stands, and itself."""
    woken: tuple[str, ...] = ("webhooks", "wakeUp", "post")
    for label, place in [*operations().items(), ("wake-up", woken)]:
        bodies = [(*place, "requestBody")] if "requestBody" in at(*place) else []
        for body in [*bodies, *(responses(label).values() if place != woken else ())]:
            for media_type, content in at(*body).get("content", {}).items():
                for name, one in content.get("examples", {}).items():
                    yield f"{label} {body[-1]} {name}", (*body, "content", media_type, "schema"), one["value"]


@pytest.mark.parametrize(("place", "value"), [pytest.param(p, v, id=name) for name, p, v in examples()])
def test_example_follows_its_schema(place: tuple[str, ...], value: Any) -> None:
    assert described.errors(place, value) == []


def test_every_kind_that_can_be_posted_has_an_example() -> None:
    kinds = at("components", "schemas", "PostedEvent", "properties", "kind", "enum")
    shown = at("paths", EVENTS, "post", "requestBody", "content", "application/json", "examples")

    assert {name: one["value"]["kind"] for name, one in shown.items()} == {kind: kind for kind in kinds}


@pytest.mark.parametrize("kind", at("components", "schemas", "PostedEvent", "properties", "kind", "enum"))
def test_example_of_what_is_posted_is_taken_by_who_judges_it(kind: str) -> None:
    assert judging.errors_of(golden.example(f"posted-{kind}")) == []


# --- the server has what the document says, and nothing else ---------------------------------------------------------------


def served() -> dict[str, str]:
    """The operations of the server, with the scope that each needs; the names of parameters are left out."""
    found: dict[str, str] = {}
    for one in urls.urlpatterns:
        assert isinstance(one, URLPattern)
        path = "/" + re.sub(r"<\w+:\w+>", "{}", str(one.pattern))
        scopes = getattr(one.callback, "operations", {"GET": ""} if one.name else {})
        found |= {f"{method} {path}": str(scope) for method, scope in scopes.items()}
    return found


def test_document_has_every_operation_of_the_server_with_its_scope_and_no_other() -> None:
    said = {re.sub(r"\{\w+\}", "{}", label): at(*place).get("x-scope", "") for label, place in operations().items()}

    assert said == served()


def test_operations_without_a_scope_need_no_key_and_all_others_do() -> None:
    for place in operations().values():
        operation = at(*place)
        assert (operation.get("security") == []) == ("x-scope" not in operation)
        assert ("401" in operation["responses"]) == ("403" in operation["responses"]) == ("x-scope" in operation)


def test_every_problem_of_the_server_is_described_with_its_status() -> None:
    types = at("components", "schemas", "ProblemType", "oneOf")

    assert {one["const"]: one["title"] for one in types} == {
        TYPE + name: f"{status} {name}" for name, (status, _title) in KNOWN.items()
    }


def test_every_problem_is_answered_by_some_operation_and_with_its_own_status() -> None:
    found: dict[str, set[str]] = {}
    for label in operations():
        for status, place in responses(label).items():
            content = at(*place).get("content", {}).get("application/problem+json", {})
            said = content.get("schema", {}).get("properties", {}).get("type", {})
            for one in [*said.get("enum", ()), *([said["const"]] if "const" in said else ())]:
                found.setdefault(one.removeprefix(TYPE), set()).add(status)

    assert {name: {str(status)} for name, (status, _title) in KNOWN.items()} == found | {
        name: {str(KNOWN[name][0])} for name in OF_SERVER | OF_NO_OPERATION
    }


# --- how it is given out --------------------------------------------------------------------------------------------------


def test_document_is_given_to_anybody_with_the_address_of_the_installation(settings: Settings) -> None:
    settings.SITE_URL = "https://service.example"

    answer = Client().get(JSON)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["servers"] == [{"url": "https://service.example/interface/v1"}]
    assert described.misfits("GET /openapi.json", answer) == []


def test_installation_without_an_address_is_where_it_is_asked(settings: Settings) -> None:
    settings.SITE_URL = ""

    answer = Client().get(JSON, headers={"Host": "localhost:8123"})

    assert answer.json()["servers"] == [{"url": "http://localhost:8123/interface/v1"}]


def test_document_is_the_same_in_json_and_yaml() -> None:
    answer = Client().get(YAML)

    assert answer.headers["Content-Type"] == "application/yaml"
    assert yaml.safe_load(answer.content) == Client().get(JSON).json()
    assert described.misfits("GET /openapi.yaml", answer) == []


@pytest.mark.parametrize("address", [JSON, YAML])
def test_document_is_not_sent_again_to_who_has_it(address: str) -> None:
    first = Client().get(address)

    again = Client().get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert Client().head(address).headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("address", [JSON, YAML])
def test_document_takes_no_other_method(address: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(address, {"a": 1}, headers={"Accept-Language": "en"})

    assert (answer.status_code, callers.problem(answer)) == (405, "method")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_document_asks_the_database_nothing() -> None:
    assert Client().get(JSON).status_code == 200  # pytest-django lets no database be asked here


# --- answers of the server are as the document says ------------------------------------------------------------------------


@pytest.fixture
def case(db: None) -> Case:
    """A case with a file, that has been taken up."""
    return folders.handled(folders.with_file())


Asked = Callable[[Case, str], tuple[str, Any]]
READ: dict[str, Asked] = {
    "data": lambda case, key: (f"GET {PART}", callers.get(callers.part(case), key)),
    "commondata": lambda case, key: (f"GET {PART}/commondata", callers.get(callers.part(case, "commondata"), key)),
    "formdata": lambda case, key: (f"GET {PART}/formdata", callers.get(callers.part(case, "formdata"), key)),
    "events": lambda case, key: (f"GET {EVENTS}", callers.get(callers.part(case, "events"), key)),
    "page of events": lambda case, key: (f"GET {EVENTS}", callers.get(callers.part(case, "events"), key, limit=1)),
    "event": lambda case, key: (f"GET {EVENTS}/{{key}}", callers.get(callers.part(case, f"events/{first(case)}"), key)),
    "file": lambda case, key: (f"GET {ATTACHMENT}", callers.get(callers.part(case, f"attachments/{file(case)}"), key)),
    "part of a file": lambda case, key: (f"GET {ATTACHMENT}", ranged(case, key, "bytes=2-9")),
    "ledger": lambda case, key: ("GET /commondata", callers.get("commondata", key)),
    "page of the ledger": lambda case, key: ("GET /commondata", callers.get("commondata", key, limit=1)),
}
REFUSED: dict[str, tuple[str, Asked]] = {
    "unknown part": ("unknown-part", lambda case, key: (f"GET {PART}", callers.get(callers.part(uuid.uuid4()), key))),
    "no uuid": ("malformed", lambda case, key: (f"GET {PART}", callers.get("commondata/x", key))),
    "wrong limit": ("malformed", lambda case, key: ("GET /commondata", callers.get("commondata", key, limit=0))),
    "no key": ("unauthorised", lambda case, key: (f"GET {PART}", callers.get(callers.part(case)))),
    "not given leave": ("forbidden", lambda case, key: (f"POST {EVENTS}", posted.post(case, "resume", key=reader()))),
    "unknown event": (
        "unknown-event",
        lambda case, key: (f"GET {EVENTS}/{{key}}", callers.get(callers.part(case, f"events/{uuid.uuid4()}"), key)),
    ),
    "unknown file": (
        "unknown-attachment",
        lambda case, key: (f"GET {ATTACHMENT}", callers.get(callers.part(case, f"attachments/{uuid.uuid4()}"), key)),
    ),
    "no such part": ("range", lambda case, key: (f"GET {ATTACHMENT}", ranged(case, key, "bytes=99999999-"))),
    "out of order": (
        "out-of-order",
        lambda case, key: (f"POST {EVENTS}", posted.post(case, "complete", key=key, number=2)),
    ),
    "not allowed": ("not-allowed", lambda case, key: (f"POST {EVENTS}", posted.post(case, "take_up", key=key))),
    "invalid": ("invalid", lambda case, key: (f"POST {EVENTS}", posted.post(case, "write", {}, key=key))),
    "files not here": (
        "attachments-missing",
        lambda case, key: (f"POST {EVENTS}", posted.post(case, "write", with_file(), key=key)),
    ),
    "no JSON": ("malformed", lambda case, key: (f"POST {EVENTS}", sent(case, key, b"{", "application/json"))),
    "another media type": ("media-type", lambda case, key: (f"POST {EVENTS}", sent(case, key, b"x", "text/plain"))),
    "too large": (
        "too-large",
        lambda case, key: (f"POST {EVENTS}", sent(case, key, b'"' + b"x" * 1_000_001 + b'"', "application/json")),
    ),
    "another digest": (
        "digest-mismatch",
        lambda case, key: (
            f"PUT {ATTACHMENT}",
            posted.put(case, uuid.uuid4(), key=key, headers={"Digest": posted.digest(b"other")}),
        ),
    ),
    "another type of file": (
        "media-type",
        lambda case, key: (
            f"PUT {ATTACHMENT}",
            posted.put(case, uuid.uuid4(), key=key, headers={"Content-Type": "image/png"}),
        ),
    ),
    "no file of a kind that is taken": (
        "invalid",
        lambda case, key: (f"PUT {ATTACHMENT}", posted.put(case, uuid.uuid4(), content=b"MZ\x00", key=key)),
    ),
    "key of another event": ("key-reuse", lambda case, key: (f"POST {EVENTS}", used_again(case, key))),
    "key of another file": ("key-reuse", lambda case, key: (f"PUT {ATTACHMENT}", file_used_again(case, key))),
}


def first(case: Case) -> uuid.UUID:
    return case.events.order_by("number")[0].key


def file(case: Case) -> str:
    return str(folders.ATTACHED.format(n=1))


def ranged(case: Case, key: str, asked: str) -> Any:
    return callers.get(callers.part(case, f"attachments/{file(case)}"), key, headers={"Range": asked})


def reader() -> str:
    return callers.key(callers.system("Reader", scopes=["read"]))


def with_file() -> dict[str, Any]:
    return {"text": "Se bilagan.", "attachments": [posted.listed()]}


def sent(case: Case, key: str, body: bytes, media_type: str) -> Any:
    headers = {"Content-Type": media_type, "Idempotency-Key": str(uuid.uuid4())}
    return callers.call(None, "POST", callers.part(case, "events"), key=key, body=body, headers=headers)


def used_again(case: Case, key: str) -> Any:
    event = uuid.uuid4()
    assert posted.post(case, "complete", key=key, event_key=event).status_code == 201
    return posted.post(case, "write", {"text": "Hej"}, key=key, event_key=event)


def file_used_again(case: Case, key: str) -> Any:
    event = uuid.uuid4()
    assert posted.put(case, event, key=key).status_code == 201
    return posted.put(case, event, key=key, name="another.pdf")


@pytest.mark.thorough
@pytest.mark.parametrize("what", READ)
def test_answer_to_what_is_read_is_as_the_document_says(case: Case, what: str) -> None:
    label, answer = READ[what](case, callers.key())

    assert answer.status_code in (200, 206)
    assert described.misfits(label, answer) == []


@pytest.mark.thorough
@pytest.mark.parametrize("what", REFUSED)
def test_refusal_is_as_the_document_says(case: Case, what: str) -> None:
    name, asked = REFUSED[what]

    label, answer = asked(case, callers.key())

    assert callers.problem(answer) == name
    assert described.misfits(label, answer) == []


def test_answers_to_what_is_posted_are_as_the_document_says(case: Case) -> None:
    key, event = callers.key(), uuid.uuid4()

    file = posted.put(case, event, key=key)
    again = posted.put(case, event, key=key)
    told = posted.post(case, "write", with_file(), key=key, event_key=event, number=3)
    repeated = posted.post(case, "write", with_file(), key=key, event_key=event, number=3)

    assert [one.status_code for one in (file, again, told, repeated)] == [201, 200, 201, 200]
    assert [described.misfits(f"PUT {ATTACHMENT}", one) for one in (file, again)] == [[], []]
    assert [described.misfits(f"POST {EVENTS}", one) for one in (told, repeated)] == [[], []]
    document_id = told.json()["attachmentIds"]["decision"]
    read = callers.get(callers.part(case, f"attachments/{document_id}"), key)
    assert callers.content(read) == posted.DECISION


def test_who_calls_too_often_is_told_as_the_document_says(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.LIMITS, "interface_refused", Limit(1, limits.HOUR))
    callers.get(callers.part(case), "wrong")

    answer = callers.get(callers.part(case), "wrong")

    assert callers.problem(answer) == "too-many"
    assert described.misfits(f"GET {PART}", answer) == []


# --- examples are what the server answers ----------------------------------------------------------------------------------

SHOWN = {
    "problem-forbidden": "not given leave",
    "problem-not-allowed": "resumed in handling",
    "problem-key-reuse": "key of another event",
    "problem-range": "no such part",
    "problem-unknown-attachment": "unknown file",
}
REFUSED["resumed in handling"] = (
    "not-allowed",
    lambda case, key: (f"POST {EVENTS}", posted.post(case, "resume", key=key)),
)


@pytest.mark.thorough
@pytest.mark.parametrize("name", SHOWN)
def test_example_of_a_problem_is_what_the_portal_says(case: Case, name: str) -> None:
    _label, answer = REFUSED[SHOWN[name]][1](case, callers.key())

    if os.environ.get("WRITE_GOLDEN"):
        golden.write(name, answer.json())
    assert answer.json() == golden.example(name)


def test_examples_have_the_form_of_what_the_portal_answers(case: Case) -> None:
    key, event = callers.key(), uuid.uuid4()
    file = posted.put(case, event, "beslut", key=key)
    told = posted.post(
        case, "write", {"text": "Hej", "attachments": [posted.listed("beslut")]}, key=key, event_key=event
    )

    answers = {
        "acknowledgement-file": file,
        "acknowledgement-posted": told,
        "system-ledger": callers.get("commondata", key),
        "events": callers.get(callers.part(case, "events"), key),
    }
    assert {name: form_of(answer.json()) for name, answer in answers.items()} == {
        name: form_of(golden.example(name)) for name in answers
    }


def form_of(value: Any) -> Any:
    """The names and kinds of values in a document."""
    if isinstance(value, dict):
        return {name: form_of(one) for name, one in value.items()}
    return [form_of(one) for one in value] if isinstance(value, list) else type(value).__name__
