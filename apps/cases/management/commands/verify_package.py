"""Verifies packages of cases: whether they are whole, and as they were made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from apps.cases.verifying import verify


class Command(BaseCommand):
    """`manage.py verify_package FILE…`."""

    help = (
        "Look at packages of cases, each by itself: whether everything is there and nothing else, every digest is right, and the case "
        "is said as its schema demands. Says of each in a line whether it is sound, and fails when one is not. Asks no database."
    )
    requires_system_checks = []  # one of them could ask the database

    def add_arguments(self, parser: CommandParser) -> None:
        """The packages."""
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    @no_translations
    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        """A line for each. Raises CommandError when one is not sound."""
        wrong = 0
        for path in files:
            problems = self._problems(path)
            wrong += bool(problems)
            self.stdout.write(f"{path}: {' '.join(problems) or 'sound'}")
        if wrong:
            raise CommandError(f"{wrong} of {len(files)} are not sound.")

    @staticmethod
    def _problems(path: Path) -> list[str]:
        try:
            with path.open("rb") as file:
                return verify(file)
        except OSError as e:
            return [f"It cannot be opened: {type(e).__name__}."]
