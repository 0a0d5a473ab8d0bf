"""A version tried against what has been sent, as the desk shows it: counts for everybody, cases for those who may read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from apps.applications.ahead import ahead_words
from apps.applications.dryrun import Tally, dry_run, sent_to
from apps.cases.models import Case
from apps.people.access import Visitor
from apps.services.models import Version

MOST_JUDGED = 1_000  # somebody waits for the page; `manage.py dry_run` judges them all
MOST_NAMED = 50

HEADINGS: dict[str, Any] = {
    "refused": gettext_lazy("Would be refused"),
    "asked": gettext_lazy("Would be asked more"),
    "lost": gettext_lazy("Would lose an answer"),
}


@dataclass(frozen=True)
class Finding:
    """What some papers would have met: how many, through which questions how often, and the cases of those the reader may see."""

    heading: str
    papers: int
    questions: list[tuple[str, int]]
    cases: list[Case]
    cases_left: int


@dataclass(frozen=True)
class Trial:
    """The outcome of a dry run, and what it would mean for drafts that have been begun, in sentences."""

    looked_at: int
    most: int
    findings: list[Finding]
    drafts: list[str]


def trial_of(version: Version, user: Visitor) -> Trial:
    """Judge the applications sent last by a version, which need not be stored. Only cases that the user may read are named."""
    papers = sent_to(version.service).order_by("-sent_at", "-pk")[:MOST_JUDGED]
    readable = Case.objects.visible_to(user).filter(application__in=papers.values("pk"))
    cases = {str(case.pk): case for case in readable.only("number", "application")}
    keys = {case.application_id: key for key, case in cases.items()}
    outcome = dry_run(version, papers, case_of=lambda paper: keys.get(paper.pk, ""))
    findings = [_finding(word, getattr(outcome, name), version, cases) for name, word in HEADINGS.items()]
    return Trial(outcome.looked_at, MOST_JUDGED, findings, ahead_words(version))


def _finding(heading: Any, tally: Tally, version: Version, cases: dict[str, Case]) -> Finding:
    questions = [(_label(key, version), times) for key, times in tally.questions.most_common()]
    named = [cases[key] for key in tally.cases[:MOST_NAMED]]
    return Finding(str(heading), tally.papers, questions, named, len(tally.cases) - len(named))


def _label(key: str, version: Version) -> str:
    """A question as the version asks it, else as customers are asked now; one of neither is called by its key."""
    for asking in (version, version.service.published):
        field = asking.definition.fields.get(key) if asking else None
        if field is not None and field.label:
            return field.label.said()
    return key
