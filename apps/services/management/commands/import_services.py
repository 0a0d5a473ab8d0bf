"""Reads an archive of definition files into new versions of an authority's services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from apps.people.models import Authority
from apps.services import archives
from apps.services.archives import NotAnArchive


class Command(BaseCommand):
    """`manage.py import_services AUTHORITY FILE`."""

    help = "Read a zip of definition files into new versions, which customers do not see yet: all of them or none."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, and the archive."""
        parser.add_argument("authority", help="the authority's key")
        parser.add_argument("file", type=Path)

    @no_translations
    def handle(self, *args: Any, authority: str, file: Path, **options: Any) -> None:
        """Import, and say what came of each file."""
        try:
            owner = Authority.objects.get(key=authority)
            taken = archives.import_all(file.read_bytes(), owner, by=None)
        except Authority.DoesNotExist:
            raise CommandError(f"There is no authority with the key {authority!r}.") from None
        except OSError as e:
            raise CommandError(f"{file} cannot be read: {e.strerror}.") from None
        except NotAnArchive as refused:
            raise CommandError(str(refused)) from None
        wrong = [f"  {one.name}: {problem}" for one in taken for problem in one.problems]
        if wrong:
            raise CommandError("Nothing was imported:\n" + "\n".join(wrong))
        for one in taken:
            assert one.version is not None  # noqa: S101 (nothing is wrong with it)
            what = "imported as" if one.is_new else "is already"
            self.stdout.write(f"{one.name}: {what} version {one.version.number}")
