"""The one accessible markup of every form here, as crispy layout objects that write their HTML themselves.

Label (or legend), then hint, then error, then the control; `aria-describedby` names the hint and the error by the ids Django
expects. A template per field would cost ten times the processor time of the rest of the page (docs/performance.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

LONGEST_ABOUT = 200  # characters about a file


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


def notes_of(auto_id: str, errors: Iterable[Any], hint: str) -> list[str]:
    """The hint and the error, with the ids that describe the control."""
    out: list[str] = []
    if hint:
        out.append(format_html('<div class="question__hint" id="{}_helptext">{}</div>', auto_id, prose(hint)))
    if errors:
        said = mark_safe("<br>".join(escape(error) for error in errors))  # noqa: S308 (escaped here)
        html = '<p class="question__error" id="{}_error"><span class="visually-hidden">{} </span>{}</p>'
        out.append(format_html(html, auto_id, _("Error:"), said))
    return out


def optional_mark() -> SafeString:
    """What stands after the label of a question that need not be answered."""
    return format_html(' <span class="question__optional">({})</span>', _("optional"))


def warning_of(auto_id: str, warning: str) -> SafeString:
    """What to know of an answer that is let through. It is no error: it stands below the control and stops nobody."""
    html = '<p class="question__warning" id="{}_warning"><span class="visually-hidden">{} </span>{}</p>'
    return format_html(html, auto_id, _("Note:"), warning)


def source_of(auto_id: str, source: str) -> SafeString:
    """Where an answer comes from that is only offered."""
    return format_html('<p class="question__source" id="{}_source">{}</p>', auto_id, source)


def asked_about(auto_id: str, text: str) -> SafeString:
    """What the authority has asked about a question, before its control."""
    html = '<div class="question__asked" id="{}_asked"><b>{}</b> {}</div>'
    return format_html(html, auto_id, _("The authority asks:"), prose(text)) if text else SafeString()


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
        errors, hint, warning = bound.errors, bound.help_text, getattr(form, "warnings", {}).get(self.name)
        source = getattr(form, "said_sources", {}).get(self.name)
        asked = getattr(form, "asked_about", {}).get(self.name, "")
        described = " ".join(
            ([f"{bound.auto_id}_asked"] if asked else [])
            + ([f"{bound.auto_id}_helptext"] if hint else [])
            + ([f"{bound.auto_id}_error"] if errors else [])
            + ([f"{bound.auto_id}_source"] if source else [])
            + ([f"{bound.auto_id}_warning"] if warning else [])
        )
        parts = [
            self.head(bound),
            asked_about(bound.auto_id, asked),
            *notes_of(bound.auto_id, errors, str(hint)),
            self.control(bound, described, bool(errors)),
            source_of(bound.auto_id, source) if source else "",
            warning_of(bound.auto_id, warning) if warning else "",
        ]
        tag, extra = ("fieldset", attributes(aria_describedby=described)) if self.group else ("div", "")
        classes = "question question--error" if errors else "question"
        when = conditional(form, self.name)
        return mark_safe(f'<{tag} class="{classes}"{extra}{when}>{"".join(parts)}</{tag}>')  # noqa: S308 (parts are safe)

    def head(self, bound: BoundField) -> str:
        """The label, or the legend of a group."""
        mark = "" if bound.field.required or getattr(bound.field, "needed", False) else optional_mark()
        if self.group:
            return format_html('<legend class="question__label">{}{}</legend>', bound.label, mark)
        return format_html('<label class="question__label" for="{}">{}{}</label>', bound.auto_id, bound.label, mark)

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """What one types or chooses in."""
        raise NotImplementedError

    def first_control(self, form: forms.Form) -> str:
        """The id that an error's link leads to."""
        auto_id = form[self.name].auto_id
        return f"{auto_id}_0" if self.group else str(auto_id)


class Line(Question):
    """One line of text. `attrs`: type, inputmode, autocomplete, spellcheck, width (a number of characters), unit."""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """An input."""
        attrs = dict(self.attrs)
        width, unit = attrs.pop("width", None), attrs.pop("unit", None)
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
            + f' value="{escape(self.shown(bound))}">'
        )
        return f'<span class="with-unit">{html}<span class="unit">{escape(unit)}</span></span>' if unit else html

    def shown(self, bound: BoundField) -> str:
        """What stands in it. A password is never sent back to the page."""
        return "" if self.attrs.get("type") == "password" else value_of(bound)


class MaskedLine(Line):
    """A line whose content is masked once it has been kept. `mask` says how."""

    def __init__(self, name: str, *, mask: Any, **attrs: Any) -> None:
        super().__init__(name, **attrs)
        self.mask = mask

    def shown(self, bound: BoundField) -> str:
        """What was typed only while it is not yet kept."""
        kept = getattr(bound.form, "kept", {}).get(self.name)
        return str(self.mask(kept)) if kept else value_of(bound)


class Area(Question):
    """Several lines of text. `attrs`: rows, limit (characters, counted down by JavaScript where there is any)."""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """A textarea. The newline after the tag is eaten by the browser, so a first empty line survives."""
        attrs = attributes(
            name=bound.html_name,
            id=bound.auto_id,
            rows=self.attrs.get("rows", 5),
            lang=self.attrs.get("lang"),
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


class Search(Question):
    """One of many, found by writing: the browser's own list of suggestions, which needs no script."""

    def control(self, bound: BoundField, described: str, wrong: bool) -> str:
        """An input with its list."""
        attrs = attributes(
            type="text",
            name=bound.html_name,
            id=bound.auto_id,
            list=f"{bound.auto_id}_list",
            autocomplete="off",
            aria_describedby=described,
            aria_invalid="true" if wrong else None,
        )
        value = escape(value_of(bound))
        listed = f'<datalist id="{bound.auto_id}_list">{self.suggestions(bound.field)}</datalist>'
        return f'<input class="line"{attrs} value="{value}">{listed}'

    def suggestions(self, field: Any) -> str:
        """The options, each with the value it stands for, which conditions look at, and what else it can be called."""
        taken: dict[str, list[str]] = {}
        for text, value in field.values.items():
            taken.setdefault(value, []).append(text)
        out = []
        for value, label in field.choices:
            known = (label.casefold(), value.casefold())
            also = "\n".join(text for text in taken.get(value, ()) if text not in known)
            called = f' data-also="{escape(also)}"' if also else ""
            out.append(f'<option value="{escape(label)}" data-value="{escape(value)}"{called}>')
        return "".join(out)


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
        marks: dict[str, str] = getattr(bound.form, "marks", {})  # a plain form has none
        rows = "".join(
            format_html(
                '<li class="file"><span class="file__name">{}</span> <span class="file__size">{}</span> {}'
                '<button class="button button--quiet" name="_remove" value="{}">{}<span class="visually-hidden"> {}</span></button>{}</li>',
                item["name"],
                size_words(item["size"]),
                file_mark(marks.get(item["id"], "")),
                item["id"],
                _("Remove"),
                item["name"],
                self.about(bound, item) if self.attrs.get("describe") else "",
            )
            for item in stored.get(self.name, [])
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

    def about(self, bound: BoundField, item: dict[str, Any]) -> SafeString:
        """Where one writes what a kept file is."""
        name, told = f"{bound.html_name}-about-{item['id']}", item.get("about", "")
        if bound.form.is_bound:
            told = bound.form.data.get(name, told)
        return format_html(
            '<span class="file__about"><label for="id_{}">{}<span class="visually-hidden"> ({})</span></label>'
            '<input class="line" type="text" name="{}" id="id_{}" maxlength="{}" value="{}"></span>',
            name,
            _("What is it?"),
            item["name"],
            name,
            name,
            LONGEST_ABOUT,
            told,
        )


def file_mark(words: str) -> SafeString:
    """What is to be known of a file at its name."""
    return format_html('<span class="file__mark">{}</span> ', words) if words else SafeString()


class Hidden(Question):
    """A value the page carries and nobody sees."""

    def render(self, form: forms.BaseForm, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The input alone."""
        bound = form[self.name]
        attrs = attributes(type="hidden", name=bound.html_name, id=bound.auto_id)
        return mark_safe(f'<input{attrs} value="{escape(value_of(bound))}">')  # noqa: S308 (escaped)


def conditional(form: Any, name: str) -> SafeString:
    """The attributes of a part of a page that is not always shown: whether it is now, and its rule for the browser."""
    rule = getattr(form, "rules", {}).get(name)
    hidden = name in getattr(form, "hidden_now", ())
    within = getattr(form, "prefix", None) if rule else None
    return attributes(hidden=hidden, data_show_when=json.dumps(rule) if rule else None, data_within=within)


class Parts(LayoutObject):
    """A question made of parts or rows: a fieldset around a form within the form."""

    def __init__(self, name: str, label: Any, hint: Any = "", *, needed: bool = True) -> None:
        self.name, self.label, self.hint, self.needed = name, label, hint, needed
        self.fields: list[Any] = []

    def render(self, form: Any, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The fieldset with everything in it."""
        auto_id, errors, hint = self.first_control(form), form.errors.get(self.name), str(self.hint)
        source = form.said_sources.get(self.name)
        asked = getattr(form, "asked_about", {}).get(self.name, "")
        described = " ".join(
            ([f"{auto_id}_asked"] if asked else [])
            + ([f"{auto_id}_helptext"] if hint else [])
            + ([f"{auto_id}_error"] if errors else [])
            + ([f"{auto_id}_source"] if source else [])
        )
        extra = attributes(id=auto_id, aria_describedby=described, tabindex="-1" if errors else None)
        css = "question question--parts question--error" if errors else "question question--parts"
        label = format_html("{}{}", str(self.label), "" if self.needed else optional_mark())
        legend = format_html('<legend class="question__label question__label--parts">{}</legend>', label)
        told = source_of(auto_id, source) if source else ""
        notes = [asked_about(auto_id, asked), *notes_of(auto_id, errors or (), hint)]
        parts = [legend, *notes, told, form.inner[self.name].render()]
        return mark_safe(f'<fieldset class="{css}"{extra}{conditional(form, self.name)}>{"".join(parts)}</fieldset>')  # noqa: S308

    def first_control(self, form: Any) -> str:
        """The fieldset's own id, which an error about the whole leads to."""
        return f"id_{form.add_prefix(self.name)}"


class Computed(LayoutObject):
    """A value that is computed from other answers. `how` is what the browser needs to compute it too, as JSON."""

    def __init__(self, name: str, label: Any, show: Any, how: Any, hint: Any = "") -> None:
        self.name, self.label, self.show, self.how, self.hint = name, label, show, how, hint
        self.fields: list[Any] = []

    def render(self, form: Any, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The label and the value as it is now."""
        name = form.add_prefix(self.name)
        html = format_html(
            '<span class="computed__label">{}</span> <output class="computed__value" id="id_{}">{}</output>',
            str(self.label),
            name,
            self.show(form.counting.get(self.name)) or "–",
        )
        notes = mark_safe("".join(notes_of(f"id_{name}", (), str(self.hint))))  # noqa: S308 (they are escaped where they are made)
        html = format_html("{}{}", html, notes)
        how = attributes(data_computed=json.dumps(self.how()), data_name=name)
        how += attributes(data_within=form.prefix if self.name not in form.rules else None)
        return mark_safe(f'<div class="computed"{how}{conditional(form, self.name)}>{html}</div>')  # noqa: S308


class Unsaid(LayoutObject):
    """A value that is kept and sent, and that the page does not speak of; the browser reckons with it all the same."""

    def __init__(self, name: str, how: Any) -> None:
        self.name, self.how = name, how
        self.fields: list[Any] = []

    def render(self, form: Any, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """Nothing that is seen."""
        how = attributes(
            data_computed=json.dumps(self.how()), data_name=form.add_prefix(self.name), data_within=form.prefix
        )
        return mark_safe(f"<span hidden{how}></span>")  # noqa: S308 (escaped in attributes)


class Prose(LayoutObject):
    """A part of a page that asks nothing: a heading, guidance or a warning."""

    def __init__(self, name: str, tag: str, title: Any, text: Any = "", css: str = "", role: str = "") -> None:
        self.name, self.tag, self.title, self.text, self.css, self.role = name, tag, title, text, css, role
        self.fields: list[Any] = []

    def render(self, form: forms.BaseForm, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The part as HTML, hidden when its condition does not hold."""
        head = f"<{self.tag}>{escape(self.title)}</{self.tag}>" if str(self.title) else ""
        extra = attributes(role=self.role) + conditional(form, self.name)
        return mark_safe(f'<div class="prose {self.css}"{extra}>{head}{prose(str(self.text))}</div>')  # noqa: S308


class Unfolding(LayoutObject):
    """More to read for those who want it."""

    def __init__(self, name: str, title: Any, text: Any) -> None:
        self.name, self.title, self.text = name, title, text
        self.fields: list[Any] = []

    def render(self, form: forms.Form, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """A details element."""
        inner = f"<summary>{escape(self.title)}</summary>{prose(str(self.text))}"
        return mark_safe(f'<details class="prose"{conditional(form, self.name)}>{inner}</details>')  # noqa: S308


def value_of(bound: BoundField) -> str:
    """What stands in a control: what was typed, or what is kept."""
    value = bound.value()
    return "" if value is None else str(value)


def size_words(size: int) -> str:
    """A file's size for a person."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1_000_000:.1f} MB".replace(".", ",")


class InLanguages(LayoutObject):
    """One text asked for in several languages: a fieldset with a line, or an area of `rows` lines, in each. The fields are called
    `<name>__<language>`.
    """

    def __init__(
        self, name: str, languages: Sequence[str], *, label: Any, hint: Any = "", rows: int = 1, needed: bool = True
    ) -> None:
        self.name, self.languages, self.label, self.hint = name, languages, label, hint
        self.rows, self.needed = rows, needed
        self.fields: list[Any] = []

    def render(self, form: forms.BaseForm, context: Any = None, template_pack: str = "", **kwargs: Any) -> SafeString:
        """The fieldset with everything in it."""
        auto_id, hint = f"id_{form.add_prefix(self.name)}", str(self.hint)
        label = format_html("{}{}", str(self.label), "" if self.needed else optional_mark())
        legend = format_html('<legend class="question__label">{}</legend>', label)
        extra = attributes(aria_describedby=f"{auto_id}_helptext" if hint else None)
        controls = [self._control(form, language) for language in self.languages]
        parts = [legend, *notes_of(auto_id, (), hint), '<div class="languages">', *controls, "</div>"]
        return mark_safe(f'<fieldset class="question question--languages"{extra}>{"".join(parts)}</fieldset>')  # noqa: S308

    def _control(self, form: forms.BaseForm, language: str) -> str:
        name = f"{self.name}__{language}"
        if self.rows > 1:
            return str(Area(name, rows=self.rows, lang=language).render(form))
        return str(Line(name, lang=language).render(form))


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


def lay_out_plainly(form: forms.BaseForm) -> None:
    """Let the crispy tag show a form with all its fields, inside the form element of its page."""
    form.helper = FormHelper()  # type: ignore[attr-defined]  # read by the crispy tag
    form.helper.form_tag = False  # type: ignore[attr-defined]
    form.helper.disable_csrf = True  # type: ignore[attr-defined]
    form.helper.layout = plain_layout(form)  # type: ignore[attr-defined]
