"""One control per sort of setting: the plain ones, and what all have in common.

A control makes the form fields of one setting, lays them out, and makes the setting's value again of what was typed. What is not touched
is not made anew, so that a field that is only looked at stays as it was, byte for byte.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import gettext as _

from apps.services.builder.settingwords import CHOICES, choice_words, words_of
from apps.services.builder.situation import Situation
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.counted import BIGGEST
from apps.services.filetypes import TYPES
from apps.services.layout import InLanguages, Line, Options, Select, Tick
from apps.services.reading import LONGEST_TEXT, Json, Reader
from apps.services.texts import Texts, language_name

Setting = dataclasses.Field[Any]
Typed = Mapping[str, Any]


def default_of(setting: Setting) -> Json:
    """What a setting is when nothing is said of it, in its document form."""
    default = setting.default
    if default is dataclasses.MISSING or default == "":
        return None
    if isinstance(default, Texts):
        return default.as_json() or None
    if isinstance(default, tuple):
        return list(default) or None
    return default if isinstance(default, bool | int | str) else None


class Control:
    """The controls of one setting. Subclasses make them for one sort of setting."""

    def __init__(self, name: str, cls: type[Field], situation: Situation, value: Json) -> None:
        self.name, self.cls, self.situation = name, cls, situation
        self.setting = cls.settings()[name]
        self.words = words_of(name, cls.group)
        self.needed = self.setting.default is dataclasses.MISSING
        self.said_before = value  # None when nothing is said
        self.unfit = self._unfit(value)
        self.shown = default_of(self.setting) if value is None or self.unfit else value

    def _unfit(self, value: Json) -> str:
        """Why what stands there cannot be read; '' when it can, or when nothing stands there."""
        if value is None:
            return ""
        reader = Reader()
        self.setting.metadata["read"](reader, "", value)
        return reader.problems[0].reason if reader.problems else ""

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """The form fields by their names, each with what stands in it. `data` is what was typed, if anything."""
        raise NotImplementedError

    def places(self) -> Iterator[LayoutObject]:
        """How they stand on the page."""
        raise NotImplementedError

    def said(self, typed: Typed) -> Json:
        """The setting as it was typed; None when nothing is said. Raises forms.ValidationError."""
        raise NotImplementedError

    def touched(self, form: forms.Form) -> bool:
        """Whether something else was typed than what stood there."""
        return not form.changed_names.isdisjoint(self.names)  # type: ignore[attr-defined]

    def built(self, data: Any) -> dict[str, forms.Field]:
        """Its form fields, whose names it remembers."""
        made = self.fields(data)
        self.names = set(made)
        return made

    def place_of(self, path: str) -> str:
        """The form field at which a problem in the setting is told."""
        return self.name

    def called(self, name: str) -> str:
        """What one of its form fields is called in the list of mistakes."""
        return str(self.words.label)


def asked(field: forms.Field) -> forms.Field:
    """A form field without a word that it is optional: whether it may be left empty is for its setting to say."""
    field.needed = True  # type: ignore[attr-defined]  # read by the layout
    return field


def line(label: Any, initial: Any = "", hint: Any = "", most: int = LONGEST_TEXT) -> forms.Field:
    """A form field for a line; whether it may be left empty is nobody's question here."""
    made = forms.CharField(label=label, initial=initial, help_text=hint, required=False, max_length=most)
    return asked(made)


class TextField(forms.CharField):
    """A text of several lines; the two characters of a browser's line break are one."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """With plain line breaks."""
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value) or ""


def text_field(language: str, initial: str, rows: int) -> forms.Field:
    """A form field for a text in one language."""
    made: forms.CharField = TextField(
        label=language_name(language).capitalize(), initial=initial, required=False, max_length=LONGEST_TEXT, strip=True
    )
    if rows < 2:
        made.widget = forms.TextInput()
    return asked(made)


def texts_of(value: Json) -> dict[str, str]:
    """A text in several languages, as far as it is one."""
    return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}


class TextsControl(Control):
    """A text in each language of the service, side by side. Languages that the service does not promise are kept as they are."""

    part = ""  # where in the setting the text stands

    @property
    def stem(self) -> str:
        """What its form fields' names begin with."""
        return f"{self.name}-{self.part}" if self.part else self.name

    def _texts(self) -> dict[str, str]:
        return texts_of(self.shown)

    def _rows(self) -> int:
        """As many lines as the text has, at least: a line break would be lost in a line."""
        several = any("\n" in text for text in self._texts().values())
        return max(self.words.rows, 3 if several else 1)

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """One in each language."""
        known = self._texts()
        return {
            f"{self.stem}__{code}": text_field(code, known.get(code, ""), self._rows())
            for code in self.situation.languages
        }

    def places(self) -> Iterator[LayoutObject]:
        """A fieldset around them."""
        label, hint = self.words.label, self.words.hint
        yield InLanguages(self.stem, self.situation.languages, label=label, hint=hint, rows=self._rows())

    def said(self, typed: Typed) -> Json:
        """The languages in which something is written."""
        found = merged(self._texts() if self.said_before is not None else {}, self.stem, typed, self.situation)
        if self.needed and not found:
            raise forms.ValidationError(_("Write this in at least one language."))
        return found or None

    def place_of(self, path: str) -> str:
        """That of the language."""
        code = path.rpartition(".")[2]
        return f"{self.stem}__{code if code in self.situation.languages else self.situation.languages[0]}"

    def called(self, name: str) -> str:
        """With the language."""
        return f"{self.words.label} ({language_name(name.rpartition('__')[2])})"


def merged(before: Mapping[str, str], stem: str, typed: Typed, situation: Situation) -> dict[str, str]:
    """A text with what was typed in the languages of the service, and the others as they were, in the order they had."""
    written = {code: typed.get(f"{stem}__{code}") or "" for code in situation.languages}
    return {code: text for code, text in {**before, **written}.items() if text}


class FlagControl(Control):
    """Yes or no, by a tick. That an answer must be given is asked the other way round."""

    @property
    def turned(self) -> bool:
        """Whether a tick means no."""
        return self.name == "required"

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """A box."""
        ticked = bool(self.shown) is not self.turned
        box = forms.BooleanField(label=self.words.label, help_text=self.words.hint, initial=ticked, required=False)
        return {self.name: asked(box)}

    def places(self) -> Iterator[LayoutObject]:
        """The box with its label."""
        yield Tick(self.name)

    def said(self, typed: Typed) -> Json:
        """What the tick means."""
        return bool(typed.get(self.name)) is not self.turned


class WholeControl(Control):
    """A whole number within the limits of the setting."""

    @property
    def limits(self) -> tuple[int, int]:
        """The smallest and the largest."""
        schema = self.setting.metadata["read"].schema
        return schema["minimum"], schema["maximum"]

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """A line for digits. Where there is no limit, it is empty."""
        least, most = self.limits
        shown = None if isinstance(self.shown, int) and abs(self.shown) >= BIGGEST else self.shown
        number = forms.IntegerField(
            label=self.words.label,
            help_text=self.words.hint,
            initial=shown,
            required=False,
            min_value=least,
            max_value=most,
            widget=forms.TextInput(),
        )
        return {self.name: asked(number)}

    def places(self) -> Iterator[LayoutObject]:
        """A short line."""
        yield Line(self.name, width=10, inputmode="numeric" if self.limits[0] >= 0 else None)

    def said(self, typed: Typed) -> Json:
        """The number."""
        return typed.get(self.name)


class WordControl(Control):
    """One of a few words."""

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """A list, or round buttons when they are few."""
        known = [(word, choice_words(self.name, word)) for word in self.setting.metadata["read"].schema["enum"]]
        choice = forms.ChoiceField(
            label=self.words.label,
            help_text=self.words.hint,
            initial=self.shown or "",
            choices=known,
            required=False,
        )
        return {self.name: asked(choice)}

    def places(self) -> Iterator[LayoutObject]:
        """A list."""
        yield Select(self.name)

    def said(self, typed: Typed) -> Json:
        """The word."""
        return typed.get(self.name) or None


class PatternControl(Control):
    """The form of an answer."""

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """A line."""
        return {self.name: line(self.words.label, self.shown or "", self.words.hint, 100)}

    def places(self) -> Iterator[LayoutObject]:
        """A short line."""
        yield Line(self.name, width=20, spellcheck="false", autocomplete="off")

    def said(self, typed: Typed) -> Json:
        """The pattern."""
        return typed.get(self.name) or None


class ErrorsControl(Control):
    """The service's own words for what is wrong with an answer."""

    PARTS: ClassVar = ("missing", "wrong")

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """Each in the service's languages."""
        return {name: made for part in self._parts() for name, made in part.fields(data).items()}

    def places(self) -> Iterator[LayoutObject]:
        """One after the other."""
        for part in self._parts():
            yield from part.places()

    def _parts(self) -> list[_PartText]:
        whole = self.shown if isinstance(self.shown, dict) else {}
        return [_PartText(self, part, whole.get(part)) for part in self.PARTS]

    def said(self, typed: Typed) -> Json:
        """What is written of the two."""
        before = self.shown if isinstance(self.shown, dict) else {}
        parts = {part.part: part.said(typed) for part in self._parts()}
        return {name: text for name, text in {**before, **parts}.items() if text} or None

    def place_of(self, path: str) -> str:
        """That of the text."""
        keys = path.split(".")
        part = keys[1] if len(keys) > 1 and keys[1] in self.PARTS else self.PARTS[0]
        code = keys[2] if len(keys) > 2 and keys[2] in self.situation.languages else self.situation.languages[0]
        return f"{self.name}-{part}__{code}"

    def called(self, name: str) -> str:
        """Which of the two, and the language."""
        part = next(one for one in self._parts() if name.startswith(one.stem))
        return part.called(name)


class _PartText(TextsControl):
    """One of the two error texts."""

    def __init__(self, whole: Control, part: str, value: Json) -> None:
        self.name, self.part, self.situation = whole.name, part, whole.situation
        self.words = words_of(f"{whole.name}.{part}")
        self.needed, self.said_before, self.shown, self.unfit = False, value, value, ""


class LeadTimeControl(Control):
    """How long before the day the authority must have the matter."""

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """Whether there is a limit, how long, how it is counted, and what happens on a day that is too near."""
        now = self.shown if isinstance(self.shown, dict) else {}
        on = forms.BooleanField(label=self.words.label, initial=bool(now), required=False)
        days = forms.IntegerField(
            label=_("How many days before"),
            initial=now.get("days"),
            required=False,
            min_value=0,
            max_value=3_650,
            widget=forms.TextInput(),
        )
        unit = _words_field("unit", ("days", "working_days"), _("Counted in"), now.get("unit", "days"))
        late = _words_field("late", tuple(CHOICES["late"]), _("When the day is too near"), now.get("late", "refuse"))
        late.widget = forms.RadioSelect()
        return {
            self.name: asked(on),
            f"{self.name}-days": asked(days),
            f"{self.name}-unit": unit,
            f"{self.name}-late": late,
        }

    def places(self) -> Iterator[LayoutObject]:
        """The tick, and what it brings up."""
        yield Tick(self.name)
        yield Line(f"{self.name}-days", width=5, inputmode="numeric")
        yield Select(f"{self.name}-unit")
        yield Options(f"{self.name}-late", type="radio")

    def said(self, typed: Typed) -> Json:
        """The limit, when there is one."""
        if not typed.get(self.name):
            return None
        days = typed.get(f"{self.name}-days")
        if days is None:
            raise forms.ValidationError({f"{self.name}-days": _("Write how many days.")})
        before = self.shown if isinstance(self.shown, dict) else {}
        now = {**before, "days": days, "unit": typed.get(f"{self.name}-unit") or "days"}
        late = typed.get(f"{self.name}-late") or "refuse"
        if late != "refuse" or "late" in before:
            now["late"] = late
        return now

    def called(self, name: str) -> str:
        """As its label."""
        return str(_("Time limit"))


def _words_field(name: str, words: tuple[str, ...], label: str, initial: Any) -> forms.Field:
    made = forms.ChoiceField(
        label=label, choices=[(word, choice_words(name, word)) for word in words], initial=initial, required=False
    )
    return asked(made)


class TypesControl(Control):
    """Kinds of file."""

    def fields(self, data: Any) -> dict[str, forms.Field]:
        """A box for each."""
        made = forms.MultipleChoiceField(
            label=self.words.label,
            choices=[(name, f"{name.upper()} ({', '.join(kind.endings)})") for name, kind in TYPES.items()],
            initial=self.shown,
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )
        return {self.name: asked(made)}

    def places(self) -> Iterator[LayoutObject]:
        """The boxes."""
        yield Options(self.name, type="checkbox")

    def said(self, typed: Typed) -> Json:
        """Those ticked, in the order they stood in; new ones after them."""
        ticked = typed.get(self.name) or []
        if not ticked:
            raise forms.ValidationError(_("Choose at least one kind of file."))
        before = [name for name in self.shown or [] if name in ticked]
        return [*before, *(name for name in TYPES if name in ticked and name not in before)]
