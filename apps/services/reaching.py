"""Answers that make a condition hold: found by trying the few values of each question that conditions can tell apart.

A customer's answers are tried in the order of the form, and only those of the questions that matter. When every way has been
tried in vain, the condition can never hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations, product
from typing import Any

from apps.services.conditions import ALWAYS, Comparison, Condition, Every, Not, Some
from apps.services.definition import Definition
from apps.services.examples import example, sample_of_parts
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.base import UnreadField, field_at
from apps.services.fieldtypes.calculated import Calculated
from apps.services.fieldtypes.derived import Derived
from apps.services.reading import Json
from apps.services.workdays import first_day_after

MOST_STEPS = 4_000
MOST_OF_ONE = 40  # values of one question that are tried
MOST_TOGETHER = 5  # options of several that are tried in every combination
NUMBERS = ("at_least", "less_than")
DAYS = ("before", "after", "within_days", "within_working_days")


@dataclass(frozen=True)
class Stop:
    """A question in its place: the number of its page, when that page is shown, and the question."""

    page: int
    page_shown: Condition
    field: Field


def stops_of(definition: Definition) -> list[Stop]:
    """Every question of a form in its place."""
    return [Stop(n, page.show_when, field) for n, page in enumerate(definition.pages) for field in page.fields]


def rows_of(group: Field) -> list[Stop]:
    """Every question of a row of a group that repeats."""
    return [Stop(0, ALWAYS, part) for part in group.own_parts()]


@dataclass
class Search:
    """A search for answers with which a condition holds. `certain` says of a search in vain that there are none."""

    stops: Sequence[Stop]
    goal: Condition
    today: date
    steps: int = MOST_STEPS
    certain: bool = True
    compared: tuple[Comparison, ...] = field(default=(), init=False)
    tried: dict[str, list[Json]] = field(default_factory=dict, init=False)
    places: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.stops = relevant(self.stops, self.goal)
        looking = [self.goal, *(c for stop in self.stops for c in _conditions(stop))]
        self.compared = tuple(c for condition in looking for c in condition.comparisons())
        known = {stop.field.key: stop.field for stop in self.stops}
        self.places = {stop.field.key: n for n, stop in enumerate(self.stops)}
        for stop in self.stops:
            self.certain = self.certain and _is_told_apart(stop.field, self.compared, known)
        hints = _hints(self.stops, self.compared, self.today)
        for stop in self.stops:
            if stop.field.asks:
                self.tried[stop.field.key] = self._values(stop.field, hints)

    def found(self) -> dict[str, Json] | None:
        """The answers, by the keys of the questions that matter, None for one that is left open; None when none were found."""
        return self._from(0, -1, True, {}, {})

    def _values(self, asked: Field, hints: Mapping[str, list[Json]]) -> list[Json]:
        values = list(_values(asked, hints, self.today))
        if len(values) > MOST_OF_ONE:
            self.certain = False
        return values[:MOST_OF_ONE]

    def _from(
        self, n: int, page: int, page_shown: bool, counting: dict[str, Any], chosen: dict[str, Json]
    ) -> dict[str, Json] | None:
        """The same from a stop on, given what counts before it."""
        self.steps -= 1
        if self.steps < 0:
            self.certain = False
            return None
        if self.verdict(self.goal, n, counting) is False:
            return None
        if n == len(self.stops):
            return chosen
        stop = self.stops[n]
        if stop.page != page:
            page, page_shown = stop.page, stop.page_shown.holds(counting, self.today)
        shown = page_shown and stop.field.show_when.holds(counting, self.today)
        for value in self._answers(stop.field, counting) if shown else ():
            counted = stop.field.counted(value, counting, self.today)
            then = {**counting, stop.field.key: counted} if stop.field.answered(counted) else counting
            more = {**chosen, stop.field.key: value} if stop.field.asks else chosen
            if (found := self._from(n + 1, page, page_shown, then, more)) is not None:
                return found
        return None if shown else self._from(n + 1, page, page_shown, counting, chosen)

    def verdict(self, condition: Condition, n: int, counting: Mapping[str, Any]) -> bool | None:
        """Whether a condition holds, given what counts before a stop; None while that depends on what comes after it."""
        if isinstance(condition, Not):
            found = self.verdict(condition.part, n, counting)
            return None if found is None else not found
        if isinstance(condition, Every | Some):
            decisive = isinstance(condition, Some)
            found_all = [self.verdict(part, n, counting) for part in condition.parts]
            if decisive in found_all:
                return decisive
            return None if None in found_all else not decisive
        if isinstance(condition, Comparison) and self.places.get(_first(condition.field), -1) >= n:
            return self._verdict_later(condition, n, counting)
        return condition.holds(counting, self.today)

    def _verdict_later(self, comparison: Comparison, n: int, counting: Mapping[str, Any]) -> bool | None:
        """The same of a comparison with an answer still to come: of a value that follows, it may be clear already."""
        stop = self.stops[self.places[_first(comparison.field)]]
        later = stop.field
        if not isinstance(later, Derived):
            return None
        possible: list[Json] = [] if later.show_when is ALWAYS and stop.page_shown is ALWAYS else [None]
        for value in later.values:
            so = self.verdict(value.when, n, counting)
            if so is not False:
                possible.append(value.value)
            if so:
                break
        else:
            possible.append(None)
        verdicts = {comparison.holds({later.key: value}, self.today) for value in possible}
        return verdicts.pop() if len(verdicts) == 1 else None

    def _answers(self, asked: Field, counting: Mapping[str, Any]) -> Iterator[Json]:
        """What is tried as the answer to a question: an example, what conditions name, and no answer."""
        if not asked.asks:
            yield None
            return
        first = example(asked, counting, self.today)
        if first is not None and not asked.objection(first, counting, self.today):
            yield first
        for value in self.tried[asked.key]:
            if value != first and not asked.objection(value, counting, self.today):
                yield value
        yield None


def relevant(stops: Sequence[Stop], goal: Condition) -> list[Stop]:
    """The questions that a condition looks at, with those that these depend on in turn."""
    wanted = {_first(c.field) for c in goal.comparisons()}
    found = []
    for stop in reversed(stops):
        if stop.field.key in wanted:
            wanted |= {_first(path) for path in (*stop.field.looks_at(), *_beside(stop.field))}
            wanted |= {_first(c.field) for c in stop.page_shown.comparisons()}
            found.append(stop)
    return found[::-1]


def _conditions(stop: Stop) -> Iterator[Condition]:
    yield from (stop.page_shown, stop.field.show_when)
    if isinstance(stop.field, Derived):
        yield from (value.when for value in stop.field.values)


def _first(path: str) -> str:
    return path.partition(".")[0]


def _beside(asked: Field) -> tuple[str, ...]:
    """The questions that an answer must not come before."""
    return tuple(filter(None, (getattr(asked, "not_before", ""), getattr(asked, "after", ""))))


def _is_told_apart(asked: Field, compared: Iterable[Comparison], known: Mapping[str, Field]) -> bool:
    """Whether the values that are tried stand for all that conditions can tell apart."""
    if isinstance(asked, UnreadField | Calculated) or (asked.has_answer and not asked.asks and not _is_derived(asked)):
        return False
    about = [c for c in compared if _first(c.field) == asked.key]
    return not any(c.operator == "contains" and not _options(field_at(c.field, known)) for c in about)


def _is_derived(asked: Field) -> bool:
    return isinstance(asked, Derived)


def _options(asked: Field | None) -> frozenset[str]:
    return asked.possible() if asked else frozenset()


# --- values that conditions tell apart -----------------------------------------------------------------------------------


def _hints(stops: Sequence[Stop], compared: Iterable[Comparison], today: date) -> dict[str, list[Json]]:
    """What the answers at a path are compared with, and what is next to it; also for what a compared value is computed from."""
    hints: dict[str, list[Json]] = {}
    for comparison in compared:
        hints.setdefault(comparison.field, []).extend(_near(comparison, today))
    for stop in reversed(stops):
        computed = isinstance(stop.field, Calculated)
        sources = stop.field.of if isinstance(stop.field, Calculated) else _beside(stop.field)
        for path in sources:
            own = hints.get(stop.field.key, [])
            more = [*own, 0, 1, *_days_later(own, today)] if computed and own else own
            hints.setdefault(path, []).extend(more)
    return hints


def _near(comparison: Comparison, today: date) -> list[Json]:
    """A value on each side of what is compared with, and that itself."""
    value = comparison.value
    if comparison.operator in NUMBERS:
        return [value, value - 1, value + 1]
    if comparison.operator in DAYS:
        return [day.isoformat() for day in _days_near(comparison.operator, value, today)]
    if comparison.operator == "answered":
        return []
    values = list(value) if comparison.operator == "one_of" else [value]
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    return [*values, *(one - 1 for one in numbers), *(one + 1 for one in numbers)]


def _days_near(operator: str, value: Any, today: date) -> list[date]:
    if operator in ("before", "after"):
        there = date.fromisoformat(value)
    else:
        there = today + timedelta(days=value) if operator == "within_days" else first_day_after(today, value)
    around = [there]
    around += [there - timedelta(days=1)] if there > date.min else []
    around += [there + timedelta(days=1)] if there < date.max else []
    return around


def _days_later(hints: Iterable[Json], today: date) -> list[Json]:
    """Days so far ahead as a number says: for how many days there are between two."""
    numbers = [one for one in hints if isinstance(one, int) and not isinstance(one, bool) and abs(one) < 10_000]
    return [today.isoformat(), *((today + timedelta(days=one)).isoformat() for one in numbers)]


def _values(asked: Field, hints: Mapping[str, list[Json]], today: date) -> Iterator[Json]:
    """The values of a question that conditions can tell apart, each once, as far as the question accepts them."""
    seen = []
    for value in _candidates(asked, hints, today):
        if value is not None and value not in seen:
            seen.append(value)
            yield value


def _candidates(asked: Field, hints: Mapping[str, list[Json]], today: date) -> Iterator[Json]:
    within = {path.partition(".")[2]: found for path, found in hints.items() if path.startswith(f"{asked.key}.")}
    own = hints.get(asked.key, [])
    if asked.parts():
        yield from _of_parts(asked, within, own, today)
        return
    for hint in (*_mentioned(asked, own), *own, *_edges(asked, own, today)):
        for form in _forms(hint):
            yield asked.accept(form)
    yield from (asked.accept(option) for option in sorted(asked.possible()))


def _mentioned(asked: Field, hints: Iterable[Json]) -> Iterator[Json]:
    """Of several options: those that conditions name, in every combination, and all with one that none of them names."""
    options = asked.possible()
    named = sorted({hint for hint in hints if isinstance(hint, str) and hint in options})
    other = [option for option in sorted(options) if option not in named][:1]
    sizes = range(1, len(named) + 1) if len(named) <= MOST_TOGETHER else (1, len(named))
    for size in sizes:
        for some in combinations(named, size):
            yield list(some)
            yield [*some, *other]
    yield other


def _edges(asked: Field, hints: Iterable[Json], today: date) -> Iterator[Json]:
    """The smallest and the largest that is taken, yes and no, and the first day that is not late."""
    yield from (True, False)
    if notice := asked.notice():
        yield notice.earliest(today).isoformat()
    if any(True for _hint in hints):
        yield from (edge for name in ("min", "max") if (edge := getattr(asked, name, None)) is not None)


def _forms(hint: Json) -> Iterator[Json]:
    """A value as the kinds of question keep it: as it is, as text, as a moment of that day."""
    yield hint
    if isinstance(hint, int | float) and not isinstance(hint, bool):
        yield int(hint)
        yield f"{hint:.2f}"
        yield f"{hint}"
    elif isinstance(hint, str):
        yield f"{hint}T14:30"


def _of_parts(asked: Field, within: Mapping[str, list[Json]], own: Iterable[Json], today: date) -> Iterator[Json]:
    """The whole question with each value of the parts that conditions look at; of a group that repeats, also with more rows."""
    parts = [part for part in asked.parts() if part.asks and any(_first(path) == part.key for path in within)]
    tried = [[*_values(part, within, today), example(part, {}, today)] for part in parts]
    for values in product(*tried):
        fixed = {part.key: value for part, value in zip(parts, values, strict=True)}
        yield sample_of_parts(asked, today, fixed)
    if asked.has_rows:
        row = sample_of_parts(asked, today)[:1]
        most = getattr(asked, "max_rows", 1)
        yield from (row * count for count in own if isinstance(count, int) and 0 < count <= most)
