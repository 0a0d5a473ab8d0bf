"""Sample answers to a whole form, each of which its question accepts beside the others and on that day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from apps.services.definition import Definition, Page
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.chosen import Consent
from apps.services.reading import Json

Answers = Mapping[str, Any]
LATER = (0, 1, 7, 30, 90, 200, 400)  # days from today on which a sample is tried, until one fits the earlier answers
HOURS = tuple(f"{hour:02}:30" for hour in range(16, 24))


def fill(
    definition: Definition,
    today: date,
    answers: Answers | None = None,
    *,
    only: str | None = None,
    fixed: Answers | None = None,
) -> dict[str, Any]:
    """The answers with an example for every question that applies and has none that fits: on all pages, or `only` on one.

    `fixed` are answers that stand as they are; None in it is a question that is left open.
    """
    filled, fixed = {**(answers or {}), **(fixed or {})}, fixed or {}
    counting: dict[str, Any] = dict(definition.given)
    for page in definition.pages:
        if page.show_when.holds(counting, today):
            open_here = only in (None, page.key)
            _fill_page(page, filled, counting, today, fixed if open_here else None)
    return filled


def _fill_page(
    page: Page, filled: dict[str, Any], counting: dict[str, Any], today: date, fixed: Answers | None
) -> None:
    for field in page.fields:
        if not field.show_when.holds(counting, today):
            continue
        if fixed is not None and field.asks and field.key not in fixed:
            kept = filled.get(field.key)
            if not field.answered(kept) or field.objection(kept, counting, today):
                filled[field.key] = example(field, counting, today)
        _count(field, filled.get(field.key), counting, today)


def _count(field: Field, kept: Json, counting: dict[str, Any], today: date) -> None:
    value = field.counted(kept, counting, today)
    if field.answered(value):
        counting[field.key] = value


def example(field: Field, counting: Answers, today: date) -> Json:
    """An answer that a question accepts beside the earlier ones; None for a box that need not be ticked, or where none is found."""
    if isinstance(field, Consent) and not field.needed(counting, today):
        return None  # a protection order, say, is nothing that everybody has
    samples = samples_of(field, today)
    first = next(samples, None)
    if not field.objection(first, counting, today):
        return first
    return next((one for one in samples if not field.objection(one, counting, today)), first)


def samples_of(field: Field, today: date) -> Iterator[Json]:
    """Samples of a question: the plain one first, then of later days and hours."""
    if field.parts():
        yield sample_of_parts(field, today)
        return
    for days in LATER:
        yield _described(field, field.sample(today + timedelta(days=days)))
    if isinstance(field.sample(today), str):
        yield from HOURS


def _described(field: Field, sample: Json) -> Json:
    """A sample file with a word about it, where the service asks for one."""
    if field.carries_file and field.undescribed():
        return [{**one, "about": _("Example")} for one in sample]
    return sample


def sample_of_parts(field: Field, today: date, fixed: Answers | None = None) -> Json:
    """A sample of a question made of parts, or of a group that repeats; `fixed` are parts that stand as they are."""
    one = together(field.parts(), today, fixed or {})
    return [one] * max(1, getattr(field, "min_rows", 0)) if field.has_rows else one


def together(parts: Iterable[Field], today: date, fixed: Answers) -> dict[str, Any]:
    """Examples of some questions asked together, each beside those before it."""
    answers: dict[str, Any] = {}
    counting: dict[str, Any] = {}
    for part in parts:
        if part.show_when.holds(counting, today):
            if part.asks:
                answers[part.key] = fixed[part.key] if part.key in fixed else example(part, counting, today)
            _count(part, answers.get(part.key), counting, today)
    return {key: value for key, value in answers.items() if value is not None}
