"""`manage.py remove_second_factor USER`: for somebody who has lost it, when nobody can do it at the desk."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.people import log, secondfactor
from apps.people.models import User


class Command(BaseCommand):
    """They connect an app anew when they sign in next; it is written into the log."""

    help = "Removes the second factor of an official, who connects an app anew at the next sign-in."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove it, or say that there is nobody or nothing."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"Nobody at the desk has the user name {options['username']!r}.")
        if not secondfactor.remove(user):
            raise CommandError("They have no second factor.")
        detail = "second factor removed"
        log.write(log.Act.CHANGED, f"user {user.pk}", who="manage.py remove_second_factor", detail=detail)
        self.stdout.write(f"{user.username} connects an app at the next sign-in.")
