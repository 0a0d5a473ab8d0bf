"""Messages between a customer and the authority: the thread, the form, and the files that came with the diary."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications.attachments import as_download
from apps.cases import documents
from apps.cases.diary import Message
from apps.cases.documents import EnclosedField
from apps.cases.models import Case, Event, NotAllowed
from apps.people.models import Customer
from apps.portal import stash
from apps.portal.limiting import limited
from apps.portal.visitors import customers_only, own_case
from apps.services.fieldtypes.written import LongTextField
from apps.services.layout import Area, Hidden

LONGEST_MESSAGE = 4_000
THEIRS, OURS = "write", "reply"  # the rule book's steps: the authority's, the customer's


def thread(events: Iterable[Event], customer: Customer) -> list[Message]:
    """The messages among a case's diary lines, oldest first."""
    told = (event for event in events if event.kind in (THEIRS, OURS))
    return [Message.of(event, by=who(event, customer), ours=event.kind == OURS) for event in told]


def who(event: Event, customer: Customer) -> str:
    """Who did it, and for whom."""
    by = _("By you") if event.by_customer_id == customer.pk else _("By %(name)s") % {"name": event.told_by}
    if not event.on_behalf_of:
        return by
    return _("%(name)s, on behalf of %(principal)s") % {"name": by, "principal": event.on_behalf_of}


class MessageForm(forms.Form):
    """A message to the authority, with files. `once` tells the form sent twice from two forms."""

    use_required_attribute = False

    text = LongTextField(max_length=LONGEST_MESSAGE)
    once = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100, initial=lambda: uuid.uuid4().hex)

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, auto_id="id_%s")
        text = self.fields["text"]
        text.label, text.required = _("Your message"), True
        text.help_text = _(
            "The officials who handle the case read it. Do not write other people's data that the case does not need."
        )
        text.error_messages["required"] = _("Write what you want to say.")
        self.fields["files"] = EnclosedField(_("Attachments"))
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(
            Area("text", rows=8, limit=LONGEST_MESSAGE), EnclosedField.laid_out(), Hidden("once")
        )

    def forgive(self) -> None:
        """Show what was typed without calling any of it wrong: it has not been sent yet."""
        self._errors = ErrorDict()

    @property
    def lost_files(self) -> bool:
        """Whether files were chosen that the browser forgets, since the page is shown again."""
        return bool(self.errors and self.files)


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
@stash.shown_again
@limited("message")
def write(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    """Write to the authority. The same form sent twice is one message; what was typed is never lost."""
    own = own_case(customer, number)
    if request.method == "POST":
        return _receive(request, customer, own)
    try:
        own.possible_step(OURS, by=customer)
    except NotAllowed:
        messages.info(request, _("One cannot write to the authority in this case any more."))
        return redirect("portal:case", number=number)
    typed = stash.typed(request, customer)
    form = MessageForm(typed.fields if typed else None)
    if typed:
        form.forgive()
    return _show(request, customer, own, form)


def _receive(request: HttpRequest, customer: Customer, case: Case) -> HttpResponse:
    if stash.language_asked_for(request):
        return stash.in_other_language(request, request.path)
    form = MessageForm(request.POST, request.FILES)
    documents.say_what_was_left_out(request, form)
    if form.is_valid() and _sent(case, customer, form):
        messages.success(request, _("Your message has been sent to the authority."))
        return HttpResponseRedirect(reverse("portal:case", args=[case.number]))
    return _show(request, customer, case, form)


def _sent(case: Case, customer: Customer, form: MessageForm) -> bool:
    """Whether it was; when not, the form says why."""
    said = form.cleaned_data
    try:
        with documents.received(said["files"]) as files:
            case.take_step(OURS, by=customer, once=said["once"], text=said["text"], files=files)
    except NotAllowed as refused:
        form.add_error(None, str(refused))
    except ValidationError as refused:
        form.add_error("files", refused)
    return form.is_valid()


def _show(request: HttpRequest, customer: Customer, case: Case, form: MessageForm) -> HttpResponse:
    facts = {"case": case, "form": form, "thread": thread(case.events.for_everybody(), customer)}
    return render(request, "portal/write.html", facts)


@require_safe
@customers_only
def document(request: HttpRequest, customer: Customer, number: str, document: uuid.UUID) -> HttpResponseBase:
    """A file that came with the diary of an own case: of a message, or the decision. A browser saves it and never opens it here."""
    return as_download(documents.document_of(own_case(customer, number), document))
