"""An undertaking: its name, what belongs to it, what is common to all of it, and what else can be begun within it."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.applications.undertakings import (
    LONGEST_NAME,
    common_answers,
    papers_together,
    rename,
    undertakings_of,
)
from apps.cases.models import Case
from apps.people.models import Customer
from apps.portal.catalogue import offers
from apps.portal.mandated import sends_nothing
from apps.portal.visitors import customers_only
from apps.services.layout import lay_out_plainly


class NameForm(forms.Form):
    """What the customer calls it."""

    use_required_attribute = False
    name = forms.CharField(
        label=gettext_lazy("What you call it"),
        help_text=gettext_lazy("For your own use, such as the name of the event. The authorities do not see it."),
        max_length=LONGEST_NAME,
        required=False,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
@sends_nothing
def undertaking(request: HttpRequest, customer: Customer, pk: uuid.UUID) -> HttpResponse:
    """The page of an undertaking; a POST names it."""
    own = get_object_or_404(undertakings_of(customer), pk=pk)
    form = NameForm(request.POST or None, initial={"name": own.name})
    lay_out_plainly(form)
    if request.method == "POST" and form.is_valid():
        rename(own, form.cleaned_data["name"])
        messages.success(request, _("The name is saved."))
        return redirect("portal:undertaking", pk=own.pk)
    papers = papers_together(own, customer)
    cases = Case.objects.filter(application__in=[paper.pk for paper in papers if not paper.is_draft])
    by_paper = {case.application_id: case for case in cases.select_related("service")}
    language = get_language() or "sv"
    common = [
        (one.field.label.said(language), one.field.show(one.value, language), one.paper)
        for one in common_answers(papers).values()
    ]
    facts = {
        "undertaking": own,
        "form": form,
        "papers": [(paper, by_paper.get(paper.pk)) for paper in papers],
        "common": common,
        "offers": [offer for offer in offers() if not offer.elsewhere],
    }
    return render(request, "portal/undertaking.html", facts)
