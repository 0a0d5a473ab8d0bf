"""docs/interface: one document, its schemas and examples, and that the reference receiver, the portal and they say the same."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from apps.cases import envelope
from apps.cases.rulebook import STEPS
from apps.interface import problems
from apps.sync.reference import answers
from apps.sync.reference.answers import Refused
from apps.sync.reference.contract import Contract
from apps.sync.reference.documents import data_digest
from apps.sync.reference.rules import check_case_data, check_event
from apps.sync.reference.server import ReferenceServer, Settings
from tests.cases.test_envelope import KINDS
from tests.sync import folders, golden, schemas
from tests.sync.golden import EXAMPLES, EXTERNAL_ID, broken, example
from tests.sync.schemas import INTERFACE, openapi

ROOT = INTERFACE.parents[1]
PUBLISHED = {
    "GET /commondata/{externalId}/commondata": "GetProjectPartCommonData",
    "GET /commondata/{externalId}/formdata": "GetProjectPartFormData",
    "GET /commondata/{externalId}": "GetProjectPartData",
}
WHEN = "2027-03-01T09:30:02.104233Z"
TOKEN = {"Authorization": "Bearer of the example"}
CHANGED = {"status", "kind", "at", "data", "test", "number", "key", "schemaVersion", "externalId"}
METHODS = ("get", "put", "post", "delete", "patch")


def operations() -> dict[str, dict[str, Any]]:
    """The operations of the document, such as `GET /commondata`."""
    return {
        f"{method.upper()} {path}": item[method]
        for path, item in openapi()["paths"].items()
        for method in METHODS
        if method in item
    }


def names(pattern: str = "*") -> list[str]:
    """The examples that are kept."""
    return sorted(path.stem for path in EXAMPLES.glob(f"{pattern}.json"))


def schema_of(name: str) -> str:
    """The schema that an example is of."""
    beginnings = {"data-": "portal-case-data", "event-": "event", "acknowledgement-": "acknowledgement"}
    beginnings |= {"problem-": "problem", "commondata": "portal-commondata", "formdata": "portal-formdata"}
    beginnings |= {"posted-": "posted-event"}
    return next((schema for beginning, schema in beginnings.items() if name.startswith(beginning)), name)


# --- the document and its parts ----------------------------------------------------------------------------------------


def test_published_operations_stand_as_they_were_published_and_ours_are_marked_as_ours() -> None:
    origins = {label: said["x-origin"] for label, said in operations().items()}

    published = {label for label, origin in origins.items() if origin == "published"}
    assert {label: operations()[label]["operationId"] for label in published} == PUBLISHED
    assert {origin for label, origin in origins.items() if label not in PUBLISHED} == {"forenklad-e-tjanst"}
    assert openapi()["components"]["responses"]["NotFound"]["description"].startswith("Project part action not found")
    for label in PUBLISHED:
        assert set(operations()[label]["responses"]) >= {"200", "400", "401"}


def test_document_has_every_operation_of_the_reference_receiver_and_no_other() -> None:
    assert sorted(plain(label) for label in operations()) == sorted(routes())


def routes() -> Iterator[str]:
    """The operations of the reference receiver, written as the document writes them, but for the names of parameters."""
    for pattern, methods in Contract(None).routes:  # type: ignore[arg-type]  # nothing is kept here
        for path in spelt_out(pattern.pattern):
            yield from (f"{method} {path}" for method in methods)


def spelt_out(pattern: str) -> list[str]:
    """A route, once for each word that it can have in a place."""
    choice = re.search(r"\(\?P<\w+>(\w+(?:\|\w+)+)\)", pattern)
    if choice is None:
        return [re.sub(r"\(\?P<\w+>[^)]*\)", "{}", pattern)]
    return [path for word in choice[1].split("|") for path in spelt_out(pattern.replace(choice[0], word))]


def plain(label: str) -> str:
    return re.sub(r"\{\w+\}", "{}", label)


def test_every_problem_of_the_reference_receiver_and_of_the_portal_is_described() -> None:
    described = {
        one["const"] for one in json.loads((schemas.SCHEMAS / "problem.json").read_text())["$defs"]["type"]["oneOf"]
    }
    code = "".join(path.read_text() for path in (ROOT / "apps/sync/reference").glob("*.py") if path.name != "page.py")
    raised = set(re.findall(r'Refused\(\s*\d+,\s*"([\w-]+)"', code)) - {"internal", "forbidden"}

    assert {f"{answers.PROBLEM}{name}" for name in raised | problems.KNOWN.keys()} == described


@pytest.mark.parametrize("path", sorted(schemas.SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_schema_is_one_and_what_it_refers_to_is_there(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))

    Draft202012Validator.check_schema(schema)
    referred = set(re.findall(r'"\$ref": "([^"]+)"', path.read_text("utf-8")))
    resolver = schemas.registry().resolver(path.as_uri())
    assert [ref for ref in referred if not resolver.lookup(ref)] == []


def test_what_the_document_refers_to_is_there_and_no_example_is_left_out() -> None:
    text = "".join((INTERFACE / name).read_text("utf-8") for name in ("openapi.yaml", "authorities.yaml"))
    files = set(re.findall(r"(?:\$ref|externalValue): \"?((?:schemas|examples)/[\w.-]+)", text))
    mentioned = {Path(name).stem for name in files if name.startswith("examples/")}

    assert [name for name in files if not (INTERFACE / name).is_file()] == []
    assert set(names()) - mentioned == set()


@pytest.mark.parametrize("label", operations())
def test_examples_of_an_operation_follow_its_schema(label: str) -> None:
    operation = operations()[label]
    shown = [operation.get("requestBody", {}), *map(followed, operation["responses"].values())]

    contents = [content for one in shown for content in one.get("content", {}).values() if "examples" in content]
    for content in contents:
        for said in content["examples"].values():
            assert schemas.errors_by(content["schema"], example(Path(said["externalValue"]).stem)) == []


def followed(response: dict[str, Any]) -> dict[str, Any]:
    """A response, or that which it refers to."""
    name = response.get("$ref", "").rpartition("/")[2]
    return openapi()["components"]["responses"][name] if name else response


@pytest.mark.parametrize("name", [name for name in names() if name != "xroad-error"])
def test_example_follows_its_schema_and_has_nothing_that_is_not_described(name: str) -> None:
    document = example(name)

    assert schemas.errors(schema_of(name), document) == []
    assert schemas.undescribed(schema_of(name), document) == []


def test_what_no_schema_tells_of_is_found() -> None:
    event, data = example("event-close-with-decision"), example("data-received")
    event["more"] = event["data"]["more"] = event["data"]["attachments"][0]["more"] = 1
    data["formdata"]["papers"][0]["pages"][0]["fields"][0]["more"] = data["commondata"]["customer"]["more"] = 1

    assert schemas.undescribed("event", event) == ["/data/attachments/0/more", "/data/more", "/more"]
    assert schemas.undescribed("portal-case-data", data) == [
        "/commondata/customer/more",
        "/formdata/papers/0/pages/0/fields/0/more",
    ]


@pytest.mark.parametrize("name", names("data-*"))
def test_digest_of_an_example_is_its_own(name: str) -> None:
    assert example(name)["digest"] == data_digest(example(name)) == envelope.digest(example(name))


# --- kinds of events -----------------------------------------------------------------------------------------------------


def described(kind: str) -> dict[str, Any]:
    """What the schema says of the events of a kind; nothing of one that it does not name."""
    said = json.loads((schemas.SCHEMAS / "event.json").read_text("utf-8"))
    chosen = {"$ref": f"#/$defs/{kind}"} in said["oneOf"]
    found: dict[str, Any] = said["$defs"][kind] if chosen else {}
    return found


def test_every_kind_of_event_has_a_schema_and_an_example() -> None:
    body = operations()["POST /commondata/{externalId}/events"]["requestBody"]
    shown = body["content"]["application/json"]["examples"]
    others = json.loads((schemas.SCHEMAS / "event.json").read_text("utf-8"))["$defs"]["other"]

    kinds = [*KINDS, envelope.SKIPPED]
    assert [kind for kind in kinds if described(kind).get("properties", {}).get("kind") != {"const": kind}] == []
    assert [kind for kind in kinds if kind not in shown or f"event-{kind}" not in names()] == []
    assert sorted(others["properties"]["kind"]["not"]["enum"]) == sorted(kinds)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_step_needs_is_what_its_event_must_have(kind: str) -> None:
    needs = STEPS[kind].needs if kind in STEPS else ("paper",)
    outside = {"register_number": "registerNumber"}

    needed = {outside.get(need, need) for need in needs} & {*envelope.TOLD.get(kind, ()), "paper"}
    always = {"attachments"} if kind in envelope.MESSAGES else set()
    data = described(kind)["properties"].get("data", {})
    assert set(data.get("required", ())) == needed | always


def test_event_of_a_kind_that_is_not_known_is_taken() -> None:
    document = {**example("event-write"), "kind": "of_tomorrow", "data": {"anything": 1}}

    assert schemas.errors("event", document) == []
    assert check_event(document, EXTERNAL_ID)


# --- what would break a receiver -------------------------------------------------------------------------------------------


def test_what_is_added_breaks_no_receiver() -> None:
    document = example("event-close-with-decision")
    document["more"] = 1
    document["data"]["attachments"][0]["more"] = {"and": ["more"]}

    assert broken("event-close-with-decision", document) == []


def test_what_is_added_changes_the_digest_and_breaks_no_receiver() -> None:
    document = example("data-received") | {"more": 1}

    assert broken("data-received", document | {"digest": envelope.digest(document)}) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda document: document.pop("status"), "/status is gone"),
        (lambda document: document["data"].update(message=document["data"].pop("text")), "/data/text is gone"),
        (lambda document: document.update(number="3"), "/number: int has become str"),
        (lambda document: document.update(number=True), "/number: int has become bool"),
        (lambda document: document["data"].update(attachments=None), "/data/attachments: list has become NoneType"),
        (lambda document: document["data"]["attachments"].clear(), "/data/attachments: 1 have become 0"),
        (lambda document: document["data"]["attachments"][0].pop("size"), "/data/attachments/0/size is gone"),
        (lambda document: document.update(status="ended"), "/status: 'closed' has become 'ended'"),
    ],
    ids=["removed", "renamed", "retyped", "number to bool", "list to null", "emptied", "removed within", "other word"],
)
def test_what_goes_away_or_changes_is_told(change: Any, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WRITE_GOLDEN", raising=False)
    document = example("event-close-with-decision")
    change(document)

    assert broken("event-close-with-decision", document) == [told]


@pytest.mark.thorough
@settings(max_examples=40, deadline=None)
@given(
    data=st.data(), value=st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just({}) | st.just([])
)
def test_schema_and_reference_receiver_judge_events_alike(data: st.DataObject, value: Any) -> None:
    document = example(data.draw(st.sampled_from(names("event-*"))))
    changed(document, data, value)

    assert taken(check_event, document) == (schemas.errors("event", document) == [])


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(), value=st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just({}) | st.just([])
)
def test_schema_and_reference_receiver_judge_case_data_alike(data: st.DataObject, value: Any) -> None:
    document = example(data.draw(st.sampled_from(names("data-*"))))
    changed(document, data, value)

    assert taken(check_case_data, document) == (schemas.errors("case-data", document) == [])


def changed(document: Any, data: st.DataObject, value: Any) -> None:
    """One thing in it, somewhere, is gone or is something else."""
    within = document
    while True:
        key = data.draw(st.sampled_from(sorted(within) if isinstance(within, dict) else range(len(within))))
        if not (isinstance(within[key], dict | list) and within[key] and data.draw(st.booleans())):
            break
        within = within[key]
    if isinstance(within, dict) and data.draw(st.booleans()):
        del within[key]
    else:
        within[key] = copy.copy(value)


def taken(check: Any, document: Any) -> bool:
    try:
        check(document, EXTERNAL_ID)
    except Refused:
        return False
    return True


# --- the reference receiver says what the examples say ---------------------------------------------------------------------


def test_examples_are_what_the_reference_receiver_answers(tmp_path: Path) -> None:
    server = ReferenceServer(Settings(port=0, store=tmp_path / "received.sqlite3", token="of the example"))
    server.start()
    try:
        said = conversation(f"{server.address}/commondata")
    finally:
        server.stop()

    for name, document in said.items():
        if os.environ.get("WRITE_GOLDEN"):
            golden.write(name, document)
        assert document == example(name)


def conversation(address: str) -> dict[str, Any]:
    """An application is sent, with what goes wrong on the way."""
    part = f"{address}/{EXTERNAL_ID}"
    data, first, second = example("data-received"), example("event-received"), example("event-take_up")
    key = first["key"]
    said: dict[str, requests.Response] = {"problem-unauthorised": requests.get(part, timeout=20)}
    with requests.Session() as session:
        session.headers.update(TOKEN)
        said["problem-unknown-part"] = session.get(part)
        said["acknowledgement-data"] = session.put(part, json=data, headers={"Idempotency-Key": f"{key}:data"})
        said["problem-unknown-event"] = session.get(f"{part}/events/{key}")
        said["problem-attachments-missing"] = post(session, part, first)
        put_plan(session, part, key, data["attachments"][0]["id"])
        said["problem-out-of-order"] = post(session, part, second)
        said["acknowledgement-event"] = post(session, part, first)
        said["problem-invalid"] = post(session, part, {**example("event-close"), "number": 2, "data": {"text": ""}})
        said["received-event"] = session.get(f"{part}/events/{key}")
        said["commondata"], said["formdata"] = session.get(f"{part}/commondata"), session.get(f"{part}/formdata")
        said["ledger"] = session.get(address)
        assert session.get(part).json() == data
    return {name: at_a_time(answer.json()) for name, answer in said.items()}


def post(session: requests.Session, part: str, event: dict[str, Any]) -> requests.Response:
    return session.post(f"{part}/events", json=event, headers={"Idempotency-Key": event["key"]})


def put_plan(session: requests.Session, part: str, key: str, attachment: str) -> None:
    digest = base64.b64encode(hashlib.sha256(folders.PDF).digest()).decode()
    headers = {
        "Idempotency-Key": f"{key}:{attachment}",
        "Digest": f"sha-256={digest}",
        "Content-Type": "application/pdf",
    }
    answer = session.put(f"{part}/attachments/{attachment}", data=folders.PDF, headers=headers)
    assert schemas.errors("acknowledgement", answer.json()) == []


def at_a_time(document: Any) -> Any:
    """What is received at all times, as if it had been at one."""
    text = json.dumps(document, ensure_ascii=False)
    return json.loads(re.sub(r'"(receivedAt|changedAt)": "[^"]+"', rf'"\1": "{WHEN}"', text))
