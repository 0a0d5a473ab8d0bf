"""The product's settings with the bench's hand-written pages beside them."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS, STORAGES

INSTALLED_APPS = [*INSTALLED_APPS, "crispy_bootstrap5", "tests.bench"]
CRISPY_ALLOWED_TEMPLATE_PACKS = ("pack", "bootstrap5")  # type: ignore[assignment]
ROOT_URLCONF = "tests.bench.urls"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
SECOND_FACTOR = False  # nobody is there to show one
