"""The register of the kinds of receivers."""

from apps.sync.receivers.base import Sender
from apps.sync.receivers.national import National

KINDS: dict[str, type[Sender]] = {sender.kind: sender for sender in (National,)}


def ready_kinds() -> list[str]:
    """Those that can be sent to with the settings as they are."""
    return [kind for kind, sender in KINDS.items() if sender.ready()]
