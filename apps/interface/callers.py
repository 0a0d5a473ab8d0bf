"""Who calls: a connected system, known by its key, by what a security server says, or by its client certificate.

Only one of these is looked at, the first that is there: whoever shows a key is whom the key says, or nobody. So a key that has ended is
never made up for by the line that it came on, and nobody is two systems at once.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.interface.problems import Problem
from apps.people import limits, systems
from apps.people.models import System

LONGEST_ID = 100


def caller_of(request: HttpRequest) -> System:
    """The system that calls. Raises Problem (unauthorised) when it shows nothing that is good, and too-many when that goes on."""
    shown = request.headers.get("Authorization")
    if shown is not None:
        way, _space, key = shown.partition(" ")
        found = systems.by_key(key.strip()) if way.lower() == "bearer" else None
    elif (client := request.headers.get("X-Road-Client")) and _is_security_server(request):
        found = systems.by_xroad_client(client)
        request.__dict__["_xroad_id"] = request.headers.get("X-Road-Id", "")
    elif settings.INTERFACE_CERTIFICATE_HEADER and settings.TRUSTED_PROXIES:  # without a proxy anybody could write it
        found = systems.by_certificate(request.headers.get(settings.INTERFACE_CERTIFICATE_HEADER, ""))
    else:
        found = None
    if found is None:
        _count_refused(request)
        raise Problem(
            "unauthorised",
            _("Show a key that is good: Authorization: Bearer …. The authority’s manager makes keys on the desk."),
            headers={"WWW-Authenticate": "Bearer"},
        )
    return found


def xroad_id(request: HttpRequest) -> str:
    """By what the security servers' logs know the call, when it came over X-Road and was said who calls; empty when not."""
    said = str(request.__dict__.get("_xroad_id", ""))
    return said if said.isascii() and said.isprintable() and len(said) <= LONGEST_ID else ""


def count_call(system: System) -> None:
    """Count a call of a system. Raises TooManyCalls when there are more than it may make."""
    try:
        limits.count_roughly("interface", f"system {system.pk}")
    except limits.TooMany as e:
        raise TooManyCalls(e) from e


class TooManyCalls(Problem):
    """The refusal of who calls too often. `first`: it is refused for the first time."""

    def __init__(self, refused: limits.TooMany) -> None:
        words = _("Too many requests have come from you. Try again in %(seconds)d seconds.")
        headers = {"Retry-After": str(refused.seconds)}
        super().__init__("too-many", words % {"seconds": refused.seconds}, headers=headers)
        self.first = refused.first


def _is_security_server(request: HttpRequest) -> bool:
    """Whether the request comes straight from a security server of ours; what anybody else says of X-Road clients is not believed."""
    address = limits.address_of(request)
    return not isinstance(address, str) and any(address in network for network in settings.INTERFACE_XROAD_SERVERS)


def _count_refused(request: HttpRequest) -> None:
    try:
        limits.count("interface_refused", limits.where_from(request))
    except limits.TooMany as e:
        raise TooManyCalls(e) from e
