"""Scripts are recognised by their form, translated, and never run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.foreign.scripts import Subject, Unrecognised, condition_of, script, values_of


def find(of: str, path: tuple[str, ...]) -> Subject:
    """Whatever is named, as a text question of that name."""
    key = "_".join((of, *path) if of == "row" else path)
    return Subject({"field": key, "answered": True}, lambda value: {"field": key, "equals": value})


A = {"field": "a", "answered": True}
B = {"field": "b", "answered": True}


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("show = data.a;", A),
        ("show = !!data.a && !data.b;", {"all": [A, {"not": B}]}),
        ("show =\r\n (data.a || data.b) === true ? true : false", None),
        (
            "show = data.a === 'x' || 'y' == data.b",
            {"any": [{"field": "a", "equals": "x"}, {"field": "b", "equals": "y"}]},
        ),
        ("show = data.a !== 'x'", {"not": {"field": "a", "equals": "x"}}),
        ("show = (data.a ? data.b : false);", {"all": [A, B]}),
        ("show = row.a?.b", {"field": "row_a_b", "answered": True}),
        ("show = !!(data.a?.trim());", A),
        ("// says\nconst c = data.a;\nshow = c && data.b;", {"all": [A, B]}),
        ('show = ["x", "y"].includes(data.a)', {"any": [{"field": "a", "equals": "x"}, {"field": "a", "equals": "y"}]}),
        ("show = data.a && true || false", A),
    ],
)
def test_script_becomes_a_condition(text: str, condition: Any) -> None:
    if condition is None:
        with pytest.raises(Unrecognised):
            condition_of(script(text), find)
    else:
        assert condition_of(script(text), find) == condition


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("value = 25;", [(25, True)]),
        ('value = "a"', [("a", True)]),
        ('value = ["a", "b"];', [(["a", "b"], True)]),
        ("value = data.a === 'x' ? ['E'] : [];", [(["E"], {"field": "a", "equals": "x"}), ([], {"not": {"field": "a", "equals": "x"}})]),
        ("value = !!data.a", [(True, A), (False, True)]),
        ("value = data.a ? data.b : null", None),
        ('if (!data.a) { instance.setValue("n"); } else { instance.setValue("y"); }', [("n", {"not": A}), ("y", A)]),
    ],
)  # fmt: skip
def test_script_becomes_values_with_their_conditions(text: str, values: Any) -> None:
    if values is None:
        with pytest.raises(Unrecognised):
            values_of(script(text), find)
    else:
        assert values_of(script(text), find) == values


@pytest.mark.parametrize(
    "text",
    [
        "",
        "value = ",
        "value = data.a - 1;",
        "value = `a ${data.b}`;",
        "value = { ...value, a: row.a };",
        "value = data.a.some((b) => b.c);",
        "value = utils.custom.later(data.a);",
        "if (data.a) { data.b = ''; }",
        "const [a] = data.b.split('-'); value = a;",
        "return data.a;",
        "value = data.a; value = data.b;",
        "value = __import__('os')",
        "value = (data.a",
        "value = 'a",
        "value = #",
    ],
)
def test_script_of_another_form_is_not_recognised(text: str) -> None:
    with pytest.raises(Unrecognised):
        values_of(script(text), find)
