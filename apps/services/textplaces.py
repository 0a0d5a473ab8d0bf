"""On which line of a definition's text an element stands, so that what is wrong with it can be found in a long file."""

from __future__ import annotations

import re
from typing import Any

import yaml

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class Places:
    """The lines of a text of JSON or YAML. Of a text that neither can read, no line is known."""

    def __init__(self, text: str) -> None:
        self._root = _composed(text)

    def line(self, path: str) -> int:
        """The line, counted from 1, of the element at a path (`pages[0].fields[2].label`), or of the nearest around it; 0 for unknown."""
        node, line = self._root, 0
        if node is None:
            return 0
        for name, index in STEP.findall(path):
            inner = _within(node, name, index)
            if inner is None:
                break
            line, node = inner
        return line


def _composed(text: str) -> Any:
    # A text of JSON is one of YAML too, but for tabs, which only stand between its parts.
    try:
        return yaml.compose(
            text.replace("\t", " ").lstrip("\ufeff"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        )
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _within(node: Any, name: str, index: str) -> tuple[int, Any] | None:
    if index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
        item = node.value[int(index)]
        return item.start_mark.line + 1, item
    if name and isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if getattr(key, "value", None) == name:
                return key.start_mark.line + 1, value
    return None
