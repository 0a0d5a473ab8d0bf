"""The customer's paper: answers and attachments, a draft until it is sent and frozen."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApplicationsConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.applications"
    label = "applications"
    verbose_name = _("Applications")

    def ready(self) -> None:
        """Let the floor below tell what a version means for drafts, before it is published."""
        from apps.applications.ahead import ahead_words  # noqa: PLC0415 (its models are there by now)
        from apps.services import publishing  # noqa: PLC0415

        publishing.tellers.append(ahead_words)
