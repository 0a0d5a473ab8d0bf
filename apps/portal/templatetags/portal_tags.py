"""Words of the portal's templates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import translate_url
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from apps.people.identification import seconds_left
from apps.portal.mailbox import is_there
from apps.services.answersheet import Line
from apps.services.layout import prose
from apps.services.texts import HELSINKI, exact_moment_words, time_words

register = template.Library()


@register.simple_tag(takes_context=True)
def in_language(context: dict[str, Any], language: str) -> str:
    """The address of the page being shown, in another language; its front page where there is no such page."""
    request = context.get("request")
    if request is None:
        return f"/{language}/"
    here = "/" + request.get_full_path().lstrip("/")  # two slashes would lead to another house
    if (there := translate_url(here, language)) != here:
        return there
    known, _slash, rest = here[1:].partition("/")
    return f"/{language}/{rest}" if known in dict(settings.LANGUAGES) else f"/{language}/"


@register.simple_tag(takes_context=True)
def signed_out_at(context: dict[str, Any]) -> str:
    """When the customer is signed out if they do nothing: kl. 15.04; '' when nobody is signed in."""
    left = seconds_left(context["request"])
    if not left:
        return ""
    moment = timezone.now().astimezone(HELSINKI) + timedelta(seconds=left)
    return time_words(moment.time(), get_language() or "sv")


@register.simple_tag(takes_context=True)
def is_of_test(context: dict[str, Any]) -> bool:
    """Whether the paper, case or receipt that the page is about came of trying a version."""
    shown = (context.get(name) for name in ("paper", "draft", "case", "receipt"))
    return bool(context.get("is_test")) or any(getattr(one, "is_test", False) is True for one in shown)


@register.simple_tag
def mail_is_sent() -> bool:
    """Whether this installation sends mail."""
    return bool(settings.MAIL_IS_SENT)


@register.simple_tag
def mailbox_is_there() -> bool:
    """Whether a developer can read the mails here that were not sent."""
    return is_there()


@register.filter
def exact_moment(value: datetime) -> str:
    """A moment in Helsinki to the second, as a receipt must say it: 5.6.2027 kl. 14.30.05."""
    return exact_moment_words(value, get_language() or "sv")


@register.filter
def paragraphs(value: Any) -> SafeString:
    """An authority's plain text as paragraphs and lists, with web addresses as links."""
    return prose(str(value))


@register.simple_tag
def answer(line: Line, marks: dict[str, str] | None = None) -> SafeString:
    """What was answered: its text, or its files as links, with what is to be known of them by their ids.

    Without the space around it, for it stands where line breaks show.
    """
    files = [(file, (marks or {}).get(file["id"], "")) for file in line.files]
    return mark_safe(render_to_string("portal/answer.html", {"line": line, "files": files}).strip())  # noqa: S308 (a template escapes)
