"""Paper to folder: what a customer sends becomes a case, or one more paper in a case, in one transaction."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.applications import parties, scanning
from apps.applications.carrying import newer_version
from apps.applications.drafting import NotScanned, freeze
from apps.applications.journey import Journey
from apps.applications.models import Application
from apps.cases import duedates, finding, testcases
from apps.cases.models import Case, Event, NotAllowed, SupplementRequest, Way, open_request
from apps.cases.rulebook import Status
from apps.people.identification import strongly_known
from apps.people.models import Customer, System, User
from apps.services import rehearsing
from apps.services.texts import HELSINKI, LANGUAGES, date_words


def send(
    application: Application, *, by: Customer | None = None, declared: str = "", at: datetime | None = None
) -> Case:
    """Send a draft: freeze the paper, make the case and its first diary line, or put it into the folder of the case it was begun for.

    `by` is who sends it, by default who began it: a colleague may send what is shared. `declared` is what they assured by it, as shown.

    Sending again (a double click, two tabs, a retry after a lost answer) gives the same case and changes nothing.
    Raises NotComplete when something is still asked for, NotAllowed when the sender is not known well enough or may not act so, the
    supplement is no longer awaited, the last day for drafts of older versions has passed or a file is not scanned for malware yet,
    for which it is tried again.
    """
    scanning.rescan(application)
    try:
        return _send(application, by, declared, at)
    except NotScanned as refused:
        raise NotAllowed(str(refused)) from refused


def _send(application: Application, by: Customer | None, declared: str, at: datetime | None) -> Case:
    with transaction.atomic():
        paper = (
            Application.objects.select_for_update(of=("self",))
            .select_related("version__service", "customer", "principal")
            .get(pk=application.pk)
        )
        if not paper.is_draft:
            return case_of(paper)
        if paper.customer.is_made_up and not paper.is_test:
            raise NotAllowed(_("This is a made-up customer, of whom tests alone are taken."))
        if paper.is_test and not paper.customer.is_made_up and rehearsing.is_over(paper.version_id):
            raise NotAllowed(_("The test has ended, so it was not sent."))
        if paper.is_redirected:
            raise NotAllowed(_("This goes on in the authority’s own service, so nothing is sent here."))
        sender = by or paper.customer
        if by is None:
            sender.acting_for = paper.principal
        moment = at or timezone.now()
        _refuse_weakly_known(paper, sender)
        if paper.supplement_form is not None:
            return _add_to_folder(paper, sender, moment)
        if by is not None and (objection := parties.objection(paper.version.definition, by)):
            raise NotAllowed(objection)
        _refuse_old_version(paper, moment)
        freeze(paper, at=moment)
        return open_folder(paper, by=sender, at=moment, data={"declared": declared} if declared else {}).case


def open_folder(
    paper: Application,
    *,
    by: User | Customer | System,
    at: datetime,
    data: dict[str, Any],
    way: str = Way.PORTAL,
    arrived_at: datetime | None = None,
    key: uuid.UUID | None = None,
    **more: Any,
) -> Event:
    """The case of a paper that has just been frozen, with the next number, and its first diary line, which is returned.

    Every case begins here, however it came: `at` is now, `arrived_at` when the authority had it, where that was before. `more` is
    what a case has that did not begin at the paper's own service. `key` is the line's, where it has one already.

    What began elsewhere keeps the external id it has there; when another case has it by now, this one gets an id of its own.
    """
    known = {"service": paper.version.service, "application": paper, "is_test": paper.is_test, **more}
    if paper.is_test:
        known["external_id"] = testcases.external_id_of(paper)
    elif paper.external_id and "transferred_from" not in more:  # where it was transferred from keeps it
        known["external_id"] = paper.external_id
    case = _made(status_at=at, told_at=at, way=way, arrived_at=arrived_at or at, uncollected_from=1, **known)
    case.number = f"{'TEST' if case.is_test else 'FE'}-{at.astimezone(HELSINKI).year}-{case.pk:06d}"
    case.due_on = duedates.at_arrival(duedates.limit_of(case), case.arrived_at)
    finding.fill(case)
    case.save(update_fields=["number", "due_on", *finding.FOUND_BY])
    return Event.record(case, "received", by=by, at=at, data=data, paper=paper, key=key, first=True)


def _made(**known: Any) -> Case:
    """The row of a case, with an external id of its own when the one it would keep has been taken, be it in this very moment."""
    if "external_id" in known and not known["is_test"]:
        try:
            with transaction.atomic():
                return Case.objects.create(**known)
        except IntegrityError:
            del known["external_id"]
    return Case.objects.create(**known)


def _refuse_weakly_known(paper: Application, sender: Customer) -> None:
    if paper.is_test and paper.customer.is_made_up and sender.pk == paper.customer_id:
        return  # of nobody there is nothing to be sure of
    if paper.version.definition.identification == "strong" and not strongly_known(sender):
        raise NotAllowed(
            _("This must be sent by somebody of whom it is known for sure who they are. Sign in strongly.")
        )


def _refuse_old_version(paper: Application, at: datetime) -> None:
    service = paper.version.service
    last = service.old_versions_until
    if last is None or service.takes_old_versions(at.astimezone(HELSINKI).date()) or newer_version(paper) is None:
        return
    said = _("The last day to send the version you began with was %(day)s. Go over to the new version and send that.")
    raise NotAllowed(said % {"day": date_words(last)})


def _add_to_folder(paper: Application, by: Customer, at: datetime) -> Case:
    request = SupplementRequest.objects.select_related("case").filter(paper=paper).first()
    if request is None:
        case = Case.objects.get(pk=paper.folder or 0)
        freeze(paper, at=at)
        case.take_step("add", by=by, at=at, paper=paper)
        finding.note(case)
        return case
    if request.overdue(at.astimezone(HELSINKI).date()):
        raise NotAllowed(_("The last day to send the supplement has passed. Contact the authority."))
    freeze(paper, at=at)
    request.case.take_step("supplement", by=by, at=at, paper=paper)
    finding.note(request.case)
    return request.case


def case_of(paper: Application) -> Case:
    """The case a sent paper lies in. Raises Case.DoesNotExist for a draft."""
    if paper.supplement_form is None:
        return Case.objects.get(application=paper)
    return Case.objects.get(events__paper=paper)


def begin_supplement(case: Case, customer: Customer) -> Application:
    """The draft of the answer to the case's open supplement request, filled with what was answered before. Raises NotAllowed.

    There is one such draft, however often it is asked for.
    """
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        request = open_request(locked)
        if request is None or locked.status != Status.SUPPLEMENT_REQUESTED or not case.steps_for(customer):
            raise NotAllowed(_("The authority is not waiting for a supplement in this case."))
        if request.paper:
            return request.paper
        form = {"fields": request.fields, "page": supplement_page(), "given": latest_answers(locked)}
        paper = Application(
            version=case.application.version,
            customer=customer,
            principal=case.application.principal,
            language=case.application.language,
            is_test=case.is_test,
            supplement_form=form,
            shared_at=timezone.now() if case.application.principal_id else None,  # all who act for it answer together
        )
        paper.answers = {
            key: form["given"][key]
            for key, field in paper.definition.fields.items()
            if key in form["given"] and field.asks and not field.carries_file
        }
        paper.save()
        request.paper = paper
        request.save(update_fields=["paper"])
        return request.paper


def begin_addition(case: Case, customer: Customer) -> Application:
    """The draft of something the customer adds unasked while the case is open. Raises NotAllowed. There is one such draft at a time."""
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        locked.possible_step("add", by=customer)
        begun = Application.objects.of(customer).drafts().filter(supplement_form__case=locked.pk).first()
        if begun is not None:
            return begun
        page = supplement_page(title=UNASKED[0], label=UNASKED[1])
        form = {"fields": [], "page": page, "given": latest_answers(locked), "case": locked.pk}
        return Application.objects.create(
            version=case.application.version,
            customer=customer,
            principal=case.application.principal,
            language=case.application.language,
            is_test=case.is_test,
            supplement_form=form,
            shared_at=timezone.now() if case.application.principal_id else None,
        )


def papers_of(case: Case) -> list[Application]:
    """The papers in the folder, oldest first."""
    return list(
        Application.objects.filter(event__case=case)
        .select_related("version", "event__by_principal", "customer")
        .defer("version__document", "customer__identity_code")
        .order_by("event__number")
    )


def papers_of_all(cases: Sequence[int]) -> dict[int, list[Application]]:
    """The papers of many cases, oldest first, by the cases' ids. Versions are fetched apart, since many papers share a long definition."""
    found = (
        Application.objects.filter(event__case__among=cases)
        .select_related("event__by_principal")
        .defer("created_at", "changed_at")
        .prefetch_related("version__service")
        .order_by("event__case", "event__number")
    )
    by_case: dict[int, list[Application]] = defaultdict(list)
    for paper in found if cases else ():
        by_case[paper.event.case_id].append(paper)
    return by_case


def latest_answers(case: Case) -> dict[str, Any]:
    """What the customer has said last of each field, over all papers, and what of it counts together."""
    return answers_together(papers_of(case))


def answers_together(papers: Sequence[Application]) -> dict[str, Any]:
    """The answers of a case's papers, oldest first, as one: the last of each field, without what they together hide."""
    answers: dict[str, Any] = {}
    for paper in papers:
        answers.update(paper.answers)
    return Journey(papers[0].version.definition, answers, papers[0].day()).counting if papers else {}


# What the page is called, and its question.
ASKED = (gettext_noop("Your supplement"), gettext_noop("Your answer to the authority"))
UNASKED = (gettext_noop("What you add"), gettext_noop("What you want to add or correct"))


def supplement_page(*, title: str = ASKED[0], label: str = ASKED[1]) -> dict[str, Any]:
    """The page every supplement ends with, as a document: kept with the paper, so that it stays as it was shown."""

    def said(word: str) -> dict[str, str]:
        texts = {}
        for language in LANGUAGES:
            with translation.override(language):
                texts[language] = _(word)
        return texts

    return {
        "key": "supplement",
        "title": said(title),
        "fields": [
            {
                "kind": "long_text",
                "key": "supplement_text",
                "label": said(label),
            },
            {
                "kind": "file",
                "key": "supplement_files",
                "label": said(gettext_noop("Attachments to the supplement")),
                "required": False,
                "max_files": 10,
                "types": ["pdf", "png", "jpeg", "docx", "xlsx", "odt", "ods"],
            },
        ],
    }
