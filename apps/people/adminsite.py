"""The staff's door: Django admin under the service's own name."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AdminConfig):
    """Makes `django.contrib.admin.site` the desk."""

    default_site = "apps.people.adminsite.Desk"


class Desk(AdminSite):
    """The authority's desk. Who may see what in it is asked of `people.access`, not of Django's permission rows."""

    site_header = _("Simplified e-service: the authority's desk")
    site_title = _("Desk")
    index_title = _("What would you like to work with?")
    site_url = "/"
    enable_nav_sidebar = False
