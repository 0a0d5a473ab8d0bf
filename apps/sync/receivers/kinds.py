"""The register of the kinds of receivers."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from apps.sync.models import Receiver
from apps.sync.receivers.base import Sender
from apps.sync.receivers.handover import Handover
from apps.sync.receivers.mail import Mail
from apps.sync.receivers.national import National
from apps.sync.receivers.webhook import Webhook

KINDS: dict[str, type[Sender[Any]]] = {one.kind: one for one in (National, Mail, Handover, Webhook)}


def is_ready(receiver: Receiver) -> bool:
    """Whether the settings say where to send what it is owed."""
    kind = KINDS.get(receiver.kind)
    if kind is None or not kind.ready():
        return False
    keys = kind.keys()
    return keys is None or receiver.key in keys


def of_ready() -> Q:
    """The deliveries of receivers that can be sent to with the settings as they are."""
    ready = {kind: sender.keys() for kind, sender in KINDS.items() if sender.ready()}
    found = Q(receiver__kind__in=[kind for kind, keys in ready.items() if keys is None])
    for kind, keys in ready.items():
        if keys is not None:
            found |= Q(receiver__kind=kind, receiver__key__in=list(keys))
    return found
