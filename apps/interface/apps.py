"""The door for authorities' own systems."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InterfaceConfig(AppConfig):
    """The app's place in the house."""

    name = "apps.interface"
    label = "interface"
    verbose_name = _("Interface")

    def ready(self) -> None:
        """Let the duties delete what is kept here for a while only, and nothing be left of a test that is deleted."""
        from apps.cases import testcases  # noqa: PLC0415 - there are no models before the apps are ready
        from apps.interface import once, recording, waitingfiles  # noqa: PLC0415 - the same
        from apps.people import forgetting  # noqa: PLC0415 - the same

        forgetting.MORE |= {
            "kept answers": once.forget_old,
            "files without an event": waitingfiles.forget_old,
            "calls of systems that test": recording.forget_old,
        }
        testcases.LET_GO += [waitingfiles.let_go_of, recording.let_go_of]
