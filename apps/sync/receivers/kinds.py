"""The register of the kinds of receivers."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from apps.sync.models import Receiver
from apps.sync.receivers.base import Sender
from apps.sync.receivers.handover import Handover
from apps.sync.receivers.mail import Mail
from apps.sync.receivers.national import National
from apps.sync.receivers.system import WakeUps
from apps.sync.receivers.webhook import Webhook

KINDS: dict[str, type[Sender[Any]]] = {one.kind: one for one in (National, Mail, Handover, Webhook, WakeUps)}


def is_ready(receiver: Receiver) -> bool:
    """Whether it is said where to send what it is owed: by the settings, or by the system that is woken."""
    kind = KINDS.get(receiver.kind)
    return kind is not None and kind.ready() and kind.knows(receiver)


def of_ready() -> Q:
    """The deliveries of receivers that can be sent to with the settings as they are."""
    ready = {kind: sender.keys() for kind, sender in KINDS.items() if sender.ready()}
    found = Q(receiver__kind__in=[kind for kind, keys in ready.items() if keys is None])
    for kind, keys in ready.items():
        if keys is not None:
            found |= Q(receiver__kind=kind, receiver__key__in=list(keys))
    return found
