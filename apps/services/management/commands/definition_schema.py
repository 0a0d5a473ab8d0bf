"""Writes the JSON Schema of the definition document."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from apps.services.schema import definition_schema


class Command(BaseCommand):
    """`manage.py definition_schema > docs/definition.schema.json`."""

    help = (
        "Write the JSON Schema of the definition document to standard output; docs/definition.schema.json is its copy."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        self.stdout.write(json.dumps(definition_schema(), ensure_ascii=False, indent=2))
