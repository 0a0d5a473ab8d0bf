"""Texts an authority uses again and again: which are offered, and how their places are filled with what is known of a case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from apps.cases.casepage import applicant
from apps.cases.models import Case, TextTemplate
from apps.people import access
from apps.people.access import Visitor
from apps.people.models import User
from apps.services.texts import LANGUAGES, date_words, moment_words

MOST_CHARACTERS = 4_000  # as many as a step's text may have
PLACE = re.compile(r"\{([^{}\n]{0,60})\}")
# The places there are, and what stands there.
PLACES: dict[str, Any] = {
    "case_number": gettext_lazy("the case number"),
    "service": gettext_lazy("the name of the service"),
    "applicant": gettext_lazy("whose case it is"),
    "handler": gettext_lazy("the handler, or who writes when there is none yet"),
    "authority": gettext_lazy("the authority's name"),
    "register_number": gettext_lazy("the number in the authority's own register"),
    "arrived": gettext_lazy("when the case arrived"),
    "today": gettext_lazy("the day of today"),
    "due": gettext_lazy(
        "in a request for a supplement the last day to answer, else the day by which the case is to be handled"
    ),
}
UNKNOWN = "–"  # what stands in a place of which nothing is known


@dataclass(frozen=True)
class Inserted:
    """A template's text for a case. `language` is the one it is written in: not the application's where it lacks that one."""

    text: str
    language: str


def visible_to(user: Visitor) -> QuerySet[TextTemplate]:
    """The templates an official looks after: those of the services they manage, and of the whole authority for who manages all of it."""
    whole = access.whole_authorities_where(user, access.MANAGES)
    own = Q(service=None, authority__in=whole) | access.of_services(user, access.MANAGES, "service__")
    return TextTemplate.objects.filter(own)


def offered(case: Case, use: str) -> list[TextTemplate]:
    """The templates for a use in a case: the authority's own, for all of its services or for this one."""
    fitting = Q(service=None) | Q(service=case.service_id)
    return list(TextTemplate.objects.filter(fitting, authority=case.service.authority_id, use=use).order_by("name"))


def unknown_places(text: str) -> list[str]:
    """The places in a text that nothing could be put into, each once, as they are written."""
    return list(dict.fromkeys(found[0] for found in PLACE.finditer(text) if found[1] not in PLACES))


def inserted(template: TextTemplate, case: Case, *, by: User, today: date, due: date | None = None) -> Inserted:
    """The template's text in the application's language, or in another where it is not written in that one, its places filled.

    What is put in is never looked through for places: what customers have written stays as it is. `due` is the last day that stands
    in the form, if any.
    """
    language = next(
        (one for one in (case.language, *LANGUAGES) if getattr(template, f"text_{one}", "").strip()), case.language
    )
    with translation.override(language):
        known = _known(case, language, by=by, today=today, due=due)
    text = PLACE.sub(lambda place: known.get(place[1], place[0]), getattr(template, f"text_{language}", ""))
    return Inserted(text.replace("\r\n", "\n"), language)


def _known(case: Case, language: str, *, by: User, today: date, due: date | None) -> dict[str, str]:
    day = due or case.due_on
    said = {
        "case_number": case.number or "",
        "service": case.application.version.definition.name.said(language),
        "applicant": applicant(case),
        "handler": case.handled_by or str(by),
        "authority": case.service.authority.named(language),
        "register_number": case.register_number,
        "arrived": moment_words(case.arrived_at, language),
        "today": date_words(today),
        "due": date_words(day) if day else "",
    }
    return {place: words or UNKNOWN for place, words in said.items()}


def other_language_words(language: str, wanted: str) -> str:
    """What to say when a template is not written in the language of the application; '' when it is."""
    if language == wanted:
        return ""
    said = _(
        "The template has no text in the language of the application (%(wanted)s). Its text in %(language)s was put in."
    )
    names = {
        name: get_language_info(code)["name_translated"] for name, code in (("wanted", wanted), ("language", language))
    }
    return said % names
