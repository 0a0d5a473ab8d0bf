"""A text in several languages, and how dates and times are written in each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, get_language_info

HELSINKI = ZoneInfo("Europe/Helsinki")
LANGUAGES = ("sv", "fi", "en")


class Texts:
    """One text in the languages it has been written in. Immutable; false when it has none."""

    __slots__ = ("_by_language",)

    def __init__(self, by_language: Mapping[str, str]) -> None:
        self._by_language = dict(by_language)

    def __bool__(self) -> bool:
        return bool(self._by_language)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Texts) and self._by_language == other._by_language

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._by_language.items())))

    def __repr__(self) -> str:
        return f"Texts({self._by_language!r})"

    def __str__(self) -> str:
        return self.said()

    def said(self, language: str | None = None) -> str:
        """The text in a language, by default that of the page; '' where there is no text at all.

        Publishing refuses a version that lacks a text in a language the service promises, so the fallback to the
        first language written is only met in previews of unfinished versions.
        """
        wanted = language or get_language() or LANGUAGES[0]
        if wanted in self._by_language:
            return self._by_language[wanted]
        return next(iter(self._by_language.values()), "")

    def lacks(self, languages: Iterable[str]) -> list[str]:
        """Which of the languages the text is not written in."""
        return [language for language in languages if not self._by_language.get(language, "").strip()]

    def as_json(self) -> dict[str, str]:
        """The form it has in a definition document."""
        return dict(self._by_language)


NO_TEXT = Texts({})


def date_words(value: date) -> str:
    """A date as people in Finland write it in all three languages: 5.6.2027."""
    return f"{value.day}.{value.month}.{value.year}"


def time_words(value: time, language: str) -> str:
    """A time of day: kl. 14.30, klo 14.30, 14:30."""
    if language == "en":
        return f"{value:%H:%M}"
    return f"{'klo' if language == 'fi' else 'kl.'} {value.hour}.{value:%M}"


def moment_words(value: datetime, language: str) -> str:
    """A moment in Helsinki: 5.6.2027 kl. 14.30."""
    there = value.astimezone(HELSINKI)
    return f"{date_words(there.date())}{', ' if language == 'en' else ' '}{time_words(there.time(), language)}"


def exact_moment_words(value: datetime, language: str) -> str:
    """A moment in Helsinki to the second, as a receipt must say it: 5.6.2027 kl. 14.30.05."""
    return f"{moment_words(value, language)}{':' if language == 'en' else '.'}{value.astimezone(HELSINKI):%S}"


_DATE = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})|(\d{4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r"(\d{1,2})(?:[.:](\d{2}))?")


def read_date(text: str) -> date | None:
    """A date as people write it (5.6.2027, 05.06.2027, 2027-06-05); None when it is no date.

    Reads ASCII digits only, so that what is kept is what was meant.
    """
    m = _DATE.fullmatch(text.strip()) if text.isascii() else None
    if not m:
        return None
    d, mo, y = (m[1], m[2], m[3]) if m[1] else (m[6], m[5], m[4])
    try:
        return date(int(y), int(mo), int(d))
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """A time as people write it (14.30, 14:30, kl. 9, klo 9.05); None when it is none."""
    bare = text.strip().lower().removeprefix("klo").removeprefix("kl.").removeprefix("kl").strip()
    m = _TIME.fullmatch(bare) if bare.isascii() else None
    if not m:
        return None
    try:
        return time(int(m[1]), int(m[2] or 0))
    except ValueError:
        return None


def has_control_characters(text: str) -> bool:
    """Whether it has characters that no keyboard has, no receiver can show and no database keeps."""
    return any((ord(c) < 32 and c not in "\n\t\r") or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in text)


def language_name(code: str) -> str:
    """What a language is called in the language of the page; its code, for one that is not known."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
