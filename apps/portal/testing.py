"""Trying a version: the page that a tester's link opens, where they begin, and go on with what they have begun."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.applications import drafting
from apps.applications.models import Application
from apps.cases.models import Case
from apps.people.identification import customer_of
from apps.people.models import Customer
from apps.portal.catalogue import language_for, sent_elsewhere
from apps.portal.errors import error_page
from apps.portal.limiting import always, limited
from apps.services import rehearsing
from apps.services.models import Tester
from apps.services.rehearsing import NotTheirs, Over


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("testing", when=always)
def invited(request: HttpRequest, key: str) -> HttpResponse:
    """What is tested, by whose wish, and the button that begins. Whoever begins with a link first has it for their own."""
    tester = rehearsing.tester_of(key)
    if tester is None:
        text = _("The link is not whole, or the authority has taken it back. Ask whoever gave it to you for a new one.")
        return error_page(request, 404, _("This link leads to no test"), text)
    if request.method == "POST":
        return _begin(request, tester, reverse("portal:testing", args=[key]))
    return _show(request, tester)


def _show(request: HttpRequest, tester: Tester) -> HttpResponse:
    customer, version = customer_of(request), tester.rehearsal.version
    facts: dict[str, Any] = {
        "tester": tester,
        "rehearsal": tester.rehearsal,
        "version": version,
        "definition": version.definition,
        "authority": version.service.authority,
        "over": rehearsing.is_over(version.pk),
        "others": customer is not None and tester.customer_id not in (None, customer.pk),
        "begun": _begun(tester, customer) if customer else [],
        "action": request.path,
    }
    answer = render(request, "portal/testing.html", facts)
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _begun(tester: Tester, customer: Customer) -> list[tuple[Application, Case | None]]:
    """What the customer has begun in the test, the latest first, each with its case once it was sent."""
    papers = Application.objects.of(customer).filter(
        version=tester.rehearsal.version_id, is_test=True, supplement_form__isnull=True
    )
    own = list(papers.defer("answers").order_by("-changed_at"))
    cases = {
        case.application_id: case for case in Case.objects.filter(application__in=own).only("number", "application")
    }
    return [(paper, cases.get(paper.pk)) for paper in own]


def _begin(request: HttpRequest, tester: Tester, page: str) -> HttpResponse:
    """Begin as one begins with a service: who must sign in, or may not act so, is told the same."""
    version = tester.rehearsal.version
    customer = customer_of(request)
    if (elsewhere := sent_elsewhere(request, customer, version.definition, page)) is not None or customer is None:
        return elsewhere or redirect(page)
    try:
        rehearsing.bind(tester, customer)
    except NotTheirs:
        messages.warning(request, _("Somebody else has begun with this link. Ask for a link of your own."))
        return redirect(page)
    except Over as over:
        messages.warning(request, str(over))
        return redirect(page)
    paper = drafting.begin(version, customer, language_for(version.definition), is_test=True)
    return redirect("portal:application", pk=paper.pk)
