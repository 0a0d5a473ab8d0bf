"""The kinds of question to choose from, grouped by what they ask, each with a sentence and an example."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.services.fieldtypes import REGISTER, Field
from apps.services.fieldtypes.base import read_field
from apps.services.fieldtypes.questions import Questions, QuestionsForm
from apps.services.reading import Json, Reader

# The groups in the order they are shown.
GROUPS: dict[str, Any] = {
    "text": gettext_lazy("A text"),
    "number": gettext_lazy("A number or a sum"),
    "day": gettext_lazy("A date or a time"),
    "choice": gettext_lazy("A choice"),
    "contact": gettext_lazy("Persons and contact details"),
    "identity": gettext_lazy("Official identifiers"),
    "place": gettext_lazy("A place"),
    "files": gettext_lazy("Attachments"),
    "several": gettext_lazy("The same several times"),
    "computed": gettext_lazy("What follows from the answers"),
    "told": gettext_lazy("Information to the customer"),
    "other": gettext_lazy("Others"),
}
# What most forms on paper are made of, offered first where one chooses from a list.
USUAL = ("text", "long_text", "yes_no", "choice", "choices", "date", "whole_number", "email", "phone", "file")
# Answers by which values that follow from others can be shown.
FOR_EXAMPLES = {"area": 12, "first": "x"}


@dataclass(frozen=True)
class Shown:
    """A kind in the gallery."""

    kind: str
    label: str
    asks_for: str
    example: SafeString


@dataclass(frozen=True)
class Group:
    """Kinds that ask something alike."""

    key: str
    title: str
    kinds: list[Shown]


def gallery(today: date, *, in_a_row: bool = False) -> list[Group]:
    """Every kind, in groups; only those that can stand in a repeating group, when asked for `in_a_row`."""
    offered = [cls for cls in REGISTER.values() if cls.repeats or not in_a_row]
    return [Group(key, str(title), [shown(cls, today) for cls in kinds]) for key, title, kinds in grouped(offered)]


def grouped(kinds: Iterable[type[Field]]) -> list[tuple[str, Any, list[type[Field]]]]:
    """Kinds by their groups, in the order of the groups; a group that is not known here is the last one."""
    found: dict[str, list[type[Field]]] = {key: [] for key in GROUPS}
    for cls in kinds:
        found[cls.group if cls.group in GROUPS else "other"].append(cls)
    return [(key, GROUPS[key], classes) for key, classes in found.items() if classes]


def shown(cls: type[Field], today: date) -> Shown:
    """A kind with its sentence and its example."""
    return Shown(cls.kind, str(cls.kind_label), str(cls.asks_for), example(cls, today))


def example(cls: type[Field], today: date) -> SafeString:
    """An example of a kind as the customer sees it; nothing, when the kind has no example that can be read."""
    reader = Reader()
    said: dict[str, Json] = {"label": {"sv": str(cls.kind_label)}, **cls.example}
    known = {name: value for name, value in said.items() if name in cls.settings()}
    field = read_field(reader, "", {"kind": cls.kind, "key": "example", **known})
    if reader.problems:
        return SafeString()
    questions = Questions((dataclasses.replace(field, key="example"),))
    form = QuestionsForm(questions, stored={}, before=FOR_EXAMPLES, today=today, prefix=f"example-{cls.kind}")
    return form.render()


def kind_choices(*, in_a_row: bool = False, quick: Iterable[str] = REGISTER) -> list[tuple[str, Any]]:
    """The kinds for a list to choose from: the usual ones first, then the others by their groups."""
    offered = [k for k in quick if REGISTER[k].repeats or not in_a_row]
    usual = [(kind, REGISTER[kind].kind_label) for kind in USUAL if kind in offered]
    rest = grouped(REGISTER[kind] for kind in offered if kind not in USUAL)
    others = [(str(title), [(cls.kind, cls.kind_label) for cls in classes]) for _key, title, classes in rest]
    return [(_("Usual"), usual), *others]
