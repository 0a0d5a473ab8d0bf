"""The customer's pages."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.portal"
    label = "portal"
    verbose_name = _("Portal")
