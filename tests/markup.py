"""HTML read back as elements, so that tests ask what a browser would find instead of comparing text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
CONTROLS = {"input", "select", "textarea"}


@dataclass
class Element:
    """One element: its tag, attributes, text (with that of its children) and what it stands in."""

    tag: str
    attrs: dict[str, str]
    inside: Element | None
    children: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def classes(self) -> set[str]:
        """Its classes."""
        return set(self.attrs.get("class", "").split())

    def within(self, tag: str) -> Element | None:
        """The nearest element of that tag around it."""
        around = self.inside
        while around is not None and around.tag != tag:
            around = around.inside
        return around

    def find(self, tag: str = "", css: str = "", **attrs: str) -> list[Element]:
        """The elements inside it of a tag, of a class, and with attributes (`for_` is for, `_` is -)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
        found = []
        for child in self.children:
            if (
                (not tag or child.tag == tag)
                and (not css or css in child.classes)
                and wanted.items() <= child.attrs.items()
            ):
                found.append(child)
            found += child.find(tag, css, **attrs)
        return found

    def one(self, tag: str = "", css: str = "", **attrs: str) -> Element:
        """The only such element."""
        (found,) = self.find(tag, css, **attrs)
        return found

    def controls(self) -> list[Element]:
        """What one types or chooses in."""
        return [
            e for e in self.find() if e.tag in CONTROLS and e.attrs.get("type") not in ("hidden", "submit", "button")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _value in attrs}) == len(attrs), f"an attribute stands twice in {tag}: {attrs}"
        if tag == self.here.tag == "option":
            self.here = self.here.inside or self.root  # its end may be left out, as in a list of suggestions
        made = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(made)
        if tag not in VOID:
            self.here = made

    def handle_endtag(self, tag: str) -> None:
        if self.here.tag == "option" and tag in ("datalist", "select"):
            self.here = self.here.inside or self.root
        assert tag == self.here.tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.inside is not None
        self.here = self.here.inside

    def handle_data(self, data: str) -> None:
        around: Element | None = self.here
        while around is not None:
            around.text += data
            around = around.inside


def read(html: str) -> Element:
    """The root of a document or a part of one. Elements that are not closed are a mistake."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.here is reader.root, f"<{reader.here.tag}> is not closed"
    return reader.root


def flaws(root: Element) -> list[str]:
    """What a person with a screen reader would stumble on, and what the content security policy would refuse."""
    everything = root.find()
    ids = [e.attrs["id"] for e in everything if "id" in e.attrs]
    labels = {e.attrs.get("for") for e in everything if e.tag == "label"}
    found = [f"the id {one} stands twice" for one in sorted({one for one in ids if ids.count(one) > 1})]
    for e in everything:
        described = e.attrs.get("aria-describedby", "").split()
        found += [f"{e.tag} is described by {one}, which is not there" for one in described if one not in ids]
        if e.tag == "a" and e.attrs.get("href", "").startswith("#") and e.attrs["href"][1:] not in ids:
            found.append(f"a link leads to {e.attrs['href']}, which is not there")
        if "style" in e.attrs or e.tag == "style" or any(name.startswith("on") for name in e.attrs):
            found.append(f"{e.tag} has a style or a script in the page")
        if e.tag == "script" and "src" not in e.attrs and e.attrs.get("type") != "application/json":
            found.append("a script stands in the page")
    for e in root.controls():
        if e.attrs.get("id") not in labels:
            found.append(f"{e.tag} {e.attrs.get('name')} has no label")
        around = e.within("fieldset")
        if e.attrs.get("type") == "radio" and not (around and around.find("legend")):
            found.append(f"the choice {e.attrs.get('name')} has no legend")
    return found
