"""The calls of a system that tests: the list, and each with its answer as they went over the line."""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.applications import externalids
from apps.cases.models import Case
from apps.interface import judging
from apps.interface.desk.sandboxes import Sandboxes
from apps.interface.models import Call
from apps.people import access, log
from apps.people.models import System
from apps.services.layout import lay_out_plainly

ROWS = 50
MOST_NAMES, LONGEST_NAME = 20, 60  # of fields that were not understood


class CallSearch(forms.Form):
    """Which calls are looked for."""

    use_required_attribute = False
    case = forms.CharField(
        label=gettext_lazy("Case"),
        help_text=gettext_lazy("Its number, or its externalId."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    failed = forms.BooleanField(label=gettext_lazy("Only calls that were refused or failed"), required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        for field in self.fields.values():
            field.needed = True  # type: ignore[attr-defined]  # no word that it is optional: in a search everything is
        lay_out_plainly(self)

    def narrowed(self, calls: QuerySet[Call], system: System) -> QuerySet[Call]:
        """The calls that are looked for."""
        if not self.is_valid():
            return calls.none()
        if asked := self.cleaned_data["case"].strip():
            external_id = _external_id(asked, system)
            calls = calls.filter(path__icontains=f"/{external_id}") if external_id else calls.none()
        return calls.filter(status__gte=400) if self.cleaned_data["failed"] else calls


def _external_id(asked: str, system: System) -> uuid.UUID | None:
    """By what a case is known outside that is asked for by its number, or by that itself."""
    if said := externalids.read(asked):
        return said
    own = Case.objects.filter(access.cases_of_system(system), number__iexact=asked)
    found: uuid.UUID | None = own.values_list("external_id", flat=True).first()
    return found


class Calls(Sandboxes):
    """The pages of calls."""

    def get_urls(self) -> list[URLPattern]:
        """The list, and a call."""
        staff = self.admin_site.admin_view
        return [
            path("<int:pk>/calls/", staff(require_safe(self.calls_view)), name="people_system_calls"),
            path(
                "<int:pk>/calls/<int:number>/",
                staff(never_cache(require_safe(self.call_view))),
                name="people_system_call",
            ),
            *super().get_urls(),
        ]

    def calls_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The calls, the latest first."""
        system = self.tested(request, pk)
        form = CallSearch(request.GET)
        found = form.narrowed(system.calls.defer("body", "answer", "headers"), system)
        page = Paginator(found, ROWS).get_page(request.GET.get("page"))
        asked = request.GET.copy()
        asked.pop("page", None)
        facts: dict[str, Any] = {
            "system": system,
            "form": form,
            "rows": page,
            "asked": asked.urlencode(),
            "searched": bool(form.is_valid() and any(form.cleaned_data.values())),
        }
        return self.page(request, "admin/interface/calls.html", _("Calls"), **facts)

    def call_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """A call with its answer. What stands in them is for who reads the authority's cases: they may be of a tester's."""
        system = self.tested(request, pk)
        call = get_object_or_404(Call, system=system, pk=number)
        reads = system.authority_id in access.whole_authorities_where(request.user, access.SEES_CASES)
        if reads:
            log.note(
                request, log.Act.SAW, f"system {system.pk}", authority=system.authority_id, detail=f"call {call.pk}"
            )
        facts: dict[str, Any] = {
            "system": system,
            "call": call,
            "reads": reads,
            "headers": "\n".join(f"{name}: {value}" for name, value in call.headers.items()),
            "sent": pretty(call.body) if reads else "",
            "answered": pretty(call.answer) if reads else "",
            "left_out": left_out(call) if reads else "",
            "phrase": _phrase(call.status),
            "newer": system.calls.filter(pk__gt=call.pk).order_by("pk").only("pk").first(),
            "older": system.calls.filter(pk__lt=call.pk).order_by("-pk").only("pk").first(),
        }
        return self.page(request, "admin/interface/call.html", str(call), **facts)


def pretty(text: str) -> str:
    """A JSON text with a line for each of its values; any other as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False) if text else ""
    except (ValueError, RecursionError):
        return text


def left_out(call: Call) -> str:
    """The names that stood in the data of a posted event and were not understood: a field that is misspelt is let be like any other."""
    if call.method != "POST" or not call.path.partition("?")[0].rstrip("/").endswith("/events"):
        return ""
    try:
        names = judging.not_understood(json.loads(call.body))
    except (ValueError, RecursionError):
        return ""
    said = ", ".join(name[:LONGEST_NAME] for name in names[:MOST_NAMES])
    return f"{said}, …" if len(names) > MOST_NAMES else said


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
