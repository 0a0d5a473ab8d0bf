"""Reads a definition file into a new version of its service."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.db import transaction

from apps.services import gate, publishing
from apps.services.exchange import import_service
from apps.services.reading import Unreadable
from apps.services.yamltext import to_json


class Command(BaseCommand):
    """`manage.py import_service FILE [--publish]`."""

    help = (
        "Read a definition file (JSON, or YAML in a file called .yaml or .yml) into a new version of its service; "
        "with --publish customers fill it in from now on, if nothing stops it at the gate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and whether to publish."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--publish", action="store_true")

    @no_translations
    def handle(self, *args: Any, file: Path, publish: bool, **options: Any) -> None:
        """Import, and publish if asked; all or nothing."""
        try:
            text = file.read_bytes().decode("utf-8")
        except OSError as e:
            raise CommandError(f"{file} cannot be read: {e.strerror}.") from None
        except UnicodeDecodeError:
            raise CommandError(f"{file} is not UTF-8. Save it as UTF-8 and try again.") from None
        try:
            with transaction.atomic():
                if file.suffix.lower() in (".yaml", ".yml"):
                    text = to_json(text)
                version, is_new = import_service(text)
                if publish and not version.is_published:
                    if stops := publishing.stops_of(version):
                        raise Unreadable(stops)
                    publishing.publish(version, by=None)
        except Unreadable as e:
            raise CommandError(
                f"{file} was not imported:\n" + "\n".join(f"  {problem}" for problem in e.problems)
            ) from None
        what = "imported as" if is_new else "is already"
        self.stdout.write(
            f"{version.service.key}: {what} version {version.number}" + (", published" if publish else "")
        )
        for finding in gate.of_connection(version.service, version.definition) if publish else ():
            self.stderr.write(f"  {finding.as_problem}")
