"""What customers do in the authority's own service, where only the state of the matter is kept here: its arrival, as the authority's
system tells it. From then on it is a case like any other.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.db import transaction
from django.utils.translation import gettext as _

from apps.applications import drafting
from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case, Event, Way
from apps.cases.rulebook import NotAllowed
from apps.people import access
from apps.people.models import System

LONGEST_NUMBER = 60
CLOCKS = timedelta(hours=1)  # by which two clocks may differ
AHEAD = timedelta(minutes=5)  # by which theirs may be ahead: what arrived then arrives now


def address_there(paper: Application, language: str) -> str:
    """Where a customer goes on in the authority's own service, in a language. It says there by which external id that is known here."""
    parts = urlsplit(paper.version.definition.own_service.said(language))
    told = {"externalId": str(paper.external_id), "lang": language}
    own = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in told]
    return urlunsplit(parts._replace(query=urlencode([*own, *told.items()])))


def awaited(system: System, external_id: uuid.UUID) -> Application | None:
    """The note that a customer goes on in the authority's own service, when its service is one that the system is about.

    None for every other external id, and once it has arrived.
    """
    return _found(system, external_id, lock=False)


def arrive(system: System, external_id: uuid.UUID, key: uuid.UUID, at: datetime, data: Mapping[str, Any]) -> Event:
    """What a customer has done in the authority's own service has arrived there: the case with its first diary line, in one transaction.

    `key` is the line's: posted again under it, it gives the same line and changes nothing. `data` may say `arrivedAt` (RFC 3339), when that
    was before now, and `registerNumber`, the authority's own. Nothing of what was filled in there is kept here.
    Raises NotAllowed, in words; Application.DoesNotExist for what is not awaited (see `awaited`).
    """
    if not system.may(System.Scope.WRITE):
        raise NotAllowed(_("You may not take steps in this case."))
    with transaction.atomic():
        paper = _found(system, external_id, lock=True)
        if paper is None:
            return _before(system, external_id, key)
        arrived_at, number = _arrived_at(paper, data, at), _register_number(data)
        paper.came_by, paper.came_at = Way.OTHER_SERVICE, arrived_at
        paper.save(update_fields=["came_by", "came_at"])
        drafting.freeze(paper, at=arrived_at, as_it_is=True)
        facts: dict[str, Any] = {
            "way": Way.OTHER_SERVICE,
            "arrived_at": arrived_at.isoformat(),
            "sender": _sender(paper),
            **({"register_number": number} if number else {}),
            **({"protected": True} if paper.customer.protected else {}),
        }
        more = {"register_number": number} if number else {}
        return intake.open_folder(
            paper, by=system, at=at, data=facts, way=Way.OTHER_SERVICE, arrived_at=arrived_at, key=key, **more
        )


def _found(system: System, external_id: uuid.UUID, *, lock: bool) -> Application | None:
    """The oldest such note, if somebody has come to have the same external id."""
    rows = Application.objects.drafts().filter(
        access.services_of_system(system, "version__service__"),
        external_id=external_id,
        is_test=system.is_test,
        supplement_form__isnull=True,
        came_at=None,
    )
    rows = rows.select_related("version__service", "customer", "principal").order_by("created_at", "pk")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    return next((paper for paper in rows if paper.is_redirected), None)


def _before(system: System, external_id: uuid.UUID, key: uuid.UUID) -> Event:
    """The line it gave, when it has arrived before under the same key."""
    own = Case.objects.filter(access.cases_of_system(system), external_id=external_id)
    first = Event.objects.filter(case__in=own, number=1).select_related("case").first()
    if first is None:
        raise Application.DoesNotExist
    if first.key != key:
        raise NotAllowed(_("This has arrived already."))
    return first


def _arrived_at(paper: Application, data: Mapping[str, Any], now: datetime) -> datetime:
    said = data.get("arrivedAt")
    if said is None:
        return now
    try:
        moment = datetime.fromisoformat(said)
        ahead, before = moment > now + AHEAD, moment < paper.created_at - CLOCKS
    except (TypeError, ValueError):  # no time at all, or one without its offset
        said = _("The time of arrival must be a time with its offset, such as 2027-03-01T11:30:00+02:00.")
        raise NotAllowed(said) from None
    if ahead:
        raise NotAllowed(_("It cannot have arrived at a time that is ahead."))
    if before:
        raise NotAllowed(_("It cannot have arrived before the customer went on to the authority’s own service."))
    return min(moment.astimezone(UTC), now)


def _register_number(data: Mapping[str, Any]) -> str:
    said = data.get("registerNumber")
    if said is None:
        return ""
    number = said.strip() if isinstance(said, str) else ""
    if not number or len(number) > LONGEST_NUMBER or not number.isprintable():
        raise NotAllowed(_("The register number must be a text of 1 to 60 characters."))
    return number


def _sender(paper: Application) -> dict[str, str]:
    """Whose it is, as they were signed in here when they went on."""
    told = {"name": paper.customer.name}
    if paper.principal is None:
        return told
    principal = paper.principal
    return told | {"kind": principal.kind, "principal": principal.name, "business_id": principal.business_id}
