"""The reference receiver over real sockets: the contract, its refusals, its faults and what survives a kill."""

import ast
import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.sync.reference.faults import FAULTS
from apps.sync.reference.server import ReferenceServer, Settings

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
KEY = "5a0a3f3e-54a4-4e0e-8d0c-0f4f5b6a7c01"
PDF = b"%PDF-1.7\r\n\x00\xff" + bytes(range(256)) * 3000


@dataclass(frozen=True)
class Reply:
    """An answer as the client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        assert self.headers["content-type"] == "application/problem+json"
        document = self.json
        assert document["status"] == self.status
        assert document["title"]
        assert document["detail"]
        return str(document["type"].rpartition(":")[2])


class Client:
    """Speaks the contract as docs/interface has it; every request on a new connection unless told otherwise."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 10,
    ) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            return reply(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.send("GET", path, headers=headers)

    def send_json(self, method: str, path: str, document: Any, key: str = "", **headers: str) -> Reply:
        body = json.dumps(document, ensure_ascii=False).encode()
        return self.send(method, path, body, {"Content-Type": "application/json", "Idempotency-Key": key, **headers})

    def put_data(self, data: dict[str, Any], key: str, **headers: str) -> Reply:
        return self.send_json("PUT", f"/commondata/{data['externalId']}", data, f"{key}:data", **headers)

    def put_file(self, external_id: str, attachment: str, content: bytes, key: str, **changed: str) -> Reply:
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        headers = {
            "Content-Type": "application/pdf",
            "Digest": f"sha-256={digest}",
            "Idempotency-Key": f"{key}:{attachment}",
            **changed,
        }
        return self.send("PUT", f"/commondata/{external_id}/attachments/{attachment}", content, headers)

    def post_event(self, event: dict[str, Any], **headers: str) -> Reply:
        return self.send_json("POST", f"/commondata/{event['externalId']}/events", event, event["key"], **headers)

    def misbehave(self, *names: str) -> None:
        assert self.send_json("POST", "/__misbehave", {"next": names}).status == 200

    def requests(self) -> list[dict[str, Any]]:
        return list(self.get("/__requests").json)

    def last_event(self, external_id: str) -> int:
        items = {item["externalId"]: item for item in self.get("/commondata").json["items"]}
        return int(items[external_id]["lastEvent"])


def reply(response: HTTPResponse) -> Reply:
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def case_data(external_id: str = "", files: dict[str, bytes] | None = None, **more: Any) -> dict[str, Any]:
    data = {
        "schemaVersion": "1",
        "externalId": external_id or str(uuid.uuid4()),
        "service": {"key": "event", "name": {"sv": "Anmälan om tillställning", "fi": "Ilmoitus", "en": "Event notice"}},
        "caseNumber": "EXS-2026-17",
        "attachments": [listed(name, content) for name, content in (files or {}).items()],
        "commondata": {"customer": {"name": "Testperson Å"}},
        "formdata": {"place": "Exempelstaden", "people": 250},
        **more,
    }
    return with_digest(data)


def with_digest(data: dict[str, Any]) -> dict[str, Any]:
    bare = {name: value for name, value in data.items() if name != "digest"}
    text = json.dumps(bare, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {**bare, "digest": "sha-256:" + hashlib.sha256(text.encode()).hexdigest()}


def listed(name: str, content: bytes) -> dict[str, Any]:
    sha256 = hashlib.sha256(content).hexdigest()
    return {"id": name, "name": f"{name} å.pdf", "type": "application/pdf", "size": len(content), "sha256": sha256}


def event(external_id: str, number: int, status: str = "received", key: str = "", **more: Any) -> dict[str, Any]:
    return {
        "schemaVersion": "1",
        "externalId": external_id,
        "key": key or str(uuid.uuid4()),
        "number": number,
        "kind": "status",
        "at": "2026-11-24T10:15:00+02:00",
        "status": status,
        "data": {},
        **more,
    }


@contextmanager
def running(store: Path, **options: Any) -> Iterator[ReferenceServer]:
    server = ReferenceServer(Settings(port=0, store=store, **options))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReferenceServer]:
    with running(tmp_path / "received.sqlite3", hang=0.5) as server:
        yield server


@pytest.fixture
def client(server: ReferenceServer) -> Client:
    return Client(server.server_port)


@pytest.fixture
def part(client: Client) -> str:
    """A project part whose case data has been received."""
    data = case_data()
    assert client.put_data(data, str(uuid.uuid4())).status == 201
    return str(data["externalId"])


def test_receiver_shares_no_code_with_the_project() -> None:
    imported = set()
    for file in (ROOT / "apps" / "sync" / "reference").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level <= 1
                imported |= {str(node.module)} if node.level == 0 else set()

    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


# Case data


def test_case_data_is_given_back_as_published(client: Client) -> None:
    data = case_data()
    key = str(uuid.uuid4())

    answer = client.put_data(data, key)

    expected = {"status": "accepted", "key": f"{key}:data", "externalId": data["externalId"], "digest": data["digest"]}
    assert (answer.status, answer.json) == (201, {**expected, "duplicate": False})
    address = f"/commondata/{data['externalId']}"
    assert client.get(address).json == data
    assert client.get(f"{address}/commondata").json == data["commondata"]
    assert client.get(f"{address}/formdata").json == data["formdata"]


@pytest.mark.parametrize("half", ["", "/commondata", "/formdata"])
def test_unknown_project_part_is_400_as_published(client: Client, half: str) -> None:
    assert client.get(f"/commondata/{uuid.uuid4()}{half}").problem == "unknown-part"
    assert client.get(f"/commondata/not-a-uuid{half}").status == 400


def test_case_data_again_is_a_duplicate_and_newer_data_replaces_it(client: Client) -> None:
    old = case_data()
    new = case_data(old["externalId"], formdata={"place": "Annanstans"})
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    client.put_data(old, first)

    again, replaced, late = client.put_data(old, first), client.put_data(new, second), client.put_data(old, first)

    assert (again.status, again.json["duplicate"]) == (200, True)
    assert (replaced.status, replaced.json["duplicate"]) == (200, False)
    assert (late.json["duplicate"], late.json["digest"]) == (True, old["digest"])
    assert client.get(f"/commondata/{old['externalId']}/formdata").json == {"place": "Annanstans"}


def test_key_used_for_other_case_data_is_refused(client: Client) -> None:
    key = str(uuid.uuid4())
    client.put_data(case_data(), key)

    answer = client.put_data(case_data(), key)

    assert (answer.status, answer.problem) == (409, "key-reuse")


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"schemaVersion": "2"}, "/schemaVersion"),
        ({"schemaVersion": 1}, "/schemaVersion"),
        ({"attachments": None}, "/attachments"),
        ({"attachments": [{"id": "a/b"}]}, "/attachments/0/id"),
        ({"attachments": [listed("a", b""), listed("a", b"")]}, "/attachments"),
        ({"commondata": []}, "/commondata"),
        ({"formdata": "text"}, "/formdata"),
    ],
)
def test_case_data_against_the_contract_is_refused_with_its_place(
    client: Client, changed: dict[str, Any], pointer: str
) -> None:
    answer = client.put_data(case_data(**changed), str(uuid.uuid4()))

    assert (answer.status, answer.problem) == (422, "invalid")
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


def test_case_data_with_another_digest_is_refused(client: Client) -> None:
    data = {**case_data(), "formdata": {"place": "changed on the way"}}

    answer = client.put_data(data, str(uuid.uuid4()))

    assert (answer.status, answer.problem) == (422, "digest-mismatch")
    assert client.get(f"/commondata/{data['externalId']}").status == 400


def test_case_data_of_another_address_is_refused(client: Client) -> None:
    path = f"/commondata/{uuid.uuid4()}"

    answer = client.send_json("PUT", path, case_data(), f"{uuid.uuid4()}:data")

    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/externalId")


@pytest.mark.parametrize("key", ["", "data", "x:data", KEY, f"{KEY}:file"])
def test_case_data_needs_the_key_of_its_event(client: Client, key: str) -> None:
    data = case_data()

    answer = client.send_json("PUT", f"/commondata/{data['externalId']}", data, key)

    assert (answer.status, answer.problem) == (400, "malformed")


def test_examples_of_the_documentation_are_accepted(client: Client) -> None:
    text = (ROOT / "docs" / "interface" / "README.md").read_text(encoding="utf-8")
    examples = [json.loads(block.split("```")[0]) for block in text.split("```json")[1:]]
    data = next(example for example in examples if "formdata" in example)
    sent, message = (example for example in examples if "kind" in example)
    (enclosed,) = message["data"]["attachments"]
    accepted = [example for example in examples if example.get("status") == "accepted"]

    answers = [
        client.put_data(data, sent["key"]),
        client.put_file(data["externalId"], "plan", b"Exempel\n", sent["key"]),
        client.post_event(sent),
        client.put_file(data["externalId"], enclosed["id"], b"Exempel\n", message["key"]),
        client.post_event(message),
    ]

    assert [answer.status for answer in answers] == [201] * 5
    assert (enclosed["size"], enclosed["sha256"]) == (8, hashlib.sha256(b"Exempel\n").hexdigest())
    assert [answers[0].json, answers[2].json] == accepted
    assert client.get(f"/commondata/{data['externalId']}/formdata").json in examples


# Attachments


def test_attachment_comes_back_byte_for_byte(client: Client) -> None:
    data = case_data(files={"plan": PDF})
    key = str(uuid.uuid4())
    client.put_data(data, key)

    answer = client.put_file(data["externalId"], "plan", PDF, key)
    back = client.get(f"/commondata/{data['externalId']}/attachments/plan")

    assert answer.status == 201
    assert answer.json == {
        "status": "accepted",
        "key": f"{key}:plan",
        "externalId": data["externalId"],
        "digest": "sha-256:" + hashlib.sha256(PDF).hexdigest(),
        "duplicate": False,
    }
    assert (back.status, back.body, back.headers["content-type"]) == (200, PDF, "application/pdf")
    assert back.headers["content-disposition"] == "attachment; filename*=UTF-8''plan%20%C3%A5.pdf"
    assert back.headers["x-content-type-options"] == "nosniff"
    assert client.put_file(data["externalId"], "plan", PDF, key).json["duplicate"] is True


def test_attachment_in_chunks_is_received(client: Client) -> None:
    data = case_data(files={"plan": PDF})
    key = str(uuid.uuid4())
    client.put_data(data, key)
    digest = base64.b64encode(hashlib.sha256(PDF).digest()).decode()
    connection = HTTPConnection("127.0.0.1", client.port, timeout=10)

    connection.request(
        "PUT",
        f"/commondata/{data['externalId']}/attachments/plan",
        (PDF[place : place + 50_000] for place in range(0, len(PDF), 50_000)),
        {"Digest": f"md5=abc, SHA-256={digest}", "Idempotency-Key": f"{key}:plan", "Content-Type": "application/pdf"},
        encode_chunked=True,
    )
    answer = reply(connection.getresponse())
    connection.close()

    assert answer.status == 201
    assert client.get(f"/commondata/{data['externalId']}/attachments/plan").body == PDF


def test_large_and_empty_attachments_come_back(client: Client, part: str) -> None:
    large = os.urandom(3_000_000)

    for name, content in (("large", large), ("empty", b"")):
        assert client.put_file(part, name, content, str(uuid.uuid4())).status == 201
        assert client.get(f"/commondata/{part}/attachments/{name}").body == content


@pytest.mark.parametrize(
    ("digest", "status"),
    [
        ("sha-256=" + base64.b64encode(hashlib.sha256(b"other").digest()).decode(), 422),
        ("sha-256=AAAA", 400),
        ("sha-256=%%%", 400),
        ("md5=AAAA", 400),
        ("", 400),
    ],
)
def test_attachment_with_a_wrong_digest_is_refused(client: Client, part: str, digest: str, status: int) -> None:
    answer = client.put_file(part, "plan", PDF, str(uuid.uuid4()), Digest=digest)

    assert answer.status == status
    assert answer.problem
    assert client.get(f"/commondata/{part}/attachments/plan").status == 404


def test_attachment_other_than_the_listed_one_is_refused(client: Client) -> None:
    data = case_data(files={"plan": PDF})
    client.put_data(data, str(uuid.uuid4()))

    answer = client.put_file(data["externalId"], "plan", b"other", str(uuid.uuid4()))

    assert (answer.status, answer.problem) == (422, "digest-mismatch")


def test_attachment_of_an_unknown_part_is_refused(client: Client) -> None:
    assert client.put_file(str(uuid.uuid4()), "plan", PDF, str(uuid.uuid4())).problem == "unknown-part"


# Events


def test_event_is_accepted_once_and_can_be_asked_for(client: Client, part: str) -> None:
    first = event(part, 1)

    answer, again = client.post_event(first), client.post_event(first)
    asked = client.get(f"/commondata/{part}/events/{first['key']}")

    accepted = {"status": "accepted", "key": first["key"], "externalId": part, "number": 1}
    assert (answer.status, answer.json) == (201, {**accepted, "duplicate": False})
    assert (again.status, again.json) == (200, {**accepted, "duplicate": True})
    assert (asked.status, asked.json["key"], asked.json["number"]) == (200, first["key"], 1)
    assert asked.json["receivedAt"].endswith("Z")
    assert client.last_event(part) == 1


def test_event_not_received_is_404(client: Client, part: str) -> None:
    assert client.get(f"/commondata/{part}/events/{uuid.uuid4()}").problem == "unknown-event"


def test_same_key_with_another_body_is_refused(client: Client, part: str) -> None:
    first = event(part, 1)
    client.post_event(first)

    answer = client.post_event({**first, "status": "closed"})

    assert (answer.status, answer.problem) == (409, "key-reuse")


@pytest.mark.parametrize("number", [1, 2, 4, 100])
def test_event_out_of_order_is_told_the_expected_number(client: Client, part: str, number: int) -> None:
    client.post_event(event(part, 1))
    client.post_event(event(part, 2))

    answer = client.post_event(event(part, number))

    assert (answer.status, answer.problem, answer.json["expected"]) == (409, "out-of-order", 3)
    assert client.last_event(part) == 2


def test_event_sent_by_many_at_once_is_applied_once(client: Client, part: str) -> None:
    first = event(part, 1)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.post_event, [first] * 16))

    assert sorted(answer.json["duplicate"] for answer in answers) == [False] + [True] * 15
    assert [line["applied"] for line in client.requests()].count(True) == 2
    assert client.last_event(part) == 1


def test_skipped_event_keeps_the_line_without_gaps(client: Client, part: str) -> None:
    skipped = event(part, 1, kind="skipped")
    del skipped["status"]

    assert client.post_event({**skipped, "data": {"secret": 1}}).status == 422
    assert client.post_event(skipped).status == 201
    assert client.post_event(event(part, 2)).status == 201


def test_event_waits_for_case_data_and_its_attachments(client: Client) -> None:
    data = case_data(files={"plan": PDF, "map": b"map"})
    first = event(data["externalId"], 1)

    unknown = client.post_event(first)
    client.put_data(data, first["key"])
    client.put_file(data["externalId"], "map", b"map", first["key"])
    incomplete = client.post_event(first)
    client.put_file(data["externalId"], "plan", PDF, first["key"])
    complete = client.post_event(first)

    assert (unknown.status, unknown.problem) == (400, "unknown-part")
    assert (incomplete.status, incomplete.problem, incomplete.json["missing"]) == (422, "attachments-missing", ["plan"])
    assert complete.status == 201


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"number": 0}, "/number"),
        ({"number": True}, "/number"),
        ({"number": "1"}, "/number"),
        ({"number": 2**70}, "/number"),
        ({"kind": ""}, "/kind"),
        ({"status": None}, "/status"),
        ({"at": "2026-11-24 10:15"}, "/at"),
        ({"at": "2026-02-30T10:15:00Z"}, "/at"),
        ({"at": "0001-01-01T00:00:00+23:59"}, "/at"),
        ({"data": []}, "/data"),
        ({"test": False}, "/test"),
        ({"kind": "skipped", "data": None}, "/data"),
        ({"kind": "close", "data": {"text": "Ja"}}, "/data/outcome"),
        ({"kind": "write", "data": {"text": "Hej"}}, "/data/attachments"),
        ({"kind": "request_supplement", "data": {"text": "", "due": "2026-02-30", "fields": []}}, "/data/due"),
    ],
)
def test_event_against_the_contract_is_refused_with_its_place(
    client: Client, part: str, changed: dict[str, Any], pointer: str
) -> None:
    answer = client.post_event({**event(part, 1), **changed})

    assert (answer.status, answer.problem) == (422, "invalid")
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_event_needs_its_key_in_the_header(client: Client, part: str) -> None:
    answer = client.send_json("POST", f"/commondata/{part}/events", event(part, 1), str(uuid.uuid4()))

    assert answer.status == 400


# The ledger


def test_ledger_turns_pages_over_all_parts_in_the_order_of_change(client: Client) -> None:
    parts = [case_data()["externalId"] for _ in range(5)]
    for external_id in parts:
        client.put_data(case_data(external_id), str(uuid.uuid4()))
    client.post_event(event(parts[0], 1))

    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/commondata?limit=2{cursor and '&cursor=' + cursor}").json
        seen += page["items"]
        cursor = page["next"]

    assert [item["externalId"] for item in seen] == [*parts[1:], parts[0]]
    assert [item["lastEvent"] for item in seen] == [0, 0, 0, 0, 1]
    assert seen[0]["digest"] == case_data(parts[1])["digest"]


def test_ledger_shows_what_changed_since(client: Client) -> None:
    old, new = case_data(), case_data()
    client.put_data(old, str(uuid.uuid4()))
    client.put_data(new, str(uuid.uuid4()))
    changed_at = client.get("/commondata").json["items"][1]["changedAt"]

    items = client.get(f"/commondata?changedSince={changed_at}").json["items"]

    assert [item["externalId"] for item in items] == [new["externalId"]]
    assert client.get("/commondata?changedSince=2099-01-01T00:00:00%2B02:00").json == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        "changedSince=yesterday",
        "changedSince=2026-01-01T00:00:00+02:00",
        "limit=0",
        "limit=x",
        "limit=1&limit=2",
        "cursor=%00",
        "cursor=AAAA",
        "cursor=",
    ],
)
def test_ledger_refuses_what_it_cannot_read(client: Client, query: str) -> None:
    assert client.get(f"/commondata?{query}").problem == "malformed"


# Who may ask


def test_token_is_asked_for_when_there_is_one(tmp_path: Path) -> None:
    with running(tmp_path / "received.sqlite3", token="let-me-in") as server:
        client = Client(server.server_port)

        without, wrong = client.get("/commondata"), client.get("/commondata", Authorization="Bearer wrong")
        right = client.get("/commondata", Authorization="Bearer let-me-in")

        assert (without.status, without.problem, without.headers["www-authenticate"]) == (401, "unauthorised", "Bearer")
        assert (wrong.status, right.status) == (401, 200)


def test_page_and_control_are_closed_to_other_sites(client: Client) -> None:
    wish = json.dumps({"next": ["500"]}).encode()
    headers = {"Content-Type": "application/json"}

    other_site = client.send("POST", "/__misbehave", wish, {**headers, "Origin": "http://elsewhere.example"})
    other_name = client.send("GET", "/", headers={"Host": "elsewhere.example"})

    assert (other_site.status, other_name.status) == (403, 403)
    assert client.get("/commondata").status == 200


# What survives


@contextmanager
def process(*command: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    child = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        address = child.stdout.readline().split(" is at ")[1].split("/ ")[0]
        yield child, Client(int(address.rpartition(":")[2]))
    finally:
        child.kill()
        child.communicate()


def test_everything_answered_survives_a_kill(tmp_path: Path) -> None:
    command = ("-m", "apps.sync.reference", "--port", "0", "--store", str(tmp_path / "deep" / "received.sqlite3"))
    data = case_data(files={"plan": PDF})
    first = event(data["externalId"], 1)
    with process(*command) as (child, client):
        client.put_data(data, first["key"])
        client.put_file(data["externalId"], "plan", PDF, first["key"])
        assert client.post_event(first).status == 201
        child.send_signal(signal.SIGKILL)
        child.wait(60)

    with process(*command) as (child, client):
        assert client.get(f"/commondata/{data['externalId']}").json == data
        assert client.get(f"/commondata/{data['externalId']}/attachments/plan").body == PDF
        assert client.post_event(first).json["duplicate"] is True
        assert client.post_event(event(data["externalId"], 2)).status == 201
        assert len(client.requests()) == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    command = ("manage.py", "reference_receiver", "--port", "0", "--store", str(tmp_path / "received.sqlite3"))
    with process(*command) as (child, client):
        data = case_data()
        assert client.put_data(data, str(uuid.uuid4())).status == 201

        child.send_signal(number)

        assert child.wait(60) == 0


@pytest.mark.parametrize("command", [("manage.py", "reference_receiver"), ("-m", "apps.sync.reference")])
def test_command_says_in_words_why_it_cannot_start(
    tmp_path: Path, server: ReferenceServer, command: tuple[str]
) -> None:
    store, no_store = tmp_path / "other.sqlite3", tmp_path / "text.sqlite3"
    no_store.write_text("This is not a database, and long enough to be seen as none. " * 20)

    for port, path in ((server.server_port, store), (0, no_store)):
        options = ["--port", str(port), "--store", str(path)]
        child = subprocess.run(
            [sys.executable, *command, *options], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

        assert child.returncode == 1
        assert "The reference receiver cannot start: " in child.stderr
        assert "Traceback" not in child.stderr


# Faults


FAULTY_BEFORE = {
    "500": 500,
    "503": 503,
    "429": 429,
    "garbage": 200,
    "empty": 200,
    "close_before": 0,
    "reset": 0,
    "hang": 0,
}
FAULTY_AFTER = {"500_after": 500, "close_after": 0, "reset_after": 0, "hang_after": 0}


def status_or_nothing(client: Client, sent: dict[str, Any]) -> int:
    try:
        return client.post_event(sent).status
    except (HTTPException, OSError):
        return 0


@pytest.mark.parametrize(("fault", "status"), FAULTY_BEFORE.items())
def test_fault_that_does_not_apply_the_request(client: Client, part: str, fault: str, status: int) -> None:
    first = event(part, 1)
    client.misbehave(fault)

    assert status_or_nothing(client, first) == status

    line = client.requests()[-1]
    assert (line["status"], line["applied"], line["fault"], line["key"]) == (status, False, fault, first["key"])
    assert client.last_event(part) == 0
    assert client.post_event(first).json["duplicate"] is False


@pytest.mark.parametrize(("fault", "status"), FAULTY_AFTER.items())
def test_fault_that_applies_the_request_first(client: Client, part: str, fault: str, status: int) -> None:
    first = event(part, 1)
    client.misbehave(fault)

    assert status_or_nothing(client, first) == status

    line = client.requests()[-1]
    assert (line["status"], line["applied"], line["fault"]) == (status, True, fault)
    assert client.last_event(part) == 1
    assert client.post_event(first).json["duplicate"] is True


def test_fault_hang_answers_nothing_for_its_time(client: Client) -> None:
    client.misbehave("hang")
    started = time.monotonic()

    with pytest.raises((HTTPException, OSError)):
        client.get("/commondata")

    assert time.monotonic() - started >= 0.5


def test_fault_busy_says_when_to_come_back(client: Client) -> None:
    client.misbehave("503", "429")

    assert [client.get("/commondata").headers["retry-after"] for _ in range(2)] == ["1", "1"]


def test_fault_cut_applies_and_answers_half(client: Client, part: str) -> None:
    first = event(part, 1)
    client.misbehave("cut")

    assert status_or_nothing(client, first) == 0

    assert client.last_event(part) == 1
    assert client.post_event(first).json["duplicate"] is True


def test_fault_break_applies_and_breaks_off_after_the_answer(client: Client, part: str) -> None:
    first = event(part, 1)
    client.misbehave("break")

    assert status_or_nothing(client, first) in (0, 201)  # whether what had come is still read is up to the network

    assert client.requests()[-1]["status"] == 201
    assert client.post_event(first).json["duplicate"] is True


def test_fault_slow_answers_a_second_later(client: Client, part: str) -> None:
    client.misbehave("slow")
    started = time.monotonic()

    assert client.post_event(event(part, 1)).status == 201

    assert time.monotonic() - started >= 1


def test_fault_accept_twice_sends_the_answer_twice(client: Client, part: str) -> None:
    sent = event(part, 1)
    body = json.dumps(sent).encode()
    client.misbehave("accept_twice")

    with socket.create_connection(("127.0.0.1", client.port), timeout=20) as raw:
        head = f"POST /commondata/{part}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        head += f"Idempotency-Key: {sent['key']}\r\nContent-Length: {len(body)}\r\n\r\n"
        raw.sendall(head.encode() + body)
        raw.shutdown(socket.SHUT_WR)
        received = everything(raw)

    assert received.count(b"HTTP/1.1 201") == 2
    assert received.count(b'"duplicate": false') == 2
    assert client.last_event(part) == 1


def test_fault_forget_loses_the_last_minute(client: Client, part: str) -> None:
    first, second = event(part, 1), event(part, 2)
    client.post_event(first)
    client.misbehave("forget")

    answer = client.post_event(second)

    assert (answer.status, answer.problem) == (400, "unknown-part")
    assert client.get("/commondata").json["items"] == []
    assert client.put_data(case_data(part), first["key"]).status == 201
    assert client.post_event(first).json["duplicate"] is False
    assert client.post_event(second).status == 201


def test_faults_are_answered_in_order_and_the_page_uses_none_up(client: Client) -> None:
    client.misbehave("500", "ok", "garbage")

    client.get("/")
    answers = [client.get("/commondata") for _ in range(4)]

    assert [answer.status for answer in answers] == [500, 200, 200, 200]
    assert answers[2].body.startswith(b"<!doctype html>")
    assert [line["fault"] for line in client.requests()] == ["500", None, "garbage", None]


@pytest.mark.parametrize("wish", [{"next": ["explode"]}, {"next": "500"}, {"next": [["500"]]}, {}, [], 1])
def test_unknown_faults_are_refused(client: Client, wish: Any) -> None:
    assert client.send_json("POST", "/__misbehave", wish).problem == "invalid"


def test_faults_can_be_chosen_on_the_page(client: Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{client.port}"}

    for name in ("503", "500"):
        chosen = client.send("POST", "/__misbehave", f"next={name}&lang=fi".encode(), form)
        assert (chosen.status, chosen.headers["location"]) == (303, "/?lang=fi#misbehave")
    assert b"503, 500" in client.get("/?lang=fi").body
    assert client.get("/commondata").status == 503
    client.send("POST", "/__misbehave", b"clear=1", form)

    assert client.get("/commondata").status == 200


# The page and the list


def test_page_shows_the_case_in_three_languages(client: Client) -> None:
    data = case_data(files={"plan": PDF, "late": b"late"})
    client.put_data(data, str(uuid.uuid4()))
    client.put_file(data["externalId"], "plan", PDF, str(uuid.uuid4()))
    client.put_file(data["externalId"], "late", b"late", key := str(uuid.uuid4()))
    client.post_event(event(data["externalId"], 1, key=key))
    client.post_event(event(data["externalId"], 2, "in_handling"))

    pages = {language: client.get(f"/?lang={language}").body.decode() for language in ("", "sv", "fi", "en", "xx")}

    assert pages[""] == pages["sv"] == pages["xx"]
    for language, words in {"sv": "Handläggning pågår", "fi": "Käsittelyssä", "en": "In handling"}.items():
        page = pages[language]
        assert f'<html lang="{language}">' in page
        assert words in page
        assert data["service"]["name"][language] in page
        assert "EXS-2026-17" in page
        assert hashlib.sha256(PDF).hexdigest() in page
        assert "style=" not in page
        assert "<script" not in page
    link = f"/__files/{data['externalId']}/plan"
    assert link in pages["sv"]
    assert client.get(link).body == PDF
    assert client.get(f"/__data/{data['externalId']}").json == data
    assert client.get("/__style.css").headers["content-type"].startswith("text/css")


def test_page_shows_messages_with_their_files(client: Client, part: str) -> None:
    enclosed = {**listed("map", PDF), "name": "map åäö.pdf"}
    late = {**listed("late", b"late"), "name": "late.pdf"}
    client.put_file(part, "map", PDF, key := str(uuid.uuid4()))
    client.post_event(
        event(part, 1, kind="write", key=key, data={"text": "Where is the <stage>?", "attachments": [enclosed, late]})
    )
    client.post_event(event(part, 2, kind="register", data={"registerNumber": "EX/1/2027"}))

    page = client.get("/?lang=en").body.decode()

    assert "Where is the &lt;stage&gt;?" in page
    assert "EX/1/2027" in page
    assert "late.pdf (not received yet)" in page
    link = f"/__files/{part}/map"
    assert f'<a href="{link}" download>map åäö.pdf</a>' in page
    got = client.get(link)
    assert got.body == PDF
    assert quote("map åäö.pdf") in got.headers["content-disposition"]


def test_page_escapes_everything(client: Client) -> None:
    bad = "<script>alert(1)</script>\"'\u0000"
    attachment = {**listed("a", b""), "name": bad}
    data = case_data(service=bad, caseNumber=bad, attachments=[attachment])
    client.put_data(data, key := str(uuid.uuid4()), **{"X-Road-Issue": "<b>x"})
    client.put_file(data["externalId"], "a", b"", key)
    client.post_event(
        event(data["externalId"], 1, key=key, data={"text": bad, "to": [bad], "attachments": [{"name": bad}]})
    )

    page = client.get("/").body

    assert b"<script" not in page
    assert b"<b>x" not in page
    assert b"&lt;script&gt;" in page


def test_page_shows_older_cases_on_further_pages(client: Client) -> None:
    for _ in range(51):
        client.put_data(case_data(), str(uuid.uuid4()))

    first, second = client.get("/").body.decode(), client.get("/?from=50").body.decode()

    assert (first.count("<article"), second.count("<article")) == (50, 1)
    assert "from=50" in first
    assert "from=0" in second


def test_list_of_requests_tells_what_each_did(client: Client, part: str) -> None:
    sent = event(part, 1)
    road = {"X-Road-Client": "FI-TEST/MUN/0000000-0/portal", "X-Road-Id": "4711", "X-Road-Issue": "EXS-2026-17"}
    client.post_event(sent, **road)
    client.post_event(sent)
    client.get(f"/commondata/{part}?x=1")
    client.get("/")

    lines = client.requests()

    assert [line["n"] for line in lines] == [1, 2, 3, 4]
    assert [(line["method"], line["status"], line["applied"], line["duplicate"]) for line in lines] == [
        ("PUT", 201, True, False),
        ("POST", 201, True, False),
        ("POST", 200, False, True),
        ("GET", 200, False, False),
    ]
    assert (lines[1]["path"], lines[1]["key"], lines[1]["fault"]) == (f"/commondata/{part}/events", sent["key"], None)
    assert [lines[1][name] for name in ("xRoadClient", "xRoadId", "xRoadIssue")] == list(road.values())
    assert lines[3]["path"] == f"/commondata/{part}?x=1"
    assert [line["n"] for line in client.get("/__requests?after=3").json] == [4]


def test_every_fault_is_on_the_page(client: Client) -> None:
    page = client.get("/?lang=en").body.decode()

    assert all(f'<option value="{name}">' in page for name in FAULTS)


# HTTP


def everything(raw: socket.socket) -> bytes:
    received = b""
    while piece := raw.recv(1 << 16):
        received += piece
    return received


def exchange(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        return everything(raw)


def test_connection_is_kept_between_requests(client: Client, part: str) -> None:
    connection = HTTPConnection("127.0.0.1", client.port, timeout=20)
    connection.connect()
    own_port = connection.sock.getsockname()[1]

    for path in ("/commondata", f"/commondata/{uuid.uuid4()}", "/", "/nowhere", f"/commondata/{part}/formdata"):
        connection.request("GET", path)
        assert reply(connection.getresponse()).body
        assert connection.sock.getsockname()[1] == own_port
    connection.request("HEAD", f"/commondata/{part}")
    head = reply(connection.getresponse())
    connection.close()

    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == len(client.get(f"/commondata/{part}").body)


def test_unknown_addresses_and_methods_are_refused(client: Client, part: str) -> None:
    assert client.get("/nowhere").problem == "unknown-path"
    assert client.get(f"/commondata/{part}/nothing").problem == "unknown-path"
    for method in ("DELETE", "TRACE", "QUERY"):
        answer = client.send(method, f"/commondata/{part}")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, PUT, HEAD")
        assert answer.problem == "method"
    assert client.send("POST", "/").headers["allow"] == "GET, HEAD"


def test_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "received.sqlite3", largest_body=1000) as server:
        client = Client(server.server_port)
        path = f"/commondata/{uuid.uuid4()}"

        announced = client.send("PUT", path, b"x" * 1001)
        chunked = exchange(
            server.server_port, b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n" + b"x" * 1001
        )
        promised = exchange(server.server_port, f"PUT {path} HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n".encode())

        assert (announced.status, announced.problem) == (413, "too-large")
        assert chunked.startswith(b"HTTP/1.1 413")
        assert promised.startswith(b"HTTP/1.1 413")


def test_client_that_waits_to_be_asked_for_its_body_is_asked(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=20) as raw:
        raw.sendall(b"PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert raw.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"{}")
        assert raw.recv(1000).startswith(b"HTTP/1.1 403")


PUT = b"PUT /commondata/x HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xfe\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        PUT + b"Content-Length: -1\r\n\r\n",
        PUT + b"Content-Length: 1_0\r\n\r\n0123456789",
        PUT + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        PUT + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        PUT + b"Transfer-Encoding: gzip\r\n\r\n",
        PUT + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        PUT + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        PUT + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
        PUT + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 200,
        PUT + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
        PUT + b"Content-Length : 3\r\n\r\nabc",
        PUT + b"Content-Length: 10\r\n\r\nabc",
    ],
)
def test_bytes_that_are_not_http_get_400(client: Client, sent: bytes) -> None:
    received = exchange(client.port, sent)

    assert b" 400 " in received.split(b"\r\n")[0] or b'"status": 400' in received
    assert b"Traceback" not in received


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": 1, "a": 2}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 200_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_json_that_cannot_be_read_gets_400(client: Client, part: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}

    answer = client.send("POST", f"/commondata/{part}/events", body, headers)

    assert (answer.status, answer.problem) == (400, "malformed")


def test_body_of_another_type_is_refused(client: Client, part: str) -> None:
    assert client.send("POST", f"/commondata/{part}/events", b"{}", {"Content-Type": "text/plain"}).status == 415


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HOSTILE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@HOSTILE
@given(
    field=st.sampled_from(["schemaVersion", "number", "kind", "at", "status", "data", "key", "more"]), value=ANY_JSON
)
def test_any_value_in_an_event_is_accepted_or_refused_in_words(client: Client, field: str, value: Any) -> None:
    data = case_data()
    client.put_data(data, str(uuid.uuid4()))
    sound = event(data["externalId"], 1)

    path = f"/commondata/{data['externalId']}/events"
    answer = client.send_json("POST", path, {**sound, field: value}, sound["key"])

    assert answer.status in (201, 400, 409, 422)
    assert answer.status == 201 or answer.problem


@HOSTILE
@given(field=st.sampled_from(["service", "caseNumber", "attachments", "commondata", "formdata", "x"]), value=ANY_JSON)
def test_any_value_in_case_data_can_be_shown_on_the_page(client: Client, field: str, value: Any) -> None:
    data = case_data(**{field: value})

    answer = client.put_data(data, str(uuid.uuid4()))

    assert answer.status in (201, 422)
    if answer.status == 201:
        assert client.get(f"/commondata/{data['externalId']}").json == data
    assert client.get("/").status == 200


@HOSTILE
@given(
    body=st.binary(max_size=300),
    path=st.sampled_from(["", "/events", "/attachments/a"]),
    key=st.text("a:-0", max_size=9),
)
def test_any_bytes_are_refused_in_words(client: Client, body: bytes, path: str, key: str) -> None:
    method = "POST" if path == "/events" else "PUT"
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "Digest": key}

    answer = client.send(method, f"/commondata/{uuid.uuid4()}{path}", body, headers)

    assert answer.status in (400, 422)
    assert answer.problem


@HOSTILE
@given(sent=st.binary(max_size=200))
def test_any_bytes_on_the_connection_leave_the_receiver_well(client: Client, sent: bytes) -> None:
    received = exchange(client.port, sent)

    assert b"Traceback" not in received
    assert b" 500 " not in received
    assert client.get("/commondata").status == 200
