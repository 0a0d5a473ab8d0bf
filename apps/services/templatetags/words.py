"""Dates, times and sizes in words, for every door's templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.translation import get_language

from apps.services.layout import size_words
from apps.services.texts import LANGUAGES, date_words, moment_words

register = template.Library()


@register.filter
def moment(value: datetime | None) -> str:
    """A moment in Helsinki, in the language of the page."""
    return moment_words(value, get_language() or LANGUAGES[0]) if value else ""


@register.filter
def day(value: date | None) -> str:
    """A date."""
    return date_words(value) if value else ""


@register.filter
def size(value: int) -> str:
    """A file's size."""
    return size_words(value)


@register.filter
def of(values: Mapping[str, Any] | None, key: str) -> Any:
    """What a mapping says of a key; '' when it says nothing."""
    return (values or {}).get(key, "")
