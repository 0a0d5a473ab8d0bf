"""The sandbox of a system that tests: what has been tried, generating cases, and what their made-up customer does."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.applications.models import Application
from apps.cases import redirected
from apps.cases.models import Case, NotAllowed
from apps.cases.rulebook import Party, steps_from
from apps.interface import checklist, sandbox
from apps.interface.desk.systems import Systems
from apps.people import access, log, systems
from apps.people.models import System
from apps.services.layout import lay_out_plainly
from apps.services.models import Version
from apps.services.texts import LANGUAGES, language_name

MOST_SHOWN = 50


class GenerateForm(forms.Form):
    """Of what to make cases, and how many."""

    use_required_attribute = False
    version = forms.ChoiceField(label=gettext_lazy("Service"))
    language = forms.ChoiceField(label=gettext_lazy("The customer’s language"), widget=forms.RadioSelect)
    count = forms.IntegerField(label=gettext_lazy("How many"), min_value=1, max_value=sandbox.MOST_AT_ONCE, initial=1)

    def __init__(self, versions: list[Version], data: Any = None) -> None:
        super().__init__(data, initial={"language": (get_language() or "")[:2]}, auto_id="id_%s")
        self.versions = {str(version.pk): version for version in versions}
        version: Any = self.fields["version"]
        language: Any = self.fields["language"]
        version.choices = [(key, _version_words(one)) for key, one in self.versions.items()]
        language.choices = [(code, language_name(code).capitalize()) for code in LANGUAGES]
        lay_out_plainly(self)

    @property
    def chosen(self) -> Version:
        """The version chosen in a valid form."""
        return self.versions[self.cleaned_data["version"]]

    def clean(self) -> dict[str, Any]:
        """A language in which the service is."""
        data = super().clean() or self.cleaned_data
        version = self.versions.get(data.get("version", ""))
        if version and data.get("language") and data["language"] not in version.definition.languages:
            self.add_error("language", _("The service is not in that language. Choose another one."))
        return data


def _version_words(version: Version) -> str:
    said = _("%(service)s, version %(number)d") if version.published_at else _("%(service)s, test version %(number)d")
    return said % {"service": version.definition.name.said(get_language()), "number": version.number}


class Sandboxes(Systems):
    """The page of a sandbox, and emptying it."""

    def get_urls(self) -> list[URLPattern]:
        """The two."""
        staff, either = self.admin_site.admin_view, require_http_methods(["GET", "HEAD", "POST"])
        return [
            path("<int:pk>/sandbox/", staff(either(self.sandbox_view)), name="people_system_sandbox"),
            path("<int:pk>/sandbox/empty/", staff(either(self.empty_view)), name="people_system_empty"),
            *super().get_urls(),
        ]

    def tested(self, request: HttpRequest, pk: int) -> System:
        """A system for testing that is this user's to look after. Raises Http404."""
        system = self.connected(request, pk)
        if not system.is_test:
            raise Http404
        return system

    def sandbox_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show it; what a POST does is said by its button."""
        system = self.tested(request, pk)
        act = request.POST.get("act", "") if request.method == "POST" else ""
        if act == "generate":
            return self._generate(request, system)
        if act in sandbox.ACTS:
            return self._act(request, system, act)
        return self._sandbox_page(request, system)

    def _sandbox_page(self, request: HttpRequest, system: System, form: GenerateForm | None = None) -> HttpResponse:
        versions = form.versions.values() if form else sandbox.versions_of(system)
        found = sandbox.cases_of(system).select_related("service__authority", "application__version")
        narrow = found.defer("words", "outcome_text", "application__answers", "application__version__document")
        cases = list(narrow[: MOST_SHOWN + 1])
        notes = list(sandbox.sent_on(system).prefetch_related("version__service").defer("answers")[: MOST_SHOWN + 1])
        facts: dict[str, Any] = {
            "system": system,
            "ready": systems.has_been_tested(system),
            "required": checklist.required(system),
            "optional": checklist.optional(system),
            "form": (form or GenerateForm(list(versions))) if versions else None,
            "cases": [(case, sandbox.acts_now(_steps(case))) for case in cases[:MOST_SHOWN]],
            "more": len(cases) > MOST_SHOWN,
            "notes": [_note(note) for note in notes[:MOST_SHOWN]],
            "more_notes": len(notes) > MOST_SHOWN,
            "conditional": any(version.definition.own_service for version in versions),
            "reads": system.authority_id in access.whole_authorities_where(request.user, access.SEES_CASES),
        }
        return self.page(request, "admin/interface/sandbox.html", _("Sandbox"), **facts)

    def _generate(self, request: HttpRequest, system: System) -> HttpResponse:
        form = GenerateForm(sandbox.versions_of(system), request.POST)
        if not form.is_valid():
            return self._sandbox_page(request, system, form)
        chosen = form.cleaned_data
        if form.chosen.definition.own_service:
            return self._send_on(request, system, form)
        try:
            made = sandbox.generate(system, form.chosen, chosen["language"], chosen["count"])
        except NotAllowed as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return redirect("admin:people_system_sandbox", system.pk)
        said = ngettext("%(n)d case has arrived.", "%(n)d cases have arrived.", len(made)) % {"n": len(made)}
        self.note(request, system, f"{len(made)} cases of {form.chosen.service.key} generated", said)
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:people_system_sandbox", system.pk)

    def _send_on(self, request: HttpRequest, system: System, form: GenerateForm) -> HttpResponse:
        chosen = form.cleaned_data
        n = len(sandbox.send_on(system, form.chosen, chosen["language"], chosen["count"]))
        said = ngettext(
            "The made-up customer has gone on to the authority’s own service, with %(n)d matter. Nothing has arrived yet.",
            "The made-up customer has gone on to the authority’s own service, with %(n)d matters. Nothing has arrived yet.",
            n,
        ) % {"n": n}
        self.note(request, system, f"made-up customer sent on {n} times from {form.chosen.service.key}", said)
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:people_system_sandbox", system.pk)

    def _act(self, request: HttpRequest, system: System, name: str) -> HttpResponse:
        asked = request.POST.get("case", "")
        is_number = asked.isascii() and asked.isdecimal() and len(asked) < 19
        case = sandbox.cases_of(system).filter(pk=int(asked)).first() if is_number else None
        if case is None:
            raise Http404
        act, words = sandbox.ACTS[name]
        try:
            act(case)
        except NotAllowed as refused:
            self.message_user(request, f"{case}: {refused}", messages.WARNING)
        else:
            log.note(
                request,
                log.Act.CHANGED,
                str(case),
                authority=system.authority_id,
                detail=f"made-up customer: {name}",
            )
            said = _("Done as the made-up customer of %(case)s: %(what)s.") % {"case": case, "what": words}
            self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:people_system_sandbox", system.pk)

    def empty_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, and delete all that was generated."""
        system = self.tested(request, pk)
        if request.method != "POST":
            facts: dict[str, Any] = {"system": system, "held": sandbox.held(system), "calls": system.calls.count()}
            return self.page(request, "admin/interface/empty.html", _("Empty the sandbox"), **facts)
        gone = sandbox.empty(system)
        said = _("The sandbox is empty.")
        self.note(request, system, f"sandbox emptied: {gone}", said, log.Act.DELETED)
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:people_system_sandbox", system.pk)


def _note(note: Application) -> dict[str, Any]:
    """What the page says of a matter that the customer has gone on with elsewhere."""
    return {
        "external_id": note.external_id,
        "service": note.version.definition.name.said(get_language()),
        "at": note.created_at,
        "address": redirected.address_there(note, note.language),
    }


def _steps(case: Case) -> set[str]:
    return {step.name for step in steps_from(case.status, Party.CUSTOMER)}
