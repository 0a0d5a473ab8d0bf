"""Deliveries of the diary to the national service and other receivers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.sync"
    label = "sync"
    verbose_name = _("Deliveries")
