"""Who: users, authorities, memberships, customers; and who may see what."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.people"
    label = "people"
    verbose_name = _("People and authorities")
