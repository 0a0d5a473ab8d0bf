"""Who: the officials with their authorities and roles, and the customers."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.people.looks import check_colour
from apps.people.municipalities import all_municipalities
from apps.people.sealing import SealedTextField

is_colour = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("Write the colour as # and six digits, such as #1a5276."))
key_is_plain = RegexValidator(
    r"^[a-z0-9]+(-[a-z0-9]+)*\Z", _("Use lower-case letters, digits and single hyphens only.")
)


def languages() -> list[tuple[str, Any]]:
    """For a model column; a callable, so that a new language writes no migration."""
    return list(settings.LANGUAGES)


class User(AbstractUser):
    """An official or an administrator of the installation. Customers are not users: see `Customer`."""

    language = models.CharField(
        _("language of mails"),
        max_length=10,
        blank=True,
        default="",
        choices=languages,
        help_text=_("Empty for Swedish and Finnish, one after the other."),
    )
    digest = models.BooleanField(
        _("one mail a day"),
        default=False,
        help_text=_("Mails about cases that are redirected to this person come together, once a day."),
    )

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
    logo = models.FileField(
        _("logo"), max_length=200, blank=True, help_text=_("PNG or JPEG, shown on the pages where the authority acts.")
    )
    colour = models.CharField(
        _("colour"),
        max_length=7,
        blank=True,
        validators=[is_colour],
        help_text=_("Shown as a line where the authority acts, such as #1a5276."),
    )
    two_persons = models.BooleanField(
        _("a second person confirms what is published"),
        default=False,
        help_text=_("A version of a service takes effect only when another of its designers has confirmed it."),
    )

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
        """Refuse municipality codes that do not exist, and a colour that nobody could see."""
        if self.colour:
            try:
                is_colour(self.colour)
                check_colour(self.colour)
            except ValidationError as wrong:
                raise ValidationError({"colour": wrong}) from None
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
    only_services = models.JSONField(
        _("only these services"),
        default=list,
        blank=True,
        help_text=_(
            "Keys of the services whose cases it is about; none means all of them. Service designers have all."
        ),
    )

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


class System(models.Model):
    """A system of an authority's own that speaks the interface: its case management, its e-service, a robot. See `people.systems`."""

    class Scope(models.TextChoices):
        """What it may do."""

        READ = "read", _("Read cases")
        WRITE = "write", _("Take steps in cases")
        LEDGER = "ledger", _("Read the ledger")

    authority = models.ForeignKey(Authority, models.CASCADE, related_name="systems", verbose_name=_("authority"))
    name = models.CharField(_("name"), max_length=100, help_text=_("As it is called at the authority."))
    is_test = models.BooleanField(
        _("for testing"),
        default=False,
        help_text=_("It sees generated cases only, and everything it asks and is answered is shown."),
    )
    only_services = models.JSONField(
        _("only these services"),
        default=list,
        blank=True,
        help_text=_("Keys of the services whose cases it is about; none means all of the authority's."),
    )
    scopes = models.JSONField(_("what it may do"), default=list, blank=True)
    active = models.BooleanField(_("let in"), default=True)
    xroad_client = models.CharField(
        _("X-Road client"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("INSTANCE/CLASS/MEMBER/SUBSYSTEM, as the security server says in X-Road-Client."),
    )
    certificate = models.CharField(
        _("client certificate"),
        max_length=64,
        blank=True,
        default="",
        help_text=_("SHA-256 of the certificate, in hexadecimal digits, as the proxy says."),
    )
    wake_url = models.URLField(
        _("woken at"),
        max_length=500,
        blank=True,
        default="",
        help_text=_("Where it is posted that something happened."),
    )
    wake_secret = SealedTextField(
        _("secret of the wake-ups"), blank=True, default="", help_text=_("Signs what is posted there.")
    )
    wake_email = models.EmailField(
        _("woken by mail"), blank=True, default="", help_text=_("A mailbox that the system or its keepers read.")
    )
    checks = models.JSONField(
        _("what has been tried"),
        default=dict,
        blank=True,
        editable=False,
        help_text=_("When each part of the end-to-end test was done first, by its name."),
    )
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("made by")
    )
    used_at = models.DateTimeField(_("last use"), null=True, blank=True, editable=False, help_text=_("To the minute."))

    class Meta:
        verbose_name = _("connected system")
        verbose_name_plural = _("connected systems")
        ordering = ["authority", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["authority", "name"], name="system_named_once"),
            models.UniqueConstraint(
                fields=["xroad_client"],
                condition=~models.Q(xroad_client=""),
                name="system_of_xroad_client",
                violation_error_message=_("Another system is known by this X-Road client already."),
            ),
            models.UniqueConstraint(
                fields=["certificate"],
                condition=~models.Q(certificate=""),
                name="system_of_certificate",
                violation_error_message=_("Another system is known by this certificate already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def may(self, scope: str) -> bool:
        """Whether it may do something (see `Scope`), in the cases that are its own."""
        return self.active and scope in self.scopes


class SystemKey(models.Model):
    """A key of a connected system, shown once, when it is made; only its digest is kept. Two can be good at a time: so one is replaced."""

    system = models.ForeignKey(System, models.CASCADE, related_name="keys", verbose_name=_("connected system"))
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    beginning = models.CharField(
        _("begins with"), max_length=16, editable=False, help_text=_("Enough to know it again, and of no use.")
    )
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("made by")
    )
    ends_at = models.DateTimeField(_("good until"), null=True, blank=True, help_text=_("Empty for no end."))
    used_at = models.DateTimeField(_("last use"), null=True, blank=True, editable=False, help_text=_("To the minute."))

    class Meta:
        verbose_name = _("key of a connected system")
        verbose_name_plural = _("keys of connected systems")
        ordering = ["system", "-made_at"]

    def __str__(self) -> str:
        return f"{self.beginning}…"

    def is_good(self, at: datetime) -> bool:
        """Whether it opens anything at a moment; of keys that are not at hand, `people.systems.good_at` asks the same."""
        return self.ends_at is None or self.ends_at > at


class Customer(models.Model):
    """Somebody who uses the portal, known by one way of identification. Holds only what the service needs of them."""

    DESK = "desk"  # the way of one whom an official has entered. Nobody signs in by it; see `identification.oidc`
    SANDBOX = "sandbox"  # the way of one made up for a system that tests. Nobody signs in by it; nothing real is theirs

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    way = models.CharField(_("way of identification"), max_length=20)
    subject = models.CharField(
        _("identifier within that way"),
        max_length=200,
        help_text=_("Never an identity code itself: of one, an index that only the key makes."),
    )
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    identity_code = SealedTextField(
        _("personal identity code"), blank=True, default="", help_text=_("Empty for somebody who has none.")
    )
    known_by = SealedTextField(
        _("known by"), blank=True, default="", help_text=_("Of somebody without a code: what the index is made of.")
    )
    protected = models.BooleanField(
        _("protection order"), default=False, help_text=_("Contact data are hidden (order for non-disclosure).")
    )
    email = models.EmailField(
        _("e-mail address"), blank=True, default="", help_text=_("Where it is told that something has happened.")
    )
    created_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)

    # For whom they act in this request; None when for themselves. Set by `identification.customer_of`, never stored.
    acting_for: Principal | None = None

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["way", "subject"], name="customer_known_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Given name and family name; of somebody known by a mailbox alone, its address."""
        return f"{self.given_name} {self.family_name}".strip() or self.email

    @property
    def is_test(self) -> bool:
        """Whether this is nobody real, signed in by the test identity."""
        return self.way == "test"

    @property
    def is_made_up(self) -> bool:
        """Whether this is nobody, made up for a connected system that tests: their papers and cases are tests, all of them."""
        return self.way == self.SANDBOX


class Principal(models.Model):
    """Whom a customer acts for: a company or association, or another person."""

    class Kind(models.TextChoices):
        """What sort of principal."""

        COMPANY = "company", _("Company or association")
        PERSON = "person", _("Another person")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    subject = models.CharField(
        _("identifier"),
        max_length=64,
        help_text=_("The business id; of a person, an index of the identity code that only the key makes."),
    )
    name = models.CharField(_("name"), max_length=200)
    identity_code = SealedTextField(_("personal identity code"), blank=True, default="")
    created_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("principal")
        verbose_name_plural = _("principals")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "subject"], name="principal_known_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.business_id})" if self.business_id else self.name

    @property
    def business_id(self) -> str:
        """The business id of a company; empty for a person."""
        return self.subject if self.kind == self.Kind.COMPANY else ""


class Mandate(models.Model):
    """That a customer may act for a principal, as the source of mandates said when it was last asked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="mandates", verbose_name=_("customer"))
    principal = models.ForeignKey(Principal, models.CASCADE, related_name="mandates", verbose_name=_("principal"))
    roles = models.JSONField(_("roles"), default=list, help_text=_("The roles or matters, as the source calls them."))
    source_session = models.CharField(
        _("session at the source"), max_length=200, blank=True, help_text=_("By which the source can be asked again.")
    )
    checked_at = models.DateTimeField(_("last checked"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("mandate")
        verbose_name_plural = _("mandates")
        constraints: ClassVar = [models.UniqueConstraint(fields=["customer", "principal"], name="mandate_once")]

    def __str__(self) -> str:
        return f"{self.customer}: {self.principal}"

    @property
    def holds(self) -> bool:
        """Whether it held when it was last checked."""
        return self.ended_at is None


class SignInLink(models.Model):
    """A link sent by e-mail, with which somebody shows that they read that mailbox. Used once, within its time."""

    token = models.CharField(_("token"), max_length=64, unique=True, help_text=_("SHA-256 of what stands in the link."))
    email = models.EmailField(_("e-mail address"))
    onward = models.CharField(_("goes on to"), max_length=2_000, blank=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("sign-in link")
        verbose_name_plural = _("sign-in links")

    def __str__(self) -> str:
        return str(self.created_at)


class Attempt(models.Model):
    """How often somebody has tried something within a stretch of time; see `people.limits`."""

    key = models.CharField(_("what and who"), max_length=64, help_text=_("A digest; nobody can be read from it."))
    since = models.DateTimeField(_("since"))
    count = models.PositiveIntegerField(_("times"), default=0)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "since"], name="attempt_counted_once")]
        indexes: ClassVar = [models.Index(fields=["since"], name="attempt_since")]

    def __str__(self) -> str:
        return f"{self.since} {self.count}"


class Feedback(models.Model):
    """What somebody says of the portal's accessibility, to be answered within 14 days (306/2019, section 10)."""

    text = SealedTextField(_("feedback"))
    email = models.EmailField(_("e-mail address"), blank=True, help_text=_("Where to answer, if an answer is wanted."))
    page = models.CharField(_("page"), max_length=300, blank=True)
    language = models.CharField(_("language"), max_length=10)
    created_at = models.DateTimeField(_("arrived"), default=timezone.now, editable=False)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("answered by")
    )

    class Meta:
        verbose_name = _("feedback on accessibility")
        verbose_name_plural = _("feedback on accessibility")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d}"


class Immutable(Exception):
    """A line of the log is written once."""


class LogQuerySet(models.QuerySet["LogLine"]):
    """Lines of the log: nothing in them can be changed."""

    def update(self, **kwargs: Any) -> int:
        """Refused. Raises Immutable."""
        raise Immutable

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refused, but for what is older than the log is kept (`people.log.forget_old`). Raises Immutable."""
        raise Immutable

    def bulk_create(self, objs: Any, batch_size: int | None = None, *conflicts: Any, **more: Any) -> Any:
        """Write new lines, and never over old ones. Raises Immutable."""
        if any(conflicts) or any(more.values()) or any(not line._state.adding for line in objs):
            raise Immutable
        if len(objs) == 1:
            objs[0].save(force_insert=True, using=self.db)  # one statement; several are a transaction
            return objs
        return super().bulk_create(objs, batch_size)


class LogLine(models.Model):
    """Who saw, changed, downloaded or exported what, when and from where (906/2019). Written once; says nothing of the content."""

    class Act(models.TextChoices):
        """What was done."""

        SAW = "saw", _("Saw")
        SAW_HIDDEN = "saw_hidden", _("Saw what is hidden")
        SEARCHED = "searched", _("Searched")
        CHANGED = "changed", _("Changed")
        DOWNLOADED = "downloaded", _("Downloaded")
        EXPORTED = "exported", _("Exported")
        DELETED = "deleted", _("Deleted")
        READ_LOG = "read_log", _("Read the log")
        SIGNED_IN = "signed_in", _("Signed in")
        REFUSED = "refused", _("Was refused")

    at = models.DateTimeField(_("when"), default=timezone.now)
    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("official"))
    user_name = models.CharField(_("who"), max_length=201)
    authority = models.ForeignKey(
        Authority, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("authority")
    )
    act = models.CharField(_("what was done"), max_length=20, choices=Act)
    about = models.CharField(
        _("with what"), max_length=100, help_text=_("A case number, or the kind of thing; never a person's name.")
    )
    detail = models.CharField(_("more"), max_length=300, blank=True, default="")
    where = models.CharField(_("from where"), max_length=64, blank=True, default="", help_text=_("Network address."))

    objects = LogQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of the log")
        verbose_name_plural = _("log")
        ordering = ["-at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["authority", "-at"], name="log_of_authority"),
            models.Index(fields=["about", "-at"], name="log_about"),
            models.Index(fields=["at"], name="log_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.user_name} {self.act} {self.about}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write it the first time only. Raises Immutable."""
        if not self._state.adding:
            raise Immutable
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refused. Raises Immutable."""
        raise Immutable
