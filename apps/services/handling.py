"""How a service's cases are looked after, as its definition says it: the limit of the handling, the plan for the records, another
service where customers do their business."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.services.reading import Json, Reader, defined, reads, shape, within
from apps.services.texts import NO_TEXT, Texts

# What a limit is counted in, and the longest there can be: about ten years.
LONGEST = {"days": 3_650, "working_days": 2_500, "months": 120, "years": 10}
UNITS = tuple(LONGEST)
STARTS = ("arrival", "completeness")
WARN_DAYS = 7
LONGEST_WARNING = 365
PERMANENT = -1
LONGEST_RETENTION = 500
FUNCTION = re.compile(r"[0-9]{1,2}([ .][0-9]{1,2}){0,5}")  # of a functional classification: 10 03 00
# https, or a service that is tried out on the same machine. No user name before the host: it would only mislead who reads it.
ADDRESS = re.compile(
    r"(https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?([/?#][^\s<>\"\\]*)?"
)
LONGEST_ADDRESS = 1_000


@dataclass(frozen=True, kw_only=True)
class HandlingLimit:
    """How soon a case is to be decided."""

    length: int
    unit: str  # days, working_days, months or years
    counted_from: str  # arrival or completeness
    warn_days: int  # how many days before its end the desk warns
    shown: bool  # whether customers see it
    ground: Texts


@dataclass(frozen=True, kw_only=True)
class Records:
    """What the plan for the records says of the service's cases; the codes are those of JHS 191."""

    function: str  # the class in the functional classification
    publicity: int  # 1 public, 2 partly secret, 3 secret, 4 by discretion
    personal_data: int  # 1 none, 2 some, 3 sensitive
    retention_years: int  # PERMANENT for ever
    retention_ground: Texts
    secrecy_ground: Texts


_LIMIT = {"length": True, "unit": True, "from": False, "warn_days": False, "shown": False, "ground": False}
_RECORDS = {
    "function": True,
    "publicity": True,
    "personal_data": True,
    "retention_years": True,
    "retention_ground": False,
    "secrecy_ground": False,
}


@reads(
    {
        **shape(
            {
                "length": {"type": "integer", "minimum": 1},
                "unit": {"enum": list(UNITS)},
                "from": {"enum": list(STARTS)},
                "warn_days": {"type": "integer", "minimum": 0, "maximum": LONGEST_WARNING},
                "shown": {"type": "boolean"},
                "ground": defined("texts"),
            },
            ("length", "unit"),
        ),
        "allOf": [
            {"if": {"properties": {"unit": {"const": unit}}}, "then": {"properties": {"length": {"maximum": longest}}}}
            for unit, longest in LONGEST.items()
        ],
    }
)
def handling_limit(reader: Reader, path: str, value: Json) -> HandlingLimit:
    """Read how soon a case is to be decided."""
    got = reader.mapping(path, value, _LIMIT)
    unit = reader.one_of(within(path, "unit"), got.get("unit", UNITS[0]), UNITS)
    return HandlingLimit(
        length=reader.whole(within(path, "length"), got.get("length", 1), 1, LONGEST[unit]),
        unit=unit,
        counted_from=reader.one_of(within(path, "from"), got.get("from", STARTS[0]), STARTS),
        warn_days=reader.whole(within(path, "warn_days"), got.get("warn_days", WARN_DAYS), 0, LONGEST_WARNING),
        shown=reader.yes_no(within(path, "shown"), got.get("shown", False)),
        ground=_texts(reader, path, got, "ground"),
    )


@reads(
    shape(
        {
            "function": {"type": "string", "pattern": f"^(?:{FUNCTION.pattern})$"},
            "publicity": {"type": "integer", "minimum": 1, "maximum": 4},
            "personal_data": {"type": "integer", "minimum": 1, "maximum": 3},
            "retention_years": {"type": "integer", "minimum": PERMANENT, "maximum": LONGEST_RETENTION},
            "retention_ground": defined("texts"),
            "secrecy_ground": defined("texts"),
        },
        ("function", "publicity", "personal_data", "retention_years"),
    )
)
def records(reader: Reader, path: str, value: Json) -> Records:
    """Read what the plan for the records says."""
    got = reader.mapping(path, value, _RECORDS)
    return Records(
        function=_function(reader, within(path, "function"), got.get("function", "00")),
        publicity=reader.whole(within(path, "publicity"), got.get("publicity", 1), 1, 4),
        personal_data=reader.whole(within(path, "personal_data"), got.get("personal_data", 1), 1, 3),
        retention_years=reader.whole(
            within(path, "retention_years"), got.get("retention_years", 0), PERMANENT, LONGEST_RETENTION
        ),
        retention_ground=_texts(reader, path, got, "retention_ground"),
        secrecy_ground=_texts(reader, path, got, "secrecy_ground"),
    )


def _texts(reader: Reader, path: str, got: dict[str, Json], name: str) -> Texts:
    return reader.texts(within(path, name), got[name]) if name in got else NO_TEXT


def _function(reader: Reader, path: str, value: Json) -> str:
    if not isinstance(value, str) or not FUNCTION.fullmatch(value):
        reader.wrong(path, _("this must be a class of the functional classification, such as 10 03 00."))
        return ""
    return value


@reads(
    {
        "allOf": [
            defined("texts"),
            {"additionalProperties": {"pattern": f"^(?:{ADDRESS.pattern})$", "maxLength": LONGEST_ADDRESS}},
        ]
    }
)
def own_service(reader: Reader, path: str, value: Json) -> Texts:
    """Read the address of the authority's own service, in each language."""
    addresses = reader.texts(path, value)
    for language, address in addresses.as_json().items():
        if address and (len(address) > LONGEST_ADDRESS or not ADDRESS.fullmatch(address)):
            reader.wrong(within(path, language), _("this must be an address that begins with https://."))
    return addresses


# --- in words --------------------------------------------------------------------------------------------------------


def limit_words(limit: HandlingLimit | None) -> str:
    """A limit as part of a sentence in the active language, without its ground; '' when there is none."""
    if limit is None:
        return ""
    words = {"amount": _amount(limit), "warning": _warning(limit.warn_days)}
    said = {
        ("arrival", True): _("%(amount)s from arrival, %(warning)s, shown to the customer"),
        ("arrival", False): _("%(amount)s from arrival, %(warning)s, not shown to the customer"),
        ("completeness", True): _("%(amount)s from when the matter is complete, %(warning)s, shown to the customer"),
        ("completeness", False): _(
            "%(amount)s from when the matter is complete, %(warning)s, not shown to the customer"
        ),
    }
    return said[limit.counted_from, limit.shown] % words


def _amount(limit: HandlingLimit) -> str:
    n = limit.length
    said = {
        "days": ngettext("%(n)d day", "%(n)d days", n),
        "working_days": ngettext("%(n)d working day", "%(n)d working days", n),
        "months": ngettext("%(n)d month", "%(n)d months", n),
        "years": ngettext("%(n)d year", "%(n)d years", n),
    }
    return said[limit.unit] % {"n": n}


def _warning(days: int) -> str:
    if not days:
        return _("without a warning")
    return ngettext("with a warning %(n)d day before", "with a warning %(n)d days before", days) % {"n": days}


def keep_words(days: int) -> str:
    """How long what a closed case holds is kept here, in the active language."""
    if not days:
        return _("until somebody deletes it")
    return ngettext("%(n)d day after the case was closed", "%(n)d days after the case was closed", days) % {"n": days}


def records_words(plan: Records | None) -> list[tuple[str, str]]:
    """What the plan for the records says: each thing and its value in the active language, without the grounds."""
    if plan is None:
        return []
    return [
        (_("class in the functional classification"), plan.function),
        (_("publicity"), _publicity(plan.publicity)),
        (_("personal data"), _personal_data(plan.personal_data)),
        (_("retention"), _retention(plan.retention_years)),
    ]


def _publicity(code: int) -> str:
    return {1: _("public"), 2: _("partly secret"), 3: _("secret"), 4: _("public by discretion")}[code]


def _personal_data(code: int) -> str:
    return {1: _("no personal data"), 2: _("has personal data"), 3: _("has sensitive personal data")}[code]


def _retention(years: int) -> str:
    if years == PERMANENT:
        return _("kept permanently")
    return ngettext("%(n)d year", "%(n)d years", years) % {"n": years}
