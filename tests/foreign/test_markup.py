"""HTML and Markdown become the plain text that a definition holds."""

from __future__ import annotations

import pytest

from tests.foreign.markup import from_html, from_markdown


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One <b>two</b></p>\n<p>three</p>", "One two\n\nthree"),
        ("<h4>Head:</h4><ul><li>a</li><li>b <i>c</i></li></ul>after", "Head:\n\n- a\n- b c\n\nafter"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n- b"),
        ("one<br>two", "one\ntwo"),
        ('see <a href="https://example.com/">here</a>.', "see here (https://example.com/)."),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("<p> </p>", ""),
    ],
)
def test_html_as_plain_text(html: str, text: str) -> None:
    assert from_html(html) == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (
            "#Thanks \n\r We answer. \n\r [Back](https://example.com/)",
            "Thanks\n\nWe answer.\n\nBack (https://example.com/)",
        ),
        ("[Back](https://example.com/", "Back (https://example.com/)"),
        ("plain", "plain"),
    ],
)
def test_markdown_as_plain_text(markdown: str, text: str) -> None:
    assert from_markdown(markdown) == text
