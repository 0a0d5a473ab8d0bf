"""Builders with readable defaults. Three sorts of people: a customer, an official of the authority, and strangers to both."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case
from apps.people.identification import SESSION_KEY, UNTIL_KEY, Identification
from apps.people.models import Authority, Customer, Membership, User
from apps.people.officialsessions import SEEN_KEY, SINCE_KEY
from apps.services import rehearsing
from apps.services.definition import Definition, parse
from apps.services.exchange import import_service
from apps.services.fieldtypes import REGISTER
from apps.services.models import Version
from apps.services.publishing import publish
from tests.pdfs import pdf

NOW = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)  # a Monday, 11.30 in Helsinki
TODAY = date(2027, 3, 1)


PDF = pdf()


class ExampleIdentity(Identification):
    """How the tests' customers are known: strongly, and by no page."""

    key = "example"
    label = "Example"


def said(text: str) -> dict[str, str]:
    """A text in three languages, told apart by the language's code."""
    return {"sv": f"{text} sv", "fi": f"{text} fi", "en": text}


def field(kind: str, key: str, **more: Any) -> dict[str, Any]:
    """A field of a definition document; its label is its key in words."""
    label = {} if kind in ("guidance", "warning") else {"label": said(key.replace("_", " ").capitalize())}
    return {"kind": kind, "key": key, **label, **more}


def options(*values: str) -> list[dict[str, Any]]:
    """Options of a choice."""
    return [{"value": value, "label": said(value.capitalize())} for value in values]


# What a kind of question cannot be without.
NEEDS: dict[str, dict[str, Any]] = {
    "calculated": {"operation": "count", "of": ["first"]},
    "choice": {"options": options("red", "blue")},
    "choices": {"options": options("red", "blue", "green")},
    "derived": {"values": [{"value": "many", "when": {"field": "first", "answered": True}, "label": said("Many")}]},
    "details": {"text": said("More")},
    "guidance": {"text": said("Advice")},
    "repeating": {"fields": [field("text", "what"), field("money", "price")]},
    "result": {"text": said("So it is")},
    "warning": {"text": said("Careful")},
}


def every_kind(prefix: str = "a_") -> list[dict[str, Any]]:
    """A question of every kind, after one that others look at."""
    kinds = sorted(REGISTER)
    return [field("text", "first"), *(field(kind, f"{prefix}{kind}", **NEEDS.get(kind, {})) for kind in kinds)]


def page(key: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A page of a definition document."""
    return {"key": key, "title": said(key.capitalize()), "fields": list(fields), **more}


def document(
    *pages: dict[str, Any], key: str = "example", authority: str = "example-town", **more: Any
) -> dict[str, Any]:
    """A definition document with everything that must be there; by default one page with one question."""
    texts = ("name", "summary", "for_whom", "legal_ground", "price", "handling_time", "at_hand")
    return {
        "schema": 1,
        "key": key,
        "authority": authority,
        "kind": "notification",
        "languages": ["sv", "fi", "en"],
        **{name: said(f"{name.replace('_', ' ').capitalize()} of {key}") for name in texts},
        "pages": list(pages) or [page("first", field("text", "title"))],
        **more,
    }


def definition(*pages: dict[str, Any], **more: Any) -> Definition:
    """A parsed definition."""
    return parse(document(*pages, **more))


def authority(key: str = "example-town", **more: Any) -> Authority:
    """An authority, made once."""
    names = {f"name_{language}": f"{key} {language}" for language in ("sv", "fi", "en")}
    return Authority.objects.get_or_create(key=key, defaults={"kind": "municipality", **names, **more})[0]


def official(name: str = "handler", *, of: Authority | None = None, role: str = "handler") -> User:
    """Somebody who works for an authority."""
    user, _made = User.objects.get_or_create(username=name, defaults={"is_staff": True})
    Membership.objects.get_or_create(user=user, authority=of or authority(), role=role)
    return user


def superuser(name: str = "installation") -> User:
    """Somebody who looks after the installation."""
    return User.objects.get_or_create(username=name, defaults={"is_staff": True, "is_superuser": True})[0]


def customer(name: str = "Example") -> Customer:
    """A customer, known by their name."""
    names = {"given_name": name, "family_name": "Customer"}
    return Customer.objects.get_or_create(way="example", subject=name.lower(), defaults=names)[0]


def version(*pages: dict[str, Any], published: bool = True, **more: Any) -> Version:
    """A service's version, published unless said otherwise; its authority is made if there is none."""
    doc = document(*pages, **more)
    authority(doc["authority"])
    made, _new = import_service(json.dumps(doc, ensure_ascii=False, indent=2) + "\n", at=NOW)
    if published:
        publish(made, by=None, at=NOW)
        made.refresh_from_db()
    return made


def application(
    of: Version | None = None,
    *,
    by: Customer | None = None,
    answers: Mapping[str, Any] | None = None,
    language: str = "sv",
) -> Application:
    """A draft, by default with the one answer the default service asks for."""
    of = of or version()
    given = dict(answers) if answers is not None else {"title": "An example"}
    return Application.objects.create(version=of, customer=by or customer(), language=language, answers=given)


def case(of: Version | None = None, *, at: datetime = NOW, **more: Any) -> Case:
    """A case that has just arrived."""
    return intake.send(application(of, **more), at=at)


def trying(of: Version | None = None, *, at: datetime = NOW, **more: Any) -> Application:
    """The draft of a tester: of a version that is only tried, by default the next one of the default service."""
    of = of or version(page("tried", field("text", "title")), published=False)
    rehearsing.open_rehearsal(of, by=None, at=at)
    draft = application(of, **more)
    draft.is_test = True
    draft.save(update_fields=["is_test"])
    return draft


def tried(of: Version | None = None, *, at: datetime = NOW, **more: Any) -> Case:
    """A case that came of testing a version."""
    return intake.send(trying(of, at=at, **more), at=at)


def signed_in(who: Customer | User, **client: Any) -> Client:
    """A browser in which a customer or an official is signed in, as no address of the product could do it."""
    now = int(time.time())
    known: dict[str, Any] = {SESSION_KEY: str(who.pk), UNTIL_KEY: now + settings.CUSTOMER_SESSION_SECONDS}
    if isinstance(who, User):
        backend, proof = settings.AUTHENTICATION_BACKENDS[0], who.get_session_auth_hash()
        known = {USER_KEY: str(who.pk), BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: proof}
        known |= {SINCE_KEY: now, SEEN_KEY: now}
    session = SessionStore()
    session.update(known)
    session.save()  # one row, written once: more than half of all tests come by here
    browser = Client(**client)
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return browser
