"""What the desk shows of a folder: its papers with their answers, its diary in words, and how far it has been passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.applications.models import Application
from apps.cases.intake import papers_of
from apps.cases.models import Case, Event
from apps.cases.rulebook import OUTCOMES
from apps.services.answersheet import Section, without_contact_data
from apps.services.texts import date_words


@dataclass(frozen=True)
class Paper:
    """A paper of the folder, with its answers in the language of the page. `protected`: whether a protection order hides contact data."""

    title: str
    sent_at: datetime | None
    digest: str
    sections: list[Section]
    key: str
    protected: bool = False


@dataclass(frozen=True)
class Happening:
    """A line of the diary in words. `facts` are pairs of label and text, `files` what is known of those that came with it."""

    number: int
    at: datetime
    what: str
    by: str
    facts: list[tuple[str, str]]
    passed_on: bool
    files: list[dict[str, Any]] = field(default_factory=list)


def papers(case: Case, language: str, *, contact_data: bool = False) -> list[Paper]:
    """The papers, oldest first. With a protection order they are without contact data, unless these are asked for.

    The order of one who has sent something holds for all papers of the case: a supplement repeats what others have answered.
    """
    sent, found = papers_of(case), []
    protected = any(paper.customer.protected for paper in sent)
    for count, paper in enumerate(sent):
        title = _("Supplement %(count)d") % {"count": count} if count else _("Application")
        sections = paper.sheet(language)
        if protected and not contact_data:
            sections = without_contact_data(sections)
        found.append(Paper(title, paper.sent_at, paper.digest, sections, str(paper.pk), protected))
    return found


def applicant(case: Case) -> str:
    """Whose case it is; of one for whom somebody acts, who that is too."""
    paper = case.application
    if paper.principal is None:
        return paper.customer.name
    return _("%(principal)s, through %(name)s") % {"principal": paper.principal, "name": paper.customer.name}


def paper_with(case: Case, attachment_id: str) -> Application | None:
    """The paper that was sent with a file of that id; None when the folder has no such paper."""
    return next((p for p in papers_of(case) if attachment_id in {item["id"] for item in p.files()}), None)


def diary(case: Case) -> list[Happening]:
    """Every line, oldest first."""
    return [
        Happening(
            number=event.number,
            at=event.at,
            what=event.label,
            by=_who(event),
            facts=facts_of(event, case),
            passed_on=event.number <= case.acknowledged_number,
            files=event.data.get("files", []),
        )
        for event in case.events.order_by("number")
    ]


def _who(event: Event) -> str:
    """Who did it, and for whom."""
    if not event.on_behalf_of:
        return event.by_name
    return _("%(name)s, on behalf of %(principal)s") % {"name": event.by_name, "principal": event.on_behalf_of}


def facts_of(event: Event, case: Case) -> list[tuple[str, str]]:
    """What was said when it happened."""
    definition, data = case.application.version.definition, event.data
    asked = [definition.fields[key].label.said() for key in data.get("fields", []) if key in definition.fields]
    said = [
        (_("Outcome"), str(OUTCOMES[definition.kind].get(data.get("outcome", ""), ""))),
        (_("To"), str(data.get("to", ""))),
        (_("Text"), str(data.get("text", ""))),
        (_("Register number"), str(data.get("register_number", ""))),
        (_("Last day to answer"), date_words(date.fromisoformat(data["due"])) if data.get("due") else ""),
        (_("Questions to answer again"), ", ".join(asked)),
    ]
    return [(label, text) for label, text in said if text]


def version_words(case: Case) -> dict[str, Any]:
    """With which version it was filled in, and which customers fill in now."""
    used, now = case.application.version, case.service.published
    return {"used": used, "now": now if now and now.pk != used.pk else None}
