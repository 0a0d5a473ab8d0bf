"""The customer's paper: answers and attachments, a draft until it is sent and frozen."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApplicationsConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.applications"
    label = "applications"
    verbose_name = _("Applications")
