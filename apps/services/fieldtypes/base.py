"""A field of a definition, and the register of its kinds: one class per kind, with all of its aspects.

*definition → form → layout → stored answer → text again.* Nobody else asks what kind a field is. A new kind is one class in a
module of this package; it needs no migration, and the contract test runs over it the moment it exists.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import gettext as _

from apps.services.conditions import ALWAYS, Condition
from apps.services.layout import Line
from apps.services.reading import Json, Read, Reader, flag, texts
from apps.services.texts import NO_TEXT, Texts, has_control_characters

REGISTER: dict[str, type[Field]] = {}


def setting(read: Read, default: Any = dataclasses.MISSING) -> Any:
    """A setting of a kind: how it is read from a document, and its value when it is not there."""
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata={"read": read})
    return dataclasses.field(default=default, metadata={"read": read})


@dataclass(frozen=True)
class LeadTime:
    """How long before the day the authority must have the matter.

    `days`: the earliest day allowed is that many days after today, in Helsinki. `late`: "refuse" stops; "explain" lets through, and the
    definition asks for the reason with a field that shows when the day is within those days.
    """

    days: int
    late: str

    def earliest(self, today: date) -> date:
        """The first day that is not late when the matter is sent today."""
        return today + timedelta(days=self.days)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One part of a page. The kinds are its subclasses; an instance is one question of one definition."""

    kind: ClassVar[str] = ""
    kind_label: ClassVar[Any] = ""
    asks: ClassVar[bool] = True
    carries_file: ClassVar[bool] = False

    key: str
    label: Texts = setting(texts)
    hint: Texts = setting(texts, NO_TEXT)
    required: bool = setting(flag, True)
    common: bool = setting(flag, False)
    secret: bool = setting(flag, False)
    show_when: Condition = ALWAYS
    rule: Json = dataclasses.field(default=None, compare=False)  # what `show_when` was read from; a dict has no hash

    def __init_subclass__(cls) -> None:
        if "kind" in cls.__dict__:
            if cls.kind in REGISTER:
                raise TypeError(f"two kinds of field are called {cls.kind!r}")
            REGISTER[cls.kind] = cls

    @classmethod
    def settings(cls) -> dict[str, dataclasses.Field[Any]]:
        """What may be said of a field of this kind in a document, besides its key, kind and condition."""
        return {f.name: f for f in dataclasses.fields(cls) if "read" in f.metadata}

    # --- what a kind says about itself -----------------------------------------------------------------------------

    def ask(self, language: str) -> forms.Field:
        """A Django field that reads and checks one answer. It never asks for an answer itself: the page does."""
        raise NotImplementedError

    def lay_out(self) -> LayoutObject:
        """How it stands on the page."""
        return Line(self.key)

    def keep(self, value: Any) -> Json:
        """The checked answer as it is stored (JSON); None when there is none."""
        return value or None

    def recall(self, kept: Json) -> Any:
        """What stands in the control when the page is opened again."""
        return kept

    def show(self, kept: Json, language: str) -> str:
        """The stored answer as text, for the check page, the desk, the receipt."""
        return "" if kept is None else str(kept)

    def envelope(self, kept: Json) -> Json:
        """The stored answer as receivers get it."""
        return kept

    def sample(self, today: date) -> Json:
        """A stored answer that this field accepts."""
        raise NotImplementedError

    def answered(self, kept: Json) -> bool:
        """Whether there is an answer."""
        return kept not in (None, "", [])

    def objection(self, kept: Json, answers: Mapping[str, Any], today: date) -> str:
        """Why an answer is not good beside the earlier answers and on this day, in the page's language; '' when it is.

        Asked when the page is saved and again when the paper is sent, since days pass meanwhile.
        """
        return ""

    def missing(self) -> str:
        """What to say when there must be an answer and is none."""
        return _("Answer this question.")

    def again(self) -> Field:
        """The field as a supplement asks it: whatever else has been answered."""
        return dataclasses.replace(self, show_when=ALWAYS, rule=None)

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """Note what does not fit together in the field's settings, or with the fields before it."""

    def possible(self) -> frozenset[str]:
        """The values an answer can have, where the definition lists them; else empty."""
        return frozenset()

    def notice(self) -> LeadTime | None:
        """How long before the answered day the authority must have the matter, where the field says so."""
        return None

    def all_texts(self) -> dict[str, Texts]:
        """Every text that must exist in each language, by its path within the field."""
        found = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, Texts) and value}


def refuse_control_characters(value: str) -> None:
    """Refuse characters that no keyboard has and no receiver can show."""
    if has_control_characters(value):
        raise forms.ValidationError(_("The text has characters that cannot be shown. Write it again without them."))
