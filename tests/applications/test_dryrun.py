"""A version judged against the applications already sent."""

from __future__ import annotations

from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.applications.dryrun import DryRun, Effect, dry_run, effect_on, sent_to
from apps.applications.models import Application
from apps.cases.models import Case
from apps.services.definition import Definition
from apps.services.models import Version
from tests import build
from tests.build import NOW, definition, field, options, page

MUSIC = field("yes_no", "music")
WHEN_MUSIC = {"show_when": {"field": "music", "equals": True}}
ROWS = field("repeating", "rows", fields=[field("text", "name")])


def form(*fields: Any) -> Definition:
    return definition(page("first", *fields), schema=2)


def effect(old: list[Any], new: list[Any], answers: dict[str, Any]) -> Effect:
    paper = Application(answers=answers, language="sv", sent_at=NOW)
    return effect_on(paper, form(*old), form(*new))


TITLE = field("text", "title")


@pytest.mark.parametrize(
    ("old", "new", "answers", "expected"),
    [
        ([TITLE], [TITLE], {"title": "x"}, Effect()),
        ([TITLE], [{**TITLE, "max_length": 3}], {"title": "Exempel"}, Effect(refused=("title",))),
        ([TITLE], [field("whole_number", "title")], {"title": "x"}, Effect(refused=("title",))),
        ([TITLE], [TITLE, field("text", "more")], {"title": "x"}, Effect(asked=("more",))),
        ([TITLE], [TITLE, field("text", "more", required=False)], {"title": "x"}, Effect()),
        ([{**TITLE, "required": False}], [TITLE], {}, Effect(asked=("title",))),
        ([TITLE, field("text", "gone")], [TITLE], {"title": "x", "gone": "y"}, Effect(lost=("gone",))),
        ([MUSIC, TITLE], [MUSIC, {**TITLE, **WHEN_MUSIC}], {"music": False, "title": "x"}, Effect(lost=("title",))),
        ([MUSIC, TITLE], [MUSIC, {**TITLE, **WHEN_MUSIC}], {"music": True, "title": "x"}, Effect()),
        (
            [field("choice", "c", options=options("a", "b")), TITLE],
            [field("choice", "c", options=options("b")), {**TITLE, "show_when": {"field": "c", "answered": True}}],
            {"c": "a", "title": "x"},
            Effect(refused=("c",)),  # and the title is not told as lost because of it
        ),
        (
            [field("choices", "c", options=options("a", "b"))],
            [field("choices", "c", options=options("b"))],
            {"c": ["a", "b"]},
            Effect(refused=("c",)),
        ),
        (
            [field("date", "day")],
            [field("date", "day", lead_time={"days": 5, "unit": "working_days"})],
            {"day": "2027-03-05"},
            Effect(refused=("day",)),  # sent on the first of March
        ),
        (
            [field("date", "day")],
            [field("date", "day", lead_time={"days": 5, "unit": "working_days", "late": "warn"})],
            {"day": "2027-03-05"},
            Effect(),
        ),
        (
            [ROWS],
            [{**ROWS, "fields": [field("text", "name"), field("text", "sort")]}],
            {"rows": [{"name": "x"}]},
            Effect(asked=("rows",)),
        ),
        ([ROWS], [{**ROWS, "max_rows": 1}], {"rows": [{"name": "x"}, {"name": "y"}]}, Effect(refused=("rows",))),
        ([ROWS], [{**ROWS, "min_rows": 2}], {"rows": [{"name": "x"}]}, Effect(asked=("rows",))),
        (
            [field("person", "who", contact=False)],
            [field("person", "who")],
            {"who": {"given_name": "x", "family_name": "y"}},
            Effect(asked=("who",)),
        ),
        (
            [field("whole_number", "a"), field("calculated", "sum", operation="sum", of=["a"])],
            [field("whole_number", "a")],
            {"a": 3, "sum": 3},
            Effect(),
        ),
    ],
)
def test_what_a_paper_would_have_met(old: list[Any], new: list[Any], answers: dict[str, Any], expected: Effect) -> None:
    assert effect(old, new, answers) == expected


def version(*fields: Any, published: bool = True) -> Version:
    return build.version(page("first", *fields), published=published, schema=2)


def some_cases(of: Version, count: int) -> list[Case]:
    return [build.case(of, by=build.customer(f"Number {n}")) for n in range(count)]


@pytest.mark.django_db
def test_the_counts_are_told_to_everybody_and_the_cases_to_nobody() -> None:
    some_cases(version(TITLE), 3)
    draft = version(TITLE, field("text", "more"), published=False)

    outcome = dry_run(draft)

    assert (outcome.looked_at, outcome.asked.papers, outcome.refused.papers, outcome.lost.papers) == (3, 3, 0, 0)
    assert outcome.asked.questions == {"more": 3}
    assert outcome.asked.cases == []


@pytest.mark.django_db
def test_only_the_cases_that_the_reader_may_see_are_named() -> None:
    cases = some_cases(version(TITLE), 2)
    draft = version(field("text", "other"), published=False)
    handler, stranger = build.official(), build.official("stranger", of=build.authority("other-town"))

    def named_for(user: Any) -> DryRun:
        seen = dict(Case.objects.visible_to(user).values_list("application_id", "number"))
        return dry_run(draft, case_of=lambda paper: seen.get(paper.pk) or "")

    assert sorted(named_for(handler).lost.cases) == sorted(str(case.number) for case in cases)
    assert named_for(stranger).lost.cases == []
    assert named_for(stranger).lost.papers == 2


@pytest.mark.django_db
def test_a_choice_of_papers_can_be_judged() -> None:
    old = version(TITLE)
    first, _second = some_cases(old, 2)
    draft = version(field("text", "other"), published=False)

    outcome = dry_run(draft, sent_to(old.service).filter(pk=first.application_id))

    assert outcome.looked_at == 1


@pytest.mark.django_db
def test_drafts_and_supplements_are_not_judged() -> None:
    old = version(TITLE)
    build.application(old)
    paper = build.case(old, by=build.customer("Other")).application
    supplement = Application.objects.get(pk=paper.pk)
    supplement.pk, supplement.supplement_form, supplement._state.adding = None, {"fields": [], "page": {}}, True
    supplement.save()

    assert list(sent_to(old.service)) == [paper]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 7])
def test_the_queries_do_not_grow_with_the_papers(count: int, django_assert_num_queries: Any) -> None:
    some_cases(version(TITLE), count)
    draft = version(TITLE, field("text", "more"), published=False)
    draft = Version.objects.select_related("service").get(pk=draft.pk)

    with django_assert_num_queries(2):  # the versions, the papers
        assert dry_run(draft).looked_at == count


@pytest.mark.django_db
def test_a_paper_is_judged_on_the_day_it_was_sent() -> None:
    day = field("date", "day")
    build.case(version(day), answers={"day": "2027-03-31"})
    draft = version({**day, "lead_time": {"days": 14, "unit": "days"}}, published=False)

    assert date.fromisoformat("2027-03-31") > NOW.date()
    assert dry_run(draft).refused.papers == 0


@pytest.mark.django_db
def test_the_command_prints_counts_and_no_cases() -> None:
    (case,) = some_cases(version(TITLE), 1)
    version(TITLE, field("text", "more"), published=False)
    out = StringIO()

    call_command("dry_run", "example", stdout=out)

    assert out.getvalue().splitlines() == [
        "example: version 2 against 1 applications sent",
        "  would be refused: 0",
        "  would be asked more: 1",
        "    more: 1",
        "  would lose an answer: 0",
    ]
    assert str(case.number) not in out.getvalue()


@pytest.mark.django_db
def test_the_command_takes_a_number_and_refuses_what_is_not_there() -> None:
    version(TITLE)
    out = StringIO()

    call_command("dry_run", "example", number=1, stdout=out)

    assert out.getvalue().startswith("example: version 1 against 0")
    for words in (["example", "--number", "9"], ["nothing"]):
        with pytest.raises(CommandError, match="no such version"):
            call_command("dry_run", *words)
