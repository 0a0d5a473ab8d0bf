"""Start the reference receiver, which stands in for the national service."""

import argparse
import sqlite3
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.sync.reference.command import add_options, settings_of
from apps.sync.reference.server import run


class Command(BaseCommand):
    help = "Starts the reference receiver: a stand-in for the national service that shows what it has received."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run(settings_of(argparse.Namespace(**options)))
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"The reference receiver cannot start: {error}") from error
