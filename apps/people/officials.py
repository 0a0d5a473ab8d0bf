"""Officials who sign in at the desk through their organisation's provider, beside those who have a password here.

The provider says who somebody is; that they work here is said at the desk, by whoever looks after its people. Nobody is created.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.people import limits, log, officialsessions, secondfactor
from apps.people.identification import openid
from apps.people.identification.openid import OFFICIALS_OIDC, Identified, NotIdentified
from apps.people.models import User

DESK = "desk"  # with what a sign-in has to do, in the log
LONGEST_ADDRESS = 2_000
NOT_HERE = gettext_lazy(
    "You were identified, but nobody at this desk has your user name, or they no longer work here. Ask whoever looks "
    "after the people of the desk."
)


@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider."""
    _refuse_where_off()
    try:
        limits.count("sign_in", limits.where_from(request))
        callback = request.build_absolute_uri(reverse("officials_oidc_callback"))
        return openid.begin(request, OFFICIALS_OIDC, callback=callback, onward=_local(request.GET.get("next", "")))
    except NotIdentified as refused:
        return _try_again(request, refused)
    except limits.TooMany as refused:
        return _too_many(refused)


@never_cache
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider: at the desk, or told why not."""
    _refuse_where_off()
    try:
        limits.count("sign_in", limits.where_from(request))
        identified = openid.finish(request, OFFICIALS_OIDC)
        user = _official(identified)
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    except NotIdentified as refused:
        log.note(request, log.Act.REFUSED, DESK, detail="provider")
        with translation.override(refused.language or translation.get_language()):
            return _try_again(request, refused)
    except limits.TooMany as refused:
        return _too_many(refused)
    openid.remember(request, OFFICIALS_OIDC, identified)
    officialsessions.begin(request)
    secondfactor.note_passed(request, secondfactor.BY_PROVIDER)  # it has seen to that
    log.note(request, log.Act.SIGNED_IN, DESK, detail="provider", who=user)
    return HttpResponseRedirect(_local(identified.onward) or reverse("admin:index"))


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out at the desk, and where a provider identified them, go on to sign them out there."""
    leaving = openid.leaving(request, OFFICIALS_OIDC, back=request.build_absolute_uri(reverse("admin:login")))
    context = {"leaving": leaving, "at": settings.OFFICIALS_OIDC["label"]}
    response: HttpResponse = admin.site.logout(request, extra_context=context)
    return leaving.allow(response) if leaving else response


def _official(identified: Identified) -> User:
    """Whoever has that user name and may work at the desk. Raises NotIdentified."""
    name = identified.claims.get(settings.OFFICIALS_OIDC_USERNAME_CLAIM)
    found = None
    if isinstance(name, str) and name and "\0" not in name:
        officials = User.objects.filter(is_active=True, is_staff=True)
        found = officials.filter(username=User.normalize_username(name)).first()
    if found is None:
        openid.refuse(NOT_HERE, "nobody at the desk has the user name", identified.onward, identified.language)
    return found


def _try_again(request: HttpRequest, refused: NotIdentified) -> HttpResponse:
    messages.warning(request, str(refused.words))
    onward = _local(refused.onward)
    more = f"?{urlencode({'next': onward})}" if onward else ""
    return HttpResponseRedirect(reverse("admin:login") + more)


def _too_many(refused: limits.TooMany) -> HttpResponse:
    text = _("This has been tried very often in a short time, so the service takes a pause.")
    headers = {"Retry-After": str(refused.seconds)}
    return HttpResponse(text, status=429, content_type="text/plain; charset=utf-8", headers=headers)


def _local(address: str) -> str:
    """The address when it is a path of this service, else ''."""
    fits = address.startswith("/") and len(address) <= LONGEST_ADDRESS
    return address if fits and url_has_allowed_host_and_scheme(address, allowed_hosts=None) else ""


def _refuse_where_off() -> None:
    if not settings.OFFICIALS_OIDC["issuer"]:
        raise Http404
