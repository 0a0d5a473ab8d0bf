"""Afterwards: the customer's cases as all who take part see them, what happened in each, answering, adding and withdrawing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications.keeping import kept_until
from apps.applications.models import Application, Undertaking
from apps.cases import diary, duedates, intake
from apps.cases.models import Case, Event, NotAllowed, SupplementRequest, open_request
from apps.cases.rulebook import ENDED, OUTCOMES, STEPS, TABLE, Party, Status
from apps.people.models import Customer
from apps.portal.messages import OURS, THEIRS, thread, who
from apps.portal.receipts import receipt_address
from apps.portal.visitors import customers_only, own_case
from apps.services.answersheet import Section
from apps.services.texts import HELSINKI, date_words, moment_words

EXPECTED: dict[str, Any] = {
    Status.RECEIVED: gettext_lazy("The authority will take it up. You need not do anything."),
    Status.IN_HANDLING: gettext_lazy("The authority is handling it. You need not do anything."),
    Status.SUPPLEMENTED: gettext_lazy("The authority goes on with what you added. You need not do anything."),
}
# What the authority's side does; of these the customer is told that there is something new.
BY_AUTHORITY = frozenset(step.name for step in TABLE if step.by is Party.HANDLER)


def expected(case: Case, request: SupplementRequest | None, today: date) -> str:
    """What is expected of whom now, in words."""
    if request is not None:
        words = {"due": date_words(request.due)}
        if request.overdue(today):
            return _("The last day to answer was %(due)s. Contact the authority.") % words
        return _("You are to answer the authority by %(due)s.") % words
    return str(EXPECTED.get(case.status, _("Nothing more is expected of you.")))


def delivery(
    case: Case, lines: Sequence[Event], now: datetime, passed_on_from: Callable[[], datetime | None] | None
) -> str:
    """How far a case with these lines of its diary has got, in words. `passed_on_from` is asked only when something is late."""
    if case.is_test:
        return _("This is a test: it is passed on to no authority.")
    language = get_language() or case.language
    arrived = _("Received by the authority %(moment)s.") % {"moment": moment_words(case.arrived_at, language)}
    waiting = [line.at for line in lines if line.number > case.acknowledged_number]
    if case.acknowledged_at and not waiting:
        passed = _("Passed on to Tillstånd och tillsyn %(moment)s.")
        return f"{arrived} {passed % {'moment': moment_words(case.acknowledged_at, language)}}"
    since = min(waiting, default=now)
    if now - since <= timedelta(seconds=settings.HEALTH_SECONDS):
        still = _("We are still passing it on to Tillstånd och tillsyn. You need not do anything.")
        return f"{arrived} {still}"
    return f"{arrived} {_late(since, passed_on_from() if passed_on_from else since)}".strip()


def _late(since: datetime, passed_on_from: datetime | None) -> str:
    """What is said of a line that has waited for longer than it should; of one that is never passed on, nothing."""
    if passed_on_from is None:
        return _("It is passed on to Tillstånd och tillsyn later. You need not do anything.")
    if since < passed_on_from:
        return ""
    return _(
        "It takes longer than usual to pass it on to Tillstånd och tillsyn. Nothing has been lost, and you need not do anything."
    )


def news(case: Case, events: Iterable[Event]) -> Event | None:
    """What the authority has done last since the case was opened; a message before all else, for it may wait for an answer."""
    unseen = [event for event in events if event.number > case.seen_number and event.kind in BY_AUTHORITY]
    return max(unseen, key=lambda event: (event.kind == THEIRS, event.number), default=None)


# --- my cases --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Followed:
    """A case in the list: what is expected of whom, what is new, when something last happened, and how far it has been passed on."""

    case: Case
    expected: str
    request: SupplementRequest | None
    news: Event | None
    changed_at: datetime
    delivery: str

    @property
    def has_message(self) -> bool:
        """Whether what is new is a message, which may wait for an answer."""
        return self.news is not None and self.news.kind == THEIRS

    @property
    def waits(self) -> bool:
        """Whether it waits for the customer."""
        return self.request is not None and not self.request.is_late

    @property
    def place(self) -> tuple[int, float]:
        """What needs the customer stands first, what has ended last; of equals that in which something happened last."""
        ranks = (self.waits, self.news is not None, self.request is not None, self.case.status not in ENDED)
        return (ranks.index(True) if any(ranks) else len(ranks), -self.changed_at.timestamp())


@dataclass(frozen=True)
class Group:
    """Cases that stand together: those of an undertaking of several applications, or a case by itself."""

    undertaking: Undertaking | None
    cases: list[Followed]


@dataclass(frozen=True)
class Draft:
    """A draft in the list. `number`: of the case it is to be added to. `over`: why it cannot be sent any more.

    `shared_by`: who began it, when that is a colleague.
    """

    paper: Application
    number: str
    over: str
    shared_by: str = ""

    @property
    def kept_until(self) -> date | None:
        """The last day it is kept unless somebody changes it."""
        return kept_until(self.paper)


@require_safe
@customers_only
def my_cases(request: HttpRequest, customer: Customer) -> HttpResponse:
    """The customer's cases and drafts, those that need the customer first."""
    cases = (
        Case.objects.of(customer)
        .select_related("service__authority", "application__version", "application__undertaking", "handler")
        .defer("application__version__document")
        .prefetch_related(
            "supplement_requests",
            Prefetch("events", Event.objects.for_everybody().only("case", "number", "kind", "at"), "lines"),
        )
    )
    papers = (
        Application.objects.of(customer)
        .drafts()
        .exclude(answers_request__ended_at__isnull=False)
        .select_related("version__service__authority", "answers_request__case", "undertaking", "customer")
        .defer("version__document")
        .order_by("-changed_at")
    )
    now = timezone.now()
    today = now.astimezone(HELSINKI).date()
    once = cache(diary.passed_on_from) if diary.passed_on_from else None  # for all the cases of the page
    followed = [_followed(case, today, now, once) for case in cases]
    known = {one.case.pk: one.case for one in followed}
    drafts = [_draft(paper, known, customer) for paper in papers]
    facts = {"groups": _together(followed, [draft.paper for draft in drafts]), "drafts": drafts}
    return render(request, "portal/my_cases.html", facts)


def _followed(case: Any, today: date, now: datetime, passed_on_from: Callable[[], datetime | None] | None) -> Followed:
    waiting = next((asked for asked in case.supplement_requests.all() if asked.is_open), None)
    last = max(case.lines, key=lambda event: event.number)
    return Followed(
        case=case,
        expected=expected(case, waiting, today),
        request=waiting,
        news=news(case, case.lines),
        changed_at=last.at,
        delivery=delivery(case, case.lines, now, passed_on_from),
    )


def _together(followed: Sequence[Followed], drafts: Sequence[Application]) -> list[Group]:
    """The cases in order, those of an undertaking that has more than one application where the first of them stands."""
    papers = [one.case.application for one in followed] + [paper for paper in drafts if paper.supplement_form is None]
    applications = [paper.undertaking_id for paper in papers]
    groups: dict[object, Group] = {}
    for one in sorted(followed, key=lambda one: one.place):
        undertaking = one.case.application.undertaking
        several = undertaking is not None and applications.count(undertaking.pk) > 1
        key = ("undertaking", undertaking.pk) if several and undertaking else ("case", one.case.pk)
        groups.setdefault(key, Group(undertaking if several else None, [])).cases.append(one)
    return list(groups.values())


def _draft(paper: Application, cases: dict[int, Case], customer: Customer) -> Draft:
    shared_by = "" if paper.customer_id == customer.pk else paper.customer.name
    request: SupplementRequest | None = getattr(paper, "answers_request", None)
    if request is not None:
        over = _("The last day to answer has passed. It can no longer be sent.") if request.is_late else ""
        return Draft(paper, request.case.number or "", over, shared_by)
    case = cases.get(paper.folder or 0)
    if case is None:
        return Draft(paper, "", "", shared_by)
    open_now = case.status in STEPS["add"].before
    return Draft(
        paper,
        case.number or "",
        "" if open_now else _("The case takes no additions now. It cannot be sent."),
        shared_by,
    )


# --- one case --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A line of the diary as the customer reads it. A message is not told again: `message` says where it stands."""

    at: datetime
    what: str
    by: str
    texts: list[str]
    files: list[dict[str, Any]]
    message: int | None


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
    """Where a case is, what happened, what was written and sent, and what the customer may do. From now on it has been seen."""
    own = own_case(customer, number)
    events = list(own.events.for_everybody())
    waiting = open_request(own)
    today = timezone.localdate(timezone=HELSINKI)
    steps = {step.name for step in own.steps_for(customer)}
    facts = {
        "case": own,
        "expected": expected(own, waiting, today),
        "news": news(own, events),
        "delivery": delivery(own, events, timezone.now(), diary.passed_on_from),
        "history": [_moment(event, customer) for event in events],
        "thread": thread(events, customer),
        "papers": [_paper(own, paper) for paper in intake.papers_of(own)],
        **_ending(own, events),
        "due": duedates.told_to_customer(own, today),
        "supplement_request": waiting,
        "asked_again": _asked_again(own, waiting) if waiting else [],
        "may_answer": waiting is not None and not waiting.overdue(today) and "supplement" in steps,
        "may_add": "add" in steps,
        "may_write": OURS in steps,
        "may_withdraw": "withdraw" in steps,
        "ended": own.status in ENDED,
    }
    if events[-1].number > own.seen_number:
        own.note_seen(events[-1].number)
    return render(request, "portal/case.html", facts)


def _moment(event: Event, customer: Customer) -> Moment:
    message = event.number if event.kind in (THEIRS, OURS) else None
    texts = [text for text in (particulars(event), event.data.get("text", "")) if text and not message]
    files = [] if message else event.data.get("files", [])
    return Moment(event.at, event.label, who(event, customer), texts, files, message)


def particulars(event: Event) -> str:
    """What a diary line tells besides its own text."""
    data = event.data
    if event.kind == "request_supplement" and data.get("due"):
        return _("To be answered by %(due)s.") % {"due": date_words(date.fromisoformat(data["due"]))}
    if event.kind == "close":
        outcomes = OUTCOMES[event.case.application.version.definition.kind]
        return _("Outcome: %(outcome)s") % {"outcome": outcomes.get(data.get("outcome", ""), "")}
    if event.kind in ("take_up", "assign") and data.get("handler"):
        return _("Handler: %(handler)s") % {"handler": data["handler"]}
    if data.get("transferred_from"):
        return _("Transferred from the case %(number)s of another authority.") % {"number": data["transferred_from"]}
    if event.kind == "register":
        return _("Register number: %(number)s") % {"number": data.get("register_number", "")}
    if event.kind == "transfer" and data.get("case"):
        said = _("Transferred to: %(authority)s. There it is the case %(number)s.")
        return said % {"authority": data["to"], "number": data["case"]}
    if event.kind == "transfer" and data.get("to"):
        return _("Transferred to: %(authority)s") % {"authority": data["to"]}
    return ""


def _ending(case: Case, events: Sequence[Event]) -> dict[str, Any]:
    """What the line says by which a case ended: the decision, the instructions for appeal, where it went; or why it was opened again."""
    kinds = ("close", "leave_unexamined", "transfer", "reopen")
    last = next((event for event in reversed(events) if event.kind in kinds), None)
    data = last.data if last else {}
    ended = case.status in ENDED
    return {
        "decision": data.get("files", []) if ended else [],
        "appeal": data.get("appeal", "") if ended else "",
        "unexamined": data.get("text", "") if case.status == Status.NOT_EXAMINED else "",
        "moved_to": data.get("case", "") if ended else "",
        "moved_from": events[0].data.get("transferred_from", "") if events else "",
        "reopened": data.get("text", "") if last and last.kind == "reopen" else "",
    }


def _paper(case: Case, paper: Application) -> Paper:
    title = _("What you sent") if paper.supplement_form is None else _("Your supplement")
    if paper.folder is not None:
        title = _("What you added")
    if paper.is_done_elsewhere:
        title = _("What you did in the authority’s own service")
    return Paper(paper, title, paper.sheet(get_language()), receipt_address(paper, case))


def _asked_again(case: Case, request: SupplementRequest) -> list[tuple[str, str]]:
    """The questions the authority asks again, and what it says of each."""
    fields = case.application.version.definition.fields
    return [(fields[key].label.said(), request.texts.get(key, "")) for key in request.fields if key in fields]


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
def add(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    """Begin, or go on with, something the customer adds unasked."""
    own = own_case(customer, number)
    if request.method != "POST":
        return redirect("portal:case", number=number)
    try:
        paper = intake.begin_addition(own, customer)
    except NotAllowed as refused:
        messages.error(request, str(refused))
        return redirect("portal:case", number=number)
    return redirect("portal:application", pk=paper.pk)


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
