"""Strong identification by OpenID Connect, such as Suomi.fi's: what is kept of what the provider says of a person.

Names, the personal identity code (sealed) and whether there is a protection order; nothing else. Brokers call the same thing by different
names, so each has a row of them: OpenID's own, those of Suomi.fi's attributes, and eIDAS's.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from stdnum.fi import hetu

from apps.people.identification import Identification
from apps.people.models import Customer
from apps.people.sealing import index, indexes

EIDAS = "http://eidas.europa.eu/attributes/naturalperson/"
NAMED: Final[dict[str, tuple[str, ...]]] = {
    "code":        ("urn:oid:1.2.246.21", "nationalIdentificationNumber", "hetu"),
    "foreign":     (f"{EIDAS}PersonIdentifier", "PersonIdentifier", "urn:oid:1.2.246.517.3002.111.17"),
    "given_name":  ("given_name", "urn:oid:2.5.4.42", f"{EIDAS}CurrentGivenName"),
    "family_name": ("family_name", "urn:oid:2.5.4.4", f"{EIDAS}CurrentFamilyName"),
    "whole_name":  ("name", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3"),
    "protected":   ("urn:oid:1.2.246.517.2002.2.27",),
    "email":       ("email", "urn:oid:0.9.2342.19200300.100.1.3"),
}  # fmt: skip
LONGEST_NAME, LONGEST_EMAIL = 100, 254


class Unknown(Exception):
    """What the provider says is not enough to know somebody by."""


class OpenIDConnect(Identification):
    """Strongly, by a provider that the settings OIDC_… describe. A person without a Finnish identity code is a person too."""

    key = "oidc"
    label = _("Strong identification")

    @classmethod
    def available(cls) -> bool:
        """Where a provider is set."""
        return bool(settings.OIDC["issuer"])

    @classmethod
    def address(cls) -> str:
        """The address that leads on to the provider."""
        return reverse("portal:oidc")

    @classmethod
    def title(cls) -> str:
        """The name of the provider, where the settings say it: people know that better than what it is."""
        return str(settings.OIDC["label"] or cls.label)

    @classmethod
    def identify(cls, claims: dict[str, Any]) -> Customer:
        """The customer whom the claims are about, known by the code or else by what the provider knows them by. Raises Unknown.

        What officials have entered under the same code is theirs from then on.
        """
        names, code = _names(claims), _code(claims)
        by = code or _foreign(claims)
        with transaction.atomic():
            known = cls._found(by)
            customer = known or (entered_under(code) if code else None) or cls._made(by)
            customer.way = cls.key
            customer.subject = index(by)  # under the newest key, whatever key it was found by
            customer.given_name, customer.family_name = names
            customer.identity_code = code or customer.identity_code
            customer.known_by = "" if customer.identity_code else by
            if (protected := _said(claims, "protected")) is not None:
                customer.protected = str(protected).lower() in ("1", "true")
            if known is None:  # what they have taken away since does not come back
                customer.email = customer.email or _email(claims)
            customer.save()
            if known is not None and code:
                _take_over(known, code)
        return customer

    @classmethod
    def _found(cls, by: str) -> Customer | None:
        return strongly_known_under(by)

    @classmethod
    def _made(cls, by: str) -> Customer:
        try:
            with transaction.atomic():
                return Customer.objects.create(way=cls.key, subject=index(by))
        except IntegrityError:  # the same person signed in twice at once for the first time
            return Customer.objects.select_for_update().get(way=cls.key, subject=index(by))


def entered_under(code: str) -> Customer | None:
    """Whom an official has entered under a personal identity code, if anybody; the row is locked."""
    entered = Customer.objects.select_for_update().filter(way=Customer.DESK, subject__in=indexes(code))
    return entered.order_by("created_at").first()


def strongly_known_under(code: str) -> Customer | None:
    """Who has signed in strongly with a personal identity code, if anybody; the row is locked."""
    known = Customer.objects.select_for_update().filter(way=OpenIDConnect.key, subject__in=indexes(code))
    return known.order_by("created_at").first()


def _take_over(known: Customer, code: str) -> None:
    """Give somebody what was entered under their code in the very moment when they signed in for the first time."""
    while entered := entered_under(code):
        entered.applications.update(customer=known)
        entered.delete()


def _said(claims: dict[str, Any], what: str) -> Any:
    """The first of the claims that mean it; None when none of them is there."""
    return next((claims[name] for name in NAMED[what] if claims.get(name) not in (None, "")), None)


def _text(claims: dict[str, Any], what: str) -> str:
    said = _said(claims, what)
    return " ".join(str(said).replace("\0", "").split()) if isinstance(said, str | int) else ""


def _names(claims: dict[str, Any]) -> tuple[str, str]:
    """Given and family name. Somebody may have only one of them."""
    given, family = _text(claims, "given_name"), _text(claims, "family_name")
    if not given and not family:
        family = _text(claims, "whole_name")
    if not given and not family:
        raise Unknown("there is no name")
    return given[:LONGEST_NAME], family[:LONGEST_NAME]


def _code(claims: dict[str, Any]) -> str:
    """The personal identity code; '' for somebody who has none."""
    code = _text(claims, "code").upper()
    if code and not hetu.is_valid(code, allow_temporary=settings.ACCEPT_TEST_CODES):
        raise Unknown("the personal identity code is not valid here")
    return code


def _foreign(claims: dict[str, Any]) -> str:
    """What somebody without a code is known by. It can be no code, so it never leads to another's cases."""
    if foreign := _text(claims, "foreign"):
        return f"foreign {foreign}"
    if subject := claims.get("sub"):
        return f"subject {settings.OIDC['issuer']} {subject}"
    raise Unknown("there is nothing to know them by")


def _email(claims: dict[str, Any]) -> str:
    """An address to tell them at, unless the provider says itself that it does not know whether it is theirs."""
    email = _text(claims, "email")
    if claims.get("email_verified") is False or len(email) > LONGEST_EMAIL:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email
