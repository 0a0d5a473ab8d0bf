"""Beginning in the national service: a link with an externalId opens a service here, and what was stated there stands in its form.

Looking at the page changes nothing. Whatever is wrong with the link, or there, the customer goes on by hand.

Whose the link is, the national service says (`nationaldata.whose`). While it does not, it is taken to be that of who comes first with it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, translate_url
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications import drafting, externalids, nationaldata, undertakings
from apps.applications.models import Application, Frozen
from apps.applications.nationaldata import Fetched
from apps.applications.parties import objection
from apps.cases.models import Case
from apps.people.identification import customer_of
from apps.people.models import Customer
from apps.portal.catalogue import (
    chosen_undertaking,
    facts_of,
    language_for,
    open_offer,
    page_of_elsewhere,
    sent_elsewhere,
    undertakings_to_choose,
)
from apps.portal.limiting import limited
from apps.services.models import Service
from apps.services.texts import HELSINKI

ID, LANGUAGE = "externalId", "lang"


@dataclass(frozen=True)
class Begun:
    """What began in the national service: its externalId, and what of it there is here. Templates know it as `begun`."""

    external_id: uuid.UUID
    case: Case | None = None  # the customer's own, by which it has been sent already
    draft: Application | None = None  # the customer's own
    taken: bool = False  # by a case that is not theirs as they act now

    @classmethod
    def of(cls, external_id: uuid.UUID, customer: Customer | None, service: Service) -> Begun:
        """As a customer may know it; who is not signed in is told nothing."""
        if customer is None:
            return cls(external_id)
        case = Case.objects.of(customer).filter(external_id=external_id).only("number").first()
        if case is not None:
            return cls(external_id, case=case)
        if Case.objects.filter(external_id=external_id).exists():
            return cls(external_id, taken=True)
        drafts = Application.objects.of(customer).drafts().filter(external_id=external_id, version__service=service)
        return cls(external_id, draft=drafts.filter(supplement_form__isnull=True, is_test=False).first())


@never_cache
@require_safe
def in_a_language(request: HttpRequest, key: str) -> HttpResponse:
    """The same link without a language in its path: on to the page in the language that `lang` says, else in the browser's."""
    address, asked = reverse("portal:start_there", args=[key]), request.GET.get(LANGUAGE, "").lower()
    if asked in dict(settings.LANGUAGES):
        address = translate_url(address, asked)
    said = request.GET.get(ID, "")[:100]
    return HttpResponseRedirect(f"{address}?{urlencode({ID: said})}" if said else address)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("start")
def start(request: HttpRequest, key: str) -> HttpResponse:
    """The service's page, which says where this began; a POST begins here, or goes on with what has been begun."""
    offer, customer = open_offer(key), customer_of(request)
    ordinary = reverse("portal:service", args=[key])
    if offer.definition.is_survey:
        return redirect(ordinary)
    external_id = externalids.read(request.GET.get(ID, ""))
    if external_id is None:
        said = _("The link you came by is not whole, so what you stated in Tillstånd och tillsyn is not known here.")
        by_hand = _("You can fill in everything yourself.")  # not within the f-string: it would not be collected
        messages.warning(request, f"{said} {by_hand}")
        return redirect(ordinary)
    begun = Begun.of(external_id, customer, offer.service)
    if offer.elsewhere:
        return page_of_elsewhere(request, offer, customer, begun=begun, begun_page=request.get_full_path())
    if request.method == "POST":
        page = f"{request.path}?{urlencode({ID: str(external_id)})}"
        if (before := sent_elsewhere(request, customer, offer.definition, page)) is not None or customer is None:
            return before or redirect(page)
        return _begin(request, customer, offer.service, begun)
    facts: dict[str, Any] = {
        **facts_of(offer, timezone.localdate(timezone=HELSINKI)),
        "begun": begun,
        "begun_page": request.get_full_path(),
        "fetches": bool(nationaldata.wanted(offer.definition)),
        "undertakings": undertakings_to_choose(customer) if begun.draft is None else [],
        "objection": objection(offer.definition, customer) if customer else "",
    }
    return render(request, "portal/service.html", facts)


def _begin(request: HttpRequest, customer: Customer, service: Service, begun: Begun) -> HttpResponse:
    if begun.case is not None:
        return redirect("portal:case", number=begun.case.number)
    version = service.published
    assert version is not None  # noqa: S101 (it is an open service)
    paper = drafting.begin(
        version,
        customer,
        language_for(version.definition),
        undertaking=chosen_undertaking(request, customer),
        external_id=None if begun.taken else begun.external_id,
    )
    if paper.undertaking_id is None and paper.customer_id == customer.pk:
        undertakings.give_one(paper, customer)
    if paper.external_id is not None and paper.common_data is None:
        fetch(request, paper, customer)
    return redirect("portal:application", pk=paper.pk)


def fetch(request: HttpRequest, paper: Application, customer: Customer) -> None:
    """Ask the national service for what the customer has stated there, and say at the next page what came of it."""
    try:
        fetched = nationaldata.fetch(paper, customer)
    except Frozen:
        return  # it has been sent meanwhile, which the next page shows
    if fetched.worked:
        messages.success(request, fetched.words)
    elif _matters(fetched, paper):
        messages.warning(request, fetched.words)


def make_sure(request: HttpRequest, paper: Application, customer: Customer) -> None:
    """Ask once more whose it is before it is sent under that externalId, where that has never been answered. An answer that does not
    come this time either stops nobody.
    """
    if not paper.is_draft or paper.external_id is None or paper.common_data is not None:
        return
    try:
        fetched = nationaldata.fetch(paper, customer, is_last=True)
    except Frozen:
        return
    if fetched.is_set_apart:
        messages.warning(request, fetched.words)


def _matters(fetched: Fetched, paper: Application) -> bool:
    """Whether the customer misses something, or the matter is not what they think: a form that asks nothing from there lacks nothing."""
    return bool(nationaldata.wanted(paper.definition)) or fetched.is_set_apart
