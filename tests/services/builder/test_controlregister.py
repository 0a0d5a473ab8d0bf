"""Every setting of every kind has a control or a page of its own, and words."""

from __future__ import annotations

import pytest

from apps.services.builder.controlregister import control_of, is_elsewhere, without_control
from apps.services.builder.controls import WordControl
from apps.services.builder.settingwords import CHOICES, SETTINGS
from apps.services.fieldtypes import REGISTER
from apps.services.fieldtypes.counted import UNITS, WHEN_LATE

KINDS = sorted(REGISTER)
READS = {(kind, name): one.metadata["read"] for kind, cls in REGISTER.items() for name, one in cls.settings().items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_of_a_kind_can_be_changed_somewhere(kind: str) -> None:
    assert without_control(REGISTER[kind]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_of_a_kind_has_words(kind: str) -> None:
    own = {name for name in REGISTER[kind].settings() if not is_elsewhere(READS[kind, name])}

    assert own <= set(SETTINGS)


def test_every_word_that_a_setting_can_be_has_words() -> None:
    words = {name: set(read.schema["enum"]) for (_kind, name), read in READS.items() if control_of(read) is WordControl}

    assert words
    for name, known in words.items():
        assert known == set(CHOICES[name]), name
    assert set(UNITS) == set(CHOICES["unit"])
    assert set(WHEN_LATE) == set(CHOICES["late"])
