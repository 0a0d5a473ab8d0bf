"""The customer's own details: who they are signed in as, and where they are told that something has happened."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from apps.people.identification import Identification
from apps.people.identification.email_link import EmailLink, check_sendable
from apps.people.models import Customer
from apps.portal import stash
from apps.portal.limiting import limited
from apps.portal.mandated import sends_nothing
from apps.portal.visitors import customers_only, local_path
from apps.services.layout import lay_out_plainly


class AddressForm(forms.Form):
    """Where to tell the customer that something has happened."""

    use_required_attribute = False
    email = forms.EmailField(
        label=gettext_lazy("E-mail address for notices"),
        help_text=gettext_lazy(
            "Leave it empty if you do not want any. Nothing of what you have written is sent there."
        ),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": gettext_lazy("Write an e-mail address, such as name@example.fi.")},
        validators=[check_sendable],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sends_nothing
@customers_only
@stash.shown_again
@limited("details")
def me(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Who is signed in, and their address for notices. Who is known by their mailbox is told there, and changes nothing here."""
    onward = local_path(request.POST.get("next") or request.GET.get("next"))
    fixed = customer.way == EmailLink.key
    form = None if fixed else _form(request, customer)
    if form is not None and request.method == "POST" and form.is_valid():
        address = form.cleaned_data["email"]
        Customer.objects.filter(pk=customer.pk).update(email=address)
        said = _("From now on you are told at %(address)s when something happens in your cases.")
        none = _("You are not told by e-mail any more. What happens stands under My cases.")
        messages.success(request, said % {"address": address} if address else none)
        return HttpResponseRedirect(onward or reverse("portal:me"))
    way = Identification.ways.get(customer.way)
    facts = {
        "form": form,
        "way": way.title() if way else customer.way,
        "mail_is_sent": settings.MAIL_IS_SENT,
        "next": onward,
    }
    return render(request, "portal/me.html", facts)


def _form(request: HttpRequest, customer: Customer) -> AddressForm:
    typed = stash.typed(request, customer) if request.method != "POST" else None
    form = AddressForm(request.POST or (typed.fields if typed else None), initial={"email": customer.email})
    lay_out_plainly(form)
    return form
