"""A condition read as a sentence: “Expected audience” is at least 200 and “Music” is “Yes”.

The words are this software's; the labels of questions and options are the definition's, in the same language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from apps.services.conditions import NEVER, Always, Comparison, Condition, Every, Not, Some
from apps.services.fieldtypes.base import Field, field_at
from apps.services.surveying import Lead
from apps.services.texts import date_words

Fields = Mapping[str, Field]


def in_words(condition: Condition, fields: Fields, language: str) -> str:
    """When a condition holds, as part of a sentence. `fields` are those it can look at, by key."""
    with override(language):
        return _said(condition, fields, language)


def shown_when(condition: Condition, fields: Fields, language: str) -> str:
    """When something is shown, as a sentence."""
    with override(language):
        return _("Show this when %(condition)s.") % {"condition": _said(condition, fields, language)}


def needed_when(condition: Condition, fields: Fields, language: str) -> str:
    """When a question must be answered, as a sentence."""
    with override(language):
        return _("This must be answered when %(condition)s.") % {"condition": _said(condition, fields, language)}


def value_when(value: str, condition: Condition, fields: Fields, language: str) -> str:
    """When a value is the one that follows from the answers, as a sentence."""
    with override(language):
        said = _said(condition, fields, language)
        return _("The value is %(value)s when %(condition)s.") % {"value": quoted(value), "condition": said}


def lead_words(lead: Lead, fields: Fields, language: str) -> list[str]:
    """When a survey leads to a service, and why, as sentences."""
    with override(language):
        words = {
            "surely": _("%(service)s is surely needed when %(condition)s."),
            "possibly": _("%(service)s is possibly needed when %(condition)s."),
        }
        said = [
            words[name] % {"service": lead.service, "condition": _said(condition, fields, language)}
            for name, condition in lead.conditions()
            if condition != NEVER
        ]
        return [*said, _("Why: %(why)s") % {"why": quoted(lead.why.said(language))}] if lead.why else said


def _said(condition: Condition, fields: Fields, language: str) -> str:
    if isinstance(condition, Always):
        return _("it is always so")
    if isinstance(condition, Every | Some):
        return _joined(condition, fields, language)
    if isinstance(condition, Not):
        return _opposite(condition.part, fields, language)
    assert isinstance(condition, Comparison)  # noqa: S101 (there are no other conditions)
    return _compared(condition, fields, language, negative=False)


def _joined(condition: Every | Some, fields: Fields, language: str) -> str:
    """The parts with and, or or, between them; several of them within others stand in brackets, so that they cannot be read wrongly."""
    parts = [_within(part, fields, language) for part in condition.parts]
    if not parts:  # of a document that cannot be read whole
        return _("it is always so") if isinstance(condition, Every) else _("it is never so")
    if len(parts) == 1:
        return _said(condition.parts[0], fields, language)
    last = _("%(earlier)s and %(last)s") if isinstance(condition, Every) else _("%(earlier)s or %(last)s")
    return last % {"earlier": ", ".join(parts[:-1]), "last": parts[-1]}


def _within(condition: Condition, fields: Fields, language: str) -> str:
    said = _said(condition, fields, language)
    several = isinstance(condition, Every | Some) and len(condition.parts) > 1
    return f"({said})" if several else said


def _opposite(condition: Condition, fields: Fields, language: str) -> str:
    if isinstance(condition, Always):
        return _("it is never so")
    if isinstance(condition, Not):
        return _said(condition.part, fields, language)
    if isinstance(condition, Comparison):
        return _compared(condition, fields, language, negative=True)
    return _("it is not so that %(condition)s") % {"condition": f"({_said(condition, fields, language)})"}


def _compared(comparison: Comparison, fields: Fields, language: str, *, negative: bool) -> str:
    positive_words, negative_words = WORDS[comparison.operator](comparison.value)
    words = {
        "question": question_words(comparison.field, fields, language),
        "value": _value_words(comparison, fields, language),
    }
    return (negative_words if negative else positive_words) % words


def question_words(path: str, fields: Fields, language: str) -> str:
    """What a question is called, in quotation marks."""
    return quoted(question_name(path, fields, language))


def question_name(path: str, fields: Fields, language: str) -> str:
    """Its label, with that of the question it is a part of. Its key, where the form has none such."""
    keys = path.split(".")
    labels = []
    for n in range(1, len(keys) + 1):
        field = field_at(".".join(keys[:n]), fields)
        labels.append((field.label.said(language) if field else "") or keys[n - 1])
    return ": ".join(labels)


def quoted(text: str) -> str:
    """In the language's quotation marks."""
    return _("“%(text)s”") % {"text": text}


def _value_words(comparison: Comparison, fields: Fields, language: str) -> str:
    value, operator = comparison.value, comparison.operator
    if operator in ("at_least", "less_than"):
        return _number_words(value, language)
    if operator in ("before", "after"):
        return date_words(date.fromisoformat(value))
    if operator in ("equals", "one_of", "contains"):
        field = field_at(comparison.field, fields)
        values = value if operator == "one_of" else (value,)
        return ", ".join(_answer_words(field, one, language) for one in values)
    return str(value)


def _answer_words(field: Field | None, value: Any, language: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_words(value, language)
    return quoted(field.value_words(value, language) if field else str(value))


def _number_words(value: float, language: str) -> str:
    """In groups of three, with the language's decimal sign."""
    text = f"{Decimal(str(value)):,f}"
    grouped, point, decimals = text.replace(",", "\N{NO-BREAK SPACE}").partition(".")
    return grouped + (point if language == "en" else point.replace(".", ",")) + decimals


def _days(value: Any) -> tuple[str, str]:
    return (
        ngettext(
            "%(question)s is less than %(value)s day ahead", "%(question)s is less than %(value)s days ahead", value
        ),
        ngettext("%(question)s is not within %(value)s day", "%(question)s is not within %(value)s days", value),
    )


def _working_days(value: Any) -> tuple[str, str]:
    return (
        ngettext(
            "%(question)s is less than %(value)s working day ahead",
            "%(question)s is less than %(value)s working days ahead",
            value,
        ),
        ngettext(
            "%(question)s is not within %(value)s working day",
            "%(question)s is not within %(value)s working days",
            value,
        ),
    )


def _answered(value: Any) -> tuple[str, str]:
    words = _("%(question)s is answered"), _("%(question)s is not answered")
    return words if value else (words[1], words[0])


# How each comparison reads, and its opposite. The opposite also holds when there is no answer, so it never says the contrary.
WORDS: dict[str, Callable[[Any], tuple[str, str]]] = {
    "equals": lambda value: (_("%(question)s is %(value)s"), _("%(question)s is not %(value)s")),
    "one_of": lambda value: (_("%(question)s is one of %(value)s"), _("%(question)s is none of %(value)s")),
    "contains": lambda value: (_("%(question)s includes %(value)s"), _("%(question)s does not include %(value)s")),
    "answered": _answered,
    "at_least": lambda value: (_("%(question)s is at least %(value)s"), _("%(question)s is not at least %(value)s")),
    "less_than": lambda value: (_("%(question)s is less than %(value)s"), _("%(question)s is not less than %(value)s")),
    "before": lambda value: (_("%(question)s is before %(value)s"), _("%(question)s is not before %(value)s")),
    "after": lambda value: (_("%(question)s is after %(value)s"), _("%(question)s is not after %(value)s")),
    "within_days": _days,
    "within_working_days": _working_days,
}
