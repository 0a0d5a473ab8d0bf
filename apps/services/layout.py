"""The one accessible markup of every form here, as crispy layout objects that write their HTML themselves.

Label (or legend), then hint, then error, then the control; `aria-describedby` names the hint and the error by the ids Django
expects. A template per field would cost ten times the processor time of the rest of the page (docs/performance.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _


class ShowsConditionally(Protocol):
    """A form that knows which of its fields are not asked just now, and by what rule."""

    hidden_now: set[str]
    rules: dict[str, Any]


def attributes(**values: Any) -> SafeString:
    """HTML attributes: None and False are left out, True stands alone, `_` in a name becomes `-`."""
    out = []
    for name, value in values.items():
        if value is None or value is False or value == "":
            continue
        plain = name.rstrip("_").replace("_", "-")
        out.append(f" {plain}" if value is True else f' {plain}="{escape(value)}"')
    return mark_safe("".join(out))  # noqa: S308 (every value is escaped above)


def prose(text: str) -> SafeString:
    """Plain text as paragraphs and lists (lines that begin with '- '), with web addresses as links."""
    blocks = []
    for block in text.strip().replace("\r\n", "\n").split("\n\n"):
        lines = block.split("\n")
        if all(line.startswith("- ") for line in lines):
            blocks.append("<ul>" + "".join(f"<li>{urlize(line[2:], autoescape=True)}</li>" for line in lines) + "</ul>")
        else:
            blocks.append("<p>" + "<br>".join(urlize(line, autoescape=True) for line in lines) + "</p>")
    return mark_safe("".join(blocks)) if text.strip() else SafeString()  # noqa: S308 (urlize has escaped it)


class Question(LayoutObject):
    """One field with its label, hint, error and control. Subclasses write the control."""

    group = False  # several controls under a legend instead of one under a label

    def __init__(self, name: str, **attrs: Any) -> None:
        self.name = name
        self.attrs = attrs
        self.fields: list[Any] = []

    def render(self, form: forms.BaseForm, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The whole question as HTML."""
        bound = form[self.name]
        errors, hint = bound.errors, bound.help_text
        described = " ".join(
            ([f"{bound.auto_id}_helptext"] if hint else []) + ([f"{bound.auto_id}_error"] if errors else [])
        )
        parts = [self.head(bound), *self.notes(bound, errors, hint), self.control(bound, described, bool(errors))]
        tag, extra = ("fieldset", attributes(aria_describedby=described)) if self.group else ("div", "")
        classes = "question question--error" if errors else "question"
        hidden = self.name in getattr(form, "hidden_now", ())
        rule = getattr(form, "rules", {}).get(self.name)
        when = attributes(hidden=hidden, data_show_when=json.dumps(rule) if rule else None)
        return mark_safe(f'<{tag} class="{classes}"{extra}{when}>{"".join(parts)}</{tag}>')  # noqa: S308 (parts are safe)

    def head(self, bound: BoundField) -> str:
        """The label, or the legend of a group."""
        optional = "" if bound.field.required or getattr(bound.field, "needed", False) else _("optional")
        mark = format_html(' <span class="question__optional">({})</span>', optional) if optional else ""
        if self.group:
            return format_html('<legend class="question__label">{}{}</legend>', bound.label, mark)
        return format_html('<label class="question__label" for="{}">{}{}</label>', bound.auto_id, bound.label, mark)

    def notes(self, bound: BoundField, errors: Iterable[Any], hint: Any) -> list[str]:
        """The hint and the error."""
        out: list[str] = []
        if hint:
            out.append(
                format_html('<div class="question__hint" id="{}_helptext">{}</div>', bound.auto_id, prose(str(hint)))
            )
        if errors:
            said = mark_safe("<br>".join(escape(error) for error in errors))  # noqa: S308 (escaped here)
            out.append(
                format_html(
                    '<p class="question__error" id="{}_error"><span class="visually-hidden">{} </span>{}</p>',
                    bound.auto_id,
                    _("Error:"),
                    said,
                )
            )
        return out

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """What one types or chooses in."""
        raise NotImplementedError

    def first_control(self, bound: BoundField) -> str:
        """The id that an error's link leads to."""
        return f"{bound.auto_id}_0" if self.group else str(bound.auto_id)


class Line(Question):
    """One line of text. `attrs`: type, inputmode, autocomplete, spellcheck, width (a number of characters), unit."""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """An input."""
        attrs = dict(self.attrs)
        width, unit = attrs.pop("width", None), attrs.pop("unit", None)
        value = "" if attrs.get("type") == "password" else value_of(bound)  # a secret is never sent back to the page
        html = (
            f'<input class="line{f" line--{width}" if width else ""}"'
            + attributes(
                type=attrs.pop("type", "text"),
                name=bound.html_name,
                id=bound.auto_id,
                aria_describedby=described,
                aria_invalid="true" if wrong else None,
                **attrs,
            )
            + f' value="{escape(value)}">'
        )
        return f'<span class="with-unit">{html}<span class="unit">{escape(unit)}</span></span>' if unit else html


class Area(Question):
    """Several lines of text. `attrs`: rows, limit (characters, counted down by JavaScript where there is any)."""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """A textarea. The newline after the tag is eaten by the browser, so a first empty line survives."""
        attrs = attributes(
            name=bound.html_name,
            id=bound.auto_id,
            rows=self.attrs.get("rows", 5),
            **self.countdown(),
            aria_describedby=described,
            aria_invalid="true" if wrong else None,
        )
        return f'<textarea class="area"{attrs}>\n{escape(value_of(bound))}</textarea>'

    def countdown(self) -> dict[str, Any]:
        """How many characters there may be, and the words in which static/js/counter.js says how many are left."""
        if not self.attrs.get("limit"):
            return {}
        left, over = _("Characters left: {n}"), _("Characters too many: {n}")
        return {"data_limit": self.attrs["limit"], "data_left": left, "data_over": over}


class Select(Question):
    """One of several, in a list."""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """A select. An answer that is no option is shown as none chosen."""
        value = value_of(bound)
        options = "".join(
            f'<option{attributes(selected=str(key) == value)} value="{escape(key)}">{escape(label)}</option>'
            for key, label in bound.field.choices  # type: ignore[attr-defined]
        )
        attrs = attributes(
            name=bound.html_name,
            id=bound.auto_id,
            aria_describedby=described,
            aria_invalid="true" if wrong else None,
            autocomplete=self.attrs.get("autocomplete"),
        )
        return f'<select class="select"{attrs}>{options}</select>'


class Options(Question):
    """Radio buttons (one of several) or checkboxes (several of many)."""

    group = True

    def __init__(self, name: str, *, type: str, **attrs: Any) -> None:
        super().__init__(name, **attrs)
        self.type = type

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """The options, each with its own label."""
        value = bound.value()
        chosen = {str(v) for v in value} if isinstance(value, list | tuple) else {value_of(bound)}
        out: list[str] = []
        options = [(k, label) for k, label in bound.field.choices if k != ""]  # type: ignore[attr-defined]
        for n, (key, label) in enumerate(options):
            attrs = attributes(
                type=self.type,
                name=bound.html_name,
                id=f"{bound.auto_id}_{n}",
                checked=str(key) in chosen,
                aria_invalid="true" if wrong else None,
            )
            out.append(
                f'<div class="option"><input{attrs} value="{escape(key)}">'
                f'<label for="{bound.auto_id}_{n}">{escape(label)}</label></div>'
            )
        return "".join(out)


class Tick(Question):
    """One checkbox, whose label is the question."""

    def head(self, bound: BoundField) -> str:
        """The label follows the box."""
        return ""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """The box and its label."""
        attrs = attributes(
            type="checkbox",
            name=bound.html_name,
            id=bound.auto_id,
            checked=bool(bound.value()),
            aria_describedby=described,
            aria_invalid="true" if wrong else None,
        )
        return f'<div class="option"><input{attrs} value="on">{super().head(bound)}</div>'


class Files(Question):
    """Files kept already, each with a button that removes it, and a place to choose more."""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """The list and the file input."""
        stored: dict[str, list[Any]] = getattr(bound.form, "kept_files", dict)()
        kept = stored.get(self.name, [])
        rows = "".join(
            format_html(
                '<li class="file"><span class="file__name">{}</span> <span class="file__size">{}</span> '
                '<button class="button button--quiet" name="_remove" value="{}">{}<span class="visually-hidden"> {}</span></button></li>',
                item["name"],
                size_words(item["size"]),
                item["id"],
                _("Remove"),
                item["name"],
            )
            for item in kept
        )
        attrs = attributes(
            type="file",
            name=bound.html_name,
            id=bound.auto_id,
            multiple=self.attrs.get("multiple"),
            accept=self.attrs.get("accept"),
            aria_describedby=described,
            aria_invalid="true" if wrong else None,
        )
        return (f'<ul class="files">{rows}</ul>' if rows else "") + f'<input class="file-input"{attrs}>'


class Hidden(Question):
    """A value the page carries and nobody sees."""

    def render(self, form: forms.BaseForm, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The input alone."""
        bound = form[self.name]
        attrs = attributes(type="hidden", name=bound.html_name, id=bound.auto_id)
        return mark_safe(f'<input{attrs} value="{escape(value_of(bound))}">')  # noqa: S308 (escaped)


class Prose(LayoutObject):
    """A part of a page that asks nothing: a heading, guidance or a warning."""

    def __init__(self, name: str, tag: str, title: Any, text: Any = "", css: str = "") -> None:
        self.name, self.tag, self.title, self.text, self.css = name, tag, title, text, css
        self.fields: list[Any] = []

    def render(self, form: forms.BaseForm, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The part as HTML, hidden when its condition does not hold."""
        rule = getattr(form, "rules", {}).get(self.name)
        when = attributes(
            hidden=self.name in getattr(form, "hidden_now", ()), data_show_when=json.dumps(rule) if rule else None
        )
        head = f"<{self.tag}>{escape(self.title)}</{self.tag}>" if str(self.title) else ""
        return mark_safe(f'<div class="prose {self.css}"{when}>{head}{prose(str(self.text))}</div>')  # noqa: S308


def value_of(bound: BoundField) -> str:
    """What stands in a control: what was typed, or what is kept."""
    value = bound.value()
    return "" if value is None else str(value)


def size_words(size: int) -> str:
    """A file's size for a person."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1_000_000:.1f} MB".replace(".", ",")


def question_for(name: str, field: forms.Field) -> Question:
    """The layout of a plain Django field, by its widget: for forms that no definition describes."""
    widget = field.widget
    if widget.is_hidden:
        return Hidden(name)
    if isinstance(widget, forms.Textarea):
        return Area(name)
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return Options(name, type="checkbox")
    if isinstance(widget, forms.RadioSelect):
        return Options(name, type="radio")
    if isinstance(widget, forms.Select):
        return Select(name)
    if isinstance(widget, forms.CheckboxInput):
        return Tick(name)
    if isinstance(widget, forms.FileInput):
        return Files(name)
    return Line(name, type=getattr(widget, "input_type", "text"), autocomplete=widget.attrs.get("autocomplete"))


def plain_layout(form: forms.BaseForm) -> Layout:
    """All fields of a form, one after another."""
    return Layout(*(question_for(name, field) for name, field in form.fields.items()))
