"""Surveys: what somebody needs, found out by answering page by page. Nothing is sent, and nobody has to be known.

The answers lie in the visitor's session (`surveyed`). The result lists what is surely and what is possibly needed, and the answers go
along into the applications begun from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.applications.journey import Journey, Stop
from apps.people.identification import customer_of
from apps.people.models import Authority
from apps.people.municipalities import all_municipalities
from apps.portal import stash, surveyed
from apps.portal.catalogue import Offer, municipality_name, offers, other_languages
from apps.portal.filling import FOLLOWED, Step
from apps.portal.limiting import limited
from apps.services.answersheet import Section, sheet
from apps.services.conditions import NEVER
from apps.services.definition import Definition, Page
from apps.services.fieldtypes.identified import MunicipalityChoice
from apps.services.models import Service, Version
from apps.services.pageform import PageForm
from apps.services.surveying import asking, conclusions, is_meant, needs
from apps.services.texts import HELSINKI

RESULT = "_result"  # the button that goes to the result at once


class Survey:
    """A published survey with what a visitor has answered in it so far, judged today."""

    def __init__(self, version: Version, answers: Mapping[str, Any]) -> None:
        self.version, self.answers = version, answers
        self.key = version.service.key
        self.today = timezone.localdate(timezone=HELSINKI)
        self.journey = Journey(version.definition, answers, self.today)

    @property
    def definition(self) -> Definition:
        """What it says."""
        return self.version.definition

    @property
    def authority(self) -> Authority:
        """Whose it is."""
        return self.version.service.authority

    @property
    def stops(self) -> list[Stop]:
        """The pages to go through. One that only concludes is told on the result page."""
        return [stop for stop in self.journey.stops if asking(stop.fields)]

    @property
    def complete(self) -> bool:
        """Whether everything that applies is answered."""
        return self.journey.complete

    @property
    def municipality(self) -> str:
        """The code of the municipality chosen; '' when none is asked for or chosen."""
        asked = (f.key for f in self.definition.fields.values() if isinstance(f, MunicipalityChoice))
        return next((str(code) for key in asked if (code := self.journey.counting.get(key))), "")

    def beside(self, page: Page, step: int) -> Page | None:
        """The page before (-1) or after (1) a page; None at the ends."""
        keys = [stop.page.key for stop in self.stops]
        there = keys.index(page.key) + step if page.key in keys else -1
        return self.stops[there].page if 0 <= there < len(keys) else None

    def address(self, page: Page | None) -> str:
        """Where a page is answered; without one, where the result stands."""
        if page is None:
            return reverse("portal:survey_result", args=[self.key])
        return reverse("portal:survey_page", args=[self.key, page.key])

    def address_to_go_on(self) -> str:
        """The first page that is not done; when all are, the result."""
        return self.address(next((stop.page for stop in self.stops if not stop.done), None))


def open_survey(request: HttpRequest, key: str) -> Survey:
    """A survey that is published and open, with the visitor's own answers. Raises Http404 for anything else."""
    known = Service.objects.open().select_related("published", "authority").defer("published__document")
    service = get_object_or_404(known, key=key)
    assert service.published is not None  # noqa: S101 (it is an open service)
    service.published.service = service
    if not service.published.definition.is_survey:
        raise Http404
    return Survey(service.published, surveyed.answers_of(request, service.published))


# --- answering -------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def survey(request: HttpRequest, key: str) -> HttpResponse:
    """What the survey is about, and where one begins or goes on."""
    asked = open_survey(request, key)
    facts = {
        "survey": asked,
        "definition": asked.definition,
        "first": asked.address(asked.stops[0].page if asked.stops else None),
        "onward": asked.address_to_go_on() if asked.answers else "",
        "other_languages": other_languages(asked.definition),
    }
    return render(request, "portal/survey.html", facts)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@stash.shown_again
@limited("survey")
def page(request: HttpRequest, key: str, page: str) -> HttpResponse:
    """A page of the survey. Posting keeps what is right on it, whatever is wrong beside it."""
    asked = open_survey(request, key)
    found = asked.definition.page(page)
    if found is None:
        raise Http404
    if not asked.journey.may_open(page):
        return HttpResponseRedirect(asked.address_to_go_on())
    if request.method == "POST":
        return _receive(request, asked, found)
    typed = stash.typed(request, customer_of(request))
    form = PageForm(
        asked.definition, found, answers=asked.answers, today=asked.today, data=typed.fields if typed else None
    )
    if typed and typed.why == stash.OTHER_LANGUAGE:
        form.forgive_unanswered()
    elif typed:
        form.forgive()  # it has not been sent in yet
    return _show(request, asked, found, form)


def _receive(request: HttpRequest, asked: Survey, found: Page) -> HttpResponse:
    stash.forget(request)
    form = PageForm(asked.definition, found, answers=asked.answers, today=asked.today, data=request.POST)
    form.is_valid()
    answers = {key: kept for key, kept in {**asked.answers, **form.kept}.items() if kept is not None}
    if not surveyed.keep(request, asked.version, answers):
        messages.warning(request, _("What you wrote is too much to be kept. Write less, and go on."))
        return _show(request, asked, found, form)
    after = Survey(asked.version, answers)
    form.stored = answers
    language = stash.language_asked_for(request)
    if form.acted or language or RESULT in request.POST:
        form.forgive_unanswered()
    if language:
        return stash.in_other_language(request, after.address(found), keeping=not form.is_valid())
    if form.acted or not form.is_valid():
        return _show(request, after, found, form)
    if RESULT in request.POST:
        return HttpResponseRedirect(after.address(None))
    if form.brought_up and FOLLOWED not in request.POST:  # without script they have not been seen yet
        messages.info(request, _("Your answers bring up more on this page. Look through it, and go on."))
        return HttpResponseRedirect(after.address(found))
    return HttpResponseRedirect(after.address(after.beside(found, 1)))


def _show(request: HttpRequest, asked: Survey, found: Page, form: PageForm) -> HttpResponse:
    keys = [stop.page.key for stop in asked.stops]
    before = asked.beside(found, -1)
    facts: dict[str, Any] = {
        "survey": asked,
        "definition": asked.definition,
        "page": found,
        "form": form,
        "action": asked.address(found),
        "number": keys.index(found.key) + 1 if found.key in keys else 1,
        "count": len(keys),
        "last": asked.beside(found, 1) is None,
        "steps": _steps(asked, found),
        "back": asked.address(before) if before else reverse("portal:survey", args=[asked.key]),
        "conditions": any(field.parts() or field.looks_at() for field in found.fields),
        "answers": _answers_looked_at(form),
        "today": asked.today.isoformat(),
    }
    return render(request, "portal/survey_page.html", facts)


def _steps(asked: Survey, current: Page) -> list[Step]:
    return [
        Step(
            stop.page.title.said(),
            asked.address(stop.page) if asked.journey.may_open(stop.page.key) else "",
            "current" if stop.page.key == current.key else "done" if stop.done else "later",
        )
        for stop in asked.stops
    ]


def _answers_looked_at(form: PageForm) -> dict[str, Any]:
    """The answers of earlier pages that conditions on this page look at: all that the browser needs to follow them."""
    looked_at = {path.partition(".")[0] for field in form.page.fields for path in field.looks_at()}
    return {key: value for key, value in form.before.items() if key in looked_at}


@require_POST
def begin_anew(request: HttpRequest, key: str) -> HttpResponse:
    """Throw away what was answered, and begin with the first page."""
    asked = open_survey(request, key)
    surveyed.forget(request, key)
    messages.success(request, _("Your answers are thrown away."))
    return redirect("portal:survey", key=asked.key)


# --- the result ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A service that is needed, with the reasons in words and where one reads on."""

    offer: Offer
    why: tuple[str, ...]
    address: str


@dataclass(frozen=True)
class Result:
    """What the answers lead to. `nowhere` are the reasons for what is needed but cannot be begun here."""

    surely: list[Found]
    possibly: list[Found]
    nowhere: list[str]


@never_cache
@require_safe
def result(request: HttpRequest, key: str) -> HttpResponse:
    """What is surely and what is possibly needed, why, and what to keep in mind."""
    asked = open_survey(request, key)
    if not asked.answers:
        return redirect("portal:survey", key=key)
    language = get_language() or "sv"
    municipality = all_municipalities().get(asked.municipality)
    facts = {
        "survey": asked,
        "definition": asked.definition,
        "result": what_is_needed(asked, offers(), language),
        "leads": bool(asked.definition.leads_to),
        "advice_first": all(lead.surely == NEVER for lead in asked.definition.leads_to),
        "conclusions": conclusions(asked.definition, asked.answers, asked.today, language),
        "onward": "" if asked.complete else asked.address_to_go_on(),
        "sections": _sections(asked, language),
        "municipality": municipality_name(municipality, language) if municipality else "",
        "along": [
            field.label.said(language)
            for field, _kept in surveyed.common_answers(asked.version, asked.answers).values()
        ],
    }
    return render(request, "portal/survey_result.html", facts)


def what_is_needed(asked: Survey, every: Iterable[Offer], language: str) -> Result:
    """The services that the answers lead to, as far as customers can begin with them in the municipality chosen. None is listed twice."""
    known: list[Offer] = list(every)
    nowhere: list[str] = []
    surely: dict[str, Found] = {}
    possibly: dict[str, Found] = {}
    for need in needs(asked.definition, asked.answers, asked.today):
        why = tuple(text.said(language) for text in need.why)
        serving = [offer for offer in known if _is_meant(need.service, offer) and _serves(asked, offer)]
        for offer in serving:
            found = Found(offer, why, _address_with(asked, offer))
            (surely if need.surely else possibly).setdefault(offer.service.key, found)
        if not serving:
            nowhere += why
    only_possibly = [found for key, found in possibly.items() if key not in surely]
    return Result(list(surely.values()), only_possibly, list(dict.fromkeys(nowhere)))


def _is_meant(wanted: str, offer: Offer) -> bool:
    return is_meant(wanted, offer.service.key, offer.authority.key)


def _serves(asked: Survey, offer: Offer) -> bool:
    return not asked.municipality or offer.serves(asked.municipality)


def _address_with(asked: Survey, offer: Offer) -> str:
    return f"{reverse('portal:service', args=[offer.service.key])}?{urlencode({'survey': asked.key})}"


def _sections(asked: Survey, language: str) -> list[tuple[Section, str]]:
    """The answers page by page, each page with the address at which they are changed."""
    by_key = {stop.page.key: stop.page for stop in asked.stops if asked.journey.may_open(stop.page.key)}
    return [
        (section, asked.address(by_key[section.key]))
        for section in sheet(asked.definition, asked.answers, asked.today, language)
        if section.key in by_key and any(line.text for line in section.lines)
    ]
