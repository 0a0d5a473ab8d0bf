"""Signing in and out, and going on to where the customer was heading."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.people import identification, mandates
from apps.people.identification import (
    TestIdentity,
    TestPersonForm,
    available_ways,
    customer_of,
    openid,
    strongly_known,
)
from apps.portal import mandated, stash, surveyed
from apps.portal.limiting import limited
from apps.portal.visitors import local_path
from apps.services.layout import lay_out_plainly


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("sign_in_test")
def sign_in(request: HttpRequest) -> HttpResponse:
    """The ways to become known. With the test identity, anybody by typing a name.

    One who is known weakly comes here again (`?strongly=yes`) from what asks for more.
    """
    onward = local_path(request.POST.get("next") or request.GET.get("next"))
    strongly = request.GET.get("strongly") == "yes"
    if request.method == "POST":
        if not TestIdentity.available():
            raise Http404
        form = _person_form(request)
        if form.is_valid():
            identification.sign_in(request, TestIdentity.identify(**form.cleaned_data))
            return go_on(request, onward)
    else:
        customer = customer_of(request)
        if customer and (strongly_known(customer) or not strongly):
            return HttpResponseRedirect(onward or reverse("portal:my_cases"))
        form = _person_form(request)
    doors = [way for way in available_ways() if way.address() and (way.strong or not strongly)]
    facts = {"doors": doors, "form": form if TestIdentity.available() else None, "next": onward}
    return render(request, "portal/sign_in.html", facts)


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Forget who it was, and where they were identified by a provider, go on to sign them out there."""
    back = request.build_absolute_uri(reverse("oidc_signed_out"))
    mandated.leave(request)
    leaving = openid.leaving(request, openid.OIDC, back=back)
    identification.sign_out(request)
    stash.forget_all(request)
    surveyed.forget_all(request)
    if leaving:
        return leaving.allow(render(request, "portal/leaving.html", {"leaving": leaving, "at": settings.OIDC["label"]}))
    messages.success(request, _("You have signed out."))
    return redirect("portal:home")


def _person_form(request: HttpRequest) -> TestPersonForm:
    form = TestPersonForm(request.POST if request.method == "POST" else None)
    lay_out_plainly(form)
    return form


def go_on(request: HttpRequest, onward: str) -> HttpResponseRedirect:
    """To where the customer was heading; one who came from a service page is told that they can begin now.

    Who may be able to act for somebody chooses that first.
    """
    customer = customer_of(request)
    if customer and mandates.available() and mandates.code_of(customer):
        asked = urlencode({"next": onward}) if onward else ""
        return HttpResponseRedirect(f"{reverse('portal:acting')}{'?' if asked else ''}{asked}")
    if _leads_to_service(onward):
        messages.success(request, _("You are signed in and can begin now."))
    return HttpResponseRedirect(onward or reverse("portal:my_cases"))


def _leads_to_service(path: str) -> bool:
    try:
        return resolve(urlsplit(path).path).view_name in ("portal:service", "portal:start_there")
    except Resolver404:
        return False
