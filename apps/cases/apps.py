"""The authority's folder: status, diary, supplements, outcome."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.cases"
    label = "cases"
    verbose_name = _("Cases")
