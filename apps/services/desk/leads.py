"""What a survey leads to: the services that its answers make needed, each with its reasons and its conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.services import editing, library, working
from apps.services.desk.base import Building, build_address
from apps.services.desk.elements import ElementsForm, TextAsked
from apps.services.editing import Document, Edit
from apps.services.layout import question_for
from apps.services.models import Service
from apps.services.texts import LANGUAGES
from apps.services.wording import lead_words

SURELY, POSSIBLY = "surely", "possibly"
REMOVE = "remove"


class LeadForm(ElementsForm):
    """A service that the answers can lead to, and why."""

    texts = (
        TextAsked(
            "why",
            gettext_lazy("Why"),
            gettext_lazy("What the customer is told beside it: “Because more than 200 persons come.”"),
            rows=2,
            needed=False,
        ),
    )
    service = forms.ChoiceField(label=gettext_lazy("Service"))
    sort = forms.ChoiceField(label=gettext_lazy("The service is"), widget=forms.RadioSelect)

    def prepare(self) -> None:
        """The services that customers can begin with, and those of the library."""
        service, sort = self.fields["service"], self.fields["sort"]
        assert isinstance(service, forms.ChoiceField)  # noqa: S101 (as declared above)
        assert isinstance(sort, forms.ChoiceField)  # noqa: S101 (as declared above)
        service.choices = [("", ""), *service_choices()]
        service.error_messages["required"] = _("Choose a service.")
        sort.choices = [(SURELY, _("surely needed")), (POSSIBLY, _("possibly needed"))]

    def places(self) -> Any:
        """The service first."""
        found: list[LayoutObject] = [question_for(name, self.fields[name]) for name in ("service", "sort")]
        return [*found, *(self.text_place(asked) for asked in self.texts)]

    def recall_others(self) -> Any:
        """Surely, unless said otherwise."""
        return [("sort", SURELY)]

    def lead(self) -> dict[str, Any]:
        """The new element, whose condition is still to be said."""
        said = self.said("why")
        return {"service": self.cleaned_data["service"], **({"why": said} if said else {})}


class Leads(Building):
    """What a survey leads to."""

    def get_urls(self) -> list[URLPattern]:
        """One page."""
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.leads_view))
        return [path("<int:pk>/build/leads/", view, name="services_service_leads"), *super().get_urls()]

    def leads_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what there is; a POST removes one, or adds one and goes on to its condition."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        if document.get("kind") != "survey":
            raise Http404
        leads = leads_of(document)
        if request.method == "POST" and (gone := request.POST.get(REMOVE, "")):
            if gone.isascii() and gone.isdigit() and int(gone) < len(leads):
                self.change(request, copy, _to([*leads[: int(gone)], *leads[int(gone) + 1 :]]), said=_("Removed."))
            return redirect("admin:services_service_leads", pk)
        form = LeadForm({}, editing.languages_of(document), request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            added = _("The service is added. Say when it is needed.")
            if self.change(request, copy, _to([*leads, form.lead()]), said=added):
                return redirect(self._condition(service, len(leads), form.cleaned_data["sort"]))
        definition, _problems = working.judged(copy)
        language = get_language() or LANGUAGES[0]
        names = dict(service_choices())
        named = [replace(lead, service=names.get(lead.service, lead.service)) for lead in definition.leads_to]
        said = [lead_words(lead, definition.fields, language) for lead in named]
        rows = [
            {
                "number": n,
                "called": names.get(str(lead.get("service")), lead.get("service")),
                "said": said[n] if len(said) == len(leads) else [],
                "surely": self._condition(service, n, SURELY),
                "possibly": self._condition(service, n, POSSIBLY),
                "lacks": SURELY not in lead and POSSIBLY not in lead,
            }
            for n, lead in enumerate(leads)
        ]
        title = _("What the answers lead to")
        return self.build_page(request, "leads.html", title, service, copy, tab="build", rows=rows, form=form)

    def _condition(self, service: Service, n: int, sort: str) -> str:
        """The page on which the condition of a lead is said, and which leads back here."""
        back = reverse("admin:services_service_leads", args=[service.pk])
        address = build_address("condition", service, "service", "leads_to", f"lead-{n}-{sort}")
        return f"{address}?{urlencode({'next': back})}"


def leads_of(document: Document) -> list[dict[str, Any]]:
    """What the document says that it leads to, as far as that is a list of objects."""
    leads = document.get("leads_to")
    return [lead for lead in leads if isinstance(lead, dict)] if isinstance(leads, list) else []


def _to(leads: list[dict[str, Any]]) -> Edit:
    return editing.set_elements({"leads_to": leads or None})


def service_choices() -> list[tuple[str, str]]:
    """The services that can be led to: those that customers can begin with, and those of the library, by name."""
    open_now = Service.objects.open().select_related("published", "authority").defer("published__document")
    found = {
        entry.name: entry.definition.name.said()
        for entry in library.entries().values()
        if entry.definition.kind != "survey" and entry.name != "joining"
    }
    found |= {one.key: f"{one} ({one.authority})" for one in open_now if one.makes_cases}
    return sorted(found.items(), key=lambda choice: choice[1].casefold())
