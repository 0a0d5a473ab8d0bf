"""Changes of a definition document, one at a time: pure, so that each can be tried, told in words, compared and taken back.

The document may be unfinished; it only has to be *fit to edit* (`fit_to_edit`). A field's path is its key, or for one within a repeating
group the group's key, a dot and its own.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.services.definition import ELEMENTS, RESERVED
from apps.services.reading import KEY, Json, Problem, Unreadable
from apps.services.texts import LANGUAGES

Document = dict[str, Any]
Element = dict[str, Any]

# What was done, as the history of a working copy tells it; %(about)s is what it was done to.
ACTS: dict[str, Any] = {
    "begun": gettext_lazy("Begun"),
    "copied_service": gettext_lazy("Begun as a copy of “%(about)s”"),
    "from_library": gettext_lazy("Begun from “%(about)s” of the library"),
    "from_file": gettext_lazy("Begun from a file"),
    "from_version": gettext_lazy("Begun from version %(about)s"),
    "service_changed": gettext_lazy("About the service changed"),
    "page_added": gettext_lazy("Page “%(about)s” added"),
    "page_changed": gettext_lazy("Page “%(about)s” changed"),
    "page_moved": gettext_lazy("Page “%(about)s” moved"),
    "page_copied": gettext_lazy("Page “%(about)s” copied"),
    "page_removed": gettext_lazy("Page “%(about)s” removed"),
    "fields_added": gettext_lazy("Added: %(about)s"),
    "field_changed": gettext_lazy("Question “%(about)s” changed"),
    "field_moved": gettext_lazy("Question “%(about)s” moved"),
    "field_copied": gettext_lazy("Question “%(about)s” copied"),
    "field_removed": gettext_lazy("Question “%(about)s” removed"),
    "texts_changed": gettext_lazy("Texts changed"),
    "texts_still_right": gettext_lazy("Outdated translations found to be still right"),
    "document_changed": gettext_lazy("The text of the definition changed"),
}
LONGEST_ABOUT = 200


class NotThere(Exception):
    """The page or the question is no longer in the document."""


class KeyTaken(Exception):
    """Another field has the key meanwhile."""


@dataclass(frozen=True)
class Edit:
    """A change of a document. `apply` gives a new document; `touched` gives the part that it replaces, so that two people at it are known.

    Both raise NotThere when what they are about is gone. Of the translations in `still_right` (address and language) it says that they are
    right as they are, though their original has been changed.
    """

    act: str
    about: str
    change: Callable[[Document], None]
    touched: Callable[[Document], Json]
    still_right: frozenset[tuple[str, str]] = frozenset()

    def apply(self, document: Document) -> Document:
        """The document as it is afterwards; the one given stays as it was."""
        changed = copy.deepcopy(document)
        self.change(changed)
        return changed


# --- reading ---------------------------------------------------------------------------------------------------------


def fit_to_edit(document: Json) -> Document:
    """The document, when its pages and fields can be told apart. Raises Unreadable with what stands in the way."""
    problems = list(_unfit(document))
    if problems:
        raise Unreadable(problems)
    return document


def _unfit(document: Json) -> Iterator[Problem]:
    if not isinstance(document, dict):
        yield Problem("", _("this must be an object with named elements."))
        return
    for name in ("key", "authority"):
        if not isinstance(document.get(name), str):
            yield Problem(name, _("this element is missing."))
    pages = document.get("pages")
    if not isinstance(pages, list):
        yield Problem("pages", _("this must be a list."))
        return
    for p, page in enumerate(pages):
        where = f"pages[{p}]"
        if not isinstance(page, dict) or not _is_key(page.get("key")):
            yield Problem(f"{where}.key", _("each page needs a key of its own."))
        elif not isinstance(page.get("fields"), list):
            yield Problem(f"{where}.fields", _("this must be a list."))
        else:
            yield from _unfit_fields(f"{where}.fields", page["fields"])


def _unfit_fields(where: str, fields: list[Json]) -> Iterator[Problem]:
    for f, field in enumerate(fields):
        at = f"{where}[{f}]"
        if not isinstance(field, dict) or not isinstance(field.get("kind"), str) or not _is_key(field.get("key")):
            yield Problem(at, _("each field needs a kind and a key."))
        elif isinstance(field.get("fields"), list):
            yield from _unfit_fields(f"{at}.fields", field["fields"])


def _is_key(value: Json) -> bool:
    return isinstance(value, str) and KEY.fullmatch(value) is not None


def page_of(document: Document, key: str) -> Element:
    """A page by its key. Raises NotThere."""
    for page in document["pages"]:
        if page["key"] == key:
            return page
    raise NotThere(key)


def field_of(document: Document, path: str) -> Element:
    """A field by its path. Raises NotThere."""
    fields, n = _place(document, path)
    return fields[n]


def page_key_of(document: Document, path: str) -> str:
    """The key of the page that a field stands on. Raises NotThere."""
    first = path.partition(".")[0]
    for page in document["pages"]:
        if any(field["key"] == first for field in page["fields"]):
            return str(page["key"])
    raise NotThere(path)


def all_fields(document: Document) -> Iterator[tuple[str, str, Element]]:
    """Each field with the key of its page and its path, in the order of the form; those within a group after it."""
    for page in document["pages"]:
        for field in page["fields"]:
            yield page["key"], field["key"], field
            for inner in inner_fields(field):
                yield page["key"], f"{field['key']}.{inner['key']}", inner


def inner_fields(field: Element) -> list[Element]:
    """The fields that a repeating group has of its own."""
    inner = field.get("fields")
    return inner if isinstance(inner, list) else []


def name_of(element: Element, *, otherwise: str = "") -> str:
    """What a page or a field is called, in the first language it has a name in; its key when it has none."""
    for name in ("label", "title", "text"):
        texts = element.get(name)
        said = next((str(text) for text in texts.values() if text), "") if isinstance(texts, dict) else ""
        if said:
            return said.splitlines()[0][:LONGEST_ABOUT]
    return otherwise or str(element.get("key", ""))


def free_key(document: Document, label: str, *, within: str = "", among: Sequence[str] = ()) -> str:
    """A key that no field has yet, made of a label: “Beräknad publik” gives beraknad_publik. `among` are others that are taken."""
    siblings = (
        inner_fields(field_of(document, within)) if within else [f for p in document["pages"] for f in p["fields"]]
    )
    return unused(label, {field["key"] for field in siblings} | set(among), "question")


def with_free_keys(document: Document, fields: Sequence[Element], *, within: str = "") -> list[Element]:
    """Fields to be added to the form, with keys that no field has yet; what they name of each other follows the new keys."""
    made = copy.deepcopy(list(fields))
    renamed: dict[str, str] = {}
    for field in made:
        renamed[field["key"]] = free_key(document, field["key"], within=within, among=list(renamed.values()))
        field["key"] = renamed[field["key"]]
    for field in made:
        _rename(field, renamed)
    return made


def _clashing(document: Document, fields: Sequence[Element], *, within: str = "") -> bool:
    """Whether a field to be added has a key that somebody has just given to another one, such as the first click of a double click."""
    there = inner_fields(field_of(document, within)) if within else [f for p in document["pages"] for f in p["fields"]]
    return not {field["key"] for field in there}.isdisjoint(field["key"] for field in fields)


def free_page_key(document: Document, title: str) -> str:
    """A key that no page has yet, made of a title."""
    return unused(title, {page["key"] for page in document["pages"]}, "page")


def unused(label: str, taken: set[str], otherwise: str) -> str:
    """A key made of a label that is not among those taken."""
    plain = unicodedata.normalize("NFKD", label.replace("ø", "o").replace("æ", "ae")).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:40].strip("_")
    stem = stem if KEY.fullmatch(stem) and not stem.startswith(RESERVED) else f"{otherwise}_{stem}".strip("_")
    key, n = stem, 1
    while key in taken:
        n += 1
        key = f"{stem}_{n}"
    return key


def _place(document: Document, path: str) -> tuple[list[Element], int]:
    """The list a field stands in, and where in it."""
    first, _dot, rest = path.partition(".")
    for page in document["pages"]:
        for n, field in enumerate(page["fields"]):
            if field["key"] == first:
                if not rest:
                    return page["fields"], n
                inner = inner_fields(field)
                at = next((i for i, one in enumerate(inner) if one["key"] == rest), None)
                if at is not None:
                    return inner, at
    raise NotThere(path)


def languages_of(document: Document) -> list[str]:
    """The languages a service is offered in, as far as the document says it, the original first; Swedish and Finnish where it says none."""
    said = document.get("languages")
    found = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    return list(dict.fromkeys(found)) or list(LANGUAGES[:2])


# --- the service itself and the whole document -------------------------------------------------------------------------


def set_elements(elements: Mapping[str, Json], *, act: str = "service_changed") -> Edit:
    """Give elements of the service new values; None takes one away."""

    def change(document: Document) -> None:
        _put(document, elements)
        _in_order(document)

    return Edit(act, "", change, lambda document: {name: document.get(name) for name in elements})


def _in_order(document: Document) -> None:
    """Let no element stand after the pages, where nobody would look for it."""
    names = list(document)
    if names[-1] != "pages" and "pages" in document:
        ordered = {
            name: document[name] for name in sorted(names, key=_ORDER.index if set(names) <= set(_ORDER) else _last)
        }
        document.clear()
        document.update(ordered)


_ORDER = list(ELEMENTS)


def _last(name: str) -> bool:
    return name == "pages"


def replace(new: Document, *, act: str = "document_changed") -> Edit:
    """Put another document in its place."""

    def change(document: Document) -> None:
        document.clear()
        document.update(copy.deepcopy(new))

    return Edit(act, "", change, lambda document: document)


def both(first: Edit, then: Edit) -> Edit:
    """Two changes as one step, told as the first. Only what the first touches is looked after: the other is about what the first makes."""

    def change(document: Document) -> None:
        first.change(document)
        then.change(document)

    return Edit(first.act, first.about, change, first.touched, first.still_right | then.still_right)


def _put(element: Element, more: Mapping[str, Json]) -> None:
    for name, value in more.items():
        if value is None:
            element.pop(name, None)
        else:
            element[name] = copy.deepcopy(value)


# --- pages -------------------------------------------------------------------------------------------------------------


def _order(document: Document) -> Json:
    return [page["key"] for page in document["pages"]]


def _page_index(document: Document, key: str) -> int:
    return document["pages"].index(page_of(document, key))


def add_page(page: Element, after: str | None = None) -> Edit:
    """Put a page after another one, by default last."""

    def change(document: Document) -> None:
        at = len(document["pages"]) if after is None else _page_index(document, after) + 1
        new = copy.deepcopy(page)
        if _clashing(document, new["fields"]):
            new["fields"] = with_free_keys(document, new["fields"])
        if new["key"] in _order(document):
            new["key"] = free_page_key(document, new["key"])
        document["pages"].insert(at, new)

    return Edit("page_added", name_of(page), change, lambda document: None)


def set_page(key: str, elements: Mapping[str, Json]) -> Edit:
    """Give a page's title, text or condition new values; None takes one away."""

    def touched(document: Document) -> Json:
        page = page_of(document, key)
        return {name: page.get(name) for name in elements}

    about = name_of(dict(elements), otherwise=key)
    return Edit("page_changed", about, lambda document: _put(page_of(document, key), elements), touched)


def move_page(key: str, by: int) -> Edit:
    """Move a page so many places down, or up for a negative number; not beyond the first and the last."""

    def change(document: Document) -> None:
        _move(document["pages"], _page_index(document, key), by)

    return Edit("page_moved", key, change, _order)


def copy_page(key: str) -> Edit:
    """Put a copy of a page after it: its fields with keys of their own, its conditions on themselves kept."""

    def change(document: Document) -> None:
        n = _page_index(document, key)
        twin = copy.deepcopy(document["pages"][n])
        twin["key"] = free_page_key(document, twin["key"])
        renamed: dict[str, str] = {}
        for field in twin["fields"]:
            renamed[field["key"]] = free_key(document, field["key"], among=list(renamed.values()))
            field["key"] = renamed[field["key"]]
        for field in twin["fields"]:
            _rename(field, renamed)
        document["pages"].insert(n + 1, twin)

    return Edit("page_copied", key, change, lambda document: page_of(document, key))


def remove_page(key: str) -> Edit:
    """Take a page away with its fields, and the conditions elsewhere that look at them."""

    def change(document: Document) -> None:
        page = page_of(document, key)
        document["pages"].remove(page)
        for field in page["fields"]:
            _forget(document, field["key"])

    def touched(document: Document) -> Json:
        page = page_of(document, key)
        return [page, *(one for field in page["fields"] for one in _looking(_elements(document), field["key"]))]

    return Edit("page_removed", key, change, touched)


def _move(items: list[Any], n: int, by: int) -> None:
    item = items.pop(n)
    items.insert(max(0, min(len(items), n + by)), item)


# --- fields ------------------------------------------------------------------------------------------------------------


def add_fields(page: str, fields: Sequence[Element], after: str | None = None, *, within: str = "") -> Edit:
    """Put fields on a page, or into a repeating group (`within`), after another one there, by default last."""

    def change(document: Document) -> None:
        there = field_of(document, within).setdefault("fields", []) if within else page_of(document, page)["fields"]
        keys = [field["key"] for field in there]
        at = keys.index(after) + 1 if after in keys else len(there)
        clashing = _clashing(document, fields, within=within)
        there[at:at] = with_free_keys(document, fields, within=within) if clashing else copy.deepcopy(list(fields))

    about = ", ".join(f"“{name_of(field)}”" for field in fields)
    return Edit("fields_added", _short(about), change, lambda document: None)


def set_field(path: str, element: Element) -> Edit:
    """Put another element in a field's place. A new key is followed in every condition and setting that names it."""

    def change(document: Document) -> None:
        fields, n = _place(document, path)
        old = fields[n]["key"]
        if element["key"] != old and element["key"] in _taken(document, path):
            raise KeyTaken(element["key"])
        fields[n] = copy.deepcopy(element)
        if element["key"] != old and "." not in path:
            _rename([document["pages"], document.get("leads_to")], {old: element["key"]})
        elif element["key"] != old:
            group = path.rpartition(".")[0]
            _rename(fields, {old: element["key"]})
            _rename(document["pages"], {path: f"{group}.{element['key']}"})

    return Edit("field_changed", _short(name_of(element)), change, lambda document: field_of(document, path))


def _taken(document: Document, path: str) -> set[str]:
    """The keys that a field at a path may not have: those of all others beside it."""
    if "." in path:
        return {field["key"] for field in _place(document, path)[0]}
    return {field["key"] for page in document["pages"] for field in page["fields"]}


def move_field(path: str, by: int) -> Edit:
    """Move a field so many places down, or up for a negative number; beyond the end of its page it goes to the next one."""

    def change(document: Document) -> None:
        fields, n = _place(document, path)
        if "." not in path and not 0 <= n + by < len(fields):
            _to_neighbour(document, path, 1 if by > 0 else -1)
        else:
            _move(fields, n, by)

    return Edit("field_moved", path, change, _fields_order)


def _to_neighbour(document: Document, path: str, step: int) -> None:
    fields, n = _place(document, path)
    there = _page_index(document, page_key_of(document, path)) + step
    if 0 <= there < len(document["pages"]):
        neighbour = document["pages"][there]["fields"]
        neighbour.insert(0 if step > 0 else len(neighbour), fields.pop(n))


def move_field_to(path: str, page: str) -> Edit:
    """Move a field to the end of another page."""

    def change(document: Document) -> None:
        fields, n = _place(document, path)
        page_of(document, page)["fields"].append(fields.pop(n))

    return Edit("field_moved", path, change, _fields_order)


def _fields_order(document: Document) -> Json:
    return [(page, path) for page, path, _field in all_fields(document)]


def copy_field(path: str) -> Edit:
    """Put a copy of a field after it, with a key of its own."""

    def change(document: Document) -> None:
        fields, n = _place(document, path)
        twin = copy.deepcopy(fields[n])
        twin["key"] = free_key(document, twin["key"], within=path.rpartition(".")[0])
        fields.insert(n + 1, twin)

    return Edit("field_copied", path, change, lambda document: field_of(document, path))


def remove_field(path: str) -> Edit:
    """Take a field away, and the conditions elsewhere that look at it."""

    def change(document: Document) -> None:
        fields, n = _place(document, path)
        del fields[n]
        _forget(document, path)
        if "." in path:
            _forget_in(fields, path.rpartition(".")[2])

    def touched(document: Document) -> Json:
        fields, n = _place(document, path)
        beside = _looking(fields, path.rpartition(".")[2]) if "." in path else []
        return [fields[n], *_looking(_elements(document), path), *beside]

    return Edit("field_removed", path, change, touched)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_ABOUT else f"{text[: LONGEST_ABOUT - 1]}…"


# --- what depends on a field ---------------------------------------------------------------------------------------------

CONDITIONS = ("show_when", "required_when", "when", "surely", "possibly")
NAMING = ("not_before", "after", "on_days", "of")  # settings that name other fields


@dataclass(frozen=True)
class Dependant:
    """Something that looks at a field: the path of the field, or the key of the page, and the setting by which it does."""

    where: str
    is_page: bool
    what: str


def dependants(document: Document, path: str) -> list[Dependant]:
    """What looks at a field or at a part of it, in the order of the form; nothing within it."""
    found = []
    for page in document["pages"]:
        if _looks(page.get("show_when"), path):
            found.append(Dependant(page["key"], True, "show_when"))
        for field in page["fields"]:
            if field["key"] != path:
                found += [Dependant(field["key"], False, what) for what in _settings_that_look(field, path)]
    return [*found, *_dependants_in_row(document, path)]


def _dependants_in_row(document: Document, path: str) -> list[Dependant]:
    """What looks at a field of a group from beside it in the row."""
    group, _dot, own = path.rpartition(".")
    beside = inner_fields(field_of(document, group)) if group else []
    return [
        Dependant(f"{group}.{field['key']}", False, what)
        for field in beside
        if field["key"] != own
        for what in _settings_that_look(field, own)
    ]


def _settings_that_look(field: Element, path: str) -> list[str]:
    found = [name for name in ("show_when", "required_when") if _looks(field.get(name), path)]
    if any(_looks(value.get("when"), path) for value in _values(field)):
        found.append("values")
    return [*found, *(name for name in NAMING if any(_same(one, path) for one in _named(field.get(name))))]


def _values(field: Element) -> list[Element]:
    values = field.get("values")
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _named(setting: Json) -> list[str]:
    return [one for one in (setting if isinstance(setting, list) else [setting]) if isinstance(one, str)]


def _same(named: Json, path: str) -> bool:
    return isinstance(named, str) and (named == path or named.startswith(f"{path}."))


def _looking(elements: Iterable[Element], path: str) -> list[Json]:
    """Every condition and setting that looks at a field, and goes or changes when the field goes."""
    return [
        element[name]
        for element in elements
        for name in (*CONDITIONS, *NAMING)
        if _looks(element.get(name), path) or any(_same(one, path) for one in _named(element.get(name)))
    ]


def _looks(condition: Json, path: str) -> bool:
    if isinstance(condition, list):
        return any(_looks(part, path) for part in condition)
    if not isinstance(condition, dict):
        return False
    return _same(condition.get("field"), path) or any(
        _looks(condition.get(name), path) for name in ("all", "any", "not")
    )


def without(condition: Json, path: str) -> Json:
    """A condition without what looks at a field; None when nothing is left."""
    if not isinstance(condition, dict):
        return condition
    for name in ("all", "any"):
        if isinstance(condition.get(name), list):
            left = [kept for part in condition[name] if (kept := without(part, path)) is not None]
            return left[0] if len(left) == 1 else {name: left} if left else None
    if "not" in condition:
        left_of_it = without(condition["not"], path)
        return None if left_of_it is None else {"not": left_of_it}
    return None if _same(condition.get("field"), path) else condition


def _forget(document: Document, path: str) -> None:
    """Take away every condition and setting that looks at a field which is gone."""
    _forget_in(_elements(document), path)


def _forget_in(elements: Iterable[Element], path: str) -> None:
    for element in elements:
        for name in CONDITIONS:
            if name in element and _looks(element[name], path):
                _put(element, {name: without(element[name], path)})
        for name in NAMING:
            if isinstance(element.get(name), list):
                element[name] = [one for one in element[name] if not _same(one, path)]
            elif _same(element.get(name), path):
                del element[name]


def _elements(document: Document) -> Iterator[Element]:
    """Everything that can look at a field: pages, fields, the values of a derived one, what a survey leads to."""
    for page in document["pages"]:
        yield page
        for field in page["fields"]:
            yield field
            yield from _values(field)  # but not the fields of a group: they look at their own rows
    leads_to = document.get("leads_to")
    yield from (one for one in (leads_to if isinstance(leads_to, list) else []) if isinstance(one, dict))


def _rename(value: Json, renamed: Mapping[str, str]) -> None:
    """Let conditions and settings name fields by their new keys."""
    if isinstance(value, list):
        for one in value:
            _rename(one, renamed)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if name == "fields" and "kind" in value:
            continue  # the fields of a group look at their own rows
        if name == "field" or name in NAMING:
            value[name] = [_new(one, renamed) for one in inner] if isinstance(inner, list) else _new(inner, renamed)
        else:
            _rename(inner, renamed)


def _new(named: Json, renamed: Mapping[str, str]) -> Json:
    if not isinstance(named, str):
        return named
    if named in renamed:
        return renamed[named]
    first, dot, rest = named.partition(".")
    return f"{renamed.get(first, first)}{dot}{rest}"


# --- texts ---------------------------------------------------------------------------------------------------------------


def is_texts(value: Json) -> bool:
    """Whether something in a document is a text in several languages."""
    return isinstance(value, dict) and bool(value) and all(isinstance(text, str) for text in value.values())


TEXT_NAMES = frozenset(
    (
        *("name", "summary", "for_whom", "legal_ground", "price", "handling_time", "deadline", "at_hand", "contact"),
        *(
            "privacy",
            "declaration",
            "own_service",
            "ground",
            "retention_ground",
            "secrecy_ground",
            "title",
            "text",
            "why",
        ),
        *("label", "hint", "missing", "wrong", "unit", "row_label"),
    )
)


SERVICE_TEXTS = (
    *("name", "summary", "for_whom", "legal_ground", "price", "handling_time", "deadline", "at_hand"),
    *("contact", "privacy", "declaration"),
)
STAYING_TEXTS = ("label", "title", "text")  # an element stands there also while nobody has written it


def texts_in(document: Document) -> dict[str, dict[str, str]]:
    """Every text of a document by its address, in the order of the form: `name`, `pages.place.title`, `fields.dates.hint`,
    `fields.rows.price.label`, `fields.size.options.small.label`. An address follows the keys, so it stays when something is moved.
    """
    found: dict[str, dict[str, str]] = {}
    for address, holder, name in _text_places(document):
        found[address] = {language: text for language, text in holder[name].items() if isinstance(text, str)}
    return found


def set_texts(texts: Mapping[str, Mapping[str, str]], *, still_right: Iterable[tuple[str, str]] = ()) -> Edit:
    """Give texts new words, by address and language; an empty one is taken away, and what may be left out goes with its last one.

    A text of the service itself that is not there yet is begun. Other addresses that are gone are left out. What is still right was
    judged beside its original: who changes either touches the same.
    """
    right = frozenset(still_right)

    def change(document: Document) -> None:
        begun = {name for name in texts if name in SERVICE_TEXTS and not isinstance(document.get(name), dict)}
        document.update({name: {} for name in sorted(begun)})
        for address, holder, name in list(_text_places(document)):
            if address in texts:
                said = {**holder[name], **texts[address]}
                holder[name] = {
                    language: text for language, text in said.items() if isinstance(text, str) and text.strip()
                }
                if not holder[name] and name not in STAYING_TEXTS:
                    del holder[name]
        _in_order(document)

    def touched(document: Document) -> Json:
        now = texts_in(document)
        return {
            address: {language: now.get(address, {}).get(language, "") for language in said}
            for address, said in texts.items()
        } | {f"{address} {language}": _beside_original(document, now, address, language) for address, language in right}

    return Edit("texts_changed" if texts else "texts_still_right", "", change, touched, right)


def _beside_original(
    document: Document, texts: Mapping[str, Mapping[str, str]], address: str, language: str
) -> dict[str, str]:
    """A text in a language, and in the one that it is translated from."""
    said = texts.get(address, {})
    return {one: said.get(one, "") for one in (languages_of(document)[0], language)}


def _text_places(document: Document) -> Iterator[tuple[str, Element, str]]:
    """Each text's address, and where it stands."""
    for name, value in document.items():
        if name in TEXT_NAMES and isinstance(value, dict):
            yield name, document, name
        elif name in ("handling_limit", "records") and isinstance(value, dict):
            yield from ((f"{name}.{one}", value, one) for one in value if one in TEXT_NAMES and is_texts(value[one]))
    for page in document["pages"]:
        yield from ((f"pages.{page['key']}.{n}", page, n) for n in ("title", "text") if isinstance(page.get(n), dict))
        for field in page["fields"]:
            yield from _texts_of_field(f"fields.{field['key']}", field)
    leads = document.get("leads_to")
    for n, lead in enumerate(leads if isinstance(leads, list) else []):
        if isinstance(lead, dict) and isinstance(lead.get("why"), dict):
            yield f"leads_to.{n}.why", lead, "why"  # a service may stand there several times


def _texts_of_field(address: str, field: Element) -> Iterator[tuple[str, Element, str]]:
    for name, value in field.items():
        if name in TEXT_NAMES and isinstance(value, dict):
            yield f"{address}.{name}", field, name
        elif name == "errors" and isinstance(value, dict):
            yield from ((f"{address}.errors.{one}", value, one) for one in value if isinstance(value[one], dict))
        elif name in ("options", "values") and isinstance(value, list):
            for n, one in enumerate(value):
                if isinstance(one, dict) and isinstance(one.get("label"), dict):
                    key = one.get("value") if isinstance(one.get("value"), str) else n
                    yield f"{address}.{name}.{key}.label", one, "label"
    for inner in inner_fields(field):
        yield from _texts_of_field(f"{address}.{inner['key']}", inner)
