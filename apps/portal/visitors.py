"""Who stands at the door: pages for signed-in customers only, and finding what is a customer's own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from apps.applications.models import Application
from apps.cases.models import Case
from apps.people.identification import customer_of
from apps.people.models import Customer

View = Callable[..., HttpResponseBase]
LONGEST_ADDRESS = 2_000


def customers_only(view: View) -> View:
    """Give a view the customer after the request, or send a visitor who is not signed in to sign in first.

    Nothing of these pages is kept by a browser, so that its back button shows nothing after signing out.
    """

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: object) -> HttpResponseBase:
        customer = customer_of(request)
        if customer is not None:
            return view(request, customer, **kwargs)
        if request.method == "POST":
            messages.warning(
                request,
                _(
                    "You were no longer signed in, so the page you sent was not saved. All pages saved before it are kept."
                ),
            )
        return to_sign_in(request.get_full_path())

    return guarded


def to_sign_in(onward: str) -> HttpResponseRedirect:
    """To the sign-in page, and from there onward."""
    return HttpResponseRedirect(f"{reverse('portal:sign_in')}?{urlencode({'next': onward})}")


def local_path(text: str | None) -> str:
    """The address when it is a path of this service, else ''."""
    if not text or not text.startswith("/") or len(text) > LONGEST_ADDRESS:
        return ""
    return text if url_has_allowed_host_and_scheme(text, allowed_hosts=None) else ""


def own_paper(customer: Customer, pk: uuid.UUID) -> Application:
    """A customer's own draft or sent paper; 404 for any other."""
    papers = Application.objects.of(customer).select_related("version__service").defer("version__document")
    return get_object_or_404(papers, pk=pk)


def own_case(customer: Customer, number: str) -> Case:
    """A customer's own case; 404 for any other."""
    cases = (
        Case.objects.of(customer)
        .select_related("service__authority", "application__version", "handler")
        .defer("application__version__document")
    )
    return get_object_or_404(cases, number=number)
