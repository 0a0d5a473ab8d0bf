"""What stands in the way of publishing, and what could be better, each with the way to where it is mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.services import gate
from apps.services.desk.base import Building, build_address
from apps.services.gate import Finding
from apps.services.models import Service
from apps.services.texts import language_name

MOST_SHOWN = 200  # of each group
# The part of the service's pages on which an element is mended; all others are mended in the text.
PARTS = {
    "about": (
        *("name", "summary", "for_whom", "legal_ground", "price", "handling_time", "at_hand"),
        *("deadline", "contact", "kind", "municipalities", "authority"),
    ),
    "times": ("handling_limit",),
    "told": ("own_service", "connection", "email"),
    "identification": ("identification", "acting_for", "mandate", "declaration"),
    "retention": ("keep_days", "records", "privacy", "draft_days"),
}
PART_OF = {element: part for part, elements in PARTS.items() for element in elements}
PAGE_OF = {
    "pages": "questions",
    "languages": "texts",
    "leads_to": "leads",
}  # elements that have a page of the builder to themselves


@dataclass(frozen=True)
class Shown:
    """A finding as the page shows it: the way to where it is mended, '' where there is no such page; of a text, in which language."""

    finding: Finding
    address: str

    @property
    def language(self) -> str:
        """What the language is called that the finding is about; '' when it is about all."""
        return language_name(self.finding.language) if self.finding.language else ""


class Checking(Building):
    """The page of what the gate finds in the working copy."""

    def get_urls(self) -> list[URLPattern]:
        """The page."""
        view = self.admin_site.admin_view(require_safe(self.check_view))
        return [path("<int:pk>/build/check/", view, name="services_service_check"), *super().get_urls()]

    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what must be mended, and what could be better."""
        service, copy = self.copy_of(request, pk)
        found = gate.of_copy(copy)
        must = gate.stops(found)
        better = [finding for finding in found if not finding.stops]
        return self.build_page(
            request,
            "check.html",
            _("Check"),
            service,
            copy,
            tab="check",
            must=shown(must, service),
            count=len(must),
            must_left=len(must) - MOST_SHOWN,
            better=shown(better, service),
            better_left=len(better) - MOST_SHOWN,
            broken=any(finding.check == "document" for finding in must),
        )


def shown(found: Iterable[Finding], service: Service) -> list[Shown]:
    """Findings with the ways to where they are mended."""
    return [Shown(finding, address_of(finding, service)) for finding in list(found)[:MOST_SHOWN]]


def address_of(finding: Finding, service: Service) -> str:
    """Where a finding is mended: at its question, its page, its part of what is said of the service, else in the text."""
    place = finding.place
    if finding.check == "texts" and finding.language and (place.field or place.page):
        texts = build_address("texts", service)
        return f"{texts}?language={finding.language}&show=missing" if texts else _of_form(finding, service)
    return _of_form(finding, service) or build_address("document", service)


def _of_form(finding: Finding, service: Service) -> str:
    place = finding.place
    if place.field:
        return build_address("field", service, place.field) or build_address("questions", service)
    if place.page:
        return build_address("page", service, place.page) or build_address("questions", service)
    if place.element in PART_OF:
        part = build_address("basics", service, PART_OF[place.element])
        return f"{part}#id_{place.element}__{finding.language}" if part and finding.language else part
    return build_address(PAGE_OF[place.element], service) if place.element in PAGE_OF else ""
