"""How a customer becomes known: one class per way of identification, and the session that remembers them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.people.models import Customer, Mandate

SESSION_KEY = "customer"
MANDATE_KEY = "mandate"
SOURCE_KEY = "mandate_source"  # the session at the source of mandates, sealed: gone whenever somebody else, or for somebody else, acts
PROVIDER_KEY = "provider"  # by which whoever is signed in is signed out where they were identified, too
UNTIL_KEY = "customer_until"  # when the customer is signed out unless they do something before
BEGUN_KEY, CHOICE_KEY = "acting_begun", "acting_choice"  # choosing for whom one acts, half done
BEFORE_KEY = "customer_before"  # who was signed out by time: what they had typed is for nobody else
RENEW_BELOW = 0.9  # of the time: what is newer is left alone, so that not every request writes the session

NOBODYS = (Customer.DESK, Customer.SANDBOX)  # ways by which nobody has shown who they are
ACTING = (MANDATE_KEY, SOURCE_KEY, BEGUN_KEY, CHOICE_KEY)  # of whoever is signed in, and of nobody after them


class Identification:
    """A way of becoming known. Subclasses are registered by their key and say when they are available."""

    key: ClassVar[str] = ""
    label: ClassVar[Any] = ""
    strong: ClassVar[bool] = True  # whether it shows beyond doubt who somebody is (306/2019, section 6)
    ways: ClassVar[dict[str, type[Identification]]] = {}

    def __init_subclass__(cls) -> None:
        if cls.key in Identification.ways:
            raise TypeError(f"two ways of identification are called {cls.key!r}")
        if cls.key in NOBODYS:
            raise TypeError("nobody becomes known by what an official has entered or the sandbox has made up")
        Identification.ways[cls.key] = cls

    @classmethod
    def available(cls) -> bool:
        """Whether this installation offers it."""
        return False

    @classmethod
    def address(cls) -> str:
        """Where it begins; empty for one whose form stands on the sign-in page itself."""
        return ""

    @classmethod
    def title(cls) -> str:
        """What it is called on the sign-in page."""
        return str(cls.label)


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


def strongly_known(customer: Customer) -> bool:
    """Whether the way by which the customer is known is strong enough for services that ask for that."""
    way = Identification.ways.get(customer.way)
    return way is not None and way.strong


def sign_in(request: HttpRequest, customer: Customer, *, at: datetime | None = None) -> None:
    """Remember the customer in a session with a new key, for a time. Whoever they acted for before is forgotten.

    Raises ValueError for one whom an official has entered, who has not shown who they are, and for one made up for tests.
    """
    if customer.way in NOBODYS:
        raise ValueError("nobody signs in as one whom an official has entered or the sandbox has made up")
    request.session.cycle_key()
    request.session[SESSION_KEY] = str(customer.pk)
    request.session[UNTIL_KEY] = _until(at or timezone.now())
    for key in (*ACTING, PROVIDER_KEY, BEFORE_KEY):
        request.session.pop(key, None)
    request.__dict__.pop("_customer", None)


def act_for(request: HttpRequest, mandate: Mandate | None) -> None:
    """From now on the signed-in customer acts under the mandate; without one, for themselves."""
    request.session.pop(SOURCE_KEY, None)
    if mandate is None:
        request.session.pop(MANDATE_KEY, None)
    else:
        request.session[MANDATE_KEY] = str(mandate.pk)
    request.__dict__.pop("_customer", None)


def sign_out(request: HttpRequest) -> None:
    """Forget the customer; an official signed in with the same browser stays so."""
    for key in (SESSION_KEY, *ACTING, UNTIL_KEY, PROVIDER_KEY, BEFORE_KEY):
        request.session.pop(key, None)
    list(get_messages(request))  # what was still to be said to them is said to nobody
    request.session.cycle_key()
    request.__dict__.pop("_customer", None)


def _until(at: datetime) -> int:
    return int(at.timestamp()) + settings.CUSTOMER_SESSION_SECONDS


def seconds_left(request: HttpRequest, *, at: datetime | None = None) -> int:
    """How long the customer stays signed in without doing anything more; 0 when nobody is signed in. Asking does not lengthen it."""
    if not hasattr(request, "session") or SESSION_KEY not in request.session:
        return 0
    until: int = request.session.get(UNTIL_KEY, 0)
    return max(0, until - int((at or timezone.now()).timestamp()))


def _known(request: HttpRequest, at: datetime) -> str | None:
    """The signed-in customer's key. Who has done nothing for too long is forgotten, who does something stays."""
    left = seconds_left(request, at=at)
    if left and left <= settings.CUSTOMER_SESSION_SECONDS * RENEW_BELOW:
        request.session[UNTIL_KEY] = _until(at)
    elif not left and SESSION_KEY in request.session:
        request.session[BEFORE_KEY] = request.session.pop(SESSION_KEY)
        for key in (*ACTING, UNTIL_KEY, PROVIDER_KEY):
            request.session.pop(key, None)
        list(get_messages(request))
    return request.session.get(SESSION_KEY)


def customer_of(request: HttpRequest, *, at: datetime | None = None) -> Customer | None:
    """Who is signed in as a customer, if anybody, and for whom they act. At most two queries per request."""
    if "_customer" not in request.__dict__:
        known = _known(request, at or timezone.now()) if hasattr(request, "session") else None
        customer = Customer.objects.filter(pk=known).first() if known else None
        if customer and (customer.is_made_up or (customer.is_test and not TestIdentity.available())):
            customer = None
        if customer and (mandate := mandate_of(request, customer)) and mandate.holds:
            customer.acting_for = mandate.principal
        request.__dict__["_customer"] = customer
    return request.__dict__["_customer"]


def mandate_of(request: HttpRequest, customer: Customer) -> Mandate | None:
    """The mandate under which the customer acts now, held or ended; None when they act for themselves."""
    chosen = request.session.get(MANDATE_KEY)
    if not chosen:
        return None
    return Mandate.objects.select_related("principal").filter(pk=chosen, customer=customer).first()


def customer_in_templates(request: HttpRequest) -> dict[str, Any]:
    """`customer` for every template, and for how many seconds they stay signed in; asks the database only where it is used."""
    return {
        "customer": SimpleLazyObject(lambda: customer_of(request)),
        "signed_in_for": lambda: seconds_left(request),
    }
