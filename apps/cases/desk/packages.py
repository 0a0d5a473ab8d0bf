"""Packages of cases, downloaded by hand: one at its case, several from the list."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.cases import handover, zipped
from apps.cases.desk.filters import kept, list_with
from apps.cases.handover import Damaged, NothingToHandOver, Package, Withheld
from apps.cases.models import Case
from apps.people import access, log
from apps.people.adminsite import Room
from apps.services.texts import HELSINKI

MOST_AT_ONCE = 50
MOST_BYTES = 1_000_000_000  # of files in packages that are downloaded together


class NotPacked(Exception):
    """A package cannot be made. The message says why, in words."""


class Packages(Room):
    """The package of a case, and the packages of several."""

    def get_urls(self) -> list[URLPattern]:
        """A case's package, and those of chosen cases."""
        staff = self.admin_site.admin_view
        return [
            path("<int:pk>/package/", staff(require_safe(self.package_view)), name="cases_case_package"),
            path("packages/", staff(require_POST(self.packages_view)), name="cases_case_packages"),
            *super().get_urls(),
        ]

    def package_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The package, to be saved: for handlers alone, since it holds identity codes in full and what a protection order hides."""
        case = self.found(request, pk)
        if not access.may_handle(request.user, case.service):
            raise PermissionDenied
        try:
            found = _packed(case)
            archive = _written(found)
        except NotPacked as why:
            self.message_user(request, str(why), messages.ERROR)
            return redirect("admin:cases_case_change", case.pk)
        self._note_downloaded(request, [case])
        return _as_download(archive, found.name)

    def packages_view(self, request: HttpRequest) -> HttpResponseBase:
        """The packages of the cases chosen in the list; back to it, as it was looked at, when there are none to have."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        there = list_with(kept(request.POST.get("kept", "")))
        numbers = {
            int(one) for one in request.POST.getlist("case") if one.isascii() and one.isdecimal() and len(one) < 19
        }
        if not numbers:
            self.message_user(request, _("Choose at least one case."), messages.WARNING)
            return there
        return self.download_packages(request, Case.objects.visible_to(request.user).filter(pk__in=numbers)) or there

    def download_packages(self, request: HttpRequest, queryset: QuerySet[Case]) -> HttpResponseBase | None:
        """The packages of these cases in one archive; None, and in words why not, when one of them cannot be made."""
        chosen = list(queryset.select_related("service").order_by("pk")[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            said = _("Choose at most %(most)d cases at a time.") % {"most": MOST_AT_ONCE}
            self.message_user(request, said, messages.ERROR)
            return None
        cases = [case for case in chosen if access.may_handle(request.user, case.service)]
        if left_out := len(chosen) - len(cases):
            said = ngettext(
                "%(count)d case was left out: only those who handle it may download its package.",
                "%(count)d cases were left out: only those who handle them may download their packages.",
                left_out,
            )
            self.message_user(request, said % {"count": left_out}, messages.WARNING)
        if not cases:
            return None
        try:
            packages = [_packed(case) for case in cases]
            if sum(found.size for found in packages) > MOST_BYTES:
                raise NotPacked(_("Together these are too large to download at once. Choose fewer cases."))
            archive = _together(packages)
        except NotPacked as why:
            self.message_user(request, str(why), messages.ERROR)
            return None
        self._note_downloaded(request, cases)
        return _as_download(archive, f"packages-{timezone.localdate(timezone=HELSINKI).isoformat()}.zip")

    def _note_downloaded(self, request: HttpRequest, cases: Sequence[Case]) -> None:
        for case in cases:
            log.note(request, log.Act.DOWNLOADED, str(case), authority=case.service.authority_id, detail="package")
        if any(case.handed_over_at is None for case in cases):
            words = _("When case management has what you downloaded, note at the case that it is handed over.")
            self.message_user(request, words, messages.INFO)


def _packed(case: Case) -> Package:
    """A case's package, not yet written. Raises NotPacked."""
    try:
        return handover.package(case)
    except (Damaged, Withheld, NothingToHandOver) as why:
        raise NotPacked(_words(str(case), why)) from why


def _words(number: str, why: Exception) -> str:
    said = {"case": number}
    if isinstance(why, Withheld):
        return _("%(case)s: malware was found in a file of this case, or it waits to be scanned.") % said
    if isinstance(why, Damaged):
        return (
            _("%(case)s: a file of this case is missing or not as it came. Tell whoever looks after the service.")
            % said
        )
    return _("%(case)s: there is nothing to hand over.") % said


@contextmanager
def _filled() -> Iterator[IO[bytes]]:
    """A file to be filled, which is gone when it is closed; it is closed at once when that breaks off. Raises NotPacked."""
    archive = tempfile.TemporaryFile()  # noqa: SIM115 (it outlives this: whoever it is given to closes it)
    try:
        yield archive
        archive.seek(0)
    except BaseException as why:
        archive.close()
        if isinstance(why, OSError):
            raise NotPacked(_("The package could not be written just now. Try again in a while.")) from why
        raise


def _written(found: Package) -> IO[bytes]:
    """The package. Raises NotPacked."""
    with _filled() as archive:
        try:
            found.write(archive)
        except Damaged as why:
            raise NotPacked(_words(found.case_number, why)) from why
    return archive


def _together(packages: Sequence[Package]) -> IO[bytes]:
    """The packages in one archive, each made, copied and let go before the next. Raises NotPacked."""
    with _filled() as archive:
        zipped.write(archive, (_part(found) for found in packages))
    return archive


def _part(found: Package) -> zipped.Part:
    archive = _written(found)
    size = archive.seek(0, 2)
    archive.seek(0)

    def pieces() -> Iterator[bytes]:
        with archive:
            yield from zipped.pieces_of(archive)

    return found.name, size, pieces()


def _as_download(archive: IO[bytes], name: str) -> FileResponse:
    return FileResponse(
        archive,
        as_attachment=True,
        filename=name,
        content_type="application/zip",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"},
    )
