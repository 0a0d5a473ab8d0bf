"""The page on which a version is tried to the end by named testers: making a test version, naming them, and ending it.

A tester's link is shown once, in the answer to naming them, and kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from apps.people import log
from apps.services import rehearsing, working
from apps.services.desk.base import Building, designer
from apps.services.layout import lay_out_plainly
from apps.services.models import Rehearsal, Service, Tester, WorkingCopy
from apps.services.reading import Unreadable
from apps.services.rehearsing import LONGEST_NAME, NotToTry, Over


@dataclass(frozen=True)
class Link:
    """A tester's link, to be given to them now."""

    name: str
    address: str


class TesterForm(forms.Form):
    """Whom to name."""

    use_required_attribute = False
    name = forms.CharField(
        label=gettext_lazy("Tester’s name"),
        help_text=gettext_lazy("So that you know whose link it is. The tester sees it too."),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Write the tester’s name.")},
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        lay_out_plainly(self)


class Testing(Building):
    """The page of a service's tests."""

    def get_urls(self) -> list[URLPattern]:
        """The page."""
        view = require_http_methods(["GET", "HEAD", "POST"])(self.test_view)
        return [
            path("<int:pk>/build/test/", self.admin_site.admin_view(view), name="services_service_test"),
            *super().get_urls(),
        ]

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show it; what a POST does is said by its button."""
        service, copy = self.copy_of(request, pk)
        acts = {"open": self._open, "add": self._add, "remove": self._remove, "end": self._end}
        act = acts.get(request.POST.get("act", "")) if request.method == "POST" else None
        return act(request, service, copy) if act else self._test_page(request, service, copy)

    def _test_page(
        self,
        request: HttpRequest,
        service: Service,
        copy: WorkingCopy,
        *,
        form: TesterForm | None = None,
        link: Link | None = None,
    ) -> HttpResponse:
        now = rehearsing.going_on(service)
        facts: dict[str, Any] = {
            "test": now,
            "testers": list(now.testers.order_by("added_at", "pk")) if now else [],
            "earlier": [one for one in rehearsing.rehearsals_of(service) if now is None or one.pk != now.pk],
            "problems": len(working.judged(copy)[1]),
            "same": now is not None and now.version.document == working.text_of(copy),
            "form": form or TesterForm(),
            "link": link,
        }
        return self.build_page(request, "test.html", _("Test"), service, copy, tab="test", **facts)

    def _open(self, request: HttpRequest, service: Service, copy: WorkingCopy) -> HttpResponse:
        """Make what the working copy says a version, and let it be tried."""
        try:
            version = working.version_for_test(copy, by=designer(request))
            rehearsing.open_rehearsal(version, by=designer(request))
        except Unreadable:
            said = _("The working copy cannot be tested yet: something in it must be mended first. See Check.")
            self.message_user(request, said, messages.ERROR)
        except NotToTry as why:
            self.message_user(request, str(why), messages.WARNING)
        else:
            said = _("Version %(number)d can be tested now. Customers do not see it.") % {"number": version.number}
            self._done(request, service, said, f"test of version {version.number} opened")
        return redirect("admin:services_service_test", service.pk)

    def _add(self, request: HttpRequest, service: Service, copy: WorkingCopy) -> HttpResponse:
        """Name a tester, and show their link: this once."""
        form, now = TesterForm(request.POST), rehearsing.going_on(service)
        if now is None:
            self.message_user(request, _("The test has ended."), messages.WARNING)
            return redirect("admin:services_service_test", service.pk)
        if not form.is_valid():
            return self._test_page(request, service, copy, form=form)
        try:
            tester, key = rehearsing.add_tester(now, form.cleaned_data["name"])
        except Over as over:
            self.message_user(request, str(over), messages.WARNING)
            return redirect("admin:services_service_test", service.pk)
        self._log(request, service, f"tester {tester.pk} added")
        return self._test_page(request, service, copy, link=Link(tester.name, address_of(request, key)))

    def _remove(self, request: HttpRequest, service: Service, copy: WorkingCopy) -> HttpResponse:
        """Take a tester's link back."""
        asked = request.POST.get("tester", "")
        known = Tester.objects.filter(rehearsal__version__service=service)
        is_number = asked.isascii() and asked.isdecimal() and len(asked) < 19
        tester = known.filter(pk=int(asked)).first() if is_number else None
        if tester is not None:
            said = _("The link of %(name)s leads nowhere any more.") % {"name": tester.name}
            rehearsing.remove_tester(tester)
            self._done(request, service, said, f"tester {asked} removed")
        return redirect("admin:services_service_test", service.pk)

    def _end(self, request: HttpRequest, service: Service, copy: WorkingCopy) -> HttpResponse:
        """End the test that goes on."""
        now: Rehearsal | None = rehearsing.going_on(service)
        if now is not None:
            rehearsing.end(now)
            said = _("The test has ended. Nothing more can be begun or sent in it.")
            self._done(request, service, said, f"test of version {now.version.number} ended")
        return redirect("admin:services_service_test", service.pk)

    def _done(self, request: HttpRequest, service: Service, said: str, detail: str) -> None:
        self.message_user(request, said, messages.SUCCESS)
        self._log(request, service, detail)

    @staticmethod
    def _log(request: HttpRequest, service: Service, detail: str) -> None:
        about = f"service {service.key}"
        log.note(request, log.Act.CHANGED, about, authority=service.authority_id, detail=detail)


def address_of(request: HttpRequest, key: str) -> str:
    """The whole address of a tester's link, in the customers' portal: this floor knows its name and nothing else of it."""
    try:
        return request.build_absolute_uri(reverse("portal:testing", args=[key]))
    except NoReverseMatch:
        return key
