"""Putting parcels together: everything that is sent of a batch of deliveries, read from the database in a few queries."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import prefetch_related_objects

from apps.applications.models import Application, Attachment
from apps.cases import envelope, intake
from apps.cases.models import Document, Event
from apps.sync.receivers.base import Content, Enclosure, Parcel, Refused

if TYPE_CHECKING:
    from apps.sync.receivers.base import InHand

log = logging.getLogger(__name__)

CASE_OF_EVENT = Event._meta.get_field("case")  # setting it would look over what is known to fit


def pack(deliveries: Sequence[InHand]) -> dict[int, Parcel | Refused]:
    """The parcel of each delivery, by its id. One that cannot be put together waits for a person and holds up no other."""
    with_data = [delivery.case_id for delivery in deliveries if carries_data(delivery)]
    # The authority is the case's: that of the paper's version was another, where the case was transferred.
    prefetch_related_objects([delivery.case for delivery in deliveries if carries_data(delivery)], "service__authority")
    papers = intake.papers_of_all(with_data)
    contents = _contents(papers) | _contents_of_documents(deliveries)
    packed: dict[int, Parcel | Refused] = {}
    for delivery in deliveries:
        try:
            packed[delivery.pk] = _parcel(delivery, papers.get(delivery.case_id, []), contents)
        except Exception as e:
            where = traceback.extract_tb(e.__traceback__)[-1]
            # The message of an exception may hold what somebody wrote; its kind and place do not.
            log.error("delivery %d cannot be put together: %s in %s", delivery.pk, type(e).__name__, where.name)
            packed[delivery.pk] = Refused(f"cannot be put together: {type(e).__name__} in {where.name}")
    return packed


def carries_data(delivery: InHand) -> bool:
    """Whether the case data go with it: a paper came, or it is the first that the receiver hears of the case."""
    return delivery.event.paper_id is not None or delivery.number == 1


def _contents(papers: dict[int, list[Application]]) -> dict[str, Content]:
    """Where each file of the papers is stored. No paper is read for this: one that cannot be would hold up all the others."""
    keys = [paper.pk for folder in papers.values() for paper in folder]
    found = Attachment.objects.filter(application__in=keys) if keys else ()
    return {str(item.pk): Content(item.content.storage, str(item.content.name)) for item in found}


def _contents_of_documents(deliveries: Sequence[InHand]) -> dict[str, Content]:
    """Where each file is stored that came with one of the diary lines and not with a paper."""
    lines = [delivery.event_id for delivery in deliveries if delivery.event.data.get("files")]
    found = Document.objects.filter(event__in=lines) if lines else ()
    return {str(item.pk): Content(item.content.storage, str(item.content.name)) for item in found}


def _parcel(delivery: InHand, papers: list[Application], contents: dict[str, Content]) -> Parcel:
    event, case = delivery.event, delivery.case
    CASE_OF_EVENT.set_cached_value(event, case)
    skipped = delivery.skipped_at is not None
    say = envelope.skipped if skipped else envelope.event
    data: dict[str, Any] | None = None
    own: tuple[Enclosure, ...] = ()
    earlier: dict[str, Enclosure] = {}
    if carries_data(delivery):
        case.application = next(paper for paper in papers if paper.pk == case.application_id)
        # What is skipped is left out of the data too: it may be what the receiver cannot take.
        known = [p for p in papers if p.event.number < event.number or (p.pk == event.paper_id and not skipped)]
        data = envelope.case_data(event, known)
        enclosed = {p.pk: _enclosures(envelope.attachments_of(p), contents) for p in known}
        own = enclosed.get(event.paper_id, ()) if event.paper_id else tuple(e for p in known for e in enclosed[p.pk])
        earlier = {enclosure.id: enclosure for p in known for enclosure in enclosed[p.pk]}
    if not skipped:
        own += _enclosures(envelope.documents_of(event), contents)
    return Parcel(
        external_id=str(case.external_id),
        case_number=case.number or "",
        key=str(event.key),
        number=delivery.number,
        hand=str(delivery.lease_token or ""),
        skipped=skipped,
        event=say(event, delivery.number),
        data=data,
        enclosures=own,
        earlier_enclosures=earlier,
    )


def _enclosures(listed: Sequence[dict[str, Any]], contents: dict[str, Content]) -> tuple[Enclosure, ...]:
    return tuple(
        Enclosure(item["id"], item["type"], item["size"], item["sha256"], contents[str(uuid.UUID(item["id"]))])
        for item in listed
    )
