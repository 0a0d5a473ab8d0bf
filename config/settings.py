"""All settings, read from environment variables; the defaults run on a developer's machine.

`ENVIRONMENT=production` (or DEBUG off) makes what would be dangerous there a refusal to start, in words.
docs/settings.md lists every variable.
"""

import json
import os
import re
import stat
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

# --- What kind of installation this is -------------------------------------------------------------------------------

ENVIRONMENT = env.str("ENVIRONMENT", "development")
DEBUG = env.bool("DEBUG", ENVIRONMENT == "development")
SECRET_KEY = env.str("SECRET_KEY", "")
TEST_IDENTITY = env.bool("TEST_IDENTITY", DEBUG)
EMAIL_LINK = env.bool("EMAIL_LINK", DEBUG)
# Whether officials who sign in with a password show a second factor too; whoever comes from a provider has done so there.
SECOND_FACTOR = env.bool("SECOND_FACTOR", not DEBUG)
# Personal identity codes at rest: the first key seals, all of them open. `manage.py reseal` brings all under the first.
IDENTITY_CODE_KEYS = env.list("IDENTITY_CODE_KEYS", default=[])
# What looks for malware in files: "none", "unix:/path/of/clamd.socket" or "host:port" of clamd.
SCANNER = env.str("SCANNER", "none" if DEBUG else "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# Mail: by whom it is sent on, whom it says it comes from, and the public address that its links begin with.
EMAIL_URL = env.str("EMAIL_URL", "")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "no-reply@localhost" if DEBUG else "")
SITE_URL = env.str("SITE_URL", "http://localhost:8000" if DEBUG else "").rstrip("/")
OPERATOR_LANGUAGE = env.str("OPERATOR_LANGUAGE", "sv")

# Where packages of cases are put for case management: a folder that is there already, or an S3 bucket.
HANDOVER_BUCKET = env.str("HANDOVER_BUCKET", "")
HANDOVER_FOLDER = env.str("HANDOVER_FOLDER", "")
HANDOVER_BUCKET_ENDPOINT = env.str("HANDOVER_BUCKET_ENDPOINT", "")

# Who is told of events by webhook: a JSON object of addresses and secrets, by the receivers' keys (docs/operations.md).
WEBHOOKS_TEXT = env.str("WEBHOOKS", "")

# Who is believed when they say which system of an authority calls the interface: our security servers, by their addresses, and the proxy,
# in a header in which it says which client certificate it has verified. It must take away what others say there.
XROAD_SERVERS = [one.strip() for one in env.list("INTERFACE_XROAD_SERVERS", default=[]) if one.strip()]
INTERFACE_CERTIFICATE_HEADER = env.str("INTERFACE_CERTIFICATE_HEADER", "")

MANDATES_URL = env.str("MANDATES_URL", "")
MANDATES_CLIENT_ID = env.str("MANDATES_CLIENT_ID", "")
MANDATES_API_KEY = env.str("MANDATES_API_KEY", "")
MANDATES_OAUTH_SECRET = env.str("MANDATES_OAUTH_SECRET", "")
MANDATE_MINUTES = env.int("MANDATE_MINUTES", 30)  # after which the source is asked again

DEVELOPMENT_KEY = "development-only-and-of-no-use-elsewhere"
SHORTEST_KEY = 32


def webhooks(text: str) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The webhooks that a text tells of, by their keys, and what is wrong with it. No words of it are repeated: it holds secrets."""
    try:
        said = json.loads(text) if text.strip() else {}
    except ValueError:
        return {}, ['WEBHOOKS is no JSON: write {"key": {"url": "https://…", "secret": "…"}}, on one line.']
    if not isinstance(said, dict):
        return {}, ['WEBHOOKS is no JSON object: write {"key": {"url": "https://…", "secret": "…"}}.']
    problems = [f"WEBHOOKS, {key[:40]!r}: {why}" for key, one in said.items() if (why := webhook_problem(key, one))]
    return {} if problems else said, problems


def webhook_problem(key: str, said: Any) -> str:
    """Why a webhook cannot be used as it is written; empty when it can."""
    if not key or len(key) > 40 or not key.replace("-", "").replace("_", "").isalnum() or not key.isascii():
        return "a key is of letters, digits, - and _, and no longer than 40."
    if not isinstance(said, dict) or not {"url", "secret"} <= said.keys() <= {"url", "secret", "data"}:
        return "it needs url and secret, and may have data; nothing else."
    if not all(isinstance(value, str) for value in said.values()):
        return "its values are texts."
    try:
        where = urlsplit(said["url"])
        here = where.hostname in ("localhost", "127.0.0.1", "::1")
        where.port  # noqa: B018 (raises)
    except ValueError:
        return "its url is no address."
    if not where.hostname or where.scheme not in ("http", "https") or where.username is not None:
        return "its url is https://…, without a user or a password in it."
    if where.scheme == "http" and not here:
        return "its url does not begin with https://: what it is told could be read and changed on the way."
    if len(said["secret"]) < SHORTEST_KEY:
        return f"its secret must have at least {SHORTEST_KEY} characters."
    return "" if said.get("data", "none") in ("none", "case") else "its data are none or case."


WEBHOOKS, WEBHOOK_PROBLEMS = webhooks(WEBHOOKS_TEXT)


def is_network(text: str) -> bool:
    """Whether a text is an IP address or network."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def start_problems() -> list[str]:
    """Why this installation must not start; empty when it may."""
    found = []
    if ENVIRONMENT not in ("development", "production"):
        found.append(f"ENVIRONMENT is {ENVIRONMENT!r}: it can be 'development' or 'production'.")
    if ENVIRONMENT == "production" and DEBUG:
        found.append("DEBUG is on: it shows the inside of the service to strangers. Remove DEBUG or set it to off.")
    if not DEBUG and SECRET_KEY in ("", DEVELOPMENT_KEY):
        found.append(
            "SECRET_KEY is missing: sign-ins cannot be trusted without it. Set it to 50 or more random characters."
        )
    if not DEBUG and (not IDENTITY_CODE_KEYS or DEVELOPMENT_KEY in IDENTITY_CODE_KEYS):
        found.append(
            "IDENTITY_CODE_KEYS is missing: personal identity codes cannot be sealed. Set it to a secret of 50 or more "
            "random characters, and keep it as safe as the database itself."
        )
    if any(len(key) < SHORTEST_KEY for key in IDENTITY_CODE_KEYS):
        found.append(
            f"IDENTITY_CODE_KEYS has a key that is too short: each must have at least {SHORTEST_KEY} characters."
        )
    if not SCANNER:
        found.append(
            "SCANNER is missing: say where clamd listens (unix:/path or host:port), or 'none' when files are not to be "
            "scanned for malware."
        )
    if EMAIL_URL and not DEFAULT_FROM_EMAIL:
        found.append(
            "DEFAULT_FROM_EMAIL is missing: say which address mails come from, such as no-reply@service.example."
        )
    if EMAIL_URL and not SITE_URL:
        found.append("SITE_URL is missing: say where the public reaches this service, such as https://service.example.")
    if MANDATES_URL and not (MANDATES_CLIENT_ID and MANDATES_API_KEY and MANDATES_OAUTH_SECRET):
        found.append(
            "MANDATES_URL is set, but not all of MANDATES_CLIENT_ID, MANDATES_API_KEY and MANDATES_OAUTH_SECRET: the source "
            "would not answer."
        )
    if MANDATES_URL and not DEBUG and not MANDATES_URL.startswith("https://"):
        found.append("MANDATES_URL does not begin with https://: personal identity codes would be sent unencrypted.")
    if HANDOVER_FOLDER and HANDOVER_BUCKET:
        found.append("HANDOVER_FOLDER and HANDOVER_BUCKET are both set: packages go to one place. Remove one of them.")
    if HANDOVER_FOLDER and not os.path.isabs(HANDOVER_FOLDER):
        found.append("HANDOVER_FOLDER does not begin with /: say the whole path, which is the same for every process.")
    if HANDOVER_BUCKET_ENDPOINT and not DEBUG and not HANDOVER_BUCKET_ENDPOINT.startswith("https://"):
        found.append("HANDOVER_BUCKET_ENDPOINT does not begin with https://: whole cases would be sent unencrypted.")
    found += WEBHOOK_PROBLEMS
    if wrong := [one for one in XROAD_SERVERS if not is_network(one)]:
        found.append(
            f"INTERFACE_XROAD_SERVERS has what is no IP address or network: {', '.join(wrong)}. Write such as 192.0.2.10 or "
            "192.0.2.0/28, separated by commas."
        )
    if not re.fullmatch("[A-Za-z0-9-]*", INTERFACE_CERTIFICATE_HEADER):
        found.append(
            "INTERFACE_CERTIFICATE_HEADER is no name of a header: write letters, digits and -, such as X-Client-Certificate."
        )
    if OPERATOR_LANGUAGE not in ("sv", "fi", "en"):
        found.append("OPERATOR_LANGUAGE is none of sv, fi and en: the operator's mails would be in no language.")
    if SITE_URL and not SITE_URL.startswith(("http://", "https://")):
        found.append("SITE_URL does not begin with https://: the links in mails would lead nowhere.")
    if EMAIL_LINK and not DEBUG and not EMAIL_URL:
        found.append("EMAIL_LINK is on, but EMAIL_URL is missing: the links to sign in with could not be sent.")
    if TEST_IDENTITY and (ENVIRONMENT == "production" or not DEBUG):
        found.append(
            "TEST_IDENTITY is on: anyone could sign in as anyone. Remove TEST_IDENTITY; it works only with DEBUG."
        )
    return found


if problems := start_problems():
    raise ImproperlyConfigured("Förenklad e-tjänst does not start:\n" + "\n".join(f"- {p}" for p in problems))
SECRET_KEY = SECRET_KEY or DEVELOPMENT_KEY
IDENTITY_CODE_KEYS = IDENTITY_CODE_KEYS or [DEVELOPMENT_KEY]

# --- The house -------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config.apps.InstallationConfig",
    "apps.people.deskapp.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "crispy_forms",
    "allauth.account",  # needed by the next one; none of its pages has an address here
    "allauth.mfa",
    "drf_spectacular_sidecar",  # Swagger UI's files; nothing of it runs here
    "apps.people",
    "apps.services",
    "apps.applications",
    "apps.cases",
    "apps.sync",
    "apps.interface",
    "apps.portal",
]

MIDDLEWARE = [
    "config.middleware.ContentSecurityPolicy",  # first, so that refusals and redirects carry it too
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.RefuseOtherCharsets",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.people.log.WriteLog",
    "apps.people.officialsessions.EndSessions",
    "apps.people.secondfactor.AskSecondFactor",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.people.identification.customer_in_templates",
            ],
        },
    }
]

CRISPY_ALLOWED_TEMPLATE_PACKS = ("pack",)
CRISPY_TEMPLATE_PACK = "pack"
CRISPY_FAIL_SILENTLY = not DEBUG

# --- Data ------------------------------------------------------------------------------------------------------------


def make_private(folder: Path) -> None:
    """Make the folder if need be, and close it to the machine's other users if it is ours to close."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    # A sticky folder, such as /tmp, is everybody's on purpose.
    if found.st_uid == os.geteuid() and found.st_mode & 0o077 and not found.st_mode & stat.S_ISVTX:
        folder.chmod(0o700)


VAR_DIR = Path(env.str("VAR_DIR", "") or BASE_DIR / "var")
make_private(VAR_DIR)

DATABASES = {"default": env.db("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Without IMMEDIATE, two people who read and then write at once get "database is locked" whatever the timeout.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",  # a receipt outlives a power cut
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "people.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Customers' files: never below a folder that a web server serves.
FILES_DIR = Path(env.str("FILES_DIR", str(VAR_DIR / "files")))
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": FILES_DIR,
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", 50_000_000)
FILE_UPLOAD_HANDLERS = [
    "apps.portal.uploading.AllFilesTogether",  # first, so that nobody can fill the disk, signed in or not
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Personal identity codes of the artificial range (900–999) belong to nobody; only for trying things out.
ACCEPT_TEST_CODES = env.bool("ACCEPT_TEST_CODES", DEBUG)

# --- Languages and time ----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", _("Swedish")), ("fi", _("Finnish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Helsinki"

# --- Static files ----------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# --- Safety ----------------------------------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
BEHIND_TLS = env.bool("BEHIND_TLS", ENVIRONMENT == "production")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^health(/live)?$", r"^metrics$"]  # asked on the machine itself, beside the proxy
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000) if BEHIND_TLS else 0
# These two speak for the whole domain, and preloading can hardly be undone: the domain's keeper decides, not we.
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS and env.bool("HSTS_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = BEHIND_TLS and env.bool("HSTS_PRELOAD", False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # Django would ask for both
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_SERIALIZER = "apps.people.sealing.SealingSerializer"
SESSION_COOKIE_AGE = env.int("SESSION_SECONDS", 8 * 3600)
CUSTOMER_SESSION_SECONDS = env.int("CUSTOMER_SESSION_SECONDS", 3600)  # without doing anything
OFFICIAL_IDLE_SECONDS = env.int("OFFICIAL_IDLE_SECONDS", 3600)  # without doing anything
OFFICIAL_SESSION_SECONDS = env.int("OFFICIAL_SESSION_SECONDS", 8 * 3600)  # in any case
LOG_YEARS = env.int("LOG_YEARS", 5)  # how long it is kept who saw and did what at the desk
# How often somebody may try something (apps/people/limits.py), and how many proxies add to X-Forwarded-For before us.
RATE_LIMITS = env.bool("RATE_LIMITS", True)
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 1 if BEHIND_TLS else 0)
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "apps.portal.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
X_FRAME_OPTIONS = "DENY"
# What is said to somebody can hold an answer of theirs: it stays on the server, and ends with the session.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
LOGIN_URL = "/admin/login/"
# The library of the second factor: its secrets are sealed, nobody signs up, and it sends nothing.
MFA_ADAPTER = "apps.people.secondfactor.Sealed"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # steps of half a minute that a telephone's clock may differ
ACCOUNT_ADAPTER = "apps.people.secondfactor.NobodySignsUp"
ACCOUNT_EMAIL_VERIFICATION = "none"

# --- Who signs in, by OpenID Connect -----------------------------------------------------------------------------------


def provider(name: str, scope: str) -> dict[str, Any]:
    """The provider that the variables OIDC_… (customers) or OFFICIALS_OIDC_… (officials) describe; none without an issuer."""
    return {
        "issuer": env.str(f"{name}_ISSUER", ""),
        "label": env.str(f"{name}_LABEL", ""),
        "client_id": env.str(f"{name}_CLIENT_ID", ""),
        "client_secret": env.str(f"{name}_CLIENT_SECRET", ""),
        "keys_file": env.str(f"{name}_KEYS_FILE", ""),
        "private_key_jwt": env.bool(f"{name}_PRIVATE_KEY_JWT", False),
        "signed_request": env.bool(f"{name}_SIGNED_REQUEST", False),
        "encrypted_token": env.bool(f"{name}_ENCRYPTED_TOKEN", False),
        "scope": env.str(f"{name}_SCOPE", scope),
        "acr_values": env.str(f"{name}_ACR_VALUES", "").split(),
        "timeout": env.float(f"{name}_TIMEOUT", 10.0),
    }


def provider_problems(name: str, said: dict[str, Any]) -> list[str]:
    """Why this provider cannot be used as it is set."""
    if not said["issuer"]:
        return []
    found = []
    if not DEBUG and not said["issuer"].startswith("https://"):
        found.append(f"{name}_ISSUER does not begin with https://: anybody on the way could sign in as anyone.")
    if not said["client_id"]:
        found.append(f"{name}_CLIENT_ID is missing: the provider at {name}_ISSUER gives it out.")
    if not said["client_secret"] and not said["private_key_jwt"]:
        found.append(f"{name}_CLIENT_SECRET is missing: set it, or {name}_PRIVATE_KEY_JWT with {name}_KEYS_FILE.")
    needing = [switch for switch in ("private_key_jwt", "signed_request", "encrypted_token") if said[switch]]
    if (needing or said["keys_file"]) and not os.access(said["keys_file"], os.R_OK):
        needed = f": {name}_{needing[0].upper()} needs the keys in it" if needing else ""
        found.append(f"{name}_KEYS_FILE cannot be read{needed}.")
    return found


OIDC = provider("OIDC", "openid profile")
OFFICIALS_OIDC = provider("OFFICIALS_OIDC", "openid profile")
OFFICIALS_OIDC_USERNAME_CLAIM = env.str("OFFICIALS_OIDC_USERNAME_CLAIM", "preferred_username")

if problems := provider_problems("OIDC", OIDC) + provider_problems("OFFICIALS_OIDC", OFFICIALS_OIDC):
    raise ImproperlyConfigured("Förenklad e-tjänst does not start:\n" + "\n".join(f"- {p}" for p in problems))

# --- The national service --------------------------------------------------------------------------------------------

NATIONAL_SERVICE_URL = env.str("NATIONAL_SERVICE_URL", "http://127.0.0.1:8400" if DEBUG else "")
NATIONAL_SERVICE_TOKEN = env.str("NATIONAL_SERVICE_TOKEN", "")
NATIONAL_SERVICE_XROAD_CLIENT = env.str("NATIONAL_SERVICE_XROAD_CLIENT", "")
NATIONAL_SERVICE_XROAD_USER = env.str("NATIONAL_SERVICE_XROAD_USER", "")
NATIONAL_SERVICE_CERTIFICATE = env.str("NATIONAL_SERVICE_CERTIFICATE", "")
NATIONAL_SERVICE_CERTIFICATE_KEY = env.str("NATIONAL_SERVICE_CERTIFICATE_KEY", "")
NATIONAL_SERVICE_CA = env.str("NATIONAL_SERVICE_CA", "")
# Seconds that a customer waits for what they have stated there, whole: connecting, asking and reading.
NATIONAL_SERVICE_START_TIMEOUT = env.float("NATIONAL_SERVICE_START_TIMEOUT", 3.0)
RELAY_TIMEOUT = env.float("RELAY_TIMEOUT", 20.0)  # seconds for one request, whole
RELAY_LEASE = env.float("RELAY_LEASE", 30.0)  # seconds a claimed delivery is one relay's own; lengthened while it works
RELAY_POLL = env.float("RELAY_POLL", 1.0)  # seconds between looks when there is nothing to send
# From what age on it is red: what waits for a receiver, and what waits for a person (0: never). See apps/sync/watching.py.
HEALTH_SECONDS = env.float("HEALTH_SECONDS", 900.0)
HEALTH_STOPPED_SECONDS = env.float("HEALTH_STOPPED_SECONDS", 86_400.0)
METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # what Prometheus shows at /metrics; without it there is no such page

# --- The interface for authorities' own systems ------------------------------------------------------------------------

INTERFACE_XROAD_SERVERS = [ip_network(one, strict=False) for one in XROAD_SERVERS]
# Whether systems are woken at addresses of private networks: managers choose these addresses, and the relay can reach more than they.
WAKE_UPS_TO_PRIVATE_NETWORKS = env.bool("WAKE_UPS_TO_PRIVATE_NETWORKS", DEBUG)

# --- Packages for case management --------------------------------------------------------------------------------------

if DEBUG and not HANDOVER_FOLDER and not HANDOVER_BUCKET:
    HANDOVER_FOLDER = str(VAR_DIR / "handover")
    make_private(Path(HANDOVER_FOLDER))
# Closed to others, unless whoever fetches them does it through the folder's group.
HANDOVER_GROUP = env.bool("HANDOVER_GROUP", False)
if HANDOVER_BUCKET:
    from botocore.config import Config  # only whoever has a bucket needs it

    STORAGES["handover"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": HANDOVER_BUCKET,
            "endpoint_url": HANDOVER_BUCKET_ENDPOINT or None,
            "region_name": env.str("HANDOVER_BUCKET_REGION", "") or None,
            "access_key": env.str("HANDOVER_BUCKET_KEY", "") or None,
            "secret_key": env.str("HANDOVER_BUCKET_SECRET", "") or None,
            "location": env.str("HANDOVER_BUCKET_PREFIX", ""),
            "default_acl": None,
            "client_config": Config(
                connect_timeout=RELAY_TIMEOUT,
                read_timeout=RELAY_TIMEOUT,
                retries={"total_max_attempts": 1},  # the relay tries again, in its own time
                s3={"addressing_style": "auto"},
                request_checksum_calculation="when_required",  # not every S3 knows the newer sums
                response_checksum_validation="when_required",
            ),
            "file_overwrite": True,  # what is there has been looked at; another name would hide that it is the same
            "max_memory_size": 1_000_000,  # what is read back to be compared is not held whole in memory
        },
    }
else:
    STORAGES["handover"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": HANDOVER_FOLDER,
            "base_url": None,
            "file_permissions_mode": 0o660 if HANDOVER_GROUP else 0o600,
            "directory_permissions_mode": 0o2770 if HANDOVER_GROUP else 0o700,
        },
    }

# --- Mail ------------------------------------------------------------------------------------------------------------

MAIL_FOLDER = VAR_DIR / "mail"  # where a developer's mails are put, who names no server
mail_server = env.email_url("EMAIL_URL", default="filemail://" if DEBUG else "dummymail://")
MAIL_IS_SENT = bool(EMAIL_URL) or DEBUG
EMAIL_BACKEND = mail_server["EMAIL_BACKEND"]
EMAIL_FILE_PATH = mail_server["EMAIL_FILE_PATH"] or str(MAIL_FOLDER)
EMAIL_HOST = mail_server["EMAIL_HOST"] or "localhost"
EMAIL_USE_TLS = bool(mail_server.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(mail_server.get("EMAIL_USE_SSL"))
EMAIL_PORT = mail_server["EMAIL_PORT"] or (587 if EMAIL_USE_TLS else 465 if EMAIL_USE_SSL else 25)
EMAIL_HOST_USER = mail_server["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = mail_server["EMAIL_HOST_PASSWORD"] or ""
EMAIL_TIMEOUT = 10.0  # seconds for each word with the server, where somebody waits for the page

# --- Who runs this installation, for the pages that say so -------------------------------------------------------------

OPERATOR_NAME = env.str("OPERATOR_NAME", "")
OPERATOR_EMAIL = env.str("OPERATOR_EMAIL", "")
ACCESSIBILITY_SUPERVISOR = env.str("ACCESSIBILITY_SUPERVISOR", "")

# --- Logs: no personal data, one line each ---------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False},
        # It tells addresses, and those of the source of mandates have identity codes in them.
        "urllib3": {"level": "ERROR"},
        "authlib": {"level": "INFO"},  # below that it tells secrets of a sign-in
        "pikepdf": {"level": "ERROR"},  # it tells what it finds in people's files
    },
}
