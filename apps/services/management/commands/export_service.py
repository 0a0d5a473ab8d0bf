"""Writes a service's definition as it was imported."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.services.exchange import export_service
from apps.services.models import Version


class Command(BaseCommand):
    """`manage.py export_service KEY [--number N]`."""

    help = "Write the newest version's definition (or that of --number) to standard output, byte for byte as imported."

    def add_arguments(self, parser: CommandParser) -> None:
        """The service, and perhaps which version."""
        parser.add_argument("key")
        parser.add_argument("--number", type=int)

    def handle(self, *args: Any, key: str, number: int | None, **options: Any) -> None:
        """Write the bytes; the console's own encoding and line ends stay out of it."""
        try:
            text = export_service(key, number)
        except Version.DoesNotExist:
            raise CommandError(f"There is no such version of a service with the key {key!r}.") from None
        out: Any = self.stdout
        if out._out is sys.stdout:
            sys.stdout.buffer.write(text.encode())
        else:
            self.stdout.write(text, ending="")
