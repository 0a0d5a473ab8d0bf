"""An authority's logo and colour, served to everybody: a picture and a stylesheet, since no page may hold a style of its own."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.people.models import Authority

DAY = 24 * 3600


@require_safe
@cache_control(public=True, max_age=DAY)
def logo(request: HttpRequest, key: str) -> HttpResponse:
    """The logo, which was made a PNG when it was uploaded."""
    authority = get_object_or_404(Authority.objects.only("logo"), key=key)
    if not authority.logo:
        raise Http404
    try:
        with authority.logo.open("rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise Http404 from None
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
    return HttpResponse(content, content_type="image/png", headers=headers)


@require_safe
@cache_control(public=True, max_age=DAY)
def stylesheet(request: HttpRequest, key: str) -> HttpResponse:
    """The colour, as what the stylesheets of the portal look for."""
    authority = get_object_or_404(Authority.objects.only("colour"), key=key)
    if not authority.colour:
        raise Http404
    return HttpResponse(f":root {{ --authority: {authority.colour}; }}\n", content_type="text/css; charset=utf-8")
