"""A survey in the preview: what its pages and its result show, before anybody can answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language

from apps.applications.journey import Journey
from apps.people.municipalities import all_municipalities
from apps.portal.catalogue import municipality_name, offers, other_languages
from apps.portal.filling import Addresses
from apps.portal.surveys import RESULT, Survey, what_is_needed
from apps.services.answersheet import sheet
from apps.services.conditions import NEVER
from apps.services.definition import Definition, Page
from apps.services.models import Version
from apps.services.surveying import conclusions

__all__ = ["RESULT", "ShownSurvey", "page_facts", "result_facts", "start_facts"]


class ShownSurvey(Survey):
    """A survey as its designer tries it. The version only says whose it is: what it asks is the journey's."""

    def __init__(self, version: Version, journey: Journey, where: Addresses) -> None:
        self.version, self.journey, self.where = version, journey, where
        self.answers, self.today, self.key = journey.answers, journey.today, version.service.key

    @property
    def definition(self) -> Definition:
        """What it says so far."""
        return self.journey.definition

    def address(self, page: Page | None) -> str:
        """Where a page is shown; without one, where the result stands."""
        return self.where.page(page) if page else self.where.check()

    def address_after(self, page: Page) -> str:
        """The next page; after the last, the result."""
        return self.address(self.beside(page, 1))


def start_facts(survey: ShownSurvey) -> dict[str, Any]:
    """What `portal/survey.html` shows."""
    return {
        "survey": survey,
        "definition": survey.definition,
        "first": survey.address(survey.stops[0].page if survey.stops else None),
        "onward": "",
        "other_languages": other_languages(survey.definition),
    }


def page_facts(survey: ShownSurvey, page: Page, facts: Mapping[str, Any], start: str) -> dict[str, Any]:
    """What `portal/survey_page.html` shows, of what is shown of a page of any form: without the pages that only conclude."""
    keys = [stop.page.key for stop in survey.stops]
    before = survey.beside(page, -1)
    pairs = zip(survey.journey.stops, facts["steps"], strict=True)
    return {
        **facts,
        "survey": survey,
        "number": keys.index(page.key) + 1 if page.key in keys else 1,
        "count": len(keys),
        "last": survey.beside(page, 1) is None,
        "back": survey.address(before) if before else start,
        "steps": [step for stop, step in pairs if stop.page.key in keys],
    }


def result_facts(survey: ShownSurvey) -> dict[str, Any]:
    """What `portal/survey_result.html` shows."""
    definition, language = survey.definition, get_language() or "sv"
    municipality = all_municipalities().get(survey.municipality)
    by_key = {stop.page.key: stop.page for stop in survey.stops if survey.journey.may_open(stop.page.key)}
    sections = sheet(definition, survey.answers, survey.today, language)
    common = (field for key, field in definition.fields.items() if field.common and key in survey.journey.counting)
    return {
        "survey": survey,
        "definition": definition,
        "result": what_is_needed(survey, offers(), language),
        "leads": bool(definition.leads_to),
        "advice_first": all(lead.surely == NEVER for lead in definition.leads_to),
        "conclusions": conclusions(definition, survey.answers, survey.today, language),
        "onward": "" if survey.complete else survey.address_to_go_on(),
        "sections": [(one, survey.address(by_key[one.key])) for one in sections if one.key in by_key],
        "municipality": municipality_name(municipality, language) if municipality else "",
        "along": [field.label.said(language) for field in common],
    }
