"""Error pages in words: what happened and what to do."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.portal import stash

TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
TO_DO = gettext_lazy(
    "Nothing is saved. Go back with the browser’s own button: most browsers still have what you wrote. "
    "Shorten it or send it in parts; where a file can be chosen instead, choose a file."
)


def error_page(request: HttpRequest, status: int, title: str, text: str, *, back: str = "") -> HttpResponse:
    """A page that says what happened and what to do. Its head may name the customer, so no browser keeps it."""
    response = render(request, "portal/error.html", {"title": title, "text": text, "back": back}, status=status)
    add_never_cache_headers(response)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400. What was more than is taken at once was never read, so only the browser still has it."""
    if isinstance(exception, TOO_MUCH):
        return error_page(request, 400, _("Too much at once"), too_much(exception))
    return error_page(
        request, 400, _("The request could not be read"), _("Go back, check what you wrote and try again.")
    )


def too_much(refused: Exception) -> str:
    """What the service takes at once, and what to do with more."""
    if isinstance(refused, RequestDataTooBig):
        megabytes = number_format(settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 1_000_000)
        said = _("The text is more than the service takes at once, which is %(most)s MB.") % {"most": megabytes}
    else:
        said = _("The page sent more answers or files than the service takes at once.")
    return f"{said} {TO_DO}"


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return error_page(
        request, 403, _("You may not see this page"), _("Sign in as somebody who may, or go to the front page.")
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose safety mark is missing or old. What was typed on our own page is kept; what a stranger's page sends is not."""
    title = _("The form could not be received")
    if _is_ours(request) and stash.keep(request, stash.OLD_PAGE):
        text = _("The page had been open too long. What you wrote is kept: go back to the page and save it from there.")
        return error_page(request, 403, title, text, back=request.get_full_path())
    text = _("The page had been open too long, or cookies are off. Go back, reload the page and send the form again.")
    return error_page(request, 403, title, text)


def _is_ours(request: HttpRequest) -> bool:
    """Whether the form came from a page of ours, as the browser says."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    text = _("The address may be wrong, or the page is not yours to see. Look for it from the front page.")
    return error_page(request, 404, _("There is no such page"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    """500. What was saved before is still saved. When not even the page round the words can be made, the words alone."""
    title = _("The service could not answer")
    text = _("Something went wrong in the service. What you had saved is kept. Try again in a moment.")
    try:
        return error_page(request, 500, title, text)
    except Exception:  # the database may be what went wrong, and the page asks it who is signed in
        words = {"title": title, "text": text, "language": get_language()}
        return HttpResponse(render_to_string("portal/error_alone.html", words), status=500)
