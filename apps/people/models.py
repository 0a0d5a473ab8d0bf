"""Who: the officials with their authorities and roles, and the customers."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.people.municipalities import all_municipalities

key_is_plain = RegexValidator(
    r"^[a-z0-9]+(-[a-z0-9]+)*\Z", _("Use lower-case letters, digits and single hyphens only.")
)


class User(AbstractUser):
    """An official or an administrator of the installation. Customers are not users: see `Customer`."""

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Authority(models.Model):
    """A public authority that owns services and handles their cases."""

    class Kind(models.TextChoices):
        """What sort of authority it is."""

        MUNICIPALITY = "municipality", _("Municipality")
        RESCUE = "rescue", _("Rescue authority")
        POLICE = "police", _("Police")
        STATE = "state", _("Other state authority")

    key = models.CharField(_("key"), max_length=60, unique=True, validators=[key_is_plain])
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    name_sv = models.CharField(_("name in Swedish"), max_length=200)
    name_fi = models.CharField(_("name in Finnish"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    municipality_codes = models.JSONField(
        _("municipalities"),
        default=list,
        blank=True,
        help_text=_("Codes of the municipalities it serves; none means all of them."),
    )
    email = models.EmailField(_("role address"), blank=True, help_text=_("A shared mailbox, not a person's own."))

    class Meta:
        verbose_name = _("authority")
        verbose_name_plural = _("authorities")
        ordering = ["name_sv"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Its name in the language of the page."""
        return self.named(get_language() or "sv")

    def named(self, language: str) -> str:
        """Its name in a language; Swedish for a language it has no name in."""
        return str(getattr(self, f"name_{language}", self.name_sv))

    def serves(self, municipality: str) -> bool:
        """Whether a municipality (a code of three digits) is in its area."""
        return not self.municipality_codes or municipality in self.municipality_codes

    def clean(self) -> None:
        """Refuse municipality codes that do not exist."""
        codes = self.municipality_codes
        if not isinstance(codes, list) or any(
            not isinstance(code, str) or code not in all_municipalities() for code in codes
        ):
            raise ValidationError(
                {"municipality_codes": _("Give a list of municipality codes of three digits, such as 091.")}
            )


class Membership(models.Model):
    """What an official may do for an authority."""

    class Role(models.TextChoices):
        """The roles, from the one that only reads to the one that defines services."""

        READER = "reader", _("Reader")
        HANDLER = "handler", _("Handler")
        MANAGER = "manager", _("Manager")
        DESIGNER = "designer", _("Service designer")

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    authority = models.ForeignKey(Authority, models.CASCADE, related_name="memberships", verbose_name=_("authority"))
    role = models.CharField(_("role"), max_length=20, choices=Role)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "authority", "role"],
                name="membership_once",
                violation_error_message=_("This person already has this role there."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}, {self.authority}"


class Customer(models.Model):
    """Somebody who uses the portal, known by one way of identification. Holds only what the service needs of them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    way = models.CharField(_("way of identification"), max_length=20)
    subject = models.CharField(_("identifier within that way"), max_length=200)
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    created_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["way", "subject"], name="customer_known_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def is_test(self) -> bool:
        """Whether this is nobody real, signed in by the test identity."""
        return self.way == "test"
