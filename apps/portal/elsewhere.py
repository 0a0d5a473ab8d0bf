"""Going on to the authority's own service: noted here for who is signed in, so that they can follow the state of the matter."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.applications import drafting, externalids, nationaldata
from apps.applications.models import Application
from apps.cases import redirected
from apps.cases.models import Case
from apps.people.identification import customer_of
from apps.people.models import Customer
from apps.portal.catalogue import language_for, open_offer, sent_elsewhere
from apps.portal.limiting import limited


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("start")
def go_on(request: HttpRequest, key: str) -> HttpResponse:
    """Note that the customer goes on there, and send them. Only who is signed in is noted; the page has a plain link for all others."""
    offer, customer, page = open_offer(key), customer_of(request), reverse("portal:service", args=[key])
    if request.method != "POST" or not offer.elsewhere:
        return redirect(page)
    if (before := sent_elsewhere(request, customer, offer.definition, page)) is not None or customer is None:
        return before or redirect(page)
    version = offer.service.published
    assert version is not None  # noqa: S101 (it is an open service)
    known_there = _known_there(request.POST.get("externalId", ""), customer) or uuid.uuid4()
    note = drafting.await_elsewhere(version, customer, language_for(offer.definition), known_there)
    return HttpResponseRedirect(redirected.address_there(note, get_language() or note.language))


def _known_there(said: str, customer: Customer) -> uuid.UUID | None:
    """The externalId with which the customer came from the national service, when nobody else has come with it, and it is nobody else's."""
    external_id = externalids.read(said)
    if external_id is None or Application.objects.filter(external_id=external_id).exists():
        return None
    if Case.objects.filter(external_id=external_id).exists():
        return None
    return None if nationaldata.is_of_others(external_id, customer) else external_id
