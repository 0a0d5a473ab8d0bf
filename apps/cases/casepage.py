"""What the desk shows of a folder, besides its diary: its papers and their files, where it is, and what can be done now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from apps.applications.attachments import cautions
from apps.applications.models import Application, Attachment, StoredFile
from apps.cases import previews
from apps.cases.intake import papers_of
from apps.cases.models import Case, Document
from apps.cases.rulebook import ENDED, Status, Step
from apps.people.access import Visitor
from apps.people.municipalities import all_municipalities
from apps.services.answersheet import Section, without_contact_data


@dataclass(frozen=True)
class Paper:
    """A paper of the folder, with its answers in the language of the page.

    `protected`: whether a protection order hides contact data. `newest`: whether none came after it. `before`: what each answer was that
    the paper has changed, by the question's key.
    """

    title: str
    sent_at: datetime | None
    digest: str
    sections: list[Section]
    key: str
    protected: bool = False
    newest: bool = False
    before: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds_codes(self) -> bool:
        """Whether personal identity codes are masked in it."""
        return any(line.codes for section in self.sections for line in section.lines)


@dataclass(frozen=True)
class FileNote:
    """What to know of a file where it is listed."""

    caution: str
    readable: bool
    shown: bool


# --- the papers ------------------------------------------------------------------------------------------------------


def papers(case: Case, language: str, *, contact_data: bool = False) -> list[Paper]:
    """The papers, oldest first. With a protection order they are without contact data, unless these are asked for.

    The order of one who has sent something holds for all papers of the case: a supplement repeats what others have answered.
    """
    sent, found = papers_of(case), []
    protected = any(paper.customer.protected for paper in sent)
    said: dict[str, str] = {}
    for count, paper in enumerate(sent):
        title = _("Supplement %(count)d") % {"count": count} if count else _("Application")
        sections = paper.sheet(language)
        if protected and not contact_data:
            sections = without_contact_data(sections)
        now = {line.field.key: line.text for section in sections for line in section.lines}
        before = {key: said[key] for key, text in now.items() if said.get(key) and said[key] != text}
        said |= now
        found.append(Paper(title, paper.sent_at, paper.digest, sections, str(paper.pk), protected, before=before))
    return [*found[:-1], *(replace(last, newest=True) for last in found[-1:])]


def applicant(case: Case) -> str:
    """Whose case it is; of one for whom somebody acts, who that is too."""
    paper = case.application
    if paper.principal is None:
        return paper.customer.name
    return _("%(principal)s, through %(name)s") % {"principal": paper.principal, "name": paper.customer.name}


def paper_with(case: Case, attachment_id: str) -> Application | None:
    """The paper that was sent with a file of that id; None when the folder has no such paper."""
    return next((p for p in papers_of(case) if attachment_id in {item["id"] for item in p.files()}), None)


def version_words(case: Case) -> dict[str, Any]:
    """With which version it was filled in, and which customers fill in now."""
    used, now = case.application.version, case.service.published
    other = now is not None and now.pk != used.pk and used.service_id == case.service_id
    return {"used": used, "now": now if other else None}


def file_notes(case: Case) -> dict[str, FileNote]:
    """What to know of each file of the folder, by its id."""
    rows: list[StoredFile] = [
        *Attachment.objects.filter(application__event__case=case),
        *Document.objects.filter(event__case=case),
    ]
    said = cautions(rows)
    return {
        str(row.pk): FileNote(
            said.get(str(row.pk), ""), row.may_be_read, row.may_be_read and previews.can_be_shown(row.media_type)
        )
        for row in rows
    }


# --- where it is -----------------------------------------------------------------------------------------------------


def where(case: Case, language: str) -> dict[str, str]:
    """The municipality it is about and the customer's language, in words."""
    municipality = all_municipalities().get(case.municipality)
    return {
        "municipality": municipality.name(language) if municipality else case.municipality,
        "language": get_language_info(case.language)["name_translated"],
    }


def moved(case: Case, user: Visitor) -> list[tuple[str, Case, bool]]:
    """From which case it was transferred and to which: in words, the case, and whether the user may read it."""
    linked = Q(transferred_from=case) | Q(pk=case.transferred_from_id or 0)
    others = list(Case.objects.filter(linked).select_related("service__authority").order_by("pk"))
    if not others:
        return []
    own = set(Case.objects.visible_to(user).filter(pk__in=[one.pk for one in others]).values_list("pk", flat=True))
    return [
        (_("Transferred from") if one.pk == case.transferred_from_id else _("Transferred to"), one, one.pk in own)
        for one in others
    ]


# --- what can be done ------------------------------------------------------------------------------------------------

# What is likely to come next, likeliest first; what is not possible just now is passed over.
NEXT: dict[str, tuple[str, ...]] = {
    Status.RECEIVED: ("take_up", "write"),
    Status.IN_HANDLING: ("close", "request_supplement", "write"),
    Status.SUPPLEMENT_REQUESTED: ("write", "resume"),
    Status.SUPPLEMENTED: ("resume", "close", "request_supplement"),
}
LATE = ("leave_unexamined", "resume", "write")  # when no supplement came in time
GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (gettext_lazy("Talk"), ("write", "note", "consult")),
    (
        gettext_lazy("Settle"),
        ("take_up", "request_supplement", "resume", "complete", "register", "redirect", "assign"),
    ),
    (gettext_lazy("End"), ("close", "transfer", "leave_unexamined", "reopen")),
    (gettext_lazy("Afterwards"), ("hand_over", "hold", "release")),
)


@dataclass(frozen=True)
class Choices:
    """The steps that can be taken: the likely ones, and the rest in groups under their titles."""

    next: list[Step]
    groups: list[tuple[str, list[Step]]]


def choices(case: Case, steps: Iterable[Step], *, late: bool = False) -> Choices | None:
    """What the rule book offers, in a sensible order; None when it offers nothing. `late`: whether a supplement has not come in time."""
    can = {step.name: step for step in steps if not _is_idle(case, step.name)}
    first = [can.pop(name) for name in _likely(case, late) if name in can]
    grouped = [(str(title), [can.pop(name) for name in names if name in can]) for title, names in GROUPS]
    if can:  # a step that the rule book has been given since
        grouped.append((_("Other"), list(can.values())))
    groups = [(title, found) for title, found in grouped if found]
    return Choices(first, groups) if first or groups else None


def _likely(case: Case, late: bool) -> tuple[str, ...]:
    if case.status in ENDED:
        return ("hand_over", "write") if case.service.needs_handover and not case.handed_over_at else ("write",)
    return LATE if late else NEXT.get(case.status, ())


def _is_idle(case: Case, name: str) -> bool:
    """Whether a step would say what is so already."""
    return (name == "hold" and case.held) or (name == "release" and not case.held)
