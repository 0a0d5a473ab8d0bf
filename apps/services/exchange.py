"""Definitions in and out as text: what is exported is byte for byte the JSON that was imported, or that was made of YAML."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.people.models import Authority, User
from apps.services import yamltext
from apps.services.definition import digest_of, judge, load
from apps.services.models import Service, Version
from apps.services.reading import Problem, Unreadable


def import_service(text: str, *, by: User | None = None, at: datetime | None = None) -> tuple[Version, bool]:
    """Store a definition as the newest version of its service, and whether it is a new one.

    A text that does not begin with `{` is read as YAML, and stored as the JSON made of it.
    The service is made when there is none of that key. A text equal to the newest version's is that version, not another one.
    Raises Unreadable with everything that is wrong; then nothing is stored.
    """
    text = as_json(text)
    document = load(text)
    definition, problems = judge(document)
    authority = Authority.objects.filter(key=definition.authority).first()
    if authority is None and definition.authority:
        unknown = _("there is no authority with the key %(key)s.") % {"key": definition.authority}
        problems.append(Problem("authority", unknown))
    if problems or authority is None:
        raise Unreadable(problems)
    with transaction.atomic():
        service, _made = Service.objects.select_for_update(of=("self",)).get_or_create(
            key=definition.key, defaults={"authority": authority}
        )
        if service.authority_id != authority.pk:
            raise Unreadable([Problem("authority", _("the service with this key belongs to another authority."))])
        newest = service.versions.order_by("-number").first()
        if newest and newest.document == text:
            return newest, False
        number = (service.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        version = Version.objects.create(
            service=service,
            number=number,
            document=text,
            digest=digest_of(document),
            imported_at=at or timezone.now(),
            imported_by=by,
        )
        return version, True


def as_json(text: str) -> str:
    """The JSON text of a definition written as JSON or YAML: JSON stays as it is. Raises Unreadable."""
    return text if yamltext.looks_like_json(text) else yamltext.to_json(text)


def export_service(key: str, number: int | None = None) -> str:
    """The text of a service's version: that of the number, else the newest. Raises Version.DoesNotExist."""
    versions = Version.objects.filter(service__key=key)
    if number is not None:
        return versions.get(number=number).document
    newest = versions.order_by("-number").first()
    if newest is None:
        raise Version.DoesNotExist
    return newest.document
