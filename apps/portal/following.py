"""Afterwards: the customer's cases, what happened in each, the receipts, answering the authority and withdrawing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case, Event, NotAllowed, SupplementRequest, open_request
from apps.cases.rulebook import FINAL, Status
from apps.people.models import Customer
from apps.portal.visitors import customers_only, own_case
from apps.services.answersheet import Section
from apps.services.texts import HELSINKI, date_words

EXPECTED: dict[str, Any] = {
    Status.RECEIVED: gettext_lazy("The authority will take it up. You need not do anything."),
    Status.IN_HANDLING: gettext_lazy("The authority is handling it. You need not do anything."),
    Status.SUPPLEMENTED: gettext_lazy("The authority goes on with what you added. You need not do anything."),
}


def expected(case: Case, request: SupplementRequest | None, today: date) -> str:
    """What is expected of whom now, in words."""
    if request is not None:
        words = {"due": date_words(request.due)}
        if request.overdue(today):
            return _("The last day to answer was %(due)s. Contact the authority.") % words
        return _("You are to answer the authority by %(due)s.") % words
    return str(EXPECTED.get(case.status, _("Nothing more is expected of you.")))


# --- my cases --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Followed:
    """A case in the list, with what is expected of whom."""

    case: Case
    expected: str


@require_safe
@customers_only
def my_cases(request: HttpRequest, customer: Customer) -> HttpResponse:
    """The customer's cases and drafts, the newest first."""
    cases = (
        Case.objects.of(customer)
        .select_related("service__authority", "application__version")
        .defer("application__version__document")
        .prefetch_related("supplement_requests")
        .order_by("-arrived_at", "-pk")
    )
    drafts = (
        Application.objects.of(customer)
        .drafts()
        .exclude(answers_request__ended_at__isnull=False)
        .select_related("version__service__authority", "answers_request__case")
        .defer("version__document")
        .order_by("-changed_at")
    )
    today = timezone.localdate(timezone=HELSINKI)
    followed = []
    for case in cases:
        waiting = next((asked for asked in case.supplement_requests.all() if asked.is_open), None)
        followed.append(Followed(case, expected(case, waiting, today)))
    return render(request, "portal/my_cases.html", {"followed": followed, "drafts": list(drafts)})


# --- one case --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A line of the diary as the customer reads it."""

    at: datetime
    what: str
    by: str
    texts: list[str]


@dataclass(frozen=True)
class Paper:
    """A paper of the folder with its answers."""

    paper: Application
    title: str
    sections: list[Section]
    receipt: str


@require_safe
@customers_only
def case(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    """Where a case is, what happened, what was sent, and what the customer may do."""
    own = own_case(customer, number)
    events = list(own.events.all())
    waiting = open_request(own)
    today = timezone.localdate(timezone=HELSINKI)
    steps = {step.name for step in own.steps_for(customer)}
    facts = {
        "case": own,
        "expected": expected(own, waiting, today),
        "history": [_moment(event, customer) for event in events],
        "papers": [_paper(own, paper) for paper in intake.papers_of(own)],
        "supplement_request": waiting,
        "asked_again": _labels(own, waiting.fields) if waiting else [],
        "may_answer": waiting is not None and not waiting.overdue(today) and "supplement" in steps,
        "may_withdraw": "withdraw" in steps,
        "ended": own.status in FINAL,
        "passed_on": bool(events) and own.acknowledged_number >= events[-1].number,
    }
    return render(request, "portal/case.html", facts)


def _moment(event: Event, customer: Customer) -> Moment:
    by = _("By you") if event.by_customer_id == customer.pk else _("By %(name)s") % {"name": event.by_name}
    return Moment(event.at, event.label, by, [text for text in (_said(event), event.data.get("text", "")) if text])


def _said(event: Event) -> str:
    """What a diary line tells besides its own text."""
    data = event.data
    if event.kind == "request_supplement" and data.get("due"):
        return _("To be answered by %(due)s.") % {"due": date_words(date.fromisoformat(data["due"]))}
    if event.kind == "close":
        return _("Outcome: %(outcome)s") % {"outcome": event.case.outcome_label}
    if event.kind == "transfer" and data.get("to"):
        return _("Transferred to: %(authority)s") % {"authority": data["to"]}
    return ""


def _paper(case: Case, paper: Application) -> Paper:
    title = _("What you sent") if paper.supplement_form is None else _("Your supplement")
    return Paper(paper, title, paper.sheet(get_language()), _receipt_of(case, paper))


def _labels(case: Case, keys: list[str]) -> list[str]:
    """The questions the authority asks again, in words."""
    fields = case.application.version.definition.fields
    return [fields[key].label.said() for key in keys if key in fields]


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def answer(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    """Begin, or go on with, the answer to the authority's request for a supplement."""
    own = own_case(customer, number)
    if request.method != "POST":
        return redirect("portal:case", number=number)
    try:
        paper = intake.begin_supplement(own, customer)
    except NotAllowed as refused:
        messages.error(request, str(refused))
        return redirect("portal:case", number=number)
    # Not the first page that is not done: what is asked again is filled in already, and is to be seen.
    return redirect("portal:page", pk=paper.pk, page=paper.definition.pages[0].key)


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def withdraw(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    """Ask, then withdraw the case."""
    own = own_case(customer, number)
    if request.method != "POST":
        if "withdraw" not in {step.name for step in own.steps_for(customer)}:
            messages.info(request, _("This case can no longer be withdrawn."))
            return redirect("portal:case", number=number)
        return render(request, "portal/withdraw.html", {"case": own})
    try:
        own.take_step("withdraw", by=customer)
    except NotAllowed:
        messages.info(request, _("This case can no longer be withdrawn."))
    else:
        messages.success(request, _("The case has been withdrawn."))
    return redirect("portal:case", number=number)


# --- receipts --------------------------------------------------------------------------------------------------------


def receipt_address(paper: Application) -> str:
    """Where the receipt of a sent paper is."""
    return _receipt_of(intake.case_of(paper), paper)


def _receipt_of(case: Case, paper: Application) -> str:
    if paper.supplement_form is None:
        return reverse("portal:receipt", args=[case.number])
    return reverse("portal:supplement_receipt", args=[case.number, paper.pk])


@require_safe
@customers_only
def receipt(request: HttpRequest, customer: Customer, number: str, pk: uuid.UUID | None = None) -> HttpResponse:
    """The receipt (13/2003, sections 10 and 12): number, time of arrival, what was sent. By default that of the first paper."""
    own = own_case(customer, number)
    papers = Application.objects.select_related("version").defer("version__document")
    paper = get_object_or_404(papers, pk=pk, event__case=own) if pk else own.application
    sections = paper.sheet(get_language())
    facts = {
        "case": own,
        "paper": paper,
        "sections": sections,
        "files": [(line.label, file) for section in sections for line in section.lines for file in line.files],
    }
    return render(request, "portal/receipt.html", facts)
