"""The keys of a system: making one, replacing those there are, ending one. Each is shown in the answer to what made it, and never again."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from apps.interface.desk.systems import SECRET_BYTES, Systems, may_open
from apps.people import systems
from apps.people.models import System, SystemKey, User
from apps.services.layout import lay_out_plainly

DAYS = (0, 1, 7, 30)


class ReplaceForm(forms.Form):
    """How long the keys that are good now go on beside the new one."""

    use_required_attribute = False
    days = forms.TypedChoiceField(
        label=gettext_lazy("How long do the keys that are good now go on?"),
        help_text=gettext_lazy("Long enough to put the new key into the system. What ends sooner ends as it was to."),
        coerce=int,
        widget=forms.RadioSelect,
        initial=systems.OVERLAP.days,
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field: Any = self.fields["days"]
        field.choices = [(days, _days(days)) for days in DAYS]
        lay_out_plainly(self)


def _days(days: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days} if days else _("They end now")


class Keys(Systems):
    """What can be done with keys, on the page of their system."""

    def get_urls(self) -> list[URLPattern]:
        """Making, replacing and ending."""

        def posted(view: Any) -> Any:
            return self.admin_site.admin_view(never_cache(require_POST(view)))

        return [
            path("<int:pk>/keys/", posted(self.keys_view), name="people_system_keys"),
            path("<int:pk>/keys/<int:number>/end/", posted(self.end_view), name="people_system_key_end"),
            path("<int:pk>/wake-secret/", posted(self.secret_view), name="people_system_secret"),
            *super().get_urls(),
        ]

    def key_facts(self, system: System) -> dict[str, Any]:
        """Its keys, the latest first, and the form in which they are replaced."""
        now = timezone.now()
        keys = list(system.keys.select_related("made_by").order_by("-made_at", "-pk"))
        good = [key for key in keys if key.is_good(now)]
        return {
            "keys": [(key, key in good) for key in keys],
            "latest": keys[0].pk if keys else 0,
            "form": ReplaceForm() if good else None,
        }

    def keys_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a key, in the place of those that are good now if there are any, and show it: this once."""
        system = self._to_open(request, pk)
        if request.POST.get("latest") != str(self.key_facts(system)["latest"]):
            said = _(
                "A key has been made since you opened the page. It was shown once; if nobody has it, make another."
            )
            self.message_user(request, said, messages.WARNING)
            return redirect("admin:people_system_change", system.pk)
        form, by = ReplaceForm(request.POST), request.user if isinstance(request.user, User) else None
        if not self.key_facts(system)["form"]:
            made, key = systems.make_key(system, by=by)
            detail = f"key {made} made"
        elif form.is_valid():
            days = form.cleaned_data["days"]
            made, key = systems.replace_keys(system, by=by, overlap=timedelta(days=days))
            detail = f"key {made} made, the others end in {days} days"
        else:
            return self.system_page(request, system, replace_form=form)
        self.note(request, system, detail, _("The key %(beginning)s was made.") % {"beginning": made})
        return self.system_page(request, system, key=key)

    def _to_open(self, request: HttpRequest, pk: int) -> System:
        """A system for which this user may make keys. Raises PermissionDenied for who only looks after the installation."""
        system = self.connected(request, pk)
        if not may_open(request, system):
            raise PermissionDenied
        return system

    def end_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """End a key now; asked first where the system would have no other way in."""
        system = self.connected(request, pk)
        key = get_object_or_404(SystemKey, system=system, pk=number)
        if "sure" not in request.POST and is_only_way_in(key, timezone.now()):
            return self.page(request, "admin/interface/end.html", _("End the last key"), system=system, key=key)
        if key.is_good(timezone.now()):
            systems.end_key(key)
            said = _("The key %(beginning)s opens nothing any more.") % {"beginning": key}
            self.note(request, system, f"key {key} ended", said)
            self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:people_system_change", system.pk)

    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make another secret that signs the wake-ups, and show it: this once."""
        system = self._to_open(request, pk)
        if not system.wake_url:
            return redirect("admin:people_system_change", system.pk)
        system.wake_secret = secrets.token_urlsafe(SECRET_BYTES)
        system.save(update_fields=["wake_secret"])
        self.note(request, system, "secret of the wake-ups made anew", _("A new secret of the wake-ups was made."))
        return self.system_page(request, system, secret=system.wake_secret)


def is_only_way_in(key: SystemKey, at: datetime) -> bool:
    """Whether a key opens something, and its system is known by nothing else."""
    system = key.system
    if system.xroad_client or system.certificate:
        return False
    return [one.pk for one in system.keys.all() if one.is_good(at)] == [key.pk]
