"""Letting an authority join: what accepting its form creates is shown beforehand, the key can be corrected, and one button does it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from apps.cases import joining
from apps.cases.joining import LONGEST_KEY, NotPossible
from apps.cases.models import Case, NotAllowed
from apps.cases.rulebook import ENDED
from apps.people import log
from apps.people.adminsite import Room
from apps.people.models import key_is_plain
from apps.services.layout import lay_out_plainly


class KeyForm(forms.Form):
    """The key of the new authority."""

    use_required_attribute = False
    key = forms.CharField(
        label=gettext_lazy("Key of the authority"),
        help_text=gettext_lazy(
            "It stands in addresses and in the keys of the services, and never changes: lower-case letters, digits and hyphens."
        ),
        max_length=LONGEST_KEY,
        validators=[key_is_plain],
        error_messages={"required": gettext_lazy("Write the key.")},
    )

    def __init__(self, key: str, data: Any = None) -> None:
        super().__init__(data, initial={"key": key}, auto_id="id_%s")
        lay_out_plainly(self)


class Joining(Room):
    """The page on which a case is accepted that lets an authority join."""

    def get_urls(self) -> list[URLPattern]:
        """The page."""
        view = require_http_methods(["GET", "HEAD", "POST"])(self.joining_view)
        return [
            path("<int:pk>/joining/", self.admin_site.admin_view(view), name="cases_case_joining"),
            *super().get_urls(),
        ]

    def joining_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what will be created, or what has been; a POST does it. 404 where no authority can join by the case."""
        case = self.found(request, pk)
        if not joining.may_accept(case, request.user):
            raise Http404
        if (line := joining.told(case)) is not None:
            return self._joining_page(request, case, done=line.data["text"], authority=joining.joined(case))
        plan = joining.plan_of(case)
        form = KeyForm(plan.key, request.POST if request.method == "POST" else None)
        refused: list[str] = []
        if request.method == "POST" and form.is_valid():
            try:
                return self._accepted(request, case, form.cleaned_data["key"])
            except NotPossible as found:
                refused = found.reasons
            except NotAllowed as found:
                refused = [str(found)]
            plan = joining.plan_of(case, form.cleaned_data["key"])
        refused = refused or joining.obstacles(case, plan)
        log.note(request, log.Act.SAW, case.number, authority=case.service.authority_id, detail="joining")
        return self._joining_page(request, case, plan=plan, form=form, refused=refused, over=case.status in ENDED)

    def _accepted(self, request: HttpRequest, case: Case, key: str) -> HttpResponse:
        user: Any = request.user
        authority = joining.accept(case, by=user, key=key)
        done = f"joining: {authority.key}"
        log.note(request, log.Act.CHANGED, str(case.number), authority=case.service.authority_id, detail=done)
        log.note(request, log.Act.CHANGED, f"authority {authority.key}", authority=authority.pk, detail=done)
        self.message_user(request, _("%(authority)s has joined.") % {"authority": authority}, messages.SUCCESS)
        return redirect("admin:cases_case_joining", case.pk)

    def _joining_page(self, request: HttpRequest, case: Case, **context: Any) -> HttpResponse:
        title = _("Let the authority join")
        return self.page(request, "admin/cases/case/joining.html", title, case=case, **context)
