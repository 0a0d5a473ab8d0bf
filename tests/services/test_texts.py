"""Texts in several languages; dates and times as people write and read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.services.texts import (
    LANGUAGES,
    NO_TEXT,
    Texts,
    date_words,
    has_control_characters,
    moment_words,
    read_date,
    read_time,
    time_words,
)

modest = settings(max_examples=100, deadline=None, derandomize=True, database=None)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)


def test_text_is_said_in_the_language_of_the_page() -> None:
    texts = Texts({"sv": "hej", "fi": "hei", "en": "hello"})

    with translation.override("fi"):
        assert texts.said() == str(texts) == "hei"
    assert texts.said("en") == "hello"


def test_text_not_written_in_a_language_is_said_in_the_first_one() -> None:
    assert Texts({"sv": "hej"}).said("fi") == "hej"
    assert NO_TEXT.said("fi") == ""


def test_text_knows_which_languages_it_lacks() -> None:
    assert Texts({"sv": "hej", "fi": "  "}).lacks(LANGUAGES) == ["fi", "en"]


def test_texts_are_equal_by_what_they_say_and_can_be_keys() -> None:
    one, same, other = Texts({"sv": "a", "fi": "b"}), Texts({"fi": "b", "sv": "a"}), Texts({"sv": "a"})

    assert len({one, same, other}) == 2
    assert one != "a"
    assert (bool(one), bool(NO_TEXT)) == (True, False)


def test_texts_do_not_follow_the_mapping_they_were_made_of() -> None:
    written = {"sv": "hej"}
    texts = Texts(written)

    written["sv"] = "changed"
    texts.as_json()["sv"] = "changed"

    assert texts.said("sv") == "hej"


@pytest.mark.parametrize(("language", "words"), [("sv", "kl. 9.05"), ("fi", "klo 9.05"), ("en", "09:05")])
def test_time_is_written_as_the_language_does(language: str, words: str) -> None:
    assert time_words(time(9, 5), language) == words


@pytest.mark.parametrize(
    ("language", "words"), [("sv", "1.7.2027 kl. 0.30"), ("fi", "1.7.2027 klo 0.30"), ("en", "1.7.2027, 00:30")]
)
def test_moment_is_written_as_it_is_in_helsinki(language: str, words: str) -> None:
    assert moment_words(datetime(2027, 6, 30, 21, 30, tzinfo=UTC), language) == words


def test_moment_follows_winter_time() -> None:
    assert moment_words(datetime(2027, 10, 31, 0, 30, tzinfo=UTC), "en") == "31.10.2027, 03:30"
    assert moment_words(datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "en") == "31.10.2027, 03:30"


@pytest.mark.parametrize(
    "text", ["", "5.6", "5.6.27", "29.2.2027", "0.1.2027", "1.13.2027", "٥.٦.٢٠٢٧", "5 . 6 . 2027"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize("text", ["", "25", "9.5", "9:60", "24.00", "-1", "٩.٠٠", "kl.", "14.30.00"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_time(text) is None


@modest
@given(st.dates(min_value=date(1000, 1, 1)))
def test_written_date_is_read_back_in_each_way(day: date) -> None:
    assert read_date(date_words(day)) == day
    assert read_date(day.isoformat()) == day
    assert read_date(f"{day:%d/%m/}{day.year}") == day


@modest
@given(st.times(), st.sampled_from(LANGUAGES))
def test_written_time_is_read_back_to_the_minute(moment: time, language: str) -> None:
    assert read_time(time_words(moment, language)) == moment.replace(second=0, microsecond=0)


@modest
@given(ANY_TEXT)
def test_reading_never_raises(text: str) -> None:
    assert read_date(text) is None or isinstance(read_date(text), date)
    assert read_time(text) is None or isinstance(read_time(text), time)


@modest
@given(ANY_TEXT)
def test_text_without_control_characters_can_be_stored(text: str) -> None:
    if not has_control_characters(text):
        assert "\x00" not in text
        assert text.encode("utf-8").decode("utf-8") == text
