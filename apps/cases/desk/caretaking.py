"""How the cases of a service are looked after: who is told of them, and how they are handed over. What its definition says is shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from apps.cases.handover import kinds_to_choose
from apps.people import access, log
from apps.people.adminsite import Room
from apps.services.definition import Definition
from apps.services.handling import keep_words, limit_words, records_words
from apps.services.layout import lay_out_plainly
from apps.services.models import Service

Rows = list[tuple[str, str]]


class CaretakingForm(forms.Form):
    """What is said of a service beside its definition: it changes at once, for all of its cases."""

    use_required_attribute = False
    email = forms.EmailField(
        label=gettext_lazy("Role address"),
        help_text=gettext_lazy("Who is told of new cases: a shared mailbox. Empty for the authority's own."),
        required=False,
        max_length=254,
    )
    needs_handover = forms.BooleanField(
        label=gettext_lazy("Cases are handed over to case management"),
        help_text=gettext_lazy("Nothing of a case is deleted before it has been handed over."),
        required=False,
    )
    handover_on = forms.MultipleChoiceField(
        label=gettext_lazy("When a package of the case is put into the folder of the hand-over"),
        help_text=gettext_lazy("Choose none if packages are fetched in another way."),
        choices=kinds_to_choose,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, service: Service, data: Any = None) -> None:
        super().__init__(data, initial={name: getattr(service, name) for name in self.base_fields}, auto_id="id_%s")
        self.service = service
        for name in ("needs_handover", "handover_on"):
            self.fields[name].needed = True  # type: ignore[attr-defined]  # no tick is an answer too: no word that it is optional
        lay_out_plainly(self)

    def save(self) -> list[str]:
        """Write what differs, and which of it did."""
        changed = [name for name in self.fields if getattr(self.service, name) != self.cleaned_data[name]]
        for name in changed:
            setattr(self.service, name, self.cleaned_data[name])
        if changed:
            self.service.save(update_fields=changed)
        return changed


class Caretaking(Room):
    """A page for those who manage a service's cases or define the service."""

    def get_urls(self) -> list[URLPattern]:
        """The page."""
        staff = self.admin_site.admin_view
        view = require_http_methods(["GET", "HEAD", "POST"])(self.caretaking_view)
        return [path("service/<int:service>/settings/", staff(view), name="cases_case_caretaking"), *super().get_urls()]

    def caretaking_view(self, request: HttpRequest, service: int) -> HttpResponse:
        """Show it; a POST changes what is not the definition's."""
        own = _looked_after(request, service)
        form = CaretakingForm(own, request.POST) if request.method == "POST" else CaretakingForm(own)
        if request.method == "POST" and form.is_valid():
            self._saved(request, own, form.save())
            return redirect("admin:services_service_change", own.pk)
        definition = own.published.definition if own.published else None
        return self.page(
            request,
            "admin/cases/caretaking/page.html",
            _("How cases are looked after"),
            service=own,
            form=form,
            authority_email=own.authority.email,
            said=said_of(definition) if definition else [],
            own_service=definition.own_service.said() if definition else "",
        )

    def _saved(self, request: HttpRequest, service: Service, changed: list[str]) -> None:
        if not changed:
            self.message_user(request, _("Nothing was changed."), messages.INFO)
            return
        said = _("How cases are looked after is saved.")
        self.log_change(request, service, said)
        self.message_user(request, said, messages.SUCCESS)
        done = f"settings: {', '.join(changed)}"
        log.note(request, log.Act.CHANGED, f"service {service.key}", authority=service.authority_id, detail=done)


def _looked_after(request: HttpRequest, pk: int) -> Service:
    """A service that the user manages or defines. Raises Http404 when they may not even see it, else PermissionDenied."""
    seen = Service.objects.visible_to(request.user).select_related("authority", "published")
    service = get_object_or_404(seen.defer("published__document"), pk=pk)
    user = request.user
    if not (access.may_manage(user, service) or access.may_define(user, service.authority_id)):
        raise PermissionDenied
    return service


def said_of(definition: Definition) -> Rows:
    """What a definition says of how cases are looked after, in the active language."""
    limit, plan = definition.handling_limit, definition.records
    rows = [(_("Time limit of the handling"), limit_words(limit) or _("No time limit"))]
    if limit and limit.ground:
        rows.append((_("Ground for the time limit of the handling"), limit.ground.said()))
    rows.append((_("How long the content of a closed case is kept"), keep_words(definition.keep_days)))
    rows += [(what[:1].upper() + what[1:], value) for what, value in records_words(plan)]
    if plan and plan.retention_ground:
        rows.append((_("Ground for the retention"), plan.retention_ground.said()))
    if plan and plan.secrecy_ground:
        rows.append((_("Ground for secrecy"), plan.secrecy_ground.said()))
    return rows
