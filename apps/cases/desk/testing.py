"""What came of testing a service's versions: the cases, for whoever may look at them, and deleting all of a test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications.models import Application
from apps.cases import testcases
from apps.cases.models import Case
from apps.people import access, log
from apps.people.adminsite import Room
from apps.services import rehearsing
from apps.services.models import Rehearsal, Service

MOST_SHOWN = 100  # cases of a test


@dataclass(frozen=True)
class Tested:
    """What came of testing one version: its cases, the latest first, how many more there are, and the drafts."""

    number: int
    is_over: bool
    cases: list[Case]
    more: int
    drafts: int

    @property
    def has_something(self) -> bool:
        """Whether there is anything to delete."""
        return bool(self.cases or self.drafts)


class TestCases(Room):
    """The cases of a service's tests. A designer who reads no cases sees number, time and status; the page of a case is for readers."""

    def get_urls(self) -> list[URLPattern]:
        """The list, and deleting."""
        staff, either = self.admin_site.admin_view, require_http_methods(["GET", "HEAD", "POST"])
        return [
            path("service/<int:service>/tests/", staff(require_safe(self.tests_view)), name="cases_case_tests"),
            path(
                "service/<int:service>/tests/<int:number>/delete/",
                staff(either(self.delete_tests_view)),
                name="cases_case_tests_delete",
            ),
            *super().get_urls(),
        ]

    def tests_view(self, request: HttpRequest, service: int) -> HttpResponse:
        """The list, version by version."""
        own = _seen(request, service)
        reads, defines = _reads(request, own), access.may_define(request.user, own.authority_id)
        if not (reads or defines):
            raise PermissionDenied
        facts: dict[str, Any] = {"service": own, "tests": tested(own), "reads": reads, "may_define": defines}
        return self.page(request, "admin/cases/trials/list.html", _("Cases of tests"), **facts)

    def delete_tests_view(self, request: HttpRequest, service: int, number: int) -> HttpResponse:
        """Ask, and delete all that came of testing a version. For who defines the service."""
        own = _seen(request, service)
        if not access.may_define(request.user, own.authority_id):
            raise PermissionDenied
        test = get_object_or_404(rehearsing.rehearsals_of(own), version__number=number)
        if request.method != "POST":
            title = _("Delete everything of this test")
            facts: dict[str, Any] = {"service": own, "number": number, "held": testcases.held_of(test)}
            return self.page(request, "admin/cases/trials/delete.html", title, **facts)
        gone = testcases.delete_tests(test)
        self.message_user(request, _("Everything of the test is deleted."), messages.SUCCESS)
        detail = f"tests of version {number}: {gone}"
        log.note(request, log.Act.DELETED, f"service {own.key}", authority=own.authority_id, detail=detail)
        return redirect("admin:cases_case_tests", own.pk)


def tested(service: Service) -> list[Tested]:
    """What came of each test of a service, the latest test first. As many queries for many tests as for one."""
    tests = list(rehearsing.rehearsals_of(service))
    cases = Case.objects.filter(service=service, is_test=True).select_related("application__version")
    narrow = cases.defer("words", "outcome_text", "application__answers", "application__version__document")
    by_version: dict[int, list[Case]] = defaultdict(list)
    for case in narrow.order_by("-arrived_at", "-pk").iterator():
        by_version[case.application.version_id].append(case)
    drafts = _drafts(tests)
    return [_tested(test, by_version[test.version_id], drafts[test.version_id]) for test in tests]


def _tested(test: Rehearsal, cases: list[Case], drafts: int) -> Tested:
    over = test.closed_at is not None or test.version.published_at is not None
    return Tested(test.version.number, over, cases[:MOST_SHOWN], max(0, len(cases) - MOST_SHOWN), drafts)


def _drafts(tests: Iterable[Rehearsal]) -> Counter[int]:
    begun = Application.objects.drafts().filter(is_test=True, version__in=[test.version_id for test in tests])
    return Counter(dict(begun.order_by().values_list("version").annotate(Count("pk"))))


def _seen(request: HttpRequest, pk: int) -> Service:
    """A service that the user may look at. Raises Http404."""
    seen = Service.objects.visible_to(request.user).select_related("authority", "published")
    return get_object_or_404(seen.defer("published__document"), pk=pk)


def _reads(request: HttpRequest, service: Service) -> bool:
    """Whether the user may read the service's cases."""
    return Service.objects.filter(access.of_services(request.user, access.SEES_CASES), pk=service.pk).exists()
