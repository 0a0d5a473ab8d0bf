"""For whom a service can be used, and with which mandate: what its definition says, held against how a customer acts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.people.models import Customer, Mandate
from apps.services.definition import Definition

PARTY_WORDS: dict[str, Any] = {
    "self": gettext_lazy("for yourself"),
    "company": gettext_lazy("for a company or association"),
    "person": gettext_lazy("for another person"),
}


def party_of(customer: Customer) -> str:
    """As what they act now: self, company or person."""
    return str(customer.acting_for.kind) if customer.acting_for else "self"


def has_mandate_for(definition: Definition, customer: Customer) -> bool:
    """Whether a customer who acts for somebody has the mandate that the service asks for; one who acts for themselves needs none."""
    if customer.acting_for is None or not definition.mandate:
        return True
    held = Mandate.objects.filter(customer=customer, principal=customer.acting_for, ended_at=None)
    return any(definition.mandate in roles for roles in held.values_list("roles", flat=True))


def objection(definition: Definition, customer: Customer) -> str:
    """Why a customer cannot use the service as they act now, and what to do; '' when they can."""
    if party_of(customer) not in definition.acting_for:
        allowed = ", ".join(str(PARTY_WORDS[party]) for party in definition.acting_for)
        said = _("This service can be used %(parties)s. Choose for whom you act, and come back.")
        return said % {"parties": allowed}
    if customer.acting_for is None:
        return ""
    mandate = Mandate.objects.filter(customer=customer, principal=customer.acting_for, ended_at=None).first()
    if mandate is None:
        return _("Your mandate has ended. Choose again for whom you act.")
    if definition.mandate and definition.mandate not in mandate.roles:
        said = _(
            "For this service your mandate must be “%(mandate)s”. Ask the one you act for to give you that mandate."
        )
        return said % {"mandate": definition.mandate}
    return ""
