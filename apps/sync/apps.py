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
        """Look at the settings when the house is set up, and let the page of a case say how far its diary has got."""
        from apps.cases import diary  # noqa: PLC0415 - there are no models before the apps are ready
        from apps.services.management.commands import demo  # noqa: PLC0415 - the same
        from apps.sync.examples import receive_tests_too  # noqa: PLC0415 - the same
        from apps.sync.standing import passed_on_from, standing_of  # noqa: PLC0415 - the same

        register(check_lease)
        diary.deliveries_of = standing_of
        diary.passed_on_from = passed_on_from
        demo.MORE.append(receive_tests_too)


def check_lease(**_more: object) -> list[CheckMessage]:
    """A request must end before its delivery may be taken by another relay."""
    if settings.RELAY_TIMEOUT < settings.RELAY_LEASE:
        return []
    words = "RELAY_TIMEOUT must be shorter than RELAY_LEASE: otherwise two relays could send the same event at once."
    return [Error(words, id="sync.E001")]
