"""The lines of the outline as HTML. They write it themselves: a template for each of hundreds of questions would take most of a second."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.services.builder.outline import Line


class Lines:
    """How lines are written: the words once, and what the addresses begin with. `movable`: whether there is another page to move to."""

    def __init__(self, base: str, *, movable: bool) -> None:
        self.base, self.movable = base, movable
        self.up, self.down, self.more = _("Move up"), _("Move down"), pgettext("more actions", "More")
        self.change, self.copy = _("Change the question"), _("Copy the question")
        self.move, self.remove = _("Move to another page"), _("Remove the question")
        self.when, self.other_when = _("Show it only when …"), _("Change when it is shown")

    def html(self, lines: Iterable[Line]) -> SafeString:
        """The lines, as items of a list."""
        return mark_safe("".join(map(self.line, lines)))  # noqa: S308 (all that is not ours is escaped)

    def line(self, line: Line) -> str:
        """One question with its buttons."""
        path, name = escape(line.path), escape(line.name)
        tags = "".join(f' <span class="tag">{escape(tag)}</span>' for tag in line.tags)
        wrong = " outline__line--wrong" if line.problems else ""
        return (
            f'<li class="outline__line{wrong}" id="q-{path}" tabindex="-1"><div class="outline__what">'
            f'<a class="outline__name" href="{self.base}fields/{path}/">{name}</a>'
            f' <span class="soft">{escape(line.kind)}</span>{tags}{self.notes(line)}{self.inner(line)}</div>'
            f'<div class="outline__acts">{self.steps("field", "q", path, name, line.first, line.last)}'
            f"{self.menu(line, path, name)}</div></li>"
        )

    def notes(self, line: Line) -> str:
        """When it is shown, and what is wrong."""
        when = "".join(f'<p class="outline__when">{escape(said)}</p>' for said in line.conditions)
        return when + "".join(f'<p class="question__error">{escape(said)}</p>' for said in line.problems)

    def inner(self, line: Line) -> str:
        """The questions of a group."""
        items = "".join(
            f'<li><a href="{self.base}fields/{escape(one.path)}/">{escape(one.name)}</a>'
            f' <span class="soft">{escape(one.kind)}</span>{self.notes(one)}</li>'
            for one in line.inner
        )
        return f'<ul class="outline__inner">{items}</ul>' if items else ""

    def steps(self, what: str, mark: str, path: str, name: str, first: bool, last: bool) -> str:
        """The buttons that move it a step."""
        return "".join(
            f'<button class="outline__step" name="act" value="{act}:{what}:{path}" id="{act}-{mark}-{path}"'
            f'{" disabled" if off else ""}><span aria-hidden="true">{sign}</span>'
            f'<span class="visually-hidden">{words}: {name}</span></button>'
            for act, sign, words, off in (("up", "↑", self.up, first), ("down", "↓", self.down, last))
        )

    def menu(self, line: Line, path: str, name: str) -> str:
        """What else can be done with it. The first of all has nothing before it that a condition could look at."""
        hidden = f'<span class="visually-hidden">: {name}</span>'
        address = f"{self.base}fields/{path}/"
        said = self.other_when if line.conditions else self.when
        when = "" if line.first else f'<a href="{self.base}conditions/field/{path}/show_when/">{said}{hidden}</a>'
        move = f'<a href="{address}move/">{self.move}{hidden}</a>' if self.movable and "." not in path else ""
        return (
            f'<details class="outline__more"><summary>{self.more}{hidden}</summary><div class="outline__menu">'
            f'<a href="{address}">{self.change}{hidden}</a>{when}'
            f'<button name="act" value="copy:field:{path}">{self.copy}{hidden}</button>'
            f'{move}<a href="{address}remove/">{self.remove}{hidden}</a></div></details>'
        )
