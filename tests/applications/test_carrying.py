"""A draft whose service has got another version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.applications.carrying import (
    Dropped,
    carried_answers,
    carry_over,
    drafts_left_behind,
    drafts_words,
    newer_version,
)
from apps.applications.drafting import save_page
from apps.applications.journey import Journey
from apps.applications.models import Application, Frozen
from apps.cases import intake
from apps.services.fieldtypes import REGISTER
from apps.services.models import Version
from apps.services.pageform import PageForm
from tests import build
from tests.build import NOW, TODAY, definition, field, options, page

LATER = NOW + timedelta(days=1)
HOUSE = {name: cls for name, cls in REGISTER.items() if cls.__module__.startswith("apps.services.fieldtypes.")}
SETTINGS: dict[str, dict[str, Any]] = {
    "choice": {"options": options("a", "b")},
    "choices": {"options": options("a", "b")},
    "repeating": {"fields": [field("text", "part"), field("date", "day")]},
}


def published(*fields: Any) -> Version:
    return build.version(page("first", *fields))


def carried(old: Any, new: Any, kept: Any) -> Any:
    """What of one answer a changed question still accepts."""
    answers, _told = carried_answers(definition(page("first", old)), definition(page("first", new)), {"it": kept}, "en")
    return answers.get("it")


@pytest.mark.parametrize("kind", sorted(kind for kind, cls in HOUSE.items() if cls.asks))
def test_every_kind_accepts_its_own_answers(kind: str, settings: Any) -> None:
    settings.ACCEPT_TEST_CODES = True
    asked = definition(page("first", field(kind, "it", **SETTINGS.get(kind, {})))).fields["it"]

    assert asked.accept(asked.sample(TODAY)) == asked.sample(TODAY)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", sorted(kind for kind, cls in HOUSE.items() if cls.asks))
@pytest.mark.parametrize(
    "kept", [None, "", "x", "Exempel****", 1.5, -1, True, [], ["x"], [1], [{}], {}, {"part": 1}, {"day": []}]
)
def test_no_kind_trips_over_an_answer_of_another(kind: str, kept: Any) -> None:
    asked = definition(page("first", field(kind, "it", **SETTINGS.get(kind, {})))).fields["it"]

    fits = asked.accept(kept)

    assert fits is None or asked.accept(fits) == fits


TEXT = field("text", "it")
CHOICE = field("choice", "it", options=options("a", "b"))
CHOICES = field("choices", "it", options=options("a", "b", "c"))
ROWS = field("repeating", "it", fields=[field("text", "name"), field("whole_number", "age")])


@pytest.mark.parametrize(
    ("old", "new", "kept", "fits"),
    [
        (TEXT, {**TEXT, "required": False}, "Exempel", "Exempel"),
        (TEXT, {**TEXT, "max_length": 3}, "Exempel", None),
        (TEXT, {**TEXT, "kind": "long_text"}, "Exempel", "Exempel"),
        (TEXT, {**TEXT, "kind": "email"}, "namn@example.com", "namn@example.com"),
        (TEXT, {**TEXT, "kind": "email"}, "Exempel", None),
        (TEXT, {**TEXT, "kind": "personal_identity_code"}, "010190-999W", None),
        (CHOICE, {**CHOICE, "options": options("b", "c")}, "a", None),
        (CHOICE, {**CHOICE, "options": options("b", "c"), "display": "search"}, "b", "b"),
        (CHOICE, TEXT, "a", None),  # the option's value is no answer in words
        (CHOICES, {**CHOICES, "options": options("c", "a")}, ["a", "b", "c"], ["c", "a"]),
        (CHOICES, {**CHOICES, "options": options("d")}, ["a"], None),
        (field("whole_number", "it"), field("whole_number", "it", max=10), 12, None),
        (field("decimal", "it"), field("decimal", "it", decimals=1), "12.50", None),
        (ROWS, {**ROWS, "fields": [field("text", "name")]}, [{"name": "x", "age": 3}, {"age": 4}], [{"name": "x"}]),
        (ROWS, {**ROWS, "max_rows": 1}, [{"name": "x"}, {"name": "y"}], [{"name": "x"}, {"name": "y"}]),
    ],
)
def test_what_a_changed_question_still_accepts(old: Any, new: Any, kept: Any, fits: Any) -> None:
    assert carried(old, new, kept) == fits


def test_what_is_dropped_is_named_as_it_was_asked() -> None:
    old = definition(
        page("first", CHOICES, field("text", "gone"), field("text", "stays"), field("personal_identity_code", "code"))
    )
    new = definition(page("first", {**CHOICES, "options": options("a")}, field("text", "stays")))
    answers = {"it": ["a", "b"], "gone": "Exempel", "stays": "x", "code": "010190-999W"}

    fitting, told = carried_answers(old, new, answers, "en")

    assert fitting == {"it": ["a"], "stays": "x"}
    assert told.kept == ("it", "stays")
    assert told.dropped == (
        Dropped("it", "It", "A\nB", partly=True),
        Dropped("gone", "Gone", "Exempel"),
        Dropped("code", "Code", "010190-****"),
    )


@pytest.mark.django_db
def test_a_draft_is_told_of_the_version_that_is_filled_in_now() -> None:
    old = published(field("text", "title"))
    draft = build.application(old)

    assert newer_version(draft) is None

    new = published(field("text", "title"), field("text", "more"))
    assert newer_version(Application.objects.get(pk=draft.pk)) == new


@pytest.mark.django_db
def test_an_unpublished_version_tells_nobody() -> None:
    draft = build.application(published(field("text", "title")))
    build.version(page("first", field("text", "other")), published=False)

    assert newer_version(Application.objects.get(pk=draft.pk)) is None


@pytest.mark.django_db
def test_carrying_over_keeps_what_fits_and_asks_the_rest() -> None:
    draft = build.application(published(TEXT, field("text", "gone")), answers={"it": "Exempel", "gone": "x"})
    new = published(TEXT, field("text", "more"))

    told = carry_over(draft, at=LATER)

    draft.refresh_from_db()
    assert (told.kept, [dropped.key for dropped in told.dropped]) == (("it",), ["gone"])
    assert (draft.version, draft.answers, draft.changed_at) == (new, {"it": "Exempel"}, LATER)
    assert Journey(draft.definition, draft.answers, TODAY).first_open is not None


@pytest.mark.django_db
def test_carrying_over_again_changes_nothing() -> None:
    draft = build.application(published(TEXT), answers={"it": "Exempel"})
    published(TEXT, field("text", "more"))
    carry_over(draft, at=NOW)

    assert carry_over(draft, at=LATER) == type(carry_over(draft, at=LATER))()
    draft.refresh_from_db()
    assert (draft.answers, draft.changed_at) == ({"it": "Exempel"}, NOW)


@pytest.mark.django_db
def test_a_draft_may_be_finished_under_the_old_version() -> None:
    draft = build.application(published(field("text", "title")))
    published(field("text", "other"))

    case = intake.send(draft, at=NOW)

    assert case.application.version.number == 1


@pytest.mark.django_db
def test_a_sent_paper_is_never_carried_over() -> None:
    case = build.case(published(field("text", "title")))
    published(field("text", "other"))
    paper = Application.objects.get(pk=case.application_id)

    assert newer_version(paper) is None
    with pytest.raises(Frozen):
        carry_over(paper, at=LATER)
    paper.refresh_from_db()
    assert (paper.version.number, paper.answers) == (1, {"title": "An example"})


@pytest.mark.django_db
def test_a_supplement_stays_with_its_case() -> None:
    draft = build.application(published(field("text", "title")))
    draft.supplement_form = {"fields": ["title"], "page": page("supplement", field("text", "supplement_text"))}
    draft.save()
    published(field("text", "other"))

    carry_over(draft, at=LATER)

    draft.refresh_from_db()
    assert draft.version.number == 1


def with_files(*names: str, **more: Any) -> tuple[Application, list[dict[str, Any]]]:
    """A draft with files, uploaded as a customer does."""
    draft = build.application(published(field("file", "files", max_files=5, **more)), answers={})
    for name in names:
        files: Any = {"files": SimpleUploadedFile(name, build.pdf(saying=name))}
        form = PageForm(
            draft.definition, draft.definition.pages[0], answers=draft.answers, today=TODAY, data={}, files=files
        )
        form.is_valid()
        save_page(draft, form, at=NOW)
    return draft, draft.answers["files"]


@pytest.mark.django_db(transaction=True)
def test_files_go_with_the_draft_where_the_question_still_takes_them() -> None:
    draft, known = with_files("a.pdf", "b.pdf")
    published(field("file", "files", max_files=2), field("text", "more"))

    told = carry_over(draft, at=LATER)

    assert told.dropped == ()
    assert draft.answers["files"] == known
    assert draft.attachments.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("question", "left"),
    [
        (field("file", "files", max_files=1), ["a.pdf"]),
        (field("file", "files", max_files=5, types=["png"]), []),
        (field("text", "files"), []),
        (field("text", "other"), []),
    ],
)
def test_files_that_no_longer_fit_are_named_and_removed(question: Any, left: list[str]) -> None:
    draft, _known = with_files("a.pdf", "b.pdf")
    contents = {a.name: str(a.content.name) for a in draft.attachments.all()}
    published(question)

    told = carry_over(draft, at=LATER)

    assert [(dropped.key, dropped.partly) for dropped in told.dropped] == [("files", bool(left))]
    assert [a.name for a in draft.attachments.all()] == left
    assert [name for name, content in contents.items() if default_storage.exists(content)] == left


@pytest.mark.django_db
def test_the_drafts_of_older_versions_are_counted() -> None:
    old = published(field("text", "title"))
    build.application(old, by=build.customer("One"))
    build.application(old, by=build.customer("Two"))
    build.case(old, by=build.customer("Three"))
    new = published(field("text", "other"))
    build.application(new, by=build.customer("Four"))

    assert [drafts_left_behind(old), drafts_left_behind(new)] == [0, 2]
    assert [drafts_words(1, "en"), drafts_words(2, "en")] == ["1 draft is affected.", "2 drafts are affected."]
