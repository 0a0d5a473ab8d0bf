"""Paper to folder: what a customer sends becomes a case, or one more paper in a case, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.applications.carrying import newer_version
from apps.applications.drafting import freeze
from apps.applications.journey import Journey
from apps.applications.models import Application
from apps.cases.models import Case, Event, NotAllowed, SupplementRequest, open_request
from apps.cases.rulebook import Status
from apps.people.models import Customer
from apps.services.texts import HELSINKI, LANGUAGES, date_words


def send(application: Application, *, at: datetime | None = None) -> Case:
    """Send a draft: freeze the paper, make the case and its first diary line, or answer the supplement request it was begun for.

    Sending again (a double click, two tabs, a retry after a lost answer) gives the same case and changes nothing.
    Raises NotComplete when something is still asked for, NotAllowed when the supplement is no longer awaited or the last day
    for drafts of older versions has passed.
    """
    with transaction.atomic():
        paper = (
            Application.objects.select_for_update(of=("self",))
            .select_related("version__service", "customer")
            .get(pk=application.pk)
        )
        if not paper.is_draft:
            return case_of(paper)
        moment = at or timezone.now()
        if paper.supplement_form is not None:
            return _add_to_folder(paper, moment)
        _refuse_old_version(paper, moment)
        freeze(paper, at=moment)
        case = Case.objects.create(
            service=paper.version.service, application=paper, status_at=moment, arrived_at=moment
        )
        case.number = f"FE-{moment.astimezone(HELSINKI).year}-{case.pk:06d}"
        case.save(update_fields=["number"])
        Event.record(case, "received", by=paper.customer, at=moment, data={}, paper=paper)
        return case


def _refuse_old_version(paper: Application, at: datetime) -> None:
    service = paper.version.service
    last = service.old_versions_until
    if last is None or service.takes_old_versions(at.astimezone(HELSINKI).date()) or newer_version(paper) is None:
        return
    said = _("The last day to send the version you began with was %(day)s. Go over to the new version and send that.")
    raise NotAllowed(said % {"day": date_words(last)})


def _add_to_folder(paper: Application, at: datetime) -> Case:
    request = SupplementRequest.objects.select_related("case").get(paper=paper)
    if request.overdue(at.astimezone(HELSINKI).date()):
        raise NotAllowed(_("The last day to send the supplement has passed. Contact the authority."))
    freeze(paper, at=at)
    request.case.take_step("supplement", by=paper.customer, at=at, paper=paper)
    return request.case


def case_of(paper: Application) -> Case:
    """The case a sent paper lies in. Raises Case.DoesNotExist for a draft."""
    if paper.supplement_form is None:
        return Case.objects.get(application=paper)
    return Case.objects.get(supplement_requests__paper=paper)


def begin_supplement(case: Case, customer: Customer) -> Application:
    """The draft of the answer to the case's open supplement request, filled with what was answered before. Raises NotAllowed.

    There is one such draft, however often it is asked for.
    """
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        request = open_request(locked)
        if (
            request is None
            or locked.status != Status.SUPPLEMENT_REQUESTED
            or case.application.customer_id != customer.pk
        ):
            raise NotAllowed(_("The authority is not waiting for a supplement in this case."))
        if request.paper:
            return request.paper
        form = {"fields": request.fields, "page": supplement_page(), "given": latest_answers(locked)}
        paper = Application(
            version=case.application.version,
            customer=customer,
            language=case.application.language,
            supplement_form=form,
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


def papers_of(case: Case) -> list[Application]:
    """The papers in the folder, oldest first."""
    return list(
        Application.objects.filter(event__case=case)
        .select_related("version", "event")
        .defer("version__document")
        .order_by("event__number")
    )


def latest_answers(case: Case) -> dict[str, Any]:
    """What the customer has said last of each field, over all papers, and what of it counts together."""
    return answers_together(papers_of(case))


def answers_together(papers: Sequence[Application]) -> dict[str, Any]:
    """The answers of a case's papers, oldest first, as one: the last of each field, without what they together hide."""
    answers: dict[str, Any] = {}
    for paper in papers:
        answers.update(paper.answers)
    return Journey(papers[0].version.definition, answers, papers[0].day()).counting if papers else {}


def supplement_page() -> dict[str, Any]:
    """The page every supplement ends with, as a document: kept with the paper, so that it stays as it was shown."""

    def said(word: str) -> dict[str, str]:
        texts = {}
        for language in LANGUAGES:
            with translation.override(language):
                texts[language] = _(word)
        return texts

    return {
        "key": "supplement",
        "title": said(gettext_noop("Your supplement")),
        "fields": [
            {
                "kind": "long_text",
                "key": "supplement_text",
                "label": said(gettext_noop("Your answer to the authority")),
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


def supplement_is_late(case: Case, today: date) -> bool:
    """Whether the open request's last day has passed."""
    request = open_request(case)
    return request is not None and request.overdue(today)
