"""Kinds that ask nothing: a heading, guidance, a warning."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django.utils.translation import gettext_lazy

from apps.services.fieldtypes.base import Field, in_three, setting
from apps.services.layout import Prose, Unfolding
from apps.services.reading import Json, texts
from apps.services.texts import NO_TEXT, Texts


@dataclass(frozen=True, kw_only=True)
class _Told(Field):
    """What is told and not asked: it has no answer."""

    asks: ClassVar[bool] = False
    has_answer: ClassVar[bool] = False

    @classmethod
    def settings(cls) -> dict[str, dataclasses.Field[Any]]:
        """Its words only: the others are about an answer."""
        return {name: f for name, f in super().settings().items() if name in ("label", "text")}

    def sample(self, today: date) -> Json:
        """Nothing."""
        return None


@dataclass(frozen=True, kw_only=True)
class Heading(_Told):
    """A heading between questions."""

    kind: ClassVar[str] = "heading"
    kind_label: ClassVar[Any] = gettext_lazy("Heading")
    group: ClassVar[str] = "told"
    asks_for: ClassVar[Any] = gettext_lazy("A heading between questions.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Säkerhet", "Turvallisuus", "Safety")}

    def lay_out(self) -> LayoutObject:
        """A heading of the second level, below the page's own."""
        return Prose(self.key, "h2", self.label)


@dataclass(frozen=True, kw_only=True)
class Guidance(_Told):
    """Advice to the one who fills in; `text` may have paragraphs and lists."""

    kind: ClassVar[str] = "guidance"
    kind_label: ClassVar[Any] = gettext_lazy("Guidance")
    group: ClassVar[str] = "told"
    asks_for: ClassVar[Any] = gettext_lazy("Advice to the customer, in a quiet box.")
    example: ClassVar[Mapping[str, Json]] = {
        "text": in_three(
            "Bifoga en karta där scenen är utmärkt.",
            "Liitä kartta, johon näyttämö on merkitty.",
            "Attach a map that shows the stage.",
        )
    }
    label: Texts = setting(texts, NO_TEXT)
    text: Texts = setting(texts)

    def lay_out(self) -> LayoutObject:
        """A quiet box."""
        return Prose(self.key, "h2", self.label, self.text, "prose--guidance")


@dataclass(frozen=True, kw_only=True)
class Caution(_Told):
    """Something one must not miss."""

    kind: ClassVar[str] = "warning"
    kind_label: ClassVar[Any] = gettext_lazy("Warning")
    group: ClassVar[str] = "told"
    asks_for: ClassVar[Any] = gettext_lazy("Something that the customer must not miss.")
    example: ClassVar[Mapping[str, Json]] = {
        "text": in_three(
            "Du får inte börja innan du har fått ett beslut.",
            "Et saa aloittaa ennen kuin olet saanut päätöksen.",
            "You must not begin before you have a decision.",
        )
    }
    label: Texts = setting(texts, NO_TEXT)
    text: Texts = setting(texts)

    def lay_out(self) -> LayoutObject:
        """A box that stands out."""
        return Prose(self.key, "h2", self.label, self.text, "prose--warning")


@dataclass(frozen=True, kw_only=True)
class Details(_Told):
    """More for those who want it: a title that opens."""

    kind: ClassVar[str] = "details"
    kind_label: ClassVar[Any] = gettext_lazy("Details to open")
    group: ClassVar[str] = "told"
    asks_for: ClassVar[Any] = gettext_lazy("More to read for those who want it, behind a title that opens.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Vad räknas som buller?", "Mikä lasketaan meluksi?", "What counts as noise?"),
        "text": in_three(
            "Ljud som stör dem som bor i närheten.",
            "Ääni, joka häiritsee lähistöllä asuvia.",
            "Sound that disturbs those who live nearby.",
        ),
    }
    text: Texts = setting(texts)

    def lay_out(self) -> LayoutObject:
        """A closed box that the browser opens."""
        return Unfolding(self.key, self.label, self.text)


@dataclass(frozen=True, kw_only=True)
class Result(_Told):
    """What the answers lead to, told when its condition holds: surveys and comparisons are made of these."""

    kind: ClassVar[str] = "result"
    kind_label: ClassVar[Any] = gettext_lazy("Result of the answers")
    group: ClassVar[str] = "told"
    asks_for: ClassVar[Any] = gettext_lazy(
        "What the answers lead to. Give it a condition, so that it is shown when it is so."
    )
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("En räddningsplan behövs", "Pelastussuunnitelma tarvitaan", "A rescue plan is needed"),
        "text": in_three(
            "Gör också upp en räddningsplan.", "Laadi myös pelastussuunnitelma.", "Make a rescue plan too."
        ),
    }
    concludes: ClassVar[bool] = True
    text: Texts = setting(texts)

    def lay_out(self) -> LayoutObject:
        """A box that is read aloud when it appears."""
        return Prose(self.key, "h2", self.label, self.text, "prose--result", role="status")

    def conclusion(self, language: str) -> tuple[str, str]:
        """Its title and text."""
        return self.label.said(language), self.text.said(language)
