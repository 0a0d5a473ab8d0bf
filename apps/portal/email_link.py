"""Signing in by a link in an e-mail: asking for it, and using it.

Mail scanners and previews open every link, so opening it shows a button and uses nothing up. It is not bound to the browser in which it was
asked for, since people read mail on another device; the page says whose mailbox one signs in with, so that nobody signs in with a
stranger's link unawares.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.people import identification, limits
from apps.people.identification.email_link import EmailForm, EmailLink, NotSent, send_link
from apps.people.limits import TooMany
from apps.portal.limiting import limited, when_again
from apps.portal.visitors import local_path
from apps.services.layout import lay_out_plainly


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Where to send the link. The answer is the same whether or not anybody is known by that address."""
    _refuse_where_off()
    onward = local_path(request.POST.get("next") or request.GET.get("next"))
    form = _form(request)
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, onward)
    email = form.cleaned_data["email"]
    try:
        limits.count("email_link", limits.where_from(request))
        limits.count("email_link_to", email)
        token = EmailLink.make(email, onward)
        send_link(email, _public_address(request, token))
    except TooMany as refused:
        form.add_error(
            "email", _("So many links have been asked for that the service takes a pause.") + " " + when_again(refused)
        )
        response = _show(request, form, onward, status=429)
        response.headers["Retry-After"] = str(refused.seconds)
        return response
    except NotSent:
        form.add_error("email", _("The mail could not be sent just now. Try again in a moment."))
        return _show(request, form, onward, status=503)
    return redirect("portal:email_link_sent")


@never_cache
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """What to do now."""
    _refuse_where_off()
    return render(request, "portal/email_link_sent.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("sign_in")
def use(request: HttpRequest, token: str) -> HttpResponse:
    """Opened: whose mailbox it is, and a button. Pressed: signed in, and on to where one was heading."""
    _refuse_where_off()
    link = EmailLink.use(token) if request.method == "POST" else EmailLink.usable(token)
    if link is None:
        return render(request, "portal/email_link_over.html", status=410)
    if request.method != "POST":
        return render(request, "portal/email_link.html", {"email": link.email})
    identification.sign_in(request, EmailLink.identify(link.email))
    messages.success(request, _("You are signed in with your e-mail address."))
    return HttpResponseRedirect(local_path(link.onward) or reverse("portal:my_cases"))


def _refuse_where_off() -> None:
    if not EmailLink.available():
        raise Http404


def _public_address(request: HttpRequest, token: str) -> str:
    """The link as it stands in the mail."""
    path = reverse("portal:email_link", args=[token])
    return settings.SITE_URL + path if settings.SITE_URL else request.build_absolute_uri(path)


def _form(request: HttpRequest) -> EmailForm:
    form = EmailForm(request.POST if request.method == "POST" else None)
    lay_out_plainly(form)
    return form


def _show(request: HttpRequest, form: EmailForm, onward: str, *, status: int = 200) -> HttpResponse:
    return render(request, "portal/email_link_ask.html", {"form": form, "next": onward}, status=status)
