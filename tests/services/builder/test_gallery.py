"""Every kind of question can be chosen by what it asks, with a sentence and an example."""

from __future__ import annotations

import pytest
from django.utils import translation

from apps.services.builder.gallery import GROUPS, USUAL, example, gallery, kind_choices
from apps.services.fieldtypes import REGISTER
from apps.services.texts import LANGUAGES
from tests import markup
from tests.build import TODAY
from tests.services.browser import names_in

KINDS = sorted(REGISTER)


def test_every_kind_stands_in_the_gallery_once() -> None:
    shown = [kind.kind for group in gallery(TODAY) for kind in group.kinds]

    assert sorted(shown) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_what_it_is_for_and_among_which_it_stands(kind: str) -> None:
    assert REGISTER[kind].group in GROUPS
    assert str(REGISTER[kind].asks_for).endswith((".", "?"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_kind_has_an_example_as_the_customer_sees_it(kind: str, language: str) -> None:
    with translation.override(language):
        page = markup.read(example(REGISTER[kind], TODAY))

    assert page.text.strip()
    assert markup.flaws(page) == []
    assert bool(page.controls()) is REGISTER[kind].asks


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_says_it_in_each_language(kind: str) -> None:
    for texts in _texts(REGISTER[kind].example):
        assert set(texts) == set(LANGUAGES)


def test_the_examples_of_one_page_have_names_of_their_own() -> None:
    names = [names_in(kind.example) for group in gallery(TODAY) for kind in group.kinds]

    assert len({name for found in names for name in found}) == sum(map(len, names))


def test_a_kind_without_an_example_shows_its_name() -> None:
    plain = type("Plain", (REGISTER["text"],), {"example": {}})

    assert str(REGISTER["text"].kind_label) in markup.read(example(plain, TODAY)).text


def test_only_what_can_stand_in_a_row_is_offered_for_one() -> None:
    shown = {kind.kind for group in gallery(TODAY, in_a_row=True) for kind in group.kinds}

    assert shown == {kind for kind in KINDS if REGISTER[kind].repeats}


def test_the_list_of_kinds_begins_with_the_usual_ones() -> None:
    (_usual, first), *_others = kind_choices()

    assert [kind for kind, _label in first] == list(USUAL)


def _texts(value: object) -> list[dict[str, str]]:
    if isinstance(value, dict):
        if set(value) & set(LANGUAGES):
            return [value]
        return [one for inner in value.values() for one in _texts(inner)]
    return [one for inner in value for one in _texts(inner)] if isinstance(value, list) else []
