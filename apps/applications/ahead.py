"""What a version would mean for drafts that have been begun: told to those who decide on it, before they publish it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.applications.carrying import carried_answers, drafts_words
from apps.applications.models import Application, ApplicationQuerySet
from apps.services.models import Version
from apps.services.texts import LANGUAGES, date_words
from apps.services.wording import quoted

MOST_JUDGED = 1_000  # somebody waits for the page
MOST_NAMED = 5


@dataclass
class Ahead:
    """How many drafts are of other versions, how many of them were looked at, and how many would lose which answers on their way."""

    drafts: int = 0
    looked_at: int = 0
    losing: int = 0
    questions: Counter[str] = field(default_factory=Counter)


def drafts_elsewhere(version: Version) -> ApplicationQuerySet:
    """The customers' drafts of a version's service that are of another version; the version need not be stored."""
    drafts = Application.objects.drafts().filter(version__service=version.service_id)
    return drafts.filter(supplement_form__isnull=True, is_test=False).exclude(version=version.pk)


def ahead(version: Version) -> Ahead:
    """What would become of the drafts, if each went over to the version. The ones changed last are looked at."""
    found = Ahead()
    drafts = list(drafts_elsewhere(version).order_by("-changed_at", "-pk")[:MOST_JUDGED])
    definitions = {one.pk: one.definition for one in version.service.versions.all()} if drafts else {}
    for draft in drafts:
        old = definitions[draft.version_id]
        _answers, carried = carried_answers(old, version.definition, draft.answers, draft.language)
        found.losing += bool(carried.dropped)
        found.questions.update(old.fields[one.key].label.said() or one.key for one in carried.dropped)
    found.looked_at = len(drafts)
    found.drafts = drafts_elsewhere(version).count() if len(drafts) == MOST_JUDGED else len(drafts)
    return found


def ahead_words(version: Version) -> list[str]:
    """The same in sentences of the page's language."""
    found = ahead(version)
    said = [drafts_words(found.drafts, get_language() or LANGUAGES[0])]
    if found.drafts:
        said += [_choice_words(version), _loss_words(found)]
    return said


def _choice_words(version: Version) -> str:
    last = version.service.old_versions_until
    if last is None:
        return _("Whoever has begun can finish as they began, or go over to the new version: they choose themselves.")
    if version.service.takes_old_versions():
        said = _("Whoever has begun can finish as they began until %(day)s, or go over to the new version.")
    else:
        said = _("Whoever has begun must go over to the new version: the last day for older ones was %(day)s.")
    return said % {"day": date_words(last)}


def _loss_words(found: Ahead) -> str:
    if not found.losing:
        return _("Every answer comes along to the new version.")
    named = [
        f"{quoted(label)} ({times})" if times > 1 else quoted(label)
        for label, times in found.questions.most_common(MOST_NAMED)
    ]
    said = ngettext(
        "On the way to the new version %(count)d of them would lose an answer: %(questions)s.",
        "On the way to the new version %(count)d of them would lose answers: %(questions)s.",
        found.losing,
    )
    more = len(found.questions) > MOST_NAMED
    return said % {"count": found.losing, "questions": ", ".join(named) + (" …" if more else "")}
