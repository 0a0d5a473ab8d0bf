"""Every text is said in Swedish and Finnish, with what is filled into it, and the compiled files say the same."""

from __future__ import annotations

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("sv", "fi")
WITH_TEXTS = ("apps", "config", "templates", "static", "locale", "scripts", "manage.py")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[dsr]|\{\w+\}")
STRING = re.compile(r'(msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\])? ?(".*")')


@dataclass
class Entry:
    """A text of a translation file with its translations: one, or one for each number."""

    flags: str = ""
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As a compiled file names it: with its context."""
        context = self.parts.get("msgctxt")
        return f"{context}\x04{self.parts['msgid']}" if context is not None else self.parts["msgid"]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is said in the code and what is said in the language."""
        if "msgid_plural" not in self.parts:
            return [(self.parts["msgid"], self.parts["msgstr"])]
        return [
            (self.parts["msgid"], self.parts["msgstr[0]"]),
            (self.parts["msgid_plural"], self.parts["msgstr[1]"]),
        ]

    @property
    def compiled(self) -> dict[object, str]:
        """What a compiled file has of it."""
        if "msgid_plural" not in self.parts:
            return {self.name: self.parts["msgstr"]}
        return {(self.name, number): text for number, (_said, text) in enumerate(self.pairs)}


def entries(root: Path, language: str) -> list[Entry]:
    """Every text of a language, without the head of the file."""
    found, now = [Entry()], ""
    for line in (root / f"locale/{language}/LC_MESSAGES/django.po").read_text("utf-8").splitlines():
        if line.startswith("#,"):
            found[-1].flags += line
        elif match := STRING.fullmatch(line):
            now = match[1] or now
            found[-1].parts[now] = found[-1].parts.get(now, "") + ast.literal_eval(match[2])
        elif not line:
            found.append(Entry())
    return [entry for entry in found if entry.parts.get("msgid")]


def placeholders(text: str) -> set[str]:
    """What is filled into a text when it is shown."""
    return set(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    unfinished = [
        entry.name
        for entry in entries(ROOT, language)
        if "fuzzy" in entry.flags or not all(text.strip() for _said, text in entry.pairs)
    ]

    assert unfinished == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_kept_that_is_no_longer_said(language: str) -> None:
    text = (ROOT / f"locale/{language}/LC_MESSAGES/django.po").read_text("utf-8")

    assert re.findall(r"^#~.*", text, re.MULTILINE) == []


def test_languages_have_the_same_texts() -> None:
    swedish, finnish = ({entry.name for entry in entries(ROOT, language)} for language in LANGUAGES)

    assert swedish == finnish


@pytest.mark.parametrize("language", LANGUAGES)
def test_translation_has_the_same_placeholders(language: str) -> None:
    pairs = [pair for entry in entries(ROOT, language) for pair in entry.pairs]

    assert [(said, text) for said, text in pairs if placeholders(said) != placeholders(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_file_says_what_the_source_says(language: str) -> None:
    with (ROOT / f"locale/{language}/LC_MESSAGES/django.mo").open("rb") as file:
        compiled = dict(vars(gettext.GNUTranslations(file))["_catalog"])
    compiled.pop("", None)

    assert compiled == {key: text for entry in entries(ROOT, language) for key, text in entry.compiled.items()}


@pytest.mark.parametrize(("language", "name"), [("sv", "Tillstånd och tillsyn"), ("fi", "Luvat ja valvonta")])
def test_national_service_has_its_name_of_the_language(language: str, name: str) -> None:
    pairs = [pair for entry in entries(ROOT, language) for pair in entry.pairs if "Tillstånd och tillsyn" in pair[0]]

    assert pairs
    assert [text for _said, text in pairs if name not in text] == []


@pytest.mark.thorough
def test_every_text_of_code_and_templates_is_in_the_files(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("gettext is missing")
        pytest.skip("gettext is missing (sudo apt-get install gettext)")
    for name in WITH_TEXTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    command = [sys.executable, "scripts/messages.py"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    for language in LANGUAGES:
        said, kept = ({entry.name for entry in entries(root, language)} for root in (tmp_path, ROOT))
        assert sorted(said - kept) == [], "not in the translation files yet: make messages"
        assert sorted(kept - said) == [], "no longer said: make messages"
    assert answer.returncode == 0, answer.stdout + answer.stderr
