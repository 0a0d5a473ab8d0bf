#!/usr/bin/env python3
"""A small system of an authority's own, as an example of how the interface is spoken. Python 3.11, nothing else; yours to copy.

    export INTERFACE_KEY=…                                      the key that was shown once
    ./system.py --address https://…/interface/v1 once           read what is new, do what follows, send what waits
    ./system.py --address https://…/interface/v1 serve          the same again and again, and at once when woken
    ./system.py --address … list | show | take-up | ask | write | register | decide       for people; -h says how

Four rules make it safe, whatever is lost or killed, and whoever else works on the same cases:
1. *What changed is asked for from where it last was*: the ledger, with `changedSince` = the `asOf` of the last time.
2. *What is decided is stored together with what it was decided on*, in one transaction: nothing is decided twice, nothing forgotten.
3. *What is sent has a key of its own, stored before it is sent*. Sent again with the same key and the same bytes it happens once, so
   whenever the answer is not known it is simply sent again.
4. *What is sent says which number it will have*. Where something has happened that was not read, it is refused (`out-of-order`), and read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import mimetypes
import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
import uuid
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote, urlencode

from portal import Json, Later, Portal, Refused, digest_of, listen

# What is done by itself when something happens. All else waits for a person, or is your own system's to decide.
WHEN: dict[str, tuple[str, ...]] = {"received": ("take_up", "register"), "supplement": ("resume",)}

TABLES = """
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS cases (id INTEGER PRIMARY KEY, external_id TEXT UNIQUE, number TEXT, service TEXT, status TEXT,
    last_event INTEGER DEFAULT 0, data TEXT DEFAULT '{}', stale INTEGER DEFAULT 1);
CREATE TABLE IF NOT EXISTS events (external_id TEXT, number INTEGER, document TEXT, PRIMARY KEY (external_id, number));
CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, key TEXT UNIQUE, external_id TEXT, kind TEXT, data TEXT, body TEXT,
    state TEXT DEFAULT 'waiting', said TEXT DEFAULT '', next_try REAL DEFAULT 0);
"""


class System:
    """What the system knows, in one folder, and how it comes to know more."""

    def __init__(self, folder: Path, portal: Portal, handler: str) -> None:
        self.files = folder / "files"  # each under its SHA-256, which is safe as a name and says whether it is whole
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # of people: for nobody else
        self.files.mkdir(exist_ok=True)
        self.portal, self.handler = portal, handler
        self.db = sqlite3.connect(folder / "cases.sqlite3", timeout=30)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(TABLES)

    def once(self) -> None:
        """A round: what is new, what follows from it, what waits to be sent."""
        self.look()
        for case in self.db.execute("SELECT external_id FROM cases WHERE stale ORDER BY id").fetchall():
            try:
                self.read(case["external_id"])
            except (Refused, Later) as e:
                say(f"{case['external_id']} cannot be read: {e}")  # tried again at the next round; the others go on
                if isinstance(e, Refused) and e.name == "unknown-part":  # not ours any more, as when it was transferred
                    self._is_read(case["external_id"])
        self.send()

    # --- reading ---------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Ask the ledger which cases have changed since the last time, and remember them until they have been read."""
        asked: Json = {"limit": 100}
        if row := self.db.execute("SELECT value FROM known WHERE name = 'since'").fetchone():
            asked["changedSince"] = row["value"]
        first: Json | None = None
        while True:
            page = self.portal.json("GET", f"/commondata?{urlencode(asked)}")
            first = first or page
            with self.db:
                for item in page["items"]:
                    self._note(item)
                if page["next"] is None:  # only now: killed before, it asks for the same pages again
                    self.db.execute("INSERT OR REPLACE INTO known VALUES ('since', ?)", [first["asOf"]])
                    return
            asked["cursor"] = page["next"]

    def _note(self, item: Json) -> None:
        known = self.db.execute("SELECT * FROM cases WHERE external_id = ?", [item["externalId"]]).fetchone()
        data = json.loads(known["data"]) if known else {}
        if known and known["last_event"] >= item["lastEvent"] and data.get("digest") == item["digest"]:
            return
        self.db.execute("INSERT OR IGNORE INTO cases (external_id) VALUES (?)", [item["externalId"]])
        told = [item["caseNumber"], item["service"], item["status"], item["externalId"]]
        self.db.execute("UPDATE cases SET number = ?, service = ?, status = ?, stale = 1 WHERE external_id = ?", told)

    def read(self, external_id: str) -> None:
        """Read a case: its data, its files, and the events that have not been read."""
        data = self.portal.json("GET", f"/commondata/{external_id}")
        if digest_of(data) != data.get("digest"):
            raise Later("the case data are not whole")
        for listed in data["attachments"]:
            self._fetch(external_id, listed)
        with self.db:
            self.db.execute("UPDATE cases SET data = ? WHERE external_id = ?", [json.dumps(data), external_id])
        self.read_events(external_id)
        self._is_read(external_id)

    def _is_read(self, external_id: str) -> None:
        with self.db:
            self.db.execute("UPDATE cases SET stale = 0 WHERE external_id = ?", [external_id])

    def read_events(self, external_id: str) -> None:
        """Read the events after the last one that is known, and decide what follows from each."""
        while True:
            last = self._case(external_id)["last_event"]
            page = self.portal.json("GET", f"/commondata/{external_id}/events?after={last}")
            for event in page["items"]:
                for listed in event["data"].get("attachments", ()):
                    self._fetch(external_id, listed)
            with self.db:
                for event in page["items"]:
                    self._take_in(external_id, event, still=event["status"] == page["items"][-1]["status"])
            if page["next"] is None:
                return

    def _take_in(self, external_id: str, event: Json, *, still: bool) -> None:
        """Keep an event, and decide what follows when the case is `still` where the event left it."""
        row = [external_id, event["number"], json.dumps(event)]
        if not self.db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?)", row).rowcount:
            return  # another process of ours was first
        told = [event["number"], event["status"], external_id]
        self.db.execute("UPDATE cases SET last_event = ?, status = ? WHERE external_id = ?", told)
        # What we sent comes back like all else. So we know, even when its answer was lost.
        self.db.execute("UPDATE outbox SET state = 'done' WHERE key = ?", [event["key"]])
        for kind in WHEN.get(event["kind"], ()) if self.handler and still else ():
            self._decide(external_id, kind, self._facts(external_id, kind))

    def _facts(self, external_id: str, kind: str) -> Json:
        number = f"EX-{self._case(external_id)['id']:05d}"  # that of our own register
        return {"take_up": {"handler": self.handler}, "register": {"registerNumber": number}}.get(kind, {})

    def _fetch(self, external_id: str, listed: Json) -> None:
        """Get a file that is not here, going on where it was broken off, and keep it when it is what was listed."""
        digest = str(int(listed["sha256"], 16).to_bytes(32).hex())
        whole, part = self.files / digest, self.files / f"{digest}.part"
        if whole.exists():
            return
        have = part.stat().st_size if part.exists() else 0
        if have < listed["size"]:
            path = f"/commondata/{external_id}/attachments/{quote(listed['id'], safe='')}"
            try:
                answer = self.portal.open("GET", path, headers={"Range": f"bytes={have}-"} if have else {})
                with answer, part.open("ab" if answer.status == 206 else "wb") as file:
                    shutil.copyfileobj(answer, file)
            except (OSError, HTTPException) as e:
                raise Later(f"a file was broken off: {e}") from e
        with part.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                part.unlink()
                raise Later("a file is not what was listed")
        part.replace(whole)

    def _case(self, external_id: str) -> sqlite3.Row:
        row: sqlite3.Row = self.db.execute("SELECT * FROM cases WHERE external_id = ?", [external_id]).fetchone()
        return row

    # --- sending ---------------------------------------------------------------------------------------------------

    def decide(self, external_id: str, kind: str, data: Json, files: list[Path] | None = None) -> str:
        """Store what is to be sent, under a new key, which is returned. It is sent until it is answered, also by another process."""
        enclosed = [self._enclose(file) for file in files or ()]
        with self.db:
            return self._decide(external_id, kind, data | ({"attachments": enclosed} if enclosed else {}))

    def _decide(self, external_id: str, kind: str, data: Json) -> str:
        key = str(uuid.uuid4())
        made = [key, external_id, kind, json.dumps(data)]
        self.db.execute("INSERT INTO outbox (key, external_id, kind, data) VALUES (?, ?, ?, ?)", made)
        return key

    def _enclose(self, file: Path) -> Json:
        content = file.read_bytes()
        digest, media_type = hashlib.sha256(content).hexdigest(), mimetypes.guess_type(file.name)[0]
        (self.files / digest).write_bytes(content)
        listed = {"id": str(uuid.uuid4()), "name": file.name, "type": media_type or "application/octet-stream"}
        return {**listed, "size": len(content), "sha256": digest}

    def send(self) -> None:
        """Send what waits and is due, a case's in the order it was decided. One that must wait holds up its own case only."""
        held: set[str] = set()
        for row in self.db.execute("SELECT * FROM outbox WHERE state = 'waiting' ORDER BY id").fetchall():
            if row["external_id"] in held:
                continue
            if row["next_try"] > time.time():
                held.add(row["external_id"])
                continue
            try:
                self._send(row)
            except Refused as e:
                self._settle(row["key"], "refused", str(e))
                say(f"{row['kind']} was refused: {e}")
            except Later as e:
                held.add(row["external_id"])
                with self.db:
                    wait = [str(e), time.time() + e.seconds, row["key"]]
                    self.db.execute("UPDATE outbox SET said = ?, next_try = ? WHERE key = ?", wait)

    def _send(self, row: sqlite3.Row) -> None:
        key, external_id, body = row["key"], row["external_id"], row["body"]
        files = json.loads(row["data"]).get("attachments", ())
        for _ in range(5):
            body = body or self._body(row)
            try:
                for listed in files:
                    self._send_file(external_id, key, listed)
                self.portal.change("POST", f"/commondata/{external_id}/events", body.encode(), key, {})
            except Refused as e:
                if e.name == "attachments-missing":  # they waited there for too long
                    continue
                if e.name == "out-of-order":  # something has happened that we have not read
                    self.read_events(external_id)
                    body = None
                    continue
                if e.name != "key-reuse":
                    raise
                self.portal.json("GET", f"/commondata/{external_id}/events/{key}")  # it came through, perhaps long ago
            self._settle(key, "done", "")
            self.read_events(external_id)
            return
        raise Later("the case changes all the time")

    def _body(self, row: sqlite3.Row) -> str:
        """What is sent, stored before it is: sent again, it is the same to the byte."""
        number = self._case(row["external_id"])["last_event"] + 1
        told = {"schemaVersion": "1", "externalId": row["external_id"], "key": row["key"], "number": number}
        body = json.dumps({**told, "kind": row["kind"], "data": json.loads(row["data"])})
        with self.db:
            self.db.execute("UPDATE outbox SET body = ? WHERE key = ?", [body, row["key"]])
        return body

    def _send_file(self, external_id: str, key: str, listed: Json) -> None:
        content = (self.files / listed["sha256"]).read_bytes()
        headers = {
            "Content-Type": listed["type"],
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(listed['name'], safe='')}",
            "Digest": "sha-256=" + base64.b64encode(bytes.fromhex(listed["sha256"])).decode(),
        }
        path = f"/commondata/{external_id}/attachments/{listed['id']}"
        self.portal.change("PUT", path, content, f"{key}:{listed['id']}", headers)

    def _settle(self, key: str, state: str, said: str) -> None:
        with self.db:
            self.db.execute("UPDATE outbox SET state = ?, said = ? WHERE key = ?", [state, said, key])


# --- round after round -------------------------------------------------------------------------------------------------


def serve(system: System, every: float, address: str, secret: str) -> None:
    """Rounds, until it is told to stop; each when it is time, or at once when woken."""
    woken, stopped = threading.Event(), threading.Event()

    def stop(*_: object) -> None:
        stopped.set()
        woken.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if address:
        say(f"listening on {listen(address, secret, woken)}")
    while not stopped.is_set():
        woken.clear()
        try:
            system.once()
        except (Refused, Later) as e:
            say(f"{type(e).__name__.lower()}: {e}")
        woken.wait(every)


# --- for people ----------------------------------------------------------------------------------------------------


def say(words: str) -> None:
    """To whoever looks."""
    print(words, flush=True)


def found(system: System, name: str) -> sqlite3.Row:
    """A case, by its number or its externalId."""
    row = system.db.execute("SELECT * FROM cases WHERE ? IN (number, external_id)", [name]).fetchone()
    if row is None:
        sys.exit(f"No case {name} is known here. `once` reads what is new.")
    return row


def show(system: System, case: sqlite3.Row) -> None:
    """Everything that is known of a case."""
    data = json.loads(case["data"])
    if not data:
        sys.exit("It has not been read yet.")
    language, customer = data["language"], data["commondata"]["customer"]["name"]
    say(f"{case['number']}  {case['status']}  {data['service']['name'][language]}  {customer}")
    for paper in data["formdata"]["papers"]:
        for page in paper["pages"]:
            for field in page["fields"]:
                say(f"  {field['label'][language]}: {field['text']}")
    for listed in data["attachments"]:
        say(f"  {listed['name']}: {system.files / listed['sha256']}")
    of_case = [case["external_id"]]
    for row in system.db.execute("SELECT document FROM events WHERE external_id = ? ORDER BY number", of_case):
        event = json.loads(row["document"])
        say(f"  {event['number']}  {event['at'][:16]}  {event['kind']}  {event['data'].get('text', '')}")
    for row in system.db.execute("SELECT * FROM outbox WHERE external_id = ? AND state != 'done'", of_case):
        say(f"  {row['state']}: {row['kind']}  {row['said']}")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description="A small system that speaks the interface.")
    parser.add_argument("--address", required=True, help="https://…/interface/v1")
    parser.add_argument("--key-file", type=Path, help="a file with the key; else INTERFACE_KEY says it")
    parser.add_argument("--store", type=Path, default=Path("store"), help="a folder, made when there is none")
    parser.add_argument("--language", default="en", help="of what the portal says: sv, fi or en")
    parser.add_argument("--handler", default="", help="take up new cases at once, for the one of this name")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("once", help="one round")
    serving = verbs.add_parser("serve", help="rounds until it is stopped")
    serving.add_argument("--every", type=float, default=60, help="seconds between rounds")
    serving.add_argument("--listen", default="", help="HOST:PORT for wake-ups; WAKE_SECRET says their secret")
    verbs.add_parser("list", help="the cases that are known")
    verbs.add_parser("show", help="one case").add_argument("case")
    taking = verbs.add_parser("take-up", help="take a case up for handling")
    asking = verbs.add_parser("ask", help="ask for a supplement")
    writing = verbs.add_parser("write", help="write to the customer")
    registering = verbs.add_parser("register", help="give the number of our own register")
    deciding = verbs.add_parser("decide", help="close a case with an outcome")
    for verb in (taking, asking, writing, registering, deciding):
        verb.add_argument("case", help="its number or externalId")
    taking.add_argument("name", nargs="?", default="", help="who handles it")
    registering.add_argument("number")
    deciding.add_argument("outcome", help="such as granted, noted, checked: by the kind of service")
    for verb in (asking, writing, deciding):
        verb.add_argument("--text", required=True)
    asking.add_argument("--due", required=True, help="the last day to answer, YYYY-MM-DD")
    asking.add_argument("--field", action="append", default=[], help="the key of a question to answer again")
    for verb in (writing, deciding):
        verb.add_argument("--file", type=Path, action="append", default=[])
    return parser.parse_args()


def posted(asked: argparse.Namespace) -> tuple[str, Json]:
    """The kind of event that a verb means, and its facts."""
    match asked.verb:
        case "take-up":
            return "take_up", {"handler": asked.name} if asked.name else {}
        case "ask":
            return "request_supplement", {"text": asked.text, "due": asked.due, "fields": asked.field}
        case "write":
            return "write", {"text": asked.text}
        case "register":
            return "register", {"registerNumber": asked.number}
        case _:
            return "close", {"outcome": asked.outcome, "text": asked.text}


def main() -> None:
    """Do what was asked for."""
    asked = arguments()
    key = asked.key_file.read_text().strip() if asked.key_file else os.environ.get("INTERFACE_KEY", "")
    system = System(asked.store, Portal(asked.address, key, asked.language), asked.handler)
    try:
        if asked.verb == "serve":
            serve(system, asked.every, asked.listen, os.environ.get("WAKE_SECRET", ""))
        elif asked.verb == "once":
            system.once()
        elif asked.verb == "list":
            for row in system.db.execute("SELECT * FROM cases ORDER BY id"):
                say(f"{row['number']}  {row['status']}  {row['service']}  {row['last_event']}  {row['external_id']}")
        elif asked.verb == "show":
            show(system, found(system, asked.case))
        else:
            case = found(system, asked.case)["external_id"]
            key = system.decide(case, *posted(asked), getattr(asked, "file", None))
            system.send()
            row = system.db.execute("SELECT * FROM outbox WHERE key = ?", [key]).fetchone()
            say(f"{row['state']} {row['said']}".strip())
            sys.exit(row["state"] == "refused")
    except (Refused, Later) as e:
        sys.exit(f"{type(e).__name__.lower()}: {e}")


if __name__ == "__main__":
    main()
