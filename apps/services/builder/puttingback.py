"""A page or a question that somebody has taken away while a form was open for it, put back as it was when the form was made."""

from __future__ import annotations

from collections.abc import Iterable

from apps.services import editing
from apps.services.editing import Document, Edit, Element


def put_page_back(document: Document, seen: Document, key: str) -> Edit:
    """Put a page of the document as it was `seen` after the one it stood after, without questions that stand elsewhere by now.

    Raises NotThere when it was not there then either.
    """
    page = editing.page_of(seen, key)
    elsewhere = {field["key"] for one in document["pages"] for field in one["fields"]}
    left = [field for field in page["fields"] if field["key"] not in elsewhere]
    before = _before(seen["pages"], key, document["pages"])
    return editing.add_page({**page, "fields": left}, before)


def put_field_back(document: Document, seen: Document, path: str) -> Edit:
    """Put a question as it was `seen` after the one it stood after; on the last page there is, when its page is gone.

    Raises NotThere when it was not there then either.
    """
    field, page = editing.field_of(seen, path), editing.page_of(seen, editing.page_key_of(seen, path))
    group, pages = path.rpartition(".")[0], {one["key"]: one for one in document["pages"]}
    if group:
        return _put_back_in_row(document, seen, page["key"], group, field)
    if not pages:
        return editing.add_page({"key": page["key"], "title": page.get("title", {}), "fields": [field]})
    if page["key"] not in pages:
        return editing.add_fields(next(reversed(pages)), [field])
    return editing.add_fields(page["key"], [field], _before(page["fields"], field["key"], pages[page["key"]]["fields"]))


def _put_back_in_row(document: Document, seen: Document, page: str, group: str, field: Element) -> Edit:
    """The same of a question of a group; the whole group, when that is gone."""
    beside = editing.inner_fields(editing.field_of(seen, group))
    try:
        there = editing.inner_fields(editing.field_of(document, group))
    except editing.NotThere:
        return put_field_back(document, seen, group)
    return editing.add_fields(page, [field], _before(beside, field["key"], there), within=group)


def _before(beside: Iterable[Element], key: str, now: Iterable[Element]) -> str | None:
    """The nearest one before an element that is still there."""
    there, found = {one["key"] for one in now}, None
    for one in beside:
        if one["key"] == key:
            return found
        found = one["key"] if one["key"] in there else found
    return found
