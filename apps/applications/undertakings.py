"""Undertakings (sv ärendehelheter): applications that belong together, and the common data that are asked once for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.applications.carrying import what_fits
from apps.applications.journey import Journey
from apps.applications.models import Application, Undertaking
from apps.people.models import Customer
from apps.services.fieldtypes import Field

MOST_PAPERS = 20  # of an undertaking that are looked through
LONGEST_NAME = 120


@dataclass(frozen=True)
class Common:
    """An answer that is offered in another application, and where it comes from."""

    value: Any
    field: Field
    paper: Application


def undertakings_of(customer: Customer) -> QuerySet[Undertaking]:
    """Those of whom the customer acts for now, the latest first."""
    if customer.acting_for is None:
        return Undertaking.objects.filter(customer=customer, principal=None)
    return Undertaking.objects.filter(principal=customer.acting_for)


def give_one(paper: Application, customer: Customer) -> None:
    """Let a paper that belongs to no undertaking begin one. Nothing happens when it has one meanwhile."""
    with transaction.atomic():
        row = Application.objects.select_for_update(of=("self",)).get(pk=paper.pk)
        if row.undertaking_id is None:
            row.undertaking = Undertaking.objects.create(customer=customer, principal=customer.acting_for)
            row.save(update_fields=["undertaking"])
        paper.undertaking = row.undertaking


def rename(undertaking: Undertaking, name: str) -> None:
    """Give it the name by which its owner knows it."""
    undertaking.name = " ".join(name.split())[:LONGEST_NAME]
    undertaking.save(update_fields=["name"])


def papers_together(undertaking: Undertaking, customer: Customer) -> list[Application]:
    """The papers of an undertaking that the customer may read, the latest first; supplements lie in their cases. Tests never belong."""
    own = Application.objects.of(customer).filter(is_test=False)
    papers = own.filter(undertaking=undertaking, supplement_form__isnull=True)
    wide = papers.select_related("version__service__authority").defer("version__document")
    return list(wide.order_by("-changed_at")[:MOST_PAPERS])


def common_answers(papers: list[Application]) -> dict[str, Common]:
    """What the papers, the latest first, say that is common to their undertaking: the latest answer to each question."""
    found: dict[str, Common] = {}
    for paper in papers:
        counting = Journey(paper.definition, paper.answers, paper.day()).counting
        for key, field in paper.definition.fields.items():
            if field.common and not field.carries_file and field.answered(counting.get(key)):
                found.setdefault(key, Common(counting[key], field, paper))
    return found


def offered(paper: Application, customer: Customer) -> dict[str, Common]:
    """What other papers of the same undertaking offer to the questions of this one: same key, both common, and it fits."""
    wanted = {key: field for key, field in paper.definition.fields.items() if field.common}
    if paper.undertaking is None or not wanted or paper.supplement_form is not None:
        return {}
    others = [other for other in papers_together(paper.undertaking, customer) if other.pk != paper.pk]
    fitting = {}
    for key, common in common_answers(others).items():
        fits = what_fits(common.field, wanted.get(key), common.value, common.paper.language)
        if fits is not None:
            fitting[key] = Common(fits, common.field, common.paper)
    return fitting
