"""Deliveries of the diary to the national service and other receivers."""

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.sync"
    label = "sync"
    verbose_name = _("Deliveries")

    def ready(self) -> None:
        """Look at the settings when the house is set up."""
        register(check_lease)


def check_lease(**_more: object) -> list[CheckMessage]:
    """A request must end before its delivery may be taken by another relay."""
    if settings.RELAY_TIMEOUT < settings.RELAY_LEASE:
        return []
    words = "RELAY_TIMEOUT must be shorter than RELAY_LEASE: otherwise two relays could send the same event at once."
    return [Error(words, id="sync.E001")]
