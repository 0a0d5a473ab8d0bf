"""Once: a request that changes something is answered anew when it comes again under its key, and changes nothing twice."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.cases.models import Case, Event
from apps.interface.models import KeptAnswer
from apps.interface.problems import Problem
from apps.people.models import System

KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Answer:
    """What is answered to a request that changes something, and the case that it has changed; none when it had been received before."""

    case: Case | None
    document: dict[str, Any]

    @property
    def status(self) -> int:
        """Of HTTP."""
        return 201 if self.case else 200


def answered(system: System, key: str, digest: str) -> Answer | None:
    """The answer that was given under a key, when the same was asked. Raises Problem (key-reuse) when it was something else."""
    kept = KeptAnswer.objects.filter(system=system, key=key).first()
    if kept is None:
        return None
    if kept.digest != digest:
        raise Problem("key-reuse", _("The key has come with something else before. Give what is new a key of its own."))
    return Answer(None, {**kept.document, "duplicate": True})


def refuse_known_event(key: uuid.UUID) -> None:
    """Raises Problem (key-reuse) when the diary has a line of that key: another's, or one whose answer is not kept any more."""
    if Event.objects.filter(key=key).exists():
        words = _("An event of this key has been received before, and its answer is kept for %(days)d days at most.")
        raise Problem("key-reuse", words % {"days": KEPT.days})


def keep(system: System, key: str, digest: str, document: dict[str, Any], *, at: datetime) -> None:
    """Keep an answer. Runs in the transaction of what it tells of."""
    KeptAnswer.objects.create(system=system, key=key, digest=digest, document=document, at=at)


def forget_old(now: datetime) -> int:
    """Delete answers that are kept no longer; how many there were."""
    return KeptAnswer.objects.filter(at__lt=now - KEPT).delete()[0]
