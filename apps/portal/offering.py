"""What a page offers where there is no answer yet: what is known of who is signed in, and what they have said in the same undertaking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.applications import nationaldata, undertakings
from apps.applications.models import Application
from apps.people.models import Customer
from apps.portal import surveyed
from apps.services.definition import Page
from apps.services.texts import HELSINKI, date_words


@dataclass(frozen=True)
class Offers:
    """Answers by the keys of their questions. They stand in the control, and count only when the page is saved.

    `sources` says in words where an answer comes from that the customer has given elsewhere.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)


def offers(paper: Application, page: Page, customer: Customer, request: HttpRequest | None = None) -> Offers:
    """What is offered on a page: what the customer stated in the national service, where this began there, before common data of the
    undertaking, before those of a survey, before what is known of who is signed in.

    A survey offers where the application was begun from its result in the session of the request.
    """
    principal = customer.acting_for
    company = {}
    if principal and principal.business_id:
        company = {"company_name": principal.name, "company_id": principal.business_id}
    known = {"given_name": customer.given_name, "family_name": customer.family_name, "name": customer.name, **company}
    answers = {one.key: known[one.prefill] for one in page.fields if known.get(one.prefill)}
    sources = {}
    if any(one.common and one.key not in paper.answers for one in page.fields):
        for key, one in surveyed.carried(request, paper).items() if request else ():
            if key not in paper.answers:
                answers[key] = one.value
                sources[key] = _("From your answers in “%(name)s”. Change it if it is different here.") % {
                    "name": one.survey
                }
        for key, common in undertakings.offered(paper, customer).items():
            if key not in paper.answers:
                answers[key] = common.value
                sources[key] = _source(common.paper)
    for key, value in nationaldata.offered(paper).items():
        if key not in paper.answers:
            answers[key], sources[key] = value, source_there()
    return Offers(answers, sources)


def source_there() -> str:
    """What is said of an answer that comes from the national service."""
    return _("From Tillstånd och tillsyn, where you began. Change it if it is different here.")


def _source(paper: Application) -> str:
    words = {
        "name": paper.version.definition.name.said(get_language()),
        "day": date_words((paper.sent_at or paper.changed_at).astimezone(HELSINKI).date()),
    }
    if paper.is_draft:
        said = _("From your draft “%(name)s”, %(day)s. Change it if it is different here; it stays as it was there.")
    else:
        said = _(
            "From your application “%(name)s”, %(day)s. Change it if it is different here; it stays as it was there."
        )
    return said % words
