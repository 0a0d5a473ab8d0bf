"""The desk's room for cases: shows what is in the folder and calls the steps of the rule book; it decides nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.cases.desk.bulk import Bulk
from apps.cases.desk.caretaking import Caretaking
from apps.cases.desk.caselist import CaseList
from apps.cases.desk.consulted import ConsultationAdmin as ConsultationAdmin
from apps.cases.desk.folder import FolderPage
from apps.cases.desk.joining import Joining
from apps.cases.desk.keeping import Keeping
from apps.cases.desk.packages import Packages
from apps.cases.desk.registering import RegisterPages
from apps.cases.desk.savedviews import SavedViews
from apps.cases.desk.statistics import StatisticsPage
from apps.cases.desk.steps import StepPage
from apps.cases.desk.templates import TextTemplateAdmin as TextTemplateAdmin
from apps.cases.desk.testing import TestCases
from apps.cases.models import OPEN_REQUEST, Case, SupplementRequest
from apps.cases.trial import trial_of
from apps.people import access, log
from apps.people.adminsite import Room
from apps.services import working
from apps.services.models import Service, Version, WorkingCopy
from apps.services.working import unsaved


@admin.register(Case)
class CaseAdmin(
    Bulk,
    SavedViews,
    CaseList,
    FolderPage,
    StepPage,
    RegisterPages,
    StatisticsPage,
    Keeping,
    Packages,
    Caretaking,
    TestCases,
    Joining,
    Room,
):
    """The cases of the user's authorities. Each part brings its own addresses."""

    # --- whose ---------------------------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who read cases somewhere. A superuser may enter too, and is told there why it is empty."""
        user = request.user
        return bool(access.authorities_where(user, access.SEES_CASES)) or access.keeps_installation(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The cases the user may read, each with the last day of its open request."""
        return self._with_open_request(Case.objects.visible_to(request.user))

    @staticmethod
    def _with_open_request(cases: QuerySet[Case]) -> QuerySet[Any]:
        waiting = SupplementRequest.objects.filter(OPEN_REQUEST, case=OuterRef("pk"))
        own = cases.annotate(open_due=Subquery(waiting.values("due")[:1]))
        return own.defer("application__version__document", "service__published__document")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The case with what its page looks at; a test too, which is in no list."""
        own = self._with_open_request(Case.objects.visible_to(request.user, tests=True))
        paper = ("application__customer", "application__principal", "application__version")
        wide = (*paper, "handler", "service__authority", "service__published")
        try:
            return own.select_related(*wide).filter(pk=int(object_id)).first()
        except (ValueError, OverflowError):
            return None

    def get_urls(self) -> list[URLPattern]:
        """The dry runs of a version and of a working copy, besides those of the parts."""
        staff = self.admin_site.admin_view
        return [
            path(
                "dry-run/<int:service>/<int:number>/",
                staff(require_safe(self.dry_run_view)),
                name="cases_case_dry_run",
            ),
            path(
                "dry-run/<int:service>/working-copy/",
                staff(require_safe(self.dry_run_working_view)),
                name="cases_case_dry_run_working",
            ),
            *super().get_urls(),
        ]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own page of what was done at the desk; that it was looked at is written down."""
        case = self.found(request, object_id)
        log.note(request, log.Act.SAW, case.number, authority=case.service.authority_id, detail="history")
        return super().history_view(request, object_id, extra_context)

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

    def dry_run_working_view(self, request: HttpRequest, service: int) -> HttpResponse:
        """The same of what a service's working copy says now, for those who define the service."""
        own = get_object_or_404(Service.objects.visible_to(request.user).select_related("published"), pk=service)
        if not access.may_define(request.user, own.authority_id):
            raise PermissionDenied
        copy = get_object_or_404(WorkingCopy.objects.select_related("service"), service=own)
        copy.service = own
        _definition, problems = working.judged(copy)
        return self.page(
            request,
            "admin/cases/case/dry_run.html",
            _("Dry run of the working copy"),
            service=own,
            problems=len(problems),
            trial=None if problems else trial_of(unsaved(own, copy), request.user),
            back=reverse("admin:services_service_publishing", args=[own.pk]),
        )
