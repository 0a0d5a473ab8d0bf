"""The files in a folder: saved as they came, or looked at as pictures made anew. Nothing a stranger sent is opened by the browser."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.applications.attachments import as_download
from apps.applications.models import StoredFile
from apps.cases import previews
from apps.cases.models import Case
from apps.people import log
from apps.people.adminsite import Room


class FilePages(Room):
    """The addresses of a row's files. A room says which files are in a row (`file_in`), and of which case it is (`about`)."""

    def file_in(self, row: Any, file: UUID) -> StoredFile:
        """A file of the row that may be given out. Raises Http404 for every other."""
        raise NotImplementedError

    def about(self, row: Any) -> tuple[Case, int]:
        """The case that the log names, and the authority in whose log it stands."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        """A file, the page that shows it, and each of its pages as a picture."""
        staff, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("<int:pk>/files/<uuid:file>/", staff(require_safe(self.file_view)), name=f"{name}_file"),
            path("<int:pk>/files/<uuid:file>/preview/", staff(require_safe(self.preview_view)), name=f"{name}_preview"),
            path(
                "<int:pk>/files/<uuid:file>/preview/<int:page>/",
                staff(require_safe(self.picture_view)),
                name=f"{name}_picture",
            ),
            *super().get_urls(),
        ]

    def file_addresses(self) -> dict[str, str]:
        """What the addresses are called, for templates that more than one room uses."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return {f"{one}_address": f"{name}_{one}" for one in ("file", "preview", "picture", "change")}

    def file_view(self, request: HttpRequest, pk: int, file: UUID) -> FileResponse:
        """A file, to be saved and never shown by the browser itself."""
        row = self.found(request, pk)
        stored = self.file_in(row, file)
        answer = as_download(stored)
        self._note(request, log.Act.DOWNLOADED, row, stored)
        return answer

    def preview_view(self, request: HttpRequest, pk: int, file: UUID) -> HttpResponse:
        """A page of a file as a picture, with the way to the others; or why there is none, in words."""
        row = self.found(request, pk)
        stored, page = self._readable(row, file), _number(request.GET.get("page", ""))
        picture, why = None, ""
        try:
            picture = previews.picture_of(stored, page, small=True)
        except previews.NoPreview as lacking:
            why = str(lacking)
        self._note(request, log.Act.SAW, row, stored)
        return self.page(
            request,
            "admin/cases/case/preview.html",
            _("A file of %(number)s") % {"number": self.about(row)[0].number},
            row=row,
            case=self.about(row)[0],
            file=stored,
            picture=picture,
            why=why,
            number=page,
            before=page - 1 if picture and page > 1 else 0,
            after=page + 1 if picture and page < picture.shown else 0,
            back=reverse(self.file_addresses()["change_address"], args=[row.pk]),
            **self.file_addresses(),
        )

    def picture_view(self, request: HttpRequest, pk: int, file: UUID, page: int) -> HttpResponse:
        """A page of a file as a picture that was made here; `small` for a list. Not found when there is none, with the reason."""
        row = self.found(request, pk)
        stored = self._readable(row, file)
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        try:
            picture = previews.picture_of(stored, page, small="small" in request.GET)
        except previews.NoPreview as lacking:
            return HttpResponse(str(lacking), status=404, content_type="text/plain; charset=utf-8", headers=headers)
        self._note(request, log.Act.SAW, row, stored)
        return HttpResponse(picture.content, content_type=picture.media_type, headers=headers)

    def _readable(self, row: Any, file: UUID) -> StoredFile:
        stored = self.file_in(row, file)
        if not stored.may_be_read:
            raise Http404
        return stored

    def _note(self, request: HttpRequest, act: str, row: Any, stored: StoredFile) -> None:
        case, authority = self.about(row)
        log.note(request, act, case.number or "", authority=authority, detail=f"file {stored.pk}")


def _number(typed: str) -> int:
    """The number of a page; the first for everything that is none."""
    return max(1, int(typed)) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 1
