"""Mail: tells customers and authorities that something happened in a case. What it says, and to whom, is said by `cases.letters`.

A mail server cannot be asked whether it has a mail. When its answer was lost the mail is sent again under the same Message-ID, by which
mailboxes know that they have it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import smtplib
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from apps.cases import letters
from apps.people import systems
from apps.people.models import System
from apps.sync.models import MAIL, Delivery
from apps.sync.receivers.base import WOKEN, Delivered, Later, Outcome, Refused, Sender, To, Unknown

if TYPE_CHECKING:
    from apps.cases.models import Case, Event
    from apps.sync.models import Receiver
    from apps.sync.receivers.base import Held, InHand

AT_ONCE = 8  # conversations with the mail server; more would be turned away by many
# Threads of their own: a mail server that hangs must not take those in which files are read for other receivers.
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mail")


@dataclass(frozen=True)
class MailParcel:
    """One mail. One that was skipped is not sent."""

    message_id: str
    address: str
    subject: str
    body: str
    at: datetime
    skipped: bool = False


def message_id(key: str, address: str) -> str:
    """The same for the same key and address, whoever sends it and however often. Short, so that it stays on one line."""
    digest = hashlib.sha256(f"{key} {address}".encode()).hexdigest()[:32]
    house = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("<> ") or "localhost"
    return f"<{digest}@{house}>"


class Mail(Sender[MailParcel]):
    """Hands mails to the server that the settings name, one after the other."""

    kind: ClassVar[str] = MAIL
    with_history: ClassVar[bool] = False  # nobody wants to be told of what is long past

    @classmethod
    def ready(cls) -> bool:
        """Whether there is a server."""
        return bool(settings.MAIL_IS_SENT)

    @classmethod
    def concerns(cls, receiver: Receiver, case: Case) -> bool:
        """Every case: of a test the letters name nobody but systems that test."""
        return True

    @classmethod
    def addresses(cls, events: Sequence[Event]) -> list[tuple[Event, list[To]]]:
        """Whom the letters name; nobody while mail is not set up, for nothing old is to be sent once it is."""
        told = letters.recipients(events) if cls.ready() else {}
        return [(event, [To(one.address, one.party) for one in told.get(event.pk, [])]) for event in events]

    @classmethod
    def note_delivered(cls, receiver: Receiver, deliveries: Sequence[Held | Delivery]) -> None:
        """That a system for testing has been woken is a part of its end-to-end test."""
        woken = [one for one in deliveries if one.party == letters.Party.SYSTEM and one.skipped_at is None]
        for address in sorted({one.address for one in woken}):
            for system in System.objects.filter(wake_email=address, is_test=True).order_by("pk"):
                systems.note_checked(system, WOKEN)

    @classmethod
    def pack(cls, deliveries: Sequence[InHand]) -> dict[int, MailParcel | Refused]:
        """The mails, each in its recipient's language."""
        found = (
            Delivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])
            .select_related("event__case__application", "event__paper")
            .only(
                "address",
                "party",
                "skipped_at",
                "event__key",
                "event__kind",
                "event__at",
                "event__case__number",
                "event__case__external_id",
                "event__case__is_test",
                "event__case__application__language",
                "event__paper__language",
            )
        )
        languages = _languages({delivery.address for delivery in found if delivery.party == letters.Party.AUTHORITY})
        return {delivery.pk: _packed(delivery, languages.get(delivery.address.lower(), "")) for delivery in found}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        return

    async def send(self, parcel: MailParcel, *, ask_first: bool) -> Outcome:
        """Hand one mail over, within RELAY_TIMEOUT as a whole."""
        if parcel.skipped:
            return Delivered()
        handing_over = HandingOver(parcel)
        work = asyncio.get_running_loop().run_in_executor(_threads, handing_over.run)
        try:
            done, _pending = await asyncio.wait({work}, timeout=settings.RELAY_TIMEOUT)
            if done:
                return work.result()
            return handing_over.out_of_time()
        finally:
            handing_over.break_off()


def _languages(addresses: set[str]) -> dict[str, str]:
    """The languages that officials have asked for, by their addresses in lower case."""
    officials = letters.officials_at(addresses).exclude(language="") if addresses else ()
    return {official.email.lower(): official.language for official in officials}


def _packed(delivery: Delivery, language: str) -> MailParcel | Refused:
    event = delivery.event
    if not letters.is_told(event.kind, delivery.party):
        return Refused("there is no letter for this event")
    written = letters.write(event, delivery.party, language)
    return MailParcel(
        message_id(str(event.key), delivery.address),
        delivery.address,
        written.subject,
        written.body,
        event.at,
        skipped=delivery.skipped_at is not None,
    )


class HandingOver:
    """The conversation with the mail server about one mail: in a thread, and broken off from outside when it takes too long."""

    def __init__(self, parcel: MailParcel) -> None:
        self.parcel = parcel
        self.backend: Any = None
        self.over = False
        self.offered = False  # whether the server may have the mail

    def run(self) -> Outcome:
        """Talk. What is raised becomes an outcome whose words hold no address: a server's own words can."""
        try:
            return self._talk()
        except smtplib.SMTPRecipientsRefused as refused:
            ((code, words),) = list(refused.recipients.values())[:1]
            return _answered(code, words, "the recipient")
        except smtplib.SMTPSenderRefused as refused:
            return Later(None, f"{_code(refused)} for the sender's address", barred=refused.smtp_code >= 500)
        except smtplib.SMTPAuthenticationError as refused:
            return Later(None, f"{_code(refused)} for EMAIL_URL's user and password", barred=True)
        except smtplib.SMTPDataError as refused:
            return _answered(refused.smtp_code, refused.smtp_error, "the mail")
        except smtplib.SMTPResponseException as refused:
            return Later(None, _code(refused))
        except smtplib.SMTPNotSupportedError:
            return Later(None, "the mail server lacks what EMAIL_URL asks for", barred=True)
        except OSError as broken:
            if self.offered:
                return Unknown(f"lost while it was handed over: {type(broken).__name__}")
            return Later(None, f"the mail server cannot be reached: {type(broken).__name__}")
        except ValueError as unfit:
            return Refused(f"no mail can be written to this address: {type(unfit).__name__}")

    def _talk(self) -> Outcome:
        if self.over:
            return Later(None, "not begun in time")
        self.backend = get_connection(timeout=settings.RELAY_TIMEOUT)
        try:
            self.backend.open()
            if self.over:
                return Later(None, "not begun in time")
            self.offered = True
            self.backend.send_messages([_message(self.parcel)])
        finally:
            self._part()
        return Delivered()

    def _part(self) -> None:
        """Say goodbye, and close the line whatever is said to that: it changes nothing any more."""
        connections = self._connections()
        with suppress(OSError):
            self.backend.close()
        for connection in connections:
            with suppress(OSError):
                connection.close()

    def _connections(self) -> list[Any]:
        """What the backend has open; one that writes into a folder has nothing of the kind."""
        both = (getattr(self.backend, "connection", None), getattr(self.backend, "_partial_connection", None))
        return [connection for connection in both if connection is not None]

    def out_of_time(self) -> Outcome:
        """What is known of it when nobody waits any longer."""
        if self.offered:
            return Unknown("out of time while it was handed over")
        return Later(None, "the mail server was out of time")

    def break_off(self) -> None:
        """Let the thread go, whatever it waits for."""
        self.over = True
        for connection in self._connections():
            line = getattr(connection, "sock", None)
            if line is not None:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


def _message(parcel: MailParcel) -> EmailMessage:
    headers = {
        "Message-ID": parcel.message_id,
        "Date": format_datetime(parcel.at),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",  # as Exchange wants to be told
    }
    return EmailMessage(parcel.subject, parcel.body, to=[parcel.address], headers=headers)


def _answered(code: int, words: bytes | str, what: str) -> Outcome:
    """What a server's answer about one mail means: 5xx is for good."""
    said = f"{_with_detail(code, words)} for {what}"
    return Refused(said) if 500 <= code < 600 else Later(None, said)


def _code(refused: smtplib.SMTPResponseException) -> str:
    return _with_detail(refused.smtp_code, refused.smtp_error)


def _with_detail(code: int, words: bytes | str) -> str:
    """The code, with the finer one (RFC 3463) where the server gives it, and none of its words."""
    text = words.decode("ascii", "replace") if isinstance(words, bytes) else words
    finer = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", text)
    return f"{code} {finer[0]}" if finer else str(code)
