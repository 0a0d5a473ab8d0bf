"""A page of a definition as a Django form: the only place that turns one into the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from apps.services.definition import Definition, Page
from apps.services.fieldtypes.questions import QuestionsForm


class PageForm(QuestionsForm):
    """One page, bound to a customer's answers: `answers` are all stored so far, `today` is the day in Helsinki.

    `offers` are answers offered where there is none yet, such as the name of who is signed in; `sources` says in words where they are from.
    """

    def __init__(
        self,
        definition: Definition,
        page: Page,
        *,
        answers: Mapping[str, Any],
        today: date,
        data: Any = None,
        files: Any = None,
        offers: Mapping[str, Any] | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.definition, self.page, self.answers = definition, page, answers
        before = definition.counting_before(page, answers, today)
        super().__init__(
            page.questions,
            stored=answers,
            before=before,
            today=today,
            data=data,
            files=files,
            offers=offers,
            sources=sources,
        )
