"""The row that the hand-written pages edit: the same twelve fields as the engine's page."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from apps.people.models import Customer

COLOURS = [("red", "Röd"), ("green", "Grön"), ("blue", "Blå")]
SIZES = [(f"size_{n}", f"Storlek {n}") for n in range(6)]


class Row(models.Model):
    """Twelve mixed fields."""

    customer = models.ForeignKey(Customer, models.CASCADE)
    name = models.CharField("Namn", max_length=200)
    description = models.TextField("Beskrivning", max_length=4000, help_text="Berätta med egna ord.")
    email = models.EmailField("E-post")
    phone = models.CharField("Telefon", max_length=40)
    visitors = models.IntegerField("Besökare")
    day = models.DateField("Dag")
    hour = models.TimeField("Klockslag")
    music = models.CharField("Musik", max_length=3, choices=[("yes", "Ja"), ("no", "Nej")])
    colour = models.CharField("Färg", max_length=10, choices=COLOURS)
    size = models.CharField("Storlek", max_length=10, choices=SIZES)
    sizes = models.JSONField("Storlekar", default=list)
    agreed = models.BooleanField("Jag intygar att uppgifterna är riktiga")

    objects: ClassVar[models.Manager[Row]] = models.Manager()

    def __str__(self) -> str:
        return self.name
