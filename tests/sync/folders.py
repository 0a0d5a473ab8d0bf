"""Cases for the tests of delivery: with a form that has files, and with answers of several kinds."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile

from apps.applications.models import Application, Attachment
from apps.cases import intake
from apps.cases.models import Case, Document
from apps.services.models import Version
from apps.sync.models import Delivery
from tests import build
from tests.build import NOW, field, options, page

PDF = b"%PDF-1.7\r\n\x00\xff" + bytes(range(256)) * 3_000
ATTACHED = "0aaaaaaa-0000-4000-8000-00000000000{n}"


def form() -> Version:
    """A service that asks for a file and for something common."""
    return build.version(
        page("place", field("text", "municipality_name", common=True), field("date", "day"), field("yes_no", "music")),
        page(
            "more",
            field("guidance", "advice", text=build.said("Advice")),
            field("choice", "size", options=options("small", "large")),
            field("whole_number", "people", required=False),
            field("file", "plan", required=False, max_files=5),
        ),
        key="gathering",
    )


def answers() -> dict[str, Any]:
    return {"municipality_name": "Exempelstaden åäö", "day": "2027-06-05", "music": "yes", "size": "large"}


def attach(
    paper: Application, content: bytes, *, field: str = "plan", n: int = 1, media_type: str = "application/pdf"
) -> Attachment:
    """A file of a draft, stored as the portal stores it."""
    attachment = Attachment(
        id=ATTACHED.format(n=n),
        application=paper,
        field=field,
        name=f"plan {n} åäö.pdf",
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    attachment.content.save(f"{n}/{paper.pk.hex}-{n}", ContentFile(content))
    paper.answers[field] = [*(paper.answers.get(field) or []), attachment.known()]
    paper.save(update_fields=["answers"])
    return attachment


def with_file(content: bytes = PDF) -> Case:
    """A case whose paper has a file."""
    paper = build.application(form(), answers=answers())
    attach(paper, content)
    return intake.send(paper, at=NOW)


def handled(case: Case, *, minutes: int = 5) -> Case:
    """The case, taken up."""
    case.take_step("take_up", by=build.official(), at=NOW + timedelta(minutes=minutes))
    return case


def supplemented(case: Case, content: bytes = b"%PDF-1.7 more") -> Case:
    """The case, taken up, with a supplement that has a file."""
    handled(case)
    asked: dict[str, Any] = {
        "text": "Ge en ritning.",
        "due": NOW.date() + timedelta(days=14),
        "fields": ["municipality_name"],
    }
    case.take_step("request_supplement", by=build.official(), at=NOW + timedelta(minutes=6), **asked)
    draft = intake.begin_supplement(case, case.application.customer)
    draft.answers |= {"municipality_name": "Exempelbyn", "supplement_text": "Här är den."}
    attach(draft, content, field="supplement_files", n=2)
    intake.send(draft, at=NOW + timedelta(minutes=7))
    case.refresh_from_db()
    return case


def added(case: Case) -> Case:
    """The case, taken up, with something the customer added unasked."""
    handled(case)
    draft = intake.begin_addition(case, case.application.customer)
    draft.answers |= {"supplement_text": "En sak till."}
    attach(draft, b"%PDF-1.7 more", field="supplement_files", n=2)
    intake.send(draft, at=NOW + timedelta(minutes=7))
    case.refresh_from_db()
    return case


def document(content: bytes = PDF, *, n: int = 3, name: str = "karta åäö.pdf") -> Document:
    """A file for a message or an outcome, stored as the portal stores it and not yet kept."""
    made = Document(
        id=ATTACHED.format(n=n),
        name=name,
        media_type="application/pdf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    made.content.save(f"{n}/document-{n}", ContentFile(content), save=False)
    return made


def standing(case: Case) -> list[str]:
    """How a case's deliveries stand, in order."""
    return [str(delivery.status) for delivery in Delivery.objects.filter(case=case).order_by("number")]


def plain(document: Any) -> Any:
    """A document as it is after it has been sent."""
    return json.loads(json.dumps(document))
