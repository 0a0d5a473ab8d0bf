"""Signing in strongly: to the provider, back from it, and out of it again.

It begins with a link, not with a form: the browser follows no form to another origin ("form-action 'self'"), nor to those that a
broker leads on to. A link that somebody else makes a customer open begins a sign-in that only the customer can finish.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.people import identification
from apps.people.identification import customer_of, openid
from apps.people.identification.oidc import OpenIDConnect, Unknown
from apps.people.identification.openid import OIDC, NotIdentified
from apps.portal.limiting import limited
from apps.portal.signing import go_on
from apps.portal.visitors import local_path, to_sign_in


@never_cache
@require_safe
@limited("sign_in", when=lambda _request: True)
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider."""
    _refuse_where_off()
    onward = local_path(request.GET.get("next"))
    callback = request.build_absolute_uri(reverse("oidc_callback"))
    try:
        return openid.begin(request, OIDC, callback=callback, onward=onward)
    except NotIdentified as refused:
        return _try_again(request, refused)


@never_cache
@require_safe
@limited("sign_in", when=lambda _request: True)
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider: signed in and on to where one was heading, or told why not."""
    _refuse_where_off()
    try:
        identified = openid.finish(request, OIDC)
        with translation.override(identified.language):
            return _let_in(request, identified)
    except NotIdentified as refused:
        if refused.words is openid.USED and customer_of(request):  # the back button, after all went well
            return HttpResponseRedirect(reverse("portal:my_cases"))
        with translation.override(refused.language or translation.get_language()):
            return _try_again(request, refused)


@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """Back from having signed out at the provider; it gives back in which language that was."""
    language = request.GET.get("state", "")
    with translation.override(language if language in dict(settings.LANGUAGES) else translation.get_language()):
        if customer_of(request) is None:
            messages.success(request, _("You have signed out."))
        return HttpResponseRedirect(reverse("portal:home"))


@require_safe
def keys(_request: HttpRequest) -> JsonResponse:
    """The public half of our own keys, for providers."""
    return JsonResponse(openid.public_keys())


def _let_in(request: HttpRequest, identified: openid.Identified) -> HttpResponse:
    try:
        customer = OpenIDConnect.identify(identified.claims)
    except Unknown as why:
        openid.refuse(openid.INCOMPLETE, str(why), identified.onward, identified.language)
    identification.sign_in(request, customer)
    openid.remember(request, OIDC, identified)
    return go_on(request, identified.onward)


def _try_again(request: HttpRequest, refused: NotIdentified) -> HttpResponse:
    """The ways to sign in, with what went wrong above them."""
    messages.warning(request, str(refused.words))
    return to_sign_in(refused.onward, strongly=bool(customer_of(request)))


def _refuse_where_off() -> None:
    if not OpenIDConnect.available():
        raise Http404
