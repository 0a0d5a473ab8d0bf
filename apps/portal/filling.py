"""Filling in: the pages of a form, checking all answers, sending, and throwing a draft away."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications import carrying, drafting, nationaldata, scanning, together
from apps.applications.carrying import newer_version
from apps.applications.drafting import NotComplete
from apps.applications.journey import Journey
from apps.applications.keeping import kept_until
from apps.applications.models import Application, Frozen
from apps.applications.together import Conflict
from apps.cases import intake
from apps.cases.models import NotAllowed, SupplementRequest
from apps.people.models import Customer
from apps.portal import starting, stash, uploading
from apps.portal.limiting import brings_files, limited
from apps.portal.mandated import sends_nothing
from apps.portal.offering import offers
from apps.portal.receipts import receipt_address
from apps.portal.visitors import customers_only, own_paper
from apps.services.answersheet import Line, Section
from apps.services.definition import Definition, Page
from apps.services.fieldtypes import Field
from apps.services.pageform import PageForm

# What the page's own controls are called. A field's key begins with a letter, so none of them can be a question.
LATER, REMOVE, FOLLOWED, SEEN, FETCH = "_later", "_remove", "_followed", "_seen", "_fetch"
DECLARED = "declared"
FROM_CHECK = "?from=check"  # in the address and not in a hidden control, since a question may well be called "from"


@dataclass(frozen=True)
class Step:
    """A page in the list of pages. Without an address it cannot be opened yet."""

    title: str
    address: str
    state: str  # done, current, later


def request_answered_by(paper: Application) -> SupplementRequest | None:
    """What the authority asked for, when the paper is a supplement."""
    return getattr(paper, "answers_request", None) if paper.supplement_form is not None else None


# --- addresses -------------------------------------------------------------------------------------------------------


def page_address(paper: Application, page: Page, *, from_check: bool = False) -> str:
    """Where a page is filled in."""
    return reverse("portal:page", args=[paper.pk, page.key]) + (FROM_CHECK if from_check else "")


def check_address(paper: Application) -> str:
    """Where all answers are checked."""
    return reverse("portal:check", args=[paper.pk])


class Addresses(Protocol):
    """Where the pages of a form are: of a paper, or of a form that is only shown."""

    def page(self, page: Page, *, from_check: bool = False) -> str:
        """Where a page is filled in."""

    def check(self) -> str:
        """Where all answers are checked."""


@dataclass(frozen=True)
class OfPaper:
    """Where the pages of a paper are."""

    paper: Application

    def page(self, page: Page, *, from_check: bool = False) -> str:
        """Where a page is filled in."""
        return page_address(self.paper, page, from_check=from_check)

    def check(self) -> str:
        """Where all answers are checked."""
        return check_address(self.paper)


def address_to_go_on(paper: Application, journey: Journey) -> str:
    """The first page that is not done; when all are, the check page."""
    return where_to_go_on(OfPaper(paper), journey)


def where_to_go_on(where: Addresses, journey: Journey, *, from_check: bool = False) -> str:
    """The same of any form."""
    first = journey.first_open
    return where.page(first, from_check=from_check) if first else where.check()


def changed_meanwhile(request: HttpRequest, customer: Customer, paper: Application) -> HttpResponse:
    """Where to go when a draft was sent or thrown away in another window while this one was open."""
    now = Application.objects.of(customer).filter(pk=paper.pk).first()
    if now is None:
        messages.warning(request, _("This draft has been deleted meanwhile."))
        return redirect("portal:my_cases")
    messages.warning(request, _("This has been sent meanwhile. What you see here is what was sent."))
    return HttpResponseRedirect(receipt_address(now))


# --- pages -----------------------------------------------------------------------------------------------------------


@require_safe
@customers_only
def application(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponse:
    """Go on where the customer left."""
    paper = own_paper(customer, pk)
    if not paper.is_draft:
        return HttpResponseRedirect(receipt_address(paper))
    return HttpResponseRedirect(address_to_go_on(paper, Journey.of(paper)))


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
@sends_nothing
@stash.shown_again
@limited("upload", when=brings_files)
@limited("start", when=lambda request: FETCH in request.POST)
def page(request: HttpRequest, customer: Customer, pk: uuid.UUID, page: str) -> HttpResponse:
    """A page of the form."""
    paper = own_paper(customer, pk)
    asked = paper.definition.page(page)
    if asked is None:
        raise Http404
    if not paper.is_draft:
        return HttpResponseRedirect(receipt_address(paper))
    journey = Journey.of(paper)
    if not journey.may_open(page):
        return HttpResponseRedirect(address_to_go_on(paper, journey))
    if request.method == "POST":
        return _receive(request, customer, paper, asked)
    typed, offered = stash.typed(request, customer), offers(paper, asked, customer, request)
    form = PageForm(
        paper.definition,
        asked,
        answers=paper.answers,
        today=paper.day(),
        data=typed.fields if typed else None,
        offers=offered.answers,
        sources=offered.sources,
    )
    if typed and typed.why == stash.OTHER_LANGUAGE:
        form.forgive_unanswered()
    elif typed:
        form.forgive()  # it has not been sent in yet
    return _show(request, paper, asked, form, journey, seen=typed.fields.get(SEEN, "") if typed else "")


def _receive(request: HttpRequest, customer: Customer, paper: Application, page: Page) -> HttpResponse:
    """Store what is right on the page, whatever is wrong beside it; then go on, or show the page again."""
    form = PageForm(
        paper.definition, page, answers=paper.answers, today=paper.day(), data=request.POST, files=request.FILES
    )
    form.is_valid()
    uploading.say_what_was_left_out(request, form)
    seen = request.POST.get(SEEN, "")
    try:
        drafting.save_page(paper, form, by=customer, seen=seen)
        if REMOVE in request.POST:
            _remove(request, paper)
    except Frozen:
        return changed_meanwhile(request, customer, paper)
    except Conflict as conflict:
        now = own_paper(customer, paper.pk)
        form.stored = now.answers
        form.forgive()
        return _show(request, now, page, form, seen=seen, conflict=_what_changed(now, page, conflict, customer, form))
    form.stored = paper.answers
    acted, language = REMOVE in request.POST or form.acted, stash.language_asked_for(request)
    if acted or language or LATER in request.POST or FETCH in request.POST:
        form.forgive_unanswered()
    if FETCH in request.POST and nationaldata.can_be_fetched(paper):
        starting.fetch(request, paper, customer)
    if language:
        address = page_address(paper, page, from_check=_from_check(request))
        return stash.in_other_language(request, address, keeping=not form.is_valid())
    if acted or not form.is_valid():
        return _show(request, paper, page, form, seen=seen)
    if FETCH in request.POST:
        return HttpResponseRedirect(page_address(paper, page, from_check=_from_check(request)))
    if form.brought_up and FOLLOWED not in request.POST:
        # Without script they have not been seen yet. Once is enough: by now the answers that bring them up are stored.
        messages.info(request, _("Your answers bring up more on this page. Look through it, and go on."))
        return HttpResponseRedirect(page_address(paper, page, from_check=_from_check(request)))
    if LATER in request.POST:
        messages.success(request, _("Your answers are saved. Go on from here when it suits you."))
        return redirect("portal:my_cases")
    return HttpResponseRedirect(where_after(OfPaper(paper), Journey.of(paper), page, from_check=_from_check(request)))


def _remove(request: HttpRequest, paper: Application) -> None:
    """Remove the file whose button was pressed; nothing happens when there is none."""
    try:
        wanted = uuid.UUID(request.POST[REMOVE])
    except ValueError:
        return
    drafting.remove_file(paper, str(wanted))


def where_after(where: Addresses, journey: Journey, page: Page, *, from_check: bool) -> str:
    """The next page; for one who came to change something, the check page as soon as all is complete."""
    if from_check:
        return where_to_go_on(where, journey, from_check=True)
    following = journey.after(page.key)
    return where.page(following) if following else where.check()


def where_before(where: Addresses, journey: Journey, page: Page, *, from_check: bool) -> str:
    """Where the back link leads: to the check page for one who came from there, else to the page before, if any."""
    if from_check and journey.complete:
        return where.check()
    before = journey.before(page.key)
    return where.page(before) if before else ""


def _from_check(request: HttpRequest) -> bool:
    return request.GET.get("from") == "check"


@dataclass(frozen=True)
class Changed:
    """What somebody else has saved on a page while it was open: who, when, and what is stored now at the questions concerned."""

    by: str
    by_self: bool
    at: datetime
    keys: tuple[str, ...]
    stored: list[tuple[str, str]]
    files: bool


def _what_changed(paper: Application, page: Page, conflict: Conflict, customer: Customer, form: PageForm) -> Changed:
    language = get_language() or paper.language
    stored = [
        (field.label.said(language), field.show(paper.answers.get(field.key), language))
        for field in page.fields
        if field.key in conflict.keys
    ]
    by = paper.changed_by
    return Changed(
        by=str(by) if by else "",
        by_self=by is None or by.pk == customer.pk,
        at=paper.changed_at,
        keys=tuple(conflict.keys),
        stored=stored,
        files=any(form.uploads.values()),
    )


def _show(
    request: HttpRequest,
    paper: Application,
    page: Page,
    form: PageForm,
    journey: Journey | None = None,
    *,
    conflict: Changed | None = None,
    seen: str = "",
) -> HttpResponse:
    journey = journey or Journey.of(paper)
    asked = request_answered_by(paper)
    form.asked_about = asked.texts if asked else {}
    if any(form.kept_files().values()):
        form.marks = scanning.marks(paper)
    facts: dict[str, Any] = {
        **page_facts(OfPaper(paper), journey, page, form, from_check=_from_check(request)),
        "paper": paper,
        "seen": together.marks_again(
            page.fields, paper.answers, seen=seen, sent=form.kept, told=conflict.keys if conflict else ()
        ),
        "conflict": conflict,
        "newer": newer_version(paper),
        "can_be_fetched": nationaldata.can_be_fetched(paper),
        "supplement_request": asked,
    }
    return render(request, "portal/page.html", facts)


def page_facts(
    where: Addresses, journey: Journey, page: Page, form: PageForm, *, from_check: bool = False
) -> dict[str, Any]:
    """What `portal/page.html` shows of a page of any form."""
    keys = [stop.page.key for stop in journey.stops]
    return {
        "definition": journey.definition,
        "page": page,
        "form": form,
        "action": where.page(page, from_check=from_check),
        "number": keys.index(page.key) + 1 if page.key in keys else 1,
        "count": len(keys),
        "steps": _steps(where, journey, page),
        "back": where_before(where, journey, page, from_check=from_check),
        "conditions": any(field.parts() or field.looks_at() for field in page.fields),
        "answers": _answers_looked_at(form),
        "today": journey.today.isoformat(),
        "asks_files": any(field.carries_file for field in page.fields),
    }


def _steps(where: Addresses, journey: Journey, current: Page) -> list[Step]:
    steps = []
    for stop in journey.stops:
        state = "current" if stop.page.key == current.key else "done" if stop.done else "later"
        address = where.page(stop.page) if journey.may_open(stop.page.key) else ""
        steps.append(Step(stop.page.title.said(), address, state))
    return steps


def _answers_looked_at(form: PageForm) -> dict[str, Any]:
    """The answers of earlier pages that conditions on this page look at: all that the browser needs to follow them."""
    looked_at = {path.partition(".")[0] for field in form.page.fields for path in field.looks_at()}
    return {key: value for key, value in form.before.items() if key in looked_at}


# --- checking and sending --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """A page's answers on the check page. Without an address it cannot be opened before those above it are done."""

    section: Section
    done: bool
    address: str
    lines: list[tuple[Line, str]]  # each with the address at which it is changed


@require_safe
@customers_only
def check(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponse:
    """All answers, page by page, each with a link to change it; and the button that sends."""
    paper = own_paper(customer, pk)
    if not paper.is_draft:
        return HttpResponseRedirect(receipt_address(paper))
    return _show_check(request, customer, paper)


def _show_check(
    request: HttpRequest, customer: Customer, paper: Application, *, undeclared: bool = False
) -> HttpResponse:
    journey = Journey.of(paper)
    checked = checked_pages(OfPaper(paper), journey, paper.sheet(get_language()))
    has_files = any(line.files for part in checked for line, _address in part.lines)
    facts = {
        "paper": paper,
        "definition": paper.definition,
        "checked": checked,
        "complete": journey.complete,
        "marks": scanning.marks(paper) if has_files else {},
        "newer": newer_version(paper),
        "supplement_request": request_answered_by(paper),
        "undeclared": undeclared,
        "declaration": declaration_of(paper.definition),
        "must_declare": _must_declare(paper),
        "own_draft": paper.customer_id == customer.pk,
        "kept_until": kept_until(paper),
        "looks": list(paper.looks.order_by("-at")[:20]) if paper.shown_at else [],
    }
    return render(request, "portal/check.html", facts)


def checked_pages(where: Addresses, journey: Journey, sections: Sequence[Section]) -> list[Checked]:
    """The answers of any form, page by page, each with the address at which it is changed."""
    found = []
    for section, stop in zip(sections, journey.stops, strict=True):
        may = journey.may_open(stop.page.key)
        address = where.page(stop.page, from_check=True) if may else ""
        lines = [(line, f"{address}#{control_id(line.field)}" if may else "") for line in section.lines]
        found.append(Checked(section, stop.done, address, lines))
    return found


def control_id(field: Field) -> str:
    """The id of a question's first control on its page."""
    return f"id_{field.key}_0" if getattr(field.lay_out(), "group", False) else f"id_{field.key}"


def _must_declare(paper: Application) -> bool:
    """Whether the service has a declaration of its own, which is ticked. Else sending says the usual one."""
    return paper.supplement_form is None and bool(paper.definition.declaration)


def declaration_of(definition: Definition) -> str:
    """What the customer declares by sending, in the language of the page, as it is shown there."""
    own = definition.declaration
    return own.said(get_language()) if own else _("By sending you assure that what you have stated is right.")


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
@limited("send")
def send(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponse:
    """Send. Sending what has been sent shows the same receipt."""
    paper = own_paper(customer, pk)
    if request.method != "POST":
        return HttpResponseRedirect(check_address(paper))
    try:
        if paper.is_draft and _must_declare(paper) and DECLARED not in request.POST:
            return _show_check(request, customer, paper, undeclared=True)
        starting.make_sure(request, paper, customer)
        intake.send(paper, by=customer, declared=declaration_of(paper.definition))
    except NotComplete as incomplete:
        messages.error(request, _("It was not sent: something is still asked for on this page."))
        return redirect("portal:page", pk=paper.pk, page=incomplete.page)
    except NotAllowed as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(check_address(paper))
    except Application.DoesNotExist:
        return changed_meanwhile(request, customer, paper)
    return HttpResponseRedirect(receipt_address(paper))


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
@sends_nothing
def carry_over(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponse:
    """Let a draft go on under the service's new version, with everything that still fits."""
    paper = own_paper(customer, pk)
    if request.method != "POST":
        return redirect("portal:application", pk=paper.pk)
    newer = newer_version(paper)
    if newer is not None and newer.definition.own_service:
        messages.warning(
            request, _("You cannot go over to the new version: the authority now has its own service for this.")
        )
        if newer.service.closed_at is not None:  # then it has no page
            return redirect("portal:application", pk=paper.pk)
        return redirect("portal:service", key=newer.service.key)
    try:
        carried = carrying.carry_over(paper)
    except Frozen:
        return changed_meanwhile(request, customer, paper)
    messages.success(request, _("Your draft now follows the new version of the form."))
    for one in carried.dropped:
        words = {"question": one.label, "answer": one.text}
        said = _("Check your answer to “%(question)s”. You had answered: %(answer)s")
        if not one.partly:
            said = _("Your answer to “%(question)s” does not fit any more. You had answered: %(answer)s")
        messages.warning(request, said % words)
    return redirect("portal:application", pk=paper.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
@sends_nothing
def discard(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponse:
    """Ask, then throw a draft away."""
    paper = own_paper(customer, pk, over_too=True)
    if not paper.is_draft:
        return HttpResponseRedirect(receipt_address(paper))
    if paper.customer_id != customer.pk:
        messages.info(request, _("Only who began the draft can delete it."))
        return HttpResponseRedirect(check_address(paper))
    if request.method != "POST":
        return render(request, "portal/discard.html", {"paper": paper, "definition": paper.definition})
    noted = paper.is_redirected
    try:
        drafting.discard(paper)
    except Frozen:
        return changed_meanwhile(request, customer, paper)
    messages.success(request, _("The note has been removed.") if noted else _("The draft has been deleted."))
    return redirect("portal:my_cases")
