"""Transferring a case to a service of another authority here: a new case arises there with copies of all the papers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.applications import attachments
from apps.applications.models import Application, Attachment
from apps.cases import finding, intake
from apps.cases.models import Case, Event, Way
from apps.cases.rulebook import NotAllowed
from apps.people.models import Customer, User
from apps.services.models import Service


def transfer(
    case: Case, *, by: User, to: str, text: str, service: Service, at: datetime | None = None, once: str = ""
) -> Event:
    """End the case here and let it begin anew at the service, in one transaction. Gives the line that ended it, which names the new case.

    The new case is the customer's as the old one was. Its papers are copies: the same answers, times and digests, and each file once more,
    byte for byte. It arrives now. The same form sent again gives the line it gave. Raises NotAllowed, in words.
    """
    with _copied(case) as files, transaction.atomic():
        # After the copying, which may take longer than the minute that the ledger of the interface waits for.
        moment = at or timezone.now()
        locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if taken := locked.taken_already("transfer", by=by, once=once):
            return taken
        locked.possible_step("transfer", by=by)
        _refuse_unfit(locked, service)
        papers = intake.papers_of(locked)
        if {str(paper.pk) for paper in papers} != {paper for paper, _rows in files}:
            raise NotAllowed(_("Something has arrived in the case just now. Look at it, and transfer the case then."))
        _open_there(locked, service, papers, dict(files), moment)
        return case.take_step("transfer", by=by, at=moment, once=once, to=to, text=text, service=service)


def _refuse_unfit(case: Case, service: Service) -> None:
    if case.is_test:
        raise NotAllowed(
            _("A test does not go to another authority's service here. Write the name of an authority instead.")
        )
    if service.authority_id == case.service.authority_id:
        raise NotAllowed(_("Choose a service of another authority."))
    if not service.makes_cases or service.closed_at is not None:
        raise NotAllowed(_("This service takes no cases now. Choose another one."))


def _open_there(
    case: Case,
    service: Service,
    papers: Sequence[Application],
    files: Mapping[str, Sequence[tuple[str, Attachment]]],
    at: datetime,
) -> None:
    """The new case with its diary: a line for each paper, all at the moment of the transfer."""
    first, *others = papers
    told = {"transferred_from": case.number}
    line = intake.open_folder(
        _copy(first, files[str(first.pk)]),
        by=_sender(first),
        at=at,
        data=_kept(first) | told,
        way=Way.AUTHORITY,
        service=service,
        transferred_from=case,
    )
    for paper in others:
        copy = _copy(paper, files[str(paper.pk)], case=line.case.pk)
        Event.record(line.case, paper.event.kind, by=_sender(paper), at=at, data=_kept(paper) | told, paper=copy)
    if others:
        finding.note(line.case)


def _kept(paper: Application) -> dict[str, Any]:
    """What was assured when a paper was sent, whose it was when an official registered it, and whether there was a protection order."""
    return {name: fact for name, fact in paper.event.data.items() if name in ("declared", "sender", "protected")}


def _sender(paper: Application) -> Customer | User:
    """Who sent a paper, for whom they did then; of what an official had entered, the official."""
    line = paper.event
    if line.by_customer is None and line.by_official is not None:
        return line.by_official
    sender = line.by_customer or paper.customer
    sender.acting_for = line.by_principal
    return sender


def _copy(paper: Application, files: Iterable[tuple[str, Attachment]], *, case: int | None = None) -> Application:
    """The same paper once more, with files of its own. Its digest is that of what was sent, as it stands on the customer's receipt."""
    rows = list(files)
    ids = {old: str(new.pk) for old, new in rows}
    form = _renamed(paper.supplement_form, ids)
    if form is not None and "case" in form:
        form = {**form, "case": case}
    copy = Application.objects.create(
        customer=paper.customer,
        principal=paper.principal,
        version=paper.version,
        undertaking=paper.undertaking,
        language=paper.language,
        answers=_renamed(paper.answers, ids),
        supplement_form=form,
        created_at=paper.created_at,
        changed_at=paper.changed_at,
        changed_by=paper.changed_by,
        shared_at=paper.shared_at,
        entered_by=paper.entered_by,
        came_at=paper.came_at,
        external_id=paper.external_id,
        sent_at=paper.sent_at,
        digest=paper.digest,
    )
    for _old, row in rows:
        row.application = copy
        row.save(force_insert=True)
    return copy


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    """A kept value in which the files are named by other ids."""
    if isinstance(value, list):
        return [_renamed(one, ids) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: ids.get(one, one) if key == "id" and isinstance(one, str) else _renamed(one, ids)
        for key, one in value.items()
    }


# --- files -----------------------------------------------------------------------------------------------------------


@contextmanager
def _copied(case: Case) -> Iterator[list[tuple[str, list[tuple[str, Attachment]]]]]:
    """Each paper of the case with copies of its files, stored but without rows; what gets none is removed again."""
    made: list[Attachment] = []
    try:
        found = []
        for paper in intake.papers_of(case):
            rows = []
            for original in paper.attachments.all():
                made.append(attachments.copied(original))
                rows.append((str(original.pk), made[-1]))
            found.append((str(paper.pk), rows))
        yield found
    finally:
        _let_go(made)


def _let_go(made: Sequence[Attachment]) -> None:
    """Remove what has no row. When the database cannot say, rather a content too many than one too few."""
    try:
        kept = set(Attachment.objects.filter(pk__in=[one.pk for one in made]).values_list("pk", flat=True))
    except DatabaseError:
        return
    for row in made:
        if row.pk not in kept:
            row.content.delete(save=False)
