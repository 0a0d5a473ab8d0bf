"""What `sync` adds to everything that is held on a person (`cases.personaldata`): what was sent to them, and who received their cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from apps.cases.letters import Party
from apps.cases.models import Case
from apps.cases.personaldata import Person
from apps.sync.models import Delivery, Notice

CONSIDERED: dict[str, str] = {
    "sync.Receiver": "receivers.json, where a case was sent there",
    "sync.Delivery": "receivers.json and mails.json",
    "sync.Notice": "mails.json",
    "sync.DutyDone": "left out: of nobody",
    "sync.Reconciliation": "left out: figures",
    "sync.Finding": "left out: only that two sides differ",
    "sync.Tally": "left out: figures",
    "sync.RelayAlive": "left out: of a process",
    "sync.Alarm": "left out: of a receiver",
    "sync.LedgerEntry": "left out: put down while two sides are compared",
}


def more(person: Person, cases: list[Case]) -> Mapping[str, Any]:
    """Two documents: the mails to the person, and which line of which case went to which other receiver."""
    sent = Delivery.objects.filter(case__in=cases).select_related("event", "case", "receiver").order_by("pk")
    mailed = Q(party=Party.CUSTOMER) | Q(address__in=person.addresses)
    notices = Notice.objects.filter(_about(person)).order_by("pk")
    return {
        "mails.json": [
            *({**_said(one), "address": one.address} for one in sent.filter(mailed).iterator()),
            *(
                {
                    "what": one.kind,
                    "facts": one.data,
                    "address": one.address,
                    "made": one.created_at,
                    "sent": one.sent_at,
                }
                for one in notices
            ),
        ],
        "receivers.json": [_said(one) for one in sent.exclude(mailed).iterator()],
    }


def _about(person: Person) -> Q:
    """What was posted to the person's mailboxes, or about a paper of theirs."""
    papers = [str(pk) for pk in person.papers.values_list("pk", flat=True)]
    return Q(address__in=person.addresses) | Q(data__application__in=papers)


def _said(one: Delivery) -> dict[str, Any]:
    return {
        "case": one.case.number,
        "what": one.event.label,
        "receiver": one.receiver.name,
        "made": one.created_at,
        "delivered": one.delivered_at,
        "skipped": one.skipped_at,
    }
