"""What can be asked for: a service, and its versions, of which at most one is the published one."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.people import access
from apps.people.access import Visitor
from apps.people.models import Authority, key_is_plain
from apps.services.definition import Definition, load, parse_stored
from apps.services.texts import HELSINKI

# Definitions by their digest, so that a request needs neither the document nor a query for it.
_PARSED: dict[str, Definition] = {}
MOST_PARSED = 1_000

FROZEN = frozenset({"number", "document", "digest"})  # what a version says, and which of them it is


class Immutable(Exception):
    """A version is followed by others, never changed."""


class ServiceQuerySet(models.QuerySet["Service"]):
    """Services."""

    def visible_to(self, user: Visitor) -> ServiceQuerySet:
        """Those an official may look at on the desk."""
        return self.filter(access.services_of(user))

    def open(self) -> ServiceQuerySet:
        """Those customers can find and start."""
        return self.filter(published__isnull=False, closed_at__isnull=True)


class Service(models.Model):
    """Something an authority offers: a permit, a notification, a plan. Its content is in its versions."""

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[key_is_plain])
    authority = models.ForeignKey(Authority, models.PROTECT, related_name="services", verbose_name=_("authority"))
    published = models.ForeignKey(
        "Version", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("published version")
    )
    closed_at = models.DateTimeField(_("closed for new applications"), null=True, blank=True)
    # How its cases are looked after. None of this is the definition's: it changes without a new version.
    email = models.EmailField(
        _("role address"),
        blank=True,
        default="",
        help_text=_("Who is told of new cases: a shared mailbox. Empty for the authority's own."),
    )
    needs_handover = models.BooleanField(
        _("handed over to case management"),
        default=False,
        help_text=_("Nothing of a case is deleted before it has been handed over."),
    )
    handover_on = models.JSONField(
        _("packages are dropped at"),
        default=list,
        blank=True,
        help_text=_("The kinds of events at which a package of the case is put into the folder of the hand-over."),
    )
    # In Helsinki, and the day counts. Without one, drafts can be sent however old their version is.
    old_versions_until = models.DateField(_("last day for drafts of older versions"), null=True, blank=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.published.definition.name.said() if self.published else self.key

    def takes_old_versions(self, day: date | None = None) -> bool:
        """Whether drafts of older versions can be sent on a day in Helsinki, by default today."""
        last = self.old_versions_until
        return last is None or (day or timezone.localdate(timezone=HELSINKI)) <= last


class VersionQuerySet(models.QuerySet["Version"]):
    """Versions."""

    def update(self, **kwargs: Any) -> int:
        """Change what is not frozen, such as when it was published. Raises Immutable."""
        if FROZEN.intersection(kwargs):
            raise Immutable
        return super().update(**kwargs)


class Version(models.Model):
    """One definition of a service, frozen when it was imported. A change is always a new version."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="versions", verbose_name=_("service"))
    number = models.PositiveIntegerField(_("version"))
    document = models.TextField(_("definition"), help_text=_("The text exactly as it was imported."))
    digest = models.CharField(_("digest"), max_length=64, help_text=_("SHA-256 of what the definition says."))
    imported_at = models.DateTimeField(_("imported"), default=timezone.now, editable=False)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("published by"),
    )

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ["service", "-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["service", "number"], name="version_number_once")]

    def __str__(self) -> str:
        return f"{self.service.key} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write it. Raises Immutable when that would change what is frozen."""
        named = kwargs.get("update_fields")
        written = FROZEN.difference(self.get_deferred_fields()).intersection(FROZEN if named is None else named)
        if self.pk is not None and written:
            stored = Version.objects.filter(pk=self.pk).values(*written).first()
            if stored and any(getattr(self, name) != value for name, value in stored.items()):
                raise Immutable
        super().save(*args, **kwargs)

    @property
    def definition(self) -> Definition:
        """What it says, parsed once per process: a version never changes."""
        known = _PARSED.get(self.digest)
        if known is None:
            known = parse_stored(load(self.document))
            if len(_PARSED) >= MOST_PARSED:
                _PARSED.pop(next(iter(_PARSED)), None)
            _PARSED[self.digest] = known
        return known

    @property
    def is_published(self) -> bool:
        """Whether it is the one customers fill in now."""
        return self.service.published_id == self.pk
