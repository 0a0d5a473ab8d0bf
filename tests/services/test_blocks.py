"""Ready blocks: every one can be put into any form, in its languages, and twice."""

from __future__ import annotations

import pytest

from apps.services import editing
from apps.services.blocks import BLOCKS, all_items, ready_fields
from apps.services.definition import judge
from apps.services.texts import LANGUAGES
from tests import build

ITEMS = list(all_items())


def test_every_item_has_a_name_of_its_own() -> None:
    assert len(ITEMS) == sum(len(block.items) for block in BLOCKS)


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_fits_into_a_form_twice(item: str) -> None:
    document = build.document()
    for _time in range(2):
        document = editing.add_fields("first", ready_fields(document, [item], LANGUAGES)).apply(document)

    _definition, problems = judge(document)

    assert problems == []


def test_what_looks_within_a_block_follows_its_new_keys() -> None:
    document = build.document(build.page("first", build.field("yes_no", "payer_is_applicant")))

    asked, payer, _invoicing = ready_fields(document, ["payer"], ["sv"])

    assert asked["key"] == "payer_is_applicant_2"
    assert payer["show_when"]["field"] == "payer_is_applicant_2"


def test_texts_come_in_the_languages_of_the_service() -> None:
    (applicant,) = ready_fields(build.document(), ["applicant"], ["sv", "fi"])

    assert set(applicant["label"]) == {"sv", "fi"}


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_says_everything_in_every_language(item: str) -> None:
    for field in ready_fields(build.document(), [item], LANGUAGES):
        assert all(set(field[name]) == set(LANGUAGES) for name in ("label", "hint") if name in field)
