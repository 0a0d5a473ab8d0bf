"""A definition written as YAML, turned into the JSON document that is stored.

Only what JSON has is read: texts, numbers, true, false, null, lists and objects. A date stays a text, `091` keeps its zero and `no` is
the Norwegian language's code, not false.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

from apps.services.reading import Json, Problem, Unreadable

try:
    from yaml import CBaseLoader as _Loader
except ImportError:  # the same parser in Python, where the fast one is not built
    from yaml import BaseLoader as _Loader  # type: ignore[assignment]

DEEPEST = 60
LARGEST = 2_000_000  # characters and parts, those behind an alias counted each time it is used
_WORDS: dict[str, Json] = {"": None, "~": None, "null": None, "true": True, "false": False}
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?")


def looks_like_json(text: str) -> bool:
    """Whether a text is meant as JSON, so that a slip in it is told in JSON's words. An empty one counts as such."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "")


def to_json(text: str) -> str:
    """The JSON text of a YAML document, the same for every way of writing the same. Raises Unreadable."""
    if len(text) > LARGEST:
        raise Unreadable([Problem("", _("the file is too large for a definition."))])
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        raise Unreadable([_not_yaml(mark, e.problem or e.context or "")]) from None
    except (yaml.YAMLError, ValueError) as e:
        raise Unreadable([_not_yaml(None, str(e).splitlines()[0])]) from None
    if builder.problems:
        raise Unreadable(builder.problems)
    try:
        return json.dumps(builder.document, ensure_ascii=False, indent=2) + "\n"
    except RecursionError:  # aliases within aliases
        raise Unreadable([Problem("", _("the file is too deep for a definition."))]) from None


def _not_yaml(mark: Any, why: str) -> Problem:
    return Problem(_where(mark), _("this is not YAML: %(why)s.") % {"why": why})


def _where(mark: Any) -> str:
    if mark is None:
        return ""
    return _("line %(line)d, column %(column)d") % {"line": mark.line + 1, "column": mark.column + 1}


@dataclass
class _Open:
    """A list or an object that is being read. Of an object, `key` is the name whose value comes next."""

    value: Any
    anchor: str | None
    begun_at: int
    key: str | None = None


@dataclass
class _Builder:
    """Makes the document of the parser's events. It does not call itself, so no depth of the text can overflow it."""

    document: Json = None
    problems: list[Problem] = field(default_factory=list)
    parts: int = 0
    documents: int = 0
    open: list[_Open] = field(default_factory=list)
    anchored: dict[str, tuple[Json, int]] = field(default_factory=dict)

    def take(self, event: Any) -> None:
        """The next event."""
        self.parts += 1 + len(getattr(event, "value", ""))
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._stop(event, _("there must be one document in the file."))
        elif isinstance(event, yaml.AliasEvent):
            self._repeat(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.open.pop()
            self._keep(done.anchor, done.value, self.parts - done.begun_at)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._check_tag(event)
        if self._name_is_next():
            self._name(event)
            return
        plain = event.style in (None, "")
        value = _bare(event.value) if plain else event.value
        self._put(event, value)
        self._keep(event.anchor, value, 1 + len(event.value))

    def _begin(self, event: Any, value: Any) -> None:
        self._check_tag(event)
        if self._name_is_next():
            self._stop(event, _("the name of an element must be a text."))
        if len(self.open) >= DEEPEST:
            self._stop(event, _("the file is too deep for a definition."))
        self._put(event, value)
        self.open.append(_Open(value, event.anchor, self.parts))

    def _repeat(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        if name not in self.anchored or self._name_is_next():
            self._stop(event, _("the alias %(name)s stands for nothing before it.") % {"name": name})
        value, parts = self.anchored[name]
        self.parts += parts
        self._put(event, value)

    def _name_is_next(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and self.open[-1].key is None

    def _name(self, event: yaml.ScalarEvent) -> None:
        around = self.open[-1]
        if event.value in around.value:
            self.problems.append(Problem(_where(event.start_mark), _twice(event.value)))
        around.key = event.value

    def _put(self, event: Any, value: Json) -> None:
        if self.parts > LARGEST:
            self._stop(event, _("the file is too large for a definition."))
        if not self.open:
            self.document = value
            return
        around = self.open[-1]
        if isinstance(around.value, list):
            around.value.append(value)
        else:
            around.value[around.key], around.key = value, None

    def _keep(self, anchor: str | None, value: Json, parts: int) -> None:
        if anchor:
            self.anchored[anchor] = value, parts

    def _check_tag(self, event: Any) -> None:
        if event.tag not in (None, "!"):
            self._stop(event, _("types cannot be named here (%(tag)s).") % {"tag": event.tag})

    def _stop(self, event: Any, why: str) -> None:
        raise Unreadable([*self.problems, Problem(_where(event.start_mark), why)])


def _twice(name: str) -> str:
    return _("“%(name)s” stands twice in the same object.") % {"name": name}


def _bare(text: str) -> Json:
    """What an unquoted word means in JSON; any other is a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
