"""What can be asked for: services, their versions, and the form engine."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServicesConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.services"
    label = "services"
    verbose_name = _("Services")
