"""What a visitor has answered in surveys: kept in their session and nowhere else, until they sign out or the session ends.

It is there before they sign in, and theirs from then on: nobody who signs in after them, or sits down at the same browser, sees it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from apps.applications.carrying import what_fits
from apps.applications.journey import Journey
from apps.applications.models import Application
from apps.people.identification import customer_of
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.composed import accepted_parts
from apps.services.models import Version
from apps.services.texts import HELSINKI

SURVEYS_KEY = "surveys"
MOST, LARGEST, MOST_PAPERS = 3, 60_000, 30  # surveys kept at once, characters of one, and papers begun from one

Record = dict[str, Any]


@dataclass(frozen=True)
class Carried:
    """An answer of a survey that is offered in an application begun from its result, and what the survey is called."""

    value: Any
    survey: str


# --- the session -----------------------------------------------------------------------------------------------------


def answers_of(request: HttpRequest, version: Version) -> dict[str, Any]:
    """What the visitor has answered in a survey, as far as the questions of this version still take it."""
    record = _records(request).get(version.service.key)
    if record is None:
        return {}
    if record["version"] == version.pk:
        return dict(record["answers"])
    return accepted_parts(version.definition.fields.values(), record["answers"])


def keep(request: HttpRequest, version: Version, answers: Mapping[str, Any]) -> bool:
    """Keep what has been answered. False when it is more than anybody writes, and nothing was kept."""
    if len(json.dumps(answers)) > LARGEST:
        return False
    records, key = _records(request), version.service.key
    before = records.pop(key, {})
    customer = customer_of(request)
    own = {"version": version.pk, "answers": dict(answers), "who": str(customer.pk) if customer else ""}
    kept = [*records.items(), (key, {"papers": [], "undertaking": "", **before, **own})]
    request.session[SURVEYS_KEY] = dict(kept[-MOST:])
    return True


def forget(request: HttpRequest, key: str) -> None:
    """Throw away what was answered in one survey."""
    request.session[SURVEYS_KEY] = {name: one for name, one in _records(request).items() if name != key}


def forget_all(request: HttpRequest) -> None:
    """Throw away all of it: whoever answered has left."""
    request.session.pop(SURVEYS_KEY, None)


def _records(request: HttpRequest) -> dict[str, Record]:
    """What is theirs who ask, by the surveys' keys. What was answered before signing in becomes theirs who signed in."""
    kept: dict[str, Record] = request.session.get(SURVEYS_KEY, {})
    if not kept:
        return {}
    customer = customer_of(request)
    who = str(customer.pk) if customer else ""
    theirs = {key: {**one, "who": who} for key, one in kept.items() if one["who"] in ("", who)}
    if customer and theirs != kept:
        request.session[SURVEYS_KEY] = theirs
    return theirs


# --- what goes along into an application -----------------------------------------------------------------------------


def known(request: HttpRequest, key: str) -> str:
    """The key, when the visitor has answered in that survey; else ''."""
    return key if key in _records(request) else ""


def note_begun(request: HttpRequest, key: str, paper: Application) -> None:
    """Remember that an application was begun from a survey's result: what is common is offered in it."""
    records = _records(request)
    if (record := records.get(key)) is None:
        return
    papers = [one for one in record["papers"] if one != str(paper.pk)]
    record["papers"] = [*papers, str(paper.pk)][-MOST_PAPERS:]
    record["undertaking"] = str(paper.undertaking_id or "")
    request.session[SURVEYS_KEY] = records


def undertaking_of(request: HttpRequest, key: str) -> str:
    """What was begun from the result belongs together: the undertaking of the latest such application; '' when there is none."""
    return str(_records(request).get(key, {}).get("undertaking", ""))


def carried(request: HttpRequest, paper: Application) -> dict[str, Carried]:
    """What a survey offers to the questions of an application begun from it: same key, both common, and it fits.

    An identity code, or what the law keeps secret, is never offered.
    """
    record = next((one for one in _records(request).values() if str(paper.pk) in one["papers"]), None)
    if record is None or paper.supplement_form is not None:
        return {}
    version = Version.objects.filter(pk=record["version"]).defer("document").first()
    if version is None:
        return {}
    called, found = version.definition.name.said(get_language()), {}
    for key, (field, kept) in common_answers(version, record["answers"], paper).items():
        wanted = paper.definition.fields.get(key)
        if wanted is not None and wanted.common and not wanted.secret:
            fits = what_fits(field, wanted, kept, get_language() or paper.language)
            if fits is not None:
                found[key] = Carried(fits, called)
    return found


def common_answers(
    version: Version, answers: Mapping[str, Any], paper: Application | None = None
) -> dict[str, tuple[Field, Any]]:
    """The answers of a survey that count and may go along: those to common questions, without identity codes and secrets."""
    today = paper.day() if paper else timezone.localdate(timezone=HELSINKI)
    counting = Journey(version.definition, answers, today).counting
    language = get_language() or "sv"
    return {
        key: (field, counting[key])
        for key, field in version.definition.fields.items()
        if field.common
        and field.answered(counting.get(key))
        and not field.holds_secret(counting[key])
        and not field.codes(counting[key], language)
    }
