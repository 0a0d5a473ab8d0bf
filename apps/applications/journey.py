"""The way through a form, computed from the answers at each request and never stored, so that it cannot be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from apps.applications.models import Application
from apps.services.definition import Definition, Page
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.questions import wanting


@dataclass(frozen=True)
class Stop:
    """A page that applies, the fields asked on it, and whether it is done."""

    page: Page
    fields: tuple[Field, ...]
    done: bool


class Journey:
    """Which pages apply, which are done, which comes next, which may be opened, whether all is complete."""

    def __init__(self, definition: Definition, answers: Mapping[str, Any], today: date) -> None:
        self.definition, self.answers, self.today = definition, answers, today

    @classmethod
    def of(cls, application: Application) -> Journey:
        """The way through an application on the day it is judged on."""
        return cls(application.definition, application.answers, application.day())

    @cached_property
    def stops(self) -> list[Stop]:
        """The pages that apply, in order."""
        found = []
        for page, fields, counting in self.definition.asked(self.answers, self.today):
            done = not any(field.asks and wanting(field, counting, self.today) for field in fields)
            found.append(Stop(page, tuple(fields), done))
        return found

    @cached_property
    def counting(self) -> dict[str, Any]:
        """The answers that count: those that no condition hides. This is what is sent."""
        counting: dict[str, Any] = {}
        for _page, _fields, counted in self.definition.asked(self.answers, self.today):
            counting = counted
        return {key: value for key, value in counting.items() if key in self.definition.fields}

    @property
    def complete(self) -> bool:
        """Whether every page that applies is done."""
        return all(stop.done for stop in self.stops)

    @property
    def first_open(self) -> Page | None:
        """The first page that is not done."""
        return next((stop.page for stop in self.stops if not stop.done), None)

    def may_open(self, key: str) -> bool:
        """Whether a page may be opened: it applies, and those before it are done."""
        for stop in self.stops:
            if stop.page.key == key:
                return True
            if not stop.done:
                return False
        return False

    def after(self, key: str) -> Page | None:
        """The page after a page; None when it is the last."""
        return self._neighbour(key, 1)

    def before(self, key: str) -> Page | None:
        """The page before a page; None when it is the first."""
        return self._neighbour(key, -1)

    def _neighbour(self, key: str, step: int) -> Page | None:
        keys = [stop.page.key for stop in self.stops]
        if key not in keys:
            return None
        there = keys.index(key) + step
        return self.stops[there].page if 0 <= there < len(keys) else None
