"""The staff's door: Django admin under the service's own name, and what all its rooms have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin, ShowFacets
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from apps.people import secondfactor


class Desk(AdminSite):
    """The authority's desk. Who may see what in it is asked of `people.access`, not of Django's permission rows."""

    site_header = _("Simplified e-service: the authority's desk")
    site_title = _("Desk")
    index_title = _("What would you like to work with?")
    site_url = "/"
    enable_nav_sidebar = False
    empty_value_display = "–"

    def has_permission(self, request: HttpRequest) -> bool:
        """Officials, once they have shown their second factor. (The addresses for that are not the desk's own: `people.entrance`.)"""
        return super().has_permission(request) and secondfactor.passed(request)


class Room(ModelAdmin):
    """A room of the desk: shows rows of its queryset, and lets nobody add, change or delete them unless it says so.

    Django's permission rows are never asked. A room overrides `has_view_permission` (who may enter at all) and `get_queryset`
    (what is theirs to see), both with answers of `people.access`.
    """

    actions = None
    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may enter the room; what they find there is up to the queryset."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The front page of the desk shows the rooms one may enter."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Filter by what the list offers, and by nothing else that an address could ask."""
        return lookup in {getattr(one, "parameter_name", one) for one in self.list_filter}

    def found(self, request: HttpRequest, pk: int | str) -> Any:
        """A row that is this user's to see. Raises Http404."""
        row: Model | None = self.get_object(request, str(pk)) if self.has_view_permission(request) else None
        if row is None:
            raise Http404
        return row

    def page(self, request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
        """A page of the room's own."""
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
        return TemplateResponse(request, template, {**shared, **context})


def judged_again(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A room's view that saves what a form says, gone through once more where somebody has saved the same in the same moment.

    The form had looked before the other saved, so that the database alone refused it, and nothing of the first time stays. The second time
    the form itself sees what is there, and says so at its field, with all that was written. What no form has words for is raised.
    """

    @wraps(view)
    def judged(room: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(room, request, *args, **kwargs)
        try:
            with transaction.atomic():
                return view(room, request, *args, **kwargs)
        except IntegrityError:
            return view(room, request, *args, **kwargs)

    return judged
