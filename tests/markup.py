"""HTML read back as elements, so that tests ask what a browser would find instead of comparing text."""

from __future__ import annotations

from apps.services import markup
from apps.services.markup import Element, read

__all__ = ["Element", "flaws", "read", "told"]


def flaws(root: Element) -> list[str]:
    """What a person with a screen reader would stumble on, and what the content security policy would refuse."""
    found = [f"{flaw.element.tag} {flaw.element.attrs}: {flaw.words}" for flaw in markup.flaws(root)]
    for e in root.find():
        if "style" in e.attrs or e.tag == "style" or any(name.startswith("on") for name in e.attrs):
            found.append(f"{e.tag} has a style or a script in the page")
        if e.tag == "script" and "src" not in e.attrs and e.attrs.get("type") != "application/json":
            found.append("a script stands in the page")
    return found


def told(html: bytes) -> list[str]:
    """What a page of the desk says on top of itself, where screen readers are told of it."""
    status = read(html.decode()).find(role="status")
    return [line.text.strip() for part in status for line in part.find("li")]
