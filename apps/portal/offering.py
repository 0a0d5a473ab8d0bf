"""What a page offers where there is no answer yet: what is known already of who is signed in."""

from __future__ import annotations

from typing import Any

from apps.people.models import Customer
from apps.services.definition import Definition


def offers(definition: Definition, customer: Customer) -> dict[str, Any]:
    """Answers by the `prefill` of each question. They stand in the control, and count only when the page is saved."""
    known = {"given_name": customer.given_name, "family_name": customer.family_name, "name": customer.name}
    return {key: known[field.prefill] for key, field in definition.fields.items() if known.get(field.prefill)}
