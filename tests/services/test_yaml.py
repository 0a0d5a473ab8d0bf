"""YAML at import: read as JSON would be, bounded, and stored as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from apps.services.definition import load
from apps.services.exchange import export_service, import_service
from apps.services.reading import Unreadable
from apps.services.yamltext import looks_like_json, to_json
from tests.build import NOW, authority, document


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """The words that are asked for below."""
    with override("en"):
        yield


def read(text: str) -> Any:
    return json.loads(to_json(text))


def reasons(text: str) -> list[str]:
    with pytest.raises(Unreadable) as caught:
        to_json(text)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("091", "091"),
        ("0", 0),
        ("-12", -12),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("12.50", 12.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        ("2027-06-05", "2027-06-05"),
        ("2027-06-05 14:30:00", "2027-06-05 14:30:00"),
        ("14:30", "14:30"),
        ("true", True),
        ("false", False),
        ("yes", "yes"),
        ("no", "no"),
        ("Off", "Off"),
        ("null", None),
        ("~", None),
        ("", None),
        ('"12"', "12"),
        ("'true'", "true"),
        ("<<", "<<"),
        ("! 12", 12),
        ("|\n  first\n  second\n", "first\nsecond\n"),
    ],
)
def test_bare_words_mean_what_they_mean_in_json(written: str, value: Any) -> None:
    found = read(f"a: {written}")

    assert found == {"a": value}
    assert type(found["a"]) is type(value)


def test_names_are_texts() -> None:
    assert read("no: {1: a, true: b, 091: c}") == {"no": {"1": "a", "true": "b", "091": "c"}}


def test_duplicate_names_are_all_told_with_their_lines() -> None:
    assert reasons("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n") == [
        "line 2, column 1: “a” stands twice in the same object.",
        "line 5, column 3: “c” stands twice in the same object.",
    ]


def test_an_alias_stands_for_what_it_names() -> None:
    assert read("a: &x {b: [1]}\nc: *x\nd: &y text\ne: *y") == {
        "a": {"b": [1]},
        "c": {"b": [1]},
        "d": "text",
        "e": "text",
    }


def test_a_laughing_file_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]

    assert "too large" in reasons("\n".join(lines))[0]


def test_a_long_text_behind_many_aliases_is_refused() -> None:
    assert "too large" in reasons(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1_000)}]")[0]


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 5_000 + "a", "{a: " * 5_000])
def test_a_deep_file_is_refused(text: str) -> None:
    assert "deep" in reasons(text)[0]


def test_a_file_made_deep_by_aliases_is_refused() -> None:
    lines = ["- &a0 [x]"] + [f"- &a{n} {'[' * 50}*a{n - 1}{']' * 50}" for n in range(1, 60)]

    assert "deep" in reasons("\n".join(lines))[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("&a [*a]", "stands for nothing before it"),
        ("a: *nothing", "stands for nothing before it"),
        ("a: !!python/object/apply:os.system [ls]", "types cannot be named"),
        ("a: !!int 3", "types cannot be named"),
        ("? [a]\n: b", "must be a text"),
        ("a: 1\n---\nb: 2", "one document"),
        ("a: b: c", "line 1, column 5: this is not YAML"),
        ("\t- a", "this is not YAML"),
        ("a: \x00", "this is not YAML"),
        ("a: \ud800", "this is not YAML"),
    ],
)
def test_what_is_no_document_is_refused_in_words(text: str, why: str) -> None:
    assert why in reasons(text)[0]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Unreadable):
        json.loads(to_json(text))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcåö 1", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.thorough
@given(values)
def test_what_json_can_say_comes_back_as_it_was(value: Any) -> None:
    assert read(json.dumps({"a": value}, ensure_ascii=False)) == {"a": value}


@given(st.dictionaries(st.text("abc", min_size=1), st.text("noyesN0123-:. åö\n#{}[]&*!|>'\"%@`"), max_size=5))
def test_texts_come_back_from_another_writer(value: Any) -> None:
    class Writer(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    quoted = yaml.dump(value, Dumper=Writer, default_style='"', allow_unicode=True)

    assert read(quoted) == value


def test_json_is_told_from_yaml_by_how_it_begins() -> None:
    assert looks_like_json(' \n{"a": 1}')
    assert not looks_like_json("schema: 2")


@pytest.mark.django_db
def test_import_stores_the_json_made_of_it() -> None:
    authority()
    text = yaml.safe_dump(document(), allow_unicode=True, sort_keys=False)

    version, is_new = import_service(text, at=NOW)

    assert is_new
    assert version.document == json.dumps(document(), ensure_ascii=False, indent=2) + "\n"
    assert export_service("example") == version.document
    assert import_service(version.document) == (version, False)
    assert import_service("# a comment\n" + text) == (version, False)


@pytest.mark.django_db
def test_import_of_a_slip_in_json_is_told_in_json_s_words() -> None:
    with pytest.raises(Unreadable, match="not JSON"):
        import_service('{"schema": 2,}')


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["service.yaml", "service.YML"])
def test_the_command_reads_a_yaml_file_even_in_braces(tmp_path: Path, name: str) -> None:
    authority()
    file = tmp_path / name
    file.write_text(yaml.safe_dump(document(), default_flow_style=True), encoding="utf-8")
    out = StringIO()

    call_command("import_service", str(file), stdout=out)

    assert "imported as version 1" in out.getvalue()
    assert load(export_service("example")) == document()


@pytest.mark.django_db
def test_the_command_tells_every_slip_of_a_yaml_file(tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text("a: 1\na: 2\n", encoding="utf-8")

    with pytest.raises(CommandError, match="line 2, column 1"):
        call_command("import_service", str(file))
