"""HTML read back as elements, and what a person with a screen reader would stumble on in it.

The gate looks at every page of a form in this way, on the server's own markup and without a browser; tests ask it what one would find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

from django.utils.translation import gettext as _

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
CONTROLS = {"input", "select", "textarea"}
NOT_CONTROLS = ("hidden", "submit", "button")  # inputs in which nobody types or chooses
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
NAMED = ("label", "legend", "summary", "button", "a", *HEADINGS)  # elements that are nothing without words
NAMING = (
    "for",
    "aria-labelledby",
    "aria-describedby",
    "aria-controls",
    "list",
)  # attributes that name the id of another


class Broken(ValueError):
    """The text is no HTML whose elements stand inside one another."""


@dataclass(eq=False)
class Element:
    """One element: its tag, attributes, what it stands in and what stands in it: elements and pieces of text, in order."""

    tag: str
    attrs: dict[str, str]
    inside: Element | None
    content: list[Element | str] = field(default_factory=list)

    @property
    def children(self) -> list[Element]:
        """The elements that stand directly in it."""
        return [one for one in self.content if isinstance(one, Element)]

    @cached_property
    def text(self) -> str:
        """Its text, with that of its children."""
        return "".join(one if isinstance(one, str) else one.text for one in self.content)

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

    def all(self) -> Iterator[Element]:
        """Every element inside it, in the order of the page."""
        for child in self.children:
            yield child
            yield from child.all()

    def find(self, tag: str = "", css: str = "", **attrs: str) -> list[Element]:
        """The elements inside it of a tag, of a class, and with attributes (`for_` is for, `_` is -)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}.items()
        return [
            one
            for one in self.all()
            if (not tag or one.tag == tag) and (not css or css in one.classes) and wanted <= one.attrs.items()
        ]

    def one(self, tag: str = "", css: str = "", **attrs: str) -> Element:
        """The only such element."""
        (found,) = self.find(tag, css, **attrs)
        return found

    def controls(self) -> list[Element]:
        """What one types or chooses in."""
        return [one for one in self.all() if one.is_control]

    @property
    def is_control(self) -> bool:
        """Whether one types or chooses in it."""
        return self.tag in CONTROLS and self.attrs.get("type") not in NOT_CONTROLS


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if len(given) < len(attrs):
            raise Broken(f"an attribute stands twice in {tag}: {attrs}")
        if tag == self.here.tag == "option":
            self.here = self.here.inside or self.root  # its end may be left out, as in a list of suggestions
        made = Element(tag, given, self.here)
        self.here.content.append(made)
        if tag not in VOID:
            self.here = made

    def handle_endtag(self, tag: str) -> None:
        if self.here.tag == "option" and tag in ("datalist", "select"):
            self.here = self.here.inside or self.root
        if tag != self.here.tag or self.here.inside is None:
            raise Broken(f"</{tag}> closes <{self.here.tag}>")
        self.here = self.here.inside

    def handle_data(self, data: str) -> None:
        self.here.content.append(data)


def read(html: str) -> Element:
    """The root of a document or a part of one. Raises Broken for elements that are not closed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.here is not reader.root:
        raise Broken(f"<{reader.here.tag}> is not closed")
    return reader.root


# --- what is wrong in it -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flaw:
    """Something that a person with a screen reader would stumble on: the rule, the element, and words in the page's language.

    What is `grave` keeps somebody from the form; the rest makes it harder to read.
    """

    rule: str
    element: Element
    words: str
    grave: bool = True


class _Page:
    """Every element of a page, sorted once for all the rules."""

    def __init__(self, root: Element) -> None:
        self.everything = list(root.all())
        self.by_tag: dict[str, list[Element]] = {}
        self.by_id: dict[str, list[Element]] = {}
        for one in self.everything:
            self.by_tag.setdefault(one.tag, []).append(one)
            if "id" in one.attrs:
                self.by_id.setdefault(one.attrs["id"], []).append(one)
        self.labelled = {one.attrs.get("for", "") for one in self.of("label") if one.text.strip()}

    def of(self, *tags: str) -> list[Element]:
        """The elements of some tags, tag by tag."""
        return [one for tag in tags for one in self.by_tag.get(tag, ())]


def flaws(root: Element) -> list[Flaw]:
    """Everything that is wrong on a page, rule by rule."""
    page = _Page(root)
    return [flaw for rule in RULES for flaw in rule(page)]


def _controls_have_names(page: _Page) -> Iterator[Flaw]:
    for one in page.of(*CONTROLS):
        if one.is_control and not _is_named(one, page):
            yield Flaw("label", one, _("What one answers in has no name that a screen reader can tell."))


def _is_named(one: Element, page: _Page) -> bool:
    named = one.attrs.get("aria-label", "").strip() or one.attrs.get("id", "") in page.labelled
    around = one.within("label")
    spoken = [each for key in one.attrs.get("aria-labelledby", "").split() for each in page.by_id.get(key, ())]
    return bool(named or (around and around.text.strip()) or any(each.text.strip() for each in spoken))


def _choices_have_legends(page: _Page) -> Iterator[Flaw]:
    for one in page.of("input"):
        around = one.within("fieldset") if one.attrs.get("type") == "radio" else one
        if around is None or (around is not one and not any(child.tag == "legend" for child in around.children)):
            yield Flaw("legend", one, _("The options belong to no question that a screen reader can tell."))


def _ids_stand_once(page: _Page) -> Iterator[Flaw]:
    words = _("Two things on the page are called %(id)s inside the page, so a screen reader takes one for the other.")
    for key, found in page.by_id.items():
        if len(found) > 1:
            yield Flaw("id", found[-1], words % {"id": key})


def _names_lead_somewhere(page: _Page) -> Iterator[Flaw]:
    words = _("It refers to %(id)s, which is not on the page.")
    for one in page.everything:
        for name in NAMING:
            for key in one.attrs[name].split() if name in one.attrs else ():
                if key not in page.by_id:
                    yield Flaw("reference", one, words % {"id": key})
        target = one.attrs.get("href", "") if one.tag == "a" else ""
        if target.startswith("#") and target[1:] not in page.by_id:
            yield Flaw("reference", one, words % {"id": target[1:]})


def _nothing_is_empty(page: _Page) -> Iterator[Flaw]:
    for one in page.of(*NAMED):
        named = one.text.strip() or any(one.attrs.get(name, "").strip() for name in ("aria-label", "title"))
        if not (named or _is_silent(one) or _shows_picture(one)):
            yield Flaw("empty", one, _("A heading, a label, a link or a button has no words."))


def _is_silent(one: Element) -> bool:
    """Whether a screen reader passes it by: it is there for the keyboard or the eye alone."""
    return one.attrs.get("aria-hidden") == "true" and one.attrs.get("tabindex", "-1") == "-1"


def _shows_picture(one: Element) -> bool:
    return any(picture.attrs.get("alt", "").strip() for picture in one.find("img"))


def _headings_go_step_by_step(page: _Page) -> Iterator[Flaw]:
    level = 0
    for one in page.everything:
        if one.tag in HEADINGS:
            now = int(one.tag[1])
            if level and now > level + 1:
                yield Flaw("heading", one, _("A heading skips a level, so it seems that something is left out."), False)
            level = now


def _pictures_are_told(page: _Page) -> Iterator[Flaw]:
    for one in page.of("img"):
        if "alt" not in one.attrs:
            yield Flaw("picture", one, _("A picture has no words for those who do not see it."))


def _links_say_where(page: _Page) -> Iterator[Flaw]:
    words = _("Two links say “%(text)s” and lead to different places.")
    known: dict[str, str] = {}
    for one in page.of("a"):
        text, target = " ".join(one.text.split()).casefold(), one.attrs.get("href", "")
        if text and known.setdefault(text, target) != target:
            yield Flaw("link", one, words % {"text": " ".join(one.text.split())}, False)


ITEMS = {"ul": ("li",), "ol": ("li",), "dl": ("dt", "dd", "div")}
LISTS = {"li": ("ul", "ol", "menu"), "dt": ("dl", "div"), "dd": ("dl", "div")}


def _lists_hold_items(page: _Page) -> Iterator[Flaw]:
    for one in page.of(*ITEMS):
        if any(child.tag not in ITEMS[one.tag] for child in one.children):
            yield Flaw("list", one, _("A list holds something else than its items."))
    for one in page.of(*LISTS):
        if one.inside is None or one.inside.tag not in LISTS[one.tag]:
            yield Flaw("list", one, _("An item stands outside a list."))


def _language_is_told(page: _Page) -> Iterator[Flaw]:
    for one in page.of("html"):
        if not one.attrs.get("lang", "").strip():
            yield Flaw("language", one, _("The page does not say in which language it is."))


RULES: tuple[Callable[[_Page], Iterator[Flaw]], ...] = (
    _controls_have_names,
    _choices_have_legends,
    _ids_stand_once,
    _names_lead_somewhere,
    _nothing_is_empty,
    _headings_go_step_by_step,
    _pictures_are_told,
    _links_say_where,
    _lists_hold_items,
    _language_is_told,
)

__all__ = ["Broken", "Element", "Flaw", "flaws", "read"]
