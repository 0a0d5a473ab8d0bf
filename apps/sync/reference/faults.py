"""The ways in which the receiver can be told to misbehave, and the queue of those that are still to come."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from .answers import Answer, Refused


class Manner(Enum):
    """How the answer leaves the receiver."""

    ANSWER = "answer"
    TWICE = "twice"
    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"
    CUT = "cut"
    BREAK = "break"
    SLOW = "slow"


@dataclass(frozen=True)
class Fault:
    """One misbehaviour: is the request applied, how does its answer leave, and what does the answer say instead."""

    name: str
    applied: bool
    manner: Manner = Manner.ANSWER
    says: Answer | None = None

    @property
    def silent(self) -> bool:
        return self.manner in (Manner.CLOSE, Manner.RESET, Manner.HANG)

    def disguise(self, answer: Answer) -> Answer:
        return self.says or answer


def ailing(status: int, title: str, retry_after: str = "") -> Answer:
    refusal = Refused(status, "misbehaviour", title, "The receiver was told to answer so.")
    if retry_after:
        refusal.headers["Retry-After"] = retry_after
    return refusal.answer


GARBAGE = Answer(200, b"<!doctype html><title>Sign in</title><p>Sign in to the network.", "text/html; charset=utf-8")

FAULTS = {
    fault.name: fault
    for fault in (
        Fault("ok", True),
        Fault("500", False, says=ailing(500, "Internal error")),
        Fault("503", False, says=ailing(503, "Not available", "1")),
        Fault("429", False, says=ailing(429, "Too many requests", "1")),
        Fault("500_after", True, says=ailing(500, "Internal error")),
        Fault("close_before", False, Manner.CLOSE),
        Fault("close_after", True, Manner.CLOSE),
        Fault("reset", False, Manner.RESET),
        Fault("reset_after", True, Manner.RESET),
        Fault("cut", True, Manner.CUT),
        Fault("break", True, Manner.BREAK),
        Fault("slow", True, Manner.SLOW),
        Fault("hang", False, Manner.HANG),
        Fault("hang_after", True, Manner.HANG),
        Fault("garbage", False, says=GARBAGE),
        Fault("empty", False, says=Answer(200)),
        Fault("accept_twice", True, Manner.TWICE),
        Fault("forget", True),
    )
}
GOOD = FAULTS["ok"]
MOST = 10_000


class Queue:
    """How the next requests are answered, in order; a healthy receiver when empty."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: deque[str] = deque()

    def replace(self, names: Iterable[str]) -> None:
        with self._lock:
            self._names = deque(checked(names))

    def add(self, name: str) -> None:
        with self._lock:
            self._names = deque(checked([*self._names, name]))

    def take(self) -> Fault:
        with self._lock:
            return FAULTS[self._names.popleft()] if self._names else GOOD

    def waiting(self) -> list[str]:
        with self._lock:
            return list(self._names)


def checked(names: Iterable[str]) -> list[str]:
    names = list(names)
    unknown = [name for name in names if not isinstance(name, str) or name not in FAULTS]
    if unknown or len(names) > MOST:
        detail = f"At most {MOST} of: {', '.join(FAULTS)}."
        raise Refused(422, "invalid", "Unknown misbehaviour", detail)
    return names
