"""The definition as text beside the forms, and a whole authority's services in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from apps.people import access, log
from apps.people.models import Authority
from apps.services import archives, editing, working
from apps.services.archives import LARGEST_ARCHIVE, NotAnArchive
from apps.services.desk.base import Building, designer
from apps.services.desk.starting import own_authorities, posted, read_document
from apps.services.exchange import as_json
from apps.services.layout import lay_out_plainly
from apps.services.models import Service, WorkingCopy
from apps.services.reading import Problem, Unreadable
from apps.services.textplaces import Places

PROBLEMS_SHOWN = 200
CHECK = "check"  # the button that only looks


@dataclass(frozen=True)
class Found:
    """Something to mend in a text: on which line, where, and why."""

    line: int
    path: str
    reason: str


class ArchiveForm(forms.Form):
    """An archive of definition files."""

    use_required_attribute = False
    archive = forms.FileField(
        label=gettext_lazy("Archive"),
        help_text=gettext_lazy("A zip of definition files, such as one exported here."),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lay_out_plainly(self)


class AsText(Building):
    """The definition as text beside the forms, and a whole authority's services in and out."""

    def get_urls(self) -> list[URLPattern]:
        """The text, and the archives."""
        staff, both = self.admin_site.admin_view, require_http_methods(["GET", "HEAD", "POST"])
        return [
            path("<int:pk>/build/text/", staff(both(self.text_view)), name="services_service_document"),
            path(
                "<int:pk>/build/text/file/", staff(require_safe(self.text_file_view)), name="services_service_text_file"
            ),
            path("all/", staff(require_safe(self.all_view)), name="services_service_all"),
            path(
                "all/<slug:authority>/export/",
                staff(require_safe(self.export_all_view)),
                name="services_service_export_all",
            ),
            path("all/<slug:authority>/import/", staff(both(self.import_all_view)), name="services_service_import_all"),
            *super().get_urls(),
        ]

    # --- one service ---------------------------------------------------------------------------------------------------

    def text_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The working copy as text. A POST checks it, and saves it unless only the check was asked for."""
        service, copy = self.copy_of(request, pk)
        text, found, checked = working.text_of(copy), [], False
        if request.method == "POST":
            text = request.POST.get("text", "").replace("\r\n", "\n")
            found, checked = found_in(text, service), CHECK in request.POST
            if not checked and self._text_saved(request, copy, text):
                return redirect("admin:services_service_document", pk)
        else:
            found = found_in(text, service)
        return self.build_page(
            request,
            "document.html",
            _("The definition as text"),
            service,
            copy,
            tab="document",
            text=text,
            found=found[:PROBLEMS_SHOWN],
            found_left=len(found) - PROBLEMS_SHOWN,
            checked=checked,
            rows=min(40, max(12, text.count("\n") + 2)),
        )

    def _text_saved(self, request: HttpRequest, copy: WorkingCopy, text: str) -> bool:
        """Save a text that can be edited on; what is unfinished in it may be. What stands in the way is listed on the page."""
        try:
            document = own_document(text, copy.service)
        except Unreadable:
            return False
        return self.change(request, copy, editing.replace(document), said=_("Saved."))

    def text_file_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The working copy's text as a file."""
        service, copy = self.copy_of(request, pk)
        response = HttpResponse(working.text_of(copy).encode(), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{service.key}.json"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    # --- all services of an authority ----------------------------------------------------------------------------------

    def all_view(self, request: HttpRequest) -> HttpResponse:
        """The authorities whose services can be taken out and in."""
        return self.page(
            request,
            "admin/services/build/all.html",
            _("All services in and out"),
            authorities=own_authorities(request),
        )

    def export_all_view(self, request: HttpRequest, authority: str) -> HttpResponse:
        """An archive of the authority's services."""
        owner = _own(request, authority)
        response = HttpResponse(archives.export_all(owner), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="{owner.key}-services.zip"'
        response["X-Content-Type-Options"] = "nosniff"
        log.note(request, log.Act.EXPORTED, f"services of {owner.key}", authority=owner.pk)
        return response

    def import_all_view(self, request: HttpRequest, authority: str) -> HttpResponse:
        """Take an archive in: every file becomes a version that is not published yet, or none does."""
        owner = _own(request, authority)
        form = ArchiveForm(posted(request), request.FILES if request.method == "POST" else None)
        taken: list[archives.Taken] = []
        if form.is_bound and form.is_valid():
            taken = self._taken_in(request, form, owner)
        return self.page(
            request,
            "admin/services/build/import_all.html",
            _("Take in services"),
            form=form,
            authority=owner,
            taken=taken,
        )

    def _taken_in(self, request: HttpRequest, form: ArchiveForm, owner: Authority) -> list[archives.Taken]:
        file = form.cleaned_data["archive"]
        try:
            if (file.size or 0) > LARGEST_ARCHIVE:
                raise NotAnArchive(_("The archive is too large."))
            taken = archives.import_all(file.read(), owner, by=designer(request))
        except NotAnArchive as refused:
            form.add_error("archive", str(refused))
            return []
        if any(one.problems for one in taken):
            form.add_error("archive", _("Nothing was taken in. What to mend is listed below."))
            return taken
        new = sum(one.is_new for one in taken)
        said = ngettext("%(n)d new version, not published yet.", "%(n)d new versions, not published yet.", new)
        self.message_user(request, said % {"n": new})
        log.note(
            request, log.Act.CHANGED, f"services of {owner.key}", authority=owner.pk, detail="import of an archive"
        )
        return taken


def own_document(text: str, service: Service) -> editing.Document:
    """The document of a text, fit to be edited and still of the same service. Raises Unreadable."""
    document = read_document(text)
    problems = []
    for name, own in (("key", service.key), ("authority", service.authority.key)):
        if document[name] != own:
            problems.append(Problem(name, _("this must be %(own)s: it cannot be changed here.") % {"own": own}))
    if problems:
        raise Unreadable(problems)
    return document


def found_in(text: str, service: Service) -> list[Found]:
    """Everything to mend in a text, each with its line where that is known."""
    places = Places(text)
    try:
        own_document(text, service)
        _definition, problems = working.judged_text(text if text.lstrip().startswith("{") else as_json(text))
    except Unreadable as unreadable:
        problems = unreadable.problems
    return [Found(places.line(problem.path), problem.path, problem.reason) for problem in problems]


def _own(request: HttpRequest, key: str) -> Authority:
    owner = get_object_or_404(Authority, key=key)
    if not access.may_define(request.user, owner.pk):
        raise PermissionDenied
    return owner
