"""Deletes the content of the cases whose time is over, as the relay's duties do every night; or says beforehand what would go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser, no_translations
from django.utils import timezone

from apps.cases import keeping
from apps.cases.keeping import Going, Kept


class Command(BaseCommand):
    """`manage.py forget_cases [--dry-run] [--most N]`."""

    help = (
        "Delete the content of ended cases whose time is over, everywhere; figures stay. With --dry-run, only say which cases "
        "these are and what would go with each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether it is done, and of how many at the most."""
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and delete nothing")
        parser.add_argument("--most", type=int, default=keeping.MOST_AT_ONCE, help="cases at the most (1000)")

    @no_translations
    def handle(self, *args: Any, dry_run: bool, most: int, **options: Any) -> None:
        """Say case by case what goes."""
        now = timezone.now()
        cases = list(keeping.due_to_forget(now).only("pk", "number")[:most])
        total = Going()
        beforehand = keeping.what_goes(cases) if dry_run else {}
        for case in cases:
            try:
                gone = beforehand[case.pk] if dry_run else keeping.forget(case, at=now, by="forget_cases")
            except Kept as why:
                self.stdout.write(f"{case.number}: kept. {why}")
                continue
            self.stdout.write(f"{case.number}: {gone}")
            total += gone
        self.stdout.write(f"{'would be' if dry_run else ''} deleted: cases {total.cases}, {total}".strip())
