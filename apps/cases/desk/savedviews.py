"""Ways of looking at the list of cases that an official comes back to: their own, under names of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.cases.desk.filters import SEARCH, kept, list_with
from apps.cases.models import SavedView
from apps.people.adminsite import Room

MOST = 30


class SavedViews(Room):
    """The saved views of the list."""

    def get_urls(self) -> list[URLPattern]:
        """Keeping one, and deleting one."""
        staff = self.admin_site.admin_view
        return [
            path("views/", staff(require_POST(self.save_view_view)), name="cases_case_save_view"),
            path("views/<int:pk>/delete/", staff(require_POST(self.delete_view_view)), name="cases_case_delete_view"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list with the official's views, and which of them is shown."""
        now = kept(request.GET, SEARCH).urlencode()
        views = [(view, view.query == now) for view in SavedView.objects.filter(user=request.user.pk)]
        return super().changelist_view(request, {"views": views, "view": now, **(extra_context or {})})

    def save_view_view(self, request: HttpRequest) -> HttpResponse:
        """Keep the filters and the order under a name, over what was kept under it before. What is searched for is never kept."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = request.POST.get("kept", "")
        query = kept(asked, SEARCH).urlencode()
        name = " ".join(request.POST.get("name", "").split())[:60]
        own = SavedView.objects.filter(user=request.user.pk)
        if not name or not name.isprintable():
            messages.error(request, _("Give the view a name."))
        elif len(query) > 500:
            messages.error(request, _("The view cannot be saved. Choose fewer filters."))
        elif own.exclude(name=name).count() >= MOST:
            said = _("You have %(count)d views, and there cannot be more. Delete one first.")
            messages.error(request, said % {"count": MOST})
        else:
            SavedView.objects.update_or_create(user_id=request.user.pk or 0, name=name, defaults={"query": query})
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": name})
        return list_with(kept(asked))

    def delete_view_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete one of one's own."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        view = get_object_or_404(SavedView, user=request.user.pk, pk=pk)
        view.delete()
        messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
        return list_with(kept(request.POST.get("kept", "")))
