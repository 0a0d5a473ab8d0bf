"""Connect a system of an authority, and print its key: the one time that it is told."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from apps.people import log, systems
from apps.people.models import Authority, System
from apps.services.models import Service

BY = "connect_system"


class Command(BaseCommand):
    """The key is all that is printed on stdout, so that a script can keep it: KEY=$(manage.py connect_system …)."""

    help = "Connect a system of an authority and print its key. A system of that name that is there already gets a new key."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, what it is called, and what it may do."""
        parser.add_argument("authority", help="the key of the authority")
        parser.add_argument("name", help="what the system is called at the authority")
        parser.add_argument("--test", action="store_true", help="it sees tests and generated cases only")
        parser.add_argument("--services", nargs="*", default=[], metavar="KEY", help="only these services; else all")
        parser.add_argument(
            "--scopes", nargs="+", choices=System.Scope.values, default=System.Scope.values, help="else all of them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the system where there is none, and a key."""
        authority = Authority.objects.filter(key=options["authority"]).first()
        if authority is None:
            raise CommandError(f"There is no authority with the key {options['authority']!r}.")
        known = set(Service.objects.filter(authority=authority).values_list("key", flat=True))
        if unknown := set(options["services"]) - known:
            raise CommandError(f"The authority has no service {', '.join(sorted(unknown))}.")
        said = {"is_test": options["test"], "only_services": options["services"], "scopes": list(options["scopes"])}
        try:
            with transaction.atomic():
                system, made = System.objects.get_or_create(authority=authority, name=options["name"], defaults=said)
                if not made and any(getattr(system, name) != value for name, value in said.items()):
                    raise CommandError(
                        "There is a system of that name that may do other things. Change it on the desk."
                    )
                key_row, key = systems.make_key(system, by=None)
        except IntegrityError as e:
            raise CommandError("Somebody made a system of that name just now. Try again.") from e
        detail = f"{'added, ' if made else ''}key {key_row} made"
        log.write(log.Act.CHANGED, f"system {system.pk}", who=BY, authority=authority.pk, detail=detail)
        self.stderr.write(f"{system.name}, a system of {authority}{' for testing' if system.is_test else ''}. Its key:")
        self.stdout.write(key)
