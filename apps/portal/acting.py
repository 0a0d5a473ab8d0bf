"""For whom one acts: for oneself, for a company, or for another person. What the mandate's source says is asked again in time."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.people import mandates
from apps.people.identification import BEGUN_KEY, CHOICE_KEY, act_for, customer_of
from apps.people.mandates import Begun, Chosen, Found, NoMandate, SourceAway
from apps.people.models import Customer
from apps.people.sealing import NoKey, opened_text, sealed_text
from apps.portal.limiting import limited
from apps.portal.mandated import keep, leave, sends_nothing
from apps.portal.visitors import customers_only, local_path

KINDS = tuple(mandates.MODES)


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
@sends_nothing
def acting(request: HttpRequest, customer: Customer) -> HttpResponse:
    """The choice. A POST is the one that needs nobody to be asked: for oneself, or one of several the source has named."""
    onward = local_path(request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST":
        if "principal" in request.POST:
            return _choose(request, customer, request.POST["principal"], onward)
        leave(request)
        for key in (CHOICE_KEY, BEGUN_KEY):
            request.session.pop(key, None)
        act_for(request, None)
        messages.success(request, _("You now act for yourself."))
        return HttpResponseRedirect(onward or reverse("portal:my_cases"))
    facts = {
        "available": mandates.available(),
        "known_to_source": bool(mandates.code_of(customer)),
        "next": onward,
        "choice": request.session.get(CHOICE_KEY, {}).get("names", []),
    }
    return render(request, "portal/acting.html", facts)


@require_safe
@customers_only
@limited("act_for", when=lambda _request: True)
def begin(request: HttpRequest, customer: Customer, kind: str) -> HttpResponse:
    """To the source, to choose for whom. By a link and not by a form: a browser follows no form to another origin."""
    if not mandates.available() or kind not in KINDS:
        raise Http404
    try:
        begun = mandates.begin(customer, kind)
    except NoMandate:
        messages.warning(request, _("To act for somebody else you must sign in with your personal identity code."))
        return redirect("portal:acting")
    except SourceAway:
        return _away(request)
    state, language = secrets.token_urlsafe(24), get_language() or "sv"
    request.session[BEGUN_KEY] = {
        "begun": asdict(begun),
        "who": str(customer.pk),
        "state": state,
        "language": language,
        "next": local_path(request.GET.get("next")),
    }
    callback = request.build_absolute_uri(reverse("mandates_callback"))
    return HttpResponseRedirect(mandates.address_to_choose(begun, callback=callback, state=state, language=language))


@never_cache
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the source. What is not the answer to what this browser has begun is told so and changes nothing."""
    customer, kept = customer_of(request), request.session.pop(BEGUN_KEY, None)
    with translation.override((kept or {}).get("language") or translation.get_language()):
        if (
            customer is None
            or kept is None
            or kept["who"] != str(customer.pk)
            or not constant_time_compare(kept["state"], request.GET.get("state", ""))
        ):
            messages.warning(request, _("Choosing for whom you act was not finished. Begin again."))
            return redirect("portal:acting")
        if "code" not in request.GET:
            messages.info(request, _("You cancelled. You act as before."))
            return redirect("portal:acting")
        try:
            address = request.build_absolute_uri(reverse("mandates_callback"))
            chosen = mandates.finish(Begun(**kept["begun"]), request.GET["code"], callback=address)
            found = mandates.principals(chosen)
        except NoMandate:
            found = []
        except SourceAway:
            return _away(request)
        if not found:
            messages.warning(request, _("The source of mandates gave you no mandate. You act as before."))
            return redirect("portal:acting")
        choice = {"who": str(customer.pk), "chosen": asdict(chosen), "found": [asdict(one) for one in found]}
        request.session[CHOICE_KEY] = {"names": [one.name for one in found], "sealed": sealed_text(json.dumps(choice))}
        if len(found) > 1:
            return redirect("portal:acting")
        return _choose(request, customer, "0", kept["next"])


def _choose(request: HttpRequest, customer: Customer, which: str, onward: str) -> HttpResponse:
    try:
        choice: dict[str, Any] = json.loads(opened_text(request.session[CHOICE_KEY]["sealed"]))
        if choice["who"] != str(customer.pk):
            raise KeyError("who")
        found = Found(**choice["found"][int(which)])
    except (KeyError, ValueError, IndexError, NoKey):
        messages.warning(request, _("Choosing for whom you act was not finished. Begin again."))
        return redirect("portal:acting")
    chosen = Chosen(**choice["chosen"])
    leave(request)  # that of before
    mandate = mandates.note(customer, found, chosen.session)
    act_for(request, mandate)
    keep(request, chosen)
    del request.session[CHOICE_KEY]
    messages.success(request, _("You now act for %(name)s.") % {"name": mandate.principal})
    return HttpResponseRedirect(onward or reverse("portal:my_cases"))


def _away(request: HttpRequest) -> HttpResponse:
    messages.warning(
        request, _("The source of mandates does not answer just now. Try again in a moment; you act as before.")
    )
    return redirect("portal:acting")
