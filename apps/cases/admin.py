"""The desk's room for cases: shows what is in the folder and calls the steps of the rule book; it decides nothing."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications.attachments import as_download, cautions
from apps.applications.models import Attachment
from apps.cases import casepage, documents
from apps.cases.models import OPEN_REQUEST, Case, Document, Event, NotAllowed, SupplementRequest, open_request
from apps.cases.rulebook import FINAL, STATUS_WORDS, STEPS, Party, Step
from apps.cases.stepform import StepForm
from apps.cases.trial import trial_of
from apps.people import access
from apps.people.adminsite import Room
from apps.people.models import User
from apps.services.models import Service, Version
from apps.services.texts import HELSINKI, LANGUAGES, date_words, moment_words

NOBODY, ME = "nobody", "me"

access_log = logging.getLogger("access")  # who has looked at what is hidden; without saying what


class ByStatus(admin.SimpleListFilter):
    """The cases in a status."""

    title, parameter_name = gettext_lazy("status"), "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Every status, in words."""
        return list(STATUS_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those of the one chosen."""
        return queryset.filter(status=self.value()) if self.value() in STATUS_WORDS else queryset


class ByService(admin.SimpleListFilter):
    """The cases of a service."""

    title, parameter_name = gettext_lazy("service"), "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """The services whose cases the user may read."""
        own = Service.objects.filter(authority__in=access.authorities_where(request.user, access.SEES_CASES))
        return [(service.key, str(service)) for service in own.select_related("published").defer("published__document")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those of the one chosen."""
        known = {key for key, _name in self.lookup_choices}
        return queryset.filter(service__key=self.value()) if self.value() in known else queryset


class ByHandler(admin.SimpleListFilter):
    """The cases of a handler."""

    title, parameter_name = gettext_lazy("handler"), "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Oneself, nobody yet, and each handler of the same authorities."""
        own = access.authorities_where(request.user, access.SEES_CASES)
        colleagues = User.objects.filter(memberships__authority__in=own, memberships__role__in=access.HANDLES_CASES)
        named = [(str(user.pk), str(user)) for user in colleagues.distinct().order_by("last_name", "username")]
        return [(ME, _("Me")), (NOBODY, _("Nobody yet")), *named]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those of the one chosen."""
        chosen = self.value()
        if chosen == ME:
            return queryset.filter(handler=request.user.pk)
        if chosen == NOBODY:
            return queryset.filter(handler=None)
        known = {key for key, _name in self.lookup_choices}
        return queryset.filter(handler=int(chosen)) if chosen in known else queryset


@admin.register(Case)
class CaseAdmin(Room):
    """The cases of the user's authorities."""

    list_display = ("number", "service_name", "applicant", "status_words", "arrived", "handler", "due")
    list_filter = (ByStatus, ByService, ByHandler)
    list_select_related = ("application__customer", "application__principal", "application__version", "handler")
    list_per_page = 50
    search_fields = (
        "number",
        "application__customer__given_name",
        "application__customer__family_name",
        "application__principal__name",
        "=application__principal__subject",  # the business id; of a person's, nobody knows it
    )
    search_help_text = gettext_lazy("Search by case number, the applicant's name or business ID")
    ordering = ("-arrived_at", "-pk")

    # --- whose ---------------------------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who read cases somewhere. A superuser may enter too, and is told there why it is empty."""
        user = request.user
        return bool(access.authorities_where(user, access.SEES_CASES)) or access.keeps_installation(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The cases the user may read, each with the last day of its open request."""
        waiting = SupplementRequest.objects.filter(OPEN_REQUEST, case=OuterRef("pk"))
        own = Case.objects.visible_to(request.user).annotate(open_due=Subquery(waiting.values("due")[:1]))
        return own.defer("application__version__document", "service__published__document")

    # --- the list ------------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; a user who belongs to no authority is told why it is empty."""
        member = bool(access.authorities_where(request.user, access.SEES_CASES))
        return super().changelist_view(request, {"title": _("Cases"), "member": member, **(extra_context or {})})

    @admin.display(description=gettext_lazy("service"))
    def service_name(self, case: Case) -> str:
        """The service's name."""
        return case.service_name

    @admin.display(
        description=gettext_lazy("applicant"),
        ordering=Coalesce("application__principal__name", "application__customer__family_name"),
    )
    def applicant(self, case: Case) -> str:
        """Whose case it is, and who acts for them."""
        return casepage.applicant(case)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_words(self, case: Case) -> str:
        """The status in words."""
        return format_html('<span class="tag tag--{}">{}</span>', case.status, case.status_label)

    @admin.display(description=gettext_lazy("arrived"), ordering="arrived_at")
    def arrived(self, case: Case) -> str:
        """When it arrived."""
        return moment_words(case.arrived_at, get_language() or LANGUAGES[0])

    @admin.display(description=gettext_lazy("answer due"), ordering="open_due")
    def due(self, case: Any) -> str:
        """The last day of an open request."""
        return date_words(case.open_due) if case.open_due else ""

    # --- pages of its own ----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """A version's dry run, a step, a file and hidden contact data, besides the list and the case."""
        staff = self.admin_site.admin_view
        return [
            path(
                "dry-run/<int:service>/<int:number>/",
                staff(require_safe(self.dry_run_view)),
                name="cases_case_dry_run",
            ),
            path(
                "<int:pk>/step/<slug:name>/",
                staff(require_http_methods(["GET", "HEAD", "POST"])(self.step_view)),
                name="cases_case_step",
            ),
            path(
                "<int:pk>/contact-data/",
                staff(require_http_methods(["GET", "HEAD", "POST"])(self.contact_data_view)),
                name="cases_case_contact_data",
            ),
            path("<int:pk>/files/<uuid:attachment>/", staff(require_safe(self.file_view)), name="cases_case_file"),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The folder: what it is, what can be done now, its papers and its diary."""
        return self._folder(request, self.found(request, object_id))

    def contact_data_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The folder with the contact data that a protection order hides: this once, for a handler, and it is written down.

        Opening the address (a change of language, a reload) leads to the folder without them.
        """
        case = self.found(request, pk)
        if request.method != "POST":
            return redirect("admin:cases_case_change", case.pk)
        if not access.may_handle(request.user, case.service.authority_id):
            raise PermissionDenied
        access_log.info("contact data of %s shown to user %s", case.number, request.user.pk)
        return self._folder(request, case, contact_data=True)

    def _folder(self, request: HttpRequest, case: Any, *, contact_data: bool = False) -> HttpResponse:
        asked = open_request(case)
        papers = casepage.papers(case, get_language() or LANGUAGES[0], contact_data=contact_data)
        return self.page(
            request,
            "admin/cases/case/folder.html",
            f"{case.number}: {case.service_name}",
            case=case,
            over=case.status in FINAL,
            steps=case.steps_for(request.user),
            handles=access.may_handle(request.user, case.service.authority_id),
            asked=asked,
            late=asked is not None and asked.overdue(timezone.localdate(timezone=HELSINKI)),
            version=casepage.version_words(case),
            applicant=casepage.applicant(case),
            protected=any(paper.protected for paper in papers),
            contact_data=contact_data,
            papers=papers,
            cautions=cautions(Attachment.objects.filter(application__event__case=case))
            | cautions(Document.objects.filter(event__case=case)),
            diary=casepage.diary(case),
            deliveries=_address_of_deliveries(case),
        )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The case with what its page looks at."""
        paper = ("application__customer", "application__principal", "application__version")
        wide = (*paper, "handler", "service__authority", "service__published")
        try:
            return self.get_queryset(request).select_related(*wide).filter(pk=int(object_id)).first()
        except (ValueError, OverflowError):
            return None

    def step_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Ask for what a step needs, and take it; a refusal of the rule book becomes a message at the case.

        What was typed is shown again when it cannot be taken as it is. The same form sent twice takes one step.
        """
        case, step = self.found(request, pk), STEPS.get(name)
        if step is None:
            raise Http404
        there = redirect("admin:cases_case_change", case.pk)
        form = self._form_of(request, case, step)
        try:
            if form.is_bound and form.is_valid():
                if event := self._taken(case, request.user, form):
                    self.message_user(request, f"{case.number}: {event.label}", messages.SUCCESS)
                    return there
            else:
                case.possible_step(name, by=request.user)
        except NotAllowed as refusal:
            if not form.is_bound or not request.POST.get("text", "").strip():
                self.message_user(request, str(refusal), messages.ERROR)
                return there
            form.add_error(None, str(refusal))
        who = {"applicant": casepage.applicant(case)}
        return self.page(request, "admin/cases/case/step.html", str(step.label), case=case, step=step, form=form, **who)

    @staticmethod
    def _form_of(request: HttpRequest, case: Case, step: Step) -> StepForm:
        today = timezone.localdate(timezone=HELSINKI)
        if step.by is not Party.HANDLER or request.method != "POST":
            return StepForm(step, case, today=today)
        form = StepForm(step, case, today=today, data=request.POST, files=request.FILES)
        if "files" in form.fields:
            documents.say_what_was_left_out(request, form)
        return form

    @staticmethod
    def _taken(case: Case, by: Any, form: StepForm) -> Event | None:
        """The line of the diary; None, and an error in the form, when a file cannot be taken."""
        facts = form.facts
        try:
            with documents.received(facts.get("files", ())) as files:
                return case.take_step(
                    form.step.name, by=by, once=form.once, **facts | ({"files": files} if files else {})
                )
        except ValidationError as refused:
            form.add_error("files", refused)
        return None

    def file_view(self, request: HttpRequest, pk: int, attachment: UUID) -> FileResponse:
        """A file of a paper or of the diary of the folder, to be saved and never shown by the browser itself."""
        case = self.found(request, pk)
        paper = casepage.paper_with(case, str(attachment))
        if paper is None:
            return as_download(documents.document_of(case, attachment))
        file = get_object_or_404(Attachment, pk=attachment, application=paper)
        return as_download(file)

    def dry_run_view(self, request: HttpRequest, service: int, number: int) -> HttpResponse:
        """What a version would have meant for what has been sent, for all who see the service: they need not see its cases."""
        seen = Service.objects.visible_to(request.user)
        versions = Version.objects.select_related("service__published").defer(
            "document", "service__published__document"
        )
        version = get_object_or_404(versions, service__in=seen, service=service, number=number)
        return self.page(
            request,
            "admin/cases/case/dry_run.html",
            _("Dry run of version %(number)d") % {"number": number},
            service=version.service,
            trial=trial_of(version, request.user),
        )


def _address_of_deliveries(case: Case) -> str:
    """The list of the case's deliveries, where there is one: this floor knows its name and nothing else of it."""
    try:
        return f"{reverse('admin:sync_delivery_changelist')}?{urlencode({'case__id__exact': case.pk})}"
    except NoReverseMatch:
        return ""
