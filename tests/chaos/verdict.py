"""What a run proves: receipts, the portal's database and the receiver's store, compared. Pure, so that it can itself be tested.

Lost is what was acknowledged to a customer, or stands in a diary, and is not at the receiver; doubled, one submission as two cases or one
key applied twice; out of order, a case whose events were not applied as 1, 2, 3 …; differing, what is not the same on both sides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Numbered = tuple[int, str]  # an event's number for the receiver, and its key


@dataclass(frozen=True)
class Receipt:
    """What a customer has in hand: the marker in their answer, the number on the receipt, the digest of the file they sent."""

    marker: str
    number: str
    file: str


@dataclass(frozen=True)
class Kept:
    """A case as the portal has it. `files` are the digests of what is in the storage, by id."""

    external_id: str
    number: str
    marker: str
    events: tuple[Numbered, ...]
    digest: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Got:
    """A case as the receiver has it, its events in the order in which they were applied. Digests are of what it really holds."""

    external_id: str
    marker: str
    events: tuple[Numbered, ...]
    digest: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Evidence:
    """Everything that is compared. `applied`: how often the receiver applied each key, not counting what it was made to forget."""

    receipts: tuple[Receipt, ...] = ()
    kept: tuple[Kept, ...] = ()
    got: tuple[Got, ...] = ()
    applied: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Verdict:
    """What was found, each in words and named after a case, so that the same thing found twice counts once."""

    lost: dict[str, str] = field(default_factory=dict)
    doubled: dict[str, str] = field(default_factory=dict)
    out_of_order: dict[str, str] = field(default_factory=dict)
    differing: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    @property
    def faults(self) -> dict[str, dict[str, str]]:
        """What must be empty, by its name."""
        return {name: getattr(self, name) for name in ("lost", "doubled", "out_of_order", "differing")}

    @property
    def line(self) -> str:
        """The one line that everything ends with."""
        return " ".join([*(f"{name} {len(found)}" for name, found in self.faults.items()), f"sent {self.sent}"])

    @property
    def exit_code(self) -> int:
        """0 only when something was sent and nothing is wrong: a run in which nothing was sent proves nothing."""
        return 0 if self.sent and not any(self.faults.values()) else 1

    def also(self, other: Verdict) -> None:
        """Take up what a later look at the same run has found."""
        for name, found in self.faults.items():
            found.update(other.faults[name])
        self.sent = max(self.sent, other.sent)

    def words(self) -> Iterable[str]:
        """Everything that was found, a line each."""
        for name, found in self.faults.items():
            yield from (f"{name}: {about}: {why}" for about, why in sorted(found.items()))


def together(verdicts: Mapping[str, Verdict]) -> Verdict:
    """The verdicts of several runs as one, their figures added."""
    total = Verdict()
    for where, verdict in verdicts.items():
        total.sent += verdict.sent
        for name, found in verdict.faults.items():
            total.faults[name].update({f"{where} {about}": why for about, why in found.items()})
    return total


def judge(evidence: Evidence) -> Verdict:
    """Compare."""
    verdict = Verdict(sent=len(evidence.receipts))
    _look_at_receipts(evidence, verdict)
    _look_for_doubles(evidence, verdict)
    received = {one.external_id: one for one in evidence.got}
    for case in evidence.kept:
        if case.external_id not in received:
            verdict.lost[case.number] = "the receiver does not have it"
        else:
            _compare(case, received[case.external_id], verdict)
    for unknown in received.keys() - {case.external_id for case in evidence.kept}:
        verdict.differing[unknown] = "the receiver has it, and the portal does not"
    return verdict


def _look_at_receipts(evidence: Evidence, verdict: Verdict) -> None:
    by_number = {case.number: case for case in evidence.kept}
    holders = Counter(receipt.number for receipt in evidence.receipts)
    for receipt in evidence.receipts:
        case = by_number.get(receipt.number)
        if case is None or case.marker != receipt.marker or holders[receipt.number] > 1:
            verdict.lost[receipt.number] = f"acknowledged with {receipt.marker}, and no case of its own is here"
        elif receipt.file not in case.files.values():
            verdict.differing[receipt.number] = "the file in the storage is not the one that was sent"


def _look_for_doubles(evidence: Evidence, verdict: Verdict) -> None:
    for side, cases in (("in the portal", evidence.kept), ("at the receiver", evidence.got)):
        of_marker = defaultdict(set)
        for case in cases:
            of_marker[case.marker].add(case.external_id)
        for marker, found in of_marker.items():
            if len(found) > 1:
                verdict.doubled[marker] = f"{len(found)} cases {side}"
    for key, times in evidence.applied.items():
        if times > 1:
            verdict.doubled[key] = f"applied {times} times under the same key"


def _compare(case: Kept, got: Got, verdict: Verdict) -> None:
    if missing := [number for number, key in case.events if key not in {key for _n, key in got.events}]:
        verdict.lost[case.number] = f"events {missing} are not at the receiver"
    numbers = [number for number, _key in got.events]
    if numbers != list(range(1, len(numbers) + 1)):
        verdict.out_of_order[case.number] = f"applied as {numbers}"
    if strange := set(got.events) - set(case.events):
        verdict.differing[case.number] = f"events {sorted(strange)} are under no such number here"
    if got.digest != case.digest:
        verdict.differing[case.number] = "the digest of the case data"
    if dict(got.files) != dict(case.files):
        verdict.differing[case.number] = "the attachments' bytes"


def applied_by_key(requests: Iterable[tuple[int, str]], forgotten: Iterable[tuple[int, set[str]]]) -> dict[str, int]:
    """How often each key was applied: (number in the log, key) of every request that was, in order.

    `forgotten`: the last number in the log when the receiver was made to forget, and the keys that it lost, which begin anew.
    """
    times: Counter[str] = Counter()
    most: dict[str, int] = {}
    coming = sorted(forgotten, key=lambda one: one[0])
    for number, key in requests:
        while coming and coming[0][0] < number:
            for lost in coming.pop(0)[1]:
                times.pop(lost, None)
        times[key] += 1
        most[key] = max(most.get(key, 0), times[key])
    return most
