"""Who: users, authorities, memberships, customers; and who may see what."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.people"
    label = "people"
    verbose_name = _("People and authorities")

    def ready(self) -> None:
        """Let every process know all ways of identification, and one more way to look for rows."""
        import_module("apps.people.among")
        import_module("apps.people.identification.oidc")
        import_module("apps.people.identification.email_link")
