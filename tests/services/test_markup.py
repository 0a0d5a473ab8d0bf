"""HTML read back, and each thing in it that somebody with a screen reader would stumble on."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from apps.services.markup import Broken, flaws, read


def rules(html: str) -> list[str]:
    """The rules that a piece of a page breaks."""
    return [flaw.rule for flaw in flaws(read(html))]


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ('<input id="a">', "label"),
        ('<label for="a"> </label><select id="a"></select>', "label"),
        ('<fieldset><input type="radio" id="a"><label for="a">Yes</label></fieldset>', "legend"),
        ('<p id="a">x</p><p id="a">y</p>', "id"),
        ('<p aria-describedby="gone">x</p>', "reference"),
        ('<label for="gone">x</label>', "reference"),
        ('<a href="#gone">x</a>', "reference"),
        ("<h2> </h2>", "empty"),
        ("<fieldset><legend></legend></fieldset>", "empty"),
        ('<a href="/x"><img alt="" src="a.png"></a>', "empty"),
        ("<button><span></span></button>", "empty"),
        ("<h1>One</h1><h3>Three</h3>", "heading"),
        ('<img src="a.png">', "picture"),
        ('<a href="/a">More</a> <a href="/b"> more </a>', "link"),
        ("<ul><p>x</p></ul>", "list"),
        ("<li>x</li>", "list"),
        ("<dl><p>x</p></dl>", "list"),
        ("<div><dd>x</dd></div><dd>y</dd>", "list"),
        ("<html><p>x</p></html>", "language"),
    ],
)
def test_what_one_would_stumble_on_is_found(html: str, rule: str) -> None:
    assert rule in rules(html)


@pytest.mark.parametrize(
    "html",
    [
        '<label for="a">Name</label><input id="a" aria-describedby="h"><p id="h">Hint</p>',
        '<label>Name <input></label><input aria-label="Name"><p id="n">Name</p><input aria-labelledby="n">',
        '<input type="hidden" name="x"><input type="submit">',
        '<fieldset><legend>Which</legend><input type="radio" id="a"><label for="a">Yes</label></fieldset>',
        "<h1>One</h1><h2>Two</h2><h2>Two</h2><h3>Three</h3><h2>Two</h2>",
        '<a href="/a">More</a> <a href="/a">More</a> <a href="/b"><img alt="Map" src="m.png"></a>',
        "<ul><li>x</li></ul><dl><div><dt>x</dt><dd>y</dd></div></dl>",
        '<button aria-hidden="true" tabindex="-1"></button>',
        '<html lang="sv"><p>x</p></html>',
    ],
)
def test_what_is_right_is_let_alone(html: str) -> None:
    assert rules(html) == []


def test_what_only_makes_it_harder_to_read_is_not_grave() -> None:
    found = flaws(read('<h1>One</h1><h3>Three</h3><input id="a">'))

    assert {flaw.rule: flaw.grave for flaw in found} == {"heading": False, "label": True}


def test_a_flaw_is_told_in_the_language_of_the_page() -> None:
    with override("en"):
        (flaw,) = flaws(read("<h2></h2>"))

    assert flaw.words == "A heading, a label, a link or a button has no words."


def test_elements_are_found_with_their_text() -> None:
    root = read('<div class="a b"><p>One <b>two</b> three</p><input id="x" type="text"></div>')

    assert root.one("p").text == "One two three"
    assert root.one(css="b").find("b")[0].within("div") is root.children[0]
    assert [one.attrs["id"] for one in root.controls()] == ["x"]


@pytest.mark.parametrize("html", ["<p>", "<p></div>", "</p>", '<p id="a" id="b"></p>'])
def test_elements_that_do_not_stand_inside_one_another_are_refused(html: str) -> None:
    with pytest.raises(Broken):
        read(html)
