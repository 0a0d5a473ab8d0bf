"""Receipts: the page, the same as a PDF, and the address where anybody who holds one can see that it is genuine."""

from __future__ import annotations

import uuid

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.applications.models import Application
from apps.applications.receipt import Receipt, looks_like_digest, same_digest
from apps.applications.receiptpdf import receipt_pdf
from apps.cases import intake
from apps.cases.models import Case, Event
from apps.people.models import Customer
from apps.portal.errors import error_page
from apps.portal.limiting import always, limited
from apps.portal.visitors import customers_only
from apps.services.layout import lay_out_plainly


def receipt_address(paper: Application, case: Case | None = None) -> str:
    """Where the receipt of a sent paper is; `case` is the case it lies in, looked up when it is not given."""
    number = (case or intake.case_of(paper)).number
    if paper.supplement_form is None:
        return reverse("portal:receipt", args=[number])
    return reverse("portal:supplement_receipt", args=[number, paper.pk])


@require_safe
@customers_only
def receipt(request: HttpRequest, customer: Customer, number: str, pk: uuid.UUID | None = None) -> HttpResponse:
    """The receipt of a paper in an own case, by default of the first, in the language of the page."""
    paper = _own_paper_in(customer, number, pk)
    facts = {
        "receipt": receipt_of(paper, get_language() or paper.language),
        "check_address": check_address(request, paper),
        "pdf_address": reverse(
            "portal:supplement_receipt_pdf" if pk else "portal:receipt_pdf", args=_places(number, pk)
        ),
    }
    return render(request, "portal/receipt.html", facts)


@require_safe
@customers_only
def download(request: HttpRequest, customer: Customer, number: str, pk: uuid.UUID | None = None) -> HttpResponse:
    """The same as a PDF, in the language of the paper."""
    paper = _own_paper_in(customer, number, pk)
    made = receipt_pdf(receipt_of(paper, paper.language), check_address(request, paper))
    name = f"{number}.pdf" if pk is None else f"{number}-{paper.event.number}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(made, content_type="application/pdf", headers=headers)


def receipt_of(paper: Application, language: str) -> Receipt:
    """The receipt of a paper in a case: who sent it is said as it was then."""
    line = paper.event
    return Receipt(paper, line.case.number or "", line.sent_by, line.sent_for, language)


def check_address(request: HttpRequest, paper: Application) -> str:
    """The whole address where a paper's receipt can be checked."""
    return request.build_absolute_uri(reverse("portal:receipt_check", args=[paper.pk]))


def _places(number: str, pk: uuid.UUID | None) -> list[object]:
    return [number] if pk is None else [number, pk]


def _own_paper_in(customer: Customer, number: str, pk: uuid.UUID | None) -> Application:
    """A paper of an own case, by default the one it began with; 404 for any other."""
    papers = (
        Application.objects.filter(event__case__in=Case.objects.of(customer), event__case__number=number)
        .select_related("event__case", "version__service__authority")
        .defer("version__document")
    )
    return get_object_or_404(papers, pk=pk) if pk else get_object_or_404(papers, event__kind="received")


# --- is it genuine? --------------------------------------------------------------------------------------------------


class DigestForm(forms.Form):
    """A digest copied or typed from a receipt."""

    use_required_attribute = False
    digest = forms.CharField(
        label=gettext_lazy("Digest on the receipt you hold"),
        help_text=gettext_lazy("64 characters. Spaces, line breaks and capital letters do not matter."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Write the digest.")},
    )

    def clean_digest(self) -> str:
        """It must be one that a receipt can have, so that a slip is not taken for a forgery."""
        typed: str = self.cleaned_data["digest"]
        if not looks_like_digest(typed):
            raise forms.ValidationError(
                _("A digest has 64 characters: the digits 0–9 and the letters a–f. Look again.")
            )
        return typed


@never_cache
@require_safe
@limited("receipt_check", when=always)
def check(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """For anybody who holds a receipt: that its number, time of arrival and digest are genuine, and nothing else.

    A draft has no receipt and answers like an address that was made up.
    """
    known = Event.objects.filter(paper=pk, paper__sent_at__isnull=False).values_list(
        "case__number", "at", "paper__digest", "paper__is_test"
    )
    found = known.first()
    if found is None:
        response = error_page(
            request,
            404,
            _("There is no such receipt"),
            _("No receipt has this address. Compare it with the address on the receipt, one character at a time."),
        )
    else:
        number, arrived, digest, is_test = found
        form = _digest_form(request)
        same = same_digest(digest, form.cleaned_data["digest"]) if form.is_bound and form.is_valid() else None
        facts = {"number": number, "arrived": arrived, "digest": digest, "form": form, "same": same, "is_test": is_test}
        response = render(request, "portal/receipt_check.html", facts)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _digest_form(request: HttpRequest) -> DigestForm:
    form = DigestForm(request.GET if "digest" in request.GET else None)
    lay_out_plainly(form)
    return form
