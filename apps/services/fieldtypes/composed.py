"""Questions made of parts: period, postal address, person, company, applicant, invoicing, place; and the group that repeats."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.services.conditions import Comparison, Not
from apps.services.fieldtypes.base import Field, LeadTime, check_fields, in_three, read_field, setting
from apps.services.fieldtypes.chosen import Choice, Consent, Option
from apps.services.fieldtypes.counted import Date, DecimalNumber, read_lead_time
from apps.services.fieldtypes.identified import PersonalIdentityCode
from apps.services.fieldtypes.questions import Questions, QuestionsForm, Trouble, only_lacking, what_counts
from apps.services.fieldtypes.written import BusinessId, Email, LongText, Phone, PostCode, Text
from apps.services.layout import Parts
from apps.services.reading import Json, Reader, defined, flag, list_of, reads, texts, whole, within, word
from apps.services.texts import NO_TEXT, Texts


def said(sv: str, fi: str, en: str) -> Texts:
    """A part's label, which belongs to this software and not to a definition."""
    return Texts({"sv": sv, "fi": fi, "en": en})


@dataclass(frozen=True, kw_only=True)
class Composite(Field):
    """A question made of parts. Its answer is an object of the parts' answers by their keys."""

    @cached_property
    def questions(self) -> Questions:
        """The parts, with what is made of them once per process."""
        return Questions(self.parts())

    def ask(self, language: str) -> None:
        """It is a form within the form."""

    def inside(self, *, prefix: str, stored: Json, today: date, data: Any, language: str) -> QuestionsForm:
        """The form of its parts."""
        kept = stored if isinstance(stored, dict) else {}
        begun = self.default if isinstance(self.default, dict) else {}
        return QuestionsForm(
            self.questions, stored=kept, before={}, today=today, data=data, prefix=prefix, offers=begun
        )

    def lay_out(self) -> LayoutObject:
        """A fieldset around its parts."""
        return Parts(self.key, self.label, self.hint, needed=self.seems_needed)

    def counted(self, kept: Json, counting: Mapping[str, Any], today: date) -> Json:
        """The parts that are asked for, given the others."""
        return what_counts(self.questions, kept or {}, today) or None

    def answered(self, kept: Json) -> bool:
        """Whether any part is."""
        return bool(kept)

    def objection(self, kept: Json, answers: Mapping[str, Any], today: date) -> str:
        """That a part is missing or no longer good."""
        return "" if self.questions.complete(kept, {}, today) else _("Something is missing here.")

    def only_lacks(self, kept: Json, today: date) -> bool:
        """Whether only parts are missing."""
        return only_lacking(self.questions, kept or {}, today)

    def caution(self, kept: Json, today: date) -> str:
        """That of its parts."""
        given = kept if isinstance(kept, dict) else {}
        return "\n".join(filter(None, (part.caution(given.get(part.key), today) for part in self.parts() if part.asks)))

    def accept(self, kept: Json) -> Json:
        """The parts that are still accepted."""
        return accepted_parts(self.parts(), kept) or None

    def lines(self, kept: Json, language: str) -> Iterator[tuple[Field, str]]:
        """Each part with its answer as text, of an answer as it counts."""
        for part, answer in answered_parts(self.parts(), kept or {}):
            yield part, part.show(answer, language)

    def show(self, kept: Json, language: str) -> str:
        """Each answered part on a line of its own."""
        return "\n".join(f"{part.label.said(language)}: {text}" for part, text in self.lines(kept, language))

    def envelope(self, kept: Json) -> Json:
        """The parts as receivers get them."""
        return {part.key: part.envelope(answer) for part, answer in answered_parts(self.parts(), kept or {})}

    def sample(self, today: date) -> Json:
        """A sample of each part that is asked."""
        answers: dict[str, Any] = {}
        for part in self.parts():
            if part.asks and part.show_when.holds(answers, today):
                answers[part.key] = part.sample(today)
        return answers


def answered_parts(parts: Iterable[Field], kept: Mapping[str, Any]) -> Iterator[tuple[Field, Json]]:
    """Each part that is answered, with its answer. What does not count is no longer there (see `counted`)."""
    for part in parts:
        if part.has_answer and part.answered(kept.get(part.key)):
            yield part, kept[part.key]


def accepted_parts(parts: Iterable[Field], kept: Json) -> dict[str, Json]:
    """What each part still accepts of an answer that has parts."""
    given = kept if isinstance(kept, dict) else {}
    found = {part.key: part.accept(given[part.key]) for part in parts if part.asks and part.key in given}
    return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Period(Composite):
    """From one day to another, the end not before the beginning."""

    kind: ClassVar[str] = "period"
    kind_label: ClassVar[Any] = gettext_lazy("Period, from–to")
    group: ClassVar[str] = "day"
    asks_for: ClassVar[Any] = gettext_lazy("From one day to another. It can have a time limit, as a date can.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("När pågår arbetet?", "Milloin työ tehdään?", "When is the work done?")
    }
    lead_time: LeadTime | None = setting(read_lead_time, None)

    def parts(self) -> tuple[Field, ...]:
        """The two days."""
        return (
            Date(key="start", label=said("Börjar", "Alkaa", "Begins"), lead_time=self.lead_time),
            Date(key="end", label=said("Slutar", "Päättyy", "Ends"), not_before="start"),
        )

    def notice(self) -> LeadTime | None:
        """The lead time of its first day."""
        return self.lead_time

    def again(self) -> Field:
        """Without its lead time, as a day is asked again."""
        return dataclasses.replace(super().again(), lead_time=None)  # type: ignore[call-arg]

    def show(self, kept: Json, language: str) -> str:
        """Both days with a dash."""
        return "–".join(text for _part, text in self.lines(kept, language))


ADDRESS_PARTS = (
    Text(key="street", label=said("Gatuadress", "Katuosoite", "Street address"), autocomplete="street-address"),
    Choice(
        key="where",
        label=said("Adressen finns i", "Osoite on", "The address is in"),
        options=(
            Option("finland", said("Finland", "Suomessa", "Finland")),
            Option("abroad", said("ett annat land", "muussa maassa", "another country")),
        ),
        default="finland",
    ),
    PostCode(
        key="post_code",
        label=said("Postnummer", "Postinumero", "Postcode"),
        show_when=Not(Comparison("where", "equals", "abroad")),
        rule={"not": {"field": "where", "equals": "abroad"}},
    ),
    Text(
        key="foreign_post_code",
        label=said("Postnummer", "Postinumero", "Postcode"),
        required=False,
        max_length=20,
        show_when=Comparison("where", "equals", "abroad"),
        rule={"field": "where", "equals": "abroad"},
    ),
    Text(key="town", label=said("Postort", "Postitoimipaikka", "Town"), max_length=100, autocomplete="address-level2"),
    Text(
        key="country",
        label=said("Land", "Maa", "Country"),
        max_length=100,
        autocomplete="country-name",
        show_when=Comparison("where", "equals", "abroad"),
        rule={"field": "where", "equals": "abroad"},
    ),
)


@dataclass(frozen=True, kw_only=True)
class Address(Composite):
    """A postal address, in Finland or abroad."""

    kind: ClassVar[str] = "address"
    kind_label: ClassVar[Any] = gettext_lazy("Postal address")
    group: ClassVar[str] = "contact"
    asks_for: ClassVar[Any] = gettext_lazy("Street, postcode and town, in Finland or abroad.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Lagrets adress", "Varaston osoite", "Address of the warehouse")
    }
    contact_data: ClassVar[bool] = True

    def parts(self) -> tuple[Field, ...]:
        """Street, postcode, town, country."""
        return ADDRESS_PARTS

    def show(self, kept: Json, language: str) -> str:
        """As it stands on a letter."""
        said_parts = {part.key: text for part, text in self.lines(kept, language)}
        code = said_parts.get("post_code") or said_parts.get("foreign_post_code", "")
        rows = [
            said_parts.get("street", ""),
            f"{code} {said_parts.get('town', '')}".strip(),
            said_parts.get("country", ""),
        ]
        return "\n".join(filter(None, rows))


GIVEN_NAME = Text(
    key="given_name", label=said("Förnamn", "Etunimi", "First name"), max_length=100, autocomplete="given-name"
)
FAMILY_NAME = Text(
    key="family_name", label=said("Efternamn", "Sukunimi", "Last name"), max_length=100, autocomplete="family-name"
)
EMAIL = Email(key="email", label=said("E-post", "Sähköposti", "E-mail"))
PHONE = Phone(key="phone", label=said("Telefon", "Puhelin", "Phone"))
PROTECTED = Consent(
    key="protected",
    label=said(
        "Jag har spärrmarkering (uppgifterna får inte visas för andra)",
        "Minulla on turvakielto (tietoja ei saa näyttää muille)",
        "I have a protection order (the details must not be shown to others)",
    ),
    required=False,
    secret=True,
)


@dataclass(frozen=True, kw_only=True)
class Person(Composite):
    """A person: name, and as the definition says contact details, address, identity code and protection order."""

    kind: ClassVar[str] = "person"
    kind_label: ClassVar[Any] = gettext_lazy("Person")
    group: ClassVar[str] = "contact"
    asks_for: ClassVar[Any] = gettext_lazy("A person’s name and contact details. You choose what else is asked.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Ansvarig person", "Vastuuhenkilö", "Person in charge")}
    contact: bool = setting(flag, True)
    address: bool = setting(flag, False)
    identity_code: bool = setting(flag, False)
    protection_order: bool = setting(flag, False)

    def parts(self) -> tuple[Field, ...]:
        """The name and what the definition asks of a person."""
        return person_parts(self)

    def show(self, kept: Json, language: str) -> str:
        """The name first, then the rest."""
        return person_words(self, kept, language)


def person_parts(asked: Any) -> tuple[Field, ...]:
    """The parts of a person by the settings of the question."""
    found: list[Field] = [GIVEN_NAME, FAMILY_NAME]
    if asked.identity_code:
        found += _identity_parts()
    if asked.address:
        found += [Address(key="address", label=said("Adress", "Osoite", "Address"))]
    if asked.contact:
        found += [EMAIL, PHONE]
    return (*found, PROTECTED) if asked.protection_order else tuple(found)


def _identity_parts() -> list[Field]:
    has_none = Consent(
        key="no_code",
        label=said(
            "Finländsk personbeteckning finns inte i bruk",
            "Käytössä ei ole suomalaista henkilötunnusta",
            "No Finnish personal identity code",
        ),
        required=False,
    )
    foreign = Text(
        key="foreign_code",
        label=said("Annan än finsk personbeteckning", "Muu kuin suomalainen henkilötunnus", "Foreign identity number"),
        max_length=40,
        secret=True,
        show_when=Comparison("no_code", "equals", True),
        rule={"field": "no_code", "equals": True},
    )
    code = PersonalIdentityCode(
        key="code",
        label=said("Personbeteckning", "Henkilötunnus", "Personal identity code"),
        show_when=Not(Comparison("no_code", "equals", True)),
        rule={"not": {"field": "no_code", "equals": True}},
    )
    return [has_none, code, foreign]


def person_words(question: Composite, kept: Json, language: str) -> str:
    """A person's name on the first line, then each other part on its own."""
    said_parts = list(question.lines(kept, language))
    name = " ".join(text for part, text in said_parts if part.key in ("given_name", "family_name"))
    rest = [
        f"{part.label.said(language)}: {text.replace(chr(10), ', ')}"
        for part, text in said_parts
        if part.key not in ("given_name", "family_name")
    ]
    return "\n".join(filter(None, [name, *rest]))


NAME_OF_COMPANY = Text(
    key="name",
    label=said(
        "Företagets eller sammanslutningens namn", "Yrityksen tai yhteisön nimi", "Name of the company or organisation"
    ),
    autocomplete="organization",
)
BUSINESS_ID = BusinessId(key="business_id", label=said("FO-nummer", "Y-tunnus", "Business ID"))


@dataclass(frozen=True, kw_only=True)
class Company(Composite):
    """A company or another organisation: name, business ID, and as the definition says address and a contact person."""

    kind: ClassVar[str] = "company"
    kind_label: ClassVar[Any] = gettext_lazy("Company or organisation")
    group: ClassVar[str] = "contact"
    asks_for: ClassVar[Any] = gettext_lazy("A company’s or an association’s name, business ID and contact person.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Entreprenör", "Urakoitsija", "Contractor")}
    address: bool = setting(flag, False)
    contact_person: bool = setting(flag, True)

    def parts(self) -> tuple[Field, ...]:
        """The organisation, and who speaks for it."""
        found: list[Field] = [NAME_OF_COMPANY, BUSINESS_ID]
        if self.address:
            found.append(Address(key="address", label=said("Adress", "Osoite", "Address")))
        if self.contact_person:
            label = said("Kontaktperson", "Yhteyshenkilö", "Contact person")
            found.append(Person(key="contact", label=label))
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Applicant(Composite):
    """Who applies: a person or an organisation. Conditions can look at `<key>.kind`, which is `person` or `company`."""

    kind: ClassVar[str] = "applicant"
    kind_label: ClassVar[Any] = gettext_lazy("Applicant: a person or an organisation")
    group: ClassVar[str] = "contact"
    asks_for: ClassVar[Any] = gettext_lazy(
        "Who applies: the customer chooses a person or an organisation, and gives its details."
    )
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Sökande", "Hakija", "Applicant")}
    address: bool = setting(flag, True)
    identity_code: bool = setting(flag, False)
    protection_order: bool = setting(flag, True)

    def parts(self) -> tuple[Field, ...]:
        """Which of the two, and the one it is."""
        person, company = {"field": "kind", "equals": "person"}, {"field": "kind", "equals": "company"}
        return (
            Choice(
                key="kind",
                label=said("Sökanden är", "Hakija on", "The applicant is"),
                options=(
                    Option("person", said("en person", "henkilö", "a person")),
                    Option(
                        "company",
                        said(
                            "ett företag eller en sammanslutning", "yritys tai yhteisö", "a company or an organisation"
                        ),
                    ),
                ),
            ),
            Person(
                key="person",
                label=said("Person", "Henkilö", "Person"),
                address=self.address,
                identity_code=self.identity_code,
                protection_order=self.protection_order,
                show_when=Comparison("kind", "equals", "person"),
                rule=person,
            ),
            Company(
                key="company",
                label=said("Företag eller sammanslutning", "Yritys tai yhteisö", "Company or organisation"),
                address=self.address,
                show_when=Comparison("kind", "equals", "company"),
                rule=company,
            ),
        )

    def show(self, kept: Json, language: str) -> str:
        """The one it is."""
        return "\n".join(text for part, text in self.lines(kept, language) if part.key != "kind")


INVOICING_PARTS = (
    Choice(
        key="way",
        label=said("Fakturan skickas", "Lasku lähetetään", "The invoice is sent"),
        options=(
            Option("e_invoice", said("som e-faktura", "verkkolaskuna", "as an e-invoice")),
            Option("post", said("per post", "postitse", "by post")),
        ),
    ),
    Text(
        key="e_address",
        label=said(
            "Nätfaktureringsadress (EDI-kod eller IBAN)",
            "Verkkolaskuosoite (OVT-tunnus tai IBAN)",
            "E-invoice address (EDI or IBAN)",
        ),
        max_length=35,
        show_when=Comparison("way", "equals", "e_invoice"),
        rule={"field": "way", "equals": "e_invoice"},
    ),
    Text(
        key="operator",
        label=said("Förmedlare (operatörskod)", "Välittäjä (operaattoritunnus)", "Operator (its code)"),
        max_length=35,
        show_when=Comparison("way", "equals", "e_invoice"),
        rule={"field": "way", "equals": "e_invoice"},
    ),
    Address(
        key="address",
        label=said("Faktureringsadress", "Laskutusosoite", "Invoicing address"),
        show_when=Comparison("way", "equals", "post"),
        rule={"field": "way", "equals": "post"},
    ),
    Text(
        key="reference", label=said("Fakturareferens", "Laskuviite", "Invoice reference"), required=False, max_length=70
    ),
)


@dataclass(frozen=True, kw_only=True)
class Invoicing(Composite):
    """Where the invoice goes: an e-invoice address with its operator, or a postal address."""

    kind: ClassVar[str] = "invoicing"
    kind_label: ClassVar[Any] = gettext_lazy("Invoicing details")
    group: ClassVar[str] = "contact"
    asks_for: ClassVar[Any] = gettext_lazy("Where the invoice is sent: an e-invoice address or a postal address.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Fakturering", "Laskutus", "Invoicing")}

    def parts(self) -> tuple[Field, ...]:
        """The way, and its address."""
        return INVOICING_PARTS


@dataclass(frozen=True, kw_only=True)
class Place(Composite):
    """A place: described in words, and by coordinates when they are known. In ETRS-TM35FIN (EPSG:3067) or WGS84."""

    kind: ClassVar[str] = "place"
    kind_label: ClassVar[Any] = gettext_lazy("Place")
    group: ClassVar[str] = "place"
    asks_for: ClassVar[Any] = gettext_lazy("A place described in words, and with coordinates when they are known.")
    example: ClassVar[Mapping[str, Json]] = {"label": in_three("Plats", "Paikka", "Place"), "coordinates": False}
    coordinates: bool = setting(flag, True)
    system: str = setting(word("tm35fin", "wgs84"), "tm35fin")

    def parts(self) -> tuple[Field, ...]:
        """The words, and north and east."""
        words = LongText(
            key="description",
            label=said("Beskriv platsen", "Kuvaile paikkaa", "Describe the place"),
            max_length=1_000,
            rows=3,
        )
        if not self.coordinates:
            return (words,)
        if self.system == "wgs84":
            north = DecimalNumber(
                key="north", label=said("Latitud (WGS84)", "Leveysaste (WGS84)", "Latitude (WGS84)"), **_degrees(59, 71)
            )
            east = DecimalNumber(
                key="east",
                label=said("Longitud (WGS84)", "Pituusaste (WGS84)", "Longitude (WGS84)"),
                **_degrees(19, 32),
            )
        else:
            metres = said("m", "m", "m")
            north = DecimalNumber(
                key="north",
                label=said("N (ETRS-TM35FIN)", "P (ETRS-TM35FIN)", "N (ETRS-TM35FIN)"),
                unit=metres,
                **_metres(6_600_000, 7_800_000),
            )
            east = DecimalNumber(
                key="east",
                label=said("E (ETRS-TM35FIN)", "I (ETRS-TM35FIN)", "E (ETRS-TM35FIN)"),
                unit=metres,
                **_metres(50_000, 760_000),
            )
        return words, north, east


def _degrees(least: int, most: int) -> dict[str, Any]:
    return {"min": least, "max": most, "decimals": 6, "required": False}


def _metres(least: int, most: int) -> dict[str, Any]:
    return {"min": least, "max": most, "decimals": 2, "required": False}


@reads(list_of(defined("field_in_a_row"), least=1, most=50))
def read_rows(reader: Reader, path: str, value: Json) -> tuple[Field, ...]:
    """What is asked in a row, from its document form. Files and further groups cannot stand in a row."""
    found = []
    for where, item in reader.items(path, value, least=1, most=50):
        field = read_field(reader, where, item)
        if field is not None and not field.repeats:
            reader.wrong(within(where, "kind"), _("this kind cannot stand in a group that repeats."))
        elif field is not None:
            found.append(field)
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Repeating(Field):
    """A group of questions that repeats. Its answer is a list of objects, one a row."""

    kind: ClassVar[str] = "repeating"
    kind_label: ClassVar[Any] = gettext_lazy("Repeating group")
    group: ClassVar[str] = "several"
    asks_for: ClassVar[Any] = gettext_lazy(
        "Some questions that are answered as many times as needed, like the rows of a table on paper."
    )
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Försäljningsställen", "Myyntipisteet", "Stalls"),
        "row_label": in_three("Ställe", "Piste", "Stall"),
        "fields": [{"kind": "text", "key": "seller", "label": in_three("Säljare", "Myyjä", "Seller")}],
    }
    repeats: ClassVar[bool] = False
    has_rows: ClassVar[bool] = True
    fields: tuple[Field, ...] = setting(read_rows)
    row_label: Texts = setting(texts, NO_TEXT)
    min_rows: int = setting(whole(0, 200), 0)
    max_rows: int = setting(whole(1, 200), 20)

    @cached_property
    def questions(self) -> Questions:
        """What is asked in a row."""
        return Questions(self.fields)

    def parts(self) -> tuple[Field, ...]:
        """What is asked in a row."""
        return self.fields

    def own_parts(self) -> tuple[Field, ...]:
        """What is asked in a row: the definition describes it."""
        return self.fields

    def again(self) -> Field:
        """Without the lead times in its rows."""
        fields = tuple(dataclasses.replace(f, lead_time=None) if f.notice() else f for f in self.fields)  # type: ignore[call-arg]
        return dataclasses.replace(super().again(), fields=fields)  # type: ignore[call-arg]

    def ask(self, language: str) -> None:
        """It is a form within the form."""

    def inside(self, *, prefix: str, stored: Json, today: date, data: Any, language: str) -> RowsForm:
        """The form of its rows."""
        return RowsForm(self, prefix=prefix, stored=stored, today=today, data=data)

    def lay_out(self) -> LayoutObject:
        """A fieldset around its rows."""
        return Parts(self.key, self.label, self.hint, needed=self.seems_needed)

    def counted(self, kept: Json, counting: Mapping[str, Any], today: date) -> Json:
        """The rows, each with the parts that are asked for."""
        rows = [what_counts(self.questions, row, today) for row in kept or []]
        return [row for row in rows if row] or None

    def objection(self, kept: Json, answers: Mapping[str, Any], today: date) -> str:
        """Too few or too many rows, or something missing in one."""
        if len(kept) < self.min_rows:
            return _("Add at least %(count)d of these.") % {"count": self.min_rows}
        if len(kept) > self.max_rows:
            return _("There may be at most %(count)d of these.") % {"count": self.max_rows}
        return "" if all(self.questions.complete(row, {}, today) for row in kept) else _("Something is missing here.")

    def only_lacks(self, kept: Json, today: date) -> bool:
        """Whether only rows, or parts in them, are missing."""
        return len(kept) <= self.max_rows and all(only_lacking(self.questions, row, today) for row in kept)

    def accept(self, kept: Json) -> Json:
        """The rows, each with the parts that are still accepted; too many rows are for the customer to choose among."""
        rows = [accepted_parts(self.fields, row) for row in kept] if isinstance(kept, list) else []
        return [row for row in rows if row] or None

    def missing(self) -> str:
        """What to say when there is no row."""
        return _("Add at least %(count)d of these.") % {"count": max(1, self.min_rows)}

    def show(self, kept: Json, language: str) -> str:
        """A row a line, its answers divided by commas."""
        said_rows = (
            "; ".join(f"{label}: {text}".replace("\n", ", ") for label, text in lines)
            for _title, lines in self.rows_of(kept, language)
        )
        return "\n".join(f"{n}. {text}" for n, text in enumerate(said_rows, 1))

    def rows_of(self, kept: Json, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
        """Each row's title, and its answers under their labels."""
        return [
            (
                self.row_title(n, language),
                [(p.label.said(language), p.show(answer, language)) for p, answer in answered_parts(self.fields, row)],
            )
            for n, row in enumerate(kept or [], 1)
        ]

    def row_title(self, number: int, language: str) -> str:
        """What a row is called."""
        return f"{self.row_label.said(language) or self.label.said(language)} {number}"

    def envelope(self, kept: Json) -> Json:
        """A list of objects."""
        return [
            {part.key: part.envelope(answer) for part, answer in answered_parts(self.fields, row)} for row in kept or []
        ]

    def sample(self, today: date) -> Json:
        """As few rows as there must be, at least one."""
        row: dict[str, Any] = {}
        for part in self.fields:
            if part.asks and part.show_when.holds(row, today):
                row[part.key] = part.sample(today)
        return [row] * max(1, self.min_rows)

    def look_over(self, reader: Reader, path: str, earlier: Mapping[str, Field]) -> None:
        """Its parts' keys and conditions; no files and no groups within it."""
        if self.min_rows > self.max_rows:
            reader.wrong(within(path, "max_rows"), _("the largest value is below the smallest."))
        check_fields(reader, within(path, "fields"), self.fields, {})


class RowsForm:
    """The rows of a repeating group, with buttons that add, move and remove them without JavaScript.

    The buttons post `<prefix>-act` = add, remove-N, up-N or down-N together with everything typed; the page comes back with it.
    """

    def __init__(self, field: Repeating, *, prefix: str, stored: Json, today: date, data: Any) -> None:
        self.field, self.prefix, self.today = field, prefix, today
        self.acted = False
        kept = list(stored) if isinstance(stored, list) else []
        if data is None:
            shown = max(len(kept), field.min_rows, 1 if field.required else 0)
            self.rows = [
                self._row(n, kept[n] if n < len(kept) else {}, None) for n in range(min(shown, field.max_rows))
            ]
        else:
            self.rows = self._posted(data, kept)

    def _row(self, n: int, stored: Mapping[str, Any], data: Any) -> QuestionsForm:
        return QuestionsForm(
            self.field.questions, stored=stored, before={}, today=self.today, data=data, prefix=f"{self.prefix}-{n}"
        )

    def _posted(self, data: Any, kept: list[Any]) -> list[QuestionsForm]:
        """The rows as they were typed, after the button that was pressed."""
        count = data.get(f"{self.prefix}-count", "")
        number = int(count) if count.isascii() and count.isdecimal() and len(count) < 4 else len(kept)
        order: list[int | None] = list(range(min(number, self.field.max_rows)))
        act, _dash, at = str(data.get(f"{self.prefix}-act", "")).partition("-")
        place = int(at) if at.isascii() and at.isdecimal() and len(at) < 4 else -1
        if act == "add" and len(order) < self.field.max_rows:
            order.append(None)
        elif act == "remove" and 0 <= place < len(order):
            del order[place]
        elif act == "up" and 0 < place < len(order):
            order[place - 1], order[place] = order[place], order[place - 1]
        elif act == "down" and 0 <= place < len(order) - 1:
            order[place + 1], order[place] = order[place], order[place + 1]
        self.acted = bool(act)
        return [
            self._row(
                n, _beside(kept, data.get(f"{self.prefix}-{old}-_stored", "")), _renumbered(data, self.prefix, old, n)
            )
            for n, old in enumerate(order)
        ]

    # --- what the form around it asks --------------------------------------------------------------------------------

    def is_blank(self) -> bool:
        """Whether no row has anything in it."""
        return all(row.is_blank() for row in self.rows)

    def _filled(self) -> list[QuestionsForm]:
        return [row for row in self.rows if not row.is_blank()]

    def is_valid(self) -> bool:
        """Whether every row with anything in it is complete. Empty rows do not count."""
        for row in self.rows:
            if row.is_blank():
                row.forgive()
        return not [
            row for row in self._filled() if not row.is_valid()
        ]  # every row is judged, not only up to the first

    def forgive(self) -> None:
        """Show no errors."""
        for row in self.rows:
            row.forgive()

    def forgive_unanswered(self) -> None:
        """Show no errors but of what is wrong."""
        for row in self.rows:
            row.forgive_unanswered()

    def value(self) -> Any:
        """The rows that have anything in them."""
        found = [row.value() for row in self._filled()]
        return [row for row in found if row] or None

    @property
    def only_unanswered(self) -> bool:
        """Whether nothing is wrong in any row but that something is not answered yet."""
        return all(row.only_unanswered for row in self._filled())

    @property
    def summary(self) -> list[Trouble]:
        """Each error of each row, the row's number before the label."""
        return [
            (target, f"{self.row_title(n)}, {label}", error)
            for n, row in enumerate(self.rows)
            if not row.is_blank()
            for target, label, error in row.summary
        ]

    def row_title(self, n: int) -> str:
        """What a row is called."""
        return self.field.row_title(n + 1, get_language() or "sv")

    def render(self) -> SafeString:
        """The rows with their buttons, and the button that adds one."""
        last = len(self.rows) - 1
        rows = "".join(
            f'<fieldset class="row"><legend class="row__title">{format_html("{}", self.row_title(n))}</legend>'
            f"{row.render()}{self._hidden(f'{n}-_stored', place)}"
            f'<div class="row__buttons">{self._buttons(n, last)}</div></fieldset>'
            for n, (row, place) in enumerate(zip(self.rows, self._places(), strict=True))
        )
        count = self._hidden("count", len(self.rows))
        called = self.field.row_label.said(get_language()) or self.field.label.said(get_language())
        more = self._button("add", _("Add"), called, "secondary")
        return mark_safe(count + rows + (more if len(self.rows) < self.field.max_rows else ""))  # noqa: S308 (parts are safe)

    def _places(self) -> Iterator[int | str]:
        """Which of the stored rows each is as soon as this page has been stored; '' for one that is not kept."""
        place = 0
        for row in self.rows:
            there = bool(row.value() if row.is_bound and not row.is_blank() else not row.is_bound and row.stored)
            yield place if there else ""
            place += there

    def _hidden(self, name: str, value: Any) -> SafeString:
        return format_html('<input type="hidden" name="{}-{}" value="{}">', self.prefix, name, value)

    def _buttons(self, n: int, last: int) -> str:
        title = self.row_title(n)
        up = self._button(f"up-{n}", _("Move up"), title) if n > 0 else ""
        down = self._button(f"down-{n}", _("Move down"), title) if n < last else ""
        return up + down + self._button(f"remove-{n}", _("Remove"), title)

    def _button(self, act: str, word: str, what: str, look: str = "quiet") -> SafeString:
        return format_html(
            '<button class="button button--{}" name="{}-act" value="{}">{}<span class="visually-hidden"> {}</span></button> ',
            look,
            self.prefix,
            act,
            word,
            what,
        )


def _beside(kept: list[Any], at: str) -> Mapping[str, Any]:
    """The stored row that a row of the page says it is."""
    place = int(at) if at.isascii() and at.isdecimal() and len(at) < 4 else len(kept)
    row = kept[place] if place < len(kept) else {}
    return row if isinstance(row, dict) else {}


def _renumbered(data: Any, prefix: str, old: int | None, new: int) -> MultiValueDict[str, str]:
    """What was typed in row `old`, under the names of row `new`; nothing for a row that was added."""
    found: MultiValueDict[str, str] = MultiValueDict()
    if old is None:
        return QueryDict("")
    begins = f"{prefix}-{old}-"
    for name in data:
        if name.startswith(begins):
            values = data.getlist(name) if hasattr(data, "getlist") else [data[name]]
            found.setlist(f"{prefix}-{new}-{name[len(begins) :]}", values)
    return found
