"""What can be asked for: the services customers can find, the page of each, and beginning an application."""

from __future__ import annotations

import logging
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language, get_language_info, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications import drafting, undertakings
from apps.applications.models import Application, Undertaking
from apps.applications.parties import PARTY_WORDS, objection
from apps.people.identification import customer_of, strongly_known
from apps.people.models import Authority, Customer
from apps.people.municipalities import Municipality, all_municipalities
from apps.portal import surveyed
from apps.portal.mandated import Standing, standing
from apps.portal.visitors import say_that_mandate_ended, to_sign_in
from apps.services.definition import Definition
from apps.services.models import Service
from apps.services.reading import Unreadable
from apps.services.texts import HELSINKI

LONGEST_SEARCH = 200
MOST_UNDERTAKINGS = 10
Options = list[tuple[str, str]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A service that customers can begin, here or in the authority's own service, with what its published version says."""

    service: Service
    definition: Definition

    @property
    def authority(self) -> Authority:
        """Whose it is."""
        return self.service.authority

    @property
    def municipalities(self) -> set[str]:
        """The codes of the municipalities it is for: the authority's, or fewer when the service says so. None means all."""
        served, narrower = set(self.authority.municipality_codes), set(self.definition.municipalities)
        return served & narrower if served and narrower else served or narrower

    @property
    def elsewhere(self) -> str:
        """The address of the authority's own service, in the language of the page if there is one; '' for what one begins here."""
        return self.definition.own_service.said()

    def serves(self, municipality: str) -> bool:
        """Whether it is for a municipality."""
        return not self.municipalities or municipality in self.municipalities

    def says(self, words: list[str], language: str) -> bool:
        """Whether every word stands somewhere in what is told of it, in the language of the page."""
        d = self.definition
        told = [text.said(language) for text in (d.name, d.summary, d.for_whom)]
        everything = plain("\n".join([*told, self.authority.named(language)]))
        return all(word in everything for word in words)


def plain(text: str) -> str:
    """Text for comparing: upper and lower case are the same, å and a are not, however they were typed."""
    return unicodedata.normalize("NFC", text).casefold()


def offers() -> list[Offer]:
    """The services customers can begin, by name. A survey is none: it is answered, and nothing is sent."""
    return [offer for offer in everything_open() if not offer.definition.is_survey]


def everything_open() -> list[Offer]:
    """Services and surveys, by name. One query; the volumes are small and the texts lie in the documents."""
    found = []
    for service in Service.objects.open().select_related("published", "authority").defer("published__document"):
        try:
            if service.published is not None:
                found.append(Offer(service, service.published.definition))
        except Unreadable:  # one service that cannot be read may not hide all others
            log.exception("the definition of %s cannot be read", service.published)
    return sorted(found, key=lambda offer: plain(offer.definition.name.said()))


def municipality_name(municipality: Municipality, language: str) -> str:
    """Its name in the language of the page; in English both of its names."""
    if language == "en" and municipality.fi != municipality.sv:
        return f"{municipality.fi} – {municipality.sv}"
    return municipality.name(language)


def municipality_options(of: list[Offer], language: str) -> Options:
    """The municipalities that are served, by name: every one when some service is for the whole country."""
    known = all_municipalities()
    whole_country = any(not offer.municipalities for offer in of)
    codes = set(known) if whole_country else {code for offer in of for code in offer.municipalities if code in known}
    return sorted(((code, municipality_name(known[code], language)) for code in codes), key=lambda o: plain(o[1]))


def authority_options(of: list[Offer]) -> Options:
    """The authorities that offer something, by name."""
    named = {offer.authority.key: offer.authority.name for offer in of}
    return sorted(named.items(), key=lambda option: plain(option[1]))


class SearchForm(forms.Form):
    """What is searched for, shown again. The searching itself forgives everything: see `home`."""

    word = forms.CharField(label=_("Word"), required=False)
    authority = forms.ChoiceField(label=_("Authority"), required=False)
    municipality = forms.ChoiceField(label=_("Municipality"), required=False)

    def __init__(self, now: dict[str, str], authorities: Options, municipalities: Options) -> None:
        super().__init__(initial=now)
        for name, empty, options in (
            ("authority", gettext("All authorities"), authorities),
            ("municipality", gettext("All municipalities"), municipalities),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (as declared above)
            field.choices = [("", empty), *options]


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The catalogue, searched by word, authority and municipality. What is searched for never reaches the database."""
    language, everything = get_language() or "sv", everything_open()
    every = [offer for offer in everything if not offer.definition.is_survey]
    authorities, municipalities = authority_options(every), municipality_options(every, language)
    search = " ".join(request.GET.get("word", "")[:LONGEST_SEARCH].replace("\0", " ").split())
    authority = chosen(request.GET.get("authority"), authorities)
    municipality = chosen(request.GET.get("municipality"), municipalities)
    found = [
        offer
        for offer in every
        if offer.says(plain(search).split(), language)
        and (not authority or offer.authority.key == authority)
        and (not municipality or offer.serves(municipality))
    ]
    form = SearchForm(
        {"word": search, "authority": authority, "municipality": municipality}, authorities, municipalities
    )
    searched = bool(search or authority or municipality)
    facts = {"offers": found, "any_offers": bool(every), "form": form, "searched": searched}
    surveys = [offer for offer in everything if offer.definition.is_survey]
    facts["surveys"] = sorted(surveys, key=lambda one: -len(one.definition.leads_to))  # what helps most people first
    return render(request, "portal/home.html", facts)


def chosen(value: str | None, options: Options) -> str:
    """The value when it is one of the options, else ''."""
    return value if value and any(value == key for key, _name in options) else ""


@never_cache
@require_safe
def service(request: HttpRequest, key: str) -> HttpResponse:
    """What a service is, what it costs, when it must be in, what to have at hand; and the button that begins, or the way elsewhere."""
    offer = open_offer(key)
    if offer.definition.is_survey:
        return redirect("portal:survey", key=key)
    customer, today = customer_of(request), timezone.localdate(timezone=HELSINKI)
    if offer.elsewhere:
        return page_of_elsewhere(request, offer, customer)
    survey = surveyed.known(request, request.GET.get("survey", ""))
    facts: dict[str, Any] = {
        **facts_of(offer, today),
        "drafts": own_drafts(request, offer.service),
        "undertakings": undertakings_to_choose(customer),
        "within": request.GET.get("undertaking", "") or surveyed.undertaking_of(request, survey),
        "survey": survey,
        "objection": objection(offer.definition, customer) if customer else "",
    }
    return render(request, "portal/service.html", facts)


def page_of_elsewhere(request: HttpRequest, offer: Offer, customer: Customer | None, **more: Any) -> HttpResponse:
    """The page of a service whose customers do their business in the authority's own, and the way there."""
    facts = {
        **facts_of(offer, timezone.localdate(timezone=HELSINKI)),
        "drafts": own_drafts(request, offer.service),
        "noted": customer is not None and may_begin(offer.definition, customer),
        **more,
    }
    response = render(request, "portal/service.html", facts)
    # Its form leads out of here, and what stands there may lead on.
    parts = urlsplit(offer.elsewhere)
    reach = "https:" if parts.scheme == "https" else f"{parts.scheme}://{parts.netloc}"
    policy = {**settings.SECURE_CSP, "form-action": ["'self'", reach]}
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {' '.join(to)}" for name, to in policy.items())
    return response


def may_begin(definition: Definition, customer: Customer) -> bool:
    """Whether nothing stands in the way of a customer as they are known and act now."""
    known = definition.identification != "strong" or strongly_known(customer)
    return known and not objection(definition, customer)


def facts_of(offer: Offer, today: date) -> dict[str, Any]:
    """What the page of a service tells everybody of it. Of a service whose customers do their business in the authority's own: nothing
    of the form here, which is not theirs.
    """
    definition, lead_time = offer.definition, offer.definition.lead_time
    facts = {
        "offer": offer,
        "definition": definition,
        "area": area_of(offer),
        "other_languages": other_languages(definition),
    }
    if offer.elsewhere:
        return {**facts, "host": urlsplit(offer.elsewhere).netloc}
    return {
        **facts,
        "lead_time": lead_time,
        "earliest": lead_time.earliest(today) if lead_time else None,
        "attachments": [field for field in definition.fields.values() if field.carries_file],
        "parties": [PARTY_WORDS[party] for party in definition.acting_for],
    }


def area_of(offer: Offer) -> list[str]:
    """The names of the municipalities it is for; none for the whole country."""
    if not offer.municipalities:
        return []
    return [name for _code, name in municipality_options([offer], get_language() or "sv")]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, key: str) -> HttpResponse:
    """Begin an application. One who is not signed in does that first and comes back to the service's page."""
    offer, customer = open_offer(key), customer_of(request)
    survey = surveyed.known(request, request.POST.get("survey", ""))
    page = reverse("portal:service", args=[key]) + (f"?{urlencode({'survey': survey})}" if survey else "")
    if request.method != "POST" or offer.definition.is_survey:
        return redirect(page)
    if offer.elsewhere:
        messages.warning(
            request, gettext("You do not fill in anything here: the authority has its own service for this.")
        )
        return redirect(page)
    if (elsewhere := sent_elsewhere(request, customer, offer.definition, page)) is not None or customer is None:
        return elsewhere or redirect(page)
    version = offer.service.published
    assert version is not None  # noqa: S101 (it is an open service)
    within = chosen_undertaking(request, customer)
    paper = drafting.begin(version, customer, language_for(offer.definition), undertaking=within)
    if paper.undertaking_id is None:
        undertakings.give_one(paper, customer)
    surveyed.note_begun(request, survey, paper)
    return redirect("portal:application", pk=paper.pk)


def sent_elsewhere(
    request: HttpRequest, customer: Customer | None, definition: Definition, page: str
) -> HttpResponse | None:
    """Where one goes first who wants to begin on a page: to sign in well enough, to choose for whom they act. None for who can begin."""
    if customer is None:
        return to_sign_in(page)
    if definition.identification == "strong" and not strongly_known(customer):
        messages.warning(
            request,
            gettext("This service must know for sure who you are. Sign in in one of these ways, and begin then."),
        )
        return to_sign_in(page, strongly=True)
    if standing(request, customer) is Standing.ENDED:
        say_that_mandate_ended(request)
        return redirect(page)
    if refused := objection(definition, customer):
        messages.warning(request, refused)
        return redirect(f"{reverse('portal:acting')}?{urlencode({'next': page})}")
    return None


def language_for(definition: Definition) -> str:
    """The language a paper is filled in in: that of the page, where the form has it."""
    language = get_language() or "sv"
    return language if language in definition.languages else definition.languages[0]


def undertakings_to_choose(customer: Customer | None) -> list[Undertaking]:
    """The customer's latest undertakings with something in them that they may read, which a new application can belong to."""
    if customer is None:
        return []
    readable = Application.objects.of(customer).filter(is_test=False)
    own = undertakings.undertakings_of(customer).filter(pk__in=readable.values("undertaking"))
    papers = Prefetch("applications", readable.select_related("version").defer("version__document", "answers"))
    return list(own.prefetch_related(papers)[:MOST_UNDERTAKINGS])


def chosen_undertaking(request: HttpRequest, customer: Customer) -> Undertaking | None:
    """The undertaking chosen on the service's page; None for a new one, and for what is not theirs."""
    try:
        wanted = uuid.UUID(request.POST.get("undertaking", ""))
    except ValueError:
        return None
    return undertakings.undertakings_of(customer).filter(pk=wanted).first()


def open_offer(key: str) -> Offer:
    """A service that customers can begin; 404 for any other."""
    found = get_object_or_404(
        Service.objects.open().select_related("published", "authority").defer("published__document"), key=key
    )
    assert found.published is not None  # noqa: S101 (it is an open service)
    return Offer(found, found.published.definition)


def own_drafts(request: HttpRequest, of: Service) -> list[Application]:
    """The drafts of a service that the customer has begun, the latest first. Tests of it are found by their own links."""
    customer = customer_of(request)
    if customer is None:
        return []
    drafts = Application.objects.of(customer).drafts().filter(version__service=of, supplement_form__isnull=True)
    return list(drafts.filter(is_test=False).order_by("-changed_at"))


def other_languages(definition: Definition) -> list[str]:
    """The names of the languages a service is offered in, when that of the page is not among them."""
    if (get_language() or "sv") in definition.languages:
        return []
    return [get_language_info(language)["name_local"] for language in definition.languages]
