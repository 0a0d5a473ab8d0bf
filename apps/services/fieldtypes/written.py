"""Kinds answered by writing: text, long text, e-mail, phone, business ID, postcode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import phonenumbers
from crispy_forms.layout import LayoutObject
from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum.exceptions import ValidationError as NotAnIdentifier
from stdnum.fi import ytunnus

from apps.services.fieldtypes.base import Field, in_three, refuse_control_characters, setting
from apps.services.layout import Area, Line
from apps.services.reading import Json, Reader, reads, whole, word
from apps.services.texts import Texts

SAMPLE = Texts(in_three("Exempeltext åäö", "Esimerkkiteksti åäö", "Example text åäö"))
SAMPLE_LINES = Texts(
    in_three(
        "Exempel på första raden\noch den andra",
        "Esimerkki ensimmäisestä rivistä\nja toisesta",
        "Example of the first line\nand the second",
    )
)
AUTOCOMPLETE = (
    "",
    "name",
    "given-name",
    "family-name",
    "organization",
    "street-address",
    "postal-code",
    "address-level2",
    "country-name",
    "email",
    "tel",
)


# A pattern is written with A for a letter, 9 for a digit and * for either; everything else stands for itself. It is no regular
# expression, so that nobody who defines a service can write one that takes for ever.
PATTERN_SIGNS = {"A": "[A-Za-zÅÄÖåäö]", "9": "[0-9]", "*": "[A-Za-zÅÄÖåäö0-9]"}


@reads({"type": "string", "minLength": 1, "maxLength": 100})
def read_pattern(reader: Reader, path: str, value: Json) -> str:
    """A pattern, such as `AA 99 99 99 A`."""
    return reader.text(path, value, most=100)


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """One line of text."""

    kind: ClassVar[str] = "text"
    kind_label: ClassVar[Any] = gettext_lazy("Text, one line")
    group: ClassVar[str] = "text"
    asks_for: ClassVar[Any] = gettext_lazy("A short answer, such as a name or a number in a register.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Evenemangets namn", "Tapahtuman nimi", "Name of the event")
    }
    max_length: int = setting(whole(1, 1_000), 200)
    autocomplete: str = setting(word(*AUTOCOMPLETE), "")
    pattern: str = setting(read_pattern, "")

    def ask(self, language: str) -> forms.Field:
        """Text up to its length, and of its pattern."""
        return LineField(max_length=self.max_length, pattern=self.pattern)

    def lay_out(self) -> LayoutObject:
        """An input."""
        return Line(self.key, autocomplete=self.autocomplete)

    def sample(self, today: date) -> Json:
        """As much as fits; of a pattern, only what the pattern shows."""
        return shown_by(self.pattern) if self.pattern else SAMPLE.said()[: self.max_length].strip()

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write an answer.")


@dataclass(frozen=True, kw_only=True)
class LongText(Field):
    """Several lines of text."""

    kind: ClassVar[str] = "long_text"
    kind_label: ClassVar[Any] = gettext_lazy("Text, several lines")
    group: ClassVar[str] = "text"
    asks_for: ClassVar[Any] = gettext_lazy("A longer answer in the customer’s own words.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Beskriv programmet", "Kuvaile ohjelmaa", "Describe the programme"),
        "rows": 3,
    }
    max_length: int = setting(whole(1, 20_000), 4_000)
    rows: int = setting(whole(2, 30), 5)

    def ask(self, language: str) -> forms.Field:
        """Text up to its length, a line break counted as one character."""
        return LongTextField(max_length=self.max_length)

    def lay_out(self) -> LayoutObject:
        """A text area that counts."""
        return Area(self.key, rows=self.rows, limit=self.max_length)

    def sample(self, today: date) -> Json:
        """Two lines."""
        return SAMPLE_LINES.said()[: self.max_length].strip()

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write an answer.")


@dataclass(frozen=True, kw_only=True)
class Email(Field):
    """An e-mail address."""

    kind: ClassVar[str] = "email"
    kind_label: ClassVar[Any] = gettext_lazy("E-mail address")
    group: ClassVar[str] = "contact"
    asks_for: ClassVar[Any] = gettext_lazy("An e-mail address, checked to be a whole one.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("E-post", "Sähköposti", "E-mail")}
    contact_data: ClassVar[bool] = True

    def ask(self, language: str) -> forms.Field:
        """Django's own check."""
        wrong = _("Write the whole e-mail address, such as namn@example.com.")
        return forms.EmailField(
            required=False,
            max_length=254,
            error_messages={"invalid": wrong, "max_length": wrong},
            validators=[refuse_control_characters],
        )

    def lay_out(self) -> LayoutObject:
        """An input that brings up the right keyboard."""
        return Line(self.key, type="email", autocomplete="email", spellcheck="false")

    def sample(self, today: date) -> Json:
        """An address of nobody."""
        return "namn@example.com"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the e-mail address.")


@dataclass(frozen=True, kw_only=True)
class Phone(Field):
    """A phone number, stored in the international form (E.164)."""

    kind: ClassVar[str] = "phone"
    kind_label: ClassVar[Any] = gettext_lazy("Phone number")
    group: ClassVar[str] = "contact"
    asks_for: ClassVar[Any] = gettext_lazy("A phone number, Finnish or foreign.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Telefon", "Puhelin", "Phone")}
    contact_data: ClassVar[bool] = True

    def ask(self, language: str) -> forms.Field:
        """Any number that could be real; without a country code it is a Finnish one."""
        return PhoneField()

    def lay_out(self) -> LayoutObject:
        """An input that brings up the right keyboard."""
        return Line(self.key, type="tel", autocomplete="tel")

    def recall(self, kept: Json) -> Any:
        """As people write it."""
        return self.show(kept, "sv")

    def show(self, kept: Json, language: str) -> str:
        """The number in groups, with its country code."""
        if not kept:
            return ""
        number = phonenumbers.parse(kept, None)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    def sample(self, today: date) -> Json:
        """A number."""
        return "+358401234567"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the phone number.")


@dataclass(frozen=True, kw_only=True)
class BusinessId(Field):
    """A Finnish business ID (FO-nummer, Y-tunnus)."""

    kind: ClassVar[str] = "business_id"
    kind_label: ClassVar[Any] = gettext_lazy("Business ID")
    group: ClassVar[str] = "identity"
    asks_for: ClassVar[Any] = gettext_lazy("A Finnish business ID. Its check digit is checked.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("FO-nummer", "Y-tunnus", "Business ID")}

    def ask(self, language: str) -> forms.Field:
        """Its check digit must be right."""
        return BusinessIdField()

    def lay_out(self) -> LayoutObject:
        """A short input."""
        return Line(self.key, width=10, spellcheck="false")

    def sample(self, today: date) -> Json:
        """An id that is well formed."""
        return "1234567-1"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the business ID.")


@dataclass(frozen=True, kw_only=True)
class WebAddress(Field):
    """An address on the web, http or https."""

    kind: ClassVar[str] = "web_address"
    kind_label: ClassVar[Any] = gettext_lazy("Web address")
    group: ClassVar[str] = "text"
    asks_for: ClassVar[Any] = gettext_lazy("An address on the web.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Evenemangets webbplats", "Tapahtuman verkkosivut", "Website of the event")
    }

    def ask(self, language: str) -> forms.Field:
        """Django's own check; without a scheme it is https."""
        wrong = _("Write the whole web address, such as https://www.example.com/.")
        messages = {"invalid": wrong, "max_length": wrong}
        return WebAddressField(required=False, max_length=2_000, assume_scheme="https", error_messages=messages)

    def lay_out(self) -> LayoutObject:
        """An input that brings up the right keyboard."""
        return Line(self.key, type="text", inputmode="url", autocomplete="off", spellcheck="false")

    def sample(self, today: date) -> Json:
        """An address of nobody."""
        return "https://www.example.com/"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the web address.")


@dataclass(frozen=True, kw_only=True)
class PostCode(Field):
    """A Finnish postcode: five digits."""

    kind: ClassVar[str] = "post_code"
    kind_label: ClassVar[Any] = gettext_lazy("Postcode")
    group: ClassVar[str] = "place"
    asks_for: ClassVar[Any] = gettext_lazy("A Finnish postcode: five digits.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Postnummer", "Postinumero", "Postcode")}
    contact_data: ClassVar[bool] = True

    def ask(self, language: str) -> forms.Field:
        """Five digits."""
        return forms.RegexField(
            r"^[0-9]{5}\Z", required=False, error_messages={"invalid": _("A postcode has five digits.")}
        )

    def lay_out(self) -> LayoutObject:
        """A short input."""
        return Line(self.key, width=5, inputmode="numeric", autocomplete="postal-code")

    def sample(self, today: date) -> Json:
        """A code."""
        return "00100"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the postcode.")


class WebAddressField(forms.URLField):
    """A web address; no other scheme than those of the web."""

    default_validators = [refuse_control_characters, URLValidator(schemes=["http", "https"])]


class LineField(forms.CharField):
    """One line of text that people can read."""

    default_validators = [refuse_control_characters]

    def __init__(self, *, max_length: int, pattern: str = "") -> None:
        self.pattern = pattern
        too_long = _("Write at most %(limit_value)d characters. Now there are %(show_value)d.")
        super().__init__(required=False, max_length=max_length, error_messages={"max_length": too_long})

    def to_python(self, value: Any) -> str:
        """One line, whatever was sent: an input could not show another one."""
        return " ".join((super().to_python(value) or "").splitlines())

    def clean(self, value: Any) -> str:
        """The text, of the pattern where there is one."""
        text = super().clean(value)
        if text and self.pattern and not of_pattern(self.pattern, text):
            shown = shown_by(self.pattern)
            raise forms.ValidationError(_("Write it in the form %(example)s.") % {"example": shown})
        return text


def of_pattern(pattern: str, text: str) -> bool:
    """Whether a text is of a pattern. Spaces may be left out."""
    expression = "".join(PATTERN_SIGNS.get(sign, " ?" if sign == " " else re.escape(sign)) for sign in pattern)
    return re.fullmatch(expression, text) is not None


def shown_by(pattern: str) -> str:
    """An example of a pattern."""
    return "".join({"A": "A", "9": "1", "*": "A"}.get(sign, sign) for sign in pattern)


class LongTextField(LineField):
    """Several lines; a browser's line break of two characters is kept as one."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Newlines as everybody but browsers writes them."""
        plain = value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
        return forms.CharField.to_python(self, plain) or ""


class PhoneField(forms.CharField):
    """A phone number, cleaned to E.164."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=40)

    def clean(self, value: Any) -> str:
        """The number in international form."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            number = phonenumbers.parse(text, "FI")
        except phonenumbers.NumberParseException:
            number = None
        # What the stored form cannot hold (an extension, a word) is refused, not dropped.
        if (
            number is None
            or number.extension
            or text.upper() != text.lower()
            or not phonenumbers.is_possible_number(number)
        ):
            raise forms.ValidationError(_("Write a phone number, such as 040 123 4567 or +46 70 123 45 67."))
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class BusinessIdField(forms.CharField):
    """A business ID, cleaned to seven digits, a hyphen and the check digit."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=20)

    def clean(self, value: Any) -> str:
        """The id as the register writes it."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            compact = ytunnus.validate(text)
        except NotAnIdentifier:
            raise forms.ValidationError(_("Write the business ID with its check digit, such as 1234567-1.")) from None
        return f"{compact[:7]}-{compact[7:]}"
