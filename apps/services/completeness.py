"""What a definition must say, in every language it promises, before the public can see it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.services.definition import NOT_OF_SURVEYS, SURVEY, Definition
from apps.services.reading import Problem
from apps.services.texts import Texts

REQUIRED_TEXTS = ("name", "summary", "for_whom", "legal_ground", "price", "handling_time", "at_hand")
OPTIONAL_TEXTS = ("deadline", "contact", "privacy", "declaration")


def required_texts(kind: str) -> tuple[str, ...]:
    """The texts of the service itself that there must be, by what kind it is."""
    return tuple(name for name in REQUIRED_TEXTS if kind != SURVEY or name not in NOT_OF_SURVEYS)


def obstacles(definition: Definition) -> list[Problem]:
    """Why the definition cannot be published yet, each with its path; empty when it can."""
    found = []
    for path, text in texts_of(definition):
        for language in text.lacks(definition.languages):
            found.append(Problem(f"{path}.{language}", _("the text is missing in a language the service promises.")))
    if asks_nothing(definition):
        found.append(Problem("pages", _("the form asks nothing.")))
    return found


def asks_nothing(definition: Definition) -> bool:
    """Whether there is nothing to answer in a form that customers are to fill in."""
    return not definition.own_service and not any(page.asked for page in definition.pages)


def texts_of(definition: Definition) -> list[tuple[str, Texts]]:
    """Every text the public can meet, with its path."""
    required = required_texts(definition.kind)
    found = [(name, getattr(definition, name)) for name in required]
    others = (name for name in (*REQUIRED_TEXTS, *OPTIONAL_TEXTS) if name not in required)
    found += [(name, getattr(definition, name)) for name in others if getattr(definition, name)]
    if definition.handling_limit and definition.handling_limit.ground:
        found.append(("handling_limit.ground", definition.handling_limit.ground))
    found += [(f"leads_to[{n}].why", lead.why) for n, lead in enumerate(definition.leads_to) if lead.why]
    for p, page in enumerate(definition.pages):
        found.append((f"pages[{p}].title", page.title))
        if page.text:
            found.append((f"pages[{p}].text", page.text))
        for f, field in enumerate(page.fields):
            found += [(f"pages[{p}].fields[{f}].{name}", text) for name, text in field.all_texts().items()]
    return found
