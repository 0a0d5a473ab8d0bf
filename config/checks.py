"""What `manage.py check --deploy` says of an installation that starts, but would not serve the public as it should."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.checks import CheckMessage, Error, Warning, register

from apps.people import xroad
from apps.people.identification import TestIdentity, available_ways
from apps.sync.models import WEBHOOK, Receiver

SHORTEST_TOKEN = 16
MOST_SERVERS = 256  # in one network: more than that are not security servers alone


@register(deploy=True)
def check_database(**_more: object) -> list[CheckMessage]:
    """The embedded database is for trying out."""
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
        return []
    words = "The database is SQLite: a file on one machine, with one writer at a time."
    return [Warning(words, hint="Set DATABASE_URL to postgres://user:password@host:5432/name.", id="config.W001")]


@register(deploy=True)
def check_national_service(**_more: object) -> list[CheckMessage]:
    """There is an address, with a way to it, and it does not give the token away."""
    address = settings.NATIONAL_SERVICE_URL
    if not address:
        words = "NATIONAL_SERVICE_URL is missing: cases are taken in, but nothing is sent to the national service."
        return [Warning(words, hint="Set it to the national service's address.", id="config.W002")]
    hint = "docs/interface/README.md tells what goes over X-Road; docs/settings.md what each setting is."
    found: list[CheckMessage] = [Error(words, hint=hint, id="config.E003") for words in xroad.problems()]
    if settings.NATIONAL_SERVICE_TOKEN and not address.lower().startswith("https://"):
        words = "NATIONAL_SERVICE_TOKEN would be sent unencrypted: NATIONAL_SERVICE_URL does not begin with https://."
        hint = "Use an https address, or remove the token if none is asked for."
        found.append(Error(words, hint=hint, id="config.E001"))
    return found


@register(deploy=True)
def check_mail(**_more: object) -> list[CheckMessage]:
    """Those whom something has happened to are told."""
    if settings.MAIL_IS_SENT:
        return []
    words = "EMAIL_URL is missing: neither customers nor authorities are told by e-mail that something has happened."
    return [Warning(words, hint="Set EMAIL_URL, DEFAULT_FROM_EMAIL and SITE_URL (docs/mail.md).", id="config.W004")]


@register(deploy=True)
def check_watching(**_more: object) -> list[CheckMessage]:
    """Somebody is told when deliveries stop, and the token of the metrics is none that can be guessed."""
    found: list[CheckMessage] = []
    if not settings.OPERATOR_EMAIL:
        words = "OPERATOR_EMAIL is missing: nobody is told by e-mail when something is not delivered as it should be."
        hint = "Set it to an address that somebody reads every day (docs/operations.md, Watching)."
        found.append(Warning(words, hint=hint, id="config.W011"))
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < SHORTEST_TOKEN:
        words = f"METRICS_TOKEN is shorter than {SHORTEST_TOKEN} characters: it can be guessed."
        found.append(Warning(words, hint="Set it to 32 or more random characters, or remove it.", id="config.W012"))
    return found


@register(deploy=True)
def check_webhooks(databases: Sequence[str] | None = None, **_more: object) -> list[CheckMessage]:
    """Who is to be told by webhook has an address in the settings, and whoever has one there is a receiver.

    The database is asked only when that is asked for (`check --deploy --database default`).
    """
    found: list[CheckMessage] = []
    if settings.WEBHOOKS and not settings.SITE_URL:
        words = "SITE_URL is missing: webhooks are told of cases without a link to them."
        found.append(Warning(words, hint="Set it to where the desk is reached, https://…", id="config.W013"))
    if not databases:
        return found
    known = dict(Receiver.objects.filter(kind=WEBHOOK).values_list("key", "active"))
    if lacking := sorted(key for key, active in known.items() if active and key not in settings.WEBHOOKS):
        words = f"WEBHOOKS lacks the address and secret of receivers that are on: {', '.join(lacking)}."
        hint = "Add them, or turn these receivers off (docs/operations.md, Webhooks)."
        found.append(Warning(words, hint=hint, id="config.W014"))
    if unused := sorted(settings.WEBHOOKS.keys() - known.keys()):
        words = f"WEBHOOKS names what is no receiver yet: {', '.join(unused)}."
        hint = "Add the receiver on the desk (Receivers), and say there from when it is sent what happens."
        found.append(Warning(words, hint=hint, id="config.W015"))
    return found


@register(deploy=True)
def check_identification(**_more: object) -> list[CheckMessage]:
    """Customers can sign in, and not as anybody they like."""
    if any(way is not TestIdentity for way in available_ways()):
        return []
    words = "There is no way of identification but the test identity: no customer can sign in."
    hint = "Set OIDC_ISSUER and what goes with it (docs/identification.md)."
    return [Warning(words, hint=hint, id="config.W003")]


@register(deploy=True)
def check_second_factor(**_more: object) -> list[CheckMessage]:
    """A password alone opens no desk."""
    if settings.SECOND_FACTOR or settings.OFFICIALS_OIDC["issuer"]:
        return []
    words = "SECOND_FACTOR is off, and no provider knows the officials: a password alone opens the desk."
    hint = "Remove SECOND_FACTOR, or set OFFICIALS_OIDC_ISSUER and what goes with it (docs/identification.md)."
    return [Warning(words, hint=hint, id="config.W010")]


@register(deploy=True)
def check_interface(**_more: object) -> list[CheckMessage]:
    """Who is said to call the interface is said by nobody but those who are believed."""
    found: list[CheckMessage] = []
    if settings.INTERFACE_CERTIFICATE_HEADER and settings.TRUSTED_PROXIES < 1:
        name = settings.INTERFACE_CERTIFICATE_HEADER
        words = (
            f"INTERFACE_CERTIFICATE_HEADER is {name}, but there is no proxy (TRUSTED_PROXIES): anybody could write it."
        )
        hint = "Set TRUSTED_PROXIES to the number of proxies in front, or remove the header (docs/settings.md)."
        found.append(Error(words, hint=hint, id="config.E004"))
    if wide := [str(one) for one in settings.INTERFACE_XROAD_SERVERS if one.num_addresses > MOST_SERVERS]:
        words = f"INTERFACE_XROAD_SERVERS believes whole networks: {', '.join(wide)}."
        hint = "Name the security servers by their own addresses: whoever is there can call as any system of X-Road."
        found.append(Warning(words, hint=hint, id="config.W016"))
    return found


@register(deploy=True)
def check_static_files(**_more: object) -> list[CheckMessage]:
    """Every page names files of the manifest, and fails without it."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin) or staticfiles_storage.read_manifest() is not None:
        return []
    words = f"The static files are not in {settings.STATIC_ROOT}: every page would be a server error."
    return [Error(words, hint="Run manage.py collectstatic with the same settings.", id="config.E002")]
