"""Writes everything that the installation holds on a person, for them (GDPR, article 15)."""

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.cases import personaldata
from apps.sync.personaldata import more


class Command(BaseCommand):
    """`manage.py personal_data --out DIR`. Whose data they are is asked for, and never an argument: every user of a machine sees those."""

    help = (
        "Write everything that the installation holds on a person into one archive in a folder. Asks on standard input for the "
        "personal identity code, or for the id of a customer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Where it is written, and who does it."""
        parser.add_argument(
            "--out", required=True, type=Path, help="the folder; made for its owner alone if there is none"
        )
        parser.add_argument("--by", default="", help="who does it, for the log; by default the user of this system")
        parser.add_argument(
            "--with-officials", action="store_true", help="with the names of the officials who wrote or looked"
        )

    def handle(self, *args: Any, out: Path, by: str, with_officials: bool, **options: Any) -> None:
        """Find the person and write."""
        try:
            person = personaldata.find(self._asked())
        except personaldata.Unknown:
            raise CommandError("Nobody is known by that.") from None
        try:
            path = personaldata.export(
                person, out, by=by or getpass.getuser(), more=more, with_officials=with_officials
            )
        except personaldata.Holding as why:
            raise CommandError(str(why)) from None
        self.stdout.write(str(path))
        self.stdout.write("Look through it before it is given out: see docs/keeping.md.")

    @staticmethod
    def _asked() -> str:
        """What is typed, unseen; or the first line of what is piped."""
        if sys.stdin.isatty():
            return getpass.getpass("Personal identity code, or id of the customer: ")
        return sys.stdin.readline()
