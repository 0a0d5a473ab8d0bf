"""The second factor of officials who sign in with a password: a code of their telephone's app, or one they have kept for when it is lost.

The library (django-allauth's MFA) keeps what is needed for it and reckons the codes. Its pages have no address here: they
would bring sign-up, mails and limits that count per process. Who comes from a provider has shown a second factor there.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa import app_settings
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode

from apps.people.models import User
from apps.people.sealing import opened_text, sealed_text

PASSED_KEY = "second_factor"  # in the session: by which authenticator it was shown, or that a provider saw to it
BY_PROVIDER = "provider"
LAST_STEP = "last_step"  # of the authenticator's data: the half minute whose code was used last
ISSUER = "Förenklad e-tjänst"

Type = Authenticator.Type


class Sealed(DefaultMFAAdapter):
    """How the library keeps its secrets here: sealed, as personal identity codes are (`people.sealing`)."""

    def encrypt(self, text: str) -> str:
        """The secret as a token."""
        return sealed_text(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret of a token. Raises NoKey."""
        return opened_text(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What the telephone's app calls us."""
        return settings.OPERATOR_NAME or ISSUER

    def _get_user_identifier(self, user: User) -> str:
        return user.username


class NobodySignsUp(DefaultAccountAdapter):
    """The library would let anybody become a user, wherever its pages had an address."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: officials are added at the desk."""
        return False


# --- what somebody has -----------------------------------------------------------------------------------------------


def held_by(user: User) -> Authenticator | None:
    """The app that an official has connected."""
    return Authenticator.objects.filter(user=user, type=Type.TOTP).first()


def new_secret() -> str:
    """A secret for an app that is to be connected."""
    return generate_totp_secret()


def picture(user: User, secret: str) -> str:
    """The secret as a picture that the app reads with its camera: an address of `data:`."""
    adapter = Sealed()
    svg = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def connect(user: User, secret: str, typed: str, *, at: datetime | None = None) -> Authenticator | None:
    """Connect the app that has this secret, as the typed code of it shows; None when the code is wrong or another app was faster."""
    step = _step_of(secret, typed, at or timezone.now())
    if step is None:
        return None
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if held_by(user):
            return None
        Authenticator.objects.filter(user=user).delete()  # codes of an app that is gone
        made: Authenticator = TOTP.activate(user, secret).instance
        made.data[LAST_STEP] = step
        made.save()
        RecoveryCodes.activate(user)
    return made


def accepts(user: User, typed: str, *, at: datetime | None = None) -> Authenticator | None:
    """What the typed code is of: the app, or the codes for when it is lost. None when it is wrong. Each code is taken once."""
    at = at or timezone.now()
    with transaction.atomic():
        held = Authenticator.objects.select_for_update().filter(user=user)
        for one in sorted(held, key=lambda one: one.type != Type.TOTP):
            kept = RecoveryCodes(one) if one.type == Type.RECOVERY_CODES else None
            if kept.validate_code(typed) if kept else _takes(one, typed, at):
                used: Authenticator = kept.instance if kept else one
                used.last_used_at = at
                used.save()
                return used
    return None


def codes_left(user: User) -> list[str]:
    """The codes for when the app is lost that have not been used."""
    kept = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).first()
    return RecoveryCodes(kept).get_unused_codes() if kept else []


def renew_codes(user: User) -> list[str]:
    """New codes for when the app is lost; the old ones are of no use any more."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).delete()
        return list(RecoveryCodes.activate(user).get_unused_codes())


def remove(user: User) -> bool:
    """Forget the app and the codes: whoever has shown one of them must connect an app anew. Whether there was one."""
    return bool(Authenticator.objects.filter(user=user).delete()[0])


def seal_anew() -> int:
    """Bring the secrets under the first key of IDENTITY_CODE_KEYS; how many authenticators there are."""
    count = 0
    for pk in Authenticator.objects.values_list("pk", flat=True):
        with transaction.atomic():
            one = Authenticator.objects.select_for_update().filter(pk=pk).first()
            for name in ("secret", "seed") if one else ():
                if name in one.data:
                    one.data[name] = sealed_text(opened_text(one.data[name]))
                    one.save()
                    count += 1
    return count


def _takes(one: Authenticator, typed: str, at: datetime) -> bool:
    """Whether an app's code is right and newer than the last one used, which is then this one."""
    if one.type != Type.TOTP:
        return False
    step = _step_of(decrypt(one.data["secret"]), typed, at)
    if step is None or step <= one.data.get(LAST_STEP, 0):
        return False
    one.data[LAST_STEP] = step
    return True


def _step_of(secret: str, typed: str, at: datetime) -> int | None:
    """Of which half minute the code is; the library would remember those used in a cache, which processes do not share."""
    now, near = int(at.timestamp()) // app_settings.TOTP_PERIOD, app_settings.TOTP_TOLERANCE
    typed = "".join(typed.split())
    found = None
    for step in range(now - near, now + near + 1):
        if constant_time_compare(typed, format_hotp_value(hotp_value(secret, step))):
            found = step
    return found


# --- whether it has been shown ---------------------------------------------------------------------------------------


def is_asked_of(request: HttpRequest) -> bool:
    """Whether whoever is signed in still has to show it."""
    return isinstance(request.user, User) and not passed(request)


def passed(request: HttpRequest) -> bool:
    """Whether the session's official has shown it, with what they still have; everybody has where none is asked for."""
    if not settings.SECOND_FACTOR:
        return True
    user: User | AnonymousUser = request.user
    by = request.session.get(PASSED_KEY)
    if not isinstance(user, User) or not by or by == BY_PROVIDER:
        return by == BY_PROVIDER
    if "_factor_held" not in request.__dict__:
        request.__dict__["_factor_held"] = Authenticator.objects.filter(pk=by, user=user).exists()
    return bool(request.__dict__["_factor_held"])


def note_passed(request: HttpRequest, by: Authenticator | str) -> None:
    """Let the session remember that it was shown: by which app, or at the provider."""
    if isinstance(by, Authenticator):
        held = held_by(by.user)
        by = str((held or by).pk)
    request.session[PASSED_KEY] = by
    request.__dict__.pop("_factor_held", None)


def note_not_passed(request: HttpRequest) -> None:
    """Let the session forget it."""
    request.session.pop(PASSED_KEY, None)
    request.__dict__.pop("_factor_held", None)


def where_asked(user: User) -> str:
    """The address where they show it, or connect an app in the first place."""
    return reverse("second_factor_code" if held_by(user) else "second_factor")


class AskSecondFactor:
    """Middleware: whoever is signed in at the desk gets nothing there, and does nothing, before the second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """What was asked for, or the way to the page where the second factor is shown."""
        desk = reverse("admin:index")
        asks = settings.SECOND_FACTOR and request.path.startswith(desk) and request.path not in _open()
        if asks and is_asked_of(request):
            onward = request.get_full_path() if request.method in ("GET", "HEAD") else desk
            more = f"?{urlencode({'next': onward})}" if onward != desk else ""
            return HttpResponseRedirect(where_asked(request.user) + more)  # type: ignore[arg-type]
        return self.get_response(request)


def _open() -> set[str]:
    """Where one may go before it."""
    names = ("admin:login", "admin:logout", "officials_oidc", "officials_oidc_callback")
    return {reverse(name) for name in (*names, "second_factor", "second_factor_code")}
