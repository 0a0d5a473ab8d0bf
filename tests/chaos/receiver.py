"""The reference receiver, misbehaving by dice, forgetting when told to, and surviving everything as the judge of what was received."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from apps.sync.reference.documents import data_digest
from apps.sync.reference.server import ReferenceServer, Settings
from apps.sync.reference.store import Store, timestamp
from tests.chaos.verdict import Got, applied_by_key

# How often what happens, in a hundred requests or so.
MOODS = {
    "ok": 78, "500": 3, "500_after": 2, "503": 2, "429": 1, "garbage": 2, "empty": 1, "slow": 2,
    "close_before": 1, "close_after": 1, "reset": 2, "reset_after": 2, "cut": 2, "break": 1, "accept_twice": 1,
    "hang": 1, "hang_after": 1,
}  # fmt: skip
AHEAD = 400  # requests for which the dice are thrown at once
MARKER = re.compile(r"MARK-[0-9a-f]{16}")


class Receiver:
    """One receiver for one installation."""

    def __init__(self, server: ReferenceServer, dice: random.Random) -> None:
        self.server, self.dice = server, dice
        self.forgotten: list[tuple[int, set[str]]] = []

    @property
    def address(self) -> str:
        return self.server.address

    def misbehave(self) -> None:
        """Go on misbehaving; to be called again every now and then."""
        waiting = self.server.faults.waiting()
        if len(waiting) < AHEAD:
            more = self.dice.choices(list(MOODS), list(MOODS.values()), k=AHEAD)
            self.server.faults.replace([*waiting, *more])

    def behave(self) -> None:
        """Be in good health from now on."""
        self.server.faults.replace([])

    def forget(self, since: datetime) -> int:
        """Lose what was received from a time on, as a restored backup does; how many requests' effects are gone."""
        store = self.server.store
        with store.transaction():
            lost = {key.lower() for key in store.forget(timestamp(since))}
            log = store.requests()
        self.forgotten.append((int(log[-1]["n"]) if log else 0, lost))
        return len(lost)

    def got(self) -> tuple[Got, ...]:
        """Every case that it holds."""
        return tuple(everything_in(self.server.store))

    def applied(self) -> dict[str, int]:
        """How often it has applied each key."""
        log = self.server.store.requests()
        done = [(int(row["n"]), str(row["key"]).lower()) for row in log if row["applied"] and row["key"]]
        return applied_by_key(done, self.forgotten)

    def moods(self) -> str:
        """What it was asked and how it misbehaved, in figures."""
        met = Counter(str(row["fault"] or "ok") for row in self.server.store.requests())
        return ", ".join(f"{name} {times}" for name, times in met.most_common())


def everything_in(store: Store) -> Iterator[Got]:
    """Every case of a receiver's store, judged by the bytes that are there and not by what was said of them."""
    for part in store.latest(limit=-1, offset=0):
        external_id = part["external_id"]
        body = store.case_data(external_id)["body"]  # type: ignore[index]  # it is in the list because it has some
        document = json.loads(body)
        events = sorted(store.events(external_id), key=lambda row: row["received_at"])
        found = MARKER.search(bytes(body).decode())
        yield Got(
            external_id=external_id,
            marker=found[0] if found else "",
            events=tuple((int(row["number"]), str(row["key"])) for row in events),
            digest=data_digest(document),
            files={item["id"]: _digest(store, external_id, item["id"]) for item in document["attachments"]},
        )


def _digest(store: Store, external_id: str, attachment_id: str) -> str:
    """Of an attachment's bytes; empty when it is not there."""
    kept = store.attachment(external_id, attachment_id)
    if kept is None:
        return ""
    said = hashlib.sha256()
    for piece in store.pieces(kept["id"]):
        said.update(piece)
    return said.hexdigest()


@contextmanager
def running(store: Path, dice: random.Random, *, hang: float) -> Iterator[Receiver]:
    """A receiver on a free port. `hang`: seconds that it keeps silent before it hangs up."""
    server = ReferenceServer(Settings(port=0, store=store, hang=hang))
    server.start()
    try:
        yield Receiver(server, dice)
    finally:
        server.stop()
