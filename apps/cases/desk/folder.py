"""The page of a case: what is in its folder, and what can be done now."""

from __future__ import annotations

import logging
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications.models import Attachment, StoredFile
from apps.cases import casepage, documents, duedates
from apps.cases.desk.files import FilePages
from apps.cases.desk.keeping import panel
from apps.cases.diary import diary_of
from apps.cases.models import Case, open_request
from apps.cases.rulebook import ENDED
from apps.people import access, log
from apps.people.models import User
from apps.services import connecting
from apps.services.texts import HELSINKI, LANGUAGES

access_log = logging.getLogger("access")  # who has looked at what is hidden; without saying what

# What is hidden on a case's page until a handler asks for it: its name in the form, and in the log.
CONTACT_DATA, CODES = "contact_data", "codes"
HIDDEN = {CONTACT_DATA: "contact data", CODES: "identity codes"}


class FolderPage(FilePages):
    """The page of a case, its files, and what is shown on request only."""

    def get_urls(self) -> list[URLPattern]:
        """What is hidden, besides the files."""
        staff, either = self.admin_site.admin_view, require_http_methods(["GET", "HEAD", "POST"])
        return [
            path("<int:pk>/contact-data/", staff(either(self.contact_data_view)), name="cases_case_contact_data"),
            path("<int:pk>/identity-codes/", staff(either(self.codes_view)), name="cases_case_codes"),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The folder: what it is, what can be done now, its papers and its diary."""
        case = self.found(request, object_id)
        log.note(request, log.Act.SAW, case.number, authority=case.service.authority_id)
        return self._folder(request, case)

    def contact_data_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The folder with the contact data that a protection order hides: this once, for a handler, and it is written down.

        Opening the address (a change of language, a reload) leads to the folder without them.
        """
        return self._with_hidden(request, pk, CONTACT_DATA)

    def codes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The folder with the whole personal identity codes, in the same way."""
        return self._with_hidden(request, pk, CODES)

    def _with_hidden(self, request: HttpRequest, pk: int, asked: str) -> HttpResponse:
        """The folder with what is asked for, and with what else was shown already on the page where it was."""
        case = self.found(request, pk)
        if request.method != "POST":
            return redirect("admin:cases_case_change", case.pk)
        if not access.may_handle(request.user, case.service):
            raise PermissionDenied
        shown = {asked, *request.POST.getlist("also")} & HIDDEN.keys()
        for one in sorted(shown):
            access_log.info("%s of %s shown to user %s", HIDDEN[one], case.number, request.user.pk)
            log.note(request, log.Act.SAW_HIDDEN, case.number, authority=case.service.authority_id, detail=HIDDEN[one])
        return self._folder(request, case, shown)

    def _folder(self, request: HttpRequest, case: Any, shown: set[str] | None = None) -> HttpResponse:
        asked, language, shown = open_request(case), get_language() or LANGUAGES[0], shown or set()
        late = asked is not None and asked.overdue(timezone.localdate(timezone=HELSINKI))
        papers = casepage.papers(case, language, contact_data=CONTACT_DATA in shown)
        return self.page(
            request,
            "admin/cases/case/folder.html",
            f"{case.number}: {case.service_name}",
            case=case,
            row=case,
            over=case.status in ENDED,
            choices=casepage.choices(case, case.steps_for(request.user), late=late),
            handles=access.may_handle(request.user, case.service),
            asked=asked,
            late=late,
            version=casepage.version_words(case),
            applicant=casepage.applicant(case),
            own_system=connecting.names_of_systems([case.service]).get(case.service_id, ""),
            due=duedates.told(case, timezone.localdate(timezone=HELSINKI)),
            moved=casepage.moved(case, request.user),
            protected=any(paper.protected for paper in papers),
            masked=any(paper.holds_codes for paper in papers),
            contact_data=CONTACT_DATA in shown,
            codes=CODES in shown,
            papers=papers,
            all_open="open" in request.GET,
            notes=casepage.file_notes(case),
            diary=diary_of(case),
            deliveries=_address_of_deliveries(case),
            keeping=panel(case, cast(User, request.user)),
            **casepage.where(case, language),
            **self.file_addresses(),
        )

    def file_in(self, row: Case, file: UUID) -> StoredFile:
        """A file of a paper or of the diary of the folder."""
        paper = casepage.paper_with(row, str(file))
        if paper is None:
            return documents.document_of(row, file)
        return get_object_or_404(Attachment, pk=file, application=paper)

    def about(self, row: Case) -> tuple[Case, int]:
        """The case, in its authority's log."""
        return row, row.service.authority_id


def _address_of_deliveries(case: Case) -> str:
    """The list of the case's deliveries, where there is one: this floor knows its name and nothing else of it."""
    try:
        return f"{reverse('admin:sync_delivery_changelist')}?{urlencode({'case__id__exact': case.pk})}"
    except NoReverseMatch:
        return ""
