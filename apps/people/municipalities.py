"""The municipalities of Finland on 1 January 2026: their official codes and their names in Finnish and Swedish."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

CLASSIFICATION = Path(__file__).with_name("municipalities.csv")


@dataclass(frozen=True)
class Municipality:
    """One municipality; where it has no Swedish name of its own, both names are the same."""

    code: str
    fi: str
    sv: str

    def name(self, language: str) -> str:
        """Its name in Swedish for Swedish readers, in Finnish for everyone else."""
        return self.sv if language == "sv" else self.fi


@cache
def all_municipalities() -> Mapping[str, Municipality]:
    """Every municipality by its code, in the order of the codes."""
    with CLASSIFICATION.open(encoding="utf-8", newline="") as rows:
        return MappingProxyType({row["code"]: Municipality(**row) for row in csv.DictReader(rows)})


def named(code: str) -> Municipality:
    """The municipality of a code; a code that no municipality has is a KeyError."""
    return all_municipalities()[code]
