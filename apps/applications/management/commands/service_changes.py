"""Says in words what differs between two versions of a service, and how many drafts that concerns."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.applications.carrying import drafts_left_behind, drafts_words
from apps.services.changes import changes
from apps.services.models import Version
from apps.services.texts import LANGUAGES


class Command(BaseCommand):
    """`manage.py service_changes KEY [--old N] [--new N] [--language sv]`."""

    help = "Print what differs between two versions of a service, in words. By default the published version and the newest one."

    def add_arguments(self, parser: CommandParser) -> None:
        """The service, perhaps which versions, and the language of the words."""
        parser.add_argument("key")
        parser.add_argument("--old", type=int)
        parser.add_argument("--new", type=int)
        parser.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0])

    def handle(self, *args: Any, key: str, old: int | None, new: int | None, language: str, **options: Any) -> None:
        """Print a line a change, and the drafts left behind."""
        versions = list(Version.objects.filter(service__key=key).select_related("service").order_by("number"))
        if not versions:
            raise CommandError(f"There is no service with the key {key!r}.")
        published = next((version for version in versions if version.is_published), versions[0])
        before, after = _numbered(versions, old, published), _numbered(versions, new, versions[-1])
        found = changes(before.definition, after.definition, language)
        self.stdout.write(f"{key}: version {before.number} → {after.number}, {len(found)} changes")
        for change in found:
            self.stdout.write(f"  {change}")
        self.stdout.write(f"  {drafts_words(drafts_left_behind(after), language)}")


def _numbered(versions: list[Version], number: int | None, otherwise: Version) -> Version:
    if number is None:
        return otherwise
    found = next((version for version in versions if version.number == number), None)
    if found is None:
        raise CommandError(f"There is no version {number}.")
    return found
