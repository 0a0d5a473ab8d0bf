"""The kind whose value follows from conditions on other answers: shown, stored and sent like an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.services.conditions import ALWAYS, Condition, read_condition
from apps.services.fieldtypes.base import Field, check_condition, in_three, setting
from apps.services.fieldtypes.chosen import yes_or_no
from apps.services.layout import Computed, Unsaid
from apps.services.reading import Json, Reader, defined, flag, list_of, reads, shape, within
from apps.services.texts import NO_TEXT, Texts


@dataclass(frozen=True)
class Value:
    """A value, the condition it stands for (also as its document, for the browser), and its text where the bare value says nothing."""

    value: Json
    when: Condition
    label: Texts
    rule: Json = None


_BARE = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": ["integer", "boolean"]},
        list_of({"type": "string", "minLength": 1}),
    ]
}


@reads(
    list_of(
        shape({"value": _BARE, "when": defined("condition"), "label": defined("texts")}, ("value",)), least=1, most=100
    )
)
def read_values(reader: Reader, path: str, value: Json) -> tuple[Value, ...]:
    """The values from their document form: each a text, a number, true, false, or a list of texts."""
    found = []
    for where, item in reader.items(path, value, least=1, most=100):
        got = reader.mapping(where, item, {"value": True, "when": False, "label": False})
        bare = got.get("value")
        texts = bare if isinstance(bare, list) else [bare]
        if not isinstance(bare, int) and not all(isinstance(text, str) and text for text in texts):
            reader.wrong(
                within(where, "value"), _("this must be a text, a whole number, true, false or a list of texts.")
            )
        when = read_condition(reader, within(where, "when"), got["when"]) if "when" in got else ALWAYS
        label = reader.texts(within(where, "label"), got["label"]) if "label" in got else NO_TEXT
        found.append(Value(bare, when, label, got.get("when")))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Derived(Field):
    """A value that follows from conditions: the first of `values` whose `when` holds; one without `when` always does.

    So a category that several answers lead to is told once and can be looked at by later conditions, and a code that receivers sort by
    is sent with every application. With `quiet` the page does not say it; the check page and the case always do.
    """

    kind: ClassVar[str] = "derived"
    kind_label: ClassVar[Any] = gettext_lazy("Value that follows from the answers")
    group: ClassVar[str] = "computed"
    asks_for: ClassVar[Any] = gettext_lazy(
        "A value that follows from other answers, such as a class of size. It can be shown, or only sent to the authority."
    )
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Evenemangets storlek", "Tapahtuman koko", "Size of the event"),
        "values": [{"value": "large", "label": in_three("Stort", "Suuri", "Large")}],
    }
    asks: ClassVar[bool] = False
    values: tuple[Value, ...] = setting(read_values)
    quiet: bool = setting(flag, False)

    def lay_out(self) -> LayoutObject:
        """The label and the value, or nothing."""
        if self.quiet:
            return Unsaid(self.key, self.how)
        return Computed(self.key, self.label, lambda kept: self.show(kept, get_language() or "sv"), self.how, self.hint)

    def looks_at(self) -> frozenset[str]:
        """With what its values follow from."""
        return super().looks_at() | frozenset(c.field for one in self.values for c in one.when.comparisons())

    def how(self) -> Json:
        """What the browser needs to find it too, in the language of the page."""
        language = get_language() or "sv"
        return {
            "values": [{"value": v.value, "when": v.rule, "text": self.show(v.value, language)} for v in self.values]
        }

    def counted(self, kept: Json, counting: Mapping[str, Any], today: date) -> Json:
        """The value by the answers that count."""
        return next((one.value for one in self.values if one.when.holds(counting, date.min)), None)

    def answered(self, kept: Json) -> bool:
        """Whether some condition held; false, 0 and an empty list are values too."""
        return kept is not None

    def show(self, kept: Json, language: str) -> str:
        """The value's text."""
        for one in self.values:
            if one.value == kept and type(one.value) is type(kept) and one.label:
                return one.label.said(language)
        if isinstance(kept, bool):
            return dict(yes_or_no(language))["yes" if kept else "no"]
        return ", ".join(kept) if isinstance(kept, list) else "" if kept is None else str(kept)

    def sample(self, today: date) -> Json:
        """The first value."""
        return self.values[0].value

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """Its conditions look at what comes before it, and not at today; a value after one that always holds could never be."""
        for n, one in enumerate(self.values):
            where = f"{within(path, 'values')}[{n}].when"
            check_condition(reader, where, one.when, earlier)
            if one.when is ALWAYS and n < len(self.values) - 1:
                reader.wrong(where, _("only the last value can stand without a condition."))
            if any(comparison.operator.startswith("within_") for comparison in one.when.comparisons()):
                reader.wrong(where, _("a value that is kept cannot depend on which day it is."))

    def possible(self) -> frozenset[str]:
        """The values, where all are texts."""
        values = [one.value for one in self.values]
        return frozenset(values) if all(isinstance(value, str) for value in values) else frozenset()

    def all_texts(self) -> dict[str, Texts]:
        """With the values' texts."""
        return super().all_texts() | {f"values[{n}].label": one.label for n, one in enumerate(self.values) if one.label}
