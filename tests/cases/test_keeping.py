"""How long the content of a case is kept, and that nothing of it is left once it is deleted, but figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.applications import emptying, undertakings
from apps.applications.dryrun import sent_to
from apps.applications.models import Application, Attachment, Look
from apps.cases import intake, keeping
from apps.cases.keeping import Going, Kept, Why
from apps.cases.models import Case, Document, Event, NotAllowed
from apps.people.models import Customer, LogLine, Mandate, Principal
from apps.services.models import Service, Version
from apps.services.texts import HELSINKI
from tests import build
from tests.build import NOW, field, page
from tests.sync import folders

pytestmark = pytest.mark.django_db
KEPT = 30
MARKER = "Kvastfening"  # stands nowhere else
ENDED = NOW
DAY = timedelta(days=1)


def form(*, days: int = KEPT, key: str = "kept") -> Version:
    return build.version(
        page("first", field("text", "title"), field("file", "plan", required=False, max_files=3)),
        key=key,
        keep_days=days,
    )


def ended(of: Version | None = None, **facts: Any) -> Case:
    """A case that was closed and has arrived everywhere."""
    case = build.case(of or form(), answers={"title": MARKER})
    return done(case, **facts)


def done(case: Case, **facts: Any) -> Case:
    folders.handled(case)
    case.take_step("close", by=build.official(), at=ENDED, outcome="noted", text=MARKER)
    as_if(case, **{"settled_at": ENDED, "uncollected_from": None, **facts})
    return case


def as_if(case: Case, **facts: Any) -> None:
    Case.objects.filter(pk=case.pk).update(**facts)
    case.refresh_from_db()


def day(number: int) -> date:
    """So many days after the case ended."""
    return ENDED.astimezone(HELSINKI).date() + number * DAY


def night(number: int) -> datetime:
    return datetime.combine(day(number), datetime.min.time(), HELSINKI) + timedelta(hours=3)


@pytest.fixture
def forgotten(django_capture_on_commit_callbacks: Any) -> Callable[[Case], Going]:
    """Deletes a case's content, with what follows the commit."""

    def forget(case: Case) -> Going:
        with django_capture_on_commit_callbacks(execute=True):
            return keeping.forget(case, at=night(KEPT + 1))

    return forget


# --- how long --------------------------------------------------------------------------------------------------------


def test_content_is_kept_for_whole_days_and_deleted_in_the_night_after_the_last() -> None:
    case = ended()

    assert keeping.forget_on(case) == day(KEPT + 1)
    assert not keeping.due_to_forget(night(KEPT)).exists()
    assert list(keeping.due_to_forget(night(KEPT + 1))) == [case]


@pytest.mark.parametrize("later", ["status_at", "settled_at", "handed_over_at"])
def test_days_are_counted_from_the_last_of_the_three(later: str) -> None:
    case = ended(form(), **{later: ENDED + 5 * DAY})

    assert keeping.forget_on(case) == day(KEPT + 6)
    assert not keeping.due_to_forget(night(KEPT + 5)).exists()
    assert keeping.due_to_forget(night(KEPT + 6)).exists()


@pytest.mark.both
@pytest.mark.parametrize("hour", [0, 12, 21, 22, 23])
@pytest.mark.parametrize("ends", [date(2027, 3, 20), date(2027, 10, 20)], ids=["over spring", "over autumn"])
def test_query_and_case_agree_at_every_hour_when_clocks_change(hour: int, ends: date) -> None:
    moment = datetime(ends.year, ends.month, ends.day, hour, 30, tzinfo=HELSINKI)
    case = ended(status_at=moment, settled_at=moment)
    on = keeping.forget_on(case)
    assert on == ends + (KEPT + 1) * DAY

    just_before = datetime.combine(on, datetime.min.time(), HELSINKI) - timedelta(minutes=1)
    assert not keeping.due_to_forget(just_before).exists()
    assert keeping.due_to_forget(just_before + timedelta(minutes=2)).exists()


def test_a_newer_version_changes_nothing_for_cases_of_an_older_one() -> None:
    case = ended()
    form(days=1)

    assert keeping.forget_on(Case.objects.get(pk=case.pk)) == day(KEPT + 1)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"status": "in_handling"}, Why.OPEN),
        ({"held": True}, Why.HELD),
        ({"settled_at": None}, Why.NOT_DELIVERED),
        ({"uncollected_from": 3}, Why.NOT_DELIVERED),
        ({"forgotten_at": ENDED}, Why.FORGOTTEN),
    ],
)
def test_what_keeps_a_case_is_said_in_words(facts: dict[str, Any], why: Why) -> None:
    case = ended(**facts)

    stands = keeping.standing(case, day(KEPT + 1))

    assert (stands.why, stands.on) == (why, None)
    assert keeping.why_kept(case) == str(keeping.WORDS[why])
    assert not keeping.due_to_forget(night(KEPT + 1)).exists()


def test_service_without_a_time_limit_keeps_for_ever() -> None:
    case = ended(form(days=0))

    assert keeping.standing(case, day(40_000)).why is Why.NO_LIMIT
    assert not keeping.due_to_forget(night(40_000)).exists()


@pytest.mark.parametrize("needed", [{"needs_handover": True}, {"handover_on": ["close"]}])
def test_what_is_to_be_handed_over_is_kept_until_it_is(needed: dict[str, Any]) -> None:
    case = ended()
    Service.objects.update(**needed)
    case = Case.objects.get(pk=case.pk)
    assert keeping.standing(case, day(KEPT + 1)).why is Why.NOT_HANDED_OVER
    assert not keeping.due_to_forget(night(KEPT + 1)).exists()

    as_if(case, handed_over_at=ENDED)

    assert keeping.standing(case, day(KEPT + 1)).why is Why.DUE
    assert keeping.due_to_forget(night(KEPT + 1)).exists()


def test_case_transferred_here_is_kept_as_its_service_says_now() -> None:
    elsewhere = build.version(key="elsewhere", authority="other-town", keep_days=5)
    case = ended()
    as_if(case, service=elsewhere.service, transferred_from=ended())
    case = Case.objects.get(pk=case.pk)
    assert keeping.forget_on(case) == day(6)
    assert case in keeping.due_to_forget(night(6))

    build.version(page("first", field("text", "another")), key="elsewhere", authority="other-town", keep_days=9)
    case = Case.objects.get(pk=case.pk)

    assert keeping.forget_on(case) == day(10)
    assert case not in keeping.due_to_forget(night(9))
    assert case in keeping.due_to_forget(night(10))


@pytest.mark.both
@pytest.mark.parametrize("before", [0, 3, KEPT])
def test_each_version_counts_for_its_own_cases(before: int) -> None:
    older = ended(form(days=before))
    newer = ended(
        build.version(
            page("first", field("text", "title"), field("text", "more", required=False)), key="kept", keep_days=7
        )
    )

    due = {number for number in range(1, KEPT + 2) if older in keeping.due_to_forget(night(number))}
    assert due == (set(range(before + 1, KEPT + 2)) if before else set())
    assert {number for number in range(1, 20) if newer in keeping.due_to_forget(night(number))} == set(range(8, 20))


@pytest.mark.both
@pytest.mark.thorough
def test_lists_and_single_cases_agree_on_every_combination() -> None:
    first, limitless = form(), form(days=0, key="limitless")
    cases = {one: ended(one) for one in (first, limitless)}
    for version, needs in product(cases, (False, True)):
        Service.objects.update(needs_handover=needs)
        case = cases[version]
        for status, held, settled, handed, after in product(
            ("received", "closed", "withdrawn"), (False, True), (None, ENDED), (None, ENDED + DAY), (0, 2, 31, 32)
        ):
            as_if(case, status=status, held=held, settled_at=settled, handed_over_at=handed)
            alone = Case.objects.get(pk=case.pk)
            said = Case.objects.annotate(why=keeping.why(day(after), keeping.limits())).get(pk=case.pk)
            assert said.why == keeping.standing(alone, day(after)).why
            due = keeping.due_to_forget(night(after)).filter(pk=case.pk).exists()
            assert due == (said.why == Why.DUE)


@pytest.mark.both
def test_the_first_to_go_stands_first_whatever_its_time_limit() -> None:
    long, short = ended(form()), ended(form(days=10, key="short"))
    middle = ended(form(days=20, key="middle"))

    assert list(keeping.due_to_forget(night(KEPT + 1))) == [short, middle, long]


# --- deleting --------------------------------------------------------------------------------------------------------


def full() -> Case:
    """A case with everything that a case can have, and the marker in all of it."""
    customer = Customer.objects.create(
        way="example", subject="marked", given_name=MARKER, family_name=MARKER, email=f"{MARKER}@example.com"
    )
    paper = build.application(form(), by=customer, answers={"title": MARKER})
    undertakings.give_one(paper, customer)
    undertakings.rename(paper.undertaking, MARKER)  # type: ignore[arg-type]
    Look.objects.create(application=paper, official=build.official(), official_name="An Official")
    folders.attach(paper, MARKER.encode(), n=1)
    case = intake.send(paper, at=NOW)
    folders.handled(case)
    handler: Any = {"by": build.official(), "at": NOW}
    case.take_step("write", **handler, text=MARKER, files=[folders.document(MARKER.encode(), n=3)])
    case.take_step("reply", by=customer, at=NOW, text=MARKER, files=[folders.document(MARKER.encode(), n=4)])
    case.take_step("note", **handler, text=MARKER)
    case.take_step("redirect", **handler, address="me@example.com")
    case.take_step("consult", **handler, authority=build.authority("other-town"), text=MARKER)
    case.take_step("register", **handler, register_number="EX/1")
    due = NOW.date() + 14 * DAY
    case.take_step("request_supplement", **handler, text=MARKER, due=due, fields=["title"], texts={"title": MARKER})
    supplement = intake.begin_supplement(case, customer)
    supplement.answers |= {"title": MARKER, "supplement_text": MARKER}
    folders.attach(supplement, MARKER.encode(), field="supplement_files", n=2)
    intake.send(supplement, at=NOW)
    addition = intake.begin_addition(Case.objects.get(pk=case.pk), customer)
    addition.answers |= {"supplement_text": MARKER}
    folders.attach(addition, MARKER.encode(), field="supplement_files", n=5)
    case.take_step("close", **handler, outcome="noted", text=MARKER, files=[folders.document(MARKER.encode(), n=6)])
    as_if(case, words=MARKER.lower(), settled_at=ENDED, uncollected_from=None)
    return case


def rows_with(text: str) -> list[str]:
    """Every row of the installation in which the text stands, whatever the column; sealed ones opened."""
    found = []
    for model in apps.get_models():
        for row in model._base_manager.all():
            said = {f.attname: str(getattr(row, f.attname)).lower() for f in model._meta.concrete_fields}
            found += [f"{model._meta.label}.{name}" for name, value in said.items() if text.lower() in value]
    return sorted(set(found))


def files_with(text: str) -> list[str]:
    root = Path(default_storage.location)  # type: ignore[attr-defined]
    return [str(path) for path in root.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.both
def test_nothing_is_left_of_the_content(forgotten: Callable[[Case], Going]) -> None:
    case = full()
    where = {place.rpartition(".")[0] for place in rows_with(MARKER)}
    assert where >= {"applications.Application", "applications.Undertaking", "cases.Case", "cases.Event"}
    assert len(files_with(MARKER)) == 6

    forgotten(case)

    # The customer is somebody who uses the portal, and stays; of the case nothing says who they are.
    assert {place.rpartition(".")[0] for place in rows_with(MARKER)} == {"people.Customer"}
    assert files_with(MARKER) == []
    assert not Attachment.objects.exists()
    assert not Document.objects.exists()
    assert not Event.objects.filter(case=case).exists()
    assert list(Application.objects.values_list("pk", flat=True)) == [case.application_id]
    assert not Customer.objects.get(subject="marked").applications.exists()


KEPT_FOR_STATISTICS = (
    *("number", "external_id", "service_id", "application_id", "status", "status_at", "arrived_at", "handling_since"),
    *("outcome", "register_number", "way", "municipality", "acknowledged_number", "acknowledged_at"),
)


def test_figures_stay(forgotten: Callable[[Case], Going]) -> None:
    case = full()
    before = Case.objects.values(*KEPT_FOR_STATISTICS, "application__version", "application__language").get(pk=case.pk)
    sent = case.application.sent_at

    forgotten(case)

    assert Case.objects.values(*before).get(pk=case.pk) == before
    assert before["outcome"] == "noted"
    paper = Application.objects.get(pk=case.application_id)
    assert (paper.sent_at, paper.digest, paper.answers) == (sent, emptying.OF_NOTHING, {})
    assert paper.customer == emptying.nobody()
    assert Case.objects.get(pk=case.pk).forgotten_at == night(KEPT + 1)


def test_what_goes_is_said_beforehand_and_is_what_went(forgotten: Callable[[Case], Going]) -> None:
    case, size = full(), len(MARKER)

    said = keeping.what_goes([case])

    assert said == {case.pk: forgotten(case)}
    assert said[case.pk] == Going(cases=1, papers=2, files=5, bytes=5 * size, lines=11)


def test_deleting_is_logged_with_the_number_and_nothing_of_the_content(forgotten: Callable[[Case], Going]) -> None:
    case = ended()

    forgotten(case)

    line = LogLine.objects.get(act="deleted")
    assert (line.about, line.authority_id) == (case.number, case.service.authority_id)
    assert MARKER not in line.detail


def test_case_that_is_not_due_is_refused_in_words() -> None:
    case = ended()

    with pytest.raises(Kept, match="2027"):
        keeping.forget(case, at=night(KEPT))

    assert Application.objects.get(pk=case.application_id).answers == {"title": MARKER}


def test_what_was_reopened_meanwhile_is_judged_by_what_it_is_now() -> None:
    case = ended()
    stale = keeping.due_to_forget(night(KEPT + 1)).get()
    case.take_step("reopen", by=build.official(), at=NOW, text="A mistake")

    with pytest.raises(Kept):
        keeping.forget(stale, at=night(KEPT + 1))


def test_held_case_is_kept_until_it_is_released_and_has_arrived_again() -> None:
    case = ended()
    case.take_step("hold", by=build.official(), at=NOW, text="An appeal")
    as_if(case, settled_at=ENDED, uncollected_from=None)
    assert keeping.standing(case, day(KEPT + 1)).why is Why.HELD

    case.take_step("release", by=build.official(), at=NOW)
    assert keeping.standing(case, day(KEPT + 1)).why is Why.NOT_DELIVERED
    as_if(case, settled_at=ENDED, uncollected_from=None)

    assert keeping.standing(case, day(KEPT + 1)).why is Why.DUE


def test_no_step_is_taken_in_a_forgotten_case(forgotten: Callable[[Case], Going]) -> None:
    case = ended()
    customer = case.application.customer
    forgotten(case)
    case = Case.objects.get(pk=case.pk)

    assert case.steps_for(build.official()) == case.steps_for(customer) == []
    with pytest.raises(NotAllowed):
        case.take_step("note", by=build.official(), at=NOW, text="More")


def test_forgotten_case_is_in_no_list_and_its_addresses_are_gone(forgotten: Callable[[Case], Going]) -> None:
    case = full()
    customer = case.application.customer
    forgotten(case)

    assert not Case.objects.visible_to(build.official()).exists()
    assert not Case.objects.of(customer).exists()
    assert not Application.objects.of(customer).exists()
    portal, desk = build.signed_in(customer), build.signed_in(build.official())
    assert portal.get(f"/sv/cases/{case.number}/").status_code == 404
    assert desk.get(f"/admin/cases/case/{case.pk}/change/").status_code in (302, 404)
    assert desk.get(f"/admin/cases/case/{case.pk}/step/note/").status_code == 404


def test_undertaking_with_another_application_stays(forgotten: Callable[[Case], Going]) -> None:
    case = full()
    other = build.application(build.version(), by=case.application.customer)
    Application.objects.filter(pk=other.pk).update(undertaking=case.application.undertaking)

    forgotten(case)

    other.refresh_from_db()
    assert other.undertaking is not None
    assert other.undertaking.name == MARKER


# What a new column of either holds after deleting must be thought of: it is emptied, or says nothing of the matter.
EMPTIED = {
    Application: "customer principal undertaking answers supplement_form common_data changed_by entered_by shared_at shown_at digest",
    Case: "outcome_text words mail_to handler handler_name paused_at forgotten_at",
}
STAYS = {
    Application: "id version language is_test created_at changed_at came_by came_at external_id sent_at",
    Case: "id number external_id service application is_test status status_at arrived_at handling_since outcome register_number way "
    "municipality due_on transferred_from settled_at handed_over_at held uncollected_from told_at "
    "acknowledged_number acknowledged_at seen_number",
}


@pytest.mark.parametrize("model", [Application, Case])
def test_every_column_that_stays_says_nothing_of_the_matter(model: Any, forgotten: Callable[[Case], Going]) -> None:
    assert {one.name for one in model._meta.concrete_fields} == {*EMPTIED[model].split(), *STAYS[model].split()}
    case = full()
    forgotten(case)
    row = model.objects.get()

    left = {
        name: getattr(row, name)
        for name in EMPTIED[model].split()
        if name not in ("customer", "digest", "forgotten_at")
    }

    assert not any(left.values())


def test_people_whom_an_official_entered_go_with_their_last_case(forgotten: Callable[[Case], Going]) -> None:
    entered = Customer.objects.create(way=Customer.DESK, subject="x", given_name=MARKER, family_name=MARKER)
    company = Principal.objects.create(kind="company", subject="1234567-8", name=MARKER)
    case = ended()
    Application.objects.filter(pk=case.application_id).update(customer=entered, principal=company)
    case = Case.objects.get(pk=case.pk)
    assert keeping.forget_whom_nothing_is_left_of() == 0

    forgotten(case)
    assert keeping.forget_whom_nothing_is_left_of() == 2

    assert rows_with(MARKER) == []
    assert Customer.objects.filter(pk=emptying.nobody().pk).exists()


def test_principal_for_whom_somebody_may_act_stays(forgotten: Callable[[Case], Going]) -> None:
    company = Principal.objects.create(kind="company", subject="1234567-8", name="A company")
    Mandate.objects.create(customer=build.customer(), principal=company)

    assert keeping.forget_whom_nothing_is_left_of() == 0


# --- files -----------------------------------------------------------------------------------------------------------


def with_file() -> Case:
    paper = build.application(form(), answers={"title": MARKER})
    folders.attach(paper, MARKER.encode())
    return done(intake.send(paper, at=NOW))


def test_files_that_a_crash_left_over_are_removed_the_next_time() -> None:
    case = with_file()
    keeping.forget(case, at=night(KEPT + 1))  # and nothing after the commit
    left = Attachment.objects.get()
    assert (left.name, left.sha256, left.media_type) == ("", "", "")
    assert len(files_with(MARKER)) == 1

    keeping.forget_what_is_due(night(KEPT + 2))

    assert files_with(MARKER) == []
    assert not Attachment.objects.exists()


def test_file_that_the_storage_does_not_let_go_is_tried_again(
    forgotten: Callable[[Case], Going], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = with_file()
    storage = type(default_storage._wrapped)  # type: ignore[attr-defined]
    with monkeypatch.context() as broken:

        def away(*_args: object) -> None:
            raise OSError("away")

        broken.setattr(storage, "delete", away)
        forgotten(case)
    assert Attachment.objects.exists()

    assert emptying.remove_what_is_left() == 1

    assert files_with(MARKER) == []


def test_content_that_another_case_has_too_stays(forgotten: Callable[[Case], Going]) -> None:
    case = with_file()
    here = case.application.attachments.get()
    other = build.application(build.version())
    there = Attachment.objects.create(
        application=other, name="the same", media_type="x", size=1, sha256="x", field="plan", content=here.content.name
    )

    forgotten(case)

    with there.content.open() as content:
        assert content.read() == MARKER.encode()


# --- many ------------------------------------------------------------------------------------------------------------


@pytest.mark.both
def test_round_deletes_what_is_due_and_no_more_than_it_may(django_capture_on_commit_callbacks: Any) -> None:
    version = form()
    cases = [ended(version) for _n in range(3)]
    held = ended(version, held=True)

    with django_capture_on_commit_callbacks(execute=True):
        gone = keeping.forget_what_is_due(night(KEPT + 1), most=2)

    assert (gone.cases, Case.objects.filter(forgotten_at=None).count()) == (2, 2)
    keeping.forget_what_is_due(night(KEPT + 1))
    assert list(Case.objects.filter(forgotten_at=None)) == [held]
    assert keeping.forget_what_is_due(night(KEPT + 1)) == Going()
    assert {case.pk for case in cases} == set(Case.objects.exclude(forgotten_at=None).values_list("pk", flat=True))


def test_forgotten_papers_are_not_judged_by_new_versions(forgotten: Callable[[Case], Going]) -> None:
    case = ended()
    forgotten(case)

    assert not sent_to(case.service).exists()


# --- the command -----------------------------------------------------------------------------------------------------


def command(*options: str, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("forget_cases", *options)
    return capsys.readouterr().out


def long_ended() -> Case:
    """One whose time is over by the real clock."""
    case = with_file()
    then = timezone.now() - (KEPT + 2) * DAY
    as_if(case, status_at=then, settled_at=then)
    return case


def test_command_says_beforehand_what_goes(capsys: pytest.CaptureFixture[str]) -> None:
    case = long_ended()

    said = command("--dry-run", capsys=capsys)

    assert str(case.number) in said
    assert "papers 1, files 1" in said
    assert MARKER not in said
    case.refresh_from_db()
    assert case.forgotten_at is None


def test_command_deletes(capsys: pytest.CaptureFixture[str], django_capture_on_commit_callbacks: Any) -> None:
    case = long_ended()

    with django_capture_on_commit_callbacks(execute=True):
        said = command(capsys=capsys)

    case.refresh_from_db()
    assert case.forgotten_at is not None
    assert str(case.number) in said
    assert files_with(MARKER) == []
    assert LogLine.objects.get(act="deleted").user_name == "forget_cases"


# --- the desk --------------------------------------------------------------------------------------------------------

ADDRESS = "/admin/cases/case/keeping/"


@pytest.fixture
def manager() -> Any:
    return build.signed_in(build.official("manager", role="manager"))


def test_page_shows_what_goes_soon_and_why_the_others_are_kept(manager: Any) -> None:
    then = timezone.now() - 10 * DAY
    version = form()
    soon = ended(version, status_at=then, settled_at=then)
    overdue = ended(version, status_at=then - 40 * DAY, settled_at=then - 40 * DAY)
    held = ended(version, held=True)

    shown = manager.get(ADDRESS)

    assert shown.status_code == 200
    assert [(one.case, one.is_due) for one in shown.context["leaving"]] == [(overdue, True), (soon, False)]
    (row,) = shown.context["rows"]
    assert row.counts == {Why.DUE: 1, Why.SOON: 1, Why.HELD: 1}
    text = shown.content.decode()
    assert str(overdue.number) in text
    assert str(held.number) not in text
    assert MARKER not in text


@pytest.mark.parametrize("role", ["reader", "handler", "designer"])
def test_page_is_for_managers(role: str) -> None:
    assert build.signed_in(build.official(role, role=role)).get(ADDRESS).status_code == 403


def test_page_shows_nothing_of_another_authority() -> None:
    then = timezone.now() - 40 * DAY
    ended(status_at=then, settled_at=then)
    stranger = build.official("stranger", of=build.authority("other-town"), role="manager")

    shown = build.signed_in(stranger).get(ADDRESS)

    assert (shown.context["rows"], shown.context["leaving"]) == ([], [])


def test_page_takes_as_many_queries_for_many_as_for_one(manager: Any, django_assert_max_num_queries: Any) -> None:
    then = timezone.now() - 40 * DAY
    version = form()
    ended(version, status_at=then, settled_at=then)
    manager.get(ADDRESS)
    with CaptureQueriesContext(connection) as one:
        manager.get(ADDRESS)
    most = len(one)
    for n in range(3):
        ended(form(key=f"kept-{n}", days=n + 1), status_at=then, settled_at=then)
        ended(version, status_at=then, settled_at=then)
    manager.get(ADDRESS)

    with django_assert_max_num_queries(most):
        shown = manager.get(ADDRESS)

    assert len(shown.context["leaving"]) == 7
