"""The room of an authority that others have asked: what it may see of their cases, and its answers. It gets to nothing else of a case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.applications.models import Attachment, StoredFile
from apps.cases import casepage, documents
from apps.cases.desk.files import FilePages
from apps.cases.diary import consultation_thread
from apps.cases.models import Case, Consultation, NotAllowed
from apps.cases.rulebook import ENDED, STEPS, Party
from apps.cases.stepform import StepForm
from apps.people import access, log
from apps.people.models import User
from apps.services.texts import HELSINKI, LANGUAGES, moment_words

# Which authority the answer is from, the page knows and nobody is asked.
ANSWER = replace(STEPS["answer"], may=("files",))


class ByAnswer(admin.SimpleListFilter):
    """Those that wait for an answer, or do not."""

    title, parameter_name = gettext_lazy("answered"), "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """The two."""
        return [("waits", _("Waits for an answer from us")), ("given", _("Answered"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consultation]) -> QuerySet[Consultation]:
        """Those of the one chosen."""
        waits = queryset.filter(answered_at=None, case__status__in=ANSWER.before)
        if self.value() == "waits":
            return waits
        return queryset.exclude(answered_at=None) if self.value() == "given" else queryset


@admin.register(Consultation)
class ConsultationAdmin(FilePages):
    """What other authorities have asked the user's own."""

    list_display = ("number", "asking", "service", "asked", "answer", "own")
    list_display_links = ("number",)
    list_filter = (ByAnswer,)
    list_select_related = ("case__service__authority", "case__application__version", "authority")
    list_per_page = 50
    ordering = (F("answered_at").desc(nulls_first=True), "-opened_at", "-pk")

    # --- whose ---------------------------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who read all cases of an authority: a consultation belongs to no service of it."""
        return bool(access.whole_authorities_where(request.user, access.SEES_CASES))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of the user's authorities, without what the list does not need."""
        return Consultation.objects.visible_to(request.user).defer(
            "case__application__answers",
            "case__application__supplement_form",
            "case__application__version__document",
            "case__outcome_text",
        )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The consultation with what its page looks at."""
        wide = ("case__service__authority", "case__application__version", "authority")
        try:
            return self.get_queryset(request).select_related(*wide).filter(pk=int(object_id)).first()
        except (ValueError, OverflowError):
            return None

    # --- the list ------------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        return super().changelist_view(request, {"title": _("Asked by other authorities"), **(extra_context or {})})

    @admin.display(description=gettext_lazy("case number"), ordering="case__number")
    def number(self, asked: Consultation) -> str:
        """The case's number."""
        return str(asked.case)

    @admin.display(description=gettext_lazy("authority that asks"))
    def asking(self, asked: Consultation) -> str:
        """Whose case it is."""
        return str(asked.case.service.authority)

    @admin.display(description=gettext_lazy("service"))
    def service(self, asked: Consultation) -> str:
        """What the case is about."""
        return asked.case.service_name

    @admin.display(description=gettext_lazy("asked"), ordering="opened_at")
    def asked(self, asked: Consultation) -> str:
        """When it was asked first."""
        return moment_words(asked.opened_at, get_language() or LANGUAGES[0])

    @admin.display(description=gettext_lazy("last answered"), ordering="answered_at")
    def answer(self, asked: Consultation) -> str:
        """When it was answered last, or that it waits."""
        if asked.answered_at:
            return moment_words(asked.answered_at, get_language() or LANGUAGES[0])
        if asked.case.status in ENDED:
            return _("The case has ended")
        return format_html('<span class="tag tag--draft">{}</span>', _("Waits for an answer from us"))

    @admin.display(description=gettext_lazy("your authority"))
    def own(self, asked: Consultation) -> str:
        """Which of the user's authorities was asked."""
        return str(asked.authority)

    # --- its page ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The page in its own way: it takes answers."""
        view = require_http_methods(["GET", "HEAD", "POST"])(self.consultation_view)
        own = path("<int:pk>/change/", self.admin_site.admin_view(view), name="cases_consultation_change")
        return [own, *super().get_urls()]

    def consultation_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What was asked and answered, and a form to answer with. The same form sent twice is one answer."""
        asked = self.found(request, pk)
        form = self._form(request, asked)
        if form is not None and form.is_bound:
            try:
                if form.is_valid() and (event := form.take(**self._facts(request, asked, form))):
                    log.note(request, log.Act.CHANGED, asked.case.number, authority=asked.authority_id, detail="answer")
                    self.message_user(request, f"{asked.case.number}: {event.label}", messages.SUCCESS)
                    return redirect("admin:cases_consultation_change", asked.pk)
            except NotAllowed as refusal:
                form.add_error(None, str(refusal))
        elif request.method == "POST":
            self.message_user(request, _("You cannot answer here."), messages.ERROR)
            return redirect("admin:cases_consultation_change", asked.pk)
        log.note(request, log.Act.SAW, asked.case.number, authority=asked.authority_id, detail="consultation")
        return self._shown(request, asked, form)

    def _form(self, request: HttpRequest, asked: Consultation) -> StepForm | None:
        """The form of an answer; None for who may not give one. What was typed is read even when the case has ended meanwhile."""
        sent = request.method == "POST"
        if not may_answer(request.user, asked) or (asked.case.status in ENDED and not sent):
            return None
        today = timezone.localdate(timezone=HELSINKI)
        by = cast(User, request.user)  # an official, or they could not answer
        if not sent:
            return StepForm(ANSWER, asked.case, today=today, by=by)
        form = StepForm(ANSWER, asked.case, today=today, by=by, data=request.POST, files=request.FILES)
        documents.say_what_was_left_out(request, form)
        return form

    @staticmethod
    def _facts(request: HttpRequest, asked: Consultation, form: StepForm) -> dict[str, Any]:
        """By whom and for which authority it is answered; the same form is another answer for another one."""
        once = form.once and f"{asked.pk} {form.once}"
        return {"by": cast(User, request.user), "authority": asked.authority, "once": once}

    def _shown(self, request: HttpRequest, asked: Consultation, form: StepForm | None) -> HttpResponse:
        papers = casepage.papers(asked.case, get_language() or LANGUAGES[0]) if asked.with_paper else []
        return self.page(
            request,
            "admin/cases/consultation/consultation.html",
            f"{asked.case.number}: {asked.case.service_name}",
            row=asked,
            asked=asked,
            case=asked.case,
            over=asked.case.status in ENDED,
            thread=consultation_thread(asked),
            papers=papers,
            protected=any(paper.protected for paper in papers),
            all_open="open" in request.GET,
            notes=casepage.file_notes(asked.case),
            form=form,
            handles_it=access.may_handle(request.user, asked.case.service),
            **self.file_addresses(),
        )

    # --- its files -----------------------------------------------------------------------------------------------------

    def file_in(self, row: Consultation, file: UUID) -> StoredFile:
        """A file of the messages between the two, or of the papers where these are shown."""
        if str(file) in {known["id"] for message in consultation_thread(row) for known in message.files}:
            return documents.document_of(row.case, file)
        paper = casepage.paper_with(row.case, str(file)) if row.with_paper else None
        if paper is None:
            raise Http404
        found = Attachment.objects.filter(pk=file, application=paper).first()
        if found is None:
            raise Http404
        return found

    def about(self, row: Consultation) -> tuple[Case, int]:
        """The case, in the log of the authority that was asked."""
        return row.case, row.authority_id


def may_answer(user: Any, asked: Consultation) -> bool:
    """Whether an official may answer for the authority that was asked: one who handles its cases, and not the case itself."""
    if not isinstance(user, User) or asked.case.party_of(user) is not Party.CONSULTED:
        return False
    return asked.authority_id in access.whole_authorities_where(user, access.HANDLES_CASES)
