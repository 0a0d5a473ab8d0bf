"""What is done and what is to do until customers can use a service: the task list, told from the working copy as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.services import connecting, editing, gate, working
from apps.services.changes import VALUE_WORDS
from apps.services.completeness import required_texts
from apps.services.definition import Definition
from apps.services.editing import Document
from apps.services.handling import keep_words, limit_words
from apps.services.models import Service, WorkingCopy
from apps.services.reading import Problem
from apps.services.texts import language_name

DONE, TO_DO, OPTIONAL = "done", "to_do", "optional"


@dataclass(frozen=True)
class Task:
    """A task: what it is called, the page it is done on (the name of its address and what follows the service in it), how it stands."""

    name: str
    title: str
    state: str
    told: str
    page: str
    part: str = ""


def tasks_of(service: Service, copy: WorkingCopy) -> list[Task]:
    """The tasks in their order."""
    text = working.text_of(copy)
    document: Document = working.load(text)
    definition, problems = working.judged_text(text)
    made = [
        _about(document),
        _questions(definition, problems),
        *([_leads(document, problems)] if definition.is_survey else []),
        _texts(document, len(working.outdated(copy))),
        *([] if definition.is_survey else _of_cases(service, definition)),
        Task(
            "preview",
            _("Preview"),
            OPTIONAL,
            _("See each page as the customer will, and walk through the form."),
            "preview",
        ),
        Task("test", _("Test"), OPTIONAL, _("Let people you name try it to the end."), "test"),
    ]
    left = [task for task in made if task.state == TO_DO]
    return [*made, _check(copy, left), _publish(service, text)]


def _about(document: Document) -> Task:
    original = working.original_language(document)
    texts = editing.texts_in(document)
    missing = [
        name for name in required_texts(str(document.get("kind"))) if not texts.get(name, {}).get(original, "").strip()
    ]
    kind = VALUE_WORDS["kind"].get(str(document.get("kind")), "")
    told = ngettext("%(n)d text is missing.", "%(n)d texts are missing.", len(missing)) % {"n": len(missing)}
    state = TO_DO if missing else DONE
    return Task("about", _("About the service"), state, told if missing else str(kind), "basics", "about")


def _questions(definition: Definition, problems: Iterable[Problem]) -> Task:
    asked = sum(len(page.asked) for page in definition.pages)
    wrong = [problem for problem in problems if problem.path.startswith("pages[")]
    pages = ngettext("%(n)d page", "%(n)d pages", len(definition.pages)) % {"n": len(definition.pages)}
    told = ngettext("%(pages)s, %(n)d question", "%(pages)s, %(n)d questions", asked) % {"pages": pages, "n": asked}
    if wrong:
        told += ". " + ngettext("%(n)d thing to mend.", "%(n)d things to mend.", len(wrong)) % {"n": len(wrong)}
    return Task("questions", _("Questions"), DONE if asked and not wrong else TO_DO, told, "questions")


def _texts(document: Document, outdated: int) -> Task:
    texts, languages = editing.texts_in(document), editing.languages_of(document)
    missing = {
        language: sum(1 for said in texts.values() if not said.get(language, "").strip()) for language in languages
    }
    parts = [
        ngettext("%(language)s: %(n)d text is missing.", "%(language)s: %(n)d texts are missing.", n)
        % {"language": language_name(language).capitalize(), "n": n}
        for language, n in missing.items()
        if n
    ]
    if outdated:
        parts.append(
            ngettext("%(n)d translation is outdated.", "%(n)d translations are outdated.", outdated) % {"n": outdated}
        )
    told = " ".join(parts) or ", ".join(language_name(language) for language in languages)
    return Task("texts", _("Texts and languages"), TO_DO if parts else DONE, told, "texts")


def _leads(document: Document, problems: Iterable[Problem]) -> Task:
    leads = document.get("leads_to")
    count = len(leads) if isinstance(leads, list) else 0
    wrong = any(problem.path.startswith("leads_to") for problem in problems)
    told = ngettext("%(n)d way to a service", "%(n)d ways to services", count) % {"n": count}
    return Task("leads", _("What the answers lead to"), TO_DO if wrong else DONE if count else OPTIONAL, told, "leads")


def _of_cases(service: Service, definition: Definition) -> list[Task]:
    """What there is to say only where cases arise."""
    return [
        _told(service),
        _connection(service, definition),
        _identification(definition),
        _times(definition),
        _retention(definition),
    ]


def _told(service: Service) -> Task:
    address = service.email or service.authority.email
    told = address or _("No role address yet.")
    return Task("told", _("Who is told"), DONE if address else TO_DO, told, "basics", "told")


def _connection(service: Service, definition: Definition) -> Task:
    """The way of connecting, with what is missing until it works."""
    way = str(VALUE_WORDS["connection"].get(definition.connection, ""))
    standing = connecting.standing(service, definition)
    said = [*standing.lacks, *standing.advice]
    told = " ".join([way[:1].upper() + way[1:] + ".", *said]) if said else way[:1].upper() + way[1:]
    state = TO_DO if standing.lacks else DONE
    return Task("connection", _("How the authority is connected"), state, told, "basics", "told")


def _identification(definition: Definition) -> Task:
    strength = _("Strong identification") if definition.identification == "strong" else _("An e-mail link is enough")
    told = strength + (f" · {definition.mandate}" if definition.mandate else "")
    return Task("identification", _("Identification and mandates"), DONE, told, "basics", "identification")


def _times(definition: Definition) -> Task:
    told = limit_words(definition.handling_limit) or _("No time limit")
    return Task(
        "times",
        _("Time limit of the handling"),
        DONE if definition.handling_limit else OPTIONAL,
        told,
        "basics",
        "times",
    )


def _retention(definition: Definition) -> Task:
    said = definition.keep_days or definition.records
    told = keep_words(definition.keep_days)
    return Task(
        "retention",
        _("Retention and privacy"),
        DONE if said and definition.privacy else TO_DO,
        told,
        "basics",
        "retention",
    )


def _check(copy: WorkingCopy, left: list[Task]) -> Task:
    """What the gate says. It looks at every page as customers get it, so it is asked for once a revision."""
    stops = gate.stops(gate.of_copy(copy))
    if stops:
        told = ngettext("%(n)d thing stops it.", "%(n)d things stop it.", len(stops)) % {"n": len(stops)}
    elif left:
        told = _("Nothing stops it. Still to do: %(what)s") % {"what": ", ".join(task.title for task in left)}
    else:
        told = _("Nothing is known to stand in the way.")
    return Task("check", _("Check"), TO_DO if stops else DONE, told, "check")


def _publish(service: Service, text: str) -> Task:
    published = service.published
    if published is None:
        return Task("publish", _("Publish"), TO_DO, _("No version of the service is published yet."), "publishing")
    same = service.versions.filter(pk=published.pk, document=text).exists()
    words = {"number": published.number}
    told = (
        _("Customers fill in version %(number)d; it says the same.")
        if same
        else _("Customers fill in version %(number)d.")
    )
    return Task("publish", _("Publish"), DONE if same else TO_DO, told % words, "publishing")


def state_words() -> dict[str, Any]:
    """How a task stands, in words."""
    return {DONE: _("Done"), TO_DO: _("To do"), OPTIONAL: _("If you like")}
