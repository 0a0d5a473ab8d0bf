"""What the settings of a question, and the words they can be, are called for whoever defines a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Words:
    """What a setting is called, what is said to help, and whether it stands under “More settings”."""

    label: Any
    hint: Any = ""
    more: bool = False
    rows: int = 1  # how high the box is in which a text is written


SETTINGS: dict[str, Words] = {
    "label": Words(_("Question"), _("As short as it can be.")),
    "text": Words(_("Text"), _("An empty line begins a new paragraph. Lines that begin with “- ” are a list."), rows=5),
    "hint": Words(_("Advice below the question"), _("Leave it empty when the question is clear without it."), rows=2),
    "required": Words(_("The customer may leave this unanswered")),
    "errors": Words("", more=True),
    "errors.missing": Words(
        _("What to say when the answer is missing"), _("Leave empty for the usual words."), more=True
    ),
    "errors.wrong": Words(
        _("What to say when the answer cannot be right"), _("Leave empty for the usual words."), more=True
    ),
    "default": Words(_("An answer stands there from the beginning"), more=True),
    "prefill": Words(_("Filled in from who is signed in"), _("The customer can change it."), more=True),
    "common": Words(
        _("The answer belongs to the customer’s whole undertaking"),
        _("Who, which event, where and when. Such answers are handed on as common data."),
        more=True,
    ),
    "secret": Words(
        _("The answer is of a sort that the law keeps secret"),
        _("The form looks the same. Officials see the mark beside the answer, and receivers are told."),
        more=True,
    ),
    "max_length": Words(_("Longest answer, in characters"), more=True),
    "autocomplete": Words(
        _("What the browser may fill in by itself"), _("Only when the question is about the customer."), more=True
    ),
    "pattern": Words(
        _("Form of the answer"),
        _("A stands for a letter, 9 for a digit and * for either: AAA-999. Leave empty when any text will do."),
        more=True,
    ),
    "rows": Words(_("Height of the box, in lines"), more=True),
    "min": Words(_("Smallest number")),
    "max": Words(_("Largest number"), _("Leave empty when there is no limit.")),
    "decimals": Words(_("How many decimals there may be"), more=True),
    "unit": Words(_("Unit"), _("Stands after the number, such as m² or persons.")),
    "lead_time": Words(_("There is a time limit: the authority must have the matter before the day")),
    "not_before": Words(_("Not before"), _("The day may not be before the answer to this question."), more=True),
    "after": Words(_("Later than"), _("The time must be later than the answer to this question."), more=True),
    "on_days": Words(_("Only when these two days are the same"), more=True),
    "options": Words(_("Options"), _("An option without text is left out.")),
    "display": Words(_("How the options are shown"), more=True),
    "max_files": Words(_("How many files there may be")),
    "max_megabytes": Words(_("How large each may be, in megabytes"), more=True),
    "types": Words(_("Kinds of file that are taken")),
    "describe": Words(_("The customer writes what each file is")),
    "contact": Words(_("Ask for e-mail and phone")),
    "address": Words(_("Ask for the address")),
    "identity_code": Words(_("Ask for the personal identity code"), _("Only when the law lets you.")),
    "protection_order": Words(_("Ask about a protection order")),
    "contact_person": Words(_("Ask for a contact person")),
    "coordinates": Words(_("Ask for coordinates too")),
    "system": Words(_("System of coordinates"), more=True),
    "fields": Words(_("Questions in each row")),
    "row_label": Words(_("What one row is called"), _("Stands above each row with its number.")),
    "min_rows": Words(_("How many rows there must be"), more=True),
    "max_rows": Words(_("How many rows there may be"), more=True),
    "operation": Words(_("What is worked out")),
    "of": Words(_("From these answers"), _("Only numbers and days that are asked before it.")),
    "values": Words(
        _("Values"), _("The first one whose condition holds is the value. The last may stand without a condition.")
    ),
    "quiet": Words(_("Do not show it to the customer on this page"), _("The summary before sending always shows it.")),
}

# The words that a setting can be.
CHOICES: dict[str, dict[str, Any]] = {
    "display": {
        "radio": _("All shown, to tick one"),
        "list": _("In a list that opens"),
        "search": _("Found by writing, for long lists"),
    },
    "prefill": {
        "": _("Nothing"),
        "given_name": _("First name"),
        "family_name": _("Last name"),
        "name": _("First and last name"),
        "company_name": _("Name of the company that the customer acts for"),
        "company_id": _("Business ID of the company that the customer acts for"),
        "common_data": _("Answer with the same key in Tillstånd och tillsyn, for who began there"),
    },
    "autocomplete": {
        "": _("Nothing"),
        "name": _("First and last name"),
        "given-name": _("First name"),
        "family-name": _("Last name"),
        "organization": _("Name of the company or organisation"),
        "street-address": _("Street address"),
        "postal-code": _("Postcode"),
        "address-level2": _("Town"),
        "country-name": _("Country"),
        "email": _("E-mail address"),
        "tel": _("Phone number"),
    },
    "operation": {
        "sum": _("The sum"),
        "difference": _("The difference: the first less the second"),
        "product": _("The product: multiplied with each other"),
        "days_between": _("The days between two days"),
        "count": _("How many there are"),
    },
    "system": {"tm35fin": _("ETRS-TM35FIN, in metres"), "wgs84": _("WGS84, in degrees")},
    "unit": {"days": _("days"), "working_days": _("working days")},
    "late": {
        "refuse": _("The customer is stopped, and told the earliest day"),
        "warn": _("The customer is told that it may be too late, and can go on"),
        "explain": _("The customer can go on, and must give the reason in a question after this one"),
    },
}

# Other words for a setting in some groups of kinds.
IN_GROUP: dict[tuple[str, str], Words] = {
    ("told", "label"): Words(_("Heading")),
    ("computed", "label"): Words(_("What the value is called")),
    ("computed", "hint"): Words(_("Advice below the value"), rows=2),
    ("several", "label"): Words(_("What the group is called")),
}


def words_of(name: str, group: str = "") -> Words:
    """What a setting is called in a group of kinds; its own name, for one that has no words yet."""
    return IN_GROUP.get((group, name)) or SETTINGS.get(name) or Words(name, more=True)


def choice_words(name: str, word: str) -> str:
    """What a word that a setting can be is called."""
    return str(CHOICES.get(name, {}).get(word, word))
