"""The day's duties: reminders before drafts are deleted, deletion, what is over; each once per due time."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.utils import timezone
from pytest_django import Settings

from apps.applications import attachments, keeping
from apps.applications.models import Application, Attachment
from apps.cases import intake
from apps.people.identification.email_link import EmailLink
from apps.people.models import Attempt, Feedback, SignInLink
from apps.sync import duties
from apps.sync.duties import DUTIES, Duty
from apps.sync.models import DutyDone, Notice
from tests import build
from tests.applications import clamd
from tests.build import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.both]
MINE = "mine@example.com"
BEGUN = NOW
KEPT = 30


@pytest.fixture(autouse=True)
def _with_mail(settings: Settings) -> None:
    settings.MAIL_IS_SENT = True


def draft(
    *, email: str = MINE, days: int = KEPT, key: str = "example", changed: datetime = BEGUN, **more: Any
) -> Application:
    """A draft of a service that keeps drafts for so many days."""
    paper = build.application(build.version(key=key, draft_days=days, **more), language="fi")
    type(paper.customer).objects.filter(pk=paper.customer_id).update(email=email)
    Application.objects.filter(pk=paper.pk).update(changed_at=changed)
    paper.refresh_from_db()
    return paper


def on(day: int) -> datetime:
    """So many days after the draft was begun, at the same time of day."""
    return BEGUN + timedelta(days=day)


def reminded(now: datetime) -> int:
    return duties.remind_of_drafts(now)["reminders posted"]


def deleted(now: datetime) -> int:
    return duties.delete_drafts(now)["drafts deleted"]


# --- drafts ----------------------------------------------------------------------------------------------------------


def test_draft_is_kept_for_as_long_as_its_service_says() -> None:
    paper = draft()

    assert keeping.kept_until(paper) == (BEGUN + timedelta(days=KEPT)).date() == date(2027, 3, 31)


def test_customer_is_reminded_a_week_before_once_in_the_drafts_language() -> None:
    paper = draft()

    assert reminded(on(KEPT - 8)) == 0
    assert reminded(on(KEPT - 7)) == 1
    assert reminded(on(KEPT - 6)) == 0

    notice = Notice.objects.get()
    assert (notice.address, notice.language) == (MINE, "fi")
    assert notice.data == {"application": str(paper.pk), "day": "2027-03-31"}


def test_note_of_what_goes_on_in_the_authoritys_own_service_is_deleted_without_a_reminder() -> None:
    draft(own_service={"sv": "https://example.com/"})
    Application.objects.update(external_id=uuid.uuid4(), answers={})

    assert reminded(on(KEPT - 2)) == 0
    assert deleted(on(KEPT + 1)) == 1


def test_draft_is_deleted_after_its_last_day_and_not_on_it() -> None:
    draft()
    reminded(on(KEPT - 7))

    assert deleted(on(KEPT)) == 0
    assert deleted(on(KEPT + 1)) == 1
    assert not Application.objects.exists()


def test_draft_whose_customer_was_not_reminded_waits_for_a_week_after_the_reminder() -> None:
    draft()
    assert deleted(on(KEPT + 3)) == 0

    reminded(on(KEPT + 3))
    assert Notice.objects.get().data["day"] == (BEGUN + timedelta(days=KEPT + 10)).date().isoformat()
    assert deleted(on(KEPT + 10)) == 0
    assert deleted(on(KEPT + 11)) == 1


@pytest.mark.parametrize(("email", "mail"), [("", True), (MINE, False)])
def test_who_cannot_be_reminded_is_not_waited_for(settings: Settings, email: str, mail: bool) -> None:
    settings.MAIL_IS_SENT = mail
    draft(email=email)

    assert reminded(on(KEPT - 7)) == 0
    assert deleted(on(KEPT)) == 0
    assert deleted(on(KEPT + 1)) == 1
    assert not Notice.objects.exists()


def test_draft_that_is_changed_is_kept_anew_and_reminded_of_anew() -> None:
    paper = draft()
    reminded(on(KEPT - 7))
    Application.objects.filter(pk=paper.pk).update(changed_at=on(KEPT - 5))

    assert deleted(on(KEPT + 5)) == 0
    assert reminded(on(2 * KEPT - 12)) == 1
    assert deleted(on(2 * KEPT - 5)) == 0
    assert deleted(on(2 * KEPT - 4)) == 1


def test_draft_that_is_changed_at_the_last_moment_is_not_deleted() -> None:
    paper = draft(email="")
    (seen,) = keeping.ending(on(KEPT + 1).date())
    Application.objects.filter(pk=paper.pk).update(changed_at=on(KEPT + 1))

    assert not keeping.forget(seen, on(KEPT + 1).date())
    assert Application.objects.exists()


def test_each_service_has_its_own_time() -> None:
    draft(email="", days=KEPT)
    other = draft(email="", days=2 * KEPT, key="longer")

    assert deleted(on(KEPT + 1)) == 1
    assert Application.objects.get() == other


def test_last_day_is_a_day_in_helsinki() -> None:
    late_in_the_evening = datetime(2027, 3, 1, 22, 30, tzinfo=UTC)  # in Helsinki it is March 2
    draft(email="", changed=late_in_the_evening)

    assert deleted(datetime(2027, 4, 1, 12, tzinfo=UTC)) == 0
    assert deleted(datetime(2027, 4, 1, 21, 30, tzinfo=UTC)) == 1


def test_sent_papers_and_supplements_are_never_deleted() -> None:
    case = build.case()
    case.take_step("take_up", by=build.official(), at=NOW)
    due = NOW.date() + timedelta(days=14)
    case.take_step("request_supplement", by=build.official(), at=NOW, text="More", due=due, fields=["title"])
    supplement = intake.begin_supplement(case, case.application.customer)
    Application.objects.update(changed_at=BEGUN)

    assert keeping.kept_until(supplement) is None
    assert keeping.kept_until(case.application) is None
    assert reminded(on(3_000)) == deleted(on(3_000)) == 0
    assert Application.objects.count() == 2


def test_files_go_with_the_draft(django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    paper = draft(email="")
    attachment = attachments.receive(paper, "title", SimpleUploadedFile("plan.pdf", build.PDF))
    attachment.save()
    assert default_storage.exists(str(attachment.content.name))

    with django_capture_on_commit_callbacks(execute=True):
        assert deleted(on(KEPT + 1)) == 1

    assert not Attachment.objects.exists()
    assert not default_storage.exists(str(attachment.content.name))


def test_log_tells_figures_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    paper = draft()
    by_name = {duty.name: duty for duty in DUTIES}

    duties.do(by_name["remind of drafts"], on(KEPT - 7))
    duties.do(by_name["delete drafts"], on(KEPT + 1))

    said = [record.getMessage() for record in caplog.records if record.name == "apps.sync.duties"]
    assert said == ["remind of drafts: reminders posted 1", "delete drafts: drafts deleted 1"]
    assert str(paper.pk) not in caplog.text


# --- what is over ----------------------------------------------------------------------------------------------------


def test_what_is_over_is_forgotten() -> None:
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    Session.objects.create(session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1))
    EmailLink.make(MINE, "", at=NOW - timedelta(hours=1))
    Attempt.objects.create(key="x", since=NOW - timedelta(days=2), count=1)

    figures = duties.forget_what_is_over(NOW)

    assert [session.session_key for session in Session.objects.all()] == ["new"]
    assert not SignInLink.objects.exists()
    assert not Attempt.objects.exists()
    assert {what: count for what, count in figures.items() if count} == {"attempts": 1, "sign-in links": 1}


def feedback(days_ago: int, **more: Any) -> Feedback:
    return Feedback.objects.create(text="It is dark.", language="sv", created_at=NOW - timedelta(days=days_ago), **more)


def test_operator_is_told_of_feedback_that_waits_once(settings: Settings) -> None:
    settings.OPERATOR_EMAIL = "operator@example.fi"
    waiting = feedback(10)
    feedback(9)
    feedback(12, answered_at=NOW)

    assert duties.tell_of_feedback(NOW) == {"feedback told of": 1}
    assert duties.tell_of_feedback(NOW) == {"feedback told of": 0}

    notice = Notice.objects.get()
    assert notice.address == "operator@example.fi"
    assert notice.data == {"feedback": waiting.pk, "day": "2027-03-05"}


def test_no_operator_is_told_where_none_is_named(settings: Settings) -> None:
    settings.OPERATOR_EMAIL = ""
    feedback(12)

    assert duties.tell_of_feedback(NOW) == {}


def test_files_that_wait_are_scanned(settings: Settings) -> None:
    with clamd.answering(clamd.saying(b"stream: OK\0")) as address:
        settings.SCANNER = "unix:/nowhere"
        attachment = attachments.receive(build.application(), "title", SimpleUploadedFile("plan.pdf", build.PDF))
        attachment.save()
        assert attachment.scan == "waiting"
        settings.SCANNER = address

        assert duties.scan_what_waits(NOW) == {"clean": 1}


# --- when ------------------------------------------------------------------------------------------------------------


def test_daily_duty_is_due_at_its_time_in_helsinki() -> None:
    duty = next(duty for duty in DUTIES if duty.name == "delete drafts")

    assert duty.due(datetime(2027, 3, 1, 0, 59, tzinfo=UTC)) == datetime(2027, 2, 28, 1, tzinfo=UTC)
    assert duty.due(datetime(2027, 3, 1, 1, 0, tzinfo=UTC)) == datetime(2027, 3, 1, 1, tzinfo=UTC)
    summer = datetime(2027, 6, 1, 12, tzinfo=UTC)
    assert duty.due(summer) == datetime(2027, 6, 1, 0, tzinfo=UTC)


def test_each_duty_is_done_once_per_due_time() -> None:
    draft(email="")
    first = duties.do_due(on(KEPT + 1))

    assert set(first) == {duty.name for duty in DUTIES}
    assert first["delete drafts"] == {"drafts deleted": 1}
    assert duties.do_due(on(KEPT + 1)) == {}
    each_minute = {duty.name for duty in DUTIES if duty.at is None}
    assert {"scan what waits", "publish what is due"} <= each_minute
    assert set(duties.do_due(on(KEPT + 1) + timedelta(minutes=1))) == each_minute
    assert set(duties.do_due(on(KEPT + 2))) == set(first)
    assert not DutyDone.objects.filter(ended_at=None).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_of_several_relays_one_does_it() -> None:
    together = threading.Barrier(4)

    def one(_n: int) -> int:
        try:
            together.wait(30)
            return len(duties.do_due(NOW))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(one, range(4))) == len(DUTIES)


def test_duty_that_breaks_off_stops_no_other_and_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_now: datetime) -> dict[str, int]:
        raise KeyError(MINE)

    done = []

    def works(_now: datetime) -> dict[str, int]:
        done.append("works")
        return {}

    monkeypatch.setattr(duties, "DUTIES", (Duty("breaks", breaks), Duty("works", works)))

    assert duties.do_due(NOW) == {"breaks": {"broken off": 1}, "works": {}}
    assert done == ["works"]
    assert MINE not in caplog.text
    assert DutyDone.objects.get(duty="breaks").ended_at is None


def test_database_that_is_away_is_the_relays_business(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_now: datetime) -> dict[str, int]:
        raise OperationalError

    with pytest.raises(OperationalError):
        duties.do(Duty("away", away), NOW)


@pytest.mark.thorough
def test_only_so_many_due_times_are_remembered() -> None:
    for minute in range(40):
        duties.do_due(NOW + timedelta(minutes=minute))

    assert DutyDone.objects.filter(duty="scan what waits").count() == duties.ROWS_KEPT + 1
    assert DutyDone.objects.filter(duty="delete drafts").count() == 1


def test_duties_are_done_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    draft(email="", changed=timezone.now() - timedelta(days=KEPT + 2))

    call_command("duties")

    said = capsys.readouterr().out.splitlines()
    assert "delete drafts: drafts deleted 1" in said
    assert "tell of feedback: nothing to do" in said
    assert len(said) == len(DUTIES)
