"""A customer's own files, given back as they came."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from apps.applications.attachments import as_download
from apps.applications.models import Attachment
from apps.people.models import Customer
from apps.portal.visitors import customers_only


@require_safe
@customers_only
def download(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponseBase:
    """A file of an own draft, or one that was sent with an own paper. A browser saves it and never opens it here."""
    owned = Attachment.objects.filter(application__customer=customer).select_related("application__version")
    attachment = get_object_or_404(owned, pk=pk)
    paper = attachment.application
    if not paper.is_draft and all(item["id"] != str(attachment.pk) for item in paper.files()):
        raise Http404
    return as_download(attachment)
