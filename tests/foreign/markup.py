"""HTML and Markdown of other systems as the plain text of a definition: paragraphs, lists and written-out links."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = {"p", "div", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"}
BREAK = "\x1e"  # the end of a block
LINE = "\x1f"  # the end of a line
ITEM = "\x1d"  # the beginning of a list item


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "li":
            self.out.append(ITEM)
        elif tag == "br":
            self.out.append(LINE)
        elif tag in BLOCKS:
            self.out.append(BREAK)
        elif tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.out.append(BREAK)
        elif tag == "a" and self.links and (address := self.links.pop()):
            self.out.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        self.out.append(re.sub(r"\s+", " ", data))


def from_html(html: str) -> str:
    """HTML as plain text; lists within lists become one list."""
    reader = _Plain()
    reader.feed(html)
    reader.close()
    text = re.sub(rf"({ITEM}[^{BREAK}{ITEM}]*){BREAK}\s*(?={ITEM})", r"\1", "".join(reader.out))
    blocks = []
    for block in text.split(BREAK):
        before, *items = block.split(ITEM)
        for part in (_lines(before), "\n".join(f"- {line}" for item in items if (line := _lines(item, " ")))):
            if part:
                blocks.append(part)
    return "\n\n".join(blocks)


def from_markdown(text: str) -> str:
    """Markdown as plain text: headings lose their signs, links are written out."""
    plain = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)?", r"\1 (\2)", text.replace("\r", ""))
    blocks = [re.sub(r"^#+\s*", "", block.strip()) for block in re.split(r"\s*\n\s*\n?\s*", plain)]
    return "\n\n".join(block for block in blocks if block)


def one_line(text: str) -> str:
    """Plain text without line breaks, for labels."""
    return " ".join(text.split())


def _lines(text: str, between: str = "\n") -> str:
    lines = [one_line(line) for line in text.split(LINE)]
    return between.join(line for line in lines if line)
