"""What a browser would send if nobody touched the form: the controls of a page's HTML, read with the stdlib parser.

The options of a `datalist` are suggestions, which no browser sends; a button is sent only when it is pressed.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from crispy_forms.utils import TEMPLATE_PACK
from django.http import QueryDict
from django.utils.safestring import SafeString

from apps.services.pageform import PageForm


def html_of(form: PageForm) -> SafeString:
    """The questions of a page, without the frame around them."""
    return SafeString("".join(part.render(form, {}, TEMPLATE_PACK) for part in form.helper.layout.fields))


def filled(html: str, **typed: Any) -> QueryDict:
    """The POST data of the form as it stands in the HTML, with what is typed over it by name (`__` is `-`)."""
    reader = _Controls()
    reader.feed(html)
    reader.close()
    sent = QueryDict(mutable=True)
    for name, value in reader.sent:
        sent.appendlist(name, value)
    for name, value in typed.items():
        sent.setlist(name.replace("__", "-"), value if isinstance(value, list) else [value])
    return sent


def pressed(html: str, button: str, **typed: Any) -> QueryDict:
    """The same when the button of that value is pressed, which must stand in the page."""
    reader = _Controls()
    reader.feed(html)
    (name,) = [name for name, value in reader.buttons if value == button]
    sent = filled(html, **typed)
    sent.appendlist(name, button)
    return sent


def names_in(html: str) -> list[str]:
    """The name of every control and button of the page, once."""
    reader = _Controls()
    reader.feed(html)
    return list(dict.fromkeys(reader.names))


class _Controls(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.buttons: list[tuple[str, str]] = []
        self.names: list[str] = []
        self.area: str | None = None
        self.select: str | None = None
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if "name" in has:
            self.names.append(has["name"])
        if tag == "input":
            kind = has.get("type", "text")
            if kind in ("radio", "checkbox"):
                if "checked" in has:
                    self.sent.append((has["name"], has.get("value", "on")))
            elif kind != "file":
                self.sent.append((has["name"], has.get("value", "").replace("\r", "").replace("\n", "")))
        elif tag == "textarea":
            self.area, self.text = has["name"], []
        elif tag == "button":
            self.buttons.append((has.get("name", ""), has.get("value", "")))
        elif tag == "select":
            self.select = has["name"]
        elif tag == "option" and self.select and "selected" in has:
            self.sent.append((self.select, has["value"]))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area:
            text = "".join(self.text).replace("\r\n", "\n").removeprefix("\n")
            self.sent.append((self.area, text.replace("\n", "\r\n")))
            self.area = None
        elif tag == "select":
            self.select = None
