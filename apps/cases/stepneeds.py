"""What it is to ask for something a step needs: the questions it takes, how they lie on the page, and the fact they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import gettext as _

from apps.cases.models import Case
from apps.cases.rulebook import Step
from apps.people.models import User
from apps.services.layout import question_for

NOTHING = object()  # a fact that was not said


@dataclass(frozen=True)
class Asking:
    """Who is asked, for which step of which case, and when."""

    step: Step
    case: Case
    by: User | None
    today: date


class Need:
    """Something a step needs. By itself it is one question of its own name, whose answer is the fact."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """The questions, by their names."""
        raise NotImplementedError

    def lay_out(self, fields: dict[str, forms.Field]) -> list[LayoutObject]:
        """The questions as they lie on the page."""
        return [question_for(name, field) for name, field in fields.items()]

    def fact(self, form: Any) -> Any:
        """What was said; NOTHING for a thing that need not be said. Raises ValidationError, with the question it is about."""
        return form.cleaned_data.get(self.name, NOTHING)


def needed(field: forms.Field, missing: str) -> forms.Field:
    """The field, which must be answered."""
    field.required = True
    field.error_messages["required"] = missing
    return field


def unmarked(field: forms.Field) -> forms.Field:
    """The field, which is not called optional: it has an answer already, or another one is about the same."""
    field.needed = True  # type: ignore[attr-defined]  # read by the layout
    return field


def select(label: str, choices: Iterable[tuple[Any, Any]], hint: str = "", *, required: str = "") -> forms.Field:
    """One of several; `required` is what is said when none is chosen."""
    errors = {"required": required, "invalid_choice": _("This cannot be chosen any more. Choose again.")}
    return forms.ChoiceField(
        label=label, help_text=hint, choices=list(choices), required=bool(required), error_messages=errors
    )
