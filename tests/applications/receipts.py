"""Receipts of papers that are in no database."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from apps.applications.models import Application
from apps.applications.receipt import Receipt
from apps.people.models import Authority
from apps.services.models import Service, Version
from tests import build

FILE = {"id": "1", "name": "plan.pdf", "size": 1_234_567, "type": "application/pdf", "sha256": "fedcba9876543210" * 4}


def receipt(
    *fields: dict[str, Any],
    answers: dict[str, Any],
    language: str = "sv",
    paper_language: str = "",
    sender: str = "Example Customer",
    on_behalf_of: str = "",
    **more: Any,
) -> Receipt:
    """The receipt of a paper with these questions and answers, sent at `build.NOW` and seven seconds."""
    authority = Authority(key="example-town", name_sv="Exempelkommun", name_fi="Esimerkkikunta", name_en="Example Town")
    document = json.dumps(build.document(build.page("first", *fields), **more))
    digest = hashlib.sha256(document.encode()).hexdigest()
    version = Version(service=Service(key="example", authority=authority), document=document, digest=digest)
    paper = Application(
        version=version,
        language=paper_language or language,
        answers=answers,
        sent_at=build.NOW.replace(second=7),
        digest="0123456789abcdef" * 4,
    )
    return Receipt(paper, "FE-2027-000001", sender, on_behalf_of, language)
