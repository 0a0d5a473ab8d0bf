"""Says of a service whether accepting a case of it can create an authority."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from apps.services.models import Service


class Command(BaseCommand):
    """`manage.py joins_authorities KEY [--off]`."""

    help = (
        "Let accepting a case of a service (that of the library's joining form) create an authority, its people and its "
        "services; with --off no more. Whoever handles the service's cases can do it from then on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The service, and whether to end it."""
        parser.add_argument("key")
        parser.add_argument("--off", action="store_true")

    @no_translations
    def handle(self, *args: Any, key: str, off: bool, **options: Any) -> None:
        """Set it."""
        if not Service.objects.filter(key=key).update(joins_authorities=not off):
            raise CommandError(f"There is no service with the key {key}.")
        self.stdout.write(f"{key}: {'authorities no longer join' if off else 'authorities can join'} by its cases.")
