"""How far a case's diary has got with each receiver, for the page of the case: told downwards when the house is set up."""

from __future__ import annotations

from collections import Counter

from django.urls import reverse
from django.utils.http import urlencode

from apps.cases.diary import Reach
from apps.cases.models import Case
from apps.sync.models import STATUS_WORDS, Delivery


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
