"""From paper to folder: sent once, one case; a supplement is one more paper in the same folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import close_old_connections, connection, connections

from apps.applications.carrying import carry_over
from apps.applications.drafting import NotComplete, discard
from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case, NotAllowed, open_request
from apps.cases.rulebook import Status
from apps.people.identification.email_link import EmailLink
from apps.services.definition import read_page
from apps.services.publishing import obstacles, take_old_versions_until
from apps.services.texts import LANGUAGES
from tests.applications.papers import fill, upload
from tests.build import NOW, TODAY, application, case, customer, definition, field, official, page, version

pytestmark = [pytest.mark.django_db, pytest.mark.both]
LATER = NOW + timedelta(days=1)
DUE = TODAY + timedelta(days=14)


def asked(*fields: str, of: Case | None = None, due: Any = DUE) -> Case:
    """A case whose customer has been asked for a supplement."""
    made = of or case()
    made.take_step("take_up", by=official(), at=NOW)
    made.take_step("request_supplement", by=official(), at=NOW, text="Send a map", due=due, fields=list(fields))
    return made


def written(made: Case) -> Application:
    """A supplement that is ready to be sent."""
    paper = intake.begin_supplement(made, customer())
    fill(paper, "supplement", {"supplement_text": "Here it is"}, upload(), to="supplement_files")
    return paper


# --- sending ---------------------------------------------------------------------------------------------------------


def test_send_makes_a_case_with_its_first_line() -> None:
    paper = application()

    made = intake.send(paper, at=NOW)

    assert (made.application, made.service, made.status) == (paper, paper.version.service, Status.RECEIVED)
    assert (made.arrived_at, made.status_at) == (NOW, NOW)
    event = made.events.get()
    assert (event.number, event.kind, event.paper, event.by_customer, event.at) == (
        1,
        "received",
        paper,
        customer(),
        NOW,
    )


def test_send_again_gives_the_same_case_and_changes_nothing() -> None:
    paper = application()
    first = intake.send(paper, at=NOW)

    again = intake.send(paper, at=LATER)

    assert again == first
    assert again.arrived_at == NOW
    assert Case.objects.count() == again.events.count() == 1


def test_send_of_what_is_not_complete_makes_no_case() -> None:
    with pytest.raises(NotComplete) as caught:
        intake.send(application(answers={}), at=NOW)

    assert caught.value.page == "first"
    assert not Case.objects.exists()


def test_draft_of_an_older_version_is_sent_to_the_end_of_the_last_day_and_then_refused_in_words() -> None:
    old = version()
    in_time, late = application(old), application(old)
    new = version(page("first", field("text", "title"), field("text", "more", required=False)))
    take_old_versions_until(new.service, TODAY)
    midnight = NOW.replace(hour=22, minute=0)  # in Helsinki

    assert intake.send(in_time, at=midnight - timedelta(seconds=1)).status == Status.RECEIVED
    with pytest.raises(NotAllowed, match=r"1\.3\.2027"):
        intake.send(late, at=midnight)

    assert Case.objects.count() == 1
    assert intake.send(in_time, at=midnight) == Case.objects.get()
    assert intake.send(application(new), at=midnight).status == Status.RECEIVED
    carry_over(late, at=midnight)
    assert intake.send(late, at=midnight).status == Status.RECEIVED


def test_older_version_without_a_last_day_is_sent() -> None:
    draft = application()
    version(page("first", field("text", "title"), field("text", "more", required=False)))

    assert intake.send(draft, at=NOW + timedelta(days=900)).status == Status.RECEIVED


def test_numbers_are_unique_and_say_the_year_in_helsinki() -> None:
    made = version()
    new_year = NOW.replace(year=2027, month=12, day=31, hour=22, minute=30)

    numbers = [intake.send(application(made), at=at).number or "" for at in (NOW, NOW, new_year)]

    assert len(set(numbers)) == 3
    assert [number[:8] for number in numbers] == ["FE-2027-", "FE-2027-", "FE-2028-"]


def test_external_ids_are_unique() -> None:
    made = version()

    assert case(made).external_id != case(made).external_id


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_send_twice_at_once_makes_one_case() -> None:
    paper, start = application(), Barrier(4)

    def send(_n: int) -> int:
        close_old_connections()
        mine = Application.objects.get(pk=paper.pk)
        try:
            start.wait(30)
            return intake.send(mine, at=NOW).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        cases = set(threads.map(send, range(4)))

    assert len(cases) == Case.objects.count() == 1
    assert Case.objects.get().events.count() == 1


def test_last_day_for_older_versions_is_no_matter_of_supplements() -> None:
    made = asked()
    paper = written(made)
    version(page("first", field("text", "title"), field("text", "more", required=False)))
    take_old_versions_until(made.service, TODAY - timedelta(days=1))

    assert intake.send(paper, at=LATER) == made


def test_paper_is_sent_only_by_one_known_as_well_as_the_service_needs() -> None:
    weak = EmailLink.identify("name@example.com")
    strict, open_to_all = version(key="strict"), version(key="open", identification="weak")

    with pytest.raises(NotAllowed):
        intake.send(application(strict, by=weak), at=NOW)

    assert intake.send(application(open_to_all, by=weak), at=NOW)
    assert Case.objects.count() == 1


# --- supplement ------------------------------------------------------------------------------------------------------


def test_supplement_asks_again_for_the_fields_and_has_a_page_of_its_own() -> None:
    made = asked("title")

    paper = intake.begin_supplement(made, customer())

    assert [(p.key, [f.key for f in p.fields]) for p in paper.definition.pages] == [
        ("first", ["title"]),
        ("supplement", ["supplement_text", "supplement_files"]),
    ]
    assert paper.answers == {"title": "An example"}
    assert (paper.version, paper.customer, paper.language) == (made.application.version, customer(), "sv")


def test_supplement_asked_for_without_fields_is_a_page_of_its_own() -> None:
    paper = intake.begin_supplement(asked(), customer())

    assert [p.key for p in paper.definition.pages] == ["supplement"]
    assert paper.answers == {}


def test_supplement_begun_twice_is_one_paper() -> None:
    made = asked("title")

    assert intake.begin_supplement(made, customer()) == intake.begin_supplement(made, customer())
    assert Application.objects.count() == 2


def test_supplement_thrown_away_can_be_begun_again() -> None:
    made = asked("title")
    first = intake.begin_supplement(made, customer())
    first_id = first.pk
    discard(first)

    assert intake.begin_supplement(made, customer()).pk != first_id


def test_supplement_is_one_more_paper_in_the_same_folder() -> None:
    made = asked("title")
    paper = written(made)
    fill(paper, "first", {"title": "Another title"})

    got = intake.send(paper, at=LATER)

    assert got == made
    assert got.status == Status.SUPPLEMENTED
    assert intake.papers_of(made) == [made.application, paper]
    assert intake.latest_answers(made)["title"] == "Another title"
    made.application.refresh_from_db()
    assert made.application.answers == {"title": "An example"}
    event = got.events.get(kind="supplement")
    assert (event.paper, event.by_customer, event.data) == (paper, customer(), {})
    assert got.supplement_requests.get().answered_at == LATER
    assert intake.case_of(paper) == intake.case_of(made.application) == made


def test_supplement_sent_again_gives_the_same_case_and_no_line() -> None:
    made = asked()
    paper = written(made)
    intake.send(paper, at=LATER)

    assert intake.send(paper, at=LATER) == made
    assert made.events.filter(kind="supplement").count() == 1


def test_second_request_begins_a_second_supplement_with_what_was_said_last() -> None:
    made = asked("title")
    first = written(made)
    fill(first, "first", {"title": "Second thoughts"})
    intake.send(first, at=LATER)
    made.refresh_from_db()
    made.take_step("request_supplement", by=official(), at=LATER, text="Again", due=DUE, fields=["title"])

    second = intake.begin_supplement(made, customer())

    assert second != first
    assert second.answers == {"title": "Second thoughts"}


def test_supplement_must_answer_in_words() -> None:
    with pytest.raises(NotComplete) as caught:
        intake.send(intake.begin_supplement(asked(), customer()), at=LATER)

    assert caught.value.page == "supplement"


def overdue(made: Case, today: date) -> bool:
    request = open_request(made)
    assert request is not None
    return request.overdue(today)


def test_supplement_is_in_time_until_its_last_day_ends_in_helsinki() -> None:
    made = asked()
    paper = written(made)
    last_moment = NOW.replace(day=15, hour=21, minute=59)

    assert not overdue(made, DUE)
    assert intake.send(paper, at=last_moment).status == Status.SUPPLEMENTED


def test_late_supplement_is_refused_in_words_and_changes_nothing() -> None:
    made = asked()
    paper = written(made)

    with pytest.raises(NotAllowed) as refused:
        intake.send(paper, at=NOW.replace(day=15, hour=22, minute=0))

    paper.refresh_from_db()
    made.refresh_from_db()
    assert str(refused.value)
    assert overdue(made, DUE + timedelta(days=1))
    assert paper.is_draft
    assert made.status == Status.SUPPLEMENT_REQUESTED
    assert open_request(made) is not None


def test_supplement_no_longer_awaited_is_refused_and_stays_a_draft() -> None:
    made = asked()
    paper = written(made)
    made.take_step("resume", by=official(), at=LATER)

    with pytest.raises(NotAllowed):
        intake.send(paper, at=LATER)

    paper.refresh_from_db()
    assert paper.is_draft
    assert open_request(made) is None


def test_supplement_is_begun_by_the_customer_and_only_when_asked_for() -> None:
    with pytest.raises(NotAllowed):
        intake.begin_supplement(case(), customer())
    with pytest.raises(NotAllowed):
        intake.begin_supplement(asked(of=case(by=customer("Owner"))), customer("Other"))


def test_day_in_a_supplement_is_not_refused_for_the_time_it_should_have_arrived() -> None:
    made = case(version(page("first", field("date", "day", lead_time={"days": 28}))), answers={"day": "2027-04-01"})
    asked("day", of=made)
    paper = written(made)

    form = fill(paper, "first", {"day": "10.3.2027"})

    assert form.is_valid()
    assert intake.send(paper, at=LATER).status == Status.SUPPLEMENTED


def test_new_answer_brings_up_its_questions_and_hides_the_old_ones_from_what_the_case_says() -> None:
    yes, no = {"field": "music", "equals": True}, {"field": "music", "equals": False}
    asks = [field("yes_no", "music"), field("text", "band", show_when=yes), field("text", "why_not", show_when=no)]
    made = asked("music", of=case(version(page("first", *asks)), answers={"music": False, "why_not": "Too loud"}))
    paper = written(made)

    assert list(fill(paper, "first", {"music": "yes"}).errors) == ["band"]
    fill(paper, "first", {"music": "yes", "band": "The band"})

    intake.send(paper, at=LATER)
    assert intake.latest_answers(made) == {"music": True, "band": "The band"}


def test_question_that_does_not_apply_is_not_asked_though_named() -> None:
    yes = {"field": "music", "equals": True}
    form = version(page("first", field("yes_no", "music"), field("text", "band", show_when=yes)))
    paper = written(asked("band", of=case(form, answers={"music": False})))

    assert [section.key for section in paper.sheet()] == ["supplement"]


def test_file_is_asked_for_anew() -> None:
    form = version(page("first", field("file", "plan")))
    paper = application(form, answers={})
    fill(paper, "first", {}, upload())
    made = asked("plan", of=intake.send(paper, at=NOW))

    supplement = intake.begin_supplement(made, customer())

    assert supplement.answers == {}
    with pytest.raises(NotComplete):
        intake.send(supplement, at=LATER)


def test_page_of_the_supplement_is_a_page_in_every_language() -> None:
    extra = read_page(intake.supplement_page())

    assert obstacles(definition().supplement([], extra, {})) == []
    assert all(extra.title.said(language) for language in LANGUAGES)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_supplement_and_the_handler_going_on_at_once_never_both_happen() -> None:
    for _round in range(5):
        made = asked()
        paper, by, start = written(made), official(), Barrier(2)

        def supplement(paper: Application = paper, start: Barrier = start) -> str:
            start.wait(30)
            return intake.send(paper, at=LATER).status

        def resume(made: Case = made, by: Any = by, start: Barrier = start) -> str:
            start.wait(30)
            return made.take_step("leave_unexamined", by=by, at=LATER, text="Too late").status

        def attempt(act: Any) -> str:
            close_old_connections()
            try:
                return str(act())
            except NotAllowed:
                return "refused"
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as threads:
            first, second = threads.map(attempt, (supplement, resume))

        made.refresh_from_db()
        paper.refresh_from_db()
        assert made.status == Status.NOT_EXAMINED
        assert second == Status.NOT_EXAMINED
        assert (first == "refused") is paper.is_draft
        numbers = list(made.events.order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        request = made.supplement_requests.get()
        assert (request.answered_at is None) is paper.is_draft


# --- unasked ---------------------------------------------------------------------------------------------------------


def added(made: Case, by: Any = None) -> Application:
    """Something the customer adds, ready to be sent."""
    paper = intake.begin_addition(made, by or customer())
    fill(paper, "supplement", {"supplement_text": "One more thing"}, upload(), to="supplement_files")
    return paper


@pytest.mark.parametrize("taken_up", [False, True])
def test_addition_is_one_more_paper_and_the_status_stays(taken_up: bool) -> None:
    made = case()
    if taken_up:
        made.take_step("take_up", by=official(), at=NOW)
    before = made.status

    assert intake.send(added(made), at=LATER) == made

    made.refresh_from_db()
    line = made.events.get(kind="add")
    assert (made.status, line.status, line.at) == (before, before, LATER)
    assert [paper.folder for paper in intake.papers_of(made)] == [None, made.pk]
    assert line.paper is not None
    assert line.paper.answers["supplement_text"] == "One more thing"


def test_addition_sent_twice_is_there_once() -> None:
    made = case()
    paper = added(made)

    assert [intake.send(paper, at=LATER) for _n in range(2)] == [made, made]

    assert made.events.count() == 2


def test_addition_begun_twice_is_one_draft_and_the_next_is_another() -> None:
    made = case()
    first = added(made)

    assert intake.begin_addition(made, customer()) == first
    intake.send(first, at=LATER)
    assert intake.begin_addition(made, customer()) != first


def test_additions_of_two_cases_are_kept_apart() -> None:
    one, other = case(), case()

    assert intake.begin_addition(one, customer()) != intake.begin_addition(other, customer())


@pytest.mark.parametrize("ended", ["withdrawn", "closed", "waiting"])
def test_addition_that_comes_too_late_is_refused_and_stays_a_draft(ended: str) -> None:
    made = case()
    paper = added(made)
    if ended == "withdrawn":
        made.take_step("withdraw", by=customer(), at=NOW)
    else:
        made.take_step("take_up", by=official(), at=NOW)
        if ended == "closed":
            made.take_step("close", by=official(), at=NOW, outcome="noted", text="")
        else:
            made.take_step("request_supplement", by=official(), at=NOW, text="A map", due=DUE, fields=[])

    with pytest.raises(NotAllowed):
        intake.send(paper, at=LATER)
    with pytest.raises(NotAllowed):
        intake.begin_addition(made, customer())

    paper.refresh_from_db()
    assert paper.is_draft
    assert not made.events.filter(kind="add").exists()


def test_addition_is_begun_by_nobody_else() -> None:
    with pytest.raises(NotAllowed):
        intake.begin_addition(case(), customer("Other"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_addition_asks_in_words_of_its_own(language: str) -> None:
    made = case()
    own, asked_for = intake.begin_addition(made, customer()).definition.page("supplement"), intake.supplement_page()

    assert own is not None
    assert own.title.said(language) != asked_for["title"][language]
    assert own.fields[0].label.said(language) != asked_for["fields"][0]["label"][language]
