"""What the builder's pages know of the preview that stands beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, get_language_info, override

from apps.services import working
from apps.services.models import Service, WorkingCopy
from apps.services.texts import LANGUAGES

register = template.Library()


@dataclass(frozen=True)
class Tongue:
    """A language the preview can be shown in."""

    code: str
    name: str
    address: str
    now: bool


@dataclass(frozen=True)
class Frame:
    """A preview that stands in a frame: where it begins, in which languages, and the same without scripts."""

    address: str
    alone: str  # the same page by itself, with a link back to the desk
    without_scripts: str
    languages: tuple[Tongue, ...]
    at: str = ""  # the id of the control that is to be in sight


@register.simple_tag(takes_context=True)
def preview_frame(context: dict[str, Any], service: Service, page_key: str = "", at: str = "") -> Frame:
    """The preview of a service: at a question (its path) of a page of its form, at the page, or at the beginning."""
    promised = _promised(context.get("copy"))
    here = get_language() or LANGUAGES[0]
    first = here if here in promised else promised[0]
    request = context.get("request")
    back = request.get_full_path() if request else ""
    return Frame(
        address=_address(service, page_key, first),
        alone=_address(service, page_key, first, **({"back": back} if back else {})),
        without_scripts=_address(service, page_key, first, script="0"),
        languages=tuple(
            Tongue(
                code,
                get_language_info(code)["name_local"].capitalize(),
                _address(service, page_key, code),
                code == first,
            )
            for code in promised
        ),
        at=_control_of(context.get("copy"), at),
    )


def _control_of(copy: WorkingCopy | None, path: str) -> str:
    """The id of a question's first control on its page; of one within a group, that of the group."""
    field = working.judged(copy)[0].fields.get(path.partition(".")[0]) if copy and path else None
    if field is None:
        return ""
    return f"id_{field.key}_0" if getattr(field.lay_out(), "group", False) else f"id_{field.key}"


def _promised(copy: WorkingCopy | None) -> tuple[str, ...]:
    known = dict(settings.LANGUAGES)
    said = working.judged(copy)[0].languages if copy else LANGUAGES
    return tuple(code for code in said if code in known) or LANGUAGES


def _address(service: Service, page_key: str, language: str, **more: str) -> str:
    with override(language):
        address = reverse("portal:preview", args=[service.pk])
    if page_key.isascii() and page_key.replace("_", "").isalnum() and page_key == page_key.lower():
        address += f"pages/{page_key}/"
    return address + (f"?{urlencode(more)}" if more else "")
