"""What can be asked for: a service and its versions, of which at most one is the published one; and how a version comes about."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.people import access
from apps.people.access import Visitor
from apps.people.models import Authority, Customer, key_is_plain
from apps.services.definition import Definition, load, parse_stored
from apps.services.texts import HELSINKI, Texts

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
    called = models.JSONField(
        _("called"),
        default=dict,
        blank=True,
        editable=False,
        help_text=_("Its name by language, while no version of it is published."),
    )
    joins_authorities = models.BooleanField(
        _("joins authorities"),
        default=False,
        help_text=_(
            "Accepting a case of it can create an authority, its people and its services. Only who looks after the installation sets it."
        ),
    )
    # In Helsinki, and the day counts. Without one, drafts can be sent however old their version is.
    old_versions_until = models.DateField(_("last day for drafts of older versions"), null=True, blank=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["key"]

    def __str__(self) -> str:
        if self.published:
            return self.published.definition.name.said()
        return Texts(self.called).said() or self.key

    @property
    def makes_cases(self) -> bool:
        """Whether what customers fill in is sent and becomes a case; of a survey nothing is."""
        return self.published is not None and not self.published.definition.is_survey

    def names(self) -> list[str]:
        """What it is called in each language."""
        name = self.published.definition.name if self.published else Texts(self.called)
        return list(name.as_json().values())

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


class WorkingCopy(models.Model):
    """What a service's next version will say while its designers write it: one of each service, gone when it has become a version.

    What it says is one of its revisions, the one numbered `at`. Undoing goes back to the revision before; what comes after it stays, to be
    done again, until somebody changes something else. See `services.working`.
    """

    service = models.OneToOneField(Service, models.CASCADE, related_name="working_copy", verbose_name=_("service"))
    base = models.ForeignKey(
        Version, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("begun from")
    )
    at = models.PositiveIntegerField(_("revision"), default=1)
    last = models.PositiveIntegerField(
        _("last number given"),
        default=1,
        help_text=_("No number is given twice, so an old form is always known as old."),
    )
    looked_up: Revision | None = None  # the revision asked for last, for who asks again: `working.revision_of`
    begun_at = models.DateTimeField(_("begun"), default=timezone.now, editable=False)
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("begun by")
    )

    class Meta:
        verbose_name = _("working copy")
        verbose_name_plural = _("working copies")

    def __str__(self) -> str:
        return f"{self.service.key} …{self.at}"


class Revision(models.Model):
    """What a working copy says after one change: the whole document, and who did what."""

    copy = models.ForeignKey(WorkingCopy, models.CASCADE, related_name="revisions", verbose_name=_("working copy"))
    number = models.PositiveIntegerField(_("number"))
    document = models.TextField(_("definition"))
    written_from = models.JSONField(
        _("written from"),
        default=dict,
        help_text=_(
            "Of each translated text, a digest of the original it was written from: how it is known that one is outdated."
        ),
    )
    act = models.CharField(_("what was done"), max_length=40)
    about = models.CharField(_("to what"), max_length=200, blank=True, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["copy", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["copy", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"{self.copy_id}: {self.number}"


class PublicationQuerySet(models.QuerySet["Publication"]):
    """Publications."""

    def waiting(self) -> PublicationQuerySet:
        """Those neither done nor called off."""
        return self.filter(done_at=None, called_off_at=None)


class Publication(models.Model):
    """One act of publishing a version: who asked for it and why, who confirmed it, when it takes effect. Its times say how it stands.

    A version can be published again, which takes the service back to it. See `services.publishing`.
    """

    version = models.ForeignKey(Version, models.CASCADE, related_name="publications", verbose_name=_("version"))
    why = models.TextField(_("why"), blank=True, default="")
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked for by"),
    )
    wanted_at = models.DateTimeField(_("takes effect"), null=True, blank=True, help_text=_("Empty for at once."))
    needs_second = models.BooleanField(_("waits for a second person"), default=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )
    done_at = models.DateTimeField(_("took effect"), null=True, blank=True, editable=False)
    called_off_at = models.DateTimeField(_("called off"), null=True, blank=True, editable=False)
    called_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("called off by"),
    )

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["-asked_at", "-id"]

    def __str__(self) -> str:
        return f"{self.version}: {self.asked_at:%Y-%m-%d}"


class Rehearsal(models.Model):
    """A version tried to the end by named testers before customers meet it. Its papers and cases are marked as tests."""

    version = models.OneToOneField(Version, models.CASCADE, related_name="rehearsal", verbose_name=_("version"))
    opened_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("opened by")
    )
    closed_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("test of a version")
        verbose_name_plural = _("tests of versions")
        ordering = ["-opened_at"]

    def __str__(self) -> str:
        return str(self.version)


class Tester(models.Model):
    """Somebody who may try a version: named by a designer, and known as the customer who first opened their link."""

    rehearsal = models.ForeignKey(
        Rehearsal, models.CASCADE, related_name="testers", verbose_name=_("test of a version")
    )
    name = models.CharField(_("name"), max_length=200)
    key_digest = models.CharField(_("digest of the key in the link"), max_length=64, unique=True, editable=False)
    customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    added_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("tester")
        verbose_name_plural = _("testers")
        ordering = ["rehearsal", "added_at"]

    def __str__(self) -> str:
        return self.name
