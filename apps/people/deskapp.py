"""Where Django finds the desk: read before there are any models, so it stands apart from `people.adminsite`."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Makes `django.contrib.admin.site` the desk."""

    default_site = "apps.people.adminsite.Desk"
