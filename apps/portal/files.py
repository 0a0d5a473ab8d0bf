"""A customer's own files: received one by one while a page is open, and given back as they came."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications import drafting, scanning
from apps.applications.attachments import as_download
from apps.applications.journey import Journey
from apps.applications.models import Application, Attachment, Frozen, StoredFile
from apps.people import access
from apps.people.models import Customer
from apps.portal.errors import error_page
from apps.portal.limiting import brings_files, limited
from apps.portal.mandated import sends_nothing
from apps.portal.uploading import words_left_out
from apps.portal.visitors import customers_only, own_paper
from apps.services.definition import Page
from apps.services.fieldtypes.attached import File
from apps.services.pageform import PageForm


@require_safe
@customers_only
def download(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponseBase:
    """A file of an own draft, or one that was sent with an own paper. A browser saves it and never opens it here."""
    owned = Attachment.objects.filter(access.papers_of_customer(customer, "application__"))
    owned = owned.select_related("application__version")
    attachment = get_object_or_404(owned, pk=pk)
    paper = attachment.application
    if not paper.is_draft and all(item["id"] != str(attachment.pk) for item in paper.files()):
        raise Http404
    return as_download(attachment) if attachment.may_be_read else not_given_out(request, attachment)


def not_given_out(request: HttpRequest, file: StoredFile) -> HttpResponse:
    """409 for a file that waits to be scanned, or in which malware was found."""
    if file.scan == StoredFile.Scan.FOUND:
        text = _("Malware was found in the file, and its content has been removed. Choose another file instead.")
        return error_page(request, 409, _("The file cannot be downloaded"), text)
    text = _("The file waits to be scanned for malware. It is kept, and can be downloaded when that has been done.")
    return error_page(request, 409, _("The file cannot be downloaded yet"), text)


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
@sends_nothing
@limited("upload", when=brings_files)
def of_question(request: HttpRequest, customer: Customer, pk: uuid.UUID, field: str) -> HttpResponse:
    """The question of a draft's page that asks for files, alone; files that are posted to it are kept at once.

    For static/js/upload.js. What is wrong with a file is said at the question. A page that cannot be opened (any more) answers by
    leading to where the draft is now.
    """
    paper = own_paper(customer, pk)
    page, asked = _asked_for(paper, field)
    if not paper.is_draft or not Journey.of(paper).may_open(page.key):
        return redirect("portal:application", pk=paper.pk)
    said: list[str] = []
    if request.method == "POST":
        try:
            said = drafting.add_files(paper, asked, request.FILES.getlist(field), by=customer)
        except Frozen:
            return redirect("portal:application", pk=paper.pk)
        said += words_left_out(request, field)
    form = PageForm(paper.definition, page, answers=paper.answers, today=paper.day())
    form.marks = scanning.marks(paper)
    if said:
        form.errors[field] = form.error_class(said)
    [place] = [place for place in form.helper.layout.fields if place.name == field]
    return HttpResponse(place.render(form))


def _asked_for(paper: Application, key: str) -> tuple[Page, File]:
    """The question with its page; 404 when the form asks for no files under that key."""
    for page in paper.definition.pages:
        for field in page.fields:
            if field.key == key and isinstance(field, File):
                return page, field
    raise Http404
