"""Do the day's duties by hand."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.sync import duties


class Command(BaseCommand):
    help = "Does the day's duties now: reminders and deletion of drafts, and what else the relay does by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, figures in duties.do_all().items():
            said = ", ".join(f"{what} {count}" for what, count in figures.items())
            self.stdout.write(f"{name}: {said or 'nothing to do'}")
