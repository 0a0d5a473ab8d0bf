"""Checks of what is said of a service as a whole: its times, who may use it, who is told, how long it is kept, how it looks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.people.looks import check_colour
from apps.services.fieldtypes.base import LeadTime
from apps.services.gate.finding import STOP, WARN, Asked, Finding, Looked, element_place
from apps.services.handling import HandlingLimit
from apps.services.texts import Texts

# Times in a text: 5 arbetsdagar, 2–3 veckor, 30 päivää. The words are those of all three languages, each by how it begins.
TIME = re.compile(
    r"(\d+)(?:\s*(?:–|-|—|till|to|tai|eller)\s*(\d+))?\s*"
    r"(arbetsdag|vardag|helgfri|arkipäiv|työpäiv|working day|weekday|dygn|dag|päiv|vuorokau|day|veck|viik|week|månad|kuukau|month)",
    re.IGNORECASE,
)
WORKING = ("arbetsdag", "vardag", "helgfri", "arkipäiv", "työpäiv", "working day", "weekday")
DAYS_IN = {"veck": 7, "viik": 7, "week": 7, "månad": 30, "kuukau": 30, "month": 30}
LIMIT_DAYS = {"days": 1.0, "working_days": 1.4, "months": 30.4, "years": 365.0}


# --- times ---------------------------------------------------------------------------------------------------------------


def handling_fits_before_the_day(looked: Looked) -> Iterator[Finding]:
    """That what is sent in time can also be decided in time."""
    asked = _with_lead_time(looked)
    notice = asked.field.notice() if asked else None
    if asked is None or notice is None or looked.definition.is_survey:
        return
    limit, told = looked.definition.handling_limit, longest_told(looked.definition.handling_time)
    words = {"ahead": round(_days(notice)), "limit": round(_limit_days(limit)), "told": told}
    if limit and limit.counted_from == "arrival" and _limit_days(limit) > _days(notice):
        said = _(
            "The matter may be sent %(ahead)d days before the day, and the time limit of the handling is %(limit)d days: the decision "
            "may come too late. Let the one be longer or the other shorter."
        )
        yield Finding("lead_time", WARN, said % words, asked.place, f"{asked.path}.lead_time")
    elif told > _days(notice):
        said = _(
            "Customers are told that the handling takes up to %(told)d days, and may send the matter %(ahead)d days before the day: the "
            "decision may come too late. Let the one be longer or the other shorter."
        )
        yield Finding("lead_time", WARN, said % words, asked.place, f"{asked.path}.lead_time")


def deadline_is_checked(looked: Looked) -> Iterator[Finding]:
    """That the time limit that customers are told is the one that the form checks."""
    definition, asked = looked.definition, _with_lead_time(looked)
    notice = asked.field.notice() if asked else None
    if definition.deadline and asked is None and not definition.own_service and not definition.is_survey:
        said = _(
            "Customers are told when the matter must be in, and no date in the form checks it. Give a date a time limit."
        )
        yield Finding("deadline", WARN, said, element_place("deadline"), "deadline")
    elif asked and notice and not definition.deadline:
        said = _(
            "The form checks how early the matter comes, and nothing tells it beforehand. Write it as the deadline."
        )
        yield Finding("deadline", WARN, said, element_place("deadline"), "deadline")
    elif asked and notice and not _says(definition.deadline, notice):
        said = _("The deadline is told as another time than the %(days)d days that the form checks.")
        yield Finding("deadline", WARN, said % {"days": notice.days}, element_place("deadline"), "deadline")


def _with_lead_time(looked: Looked) -> Asked | None:
    return next((asked for asked in looked.top if asked.field.notice()), None)


def _days(notice: LeadTime) -> float:
    return notice.days * (LIMIT_DAYS["working_days"] if notice.unit == "working_days" else 1)


def _limit_days(limit: HandlingLimit | None) -> float:
    return limit.length * LIMIT_DAYS[limit.unit] if limit else 0.0


def longest_told(text: Texts) -> int:
    """The longest time that a text tells in figures, in days; 0 when it tells none."""
    return max((days for days, _count, _working in _times(text)), default=0)


def _times(text: Texts) -> Iterator[tuple[int, int, bool]]:
    """Each time that a text tells in figures: in days that all count, as it is told in days, and whether those are working days."""
    for written in text.as_json().values():
        for found in TIME.finditer(written):
            unit = found[3].casefold()
            count = int((found[2] or found[1])[:5]) * DAYS_IN.get(unit, 1)
            working = unit in WORKING
            yield round(count * LIMIT_DAYS["working_days"]) if working else count, count, working


def _says(text: Texts, notice: LeadTime) -> bool:
    """Whether a text tells a time limit, or tells no time in figures at all."""
    told = list(_times(text))
    wanted = (notice.days, notice.unit == "working_days")
    return not told or wanted in [(count, working) for _days_, count, working in told]


# --- whose and for whom --------------------------------------------------------------------------------------------------


def it_is_kept_for_a_time(looked: Looked) -> Iterator[Finding]:
    """That somebody has decided how long cases are kept."""
    definition = looked.definition
    if not definition.is_survey and not definition.keep_days and definition.records is None:
        said = _(
            "Nothing says how long cases are kept. Give the days after closing, or what the plan for the records says."
        )
        yield Finding("retention", WARN, said, element_place("keep_days"), "keep_days")


def somebody_is_told(looked: Looked) -> Iterator[Finding]:
    """That new cases are told to somebody."""
    if looked.facts is not None and not looked.facts.role_address and not looked.definition.is_survey:
        said = _("Neither the service nor its authority has a role address: nobody is told by mail of new cases.")
        yield Finding("role_address", WARN, said, element_place("email"), "")


def its_system_is_connected(looked: Looked) -> Iterator[Finding]:
    """That where the authority's own system is to handle the cases, there is one, and it has been tried; that one tells what arrives in
    the authority's own service.
    """
    for better in looked.facts.connection_advice if looked.facts else ():
        yield Finding("connection", WARN, better, element_place("connection"), "connection")
    for lacks in looked.facts.not_connected if looked.facts else ():
        said = _(
            "The authority’s own system is to handle the cases. %(lacks)s Until then they are handled on the desk."
        )
        yield Finding("connection", WARN, said % {"lacks": lacks}, element_place("connection"), "connection")


def mandates_make_sense(looked: Looked) -> Iterator[Finding]:
    """That what is said of acting for others goes together."""
    definition = looked.definition
    if definition.acting_for == ("self",) and definition.mandate:
        said = _("A mandate is named, and nobody can act for another: it is never asked for.")
        yield Finding("mandate", WARN, said, element_place("mandate"), "mandate")
    for asked in looked.fields:
        if asked.field.prefill in ("company_name", "company_id") and "company" not in definition.acting_for:
            said = _(
                "This is filled in from the company that the customer acts for, and nobody can act for a company here."
            )
            yield Finding("mandate", WARN, said, asked.place, f"{asked.path}.prefill")


def own_service_is_safe(looked: Looked) -> Iterator[Finding]:
    """That customers are sent on to an address that others cannot listen to, and that they can reach."""
    for language, address in looked.definition.own_service.as_json().items():
        if address.startswith("http:"):
            said = _(
                "The address of the authority’s own service must begin with https:// before customers are sent there."
            )
            yield Finding("own_service", STOP, said, element_place("own_service"), f"own_service.{language}", language)


def survey_leads_somewhere(looked: Looked) -> Iterator[Finding]:
    """That a survey has a result, and leads to services that there are."""
    definition = looked.definition
    if not definition.is_survey:
        return
    if not definition.leads_to and not any(asked.field.concludes for asked in looked.fields):
        said = _("The answers lead to nothing. Say to which services they lead, or add a result.")
        yield Finding("survey", WARN, said, element_place("leads_to"), "leads_to")
    for n, lead in enumerate(definition.leads_to):
        if looked.facts is not None and lead.service not in looked.facts.services:
            said = _("It leads to %(key)s, and there is no such service here that customers can begin.")
            yield Finding("survey", WARN, said % {"key": lead.service}, element_place("leads_to"), f"leads_to[{n}]")


def colour_can_be_seen(looked: Looked) -> Iterator[Finding]:
    """That the authority's colour can be seen on the pages where it acts."""
    if looked.facts is None or not looked.facts.colour:
        return
    try:
        check_colour(looked.facts.colour)
    except ValidationError as hidden:
        said = _("The authority’s colour: %(why)s") % {"why": " ".join(hidden.messages)}
        yield Finding("colour", WARN, said, element_place("authority"), "")


CHECKS = (
    ("lead_time", handling_fits_before_the_day),
    ("deadline", deadline_is_checked),
    ("retention", it_is_kept_for_a_time),
    ("role_address", somebody_is_told),
    ("connection", its_system_is_connected),
    ("mandate", mandates_make_sense),
    ("own_service", own_service_is_safe),
    ("survey", survey_leads_somewhere),
    ("colour", colour_can_be_seen),
)
