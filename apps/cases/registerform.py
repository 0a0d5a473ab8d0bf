"""The forms with which an official enters what came by other ways than the portal: how it came and whose it is, then the service's own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, LayoutObject
from django import forms
from django.utils.translation import get_language, get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from apps.cases.documents import EnclosedField
from apps.cases.models import Way
from apps.cases.registering import WAYS, Arrival
from apps.people.sealing import holds_code
from apps.services.fieldtypes.counted import DateField, TimeField
from apps.services.fieldtypes.identified import IdentityCodeField, masked
from apps.services.fieldtypes.written import BusinessIdField, LineField
from apps.services.layout import Line, Prose, question_for
from apps.services.models import Service
from apps.services.pageform import PageForm
from apps.services.texts import HELSINKI, LANGUAGES, date_words, time_words

PERSON, COMPANY = "person", "company"
PARTIES = ((PERSON, gettext_lazy("A person")), (COMPANY, gettext_lazy("A company or association")))
ONCE = "once"


class ArrivalForm(forms.Form):
    """How it came and whose it is. Once it is valid, `arrival()` says it, and `files` are the originals to keep.

    `services` to choose from are given for what is new; `known` is what was written before, whose identity code is shown masked.
    """

    use_required_attribute = False

    def __init__(
        self,
        *,
        now: datetime,
        services: Sequence[Service] = (),
        known: Arrival | None = None,
        stored: Sequence[dict[str, Any]] = (),
        data: Any = None,
        files: Any = None,
    ) -> None:
        super().__init__(data, files, auto_id="id_%s", initial=_initial(known, now))
        self.now, self.known, self.stored = now, known, list(stored)
        self.services = {str(service.pk): service for service in services}
        if known is None:
            self.fields["service"] = self._service()
        self.fields |= _how() | _who()
        self.fields["files"] = EnclosedField(_("What came, scanned or as it was mailed"))
        self.fields[ONCE] = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid.uuid4)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = Layout(*self._laid_out())

    def kept_files(self) -> dict[str, list[dict[str, Any]]]:
        """The originals kept already."""
        return {"files": self.stored}

    def _service(self) -> forms.Field:
        chosen = [(key, str(service)) for key, service in self.services.items()]
        return forms.ChoiceField(
            label=_("Service"),
            choices=[("", _("Choose")), *chosen] if len(chosen) > 1 else chosen,
            error_messages={"required": _("Choose the service.")},
        )

    def _laid_out(self) -> list[LayoutObject]:
        laid: dict[str, LayoutObject] = {name: question_for(name, field) for name, field in self.fields.items()}
        laid["day"] = Line("day", width=10, autocomplete="off")
        laid["time"] = Line("time", width=5, autocomplete="off")
        laid["identity_code"] = Line("identity_code", width=10, autocomplete="off", spellcheck="false")
        laid["business_id"] = Line("business_id", width=10, autocomplete="off", spellcheck="false")
        laid["files"] = EnclosedField.laid_out()
        headings = {
            "party": Prose("_who", "h2", _("Whose it is")),
            "company_name": Prose("_company", "h3", _("Company or association")),
            "given_name": Prose("_person", "h3", _("Person, or the contact person of the company or association")),
            "files": Prose("_originals", "h2", _("Originals")),
        }
        return [part for name, one in laid.items() for part in ([headings[name], one] if name in headings else [one])]

    # --- judging ---------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """What belongs together: the moment is not ahead, and a company has a name and a business ID."""
        said = super().clean() or {}
        day, time = said.get("day"), said.get("time")
        if day and time:
            said["at"] = datetime.combine(day, time, HELSINKI)
            if said["at"] > self.now:
                self.add_error("day", _("It cannot have arrived at a time that is ahead."))
        if said.get("party") == COMPANY:
            if not said.get("company_name") and "company_name" not in self.errors:
                self.add_error("company_name", _("Write the name of the company or association."))
            if not said.get("business_id") and "business_id" not in self.errors:
                self.add_error("business_id", _("Write the business ID."))
        for name in ("given_name", "family_name"):
            if holds_code(said.get(name) or ""):
                self.add_error(name, _("Write the personal identity code in its own place."))
        return said

    def clean_identity_code(self) -> str:
        """The code; the mask of the one written before means that one."""
        code: str = self.cleaned_data["identity_code"]
        before = self.known.identity_code if self.known else ""
        if not code.endswith("*"):
            return code
        if before and code == masked(before):
            return before
        raise forms.ValidationError(_("Write the whole personal identity code."))

    # --- what it says ----------------------------------------------------------------------------------------------

    @property
    def service(self) -> Service:
        """The service chosen."""
        return self.services[self.cleaned_data["service"]]

    @property
    def once(self) -> uuid.UUID:
        """What tells the form sent twice from two forms."""
        return self.cleaned_data.get(ONCE) or uuid.uuid4()

    @property
    def lost_files(self) -> bool:
        """Whether files were chosen that the browser forgets, since the page is shown again."""
        return bool(self.errors and self.files)

    def arrival(self) -> Arrival:
        """How it came and whose it is."""
        said = self.cleaned_data
        company = said["party"] == COMPANY
        return Arrival(
            way=said["way"],
            at=said["at"],
            language=said["language"],
            given_name=said["given_name"],
            family_name=said["family_name"],
            identity_code=said["identity_code"],
            email=said["email"],
            protected=said["protected"],
            company_name=said["company_name"] if company else "",
            business_id=said["business_id"] if company else "",
        )


def _initial(known: Arrival | None, now: datetime) -> dict[str, Any]:
    """What stands in the controls: what was written before, or today."""
    language = get_language() or LANGUAGES[0]
    if known is None:
        return {"day": date_words(now.astimezone(HELSINKI).date()), "party": PERSON}
    there = known.at.astimezone(HELSINKI)
    return {
        "way": known.way,
        "day": date_words(there.date()),
        "time": time_words(there.time(), language),
        "language": known.language,
        "party": COMPANY if known.business_id else PERSON,
        "company_name": known.company_name,
        "business_id": known.business_id,
        "given_name": known.given_name,
        "family_name": known.family_name,
        "identity_code": masked(known.identity_code),
        "email": known.email,
        "protected": known.protected,
    }


def _how() -> dict[str, forms.Field]:
    ways = dict(Way.choices)
    day, time = DateField(), TimeField()
    day.label, day.help_text = _("Day of arrival"), _("When it was available to the authority. Limits count from that.")
    time.label, time.help_text = _("Time of arrival"), _("If nobody knows it, when it was opened. For example 14.30.")
    return {
        "way": forms.ChoiceField(
            label=_("Way of arrival"),
            choices=[(way, ways[way]) for way in WAYS],
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose how it came.")},
        ),
        "day": _needed(day, _("Write the day of arrival.")),
        "time": _needed(time, _("Write the time of arrival.")),
        "language": forms.ChoiceField(
            label=_("Language of the matter"),
            choices=[(code, get_language_info(code)["name_translated"]) for code in LANGUAGES],
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose the language.")},
        ),
    }


def _who() -> dict[str, forms.Field]:
    company, business_id, code = LineField(max_length=200), BusinessIdField(), IdentityCodeField()
    given, family = LineField(max_length=100), LineField(max_length=100)
    company.help_text = _("Only when a company or association applies.")
    company.label, business_id.label = _("Name of the company or association"), _("Business ID")
    given.label, family.label, code.label = _("Given name"), _("Family name"), _("Personal identity code")
    code.help_text = _(
        "With it the person finds the case when they sign in to the portal. Without it they cannot follow the case there."
    )
    return {
        "party": forms.ChoiceField(
            label=_("Who applies"),
            choices=PARTIES,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose who applies.")},
        ),
        "company_name": company,
        "business_id": business_id,
        "given_name": _needed(given, _("Write the given name.")),
        "family_name": _needed(family, _("Write the family name.")),
        "identity_code": code,
        "email": forms.EmailField(
            label=_("E-mail address"),
            help_text=_(
                "Mails about the case go here, when the personal identity code is known. They say only that something has happened."
            ),
            required=False,
            max_length=200,
            error_messages={"invalid": _("Write an e-mail address, such as name@example.fi.")},
        ),
        "protected": forms.BooleanField(label=_("The person has an order for non-disclosure"), required=False),
    }


def _needed(field: forms.Field, missing: str) -> forms.Field:
    field.required = True
    field.error_messages["required"] = missing
    return field


class EntryForm(PageForm):
    """A page of the service's form, for what stands on paper: what the service would refuse is kept all the same, and so are gaps.

    Only what cannot be read stops the page.
    """

    def add_error(self, field: str | None, error: Any) -> None:
        """As for the customer, but an answer that does not fit is an answer: the authority judges what it means."""
        kept = self.kept.get(field or "")
        super().add_error(field, error)
        if field and kept is not None and getattr(error, "code", "") == "objection":
            self.kept[field] = kept

    def take_as_it_is(self) -> None:
        """Blame nobody for what is missing or does not fit, once it has been judged."""
        self.forgive_unanswered()
        for key, found in list(self.errors.as_data().items()):
            if all(error.code == "objection" for error in found):
                del self.errors[key]
