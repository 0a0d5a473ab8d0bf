"""Signing in and out, and going on to where the customer was heading."""

from __future__ import annotations

from urllib.parse import urlsplit

from crispy_forms.helper import FormHelper
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.people import identification
from apps.people.identification import TestIdentity, TestPersonForm, available_ways, customer_of
from apps.portal.visitors import local_path
from apps.services.layout import plain_layout


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The ways to become known. With the test identity, anybody by typing a name."""
    onward = local_path(request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST":
        if not TestIdentity.available():
            raise Http404
        form = _person_form(request)
        if form.is_valid():
            identification.sign_in(request, TestIdentity.identify(**form.cleaned_data))
            return _go_on(request, onward)
    else:
        if customer_of(request):
            return HttpResponseRedirect(onward or reverse("portal:my_cases"))
        form = _person_form(request)
    facts = {"ways": available_ways(), "form": form if TestIdentity.available() else None, "next": onward}
    return render(request, "portal/sign_in.html", facts)


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Forget who it was."""
    identification.sign_out(request)
    messages.success(request, _("You have signed out."))
    return redirect("portal:home")


def _person_form(request: HttpRequest) -> TestPersonForm:
    form = TestPersonForm(request.POST if request.method == "POST" else None)
    form.helper = FormHelper()  # type: ignore[attr-defined]  # read by the crispy tag
    form.helper.form_tag = False  # type: ignore[attr-defined]
    form.helper.disable_csrf = True  # type: ignore[attr-defined]
    form.helper.layout = plain_layout(form)  # type: ignore[attr-defined]
    return form


def _go_on(request: HttpRequest, onward: str) -> HttpResponseRedirect:
    """To where the customer was heading; one who came from a service page is told that they can begin now."""
    if _leads_to_service(onward):
        messages.success(request, _("You are signed in and can begin now."))
    return HttpResponseRedirect(onward or reverse("portal:my_cases"))


def _leads_to_service(path: str) -> bool:
    try:
        return resolve(urlsplit(path).path).view_name == "portal:service"
    except Resolver404:
        return False
