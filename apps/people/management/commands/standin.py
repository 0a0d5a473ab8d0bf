"""Start the stand-in for identification and mandates."""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.people.standin.command import add_options, settings_of
from apps.people.standin.server import run


class Command(BaseCommand):
    help = "Starts a stand-in for identification and mandates with artificial persons. Never for the public."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_options(parser)
        parser.add_argument("--yes-for-tests", action="store_true", help="run although DEBUG is off")

    def handle(self, *args: Any, **options: Any) -> None:
        for_tests = options["yes_for_tests"] and settings.ENVIRONMENT != "production"
        if not settings.DEBUG and not for_tests:
            raise CommandError("The stand-in lets anybody be anybody, so it runs only with DEBUG.")
        try:
            run(settings_of(argparse.Namespace(**options)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"The stand-in cannot start: {error}") from error
