"""What a version would have meant for the applications already sent: who would be refused, be asked more, or lose an answer."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.applications.carrying import what_fits
from apps.applications.emptying import OF_NOTHING
from apps.applications.models import Application, ApplicationQuerySet
from apps.services.definition import Definition
from apps.services.fieldtypes.questions import wanting
from apps.services.models import Service, Version

AT_A_TIME = 200  # papers in memory at once


@dataclass(frozen=True)
class Effect:
    """What one paper would have met, as keys of questions: answers refused, questions newly asked, answers lost."""

    refused: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass
class Tally:
    """How many papers meet something, through which questions how often, and the cases of those that may be named."""

    papers: int = 0
    questions: Counter[str] = dataclasses.field(default_factory=Counter)
    cases: list[str] = dataclasses.field(default_factory=list)

    def add(self, keys: tuple[str, ...], case: str) -> None:
        """Count a paper that meets it through these questions."""
        if keys:
            self.papers += 1
            self.questions.update(keys)
            if case:
                self.cases.append(case)


@dataclass
class DryRun:
    """The outcome: how many papers were looked at, and how many of them would meet what."""

    looked_at: int = 0
    refused: Tally = dataclasses.field(default_factory=Tally)
    asked: Tally = dataclasses.field(default_factory=Tally)
    lost: Tally = dataclasses.field(default_factory=Tally)


def unnamed(paper: Application) -> str:
    """Name no case."""
    return ""


def dry_run(
    version: Version, papers: ApplicationQuerySet | None = None, *, case_of: Callable[[Application], str] = unnamed
) -> DryRun:
    """Judge papers sent under other versions by this one, each on the day it was sent; by default all of the service.

    `case_of` gives the id of a paper's case, or '' where the reader may not see it: counts are told to everybody who may see the
    version, ids only of the cases that the caller lets through. It is called once a paper and should look in what has been read.
    """
    outcome = DryRun()
    definitions = _definitions_of(version.service)
    for paper in (sent_to(version.service) if papers is None else papers).iterator(AT_A_TIME):
        effect = effect_on(paper, definitions[paper.version_id], version.definition)
        case = case_of(paper)
        outcome.looked_at += 1
        outcome.refused.add(effect.refused, case)
        outcome.asked.add(effect.asked, case)
        outcome.lost.add(effect.lost, case)
    return outcome


def sent_to(service: Service) -> ApplicationQuerySet:
    """The papers by which cases of a service began. Supplements are answers to another form; emptied papers answer nothing any more.
    Tests say nothing of what customers answer.
    """
    began = Application.objects.filter(version__service=service, sent_at__isnull=False, supplement_form__isnull=True)
    return began.filter(is_test=False).exclude(digest=OF_NOTHING).order_by("pk")


def effect_on(paper: Application, old: Definition, new: Definition) -> Effect:
    """What a paper sent under one definition would have met under another."""
    day = paper.day()
    given = {key: kept for key, kept in paper.answers.items() if key in old.fields and old.fields[key].asks}
    judged: dict[str, Any] = {}
    refused = []
    for key, kept in given.items():
        now = new.fields.get(key)
        fits = what_fits(old.fields[key], now, kept, paper.language)
        if now is not None and now.asks and fits != kept:
            refused.append(key)
            # Judged as it was all the same, so that what hangs on the answer is not told as changed too.
            fits = kept if fits is None and now.kind == old.fields[key].kind and not now.parts() else fits
        if fits is not None:
            judged[key] = fits
    shown: set[str] = set()
    asked: list[str] = []
    for _page, fields, counting in new.asked(judged, day):
        shown.update(field.key for field in fields)
        for field in fields:
            if not field.asks or field.key in refused or not wanting(field, counting, day):
                continue
            answered = field.key in given and not field.only_lacks(counting.get(field.key), day)
            (refused if answered else asked).append(field.key)
    lost = [key for key in given if key not in shown]
    return Effect(tuple(key for key in refused if key in shown), tuple(asked), tuple(lost))


def _definitions_of(service: Service) -> dict[int, Definition]:
    return {version.pk: version.definition for version in service.versions.all()}
