"""What every visitor may ask of the service itself: how accessible it is, what it keeps about people, and a way to say what is wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.people.identification import customer_of
from apps.people.models import Feedback
from apps.portal import stash
from apps.portal.limiting import limited
from apps.portal.visitors import local_path
from apps.services.layout import lay_out_plainly

LONGEST_FEEDBACK = 5_000


class FeedbackForm(forms.Form):
    """What somebody says of the portal's accessibility."""

    use_required_attribute = False
    text = forms.CharField(
        label=_("What did not work, or could work better?"),
        help_text=_("Do not write personal identity codes or other people's data here."),
        max_length=LONGEST_FEEDBACK,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write what you want to tell us.")},
    )
    page = forms.CharField(
        label=_("Which page is it about?"), help_text=_("Its name or its address."), max_length=300, required=False
    )
    email = forms.EmailField(
        label=_("Your e-mail address"), help_text=_("Only if you want an answer."), required=False, max_length=254
    )


@never_cache
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement (306/2019): what holds, what does not yet, and what one can do."""
    return render(request, "portal/accessibility.html", _operator())


@never_cache
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What the portal itself keeps. What an authority does with a case is said on the service's own page."""
    return render(request, "portal/privacy.html", _operator())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@stash.shown_again
@limited("feedback")
def feedback(request: HttpRequest) -> HttpResponse:
    """The feedback form. What a robot fills in (a field that people do not see) is thanked for and thrown away."""
    typed = stash.typed(request, customer_of(request)) if request.method != "POST" else None
    form = FeedbackForm(request.POST or (typed.fields if typed else None), initial={"page": _page_of(request)})
    lay_out_plainly(form)
    if request.method == "POST" and form.is_valid():
        if not request.POST.get("website"):
            Feedback.objects.create(language=get_language() or "sv", **form.cleaned_data)
        stash.forget(request)
        return redirect("portal:feedback_sent")
    return render(request, "portal/feedback.html", {"form": form, **_operator()})


@never_cache
@require_safe
def feedback_sent(request: HttpRequest) -> HttpResponse:
    """Thanks, and when there will be an answer."""
    return render(request, "portal/feedback_sent.html", _operator())


def _page_of(request: HttpRequest) -> str:
    """The address one came from, when it is one of the portal's; without a query, which might hold what was searched for."""
    return local_path(request.GET.get("page")).partition("?")[0]


def _operator() -> dict[str, Any]:
    """Who runs this installation, as its settings say."""
    return {
        "operator": settings.OPERATOR_NAME,
        "operator_email": settings.OPERATOR_EMAIL,
        "supervisor": settings.ACCESSIBILITY_SUPERVISOR,
    }
