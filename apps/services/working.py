"""The verbs of a working copy: begin one, change it step by step, take a step back, give it up, or make it the next version.

Everybody's form says which revision it was made from. What others have changed elsewhere since is kept; what they have changed in the very
same part is a Conflict, told in words, and nothing is written.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import lru_cache

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from apps.people.models import Authority, User
from apps.services import editing
from apps.services.definition import SCHEMA, Definition, digest_of, judge, load
from apps.services.editing import Document, Edit
from apps.services.exchange import import_service
from apps.services.models import Revision, Service, Version, WorkingCopy
from apps.services.reading import Json, Problem
from apps.services.upgrades import upgraded

MOST_REVISIONS = 300  # of a working copy; older ones can no longer be gone back to


class Conflict(Exception):
    """Somebody has changed the same part since the form was opened: who, when, and what stands there now."""

    def __init__(self, by: User | None, at: datetime, theirs: Json) -> None:
        self.by, self.at, self.theirs = by, at, theirs
        super().__init__()


class Taken(Exception):
    """Another service has the key."""


class Overtaken(Exception):
    """The working copy no longer says what it said: somebody has changed it, made it a version, or given it up."""


# --- what it says --------------------------------------------------------------------------------------------------------


def as_text(document: Document) -> str:
    """A document as it is stored, exported and imported: the same text for the same document in the same order."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def revision_of(copy: WorkingCopy) -> Revision:
    """The revision that is what a working copy says now, looked up once for all who ask: no number is given twice, and none changes."""
    if copy.looked_up is None or copy.looked_up.number != copy.at:
        copy.looked_up = copy.revisions.get(number=copy.at)
    return copy.looked_up


def text_of(copy: WorkingCopy) -> str:
    """What a working copy says, as the text of a definition."""
    return revision_of(copy).document


def document_of(copy: WorkingCopy) -> Document:
    """What a working copy says, as a document that may be changed freely."""
    document: Document = load(text_of(copy))
    return document


def document_seen(copy: WorkingCopy, number: int) -> Document | None:
    """What it said at a revision; None when that is not kept, or is another copy's."""
    seen = copy.revisions.filter(number=number).first()
    document: Document | None = load(seen.document) if seen else None
    return document


def judged(copy: WorkingCopy) -> tuple[Definition, list[Problem]]:
    """The definition as far as it can be read, and everything that is wrong with it."""
    return judged_text(text_of(copy))


def judged_text(text: str) -> tuple[Definition, list[Problem]]:
    """The same of a text that can be loaded."""
    definition, problems = _judged(text, get_language() or "")
    return definition, list(problems)


@lru_cache(maxsize=64)
def _judged(text: str, language: str) -> tuple[Definition, tuple[Problem, ...]]:
    """Judged once for all the looks at one revision. The problems are in the language of the page."""
    definition, problems = judge(load(text))
    return definition, tuple(problems)


# --- beginning -----------------------------------------------------------------------------------------------------------


def begin(service: Service, *, by: User | None, at: datetime | None = None) -> WorkingCopy:
    """The service's working copy: the one there is, else one begun from `base_of`. One that nobody has changed follows the versions."""
    found = WorkingCopy.objects.filter(service=service).first()
    if found is not None and not _is_stale(found, service):
        return found
    with transaction.atomic():
        Service.objects.select_for_update(of=("self",)).get(pk=service.pk)  # a double click makes one
        found = WorkingCopy.objects.filter(service=service).first()
        if found is not None and not _is_stale(found, service):
            return found
        WorkingCopy.objects.filter(service=service).delete()
        base = base_of(service)
        document = upgraded(load(base.document)) if base else blank(service.authority, service.key)
        return _begun(service, document, base, "from_version", str(base.number if base else ""), by, at)


def _is_stale(copy: WorkingCopy, service: Service) -> bool:
    """Whether nobody has changed anything in it, and the service has got another version to begin from since."""
    if copy.last > 1 or copy.base_id is None:
        return False
    base = base_of(service)
    return base is not None and base.pk != copy.base_id


def base_of(service: Service) -> Version | None:
    """The version that a change begins from: the newest one, unless the service has been taken back from it or it was only tested.

    Then it is the one that customers fill in. None for a service that has no version.
    """
    newest = service.versions.select_related("rehearsal").order_by("-number").first()
    published = service.published
    if newest is None or published is None or newest.pk == published.pk:
        return newest
    tested = hasattr(newest, "rehearsal") and not newest.publications.exists()
    return published if newest.published_at or tested else newest


def begin_new(
    authority: Authority,
    document: Document,
    *,
    by: User | None,
    act: str = "begun",
    about: str = "",
    at: datetime | None = None,
) -> WorkingCopy:
    """A new service of an authority, with a working copy that says what a document says. Raises Taken."""
    document = {**document, "authority": authority.key}
    with transaction.atomic():
        service, made = Service.objects.get_or_create(key=document["key"], defaults={"authority": authority})
        if not made:
            raise Taken(document["key"])
        return _begun(service, document, None, act, about, by, at)


def blank(authority: Authority, key: str) -> Document:
    """What a service says before anybody has said anything of it."""
    return {
        "schema": SCHEMA,
        "key": key,
        "authority": authority.key,
        "kind": "notification",
        "languages": ["sv", "fi"],
        "name": {},
        "pages": [],
    }


def _begun(
    service: Service,
    document: Document,
    base: Version | None,
    act: str,
    about: str,
    by: User | None,
    at: datetime | None,
) -> WorkingCopy:
    moment = at or timezone.now()
    copy = WorkingCopy.objects.create(service=service, base=base, begun_by=by, begun_at=moment)
    Revision.objects.create(
        copy=copy,
        number=1,
        document=as_text(document),
        written_from=_written_from(document, {}, {}),
        act=act,
        about=about,
        by=by,
        made_at=moment,
    )
    _keep_name(service, document)
    return copy


def _keep_name(service: Service, document: Document) -> None:
    """Let the service be called what its working copy calls it, while none of its versions is published."""
    name = document.get("name")
    if service.published_id is None and editing.is_texts(name) and service.called != name:
        service.called = name
        service.save(update_fields=["called"])


# --- changing ------------------------------------------------------------------------------------------------------------


def make(copy: WorkingCopy, edit: Edit, *, by: User | None, seen: int, at: datetime | None = None) -> Revision:
    """Make a change to what the working copy says, and give the revision that came of it: the present one when it changes nothing.

    `seen` is the number of the revision the change was thought of at. Raises Conflict, and editing.NotThere when what it is about is gone.
    """
    with transaction.atomic():
        locked = _locked(copy)
        if locked is None:
            raise editing.NotThere(str(copy))
        now = revision_of(locked)
        document: Document = load(now.document)
        if seen != now.number:
            _refuse_conflict(locked, edit, document, seen, now)
        changed = edit.apply(document)
        known = now.written_from | _still_right(changed, now.written_from, edit)
        if changed == document and list(changed) == list(document) and known == now.written_from:
            return now
        made = _add(locked, changed, document, known, edit, by, at or timezone.now())
    copy.at, copy.last = locked.at, locked.last
    return made


def _locked(copy: WorkingCopy) -> WorkingCopy | None:
    """The row as it is now that nobody else can change it; None when it has become a version or was given up. The service is locked after
    it, never before.
    """
    return WorkingCopy.objects.select_for_update(of=("self",)).select_related("service").filter(pk=copy.pk).first()


def _refuse_conflict(copy: WorkingCopy, edit: Edit, document: Document, seen: int, now: Revision) -> None:
    before = copy.revisions.filter(number=seen).first()
    theirs = edit.touched(document)
    try:
        same = before is not None and edit.touched(load(before.document)) == theirs
    except editing.NotThere:
        same = False
    if not same:
        raise Conflict(now.by, now.made_at, theirs)


def _add(
    copy: WorkingCopy,
    document: Document,
    before: Document,
    known: dict[str, str],
    edit: Edit,
    by: User | None,
    at: datetime,
) -> Revision:
    copy.revisions.filter(number__gt=copy.at).delete()  # what was undone is given up by doing something else
    copy.at = copy.last = copy.last + 1
    copy.save(update_fields=["at", "last"])
    made = Revision.objects.create(
        copy=copy,
        number=copy.at,
        document=as_text(document),
        written_from=_written_from(document, before, known),
        act=edit.act,
        about=edit.about[: editing.LONGEST_ABOUT],
        by=by,
        made_at=at,
    )
    kept = copy.revisions.order_by("-number").values_list("number", flat=True)[MOST_REVISIONS - 1 : MOST_REVISIONS]
    for oldest in kept:
        copy.revisions.filter(number__lt=oldest).delete()
    _keep_name(copy.service, document)
    return made


def undo(copy: WorkingCopy) -> Revision | None:
    """Go back to the revision before; gives the one that was undone, None when there is none before it."""
    return _go(copy, back=True)


def redo(copy: WorkingCopy) -> Revision | None:
    """Go on to the revision that was undone last; gives it, None when there is none."""
    return _go(copy, back=False)


def _go(copy: WorkingCopy, *, back: bool) -> Revision | None:
    with transaction.atomic():
        locked = _locked(copy)
        there = neighbour(locked, back=back) if locked else None
        if locked is None or there is None:
            return None
        now = revision_of(locked)
        locked.at = there.number
        locked.save(update_fields=["at"])
        _keep_name(locked.service, load(there.document))
    copy.at = locked.at
    return now if back else there


def may_undo(copy: WorkingCopy) -> bool:
    """Whether there is a revision to go back to."""
    return copy.revisions.filter(number__lt=copy.at).exists()


def may_redo(copy: WorkingCopy) -> bool:
    """Whether there is a revision that was undone: what is done instead deletes all that were, and is the last one then."""
    return copy.at < copy.last


def neighbour(copy: WorkingCopy, *, back: bool) -> Revision | None:
    """The revision that one would go back to, or on to; None when there is none."""
    if back:
        return copy.revisions.filter(number__lt=copy.at).order_by("-number").first()
    return copy.revisions.filter(number__gt=copy.at).order_by("number").first()


def discard(copy: WorkingCopy) -> None:
    """Give the working copy up, with all its revisions. A service that has no version goes with it."""
    with transaction.atomic():
        _locked(copy)
        service = Service.objects.select_for_update(of=("self",)).get(pk=copy.service_id)
        WorkingCopy.objects.filter(pk=copy.pk).delete()
        if not service.versions.exists():
            service.delete()


# --- becoming a version --------------------------------------------------------------------------------------------------


def version_for_test(copy: WorkingCopy, *, by: User | None, at: datetime | None = None) -> Version:
    """What the working copy says now as a version; the working copy goes on. Raises Unreadable.

    A text equal to the newest version's is that version.
    """
    version, _is_new = import_service(text_of(copy), by=by, at=at)
    return version


def unsaved(service: Service, copy: WorkingCopy) -> Version:
    """What a working copy says as a version that is stored nowhere, for those who look ahead."""
    text = text_of(copy)
    return Version(service=service, document=text, digest=digest_of(load(text)))


def to_version(copy: WorkingCopy, *, by: User | None, at: datetime | None = None) -> Version:
    """Make what the working copy says a version: the same as importing its text. The working copy ends.

    Raises Unreadable, and Overtaken when it says something else than when it was looked at: what others have written is never left out.
    """
    with transaction.atomic():
        locked = _locked(copy)
        if locked is None or locked.at != copy.at:
            raise Overtaken
        version = version_for_test(copy, by=by, at=at)
        WorkingCopy.objects.filter(pk=copy.pk).delete()
    return version


# --- translations --------------------------------------------------------------------------------------------------------


def digest(text: str) -> str:
    """A short digest of a text, by which it is known whether it has changed."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def original_language(document: Document) -> str:
    """The language the others are translated from: the first one the service promises."""
    languages = document.get("languages")
    first = languages[0] if isinstance(languages, list) and languages else "sv"
    return first if isinstance(first, str) else "sv"


def _written_from(document: Document, before: Document, known: dict[str, str]) -> dict[str, str]:
    """Of each translation, by address and language, a digest of the original it was written from.

    One that is written or changed now is written from the original as it is now; all others keep what was known of them.
    """
    original, old = original_language(document), editing.texts_in(before) if before else {}
    if before and original_language(before) != original:
        known = _still_outdated(old, original_language(before), known)
    found = {}
    for address, texts in editing.texts_in(document).items():
        for language, text in texts.items():
            place = f"{address} {language}"
            if language == original:
                continue
            same = old.get(address, {}).get(language) == text and place in known
            found[place] = known[place] if same else digest(texts.get(original, ""))
    return found


def _still_outdated(texts: dict[str, dict[str, str]], original: str, known: dict[str, str]) -> dict[str, str]:
    """Of what was known, only that of translations that were outdated: when another language becomes the original, the rest are right."""
    fresh = {
        f"{address} {language}"
        for address, said in texts.items()
        for language in said
        if known.get(f"{address} {language}") == digest(said.get(original, ""))
    }
    return {place: was for place, was in known.items() if place not in fresh}


def outdated(copy: WorkingCopy) -> set[tuple[str, str]]:
    """The translations whose original has changed since they were written: their addresses and languages."""
    now = revision_of(copy)
    return set(_outdated(load(now.document), now.written_from))


def _outdated(document: Document, known: dict[str, str]) -> dict[tuple[str, str], str]:
    """The same of a document, by what is known of its translations; each with the digest of its original as it is now."""
    original, found = original_language(document), {}
    for address, texts in editing.texts_in(document).items():
        now = digest(texts.get(original, ""))
        for language in texts:
            if language != original and known.get(f"{address} {language}", now) != now:
                found[address, language] = now
    return found


def _still_right(document: Document, known: dict[str, str], edit: Edit) -> dict[str, str]:
    """What is known of outdated translations once a change says that they are right as they are."""
    if not edit.still_right:
        return {}
    return {
        f"{address} {language}": now
        for (address, language), now in _outdated(document, known).items()
        if (address, language) in edit.still_right
    }
