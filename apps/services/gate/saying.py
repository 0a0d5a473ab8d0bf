"""Checks of what a definition says: that every text is there, can be told from the others, and is easy to read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.services.changes import SERVICE_WORDS, SETTING_WORDS
from apps.services.completeness import REQUIRED_TEXTS, asks_nothing, texts_of
from apps.services.gate.finding import STOP, WARN, Asked, Finding, Looked, element_place, short
from apps.services.texts import Texts, language_name
from apps.services.wording import quoted

MOST_HARD = 10  # hints of reading ease; more would only be skipped
LONGEST_SENTENCE = 25  # words
LONGEST_LABEL = 80  # characters
LONGEST_WORD = {"sv": 28, "fi": 32, "en": 22}
HARDEST = {"sv": 58, "fi": 78, "en": 58}  # LIX from which a text is hard; words are longer in Finnish
LONG = 6  # letters: a word with more is a long one for LIX
LEAST_WORDS = 40  # of a text that LIX says something about
SENTENCE = re.compile(r"[.!?](?=\s)|\n+")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
ADDRESS = re.compile(r"https?://\S+")


# --- what must be there --------------------------------------------------------------------------------------------------


def document_is_right(looked: Looked) -> Iterator[Finding]:
    """What cannot be read, and what does not fit together. A text that is only not written yet is told of elsewhere."""
    for problem in looked.problems:
        if problem.path not in REQUIRED_TEXTS:
            words = problem.reason[:1].upper() + problem.reason[1:]
            yield Finding("document", STOP, words, looked.place(problem.path), problem.path)


def texts_are_written(looked: Looked) -> Iterator[Finding]:
    """Every text in every language that the service promises."""
    wrong = {problem.path for problem in looked.problems} - set(REQUIRED_TEXTS)
    words = _("%(what)s is missing in %(language)s.")
    for path, text in texts_of(looked.definition):
        for language in text.lacks(looked.languages):
            if not {path, f"{path}.{language}"} & wrong:
                said = words % {"what": text_name(path), "language": language_name(language)}
                said = said[:1].upper() + said[1:]
                yield Finding("texts", STOP, said, looked.place(path), f"{path}.{language}", language)


def something_is_asked(looked: Looked) -> Iterator[Finding]:
    """That there is something to answer."""
    if asks_nothing(looked.definition):
        yield Finding("asks_nothing", STOP, _("The form asks nothing."), element_place("pages"), "pages")


def text_name(path: str) -> str:
    """What a text is called among people, by its path in the document."""
    last = re.sub(r"\[\d+\]", "", path).rpartition(".")[2]
    if "." not in path and "[" not in path:
        return str(SERVICE_WORDS.get(path, path))
    if ".options[" in path or ".values[" in path:
        return _("the text of an option")
    return str(SETTING_WORDS.get(last, {"ground": _("ground"), "why": _("reason")}.get(last, last)))


# --- what cannot be told apart -------------------------------------------------------------------------------------------


def options_differ(looked: Looked) -> Iterator[Finding]:
    """That nobody has to choose between two options that read the same. Told once, in the first language where it is so."""
    words = _("Two options say %(text)s (%(language)s).")
    for asked in looked.fields:
        labels = [option.label for option in getattr(asked.field, "options", ())]
        language, text = _first_twice(labels, looked.languages)
        if text:
            said = words % {"text": quoted(text), "language": language_name(language)}
            yield Finding("options", STOP, said, asked.place, f"{asked.path}.options", language)


def questions_differ(looked: Looked) -> Iterator[Finding]:
    """That two questions that stand together do not read the same."""
    words = _("Two questions on the page say %(text)s (%(language)s).")
    for siblings in _siblings(looked):
        language, text = _first_twice([asked.field.label for asked in siblings], looked.languages)
        if text:
            said = words % {"text": quoted(text), "language": language_name(language)}
            last = [one for one in siblings if _plain(one.field.label.said(language)) == _plain(text)][-1]
            yield Finding("questions_alike", WARN, said, last.place, last.path, language)


def _first_twice(labels: Sequence[Texts], languages: Iterable[str]) -> tuple[str, str]:
    """The first language in which two of the texts read the same, and what they say; both '' when there is none."""
    for language in languages:
        seen: set[str] = set()
        for text in (label.said(language) for label in labels):
            if _plain(text) in seen:
                return language, text
            seen.update(filter(None, [_plain(text)]))
    return "", ""


def _siblings(looked: Looked) -> list[list[Asked]]:
    """The questions that stand together: on a page, or in a row of a group."""
    found: dict[tuple[str, str], list[Asked]] = {}
    for asked in looked.fields:
        if asked.field.asks:
            found.setdefault((asked.page.key, asked.group.key if asked.group else ""), []).append(asked)
    return list(found.values())


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


# --- how easy it reads ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hard:
    """A text that could be easier: how much too much it is (1 is just too much), what of it, and where."""

    excess: float
    words: str
    path: str
    language: str


def texts_read_easily(looked: Looked) -> Iterator[Finding]:
    """The few texts that are hardest to read."""
    found = [hard for path, text in texts_of(looked.definition) for hard in _hard_in(path, text)]
    found += [hard for asked in looked.fields for hard in _long_label(asked)]
    worst: dict[tuple[str, str], Hard] = {}
    for hard in sorted(found, key=lambda one: -one.excess):
        if hard.language in looked.languages:
            worst.setdefault((hard.path, hard.language), hard)
    for hard in list(worst.values())[:MOST_HARD]:
        yield Finding("reading", WARN, hard.words, looked.place(hard.path), hard.path, hard.language)


def _hard_in(path: str, text: Texts) -> Iterator[Hard]:
    for language, written in text.as_json().items():
        plain = ADDRESS.sub("", written)
        called = {"what": text_name(path), "language": language_name(language)}
        for excess, words in (*_long_sentence(plain), *_long_word(plain, language), *_lix(plain, language)):
            yield Hard(
                excess,
                f"{called['what'][:1].upper()}{called['what'][1:]} ({called['language']}): {words}",
                path,
                language,
            )


def _long_sentence(text: str) -> Iterator[tuple[float, str]]:
    longest = max(SENTENCE.split(text), key=lambda sentence: len(WORD.findall(sentence)), default="")
    count = len(WORD.findall(longest))
    if count > LONGEST_SENTENCE:
        begins = quoted(" ".join(longest.split()[:5]) + " …")
        said = ngettext(
            "the sentence %(begins)s has %(count)d word. Divide it.",
            "the sentence %(begins)s has %(count)d words. Divide it.",
            count,
        )
        yield count / LONGEST_SENTENCE, said % {"begins": begins, "count": count}


def _long_word(text: str, language: str) -> Iterator[tuple[float, str]]:
    longest = max((part for word in WORD.findall(text) for part in word.split("-")), key=len, default="")
    most = LONGEST_WORD.get(language, max(LONGEST_WORD.values()))
    if len(longest) > most:
        yield len(longest) / most, _("the word %(word)s is long. Is there a shorter one?") % {"word": quoted(longest)}


def _lix(text: str, language: str) -> Iterator[tuple[float, str]]:
    value, hardest = lix(text), HARDEST.get(language, max(HARDEST.values()))
    if value > hardest:
        said = _("it is hard to read (LIX %(value)d). Shorter sentences and plainer words help.")
        yield value / hardest, said % {"value": round(value)}


def lix(text: str) -> float:
    """How hard a text is to read: words in a sentence and long words in a hundred, added; 0 of a text too short to say."""
    words = WORD.findall(text)
    if len(words) < LEAST_WORDS:
        return 0.0
    sentences = sum(1 for sentence in SENTENCE.split(text) if WORD.search(sentence))
    return len(words) / max(1, sentences) + 100 * sum(len(word) > LONG for word in words) / len(words)


def _long_label(asked: Asked) -> Iterator[Hard]:
    if not asked.field.asks or asked.field.kind == "consent":  # what one consents to is said whole
        return
    said = ngettext(
        "the label of %(question)s has %(count)d character. Move a part of it to the hint.",
        "the label of %(question)s has %(count)d characters. Move a part of it to the hint.",
        LONGEST_LABEL,
    )
    for language, label in asked.field.label.as_json().items():
        if len(label) > LONGEST_LABEL:
            words = said % {"question": quoted(short(label)), "count": len(label)}
            words = f"{words[:1].upper()}{words[1:]} ({language_name(language)})"
            yield Hard(len(label) / LONGEST_LABEL, words, f"{asked.path}.label", language)


CHECKS = (
    ("document", document_is_right),
    ("texts", texts_are_written),
    ("asks_nothing", something_is_asked),
    ("options", options_differ),
    ("questions_alike", questions_differ),
    ("reading", texts_read_easily),
)
