"""Mails that belong to no case: put down once under a key, whoever asks and however often, and sent by the relay.

A notice holds no personal data but the address: what it is about is said on the page that its link leads to.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.cases.letters import AUTHORITYS_LANGUAGES
from apps.services.texts import date_words
from apps.sync import clock, watching
from apps.sync.courier import Courier, Line, Report, Stop
from apps.sync.models import MAIL, Notice
from apps.sync.receivers.base import Delivered, Later, Outcome, Refused, Unknown
from apps.sync.receivers.mail import Mail, MailParcel, message_id

log = logging.getLogger(__name__)

AT_ONCE = 16
KEPT = timedelta(days=400)  # after it was sent or given up; longer than any key can come again


@dataclass(frozen=True)
class Words:
    """What a kind of notice says; `facts` makes what the text names from the notice's own, `path` where its link leads."""

    subject: Any
    text: Any
    facts: Callable[[dict[str, Any]], dict[str, str]]
    path: Callable[[dict[str, Any]], str]


def _day(data: dict[str, Any]) -> dict[str, str]:
    return {"day": date_words(date.fromisoformat(data["day"]))}


def _cases(data: dict[str, Any]) -> dict[str, Any]:
    """How many cases, and each with a link straight to it."""
    lines = [
        f"{number}: {settings.SITE_URL}{reverse('admin:cases_case_change', args=[pk])}"
        for number, pk, _count in data["cases"]
    ]
    if more := data["count"] - len(lines):
        lines.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    return {"count": data["count"], "cases": "\n".join(lines)}


def _alarm(data: dict[str, Any]) -> dict[str, str]:
    """What is red, in a few words and in a sentence."""
    since = datetime.fromisoformat(data["since"])
    return {
        "title": watching.title(data["what"], data["receiver"]),
        "sentence": watching.sentence(data["what"], data["receiver"], since),
    }


def _how_deliveries_stand(_data: dict[str, Any]) -> str:
    return reverse("admin:sync_alarm_changelist")


ALARM, ALARM_STILL, ALARM_OVER = "alarm", "alarm_still", "alarm_over"
DRAFT_ENDS, FEEDBACK_WAITS, DIGEST, CASE_DUE, CASE_OVERDUE = (
    "draft_ends",
    "feedback_waits",
    "digest",
    "case_due",
    "case_overdue",
)
KINDS: dict[str, Words] = {
    DRAFT_ENDS: Words(
        _("A draft of yours will be deleted"),
        _("You have begun an application and not sent it. Unless you go on with it, it is deleted after %(day)s."),
        _day,
        lambda data: reverse("portal:application", args=[data["application"]]),
    ),
    FEEDBACK_WAITS: Words(
        _("Feedback on accessibility waits for an answer"),
        _("It is to be answered by %(day)s (306/2019)."),
        _day,
        lambda data: reverse("admin:people_feedback_change", args=[data["feedback"]]),
    ),
    DIGEST: Words(
        _("What has happened in your cases"),
        _("Something has happened in cases that you are told of (%(count)d):\n\n%(cases)s\n\nThe desk:"),
        _cases,
        lambda data: reverse("admin:index"),
    ),
    CASE_DUE: Words(
        _("A case is to be handled soon"),
        _("Case %(number)s is to be handled by %(day)s."),
        lambda data: _day(data) | {"number": data["number"]},
        lambda data: reverse("admin:cases_case_change", args=[data["case"]]),
    ),
    CASE_OVERDUE: Words(
        _("A case is overdue"),
        _("Case %(number)s was to be handled by %(day)s."),
        lambda data: _day(data) | {"number": data["number"]},
        lambda data: reverse("admin:cases_case_change", args=[data["case"]]),
    ),
    ALARM: Words(
        _("Something is not delivered as it should be"),
        _(
            "%(title)s\n\n%(sentence)s\n\nYou are reminded once a day for as long as it is so, and told when it is well again. "
            "How deliveries stand:"
        ),
        _alarm,
        _how_deliveries_stand,
    ),
    ALARM_STILL: Words(
        _("Something is still not delivered as it should be"),
        _("%(title)s\n\n%(sentence)s\n\nHow deliveries stand:"),
        _alarm,
        _how_deliveries_stand,
    ),
    ALARM_OVER: Words(
        _("What was not delivered as it should be is well again"),
        _("Over: %(title)s\n\nHow deliveries stand:"),
        _alarm,
        _how_deliveries_stand,
    ),
}


def post(kind: str, address: str, key: str, language: str, data: dict[str, Any], *, at: datetime | None = None) -> bool:
    """Put a notice down to be sent; whether it is new. One of that key that is there already stays as it is."""
    if kind not in KINDS:
        raise ValueError(f"there is no notice of the kind {kind!r}")
    moment = at or timezone.now()
    facts = {
        "kind": kind,
        "address": address,
        "language": language,
        "data": data,
        "created_at": moment,
        "next_at": moment,
    }
    return Notice.objects.get_or_create(key=key, defaults=facts)[1]


def forget_old(now: datetime) -> int:
    """Delete notices that were sent or given up long ago; how many there were."""
    over = Notice.objects.exclude(sent_at=None, refused_at=None)
    return over.filter(created_at__lt=now - KEPT).delete()[0]


# --- sending ---------------------------------------------------------------------------------------------------------


def due(now: datetime | None = None) -> QuerySet[Notice]:
    """Those that may be sent now. What is in somebody's hand has its next attempt ahead, when that hand is empty again."""
    waiting = Notice.objects.filter(sent_at=None, refused_at=None)
    return waiting.filter(next_at__lte=now or Now()).order_by("next_at", "pk")


class Post:
    """One relay's notices: what is on its way, and what has come back. Nothing here waits, unless it is asked to."""

    def __init__(self, courier: Courier, now: datetime | None = None) -> None:
        self.courier, self.now = courier, now
        self.running: dict[Future[Report], Line] = {}

    def take_up(self) -> None:
        """Claim what is due, as far as there is room, and send it off."""
        room = AT_ONCE - len(self.running)
        if room > 0:
            for line in claim(room, self.now):
                self.running[self.courier.carry(line)] = line

    def settle(self) -> tuple[int, int]:
        """Note what has come back: how many were sent, and how many were not."""
        sent = failed = 0
        for future in [future for future in self.running if future.done()]:
            for pk, outcome in future.result():
                note(pk, self.running[future].token, outcome, self.now)
                sent += isinstance(outcome, Delivered)
                failed += not isinstance(outcome, Delivered)
            del self.running[future]
        return sent, failed

    def finish(self) -> tuple[int, int]:
        """Wait for all that is on its way, and note it."""
        wait(self.running)
        return self.settle()


def claim(limit: int, now: datetime | None = None) -> list[Line]:
    """Take up to so many into this relay's hand, for as long as a lease lasts, each as a line of its own."""
    if not Mail.ready() or not due(now).exists():
        return []
    token = uuid.uuid4()
    valid_until = time.monotonic() + clock.lease_kept()
    with transaction.atomic():
        taken = [notice.pk for notice in clock.locked(due(now)[:limit])]
        in_hand = {
            "next_at": clock.after(settings.RELAY_LEASE, now),
            "lease_token": token,
            "attempts": F("attempts") + 1,
        }
        Notice.objects.filter(pk__in=taken).update(**in_hand)
        notices = list(Notice.objects.filter(pk__in=taken))
    lines = []
    for notice in notices:
        try:
            lines.append(Line(MAIL, token, valid_until, [Stop(notice.pk, write(notice), False)]))
        except Exception as e:
            # One that cannot be put together holds up no other, and is tried again: the mistake may be ours, and mended by then.
            # The message of an exception may hold anything; its kind does not.
            log.error("notice %d cannot be put together: %s", notice.pk, type(e).__name__)
            note(notice.pk, token, Later(None, f"cannot be put together: {type(e).__name__}"), now)
    return lines


def write(notice: Notice) -> MailParcel:
    """The mail of a notice, in its language; without one, in those of the authorities, one after the other."""
    words = KINDS[notice.kind]
    subjects, bodies = [], []
    for language in (notice.language,) if notice.language else AUTHORITYS_LANGUAGES:
        with translation.override(language):
            text = str(words.text) % words.facts(notice.data)
            link = settings.SITE_URL + words.path(notice.data)
            bodies.append(render_to_string("mail/notice.txt", {"text": text, "link": link}).strip())
            subjects.append(str(words.subject))
    known_by = message_id(notice.key, notice.address)
    body = "\n\n--\n\n".join(bodies) + "\n"
    return MailParcel(known_by, notice.address, " / ".join(subjects), body, notice.created_at)


def note(pk: int, token: uuid.UUID, outcome: Outcome, now: datetime | None = None) -> None:
    """Write down how it went, unless somebody else has it in hand by now."""
    ours = Notice.objects.filter(pk=pk, lease_token=token, sent_at=None)
    attempts = ours.values_list("attempts", flat=True).first() or 1
    changes: dict[str, Any] = {"lease_token": None}
    match outcome:
        case Delivered():
            changes |= {"sent_at": now or Now(), "last_error": ""}
        case Refused(why):
            changes |= {"refused_at": now or Now(), "last_error": why}
        case Later(seconds, why):
            changes |= {"next_at": clock.after(clock.pause(attempts, seconds), now), "last_error": why}
        case Unknown(why):
            changes |= {"next_at": clock.after(clock.pause(attempts), now), "last_error": why}
        case _:
            raise TypeError(f"no outcome of a mail: {outcome!r}")
    ours.update(**changes)


def posted(keys: Sequence[str]) -> dict[str, datetime]:
    """When each of these was put down, by its key; those that were not are left out."""
    return dict(Notice.objects.filter(key__in=keys).values_list("key", "created_at"))
