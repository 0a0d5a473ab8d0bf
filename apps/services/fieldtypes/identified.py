"""Kinds answered with an official identifier: personal identity code, IBAN, property identifier, municipality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from stdnum import iban
from stdnum.exceptions import ValidationError as NotAnIdentifier
from stdnum.fi import hetu

from apps.people.municipalities import all_municipalities
from apps.services.fieldtypes.base import Field, in_three
from apps.services.fieldtypes.chosen import SearchField
from apps.services.layout import Line, MaskedLine, Search
from apps.services.reading import Json


def masked(code: Json) -> str:
    """A personal identity code without the part that identifies: 131052-****."""
    return f"{code[:7]}****" if code else ""


@dataclass(frozen=True, kw_only=True)
class PersonalIdentityCode(Field):
    """A Finnish personal identity code, with the separators in force since 2023, which are part of the identity.

    Masked wherever it is shown after it has been entered. Artificial codes (900–999) are taken only with ACCEPT_TEST_CODES.
    """

    kind: ClassVar[str] = "personal_identity_code"
    kind_label: ClassVar[Any] = gettext_lazy("Personal identity code")
    group: ClassVar[str] = "identity"
    asks_for: ClassVar[Any] = gettext_lazy("A Finnish personal identity code. Ask for it only when the law lets you.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Personbeteckning", "Henkilötunnus", "Personal identity code")
    }
    personal: ClassVar[bool] = True

    def ask(self, language: str) -> forms.Field:
        """Its date and check character must be right."""
        return IdentityCodeField()

    def lay_out(self) -> LayoutObject:
        """A short input that no browser remembers."""
        return MaskedLine(self.key, mask=masked, width=10, autocomplete="off", spellcheck="false")

    def keep_beside(self, value: Any, stored: Json) -> Json:
        """The code; the mask of the one stored means that one."""
        if value and value.endswith("*"):
            if stored and value == masked(stored):
                return stored
            raise forms.ValidationError(_("Write the whole personal identity code."))
        return self.keep(value)

    def accept(self, kept: Json) -> Json:
        """The code, if it is one: its mask would not tell."""
        try:
            return kept if "*" not in kept and IdentityCodeField().clean(kept) == kept else None
        except (TypeError, forms.ValidationError):
            return None

    def recall(self, kept: Json) -> Any:
        """Masked."""
        return masked(kept)

    def show(self, kept: Json, language: str) -> str:
        """Masked."""
        return masked(kept)

    def codes(self, kept: Json, language: str) -> list[tuple[str, str]]:
        """The whole of it."""
        return [(self.label.said(language), str(kept))] if kept else []

    def sample(self, today: date) -> Json:
        """A code of nobody, of the artificial range."""
        return "010190-999W"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the personal identity code.")


class IdentityCodeField(forms.CharField):
    """A personal identity code, cleaned to capitals without spaces."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=20)

    def clean(self, value: Any) -> str:
        """The code as the register writes it, or the mask of one."""
        text = "".join(super().clean(value).split()).upper()
        if not text or (len(text) == 11 and text.endswith("****")):
            return text
        try:
            return str(hetu.validate(text, allow_temporary=settings.ACCEPT_TEST_CODES))
        except NotAnIdentifier:
            raise forms.ValidationError(
                _("Write the personal identity code with its check character, as on the identity card.")
            ) from None


@dataclass(frozen=True, kw_only=True)
class Iban(Field):
    """An account number (IBAN)."""

    kind: ClassVar[str] = "iban"
    kind_label: ClassVar[Any] = gettext_lazy("Account number (IBAN)")
    group: ClassVar[str] = "identity"
    asks_for: ClassVar[Any] = gettext_lazy("A bank account number, checked to be a whole one.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Kontonummer (IBAN)", "Tilinumero (IBAN)", "Account number (IBAN)")
    }

    def ask(self, language: str) -> forms.Field:
        """Its check digits must be right."""
        return IbanField()

    def lay_out(self) -> LayoutObject:
        """An input."""
        return Line(self.key, width=20, autocomplete="off", spellcheck="false")

    def recall(self, kept: Json) -> Any:
        """In groups of four."""
        return self.show(kept, "sv")

    def show(self, kept: Json, language: str) -> str:
        """In groups of four."""
        return str(iban.format(kept)) if kept else ""

    def sample(self, today: date) -> Json:
        """The example of the standard's Finnish form."""
        return "FI2112345600000785"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the account number.")


class IbanField(forms.CharField):
    """An IBAN, cleaned to capitals without spaces."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=50)

    def clean(self, value: Any) -> str:
        """The number without spaces."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            number = str(iban.validate(text))
        except NotAnIdentifier:
            number = ""
        if not number or not number.isascii():  # digits of other scripts would count as digits
            raise forms.ValidationError(_("Write the whole account number, such as FI21 1234 5600 0007 85."))
        return number


@dataclass(frozen=True, kw_only=True)
class PropertyId(Field):
    """A property identifier (fastighetsbeteckning, kiinteistötunnus): municipality-area-group-unit, kept as 14 digits."""

    kind: ClassVar[str] = "property_id"
    kind_label: ClassVar[Any] = gettext_lazy("Property identifier")
    group: ClassVar[str] = "place"
    asks_for: ClassVar[Any] = gettext_lazy("The identifier of a property, such as 91-1-23-4.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Fastighetsbeteckning", "Kiinteistötunnus", "Property identifier")
    }

    def ask(self, language: str) -> forms.Field:
        """Four numbers with hyphens, or 14 digits."""
        return PropertyIdField()

    def lay_out(self) -> LayoutObject:
        """A short input."""
        return Line(self.key, width=20, autocomplete="off", spellcheck="false")

    def recall(self, kept: Json) -> Any:
        """With hyphens."""
        return self.show(kept, "sv")

    def show(self, kept: Json, language: str) -> str:
        """With hyphens, without leading zeros: 91-1-23-4."""
        if not kept:
            return ""
        return "-".join(str(int(part)) for part in (kept[:3], kept[3:6], kept[6:10], kept[10:]))

    def sample(self, today: date) -> Json:
        """An identifier that is well formed."""
        return "09100100230004"

    def missing(self) -> str:
        """What to say when it is empty."""
        return _("Write the property identifier.")


class PropertyIdField(forms.CharField):
    """A property identifier, cleaned to 14 digits. Its first number may be that of a municipality that has ended since."""

    WIDTHS = (3, 3, 4, 4)

    def __init__(self) -> None:
        super().__init__(required=False, max_length=30)

    def clean(self, value: Any) -> str:
        """The 14 digits."""
        text = super().clean(value)
        if not text:
            return ""
        parts = text.replace("\N{EN DASH}", "-").split("-")
        if len(parts) == 1 and len(text) == 14:
            parts = [text[:3], text[3:6], text[6:10], text[10:]]
        fits = len(parts) == 4 and all(
            part.isascii() and part.isdecimal() and len(part) <= width
            for part, width in zip(parts, self.WIDTHS, strict=True)
        )
        if not fits:
            raise forms.ValidationError(_("Write the property identifier with its four numbers, such as 91-1-23-4."))
        return "".join(part.zfill(width) for part, width in zip(parts, self.WIDTHS, strict=True))


@dataclass(frozen=True, kw_only=True)
class MunicipalityChoice(Field):
    """A municipality of the official list, kept as its code of three digits."""

    kind: ClassVar[str] = "municipality"
    kind_label: ClassVar[Any] = gettext_lazy("Municipality")
    group: ClassVar[str] = "place"
    asks_for: ClassVar[Any] = gettext_lazy("A municipality of Finland, found by writing its name.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Kommun", "Kunta", "Municipality")}

    def ask(self, language: str) -> forms.Field:
        """One of the list, by its name in either language."""
        return MunicipalityField(language)

    def lay_out(self) -> LayoutObject:
        """A line that finds in a long list."""
        return Search(self.key)

    def recall(self, kept: Json) -> Any:
        """Its name."""
        return self.show(kept, get_language() or "sv")

    def show(self, kept: Json, language: str) -> str:
        """Its name in the language; that of a municipality that has ended is its code."""
        found = all_municipalities().get(kept or "")
        return found.name(language) if found else kept or ""

    def sample(self, today: date) -> Json:
        """Helsinki."""
        return "091"

    def missing(self) -> str:
        """What to say when none is chosen."""
        return _("Choose the municipality.")


class MunicipalityField(SearchField):
    """A municipality by its Finnish or Swedish name, or its code."""

    def __init__(self, language: str) -> None:
        listed = all_municipalities().values()
        super().__init__(sorted(((m.code, m.name(language)) for m in listed), key=lambda pair: pair[1]))
        for one in listed:
            self.values.setdefault(one.fi.casefold(), one.code)
            self.values.setdefault(one.sv.casefold(), one.code)
