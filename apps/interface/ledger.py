"""The ledger: which cases have changed since when, and the digest by which a system knows whether it has what they say now."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from apps.applications.models import Application
from apps.cases import envelope, intake
from apps.cases.models import Case, Event
from apps.interface.operations import note, place_of
from apps.interface.parameters import Parameters, cursor
from apps.interface.reading import json_answer
from apps.people import access
from apps.people.log import Act
from apps.people.models import System
from apps.services.models import Service

logger = logging.getLogger(__name__)

OF_NONE = f"sha-256:{'0' * 64}"  # no document has this digest: who compares asks for the case, and is told that it is our trouble
SETTLED = timedelta(minutes=1)  # longer than anything that changes a case takes from its moment to its commit


def ledger(request: HttpRequest, system: System) -> HttpResponseBase:
    """The system's cases that have changed at a moment or later, the longest unchanged first, page by page.

    `asOf` is a moment before which nothing is on its way any more. So whoever has turned the pages to their end asks next for what
    changed since the `asOf` of the first one, and misses nothing, whatever was being written in the meantime.
    """
    as_of = timezone.now() - SETTLED
    asked = Parameters(request)
    since, place, limit = asked.changed_since(), asked.cursor(), asked.limit()
    services = _services_of(system)
    # Its services are named too, so that an index can say which of their cases come first, and nobody else's are looked through.
    own = Case.objects.filter(access.cases_of_system(system), service__in=list(services))
    changed = own.filter(told_at__isnull=False)
    if since is not None:
        changed = changed.filter(told_at__gte=since)
    if place is not None:
        at, pk = place
        changed = changed.filter(Q(told_at__gt=at) | Q(told_at=at, pk__gt=pk), told_at__gte=at)
    found = list(changed.order_by("told_at", "pk").defer("words", "outcome_text")[: limit + 1])
    page, more = found[:limit], len(found) > limit
    note(request, system, Act.SEARCHED, None, f"ledger, {len(page)}")
    return json_answer(
        {
            "items": _items(page, services),
            "next": cursor(page[-1].told_at, page[-1].pk) if more and page[-1].told_at else None,
            "asOf": envelope.moment(as_of),
        }
    )


def _services_of(system: System) -> dict[int, Service]:
    """The services that a system is about, with their authority, by their ids."""
    found = Service.objects.filter(access.services_of_system(system)).select_related("authority").defer("called")
    return {service.pk: service for service in found}


def _items(page: Sequence[Case], services: Mapping[int, Service]) -> list[dict[str, Any]]:
    """What is said of each case. As many queries for many as for one."""
    keys = [case.pk for case in page]
    papers = intake.papers_of_all(keys)
    counted = Event.objects.for_everybody().filter(case__in=keys).order_by().values_list("case").annotate(Count("pk"))
    last = dict(counted) if keys else {}
    items = []
    for case in page:
        case.service = services[case.service_id]
        items.append(
            {
                "externalId": str(case.external_id),
                "lastEvent": last.get(case.pk, 0),
                "digest": _digest(case, papers[case.pk]),
                "changedAt": envelope.moment(case.told_at) if case.told_at else None,
                "service": case.service.key,
                "status": case.status,
                "caseNumber": case.number,
            }
        )
    return items


def _digest(case: Case, papers: list[Application]) -> str:
    """The digest of the case data; that of none for a case that cannot be put together, which holds up no other."""
    try:
        case.application = next(paper for paper in papers if paper.pk == case.application_id)
        return str(envelope.data_of(case, papers)["digest"])
    except Exception as e:
        logger.error("case %d cannot be put together: %s", case.pk, place_of(e))
        return OF_NONE
