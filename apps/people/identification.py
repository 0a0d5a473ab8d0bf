"""How a customer becomes known: one class per way of identification, and the session that remembers them."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.people.models import Customer

SESSION_KEY = "customer"


class Identification:
    """A way of becoming known. Subclasses are registered by their key and say when they are available."""

    key: ClassVar[str] = ""
    label: ClassVar[Any] = ""
    ways: ClassVar[dict[str, type[Identification]]] = {}

    def __init_subclass__(cls) -> None:
        if cls.key in Identification.ways:
            raise TypeError(f"two ways of identification are called {cls.key!r}")
        Identification.ways[cls.key] = cls

    @classmethod
    def available(cls) -> bool:
        """Whether this installation offers it."""
        return False


class TestPersonForm(forms.Form):
    """Whom to be."""

    use_required_attribute = False
    given_name = forms.CharField(label=_("Given name"), max_length=100, initial="Test")
    family_name = forms.CharField(label=_("Family name"), max_length=100, initial="Testperson")

    def clean(self) -> dict[str, Any]:
        """A name without any letter or digit is nobody."""
        cleaned = super().clean() or {}
        if {"given_name", "family_name"} <= cleaned.keys() and not slugify(
            f"{cleaned['given_name']}{cleaned['family_name']}", allow_unicode=True
        ):
            self.add_error("given_name", _("Write a name with at least one letter."))
        return cleaned


class TestIdentity(Identification):
    """Anybody, by typing a name. For development only: it does not exist unless DEBUG is on."""

    __test__ = False  # not a test, whatever pytest thinks of the name
    key = "test"
    label = _("Test identity")

    @classmethod
    def available(cls) -> bool:
        """Only with DEBUG, whatever else is set."""
        return bool(settings.DEBUG and settings.TEST_IDENTITY)

    @classmethod
    def identify(cls, *, given_name: str, family_name: str) -> Customer:
        """The customer of that name; the same name is the same person."""
        subject = slugify(f"{given_name} {family_name}", allow_unicode=True)[:200]
        names = {"given_name": given_name, "family_name": family_name}
        return Customer.objects.get_or_create(way=cls.key, subject=subject, defaults=names)[0]


def available_ways() -> list[type[Identification]]:
    """The ways a customer can choose between here."""
    return [way for way in Identification.ways.values() if way.available()]


def sign_in(request: HttpRequest, customer: Customer) -> None:
    """Remember the customer in a session with a new key."""
    request.session.cycle_key()
    request.session[SESSION_KEY] = str(customer.pk)
    request.__dict__.pop("_customer", None)


def sign_out(request: HttpRequest) -> None:
    """Forget the customer; an official signed in with the same browser stays so."""
    request.session.pop(SESSION_KEY, None)
    list(get_messages(request))  # what was still to be said to them is said to nobody
    request.session.cycle_key()
    request.__dict__.pop("_customer", None)


def customer_of(request: HttpRequest) -> Customer | None:
    """Who is signed in as a customer, if anybody. At most one query per request."""
    if "_customer" not in request.__dict__:
        known = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
        customer = Customer.objects.filter(pk=known).first() if known else None
        if customer and customer.is_test and not TestIdentity.available():
            customer = None
        request.__dict__["_customer"] = customer
    return request.__dict__["_customer"]


def customer_in_templates(request: HttpRequest) -> dict[str, Any]:
    """`customer` for every template; asks the database only where it is used."""
    return {"customer": SimpleLazyObject(lambda: customer_of(request))}
