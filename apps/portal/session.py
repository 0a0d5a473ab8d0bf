"""How long a customer stays signed in, asked and lengthened by static/js/session.js."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.people.identification import customer_of, seconds_left
from apps.portal.visitors import came_from


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def session(request: HttpRequest) -> HttpResponse:
    """The seconds that are left, 0 when nobody is signed in. Asking for them changes nothing; posting says that somebody is still there."""
    if request.method == "POST":
        customer_of(request)
        if "application/json" not in request.headers.get("Accept", ""):
            return HttpResponseRedirect(came_from(request) or reverse("portal:my_cases"))
    return JsonResponse({"seconds": seconds_left(request)})
