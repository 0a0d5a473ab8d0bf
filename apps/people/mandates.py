"""For whom a customer may act: asked of a source like Suomi.fi-valtuudet, by its session, redirect and token flow.

    register (hpa: for a person, ypa: for a company) → authorize in the browser → callback with a code → token → for whom, in which roles

The personal identity code stands in the path of the first request and of some others. So no address of the source is ever logged or told
in an exception, and nothing that the HTTP library says of a failure is passed on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
import urllib3
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from stdnum.fi import ytunnus

from apps.people.models import Customer, Mandate, Principal
from apps.people.sealing import index, indexes

MODES = {Principal.Kind.COMPANY.value: "ypa", Principal.Kind.PERSON.value: "hpa"}
HEADER = "X-AsiointivaltuudetAuthorization"
LONGEST_UNCONFIRMED = timedelta(hours=8)
TIMEOUT = (5, 10)  # seconds to connect and for each wait
LARGEST_ANSWER = 200_000  # bytes
MOST, LONGEST = 200, 200  # principals or roles of one answer, and characters of a text in it
TEST_CODE = "010180-9004"  # whom the test identity is at the stand-in; of the artificial range, so nobody's


class SourceAway(Exception):
    """The source cannot be asked just now, or says what nobody can understand."""


class NoMandate(Exception):
    """The source does not let this customer act."""


class Unconfirmed(NoMandate):
    """The source no longer knows the session or its token: the customer must choose again."""


@dataclass(frozen=True)
class Begun:
    """A session begun at the source, in which the customer now chooses."""

    kind: str
    session: str
    user: str


@dataclass(frozen=True)
class Chosen:
    """A session in which the customer has chosen: by it the source can be asked again, for as long as its token lasts or is renewed."""

    kind: str
    session: str
    token: str
    renewal: str = ""


@dataclass(frozen=True)
class Found:
    """Whom the customer may act for: the business id, or a person's identity code; and in which roles."""

    kind: str
    identifier: str
    name: str
    roles: tuple[str, ...]


def available() -> bool:
    """Whether this installation has a source of mandates."""
    return bool(settings.MANDATES_URL)


def code_of(customer: Customer) -> str:
    """By what the source knows the customer; '' for one whom it cannot know."""
    at_stand_in = urlsplit(settings.MANDATES_URL).hostname in ("127.0.0.1", "localhost")
    return TEST_CODE if customer.is_test and settings.DEBUG and at_stand_in else customer.identity_code


# --- the conversation ------------------------------------------------------------------------------------------------


def begin(customer: Customer, kind: str) -> Begun:
    """A session for the customer. Raises NoMandate for one without an identity code, SourceAway."""
    if not (code := code_of(customer)):
        raise NoMandate
    said = _get(f"/service/{MODES[kind]}/user/register/{quote(settings.MANDATES_CLIENT_ID)}/{quote(code, safe='')}")
    return Begun(kind, _text(said, "sessionId"), _text(said, "userId"))


def address_to_choose(begun: Begun, *, callback: str, state: str, language: str) -> str:
    """Where the customer's browser goes, to choose."""
    asked = {
        "client_id": settings.MANDATES_CLIENT_ID,
        "response_type": "code",
        "redirect_uri": callback,
        "user": begun.user,
        "state": state,
        "requestId": str(uuid.uuid4()),
        "lang": language,
    }
    return f"{settings.MANDATES_URL.rstrip('/')}/oauth/authorize?{urlencode(asked)}"


def finish(begun: Begun, code: str, *, callback: str) -> Chosen:
    """The session with its token, once the customer is back. Raises NoMandate, SourceAway."""
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
    return _token(begun.kind, begun.session, asked)


def renewed(chosen: Chosen) -> Chosen:
    """The session with a new token, when the old one has run out. Raises NoMandate, SourceAway."""
    if not chosen.renewal:
        raise Unconfirmed
    return _token(
        chosen.kind, chosen.session, {"grant_type": "refresh_token", "refresh_token": chosen.renewal}, chosen.renewal
    )


def _token(kind: str, session: str, asked: dict[str, str], renewal: str = "") -> Chosen:
    secret = (settings.MANDATES_CLIENT_ID, settings.MANDATES_OAUTH_SECRET)
    said = _ask("POST", f"/oauth/token?{urlencode(asked)}", auth=secret)
    token, again = _text(said, "access_token", longest=4_000), said.get("refresh_token")
    return Chosen(kind, session, token, again if isinstance(again, str) else renewal)


def principals(chosen: Chosen) -> list[Found]:
    """For whom the customer may act now, in this session. Raises NoMandate, SourceAway."""
    session = quote(chosen.session, safe="")
    if chosen.kind == Principal.Kind.COMPANY:
        said = _get(f"/service/ypa/api/organizationRoles/{session}", token=chosen.token)
        companies = [_company(one) for one in _list(said)]
        return [company for company in companies if company.roles]  # without any role in it one may do nothing for it
    found = []
    for one in _list(_get(f"/service/hpa/api/delegate/{session}", token=chosen.token)):
        person, name = _text(one, "personId", longest=20), _text(one, "name")
        path = f"/service/hpa/api/authorization/{session}/{quote(person, safe='')}"
        judged = _get(path, token=chosen.token)
        if isinstance(judged, dict) and judged.get("result") == "ALLOWED":
            found.append(Found(chosen.kind, person, name, _matters(chosen, session, person)))
    return found


def _matters(chosen: Chosen, session: str, person: str) -> tuple[str, ...]:
    """In which matters one may act for a person, where the source tells them."""
    path = f"/service/hpa/api/authorizationlist/{session}/{quote(person, safe='')}"
    try:
        said = _get(path, token=chosen.token)
    except Unconfirmed:
        raise
    except NoMandate:
        return ()
    return _roles(said)


def end(chosen: Chosen) -> None:
    """Tell the source that the session is over; whether it hears does not matter."""
    try:
        _get(f"/service/{MODES[chosen.kind]}/user/unregister/{quote(chosen.session, safe='')}", token=chosen.token)
    except (NoMandate, SourceAway):
        return


def _company(said: dict[str, Any]) -> Found:
    business_id = _text(said, "identifier")
    if not ytunnus.is_valid(business_id):
        raise SourceAway
    return Found(Principal.Kind.COMPANY.value, ytunnus.format(business_id), _text(said, "name"), _roles(said))


def _list(said: Any) -> list[dict[str, Any]]:
    if not isinstance(said, list) or len(said) > MOST or not all(isinstance(one, dict) for one in said):
        raise SourceAway
    return said


def _roles(said: Any) -> tuple[str, ...]:
    roles = said.get("roles") if isinstance(said, dict) else None
    if not isinstance(roles, list) or len(roles) > MOST or not all(isinstance(role, str) for role in roles):
        raise SourceAway
    return tuple(role[:LONGEST] for role in roles)


def _text(said: Any, name: str, *, longest: int = LONGEST) -> str:
    text = said.get(name) if isinstance(said, dict) else None
    if not isinstance(text, str) or not text.strip() or len(text) > longest or not text.isprintable():
        raise SourceAway
    return text.strip()


def _get(path: str, token: str = "") -> Any:
    return _ask("GET", f"{path}?requestId={uuid.uuid4()}", token=token)


def _ask(method: str, path: str, *, token: str = "", auth: tuple[str, str] | None = None) -> Any:
    headers = {"Accept": "application/json", HEADER: checksum(path)} if auth is None else {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with requests.request(
            method,
            settings.MANDATES_URL.rstrip("/") + path,
            headers=headers,
            auth=auth or _NoOther(),
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as answer:
            body = answer.raw.read(LARGEST_ANSWER + 1, decode_content=True)
            if answer.status_code == requests.codes.unauthorized:
                raise Unconfirmed
            if answer.status_code in (400, 403, 404):
                raise NoMandate
            if answer.status_code != requests.codes.ok or len(body) > LARGEST_ANSWER:
                raise SourceAway
            return json.loads(body)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, RecursionError):
        raise SourceAway from None  # what it says has the address in it, and so the code


class _NoOther(requests.auth.AuthBase):
    """Lets no .netrc of the machine take the place of our own Authorization header."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def checksum(path: str, at: datetime | None = None) -> str:
    """The header that shows who asks: the client, the time, and a keyed checksum over the path and the time."""
    moment = (at or timezone.now()).astimezone(UTC).isoformat(timespec="seconds")
    key = settings.MANDATES_API_KEY.encode()
    said = base64.b64encode(hmac.new(key, f"{path} {moment}".encode(), hashlib.sha256).digest()).decode()
    return f"{settings.MANDATES_CLIENT_ID} {moment} {said}"


# --- what is kept of it ----------------------------------------------------------------------------------------------


def note(customer: Customer, found: Found, session: str, *, at: datetime | None = None) -> Mandate:
    """The mandate as the source has just told it."""
    facts = {
        "roles": list(found.roles),
        "source_session": session,
        "checked_at": at or timezone.now(),
        "ended_at": None,
    }
    with transaction.atomic():
        principal = _principal(found)
        return Mandate.objects.update_or_create(customer=customer, principal=principal, defaults=facts)[0]


def _principal(found: Found) -> Principal:
    if found.kind == Principal.Kind.COMPANY:
        named = {"name": found.name}
        return Principal.objects.update_or_create(kind=found.kind, subject=found.identifier, defaults=named)[0]
    principal = Principal.objects.filter(kind=found.kind, subject__in=indexes(found.identifier)).first()
    if principal is None:
        made = {"name": found.name, "identity_code": found.identifier}
        principal, _new = Principal.objects.get_or_create(
            kind=found.kind, subject=index(found.identifier), defaults=made
        )
    if principal.name != found.name:
        principal.name = found.name
        principal.save(update_fields=["name"])
    return principal


def is_old(mandate: Mandate, *, at: datetime | None = None) -> bool:
    """Whether the source must be asked again before the mandate is relied on."""
    return (at or timezone.now()) - mandate.checked_at > timedelta(minutes=settings.MANDATE_MINUTES)


def is_far_too_old(mandate: Mandate, *, at: datetime | None = None) -> bool:
    """Whether it is so long since the mandate was confirmed that nothing is shown under it, even if the source cannot be asked."""
    return (at or timezone.now()) - mandate.checked_at > LONGEST_UNCONFIRMED


def check(mandate: Mandate, chosen: Chosen, *, at: datetime | None = None) -> bool:
    """Whether the mandate holds, as the source says now; one that does not is ended. Raises Unconfirmed, SourceAway."""
    moment = at or timezone.now()
    try:
        found = principals(chosen)
    except Unconfirmed:
        raise
    except NoMandate:
        found = []
    theirs = next((one for one in found if _is(one, mandate.principal)), None)
    if theirs is None:
        Mandate.objects.filter(pk=mandate.pk, ended_at=None).update(ended_at=moment)
        mandate.ended_at = mandate.ended_at or moment
        return False
    mandate.roles, mandate.checked_at, mandate.ended_at = list(theirs.roles), moment, None
    mandate.save(update_fields=["roles", "checked_at", "ended_at"])
    return True


def _is(found: Found, principal: Principal) -> bool:
    if found.kind != principal.kind:
        return False
    return principal.subject in ([found.identifier] if found.kind == "company" else indexes(found.identifier))
