"""The preview: a service as its customers will see it, before they do. Its designers walk through the whole form, and nothing comes of it.

The pages are the customer's own: the same templates, with the same facts. A bar above them says that this is a preview.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse, translate_url
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import get_language, get_language_info, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.applications import nationaldata
from apps.applications.journey import Journey
from apps.applications.models import Application
from apps.people import access, officialsessions, secondfactor
from apps.people.models import Customer
from apps.portal import filling, surveypreview, trial
from apps.portal.catalogue import Offer, facts_of
from apps.portal.filling import DECLARED, FOLLOWED, LATER, REMOVE
from apps.portal.offering import source_there
from apps.portal.surveypreview import RESULT, ShownSurvey
from apps.portal.trial import Tried
from apps.portal.uploading import say_what_was_left_out
from apps.portal.visitors import local_path
from apps.services import examples, routes
from apps.services.answersheet import Section, sheet
from apps.services.definition import Definition, Page
from apps.services.handling import keep_words, limit_words
from apps.services.models import Service
from apps.services.pageform import PageForm
from apps.services.texts import HELSINKI
from apps.services.wording import in_words

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Opened:
    """How the preview was opened, which goes along in all its addresses: a version's number, without scripts, and where from."""

    pk: int
    number: int | None = None
    scripts: bool = True
    back: str = ""

    @classmethod
    def by(cls, request: HttpRequest, pk: int) -> Opened:
        """As the address of the request says."""
        number, back = request.GET.get("version", ""), local_path(request.GET.get("back"))
        return cls(
            pk,
            int(number) if number.isascii() and number.isdecimal() and len(number) < 7 else None,
            request.GET.get("script") != "0",
            back if back.startswith(reverse("admin:index")) else "",
        )

    def address(self, name: str, *args: str, **more: str) -> str:
        """Where a page of the preview is."""
        own = {"version": self.number, "script": None if self.scripts else "0", "back": self.back or None, **more}
        query = urlencode({key: value for key, value in own.items() if value is not None})
        return reverse(f"portal:{name}", args=[self.pk, *args]) + (f"?{query}" if query else "")

    # What `filling.Addresses` asks for.

    def page(self, page: Page, *, from_check: bool = False) -> str:
        """Where a page of the form is."""
        return self.address("preview_page", page.key, **({"from": "check"} if from_check else {}))

    def check(self) -> str:
        """Where all answers are checked."""
        return self.address("preview_check")


@dataclass(frozen=True)
class Note:
    """What the preview says above a page, where the customer is told what has been done."""

    text: str
    level_tag: str = "info"

    def __str__(self) -> str:
        return self.text


@dataclass
class Preview:
    """A service that is shown, what it is tried with, and what stands in the bar above its pages. Templates know it as `preview`."""

    request: HttpRequest
    service: Service
    opened: Opened
    tried: Tried
    answers: dict[str, Any]
    page: str = ""  # the key of the page that is shown; the names of the others begin with a dot, as no key does
    remarks: list[str] = field(default_factory=list)

    @property
    def definition(self) -> Definition:
        """What it says, as far as it can be shown."""
        return self.tried.definition

    @cached_property
    def today(self) -> date:
        """The day in Helsinki."""
        return timezone.localdate(timezone=HELSINKI)

    @property
    def journey(self) -> Journey:
        """The way through the form with the answers so far."""
        return Journey(self.definition, self.answers, self.today)

    @property
    def survey(self) -> ShownSurvey:
        """The same as a survey, of what is one."""
        return ShownSurvey(trial.example_version(self.service, self.tried), self.journey, self.opened)

    @property
    def scripts(self) -> bool:
        """Whether the page's scripts run."""
        return self.opened.scripts

    @property
    def start(self) -> str:
        """The service's page."""
        return self.opened.address("preview")

    @property
    def sent(self) -> str:
        """What would happen on sending."""
        return self.opened.address("preview_sent")

    @property
    def fill(self) -> str:
        """Where examples are filled in, and thrown away."""
        return self.opened.address("preview_fill")

    @property
    def back(self) -> str:
        """Where it was opened from."""
        return self.opened.back

    @property
    def what(self) -> str:
        """What is shown, in words."""
        number = self.tried.number
        return _("Version %(number)d") % {"number": number} if number else _("Working copy")

    @property
    def languages(self) -> list[dict[str, Any]]:
        """The languages the service promises, each with the address of this page in it."""
        now = get_language()
        return [
            {
                "code": code,
                "name": get_language_info(code)["name_local"].capitalize(),
                "address": translate_url(self.request.path, code) + self._query(),
                "now": code == now,
            }
            for code in self.definition.languages
        ]

    @property
    def told(self) -> str:
        """What has been done in the preview just now, if anything."""
        said = _SAID.get(self.request.GET.get("said", ""))
        return said() if said else ""

    @property
    def other_way(self) -> str:
        """The same page with the scripts that do not run now, or without those that do."""
        return self.request.path + self._query(script="0" if self.scripts else "")

    def _query(self, **other: str) -> str:
        """What stands in the address after its path, without what has been said already; '' in `other` leaves something out."""
        asked = {**self.request.GET.dict(), **other, "said": ""}
        kept = {key: value for key, value in asked.items() if value}
        return f"?{urlencode(kept)}" if kept else ""

    def keep(self, answers: Mapping[str, Any]) -> bool:
        """Keep what has been answered."""
        self.answers = {key: kept for key, kept in answers.items() if kept is not None}
        return trial.keep(self.request, self.service, self.tried, self.answers)


def for_designers(view: View) -> View:
    """Give a view the preview of a service to its designers; nobody else finds anything there.

    It may stand in a frame of our own pages, is in no search engine, and runs no scripts when it is asked not to.
    """

    @never_cache
    @xframe_options_sameorigin
    @wraps(view)
    def guarded(request: HttpRequest, pk: int, **kwargs: object) -> HttpResponse:
        service = Service.objects.select_related("authority").filter(pk=pk).first() if _is_at_work(request) else None
        if service is None or not access.may_define(request.user, service.authority_id):
            raise Http404
        opened = Opened.by(request, pk)
        tried = trial.tried(service, opened.number)
        answers = trial.answers_of(request, service, tried)
        response = view(request, Preview(request, service, opened, tried, answers), **kwargs)
        response.headers["Content-Security-Policy"] = policy(scripts=opened.scripts)
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return guarded


def _is_at_work(request: HttpRequest) -> bool:
    """Whether an official is signed in as the desk asks for."""
    if not request.user.is_authenticated or not secondfactor.passed(request):
        return False
    return not officialsessions.is_over(request)


def policy(*, scripts: bool) -> str:
    """The content security policy of a preview."""
    own = {**settings.SECURE_CSP, "frame-ancestors": ["'self'"]} | ({} if scripts else {"script-src": ["'none'"]})
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in own.items())


def _render(
    template: str, shown: Preview, facts: Mapping[str, Any], *, page: str, notes: tuple[Note, ...] = ()
) -> HttpResponse:
    """A page of the customer's, with the bar. What the desk has to say to the official waits for the desk."""
    shown.page = page
    more = {
        "preview": shown,
        "customer": example_customer(),
        "signed_in_for": 0,
        "messages": [*_told_to_customers(shown), *notes],
        "paper": Application(version=trial.example_version(shown.service, shown.tried)),
    }
    return render(shown.request, template, {**more, **facts})


def _told_to_customers(shown: Preview) -> list[Note]:
    said = _AS_CUSTOMERS_ARE_TOLD.get(shown.request.GET.get("said", ""))
    return [Note(said())] if said else []


def example_customer() -> Customer:
    """Who seems to be signed in. They are in no table."""
    return Customer(
        way="preview", given_name=_("Example"), family_name=_("Customer"), email="namn@example.com", subject="-"
    )


_AS_CUSTOMERS_ARE_TOLD: dict[str, Callable[[], str]] = {
    "more": lambda: _("Your answers bring up more on this page. Look through it, and go on."),
    "later": lambda: _("Your answers are saved. Go on from here when it suits you."),
}
_TOO_MUCH = gettext_lazy("That was more than the preview can keep. Nothing of it was kept.")
_SAID: dict[str, Callable[[], str]] = {
    "filled": lambda: _("Examples are filled in where nothing was answered."),
    "emptied": lambda: _("All answers of the preview are thrown away."),
    "none": lambda: _("No example answers were found that lead there."),
    "large": lambda: str(_TOO_MUCH),
}


# --- the pages -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_designers
def service(request: HttpRequest, shown: Preview) -> HttpResponse:
    """The service's page. Its button leads into the form."""
    if request.method == "POST":
        return HttpResponseRedirect(filling.where_to_go_on(shown.opened, shown.journey))
    if shown.definition.is_survey:
        return _render("portal/survey.html", shown, surveypreview.start_facts(shown.survey), page=".start")
    facts = facts_of(Offer(shown.service, shown.definition), shown.today)
    return _render("portal/service.html", shown, facts, page=".start")


@require_http_methods(["GET", "HEAD", "POST"])
@for_designers
def page(request: HttpRequest, shown: Preview, page: str) -> HttpResponse:
    """A page of the form. Any of them can be opened, also one that a customer does not come to yet."""
    asked = shown.definition.page(page)
    if asked is None:  # it has been taken away or called something else in the builder meanwhile
        return HttpResponseRedirect(shown.start)
    if request.method == "POST":
        return _receive(request, shown, asked)
    there = _offered_from_there(shown, asked)
    form = PageForm(
        shown.definition,
        asked,
        answers=shown.answers,
        today=shown.today,
        offers=_offered(asked, example_customer()) | there,
        sources=dict.fromkeys(there, source_there()),
    )
    return _show(shown, asked, form)


def _offered_from_there(shown: Preview, asked: Page) -> dict[str, Any]:
    """An example of what a customer brings along who began in the national service."""
    wanted = nationaldata.wanted(shown.definition)
    return {one.key: examples.example(one, {}, shown.today) for one in asked.fields if one.key in wanted}


def _offered(asked: Page, customer: Customer) -> dict[str, Any]:
    """What is offered on a page of what is known of who is signed in."""
    known = {name: getattr(customer, name) for name in ("given_name", "family_name", "name")}
    return {one.key: known[one.prefill] for one in asked.fields if known.get(one.prefill)}


def _receive(request: HttpRequest, shown: Preview, asked: Page) -> HttpResponse:
    """Note what is right on the page, as the form does; then go on, or show the page again."""
    form = PageForm(
        shown.definition, asked, answers=shown.answers, today=shown.today, data=request.POST, files=request.FILES
    )
    form.is_valid()
    say_what_was_left_out(request, form)
    kept = shown.keep(trial.answered(shown.answers, form, request.POST.get(REMOVE, "")))
    form.stored = shown.answers
    acted = REMOVE in request.POST or form.acted
    if acted or LATER in request.POST or RESULT in request.POST:
        form.forgive_unanswered()
    if not kept:
        return _show(shown, asked, form, Note(str(_TOO_MUCH), "warning"))
    if acted or not form.is_valid():
        return _show(shown, asked, form)
    if RESULT in request.POST:
        return HttpResponseRedirect(shown.opened.check())
    if form.brought_up and FOLLOWED not in request.POST:
        return HttpResponseRedirect(_saying(shown.opened.page(asked, from_check=_from_check(request)), "more"))
    if LATER in request.POST:
        return HttpResponseRedirect(_saying(shown.start, "later"))
    if shown.definition.is_survey:
        return HttpResponseRedirect(shown.survey.address_after(asked))
    onward = filling.where_after(shown.opened, shown.journey, asked, from_check=_from_check(request))
    return HttpResponseRedirect(onward)


def _saying(address: str, what: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}said={what}"


def _from_check(request: HttpRequest) -> bool:
    return request.GET.get("from") == "check"


def _show(shown: Preview, asked: Page, form: PageForm, *notes: Note) -> HttpResponse:
    journey = shown.journey
    shown.remarks = _remarks(shown, asked, journey)
    facts = filling.page_facts(shown.opened, journey, asked, form, from_check=_from_check(shown.request))
    facts["count"] = max(1, facts["count"])
    if shown.definition.is_survey:
        facts = surveypreview.page_facts(shown.survey, asked, facts, shown.start)
        return _render("portal/survey_page.html", shown, facts, page=asked.key, notes=notes)
    return _render("portal/page.html", shown, facts, page=asked.key, notes=notes)


def _remarks(shown: Preview, asked: Page, journey: Journey) -> list[str]:
    """Why a customer with these answers would not be on this page; nothing when they would."""
    if asked.key not in [stop.page.key for stop in journey.stops]:
        if not asked.fields:
            return [_("There is no question on this page yet, so no customer meets it.")]
        said = in_words(asked.show_when, shown.definition.fields, get_language() or "sv")
        return [
            _("With these answers no customer meets this page. It comes up when %(condition)s.") % {"condition": said}
        ]
    if not journey.may_open(asked.key):
        return [_("A customer comes to this page when the pages before it are done.")]
    return []


@require_safe
@for_designers
def check(request: HttpRequest, shown: Preview) -> HttpResponse:
    """All answers, page by page; of a survey, what they lead to."""
    if shown.definition.is_survey:
        return _render("portal/survey_result.html", shown, surveypreview.result_facts(shown.survey), page=".check")
    return _show_check(shown)


def _show_check(shown: Preview, *, undeclared: bool = False) -> HttpResponse:
    journey = shown.journey
    facts = {
        "definition": shown.definition,
        "checked": filling.checked_pages(shown.opened, journey, _sections(shown)),
        "complete": journey.complete,
        "undeclared": undeclared,
        "declaration": filling.declaration_of(shown.definition),
        "must_declare": bool(shown.definition.declaration),
        "own_draft": True,
        "kept_until": shown.today + timedelta(days=shown.definition.draft_days),
    }
    return _render("portal/check.html", shown, facts, page=".check")


def _sections(shown: Preview) -> list[Section]:
    """The answers, with files that can only be named."""
    found = sheet(shown.definition, shown.answers, shown.today, get_language() or "sv")
    return [
        replace(
            section,
            lines=tuple(
                replace(line, files=tuple({**file, "id": ""} for file in line.files)) for line in section.lines
            ),
        )
        for section in found
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@for_designers
def sent(request: HttpRequest, shown: Preview) -> HttpResponse:
    """What would happen on sending. Nothing does."""
    journey = shown.journey
    if not journey.complete or shown.definition.is_survey:  # of a survey nothing is ever sent
        return HttpResponseRedirect(filling.where_to_go_on(shown.opened, journey))
    if request.method == "POST":
        if shown.definition.declaration and DECLARED not in request.POST:
            return _show_check(shown, undeclared=True)
        return HttpResponseRedirect(shown.sent)
    definition, told = shown.definition, shown.service.email or shown.service.authority.email
    facts = {
        "definition": definition,
        "authority": shown.service.authority,
        "told": told,
        "limit": limit_words(definition.handling_limit),
        "kept": keep_words(definition.keep_days),
        "results": [result for section in _sections(shown) for result in section.results],
    }
    return _render("portal/preview_sent.html", shown, facts, page=".sent")


# --- examples --------------------------------------------------------------------------------------------------------


@require_POST
@for_designers
def fill(request: HttpRequest, shown: Preview) -> HttpResponse:
    """Fill in examples on one page or on all (`do`: page, all), or such as lead along a route, or throw everything away (empty)."""
    do, there = request.POST.get("do", ""), request.POST.get("page", "")
    if do == "empty":
        trial.forget(request, shown.service)
        return HttpResponseRedirect(_saying(shown.start, "emptied"))
    if do == "route":
        return _fill_route(request, shown)
    only = there if do == "page" else None
    kept = shown.keep(examples.fill(shown.definition, shown.today, shown.answers, only=only))
    return HttpResponseRedirect(_saying(_place(shown, there), "filled" if kept else "large"))


def _fill_route(request: HttpRequest, shown: Preview) -> HttpResponse:
    """Begin anew with answers that make a route's condition hold, where something comes of it first."""
    wanted = request.POST.get("route", "")
    route = next((one for one in routes.routes(shown.definition) if one.mark == wanted), None)
    answers = routes.answers_on(shown.definition, route, shown.today) if route else None
    if route is None or answers is None or not shown.keep(answers):
        return HttpResponseRedirect(_saying(shown.start, "none"))
    first = route.opens[0].field
    place = f"#{filling.control_id(first)}" if first and first.asks and route.group is None else ""
    return HttpResponseRedirect(shown.opened.page(route.page) + place)


def _place(shown: Preview, there: str) -> str:
    """The page on which a button was pressed; the check page for the others, where everything that was filled in stands."""
    asked = shown.definition.page(there)
    return shown.opened.page(asked) if asked else shown.opened.check()
