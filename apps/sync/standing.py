"""How far a case's diary has got with each receiver, for the page of the case: told downwards when the house is set up."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode

from apps.cases.diary import Reach
from apps.cases.models import Case
from apps.sync.models import NATIONAL, STATUS_WORDS, Delivery, Receiver
from apps.sync.receivers.national import National


def standing_of(case: Case) -> dict[int, list[Reach]]:
    """By diary line (its primary key): each receiver with the states its deliveries are in, and how many are in each. One query."""
    rows = Delivery.objects.filter(case=case).select_related("receiver").order_by("receiver__key", "pk")
    counted = Counter((row.event_id, row.receiver, row.status) for row in rows)
    found: dict[int, list[Reach]] = {}
    for (event, receiver, status), count in counted.items():
        asked: dict[str, str | int] = {"case__id__exact": case.pk, "receiver__id__exact": receiver.pk, "status": status}
        where = f"{reverse('admin:sync_delivery_changelist')}?{urlencode(asked)}"
        found.setdefault(event, []).append(Reach(receiver.name, status, str(STATUS_WORDS[status]), count, where))
    return found


def passed_on_from() -> datetime | None:
    """From when on what happens is passed on to the national service; None while it is off or the settings do not say where it is."""
    if not National.ready():
        return None
    return Receiver.objects.filter(kind=NATIONAL, active=True).values_list("since", flat=True).first()
