"""The customer's pages as they will be, and the ways through the form."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.services import working
from apps.services.definition import Definition
from apps.services.desk.base import Building
from apps.services.routes import Route, routes, unreachable, ways
from apps.services.texts import HELSINKI, LANGUAGES
from apps.services.unfinished import fit_to_show

MOST_TRIED = 60  # routes for which it is worked out which pages a customer meets


class Previewing(Building):
    """The customer's pages as they will be, and the ways through the form."""

    def get_urls(self) -> list[URLPattern]:
        """The preview."""
        staff = self.admin_site.admin_view
        return [
            path("<int:pk>/build/preview/", staff(require_safe(self.preview_view)), name="services_service_preview"),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The customer's pages in a frame, what each condition opens, and which pages customers meet."""
        service, copy = self.copy_of(request, pk)
        definition, problems = working.judged(copy)
        shown = fit_to_show(definition, problems, working.document_of(copy))
        facts = through(shown, timezone.localdate(timezone=HELSINKI), get_language() or LANGUAGES[0])
        return self.build_page(
            request,
            "preview.html",
            _("Preview"),
            service,
            copy,
            tab="preview",
            fill=reverse("portal:preview_fill", args=[service.pk]),
            **facts,
        )


def through(definition: Definition, today: date, language: str) -> dict[str, Any]:
    """What is told of the ways through a form, in a language."""
    found = routes(definition)
    return {
        "routes": [_told(route, language) for route in found],
        "never": [one.said(language) for one in unreachable(definition, today)],
        "ways": [
            {
                "pages": [page.title.said(language) for page in way.pages],
                "routes": [route.when(language).rstrip(":") for route in way.routes],
            }
            for way in ways(definition, today, found[:MOST_TRIED])
        ],
        "ways_left": max(0, len(found) - MOST_TRIED),
    }


def _told(route: Route, language: str) -> dict[str, Any]:
    return {"mark": route.mark, "when": route.when(language), "follows": route.follows(language)}
