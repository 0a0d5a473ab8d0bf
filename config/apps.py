"""The installation as a whole: what must be right before it is opened to the public."""

from importlib import import_module

from django.apps import AppConfig


class InstallationConfig(AppConfig):
    """Has the checks registered when the house is set up; they know models, so not before."""

    name = "config"
    label = "installation"

    def ready(self) -> None:
        import_module("config.checks")
