"""A paper of a case as a tagged PDF, as it was sent: the questions as they were asked, in order, and marked what is secret or personal.

Personal identity codes stand masked, as everywhere else they are shown; in full they are in `case.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from apps.applications import typesetting
from apps.applications.models import Application
from apps.cases.models import Case
from apps.services.answersheet import Line, Section
from apps.services.texts import exact_moment_words


def said(case: Case, paper: Application, count: int, paths: Mapping[str, str]) -> dict[str, Any]:
    """Everything the document says, in the paper's language. `count`: 0 for the application, 1 for the first supplement and so on.

    `paths` tell where each file lies beside the document, by its id. The paper's event, version and service should be at hand.
    """
    with override(paper.language):
        return typesetting.showable(_told(case, paper, count, paths), paper.language)


def _told(case: Case, paper: Application, count: int, paths: Mapping[str, str]) -> dict[str, Any]:
    title = _("Supplement %(count)d") % {"count": count} if count else _("Application")
    authority = paper.version.service.authority.named(paper.language)
    sections = paper.sheet(paper.language)
    lines = [line for section in sections for line in section.lines]
    return {
        "language": paper.language,
        "title": f"{title} {case.number}",
        "lead": _("This is what was sent to the authority: the questions as they were asked, and the answers."),
        "foot": f"{title} {case.number}",
        "authority": authority,
        "heads": {
            "facts": [_("Detail"), _("Content")],
            "sent": _("Questions and answers"),
            "answers": [_("Question"), pgettext("noun", "Answer")],
            "declaration": _("What was confirmed by sending"),
            "files": _("Attachments"),
            "file": [_("Question"), pgettext("noun", "File")],
        },
        "facts": [(term, typesetting.lines(text)) for term, text in _facts(case, paper, count) if text],
        "elsewhere": _("This was filled in in the authority’s own service, and the answers are there."),
        "sections": [_section(section) for section in sections],
        "declaration": typesetting.paragraphs(str(paper.event.data.get("declared", ""))),
        "files": [_file(line.label, known, paths) for line in lines for known in line.files],
    }


def _facts(case: Case, paper: Application, count: int) -> list[tuple[str, str]]:
    event, version = paper.event, paper.version
    arrived = case.arrived_at if not count else event.at
    form = _("%(service)s, version %(number)d") % {
        "service": version.definition.name.said(paper.language),
        "number": version.number,
    }
    return [
        (_("Case number"), case.number or ""),
        (_("Arrived"), f"{exact_moment_words(arrived, paper.language)} ({_('Finnish time')})"),
        (_("Way of arrival"), str(case.get_way_display()) if not count else ""),
        (_("Authority"), version.service.authority.named(paper.language)),
        (_("Form"), f"{form}\nSHA-256: {version.digest}"),
        (_("Sent by"), event.sent_by),
        (_("On behalf of"), event.sent_for),
        (_("Digest of everything sent (SHA-256)"), paper.digest),
    ]


def _section(section: Section) -> dict[str, Any]:
    told = typesetting.section(section)
    for line, said_of in zip(section.lines, told["lines"], strict=True):
        said_of["marks"] = _marks(line)
    return told


def _marks(line: Line) -> list[str]:
    secret = [_("Secret")] if line.secret else []
    return [*secret, *([_("Personal data")] if line.personal else [])]


def _file(label: str, known: dict[str, Any], paths: Mapping[str, str]) -> dict[str, Any]:
    told = typesetting.file(label, known)
    return {**told, "about": [*told["about"], *filter(None, [paths.get(known["id"])])]}
