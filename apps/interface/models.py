"""What the interface keeps for a while: answers that were given, files that wait for their event, and the calls of systems that test."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.applications.models import StoredFile
from apps.cases.models import Case
from apps.people.models import System
from apps.people.sealing import SealedTextField


class KeptAnswer(models.Model):
    """The answer to a request that changed something, under the key it came with, so that the same request changes nothing twice."""

    system = models.ForeignKey(System, models.CASCADE, related_name="+", verbose_name=_("connected system"))
    key = models.CharField(_("key"), max_length=200)
    digest = models.CharField(_("digest"), max_length=64, help_text=_("SHA-256 of what was asked, and where."))
    document = models.JSONField(_("answer"))
    at = models.DateTimeField(_("given"), default=timezone.now)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "key"], name="answered_once")]
        indexes: ClassVar = [models.Index(fields=["at"], name="answer_at")]

    def __str__(self) -> str:
        return self.key


class WaitingFile(StoredFile):
    """A file that a system has sent ahead of the event it belongs to. It becomes a document of the diary with that event."""

    system = models.ForeignKey(System, models.CASCADE, related_name="+", verbose_name=_("connected system"))
    case = models.ForeignKey(Case, models.CASCADE, related_name="+", verbose_name=_("case"))
    event_key = models.UUIDField(_("key of its event"))
    named = models.CharField(_("id"), max_length=100, help_text=_("As the system calls it."))

    class Meta:
        verbose_name = _("file waiting for its event")
        verbose_name_plural = _("files waiting for their events")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "event_key", "named"], name="waiting_file_once")
        ]
        indexes: ClassVar = [models.Index(fields=["received_at"], name="waiting_file_at")]


class Call(models.Model):
    """One call of a system that tests, and its answer, as they went over the line: for whoever builds the system to look at."""

    system = models.ForeignKey(System, models.CASCADE, related_name="calls", verbose_name=_("connected system"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    method = models.CharField(_("method"), max_length=10)
    path = models.CharField(_("address"), max_length=500)
    headers = models.JSONField(_("headers"), default=dict, help_text=_("Without the key."))
    body = SealedTextField(_("what was sent"), blank=True, default="")
    status = models.PositiveSmallIntegerField(_("status"))
    answer = SealedTextField(_("what was answered"), blank=True, default="")
    milliseconds = models.PositiveIntegerField(_("took"), default=0)

    class Meta:
        verbose_name = _("call of a system that tests")
        verbose_name_plural = _("calls of systems that test")
        ordering = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["system", "-at"], name="call_of_system")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def good(self) -> bool:
        """Whether it was answered with what was asked for."""
        return 200 <= self.status < 300
