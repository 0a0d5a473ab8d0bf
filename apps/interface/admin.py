"""The desk's room for connected systems: which there are, their keys, and where they are tried."""

from __future__ import annotations

from django.contrib import admin

from apps.interface.desk.calls import Calls
from apps.interface.desk.keys import Keys
from apps.people.models import System


@admin.register(System)
class SystemAdmin(Keys, Calls):
    """The connected systems of the user's authorities. Each part brings its own addresses."""
