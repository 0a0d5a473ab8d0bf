"""Doing something with several cases of the list at once: each by its own step, and a refusal of one stops no other."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.cases import finding
from apps.cases.desk.filters import Reach, kept, list_with
from apps.cases.desk.leafing import NOT_SHOWN, SHOWN
from apps.cases.models import Case, NotAllowed
from apps.cases.rulebook import ENDED
from apps.people import log
from apps.people.adminsite import Room
from apps.people.models import User
from apps.people.municipalities import all_municipalities
from apps.people.tables import csv_response, xlsx_response
from apps.services.texts import HELSINKI

MOST_AT_ONCE = 200
MOST_EXPORTED = 10_000
EXPORTS = {"csv": csv_response, "xlsx": xlsx_response}


class Bulk(Room):
    """What can be done with the chosen cases."""

    def get_urls(self) -> list[URLPattern]:
        """Where the chosen cases are sent."""
        act = self.admin_site.admin_view(require_POST(self.several_view))
        return [path("several/", act, name="cases_case_several"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with who the chosen cases can be handed on to."""
        reach = Reach.of(request)
        several = {
            "handles": reach.handles,
            "handlers": reach.handlers if reach.handles else [],
            "once": uuid.uuid4().hex,
        }
        return super().changelist_view(request, {**several, **(extra_context or {})})

    def several_view(self, request: HttpRequest) -> HttpResponseBase:
        """Take the chosen cases up, hand them on, or export them; with nothing chosen, everything that the list shows is exported."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        act, asked = request.POST.get("act", ""), kept(request.POST.get("kept", ""))
        chosen = _numbers(request.POST.getlist("case"))
        if act in EXPORTS:
            return self._exported(request, act, asked, chosen)
        handler = next((u for u in Reach.of(request).handlers if str(u.pk) == request.POST.get("handler")), None)
        if not chosen:
            messages.warning(request, _("Choose at least one case."))
        elif act == "assign" and handler is None:
            messages.warning(request, _("Choose whom the cases are handed on to."))
        elif act == "assign":
            self._take(request, "assign", chosen, handler=handler)
        elif act == "take_up":
            self._take(request, "take_up", chosen)
        return list_with(asked)

    # --- steps ---------------------------------------------------------------------------------------------------------

    def _take(self, request: HttpRequest, step: str, chosen: list[int], **facts: Any) -> None:
        """Take the step in each case, and say in how many it was taken and why not in the others."""
        taken, refused = 0, defaultdict(list)
        cases = Reach.of(request).cases.filter(pk__in=chosen[:MOST_AT_ONCE]).select_related("service")
        for case in cases.defer(*[name for name in NOT_SHOWN if "__" not in name]).order_by("pk"):
            try:
                case.take_step(step, by=_official(request), once=request.POST.get("once", "")[:64], **facts)
            except NotAllowed as refusal:
                refused[str(refusal)].append(str(case))
            else:
                taken += 1
                log.note(request, log.Act.CHANGED, str(case), authority=case.service.authority_id, detail=step)
        if taken:
            messages.success(request, _done(step, taken, facts.get("handler")))
        for why, numbers in refused.items():
            messages.error(request, f"{', '.join(numbers)}: {why}")

    # --- export --------------------------------------------------------------------------------------------------------

    def _exported(self, request: HttpRequest, kind: str, asked: Any, chosen: list[int]) -> HttpResponseBase:
        """The chosen cases, or all that the list shows so, as a table."""
        if chosen:
            found = Reach.of(request).cases.filter(pk__in=chosen[:MOST_AT_ONCE]).order_by("-arrived_at", "-pk")
        else:
            request.GET = asked  # the list as it was looked at when the button was pressed
            found = self.get_changelist_instance(request).queryset
        listed = list(found.values_list("pk", "service__authority")[: MOST_EXPORTED + 1])
        if len(listed) > MOST_EXPORTED:
            said = _("More than %(count)d cases cannot be exported at once. Narrow the list first.")
            messages.warning(request, said % {"count": MOST_EXPORTED})
            return list_with(asked)
        for authority, number in sorted(Counter(authority for _pk, authority in listed).items()):
            log.note(request, log.Act.EXPORTED, "cases", authority=authority, detail=f"{kind}, {number}")
        day = timezone.localdate(timezone=HELSINKI)
        return EXPORTS[kind](f"cases-{day.isoformat()}", header(), table(found.model, [pk for pk, _of in listed]))


def _official(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _numbers(sent: list[str]) -> list[int]:
    """The keys of what was chosen."""
    return [int(one) for one in sent if one.isascii() and one.isdecimal() and len(one) < 19]


def _done(step: str, count: int, handler: User | None) -> str:
    if step == "take_up":
        return ngettext("%(count)d case is taken up.", "%(count)d cases are taken up.", count) % {"count": count}
    said = ngettext("%(count)d case is handed on to %(name)s.", "%(count)d cases are handed on to %(name)s.", count)
    return said % {"count": count, "name": handler}


def header() -> list[str]:
    """What stands above each column of an export."""
    return [
        _("Case number"),
        _("Register number"),
        _("Service"),
        _("Applicant"),
        _("Status"),
        _("Status since"),
        _("Arrived"),
        _("Way of arrival"),
        _("Language"),
        _("Municipality"),
        _("Handler"),
        _("Handling began"),
        _("Due date"),
        _("Outcome"),
    ]


def table(cases: type[Case], keys: list[int]) -> Iterator[list[Any]]:
    """The rows of an export, newest first, in one query however many they are. Nothing of what was answered stands in them."""
    hidden = [*NOT_SHOWN, "application__customer__email"]
    found: QuerySet[Case] = cases._default_manager.filter(pk__in=keys).select_related(*SHOWN).defer(*hidden)
    language, places = get_language() or "sv", all_municipalities()
    for case in found.order_by("-arrived_at", "-pk").iterator(chunk_size=500):
        place = places.get(case.municipality)
        yield [
            case.number,
            case.register_number,
            case.service_name,
            _applicant(case),
            str(case.status_label) if case.status not in ENDED or not case.outcome else case.get_status_display(),
            case.status_at,
            case.arrived_at,
            case.get_way_display(),
            case.language,
            place.name(language) if place else case.municipality,
            case.handled_by,
            case.handling_since,
            case.due_on,
            case.outcome_label,
        ]


def _applicant(case: Case) -> str:
    """The names, and the business id; never an address, not even of somebody known by a mailbox alone."""
    given, family, *principal = finding.parties(case.application)
    name = f"{given} {family}".strip()
    return ", ".join(filter(None, [" ".join(filter(None, principal)), name]))
