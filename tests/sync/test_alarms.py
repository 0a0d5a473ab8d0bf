"""Mails to the operator: when something turns red, once a day while it is, when it is well again; each once, however many relays."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections
from pytest_django import Settings

from apps.sync import alarms, duties, notices, relay, watching
from apps.sync.models import Alarm, Delivery, Notice, Receiver, RelayAlive
from tests import build
from tests.build import NOW
from tests.sync.smtp import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.both]
OPERATOR = "operator@example.com"
DAY = 24 * 60


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def _told(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = "http://127.0.0.1:1"
    settings.OPERATOR_EMAIL, settings.MAIL_IS_SENT = OPERATOR, True
    RelayAlive.objects.create(name="a relay", began_at=NOW, seen_at=NOW + timedelta(days=100))


@pytest.fixture
def late() -> None:
    """A line that waits for the national service from now on."""
    # Emptying the database after a test before has taken what the migration had put in.
    known = {"kind": "national", "name": "Tillstånd och tillsyn", "since": NOW - timedelta(days=1)}
    Receiver.objects.get_or_create(key="national", defaults=known)
    build.case()
    relay.collect(NOW)
    Delivery.objects.exclude(receiver__key="national").update(delivered_at=NOW)


def deliver() -> None:
    Delivery.objects.update(delivered_at=NOW)


def posted() -> list[str]:
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


def every_minute(since: int, until: int, step: int = 1) -> None:
    for minute in range(since, until, step):
        alarms.look_after(at(minute))
        Notice.objects.filter(sent_at=None).update(sent_at=at(minute))


@pytest.mark.usefixtures("late")
def test_operator_is_told_once_when_something_turns_red() -> None:
    every_minute(0, 16)
    assert posted() == []

    every_minute(16, 40, 4)

    assert posted() == [notices.ALARM]
    assert Notice.objects.get().address == OPERATOR
    assert (Alarm.objects.get().key, Alarm.objects.get().began_at) == ("late national", at(16))


@pytest.mark.usefixtures("late")
def test_operator_is_told_again_once_a_day_while_it_is_red() -> None:
    every_minute(16, 3 * DAY + 30, 240)

    assert posted() == [notices.ALARM, *[notices.ALARM_STILL] * 3]


@pytest.mark.usefixtures("late")
def test_operator_is_told_once_that_it_is_well_again_after_it_has_been_for_a_while() -> None:
    every_minute(16, 20)
    deliver()

    every_minute(20, 25)
    assert posted() == [notices.ALARM]
    every_minute(25, 60)

    assert posted() == [notices.ALARM, notices.ALARM_OVER]
    assert Alarm.objects.get().ended_at == at(25)


@pytest.mark.usefixtures("late")
def test_what_goes_to_and_fro_is_one_alarm() -> None:
    every_minute(16, 20)
    for minute in range(20, 80, 4):
        Delivery.objects.filter(receiver__key="national").update(delivered_at=NOW if minute % 8 == 0 else None)
        every_minute(minute, minute + 4)

    assert posted() == [notices.ALARM]


@pytest.mark.usefixtures("late")
def test_next_time_is_a_new_alarm() -> None:
    every_minute(16, 20)
    deliver()
    every_minute(20, 30)
    Delivery.objects.filter(receiver__key="national").update(delivered_at=None)
    every_minute(30, 35)

    assert posted() == [notices.ALARM, notices.ALARM_OVER, notices.ALARM]


@pytest.mark.usefixtures("late")
def test_without_an_operator_nobody_is_told_and_the_alarm_is_there(settings: Settings) -> None:
    settings.OPERATOR_EMAIL = ""
    every_minute(16, 20)

    assert posted() == []
    assert Alarm.objects.get().ended_at is None
    settings.OPERATOR_EMAIL = OPERATOR
    alarms.look_after(at(DAY + 20))
    assert posted() == [notices.ALARM_STILL]


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_the_operator_is_told_in_their_language(settings: Settings, language: str) -> None:
    settings.OPERATOR_LANGUAGE = language
    every_minute(16, 20)

    assert Notice.objects.get().language == language


@pytest.mark.usefixtures("late")
def test_that_no_relay_is_at_work_is_told_by_no_mail_of_a_relay() -> None:
    RelayAlive.objects.all().delete()
    deliver()

    every_minute(16, 20)

    assert posted() == []
    assert [one.what for one in watching.problems(watching.look(at(20)), watching.Limits.set())] == ["silent"]


@pytest.mark.usefixtures("late")
def test_duty_looks_after_it_every_minute() -> None:
    assert duties.do_due(at(15))["watch over deliveries"] == {}
    assert duties.do_due(at(16))["watch over deliveries"] == {"alarms begun": 1}
    assert "watch over deliveries" not in duties.do_due(at(16))
    assert duties.do_due(at(17))["watch over deliveries"] == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
@pytest.mark.usefixtures("late")
def test_of_several_at_once_one_begins_the_alarm() -> None:
    together = threading.Barrier(4)

    def one(_n: int) -> int:
        try:
            together.wait(30)
            return alarms.look_after(at(16))["alarms begun"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(one, range(4))) == 1
    assert posted() == [notices.ALARM]


@pytest.mark.usefixtures("late")
def test_mails_say_what_and_since_when_and_lead_to_the_page(mail_server: MailServer) -> None:
    name = Receiver.objects.get(key="national").name
    for minute in (16, DAY + 16):
        alarms.look_after(at(minute))
    deliver()
    for minute in (DAY + 20, DAY + 25):
        alarms.look_after(at(minute))

    relay.run_once(at(DAY + 26))

    link = "https://service.example/admin/sync/alarm/"
    texts = [text for mail in mail_server.taken if link in (text := mail.get_content())]
    assert len(texts) == 4  # and that mails that belong to no case are late: nobody has sent the first one
    assert sum(name in text for text in texts) == 3
    assert any("1.3.2027 kl. 11.30" in text for text in texts)
    assert all(mail["To"] == OPERATOR and "FE-2027" not in str(mail) for mail in mail_server.taken)


def test_alarms_of_long_ago_are_forgotten() -> None:
    long_ago = {"since": NOW, "began_at": NOW, "ended_at": NOW}
    Alarm.objects.create(key="one", what="late", **long_ago)
    Alarm.objects.create(key="two", what="late", since=NOW, began_at=NOW)

    assert alarms.forget_old(NOW + timedelta(days=500)) == 1
    assert Alarm.objects.get().key == "two"
