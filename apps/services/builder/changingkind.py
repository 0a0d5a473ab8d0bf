"""Another kind for a question that is there already: which kinds can take it over, and what is lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from apps.services.builder.settingwords import words_of
from apps.services.editing import Element
from apps.services.fieldtypes import REGISTER, Field
from apps.services.fieldtypes.base import read_field
from apps.services.reading import Reader

ALWAYS_KEPT = ("kind", "key", "show_when")


@dataclass(frozen=True)
class OtherKind:
    """A kind that a question can become: the element it would be, and the settings that are lost."""

    kind: str
    label: str
    asks_for: str
    element: Element
    lost: list[str]


def other_kinds(element: Element, *, in_a_row: bool = False) -> Iterator[OtherKind]:
    """The kinds that a question can become without anything more being written."""
    now = REGISTER.get(element["kind"])
    for kind, cls in REGISTER.items():
        if kind == element["kind"] or now is None or cls.asks is not now.asks or (in_a_row and not cls.repeats):
            continue
        made = as_kind(element, cls)
        if made is not None:
            lost = [str(words_of(name, now.group).label or name) for name in element if name not in made]
            yield OtherKind(kind, str(cls.kind_label), str(cls.asks_for), made, lost)


def as_kind(element: Element, cls: type[Field]) -> Element | None:
    """An element as one of another kind, with what both can have; None when it lacks something then."""
    settings = cls.settings()
    kept = {
        name: item for name, item in element.items() if name in ALWAYS_KEPT or _reads(settings.get(name), name, item)
    }
    kept["kind"] = cls.kind
    reader = Reader()
    field = read_field(reader, "", kept)
    if reader.problems:
        return None
    if field.default is not None and field.accept(field.default) != field.default:
        kept.pop("default", None)
    return kept


def _reads(setting: dataclasses.Field[object] | None, name: str, item: object) -> bool:
    if setting is None:
        return False
    reader = Reader()
    setting.metadata["read"](reader, name, item)
    return not reader.problems
