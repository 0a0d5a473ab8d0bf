"""What the steps need, one class each, and all of them in the order in which they are asked."""

from __future__ import annotations

from datetime import date
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from apps.cases.documents import EnclosedField
from apps.cases.letters import role_address
from apps.cases.models import TextTemplate
from apps.cases.rulebook import OUTCOMES
from apps.cases.stepneeds import NOTHING, Asking, Need, needed, select, unmarked
from apps.cases.stepwords import FILES_LABELS
from apps.cases.supplementneeds import DueNeed, FieldsNeed, TextsNeed
from apps.cases.textneeds import AppealNeed, TextNeed
from apps.people import access
from apps.people.models import Authority, User
from apps.services.fieldtypes.counted import DateField
from apps.services.fieldtypes.written import LineField
from apps.services.models import Service
from apps.services.texts import HELSINKI, date_words

# --- who handles it --------------------------------------------------------------------------------------------------


class HandlerNeed(Need):
    """One of those who may handle the case; whoever takes it up, when nobody is named."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A list of them."""
        people = [(str(user.pk), str(user)) for user in access.handlers_of(asking.case.service)]
        hint = _("Those who may handle cases of this service.")
        if self.name in asking.step.needs:
            none = [("", _("Choose a handler"))]
            return {self.name: select(_("Handler"), [*none, *people], hint, required=_("Choose the handler."))}
        asked = select(_("Handler"), people, hint)
        asked.initial = str(asking.by.pk) if asking.by else None
        return {self.name: unmarked(asked)}

    def fact(self, form: Any) -> Any:
        """The official."""
        chosen = form.cleaned_data.get(self.name)
        return User.objects.get(pk=chosen) if chosen else NOTHING


class PastDayField(DateField):
    """A day that is not ahead, and not before another."""

    def __init__(self, first: date, today: date) -> None:
        super().__init__()
        self.first, self.today = first, today

    def clean(self, value: Any) -> date | None:
        """The day."""
        day = super().clean(value)
        if day is not None and not self.first <= day <= self.today:
            raise ValidationError(_("Handling cannot have begun before the case arrived, or on a day that is ahead."))
        return day


class SinceNeed(Need):
    """The day when handling began; today when none is named."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A day."""
        asked = PastDayField(asking.case.arrived_at.astimezone(HELSINKI).date(), asking.today)
        asked.label, asked.initial = _("Day when handling began"), date_words(asking.today)
        return {self.name: unmarked(asked)}

    def fact(self, form: Any) -> Any:
        """The day. Of today, the moment is known better."""
        day = form.cleaned_data.get(self.name)
        return NOTHING if day in (None, form.today) else day


class AddressNeed(Need):
    """Where mails about the case go: the role address, oneself, or another address."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A choice, and an address for the last of them."""
        case, own = asking.case, asking.by.email if asking.by else ""
        role = role_address(case) or _("no address")
        mine = own or _("no address")
        ways = [
            ("role", _("To the role address (%(address)s)") % {"address": role}),
            ("me", _("To me (%(address)s)") % {"address": mine}),
            ("other", _("To another address, written below")),
        ]
        way = forms.ChoiceField(
            label=_("Where mails about this case go"),
            help_text=_("The first mail about a new case always goes to the role address, so nothing is lost."),
            choices=ways,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose where the mails go.")},
        )
        here = case.mail_to
        way.initial = "role" if not here else "me" if own and here.lower() == own.lower() else "other"
        other = LineField(max_length=254)
        other.label = _("Another address")
        other.help_text = _("Somebody who works with the case. A mail says no more than that something has happened.")
        other.initial = here if way.initial == "other" else ""
        return {"mails": way, self.name: unmarked(other)}

    def fact(self, form: Any) -> Any:
        """The address; '' for the role address."""
        match form.cleaned_data.get("mails"):
            case "role":
                return ""
            case "me":
                if not (form.by and form.by.email):
                    raise ValidationError({"mails": _("You have no e-mail address here. Choose another way.")})
                return form.by.email
            case "other":
                return self._other(form)
        return NOTHING

    def _other(self, form: Any) -> Any:
        address = form.cleaned_data.get(self.name, "")
        if not address:
            raise ValidationError({self.name: _("Write the address.")})
        try:
            validate_email(address)
        except ValidationError:
            raise ValidationError({self.name: _("Write an e-mail address, such as name@example.org.")}) from None
        return address


# --- what comes along ------------------------------------------------------------------------------------------------


class AuthorityNeed(Need):
    """The authority that is asked; of an answer, for which of one's own it is given."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A list; nothing to choose for who can answer for one alone."""
        if self.name in asking.step.needs:
            others = Authority.objects.exclude(pk=asking.case.service.authority_id)
            choices = sorted(((str(one.pk), one.name) for one in others), key=lambda one: one[1].casefold())
            none = [("", _("Choose an authority"))]
            missing = _("Choose the authority that is asked.")
            return {self.name: select(_("Authority that is asked"), [*none, *choices], required=missing)}
        own = access.whole_authorities_where(asking.by, access.HANDLES_CASES) if asking.by else set()
        asked = [
            one.authority for one in asking.case.consultations.filter(authority__in=own).select_related("authority")
        ]
        if len(asked) < 2:
            return {}
        return {
            self.name: select(
                _("For which authority you answer"),
                [("", _("Choose an authority")), *((str(one.pk), one.name) for one in asked)],
                required=_("Choose the authority for which you answer."),
            )
        }

    def fact(self, form: Any) -> Any:
        """The authority."""
        chosen = form.cleaned_data.get(self.name)
        return Authority.objects.get(pk=chosen) if chosen else NOTHING


class WithPaperNeed(Need):
    """Whether the authority that is asked sees the papers."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A tick."""
        label = _("Show the application and its supplements to that authority")
        hint = _("With attachments. Once shown, they stay so. Do it only when that authority has a right to see them.")
        return {self.name: unmarked(forms.BooleanField(label=label, help_text=hint, required=False))}

    def fact(self, form: Any) -> Any:
        """Said only when it is so."""
        return bool(form.cleaned_data.get(self.name)) or NOTHING


class FilesNeed(Need):
    """Files that come with it."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A place to choose them."""
        return {self.name: EnclosedField(FILES_LABELS[asking.step.name])}

    def lay_out(self, fields: dict[str, forms.Field]) -> list[LayoutObject]:
        """As files are asked for everywhere."""
        return [EnclosedField.laid_out()]


class RegisterNumberNeed(Need):
    """The number in the authority's own register."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A line, with the number there is."""
        asked = LineField(max_length=60)
        asked.label = _("Number in the authority's own register")
        asked.initial = asking.case.register_number
        return {self.name: needed(asked, _("Write the number."))}


# --- how it ends -----------------------------------------------------------------------------------------------------


class OutcomeNeed(Need):
    """An outcome of the service's kind."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """One of them."""
        return {
            self.name: forms.ChoiceField(
                label=_("Outcome"),
                choices=list(OUTCOMES[asking.case.application.version.definition.kind].items()),
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose the outcome.")},
            )
        }


class ServiceNeed(Need):
    """The service of another authority here that receives the case."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A list, where there is any."""
        others = (
            Service.objects.open()
            .exclude(authority=asking.case.service.authority_id)
            .select_related("authority", "published")
            .defer("published__document")
        )
        choices = sorted(
            ((str(one.pk), f"{one.authority.name}: {one}") for one in others if one.makes_cases),
            key=lambda one: one[1].casefold(),
        )
        if not choices:
            return {}
        none = [("", _("An authority that is not here: write its name below"))]
        hint = _("A new case arises there, with copies of all the papers. The customer sees both.")
        return {self.name: unmarked(select(_("Service that receives the case"), [*none, *choices], hint))}

    def fact(self, form: Any) -> Any:
        """The service."""
        return chosen_service(form) or NOTHING


class ToNeed(Need):
    """The authority that receives the case, by name: written, or that of the service that was chosen."""

    def fields(self, asking: Asking) -> dict[str, forms.Field]:
        """A line."""
        asked = LineField(max_length=200)
        asked.label = _("Authority that receives the case")
        asked.help_text = _("Its name, when it is not here. The customer sees it.")
        return {self.name: unmarked(asked)}

    def fact(self, form: Any) -> Any:
        """The name, of a service's authority in the language of the application."""
        service, written = chosen_service(form), form.cleaned_data.get(self.name, NOTHING)
        if service is not None:
            return service.authority.named(form.case.language)
        if written == "":
            raise ValidationError({self.name: _("Write the name of the authority.")})
        return written


def chosen_service(form: Any) -> Service | None:
    """The service that was chosen to receive the case, if any."""
    chosen = form.cleaned_data.get("service")
    return Service.objects.select_related("authority", "published").get(pk=chosen) if chosen else None


# In the order in which they are asked.
ASKED: dict[str, Need] = {
    "handler": HandlerNeed("handler"),
    "since": SinceNeed("since"),
    "outcome": OutcomeNeed("outcome"),
    "authority": AuthorityNeed("authority"),
    "service": ServiceNeed("service"),
    "to": ToNeed("to"),
    "address": AddressNeed("address"),
    "register_number": RegisterNumberNeed("register_number"),
    "text": TextNeed("text"),
    "fields": FieldsNeed("fields"),
    "texts": TextsNeed("texts"),
    "due": DueNeed("due"),
    "with_paper": WithPaperNeed("with_paper"),
    "files": FilesNeed("files"),
    "appeal": AppealNeed("appeal", TextTemplate.Use.APPEAL),
}
