"""How long drafts are kept: until so many days after they were last changed as their service says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db import transaction

from apps.applications import drafting
from apps.applications.models import Application, Frozen
from apps.services.models import Version
from apps.services.texts import HELSINKI

DAY = timedelta(days=1)
REMINDED = timedelta(days=7)  # so long before the end its customer is reminded of a draft


def kept_until(paper: Application) -> date | None:
    """The last day on which a draft is kept if nobody changes it. None for what is never deleted: sent papers, and supplements."""
    if not paper.is_draft or paper.supplement_form is not None:
        return None
    return paper.changed_at.astimezone(HELSINKI).date() + timedelta(days=paper.version.definition.draft_days)


def ending(today: date) -> Iterator[Application]:
    """The drafts whose last day is so near that their customers are reminded, or past. Without their answers."""
    begun = Application.objects.drafts().filter(supplement_form__isnull=True)
    versions = Version.objects.filter(pk__in=begun.order_by().values("version"))
    for version in versions:
        since = today - timedelta(days=version.definition.draft_days) + REMINDED
        unchanged = begun.filter(version=version, changed_at__lt=datetime.combine(since + DAY, time.min, HELSINKI))
        for paper in list(unchanged.select_related("customer").defer("answers").order_by("pk")):
            paper.version = version
            yield paper


def forget(paper: Application, today: date) -> bool:
    """Delete a draft with its files if its last day is still past when nobody else can change it. Whether it was done."""
    with transaction.atomic():
        try:
            draft = drafting.lock(paper, "version")
        except Frozen:
            return False
        last = kept_until(draft)
        if last is None or last >= today:
            return False
        drafting.throw_away(draft)
        return True
