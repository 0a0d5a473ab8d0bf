"""What the desk shows of a folder: its papers with their answers, its diary in words, and how far it has been passed on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.applications.models import Application
from apps.cases.intake import papers_of
from apps.cases.models import Case, Event
from apps.cases.rulebook import OUTCOMES
from apps.services.answersheet import Section
from apps.services.texts import date_words


@dataclass(frozen=True)
class Paper:
    """A paper of the folder, with its answers in the language of the page."""

    title: str
    sent_at: datetime | None
    digest: str
    sections: list[Section]
    key: str


@dataclass(frozen=True)
class Happening:
    """A line of the diary in words. `facts` are pairs of label and text."""

    number: int
    at: datetime
    what: str
    by: str
    facts: list[tuple[str, str]]
    passed_on: bool


def papers(case: Case, language: str) -> list[Paper]:
    """The papers, oldest first."""
    found = []
    for count, paper in enumerate(papers_of(case)):
        title = _("Supplement %(count)d") % {"count": count} if count else _("Application")
        found.append(Paper(title, paper.sent_at, paper.digest, paper.sheet(language), str(paper.pk)))
    return found


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
            by=event.by_name,
            facts=facts_of(event, case),
            passed_on=event.number <= case.acknowledged_number,
        )
        for event in case.events.order_by("number")
    ]


def facts_of(event: Event, case: Case) -> list[tuple[str, str]]:
    """What was said when it happened."""
    definition, data = case.application.version.definition, event.data
    asked = [definition.fields[key].label.said() for key in data.get("fields", []) if key in definition.fields]
    said = [
        (_("Outcome"), str(OUTCOMES[definition.kind].get(data.get("outcome", ""), ""))),
        (_("To"), str(data.get("to", ""))),
        (_("Text"), str(data.get("text", ""))),
        (_("Last day to answer"), date_words(date.fromisoformat(data["due"])) if data.get("due") else ""),
        (_("Questions to answer again"), ", ".join(asked)),
    ]
    return [(label, text) for label, text in said if text]


def version_words(case: Case) -> dict[str, Any]:
    """With which version it was filled in, and which customers fill in now."""
    used, now = case.application.version, case.service.published
    return {"used": used, "now": now if now and now.pk != used.pk else None}
