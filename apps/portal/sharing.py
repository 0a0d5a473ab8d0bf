"""Who may see a draft before it is sent: colleagues who may act for the same principal, and the authority, with the customer's consent."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.applications import drafting
from apps.applications.models import Application, Frozen
from apps.people.models import Customer
from apps.portal.visitors import customers_only, own_paper

ON = "on"


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def share(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponse:
    """Let colleagues go on with a draft, or no longer. Only who began it decides."""
    paper = _own_draft(customer, pk)
    if paper.principal_id is None or paper.customer_id != customer.pk:
        raise Http404
    if request.method != "POST":
        return redirect("portal:check", pk=pk)
    on = request.POST.get("share") == ON
    try:
        drafting.share(paper, on=on)
    except Frozen:
        return redirect("portal:application", pk=pk)
    said = _("Colleagues who may act for the same principal can now go on with the draft and send it.")
    messages.success(request, said if on else _("Only you see the draft now."))
    return redirect("portal:check", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def show(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponse:
    """Consent to the authority's looking at a draft, or take the consent back; it holds at once. Only who began it decides."""
    paper = _own_draft(customer, pk)
    if paper.customer_id != customer.pk:
        raise Http404
    if request.method != "POST":
        return redirect("portal:check", pk=pk)
    on = request.POST.get("show") == ON
    try:
        drafting.show_to_authority(paper, on=on)
    except Frozen:
        return redirect("portal:application", pk=pk)
    said = _("The authority can now look at your draft. It has not been sent: the matter is not pending yet.")
    messages.success(request, said if on else _("The authority no longer sees your draft."))
    return redirect("portal:check", pk=pk)


def _own_draft(customer: Customer, pk: uuid.UUID) -> Application:
    paper = own_paper(customer, pk)
    if not paper.is_draft or paper.supplement_form is not None or paper.is_test:
        raise Http404  # a test is the tester's alone
    return paper
