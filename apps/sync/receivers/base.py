"""What every kind of receiver is: somebody a parcel is sent to, with an outcome that is a value."""

from __future__ import annotations

import asyncio
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeAlias, TypeVar

from django.core.files.storage import Storage

from apps.sync.receivers.wires import Wires

if TYPE_CHECKING:
    from apps.cases.models import Case, Event
    from apps.sync.models import Delivery, Receiver

    InHand: TypeAlias = "Delivery | Going"

PIECE = 256 * 1024  # bytes
WOKEN = "woken"  # the part of a connected system's end-to-end test that is done when it has been woken
LONGEST_WAIT = 24 * 3600.0  # seconds that a Retry-After can ask for


@dataclass(frozen=True)
class Delivered:
    """The receiver has said that it has it."""


@dataclass(frozen=True)
class Later:
    """Not now: try again after so many seconds, or when the relay's own list says so.

    `unsure`: the receiver was asked whether it has it, and did not say.
    `barred`: it did not let us in, whatever we bring; who looks after the installation must know.
    """

    seconds: float | None
    why: str
    unsure: bool = False
    barred: bool = False


@dataclass(frozen=True)
class Refused:
    """The receiver will not have it as it is: a person must look."""

    why: str


@dataclass(frozen=True)
class Unknown:
    """The answer was lost: it may have it or not, and must be asked before anything is sent again."""

    why: str


@dataclass(frozen=True)
class Behind:
    """The receiver lacks earlier events: it waits for this number."""

    expected: int


Outcome = Delivered | Later | Refused | Unknown | Behind


@dataclass(frozen=True)
class Content:
    """The bytes of an attachment where they are stored; each reading begins anew, piece by piece, never whole in memory."""

    storage: Storage
    path: str

    async def size(self) -> int:
        """How many bytes there are. Raises FileNotFoundError."""
        return await asyncio.to_thread(self.storage.size, self.path)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self.storage.open, self.path)
        try:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece
        finally:
            file.close()


@dataclass(frozen=True)
class Enclosure:
    """An attachment that goes with a parcel."""

    id: str
    media_type: str
    size: int
    sha256: str
    content: Content


@dataclass(frozen=True)
class Parcel:
    """All that is sent of one delivery, put together before anything is sent."""

    external_id: str
    case_number: str
    key: str
    number: int
    hand: str  # which sending of it this is: of no two is it the same
    skipped: bool
    event: dict[str, Any]
    data: dict[str, Any] | None
    enclosures: tuple[Enclosure, ...] = ()
    earlier_enclosures: dict[str, Enclosure] = field(default_factory=dict)


@dataclass(slots=True)
class Going:
    """A delivery that has just been made and is in our hand, as far as who packs it asks: in a fraction of the time that a row of the
    model takes.
    """

    pk: int
    receiver: Receiver
    event: Event
    case: Case
    address: str
    party: str
    number: int
    lease_token: uuid.UUID
    skipped_at: None = None

    @property
    def receiver_id(self) -> int:
        """As of a delivery."""
        return self.receiver.pk

    @property
    def event_id(self) -> int:
        """As of a delivery."""
        return self.event.pk

    @property
    def case_id(self) -> int:
        """As of a delivery."""
        return self.case.pk


@dataclass(frozen=True)
class To:
    """To whom an event goes: an address, empty where the receiver has only one, and as what they are told."""

    address: str = ""
    party: str = ""


class Held(NamedTuple):
    """A delivery in our hand: what is needed of it to note that the receiver has it."""

    pk: int
    receiver_id: int
    case_id: int
    event_id: int
    number: int
    address: str
    party: str
    skipped_at: datetime | None


P = TypeVar("P")


class Sender(ABC, Generic[P]):
    """One kind of receiver, opened for each line of parcels: what goes wrong on one line's connection never meets another line.

    `wires`: the connections that are kept between lines, for those kinds that can tell whether one is in step.
    """

    kind: ClassVar[str] = ""
    with_history: ClassVar[bool] = True  # whether it is owed what happened before it was there, or while it was off
    told_of_skipped: ClassVar[bool] = True  # whether what was skipped counts as received by it
    owed_for: ClassVar[timedelta | None] = None  # how long what it has not got keeps a case; None for no end

    @classmethod
    def concerns(cls, receiver: Receiver, case: Case) -> bool:
        """Whether a receiver of this kind can be told of a case at all. Asks nothing of the database."""
        return receiver.takes_tests or not case.is_test

    @classmethod
    def addresses_of(cls, receiver: Receiver, events: Sequence[Event]) -> list[tuple[Event, list[To]]]:
        """The same as `addresses`, for kinds whose rows are told of different things."""
        return cls.addresses(events)

    def __init__(self, wires: Wires | None = None) -> None:
        self.wires = wires

    @classmethod
    def addresses(cls, events: Sequence[Event]) -> list[tuple[Event, list[To]]]:
        """To whom each event goes, judged once, when it is collected. By default every event to the one there is."""
        return [(event, [To()]) for event in events]

    @classmethod
    @abstractmethod
    def ready(cls) -> bool:
        """Whether the settings say where to send; until then nothing is tried."""

    @classmethod
    def keys(cls) -> Collection[str] | None:
        """The keys of the rows of this kind that the settings know, where there can be several; None where there is one."""
        return None

    @classmethod
    def knows(cls, receiver: Receiver) -> bool:
        """Whether it is said anywhere where a row of this kind is. One that is off and not known is given up (`sync.settling`)."""
        keys = cls.keys()
        return keys is None or receiver.key in keys

    @classmethod
    def note_delivered(cls, receiver: Receiver, deliveries: Sequence[Held | Delivery]) -> None:
        """What is to be written down besides, in the transaction that notes that these were delivered."""

    @classmethod
    @abstractmethod
    def pack(cls, deliveries: Sequence[InHand]) -> dict[int, P | Refused]:
        """What is sent of each delivery, by its id. Asks the database; runs where the relay does."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Open."""

    @abstractmethod
    async def __aexit__(self, *details: object) -> None:
        """Close."""

    @abstractmethod
    async def send(self, parcel: P, *, ask_first: bool) -> Outcome:
        """Send one parcel. `ask_first`: an earlier answer was lost, or something else is sent under the key this time."""


def retry_after(text: str) -> float | None:
    """The seconds that a Retry-After asks to wait, however it is written; None of one that says nothing."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)
    return min(max(seconds.total_seconds(), 0.0), LONGEST_WAIT)
