"""What the desk's start page shows of the cases."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from apps.cases.desk.frontpage import FrontPage, front_page
from apps.people.models import User
from apps.services.texts import HELSINKI

register = template.Library()


@register.simple_tag(takes_context=True)
def cases_at_hand(context: Any) -> FrontPage | None:
    """The counts for the official whose page it is; None for somebody who sees no cases."""
    user = context["request"].user
    return front_page(user, timezone.localdate(timezone=HELSINKI)) if isinstance(user, User) else None
