"""What must hold before the public sees a version, and the act of publishing it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.people.models import User
from apps.services.definition import Definition
from apps.services.models import Service, Version
from apps.services.reading import Problem, Unreadable
from apps.services.texts import Texts

REQUIRED_TEXTS = ("name", "summary", "for_whom", "legal_ground", "price", "handling_time", "at_hand")


def obstacles(definition: Definition) -> list[Problem]:
    """Why the definition cannot be published yet, each with its path; empty when it can."""
    found = []
    for path, text in _texts_of(definition):
        for language in text.lacks(definition.languages):
            found.append(Problem(f"{path}.{language}", _("the text is missing in a language the service promises.")))
    if not any(page.asked for page in definition.pages):
        found.append(Problem("pages", _("the form asks nothing.")))
    return found


def publish(version: Version, *, by: User | None, at: datetime | None = None) -> None:
    """Let customers fill in this version from now on. Raises Unreadable with what must be mended first.

    Drafts and cases keep the version they were begun with. A version published again keeps the moment it first was.
    """
    if found := obstacles(version.definition):
        raise Unreadable(found)
    with transaction.atomic():
        service = Service.objects.select_for_update(of=("self",)).get(pk=version.service_id)
        first_time = Version.objects.filter(pk=version.pk, published_at=None)
        first_time.update(published_at=at or timezone.now(), published_by=by)
        version.refresh_from_db(fields=["published_at", "published_by"])
        service.published = version
        service.save(update_fields=["published"])


def close(service: Service, *, at: datetime | None = None) -> None:
    """Let nobody begin with the service from now on. Drafts begun before can still be sent."""
    Service.objects.filter(pk=service.pk, closed_at=None).update(closed_at=at or timezone.now())
    service.refresh_from_db(fields=["closed_at"])


def open_again(service: Service) -> None:
    """Let customers begin with the service again."""
    Service.objects.filter(pk=service.pk).update(closed_at=None)
    service.refresh_from_db(fields=["closed_at"])


def take_old_versions_until(service: Service, last: date | None) -> None:
    """Let drafts of older versions be sent to the end of a day in Helsinki, and then no more; without a day, for ever."""
    service.old_versions_until = last
    service.save(update_fields=["old_versions_until"])


def _texts_of(definition: Definition) -> list[tuple[str, Texts]]:
    """Every text the public can meet, with its path."""
    found = [(name, getattr(definition, name)) for name in REQUIRED_TEXTS]
    found += [(name, getattr(definition, name)) for name in ("deadline", "contact") if getattr(definition, name)]
    if definition.handling_limit and definition.handling_limit.ground:
        found.append(("handling_limit.ground", definition.handling_limit.ground))
    for p, page in enumerate(definition.pages):
        found.append((f"pages[{p}].title", page.title))
        if page.text:
            found.append((f"pages[{p}].text", page.text))
        for f, field in enumerate(page.fields):
            found += [(f"pages[{p}].fields[{f}].{name}", text) for name, text in field.all_texts().items()]
    return found
