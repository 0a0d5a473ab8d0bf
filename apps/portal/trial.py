"""What a form that is being written is tried with: which version of it, and what its designer has answered, kept in their session alone.

Nothing of it reaches a table, and no other official sees it.
"""

from __future__ import annotations

import json
import mimetypes
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest
from django.utils.translation import get_language

from apps.services import working
from apps.services.definition import Definition, load
from apps.services.fieldtypes.composed import accepted_parts
from apps.services.filetypes import plain_name
from apps.services.models import Service, Version, WorkingCopy
from apps.services.pageform import PageForm
from apps.services.reading import Json
from apps.services.unfinished import fit_to_show

BEGINS = "preview_"  # the keys of the session, each with the number of its service
MOST, LARGEST = 4, 200_000  # services kept at once, characters of one


@dataclass(frozen=True)
class Tried:
    """What is tried: a version by its number, or the working copy (None); a mark that changes with what it says; and the definition."""

    number: int | None
    mark: str
    definition: Definition


def tried(service: Service, number: int | None = None) -> Tried:
    """A version, else what the service's working copy says, else its newest version. Raises Http404 where there is none of them."""
    if number is None:
        copy = WorkingCopy.objects.filter(service=service).first()
        if copy is not None:
            return Tried(None, f"copy {copy.pk} {copy.at}", fit_text(working.text_of(copy)))
    versions = service.versions.order_by("-number")
    found = versions.first() if number is None else versions.filter(number=number).first()
    if found is None:
        raise Http404
    return Tried(found.number, f"version {found.number}", fit_text(found.document))


def fit_text(text: str) -> Definition:
    """A definition from its text, as far as it can be shown; worked out once for all the looks at one revision."""
    return _fit(text, get_language() or "")


@lru_cache(maxsize=32)
def _fit(text: str, language: str) -> Definition:
    definition, problems = working.judged_text(text)
    return fit_to_show(definition, problems, load(text))


def example_version(service: Service, of: Tried) -> Version:
    """A version for the templates to ask whose it is. It is in no table."""
    return Version(service=service, number=of.number or 0)


# --- answers -------------------------------------------------------------------------------------------------------------


def answers_of(request: HttpRequest, service: Service, of: Tried) -> dict[str, Any]:
    """What this official has answered so far, as far as the questions as they are now still take it."""
    record = request.session.get(f"{BEGINS}{service.pk}")
    if record is None or record["who"] != request.user.pk:
        return {}
    if record["mark"] == of.mark:
        return dict(record["answers"])
    return accepted_parts(of.definition.fields.values(), record["answers"])


def keep(request: HttpRequest, service: Service, of: Tried, answers: Mapping[str, Any]) -> bool:
    """Keep what has been answered. False when it is more than a preview keeps, and nothing was kept."""
    given = {key: kept for key, kept in answers.items() if kept is not None}
    if len(json.dumps(given)) > LARGEST:
        return False
    name = f"{BEGINS}{service.pk}"
    request.session.pop(name, None)
    kept = [key for key in request.session.keys() if key.startswith(BEGINS)]  # noqa: SIM118 (a session is no dict)
    for key in kept[: max(0, len(kept) - MOST + 1)]:
        del request.session[key]
    request.session[name] = {"who": request.user.pk, "mark": of.mark, "answers": given}
    return True


def forget(request: HttpRequest, service: Service) -> None:
    """Throw away what was answered."""
    request.session.pop(f"{BEGINS}{service.pk}", None)


def answered(answers: Mapping[str, Any], form: PageForm, remove: str = "") -> dict[str, Any]:
    """The answers with those of a page that are right by themselves. Of files only the name and size are noted; `remove` is the id of
    one that is taken away.
    """
    found = {**answers, **form.kept}
    for key, files in form.uploads.items():
        found[key] = [*(found.get(key) or []), *map(noted, files)]
    for field in form.page.fields:
        if field.carries_file:
            found[field.key] = [_about(one, form) for one in found.get(field.key) or [] if one["id"] != remove] or None
    return found


def _about(one: dict[str, Json], form: PageForm) -> dict[str, Json]:
    return {**one, "about": form.about[one["id"]]} if one["id"] in form.about else one


def noted(file: UploadedFile) -> dict[str, Json]:
    """What is noted of a file; the file itself is thrown away."""
    name = plain_name(file.name or "")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {"id": str(uuid.uuid4()), "name": name, "size": file.size or 0, "type": kind, "sha256": ""}
