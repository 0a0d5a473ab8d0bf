"""Which control a setting has: found by the function that reads the setting from a document."""

from __future__ import annotations

from typing import Any

from apps.services.builder.controls import (
    Control,
    ErrorsControl,
    FlagControl,
    LeadTimeControl,
    PatternControl,
    TextsControl,
    TypesControl,
    WholeControl,
    WordControl,
)
from apps.services.builder.namingcontrols import EarlierControl, SourcesControl, TwoDaysControl
from apps.services.builder.optioncontrols import OptionsControl, ValuesControl
from apps.services.conditions import condition
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.attached import read_types
from apps.services.fieldtypes.base import read_errors
from apps.services.fieldtypes.calculated import read_sources
from apps.services.fieldtypes.chosen import read_options
from apps.services.fieldtypes.composed import read_rows
from apps.services.fieldtypes.counted import read_lead_time, read_two_days
from apps.services.fieldtypes.derived import read_values
from apps.services.fieldtypes.written import read_pattern
from apps.services.reading import Reading, anything, flag, read_key, texts

# The control of each reading function; those made by `whole(…)` and `word(…)` are known by what they read.
BY_READ: list[tuple[Any, type[Control]]] = [
    (texts, TextsControl),
    (flag, FlagControl),
    (read_errors, ErrorsControl),
    (read_options, OptionsControl),
    (read_values, ValuesControl),
    (read_lead_time, LeadTimeControl),
    (read_types, TypesControl),
    (read_pattern, PatternControl),
    (read_key, EarlierControl),
    (read_two_days, TwoDaysControl),
    (read_sources, SourcesControl),
]
# Settings that are changed elsewhere: conditions on a page of their own, the questions of a group in the outline,
# the first answer with the kind's own control.
ELSEWHERE: tuple[Any, ...] = (condition, read_rows, anything)


def control_of(read: Any) -> type[Control] | None:
    """The control for a reading function; None when there is none, and the setting stays as it is."""
    found = next((cls for one, cls in BY_READ if one is read), None)
    if found is not None or not isinstance(read, Reading) or not isinstance(read.schema, dict):
        return found
    if read.schema.get("type") == "integer":
        return WholeControl
    return WordControl if "enum" in read.schema else None


def is_elsewhere(read: Any) -> bool:
    """Whether a setting is changed in another place than the form of the field."""
    return any(read is one for one in ELSEWHERE)


def without_control(cls: type[Field]) -> list[str]:
    """The settings of a kind that no control is for and that are not changed elsewhere: there should be none."""
    reads = {name: f.metadata["read"] for name, f in cls.settings().items()}
    return [name for name, read in reads.items() if control_of(read) is None and not is_elsewhere(read)]
