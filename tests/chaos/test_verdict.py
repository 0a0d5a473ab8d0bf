"""That the fault suite finds each fault when there is one, in what is compared and in a receiver's real store, and then fails."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from apps.sync.reference.documents import data_digest
from apps.sync.reference.store import Store
from tests.chaos import __main__ as chaos
from tests.chaos.receiver import everything_in
from tests.chaos.verdict import Evidence, Got, Kept, Receipt, Verdict, applied_by_key, judge, together

FILE = hashlib.sha256(b"a plan").hexdigest()
EVENTS = ((1, "a"), (2, "b"), (3, "c"))
KEPT = Kept("part-1", "FE-1", "MARK-1", EVENTS, "sha-256:1", {"file": FILE})
GOT = Got("part-1", "MARK-1", EVENTS, "sha-256:1", {"file": FILE})
SOUND = Evidence((Receipt("MARK-1", "FE-1", FILE),), (KEPT,), (GOT,), {"a": 1, "b": 1, "c": 1})

Change = Callable[[Evidence], Evidence]


def received(**changes: object) -> Change:
    """The receiver has something else of the case."""
    return lambda evidence: replace(evidence, got=(replace(GOT, **changes),))  # type: ignore[arg-type]


def other_case(of: Evidence) -> Evidence:
    """The same submission as another case, here and there."""
    events = ((1, "d"),)
    kept, got = replace(KEPT, external_id="part-2", number="FE-2", events=events), replace(GOT, external_id="part-2")
    return replace(of, kept=(KEPT, kept), got=(GOT, replace(got, events=events)))


PLANTED: dict[str, tuple[str, Change]] = {
    "a case that the receiver does not have": ("lost", lambda e: replace(e, got=())),
    "a receipt without a case": ("lost", lambda e: replace(e, kept=(), got=())),
    "a receipt whose number is another's case": ("lost", lambda e: replace(e, kept=(replace(KEPT, marker="MARK-2"),))),
    "two receipts with one number": ("lost", lambda e: replace(e, receipts=(*e.receipts, Receipt("MARK-2", "FE-1", FILE)))),
    "an event that has not arrived": ("lost", received(events=EVENTS[:2])),
    "one submission as two cases": ("doubled", other_case),
    "one key applied twice": ("doubled", lambda e: replace(e, applied={"a": 2, "b": 1, "c": 1})),
    "events that changed places": ("out_of_order", received(events=(EVENTS[0], EVENTS[2], EVENTS[1]))),
    "a gap in the numbers": ("out_of_order", received(events=(EVENTS[0], EVENTS[2]))),
    "other case data": ("differing", received(digest="sha-256:2")),
    "other bytes": ("differing", received(files={"file": "0" * 64})),
    "an attachment that has not arrived": ("differing", received(files={"file": ""})),
    "an event under another number": ("differing", received(events=((1, "b"), (2, "a"), (3, "c")))),
    "a file in the storage that was not sent": (
        "differing",
        lambda e: replace(e, receipts=(replace(e.receipts[0], file="0" * 64),)),
    ),
    "a case that was never here": ("differing", lambda e: replace(e, got=(GOT, replace(GOT, external_id="part-3", marker="")))),
}  # fmt: skip


def test_sound_run_is_told_as_such() -> None:
    verdict = judge(SOUND)

    assert verdict.line == "lost 0 doubled 0 out_of_order 0 differing 0 sent 1"
    assert verdict.exit_code == 0
    assert list(verdict.words()) == []


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_fault_is_found_and_fails_the_run(planted: str) -> None:
    name, change = PLANTED[planted]

    verdict = judge(change(SOUND))

    assert verdict.faults[name]
    assert verdict.exit_code == 1
    assert f"{name} {len(verdict.faults[name])}" in verdict.line


def test_run_in_which_nothing_was_sent_proves_nothing() -> None:
    assert judge(Evidence()).exit_code == 1


def test_case_without_a_receipt_must_arrive_too() -> None:
    assert judge(replace(SOUND, receipts=(), got=())).lost


def test_same_thing_found_twice_in_a_run_counts_once() -> None:
    verdict = judge(replace(SOUND, got=()))

    verdict.also(judge(replace(SOUND, got=())))

    assert verdict.line == "lost 1 doubled 0 out_of_order 0 differing 0 sent 1"


def test_figures_of_both_databases_are_added() -> None:
    total = together({"SQLite": judge(SOUND), "PostgreSQL": judge(replace(SOUND, got=()))})

    assert total.line == "lost 1 doubled 0 out_of_order 0 differing 0 sent 2"
    assert total.exit_code == 1


def test_key_is_applied_twice_unless_it_was_forgotten_between() -> None:
    log = [(1, "a"), (2, "b"), (4, "a"), (5, "b")]

    assert applied_by_key(log, []) == {"a": 2, "b": 2}
    assert applied_by_key(log, [(3, {"a"})]) == {"a": 1, "b": 2}
    assert applied_by_key(log, [(5, {"a", "b"})]) == {"a": 2, "b": 2}


@pytest.mark.parametrize(
    ("verdict", "troubles", "code"),
    [
        (judge(SOUND), [], 0),
        (judge(SOUND), ["something is left running"], 1),
        (judge(replace(SOUND, got=())), [], 1),
        (Verdict(), [], 1),
    ],
)
def test_command_ends_with_the_line_and_its_code(
    verdict: Verdict, troubles: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chaos.conclude({"SQLite": verdict}, troubles) == code
    assert capsys.readouterr().out.splitlines()[-1] == together({"SQLite": verdict}).line


def test_what_a_receiver_holds_is_judged_by_its_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path / "received.sqlite3")
    listed = {"id": "file", "sha256": FILE}
    document = {"attachments": [listed], "commondata": {"title": "MARK-0123456789abcdef"}, "digest": "sha-256:other"}
    about = {"external_id": "part", "attachment_id": "file", "content_type": "application/pdf", "size": 6}
    with store.transaction():
        store.keep_case_data("part", "sha-256:other", json.dumps(document).encode(), "FE-1", "2026-01-01T00:00:01Z")
        store.keep_attachment({**about, "sha256": FILE}, [b"another", b" plan"], "2026-01-01T00:00:02Z")
        for at, number in enumerate((2, 1)):
            said = {
                "key": f"key-{number}",
                "external_id": "part",
                "number": number,
                "kind": "write",
                "status": "",
                "at": "",
            }
            store.keep_event(said, b"{}", f"2026-01-01T00:00:0{at + 3}Z")

    (got,) = everything_in(store)

    assert got.marker == "MARK-0123456789abcdef"
    assert got.events == ((2, "key-2"), (1, "key-1"))
    assert got.digest == data_digest(document)
    assert got.files == {"file": hashlib.sha256(b"another plan").hexdigest()}
    store.close()


def test_receiver_says_which_keys_it_has_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path / "received.sqlite3")
    with store.transaction():
        for second in (1, 2):
            store.remember_answer(f"key-{second}", "PUT /", "", "{}", f"2026-01-01T00:00:0{second}Z")

        lost = store.forget("2026-01-01T00:00:02Z")

    assert lost == ["key-2"]
    store.close()
