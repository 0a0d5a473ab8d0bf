"""Writes all services of an authority as one archive of definition files."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.people.models import Authority
from apps.services import archives


class Command(BaseCommand):
    """`manage.py export_services AUTHORITY > services.zip`."""

    help = "Write a zip of an authority's services to standard output: of each the published version, else the newest."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("authority", help="the authority's key")

    def handle(self, *args: Any, authority: str, **options: Any) -> None:
        """Write the bytes."""
        try:
            owner = Authority.objects.get(key=authority)
        except Authority.DoesNotExist:
            raise CommandError(f"There is no authority with the key {authority!r}.") from None
        out: Any = self.stdout
        out._out.buffer.write(archives.export_all(owner))
