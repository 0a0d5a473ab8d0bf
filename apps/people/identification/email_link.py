"""Weak identification: somebody shows that they read a mailbox, by a link sent there. It says nothing of who they are."""

from __future__ import annotations

import hashlib
import logging
import secrets
import unicodedata
from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.people.identification import Identification
from apps.people.models import Customer, SignInLink

log = logging.getLogger(__name__)

LASTS = timedelta(minutes=30)
TOKEN_BYTES = 32
LONGEST_EMAIL = 200  # as long as the identifier of a customer may be


class NotSent(Exception):
    """The mail could not be handed over just now."""


def check_sendable(email: str) -> None:
    """Refuse an address whose domain no mail server could look up, such as one with an overlong part. Raises ValidationError."""
    try:
        email.rpartition("@")[2].encode("idna")
    except UnicodeError:
        words = _("Write an e-mail address, such as name@example.fi.")
        raise forms.ValidationError(words, code="invalid") from None


class EmailForm(forms.Form):
    """Where to send the link."""

    use_required_attribute = False
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("You get a link to it with which you sign in."),
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Write your e-mail address."),
            "invalid": _("Write an e-mail address, such as name@example.fi."),
        },
    )

    def clean_email(self) -> str:
        """One spelling of each mailbox: nobody is two customers by upper and lower case."""
        check_sendable(self.cleaned_data["email"])
        return same_mailbox(self.cleaned_data["email"])


class EmailLink(Identification):
    """By a link that is sent to the customer's e-mail address, is valid for half an hour, and can be used once."""

    key = "email"
    label = _("E-mail")
    strong = False

    @classmethod
    def available(cls) -> bool:
        """Where it is switched on."""
        return bool(settings.EMAIL_LINK)

    @classmethod
    def address(cls) -> str:
        """The page that asks for the mailbox."""
        return reverse("portal:email_link_ask")

    @classmethod
    def make(cls, email: str, onward: str, *, at: datetime | None = None) -> str:
        """The token of a new link for a mailbox. It is nowhere in the database: only its digest is."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        moment = at or timezone.now()
        SignInLink.objects.create(token=_digest(token), email=same_mailbox(email), onward=onward, created_at=moment)
        return token

    @classmethod
    def usable(cls, token: str, *, at: datetime | None = None) -> SignInLink | None:
        """The link of a token, unless it has been used or is too old. Looking does not use it up."""
        return _usable(token, at or timezone.now()).first()

    @classmethod
    def use(cls, token: str, *, at: datetime | None = None) -> SignInLink | None:
        """Use a link up; None when it cannot be used (any more). Of two at once only one gets it."""
        moment = at or timezone.now()
        found = _usable(token, moment).first()
        if found is None or not _usable(token, moment).update(used_at=moment):
            return None
        return found

    @classmethod
    def identify(cls, email: str) -> Customer:
        """The customer who reads that mailbox."""
        subject = same_mailbox(email)
        return Customer.objects.get_or_create(way=cls.key, subject=subject, defaults={"email": subject})[0]


def same_mailbox(email: str) -> str:
    """An address as it is compared: the part before the @ too, since hardly any mailbox differs by it and people do."""
    return unicodedata.normalize("NFC", email).strip().lower()


def forget_old_links(now: datetime) -> int:
    """Delete the links that can no longer be used; how many there were."""
    return SignInLink.objects.filter(created_at__lt=now - LASTS).delete()[0]


def send_link(email: str, address: str) -> None:
    """Send the link, in the language of the page and with nothing about anybody in it. Raises NotSent."""
    lines = [
        gettext(
            "Somebody, probably you, wants to sign in to the simplified e-service with this e-mail address. Open the link to do so:"
        ),
        address,
        gettext("The link is valid for 30 minutes and can be used once. If it was not you, you need not do anything."),
    ]
    mail = EmailMessage(
        gettext("Sign in to the simplified e-service"),
        "\n\n".join(lines) + "\n",
        to=[email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        mail.send()
    except (OSError, ValueError) as broken:  # smtplib's errors are such too; their words can hold the address
        log.error("a sign-in link could not be sent: %s", type(broken).__name__)
        raise NotSent from None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _usable(token: str, at: datetime) -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(token=_digest(token), used_at=None, created_at__gt=at - LASTS)
