"""Taking a step in a case: a page with a form for what the rule book says that the step needs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.cases import casepage, documents, transferring
from apps.cases.models import Case, Event, NotAllowed
from apps.cases.rulebook import STEPS, Audience, Party, Step
from apps.cases.stepform import StepForm
from apps.cases.steplayout import INSERT
from apps.people import log
from apps.people.adminsite import Room
from apps.people.models import User
from apps.services.texts import HELSINKI


class StepPage(Room):
    """The page of a step."""

    def get_urls(self) -> list[URLPattern]:
        """A step."""
        staff = self.admin_site.admin_view
        return [
            path(
                "<int:pk>/step/<slug:name>/",
                staff(require_http_methods(["GET", "HEAD", "POST"])(self.step_view)),
                name="cases_case_step",
            ),
            *super().get_urls(),
        ]

    def step_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Ask for what a step needs, and take it; a refusal of the rule book becomes a message at the case.

        What was typed is shown again when it cannot be taken as it is. The same form sent twice takes one step.
        """
        case, step = self.found(request, pk), STEPS.get(name)
        if step is None:
            raise Http404
        form = self._form_of(request, case, step)
        try:
            if self._is_sent(request, form) and form.is_valid():
                if event := self._taken(case, request.user, form):
                    return self._done(request, case, form, event)
            else:
                case.possible_step(name, by=request.user)
        except NotAllowed as refusal:
            if not form.has_typed:
                self.message_user(request, str(refusal), messages.ERROR)
                return redirect("admin:cases_case_change", case.pk)
            form.add_error(None, str(refusal))
        log.note(request, log.Act.SAW, case.number, authority=case.service.authority_id, detail=f"step {name}")
        return self.page(
            request,
            "admin/cases/case/step.html",
            str(step.label),
            case=case,
            step=step,
            form=form,
            applicant=casepage.applicant(case),
            only_here=step.audience is Audience.DESK,
        )

    @staticmethod
    def _is_sent(request: HttpRequest, form: StepForm) -> bool:
        """Whether the step is to be taken, and not only a text put into its form."""
        return form.is_bound and INSERT not in request.POST

    @staticmethod
    def _form_of(request: HttpRequest, case: Case, step: Step) -> StepForm:
        today = timezone.localdate(timezone=HELSINKI)
        by = request.user if isinstance(request.user, User) else None
        if step.by is not Party.HANDLER or request.method != "POST":
            return StepForm(step, case, today=today, by=by)
        form = StepForm(step, case, today=today, by=by, data=request.POST, files=request.FILES)
        if INSERT in request.POST:
            form.put_in()
        elif "files" in form.fields:
            documents.say_what_was_left_out(request, form)
        return form

    def _done(self, request: HttpRequest, case: Case, form: StepForm, event: Event) -> HttpResponse:
        log.note(request, log.Act.CHANGED, str(case.number), authority=case.service.authority_id, detail=form.step.name)
        self.message_user(request, f"{case.number}: {event.label}", messages.SUCCESS)
        for note in form.notes:
            self.message_user(request, note, messages.INFO)
        return redirect("admin:cases_case_change", case.pk)

    @staticmethod
    def _taken(case: Case, by: Any, form: StepForm) -> Event | None:
        """The line of the diary; None, and an error in the form, when a file cannot be taken."""
        if "service" in form.facts:
            return transferring.transfer(case, by=by, once=form.once, **form.facts)
        return form.take(by=by)
