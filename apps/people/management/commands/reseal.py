"""`manage.py reseal`: brings every sealed text under the first key of IDENTITY_CODE_KEYS, after which older keys can go."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction
from django.db.models import Q

from apps.people import secondfactor
from apps.people.models import Customer, Principal
from apps.people.sealing import SealedJSONField, SealedTextField, index, indexes

BATCH = 200


class Command(BaseCommand):
    """What is sealed, and what should have been, is sealed anew; nothing that it says changes."""

    help = "Seals all personal identity codes with the first key of IDENTITY_CODE_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through every column that seals. It can be stopped and begun again at any time."""
        for model in apps.get_models():
            names = [f.name for f in model._meta.local_fields if isinstance(f, SealedJSONField | SealedTextField)]
            if names:
                self.stdout.write(f"{model._meta.label}: {_reseal(model, names)}")
        self.stdout.write(f"second factors: {secondfactor.seal_anew()}")
        self.stdout.write(f"indexes: {_index_anew()}")
        self.stdout.write("Done: everything is under the first key.")


def _reseal(model: type[models.Model], names: list[str]) -> int:
    rows = model._base_manager.order_by("pk")
    last: Any = None
    count = 0
    while True:
        with transaction.atomic():
            batch = list((rows.filter(pk__gt=last) if last is not None else rows).select_for_update()[:BATCH])
            for row in batch:
                # Written past the model's own rules: what is frozen says the same as before.
                model._base_manager.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})
        if not batch:
            return count
        count, last = count + len(batch), batch[-1].pk


def _index_anew() -> int:
    """Who is found by an identity code, or by what they are known by without one, is found by an index of the first key."""
    count = 0
    known = ~Q(identity_code="") | ~Q(known_by="")
    holders: list[Any] = [*Customer.objects.filter(known), *Principal.objects.exclude(identity_code="")]
    for holder in holders:
        said = holder.identity_code or holder.known_by
        now = index(said)
        if holder.subject != now and holder.subject in indexes(said):
            type(holder).objects.filter(pk=holder.pk).update(subject=now)
            count += 1
    return count
