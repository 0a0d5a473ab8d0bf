"""Several at one draft: nobody overwrites what another (or oneself, in another window) has saved since the page was opened.

A page carries what stood at each of its questions when it was shown, as a short digest. When it comes back, only what its writer has
changed is stored; where somebody else has changed the same question meanwhile, nothing is, and the writer is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.services.fieldtypes import Field

LONGEST = 40_000  # characters of a page's marks


class Conflict(Exception):
    """Somebody else has changed the same questions meanwhile. `keys` names them; nothing was stored."""

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        super().__init__(", ".join(keys))


@dataclass(frozen=True)
class Merged:
    """What is to be stored of what was sent, and the questions that two have changed differently."""

    answers: dict[str, Any]
    conflicts: list[str]


def marks(fields: Iterable[Field], answers: Mapping[str, Any]) -> str:
    """What stands at each question now. Files are left out: they are only ever added and removed, each by itself."""
    return ",".join(f"{f.key}:{_digest(answers.get(f.key))}" for f in fields if f.asks and not f.carries_file)


def marks_again(
    fields: Iterable[Field], answers: Mapping[str, Any], *, seen: str, sent: Mapping[str, Any], told: Iterable[str] = ()
) -> str:
    """The marks of a page shown again with what was typed on it: what its writer knows to stand at each question.

    What somebody else has saved since `seen` they know only where they have been `told`, or have sent the same; else the older mark
    stays, so that what stands in the controls does not overwrite it at the next try.
    """
    known, now = _read(seen), _read(marks(fields, answers))
    aware = {key for key in now if key in told or key not in known or (key in sent and _digest(sent[key]) == now[key])}
    return ",".join(f"{key}:{mark if key in aware else known[key]}" for key, mark in now.items())


def merged(sent: Mapping[str, Any], stored: Mapping[str, Any], seen: str) -> Merged:
    """What to store of the answers sent with a page that carried these marks. Without marks, all of them."""
    known = _read(seen)
    answers, conflicts = {}, []
    for key, value in sent.items():
        now, before = _digest(stored.get(key)), known.get(key)
        if before is None or now == before or _digest(value) == now:
            answers[key] = value
        elif _digest(value) != before:
            conflicts.append(key)
    return Merged(answers, conflicts)


def _read(seen: str) -> dict[str, str]:
    """The marks by question."""
    return dict(one.split(":", 1) for one in seen[:LONGEST].split(",") if ":" in one)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
