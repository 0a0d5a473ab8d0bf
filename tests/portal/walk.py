"""Every address of the portal, with the things of a customer who has a bit of everything in its places."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, get_resolver

from apps.applications import attachments
from apps.applications.models import Application, Undertaking
from apps.cases import documents, intake
from apps.cases.models import Case
from apps.people.models import Customer, Mandate, Principal
from tests import build

PLAIN_PDF = b"%PDF-1.7"
SURVEY = "survey"


@dataclass
class Life:
    """What one customer has. `places` are the values of an address's places, by the beginning of the address and the place."""

    customer: Customer
    colleague: Customer
    principal: Principal
    version: Any
    draft: Application
    undertaking: Undertaking
    case: Case
    supplement: Application
    file_of_draft: str
    file_of_case: str
    document: str

    def fillings(self, route: str, place: str) -> list[str]:
        """What can stand in a place of an address."""
        known: dict[tuple[str, str], list[str]] = {
            ("acting/", "kind"): ["company", "person", "nobody"],
            ("services/", "key"): [self.version.service.key],
            ("start/", "key"): [self.version.service.key],
            ("surveys/", "key"): [SURVEY],
            ("surveys/", "page"): ["asked"],
            ("authorities/", "key"): [self.version.service.authority.key],
            ("applications/", "pk"): [str(self.draft.pk), str(self.case.application_id)],
            ("applications/", "page"): ["first", "second"],
            ("applications/", "field"): ["plan", "title"],
            ("receipts/", "pk"): [str(self.case.application_id)],
            ("cases/", "number"): [str(self.case.number)],
            ("cases/", "pk"): [str(self.supplement.pk)],
            ("cases/", "document"): [self.document],
            ("files/", "pk"): [self.file_of_draft, self.file_of_case],
            ("undertakings/", "pk"): [str(self.undertaking.pk)],
            ("preview/", "pk"): [str(self.version.service_id)],
            ("preview/", "page"): ["first", "second"],
        }
        beginning = route.partition("<")[0].partition("/")[0] + "/"
        return known.get((beginning, place), [])


# What is no customer's: everybody may open it, or what it takes is a secret of its own. A preview is no customer's at all (test_preview).
OPEN = re.compile(
    r"^(|services/.*|start/.*|surveys/.*|authorities/.*|acting/.*|accessibility/|feedback/.*|privacy/|sign-in/.*|sign-out/|testing/.*|preview/.*|receipts/.*|stay/|mailbox/.*)$"
)


def a_company(name: str = "Exempel Ab", business_id: str = "1234567-1") -> Principal:
    """A company, made once."""
    return Principal.objects.get_or_create(kind="company", subject=business_id, defaults={"name": name})[0]


def a_life(name: str = "Sought", *, principal: Principal | None = None) -> Life:
    """A customer with a draft, a case with a file and a supplement asked for, for themselves or for a principal."""
    version = build.version(
        build.page("first", build.field("text", "title", common=True), build.field("file", "plan")),
        build.page("second", build.field("text", "more", required=False)),
    )
    build.version(build.page("asked", build.field("text", "title", common=True)), key=SURVEY, kind="survey")
    who = build.customer(name)
    for_whom = principal or a_company()
    undertaking = Undertaking.objects.create(customer=who, principal=principal, name=f"Undertaking of {name}")
    papers = []
    for _ in range(2):
        paper = build.application(version, by=who, answers={"title": "What was answered", "more": "And more"})
        paper.principal, paper.undertaking = principal, undertaking
        attachment = attachments.receive(paper, "plan", SimpleUploadedFile("hidden-plan.pdf", build.PDF))
        attachment.save()
        paper.answers["plan"] = [attachment.known()]
        paper.save()
        papers.append((paper, str(attachment.pk)))
    (draft, file_of_draft), (sent, file_of_case) = papers
    case = intake.send(sent, at=build.NOW)
    handler = build.official(of=version.service.authority)
    case.take_step("take_up", by=handler, at=build.NOW)
    with documents.received([SimpleUploadedFile("hidden-plan.pdf", build.PDF)]) as found:
        case.take_step("write", by=handler, text="A word of the authority", at=build.NOW, files=found)
    due = build.NOW.date().replace(year=build.NOW.year + 40)
    case.take_step("request_supplement", by=handler, text="More", due=due, fields=["title"], at=build.NOW)
    who.acting_for = principal
    supplement = intake.begin_supplement(case, who)
    supplement.answers = {"title": "Better", "supplement_text": "So it is"}
    supplement.save()
    intake.send(supplement, by=who, at=build.NOW)
    case.refresh_from_db()
    colleague = build.customer(f"{name}s colleague")
    for person in (who, colleague) if principal else ():
        Mandate.objects.get_or_create(customer=person, principal=for_whom)
    return Life(
        who,
        colleague,
        for_whom,
        version,
        draft,
        undertaking,
        case,
        supplement,
        file_of_draft,
        file_of_case,
        document=str(found[0].pk),
    )


def routes() -> list[str]:
    """Every address of the portal, as it is written, without the language."""
    found = []
    for part in get_resolver().url_patterns:
        if getattr(part, "app_name", None) or not hasattr(part, "url_patterns"):
            continue
        for inner in part.url_patterns:
            for pattern in getattr(inner, "url_patterns", []):
                if isinstance(pattern, URLPattern) and getattr(inner, "app_name", "") == "portal":
                    found.append(str(pattern.pattern))
    return found


def addresses(life: Life, of: list[str] | None = None) -> Iterator[tuple[str, str]]:
    """Every route with every address that the life gives it."""
    for route in routes() if of is None else of:
        filled = [route]
        for kind, place in re.findall(r"<(\w+):(\w+)>", route):
            mark = f"<{kind}:{place}>"
            filled = [one.replace(mark, value) for one in filled for value in life.fillings(route, place)]
        yield from ((route, f"/sv/{one}") for one in filled)


def unknown_places(life: Life) -> list[str]:
    """Routes with a place that this walk cannot fill."""
    return [
        route
        for route in routes()
        if not OPEN.match(route) and any(not life.fillings(route, p) for p in re.findall(r"<\w+:(\w+)>", route))
    ]


def made_up(route: str) -> str:
    """An address of the same shape that belongs to nobody."""
    values = {"uuid": str(uuid.uuid4()), "number": "FE-2020-999999", "slug": "nothing", "page": "nothing", "str": "x"}
    return "/sv/" + re.sub(r"<(\w+):\w+>", lambda m: values.get(m.group(1), "x"), route)


def browser_of(who: Customer, principal: Principal | None = None) -> Client:
    """A browser in which somebody is signed in and acts for somebody."""
    browser = build.signed_in(who)
    if principal is not None:
        session = browser.session
        session["mandate"] = str(Mandate.objects.get(customer=who, principal=principal).pk)
        session.save()
    return browser
