"""Who stands at the door: pages for signed-in customers only, and finding what is a customer's own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from apps.applications.models import Application
from apps.cases import redirected
from apps.cases.models import Case
from apps.people.identification import MANDATE_KEY, customer_of
from apps.people.models import Customer
from apps.portal import stash
from apps.portal.mandated import Standing, may_send, standing
from apps.services import rehearsing

View = Callable[..., HttpResponseBase]
LONGEST_ADDRESS = 2_000


class RehearsalOver(Exception):
    """The draft is of a test that has ended: nobody goes on with it."""

    def __init__(self, paper: Application) -> None:
        self.paper = paper
        super().__init__(paper.pk)


class ContinuedElsewhere(Exception):
    """Nothing is filled in of it here: the customer has gone on with it to the authority's own service."""

    def __init__(self, paper: Application) -> None:
        self.paper = paper
        super().__init__(paper.pk)


class ForSomebodyElse(Http404):
    """A paper that the customer has written themselves, but for somebody for whom they do not act now."""


def customers_only(view: View) -> View:
    """Give a view the customer after the request, or send a visitor who is not signed in to sign in first.

    What such a visitor had typed is kept for the page when it shows it again (`stash.shown_again`).
    Nothing of these pages is kept by a browser, so that its back button shows nothing after signing out.
    """

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: object) -> HttpResponseBase:
        customer = customer_of(request)
        if customer is None:
            if request.method == "POST":
                _say_that_it_was_too_late(request)
            return to_sign_in(request.get_full_path())
        if customer.acting_for is not None or MANDATE_KEY in request.session:
            customer, closed = _under_mandate(request, customer)
            if closed is not None:
                return closed
        if request.method == "POST":
            stash.forget(request)  # what is posted now takes its place
        try:
            return view(request, customer, **kwargs)
        except ForSomebodyElse:
            words = _(
                "What you opened belongs to somebody you have acted for. Choose for whom you act, and you come back to it."
            )
            messages.info(request, words)
            return HttpResponseRedirect(f"{reverse('portal:acting')}?{urlencode({'next': request.get_full_path()})}")
        except RehearsalOver as over:
            return render(request, "portal/testing_over.html", {"draft": over.paper}, status=HTTPStatus.GONE)
        except ContinuedElsewhere as continued:
            there = redirected.address_there(continued.paper, get_language() or continued.paper.language)
            facts = {"draft": continued.paper, "there": there, "host": urlsplit(there).netloc}
            return render(request, "portal/elsewhere.html", facts)
        except Http404:
            stash.forget(request)
            raise

    return guarded


def _under_mandate(request: HttpRequest, customer: Customer) -> tuple[Customer, HttpResponseRedirect | None]:
    """The customer as they act now; and where to go, when their mandate has ended, or cannot be checked for what they want to do.

    The source is always asked before something may get to an authority. What was typed is kept for the page.
    """
    sends = may_send(request)
    match standing(request, customer, ask=sends):
        case Standing.ENDED:
            stash.keep(request, stash.NO_MANDATE)
            say_that_mandate_ended(request)
            return customer_of(request) or customer, HttpResponseRedirect(reverse("portal:my_cases"))
        case Standing.UNKNOWN if sends:
            said = _(
                "Your mandate cannot be checked just now, so nothing was done. Drafts are kept. Try again in a moment."
            )
            messages.warning(request, said)
            kept = stash.keep(request, stash.NO_MANDATE)
            back = request.get_full_path() if kept else came_from(request)
            return customer, HttpResponseRedirect(back or reverse("portal:my_cases"))
        case Standing.UNKNOWN:
            request.mandate_unchecked = True  # type: ignore[attr-defined]  # said by base.html
    return customer, None


def say_that_mandate_ended(request: HttpRequest) -> None:
    """In words, at the next page."""
    words = _(
        "Your mandate has ended or has not been confirmed, so you act for yourself now. Drafts are kept: choose again for whom you act."
    )
    messages.warning(request, words)


def _say_that_it_was_too_late(request: HttpRequest) -> None:
    if stash.keep(request, stash.SIGNED_OUT):
        said = _(
            "You were no longer signed in. Sign in again: what you wrote is kept and stands on the page when you are back."
        )
    else:
        said = _(
            "You were no longer signed in, so the page you sent was not saved. All pages saved before it are kept."
        )
    messages.warning(request, said)


def to_sign_in(onward: str, *, strongly: bool = False) -> HttpResponseRedirect:
    """To the sign-in page, and from there onward. `strongly` is for one who is signed in, but not by a way that is strong enough."""
    asked = {"next": onward} | ({"strongly": "yes"} if strongly else {})
    return HttpResponseRedirect(f"{reverse('portal:sign_in')}?{urlencode(asked)}")


def came_from(request: HttpRequest) -> str:
    """The page of ours that the request came from, if the browser says so."""
    here, said = f"{request.scheme}://{request.get_host()}", request.headers.get("Referer", "")
    return local_path(said.removeprefix(here)) if said.startswith(f"{here}/") else ""


def local_path(text: str | None) -> str:
    """The address when it is a path of this service, else ''."""
    if not text or not text.startswith("/") or not text.isprintable() or len(text) > LONGEST_ADDRESS:
        return ""
    return text if url_has_allowed_host_and_scheme(text, allowed_hosts=None) else ""


def own_paper(customer: Customer, pk: uuid.UUID, *, over_too: bool = False) -> Application:
    """A customer's own draft or sent paper. Raises Http404 for any other; see ForSomebodyElse. Unless it is asked for, raises
    RehearsalOver for a draft of a test that has ended, and ContinuedElsewhere for what goes on in the authority's own service.
    """
    papers = (
        Application.objects.of(customer)
        .select_related("version__service__authority", "principal")
        .defer("version__document")
    )
    found = papers.filter(pk=pk).first()
    if found is None and Application.objects.filter(pk=pk, customer=customer).exists():
        raise ForSomebodyElse
    if found is None:
        raise Http404
    if found.is_test and found.is_draft and not over_too and rehearsing.is_over(found.version_id):
        raise RehearsalOver(found)
    if found.is_redirected and not over_too:
        raise ContinuedElsewhere(found)
    return found


def own_case(customer: Customer, number: str) -> Case:
    """A customer's own case; 404 for any other."""
    cases = (
        Case.objects.of(customer)
        .select_related("service__authority", "application__version", "application__principal", "handler")
        .defer("application__version__document")
    )
    return get_object_or_404(cases, number=number)
