"""What an example installation has of receivers: its national receiver is the reference receiver, and that is there to test against."""

from __future__ import annotations

from apps.sync.models import NATIONAL, Receiver


def receive_tests_too() -> None:
    """Let the national receiver get the cases that come of testing a version."""
    for receiver in Receiver.objects.filter(kind=NATIONAL, takes_tests=False):
        receiver.takes_tests = True
        receiver.save(update_fields=["takes_tests"])
