"""What the converters share: keys, the texts every service must have, and an account of what was expressed and what was not."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from apps.services.definition import SCHEMA

Json = Any
Condition = Any  # a condition of a definition document; True: always, False: never


@dataclass(frozen=True)
class Gap:
    """Something of the source that the definition does not say: which sort of thing, where it stood, and why not."""

    what: str
    where: str
    why: str


@dataclass
class Account:
    """How much there was of each sort of thing, and how much of it is expressed."""

    there: Counter[str] = field(default_factory=Counter)
    expressed: Counter[str] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    decorations: list[str] = field(default_factory=list)  # what only decides how the source's own pages look
    administrative: list[str] = field(default_factory=list)  # what only the source's own system knows what to do with
    narrowed: list[str] = field(default_factory=list)  # what is expressed, but takes less than the source on purpose

    def has(self, what: str, count: int = 1) -> None:
        """Count things that are expressed."""
        self.there[what] += count
        self.expressed[what] += count

    def lacks(self, what: str, where: str, why: str) -> None:
        """Count a thing that is not, and say why."""
        self.there[what] += 1
        self.gaps.append(Gap(what, where, why))

    def shares(self) -> dict[str, tuple[int, int]]:
        """Of each sort of thing: expressed, and how many there were."""
        return {what: (self.expressed[what], count) for what, count in sorted(self.there.items())}

    def reasons(self, what: str) -> Counter[str]:
        """How many of a sort of thing are not expressed, by reason."""
        return Counter(gap.why for gap in self.gaps if gap.what == what)


@dataclass
class Converted:
    """A definition document and the account of how it came about."""

    document: dict[str, Json]
    account: Account


class Keys:
    """Keys for a definition, made of the source's names; no two alike."""

    LONGEST = 60

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def new(self, name: str) -> str:
        """A key for a name: `hasDependents` becomes `has_dependents`."""
        key = shortened(snake(name), self.LONGEST)
        numbered, n = key, 2
        while numbered in self.taken:
            numbered, n = f"{key[: self.LONGEST - 4]}_{n}", n + 1
        self.taken.add(numbered)
        return numbered


def snake(name: str) -> str:
    """Lower-case letters, digits and underscores, beginning with a letter."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    plain = re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"n{plain}"


def shortened(key: str, longest: int) -> str:
    """A key that is not too long; a cut one keeps a mark of the whole, so that two do not become one."""
    if len(key) <= longest:
        return key
    mark = hashlib.sha256(key.encode()).hexdigest()[:6]
    return f"{key[: longest - 7].rstrip('_')}_{mark}"


def service(key: str, name: dict[str, str], languages: list[str], pages: list[Json], **more: Json) -> dict[str, Json]:
    """A definition document. What a service here must say and the source does not, says that it is not said."""
    unsaid = {"sv": "Sägs inte i förlagan.", "fi": "Ei sanota lähteessä.", "en": "The source does not say."}
    texts = {text: {language: unsaid[language] for language in languages} for text in FRAME}
    return {
        "schema": SCHEMA,
        "key": key,
        "authority": "example-town",
        "kind": "notification",
        "languages": languages,
        "name": name,
        **texts,
        **more,
        "pages": pages,
    }


FRAME = ("summary", "for_whom", "legal_ground", "price", "handling_time", "at_hand")


def all_of(conditions: Iterable[Condition]) -> Condition:
    """All of several conditions, as simply as it can be said."""
    parts: list[Json] = []
    for condition in conditions:
        if condition is False:
            return False
        for part in condition["all"] if isinstance(condition, dict) and "all" in condition else [condition]:
            if part is not True and part not in parts:
                parts.append(part)
    return True if not parts else parts[0] if len(parts) == 1 else {"all": parts}


def any_of(conditions: Iterable[Condition]) -> Condition:
    """At least one of several conditions, as simply as it can be said."""
    parts: list[Json] = []
    for condition in conditions:
        if condition is True:
            return True
        for part in condition["any"] if isinstance(condition, dict) and "any" in condition else [condition]:
            if part is not False and part not in parts:
                parts.append(part)
    return False if not parts else parts[0] if len(parts) == 1 else {"any": parts}


def negated(condition: Condition) -> Condition:
    """The opposite of a condition."""
    if isinstance(condition, bool):
        return not condition
    return condition.get("not", {"not": condition})


def shown_when(condition: Condition) -> dict[str, Json]:
    """The element of a field or page that says it, if it needs to be said."""
    return {} if condition is True else {"show_when": condition}
