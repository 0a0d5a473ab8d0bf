"""The register of the kinds of receivers."""

from typing import Any

from apps.sync.receivers.base import Sender
from apps.sync.receivers.handover import Handover
from apps.sync.receivers.mail import Mail
from apps.sync.receivers.national import National

KINDS: dict[str, type[Sender[Any]]] = {one.kind: one for one in (National, Mail, Handover)}


def ready_kinds() -> list[str]:
    """Those that can be sent to with the settings as they are."""
    return [kind for kind, sender in KINDS.items() if sender.ready()]
