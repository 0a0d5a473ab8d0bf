"""The form in which a connected system is described: what it is called, what it may do, and how it is known and woken."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.people import access
from apps.people.access import Visitor
from apps.people.models import Authority, System
from apps.people.systems import HEXADECIMAL
from apps.people.xroad import CLIENT
from apps.services.layout import lay_out_plainly
from apps.services.models import Service

VOUCHED = ("xroad_client", "certificate")


class SystemForm(forms.ModelForm):
    """A connected system. Whether it is for testing is said when it is made, and stays: its keys and what it has seen follow from it."""

    use_required_attribute = False
    is_test = forms.TypedChoiceField(
        label=gettext_lazy("What is it for?"),
        help_text=gettext_lazy("This cannot be changed afterwards. Begin with a system for testing."),
        choices=[
            ("yes", gettext_lazy("Testing: it sees tests and generated cases only, and its calls are shown here")),
            ("no", gettext_lazy("Real cases")),
        ],
        coerce=lambda chosen: chosen == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what it is for.")},
    )
    only_services = forms.MultipleChoiceField(
        label=gettext_lazy("Which services is it about?"),
        help_text=gettext_lazy("Choose none for all of the authority’s services, also those to come."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What may it do?"),
        help_text=gettext_lazy(
            "The ledger is the list of its cases: which there are, and which have changed. "
            "To read cases and the ledger is a good beginning with real cases; to take steps can be added later."
        ),
        choices=System.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )
    active = forms.BooleanField(
        label=gettext_lazy("It is let in"),
        help_text=gettext_lazy("Without a tick here none of its keys opens anything."),
        required=False,
    )
    xroad_client = forms.CharField(
        label=gettext_lazy("X-Road client"),
        help_text=gettext_lazy(
            "Only for a system that comes through Suomi.fi-palveluväylä: INSTANCE/CLASS/MEMBER/SUBSYSTEM, as its security server says."
        ),
        max_length=200,
        required=False,
    )
    certificate = forms.CharField(
        label=gettext_lazy("Fingerprint of its client certificate"),
        help_text=gettext_lazy(
            "SHA-256, 64 hexadecimal digits, with or without colons. Empty for a system that shows a key."
        ),
        max_length=200,
        required=False,
    )
    wake_url = forms.CharField(
        label=gettext_lazy("Address at which it is woken"),
        help_text=gettext_lazy(
            "We post there that something has happened, and nothing about whom. Begins with https://."
        ),
        max_length=500,
        required=False,
    )
    wake_email = forms.EmailField(
        label=gettext_lazy("Mailbox that is told that something has happened"),
        max_length=254,
        required=False,
    )

    class Meta:
        model = System
        fields = (
            "name",
            "is_test",
            "only_services",
            "scopes",
            "active",
            "wake_url",
            "wake_email",
            "xroad_client",
            "certificate",
        )

    def __init__(self, authority: Authority, *, by: Visitor, instance: System | None = None, data: Any = None) -> None:
        system = instance or System(authority=authority, active=True, scopes=System.Scope.values)
        initial = {} if system.pk else {"is_test": ""}
        super().__init__(data, instance=system, initial=initial)
        services: Any = self.fields["only_services"]
        services.choices = service_choices(authority, system.only_services)
        for name in ("only_services", "active"):
            self.fields[name].needed = True  # type: ignore[attr-defined]  # no tick is an answer too
        self.fields["name"].error_messages["required"] = _("Write what it is called.")
        if system.pk:
            del self.fields["is_test"]
        self._leave(system, by)
        lay_out_plainly(self)

    def _leave(self, system: System, by: Visitor) -> None:
        """Leave out what the user does not decide. A name that another machine shows for it is vouched for by who has agreed on it with
        the security server or the proxy; what gets to real cases, by the authority itself.
        """
        vouches, lets_in = access.keeps_installation(by), access.may_let_in(by, system.authority_id)
        if not vouches:
            for name in VOUCHED:
                del self.fields[name]
        if not lets_in and not system.pk:
            chosen: Any = self.fields["is_test"]
            chosen.choices = chosen.choices[:1]
        if not lets_in and system.pk and not system.is_test:
            for name in [name for name in self.fields if name not in (*VOUCHED, "active")]:
                del self.fields[name]

    def clean_xroad_client(self) -> str:
        """Of the form that security servers use."""
        said: str = self.cleaned_data["xroad_client"].strip().strip("/")
        if said and not CLIENT.fullmatch(said):
            raise ValidationError(_("Write it as INSTANCE/CLASS/MEMBER/SUBSYSTEM, such as FI/MUN/1234567-8/handling."))
        return said

    def clean_certificate(self) -> str:
        """The digits alone."""
        said = re.sub(r"[\s:]", "", self.cleaned_data["certificate"]).lower()
        if said and not HEXADECIMAL.fullmatch(said):
            raise ValidationError(_("A SHA-256 fingerprint has 64 hexadecimal digits. Copy it whole."))
        return said

    def clean_wake_url(self) -> str:
        """An address that can be posted to, and in which no secret stands."""
        said: str = self.cleaned_data["wake_url"].strip()
        if said and (why := objection_to_address(said)):
            raise ValidationError(why)
        return said

    def clean(self) -> dict[str, Any]:
        """A name that no other system of the authority has, and nothing by which another one is known."""
        data, others = super().clean() or self.cleaned_data, System.objects.exclude(pk=self.instance.pk)
        if "name" in self.fields and others.filter(authority=self.instance.authority, name=data.get("name")).exists():
            self.add_error("name", _("The authority has a system of that name already. Choose another name."))
        said = {
            "xroad_client": _("Another system is known by this X-Road client already."),
            "certificate": _("Another system is known by this certificate already."),
        }
        for name, words in said.items():
            if data.get(name) and others.filter(**{name: data[name]}).exists():
                self.add_error(name, words)
        return data


def service_choices(authority: Authority, chosen: list[str]) -> list[tuple[str, str]]:
    """The authority's services by their keys; one that is chosen stays there although it is gone."""
    own = Service.objects.filter(authority=authority).select_related("published").order_by("key")
    found = {service.key: str(service) for service in own if service.published is None or service.makes_cases}
    return [*found.items(), *((key, key) for key in chosen if key not in found)]


def objection_to_address(address: str) -> str:
    """Why nothing can be posted to an address, in words; '' when it can."""
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return _("This is no web address. Write it whole, such as https://handling.example/wake.")
    if parts.username is not None or parts.password is not None:
        return _("Leave out the user name and the password: what is posted is signed with a secret that you are given.")
    if settings.DEBUG and parts.scheme == "http" and is_loopback(host):
        return ""
    if parts.scheme != "https" or not host or parts.fragment or re.search(r"\s", address):
        return _("Write an address that begins with https://, such as https://handling.example/wake.")
    return ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
