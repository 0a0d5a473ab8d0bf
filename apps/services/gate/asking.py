"""Checks of what a form asks: whether it can be met, whether it fits on a page, and whether there is a reason to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.services.conditions import ALWAYS
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.composed import EMAIL, PHONE, Applicant, Person
from apps.services.fieldtypes.identified import PersonalIdentityCode
from apps.services.gate.finding import STOP, WARN, Asked, Finding, Looked, element_place, named, page_place
from apps.services.routes import unreachable
from apps.services.texts import LANGUAGES
from apps.services.wording import quoted

MOST_ON_A_PAGE = 12  # questions
MANY_TIMES = 4  # what can be sent at once: less than that is divided without much ado, and what does not fit is told
BYTES_OF_A_LETTER = 2  # the most that Swedish and Finnish letters take


# --- whether it can be met -----------------------------------------------------------------------------------------------


def everything_can_be_met(looked: Looked) -> Iterator[Finding]:
    """That no page and no question has a condition that can never hold."""
    if looked.problems:  # conditions that are not right yet say nothing for certain
        return
    for never in unreachable(looked.definition):
        key = ".".join(one.key for one in (never.group, never.field) if one is not None)
        words = never.said(get_language() or LANGUAGES[0])
        place = Asked(never.field, never.page, never.group, "").place if never.field else page_place(never.page)
        yield Finding("unreachable", STOP, words, place, f"{never.page.key} {key}".strip())


# --- how much it is ------------------------------------------------------------------------------------------------------


def pages_are_short(looked: Looked) -> Iterator[Finding]:
    """That no page has more questions than one takes in at once."""
    for p, page in enumerate(looked.definition.pages):
        count = len(page.asked)
        hidden = sum(field.show_when is not ALWAYS for field in page.asked)
        if count - hidden // 2 > MOST_ON_A_PAGE:  # of those with a condition about half are seen by each customer
            said = ngettext(
                "The page has %(count)d question. Divide it, so that it is easy on a phone.",
                "The page has %(count)d questions. Divide it, so that it is easy on a phone.",
                count,
            )
            yield Finding("long_page", WARN, said % {"count": count}, page_place(page), f"pages[{p}]")


def pages_can_be_sent(looked: Looked) -> Iterator[Finding]:
    """That a page that is filled in to the last row and letter is not more than the server takes at once."""
    for p, page in enumerate(looked.definition.pages):
        count = sum(map(controls_of, page.fields))
        if count > settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
            words = {"count": count, "most": settings.DATA_UPLOAD_MAX_NUMBER_FIELDS}
            said = _(
                "The page can have %(count)d controls, and at most %(most)d can be sent at once: customers could not save it. "
                "Let its groups have fewer rows, or divide it."
            )
            yield Finding("controls", STOP, said % words, page_place(page), f"pages[{p}]")
        elif sum(map(letters_of, page.fields)) * BYTES_OF_A_LETTER > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            said = _(
                "The answers to this page can be longer than what can be sent at once. Let them be shorter, or divide it."
            )
            yield Finding("controls", WARN, said, page_place(page), f"pages[{p}]")


def controls_of(field: Field) -> int:
    """How many controls a field has at most."""
    if field.parts():
        return getattr(field, "max_rows", 1) * sum(map(controls_of, field.parts()))
    if not field.asks:
        return 0
    return max(1, len(field.possible())) if field.kind == "choices" else 1


def letters_of(field: Field) -> int:
    """How many letters an answer can have at most, where that is many."""
    if field.parts():
        return int(getattr(field, "max_rows", 1)) * sum(map(letters_of, field.parts()))
    return int(getattr(field, "max_length", 0) or 0)


def files_can_be_sent(looked: Looked) -> Iterator[Finding]:
    """That the files that are asked for can be sent: each of them, and those of a page together."""
    most = settings.UPLOAD_MAX_BYTES // 1_000_000
    for asked in looked.top:
        if asked.field.carries_file and asked.field.max_megabytes > most:  # type: ignore[attr-defined]
            said = _("A file may be %(size)d MB here, and at most %(most)d MB can be sent at once.")
            words = said % {"size": asked.field.max_megabytes, "most": most}  # type: ignore[attr-defined]
            yield Finding("files", STOP, words, asked.place, asked.path)
    for p, page in enumerate(looked.definition.pages):
        together = sum(_megabytes(field) for field in page.fields)
        if together > most * MANY_TIMES:
            said = _(
                "The files of this page can be %(size)d MB together, and at most %(most)d MB can be sent at once: who has "
                "many large ones must save the page in between. Let there be fewer or smaller ones, or divide the page."
            )
            yield Finding("files", WARN, said % {"size": together, "most": most}, page_place(page), f"pages[{p}]")


def _megabytes(field: Any) -> int:
    return int(field.max_files * field.max_megabytes) if field.carries_file else 0


# --- whether there is a reason -------------------------------------------------------------------------------------------


def codes_are_asked_with_a_reason(looked: Looked) -> Iterator[Finding]:
    """That it is said why an identity code is asked for (Data Protection Act, section 29)."""
    said = _(
        "A personal identity code is asked for, and neither the hint nor the privacy notice says why. It may be asked for only when it "
        "is important to know for certain who somebody is, or a law says so (Data Protection Act 1050/2018, section 29)."
    )
    for asked in looked.fields:
        if (
            asks_code(asked.field)
            and not asked.field.hint
            and not looked.definition.privacy
            and not asked.field.has_rows
        ):
            yield Finding("identity_code", WARN, said, asked.place, asked.path)


def codes_come_from_the_known(looked: Looked) -> Iterator[Finding]:
    """That what is protected is not asked of somebody who is known by a mailbox alone."""
    if looked.definition.identification != "weak":
        return
    said = _(
        "This is asked of customers who are known only by an e-mail address. Require strong identification, or leave it out."
    )
    for asked in looked.fields:
        if not asked.field.has_rows and (asks_code(asked.field) or asked.field.secret):
            yield Finding("weak", WARN, said, asked.place, asked.path)


def privacy_is_told(looked: Looked) -> Iterator[Finding]:
    """That customers are told what their personal data are used for."""
    definition = looked.definition
    if not definition.privacy and any(asks_personal_data(asked.field) for asked in looked.top):
        said = _(
            "Personal data are asked for, and there is no privacy notice. Customers must be told what they are used for, on what "
            "ground, how long they are kept and whom to ask (General Data Protection Regulation, article 13)."
        )
        yield Finding("privacy", WARN, said, element_place("privacy"), "privacy")


def contact_is_asked_once(looked: Looked) -> Iterator[Finding]:
    """That nobody writes the same e-mail address or phone number twice."""
    for kind, own in (("email", EMAIL), ("phone", PHONE)):
        asking = [asked for asked in looked.top if _always_shown(asked) and _asks_own_contact(asked.field, kind, own)]
        if len(asking) > 1:
            said = _("%(what)s is asked for in several places: %(places)s. Ask once, or say whose it is.")
            places = ", ".join(quoted(named(asked.field)) for asked in asking)
            words = said % {"what": own.label.said(), "places": places}
            yield Finding("contact_twice", WARN, words, asking[-1].place, asking[-1].path)


def _always_shown(asked: Asked) -> bool:
    return asked.field.show_when is ALWAYS and asked.page.show_when is ALWAYS


def _asks_own_contact(field: Field, kind: str, own: Field) -> bool:
    """Whether it asks for a contact of the one who fills in, as far as its words tell."""
    if isinstance(field, Applicant):
        return True
    plain = {text.casefold() for text in own.label.as_json().values()}
    return field.kind == kind and any(text.casefold() in plain for text in field.label.as_json().values())


def asks_code(field: Field) -> bool:
    """Whether it asks for a personal identity code, by itself or in a part."""
    return isinstance(field, PersonalIdentityCode) or any(map(asks_code, field.parts()))


def asks_personal_data(field: Field) -> bool:
    """Whether it asks for something about a person: an identity code, where somebody is found, a name."""
    own = field.personal or field.contact_data or field.prefill in ("name", "given_name", "family_name")
    return bool(own or isinstance(field, Person | Applicant) or any(map(asks_personal_data, field.parts())))


CHECKS = (
    ("unreachable", everything_can_be_met),
    ("long_page", pages_are_short),
    ("controls", pages_can_be_sent),
    ("files", files_can_be_sent),
    ("identity_code", codes_are_asked_with_a_reason),
    ("weak", codes_come_from_the_known),
    ("privacy", privacy_is_told),
    ("contact_twice", contact_is_asked_once),
)
