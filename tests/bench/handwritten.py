"""What the engine is measured against: one page, written by hand twice, for a signed-in customer and a row of their own.

(a) a ModelForm with a literal HTML template: the physical limit. (b) the same ModelForm through crispy-bootstrap5: what a developer
would write.
"""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.people.identification import customer_of
from tests.bench.models import SIZES, Row


class RowForm(forms.ModelForm):
    """The row's form."""

    use_required_attribute = False
    sizes = forms.MultipleChoiceField(label="Storlekar", choices=SIZES, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Row
        fields = (
            "name", "description", "email", "phone", "visitors", "day", "hour", "music", "colour", "size", "sizes", "agreed",
        )  # fmt: skip
        widgets = {"music": forms.RadioSelect, "colour": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.template_pack = "bootstrap5"


def _page(request: HttpRequest, pk: int, template: str) -> HttpResponse:
    customer = customer_of(request)
    if customer is None:
        raise Http404
    row = Row.objects.filter(customer=customer, pk=pk).first()
    if row is None:
        raise Http404
    form = RowForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(request.path)
    return render(request, template, {"form": form, "row": row})


def by_hand(request: HttpRequest, pk: int) -> HttpResponse:
    """(a)."""
    return _page(request, pk, "bench/literal.html")


def by_crispy(request: HttpRequest, pk: int) -> HttpResponse:
    """(b)."""
    return _page(request, pk, "bench/crispy.html")
