"""Says what a version would have meant for the applications already sent."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from apps.applications.dryrun import Tally, dry_run
from apps.services.models import Version


class Command(BaseCommand):
    """`manage.py dry_run KEY [--number N]`."""

    help = (
        "Judge the applications already sent by the newest version of a service (or that of --number), and print how many "
        "would be refused, be asked more, or lose an answer. Prints counts only, never which cases."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The service, and perhaps which version."""
        parser.add_argument("key")
        parser.add_argument("--number", type=int)

    @no_translations
    def handle(self, *args: Any, key: str, number: int | None, **options: Any) -> None:
        """Print the counts, and the questions that bring them about."""
        versions = Version.objects.filter(service__key=key).select_related("service").order_by("-number")
        version = (versions if number is None else versions.filter(number=number)).first()
        if version is None:
            raise CommandError(f"There is no such version of a service with the key {key!r}.")
        outcome = dry_run(version)
        self.stdout.write(f"{key}: version {version.number} against {outcome.looked_at} applications sent")
        for what, tally in (
            ("would be refused", outcome.refused),
            ("would be asked more", outcome.asked),
            ("would lose an answer", outcome.lost),
        ):
            self._print(what, tally)

    def _print(self, what: str, tally: Tally) -> None:
        self.stdout.write(f"  {what}: {tally.papers}")
        for question, times in sorted(tally.questions.items()):
            self.stdout.write(f"    {question}: {times}")
