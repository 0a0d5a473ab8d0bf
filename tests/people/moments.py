"""Two who save the same in the same moment: each looks before the other has saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db.models import Model, QuerySet, UniqueConstraint
from django.db.models.signals import pre_save


@contextmanager
def looked_too_early(model: type[Model]) -> Iterator[None]:
    """Whoever asks whether there is such a row finds none, until they have tried to save their own: the other's came in between."""
    exists, validate = QuerySet.exists, UniqueConstraint.validate
    tried: list[Any] = []

    def too_early(rows: QuerySet[Any]) -> bool:
        return exists(rows) if tried or rows.model is not model else False

    def let_through(constraint: UniqueConstraint, of: type[Model], *args: Any, **kwargs: Any) -> None:
        if tried or of is not model:
            validate(constraint, of, *args, **kwargs)

    def note(instance: Any, **_more: Any) -> None:
        tried.append(instance)

    pre_save.connect(note, sender=model)
    try:
        with patch.object(QuerySet, "exists", too_early), patch.object(UniqueConstraint, "validate", let_through):
            yield
    finally:
        pre_save.disconnect(note, sender=model)
    assert tried, "nothing was saved, so no moment was missed"
