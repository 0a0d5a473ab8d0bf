"""What receivers have been promised: one document of each kind in docs/interface/examples, and what would break a receiver of it."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

from apps.cases import envelope
from apps.cases.models import Case

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "interface" / "examples"
EXTERNAL_ID = "0b5f3c0e-6f0e-4d0c-9a43-1c1f7c2f6f01"
CASE_NUMBER = "EXS-2027-17"
# The words of a supplement's page are translations, which may be improved.
SUPPLEMENT = {"sv": "Komplettering", "fi": "Täydennys", "en": "Supplement"}


def steady(document: dict[str, Any], case: Case) -> dict[str, Any]:
    """A document as it would be if what differs at each run were always the same."""
    text = json.dumps(document, ensure_ascii=False)
    for value, instead in _instead(case).items():
        text = text.replace(value, instead)
    steadied: dict[str, Any] = json.loads(text)
    for paper in steadied.get("formdata", {}).get("papers", []):
        for page in paper["pages"]:
            if page["key"] == "supplement":
                page["title"] = {language: SUPPLEMENT[language] for language in page["title"]}
                for asked in page["fields"]:
                    asked["label"] = {language: SUPPLEMENT[language] for language in asked["label"]}
    return steadied | {"digest": envelope.digest(steadied)} if "digest" in document else steadied


def _instead(case: Case) -> dict[str, str]:
    names = {str(case.external_id): EXTERNAL_ID, str(case.number): CASE_NUMBER}
    names[case.application.version.digest] = _sha256("version")
    for event in case.events.all():
        names[str(event.key)] = _uuid(f"key of {event.kind}")
        if event.paper:
            names |= {str(event.paper_id): _uuid(f"paper of {event.kind}"), event.paper.digest: _sha256(event.kind)}
    return names


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.UUID(EXTERNAL_ID), name))


def _sha256(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def example(name: str) -> Any:
    """A document as it is kept."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def write(name: str, document: Any) -> None:
    """Keep a document."""
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    (EXAMPLES / f"{name}.json").write_text(text, encoding="utf-8")


def broken(name: str, document: dict[str, Any]) -> list[str]:
    """Where a document is not as receivers have been promised. WRITE_GOLDEN=1 promises what it is now."""
    if os.environ.get("WRITE_GOLDEN"):
        write(name, document)
    promised = example(name)
    # What has been added changes the digest, as it must.
    same = {"digest": promised["digest"]} if isinstance(document.get("digest"), str) else {}
    return breaks(promised, document | same)


def breaks(promised: Any, now: Any, at: str = "") -> list[str]:
    """What a receiver of the promised document would miss in the one of now: all but what has been added to an object."""
    if type(promised) is not type(now):
        return [f"{at or '/'}: {_kind(promised)} has become {_kind(now)}"]
    if isinstance(promised, dict):
        gone = [f"{at}/{name} is gone" for name in promised if name not in now]
        there = (name for name in promised if name in now)
        return gone + [told for name in there for told in breaks(promised[name], now[name], f"{at}/{name}")]
    if isinstance(promised, list):
        if len(promised) != len(now):
            return [f"{at}: {len(promised)} have become {len(now)}"]
        return [told for n, (a, b) in enumerate(zip(promised, now, strict=True)) for told in breaks(a, b, f"{at}/{n}")]
    return [] if promised == now else [f"{at}: {promised!r} has become {now!r}"]


def _kind(value: Any) -> str:
    return type(value).__name__
