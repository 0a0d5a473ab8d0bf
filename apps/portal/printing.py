"""Everything of a case on one page, to print or to keep: what it is, what happened, what was written and sent, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from apps.applications.models import Application
from apps.applications.receipt import Receipt
from apps.cases import diary, intake
from apps.cases.models import Case, Event, open_request
from apps.people.models import Customer
from apps.portal.following import delivery, particulars
from apps.portal.visitors import customers_only, own_case
from apps.services.texts import HELSINKI


@dataclass(frozen=True)
class Moment:
    """A line of the diary with all that it says, and the files that came with it."""

    at: datetime
    what: str
    by: str
    on_behalf_of: str
    texts: list[str]
    files: list[dict[str, Any]]


@require_safe
@customers_only
def case_print(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    """The whole of an own case."""
    own = own_case(customer, number)
    lines = list(own.events.for_everybody())
    papers = [_receipt(own, paper) for paper in intake.papers_of(own)]
    asked = open_request(own)
    facts = {
        "case": own,
        "history": [_moment(line) for line in lines],
        "papers": papers,
        "first": papers[0],
        "supplement_request": asked,
        "overdue": asked is not None and asked.overdue(timezone.localdate(timezone=HELSINKI)),
        "delivery": delivery(own, lines, timezone.now(), diary.passed_on_from),
        "now": timezone.now(),
    }
    return render(request, "portal/case_print.html", facts)


def _receipt(case: Case, paper: Application) -> Receipt:
    line = paper.event
    return Receipt(paper, case.number or "", line.sent_by, line.sent_for, get_language() or paper.language)


def _moment(line: Event) -> Moment:
    texts = [text for text in (particulars(line), line.data.get("text", "")) if text]
    return Moment(line.at, line.label, line.told_by, line.on_behalf_of, texts, line.data.get("files", []))
