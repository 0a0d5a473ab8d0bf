"""Since when every receiver has everything: the clock of deleting starts when nothing is owed to anybody, and not a moment before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from apps.cases.models import Case, Event
from apps.sync import duties, relay, settling
from apps.sync.models import MAIL, NATIONAL, Delivery, Receiver
from tests import build
from tests.build import NOW
from tests.sync.folders import handled
from tests.sync.scripted import Scripted

pytestmark = [pytest.mark.django_db, pytest.mark.both]
SOON, LATER, LATEST = NOW + timedelta(minutes=10), NOW + timedelta(hours=1), NOW + timedelta(hours=2)


def settled(case: Case) -> datetime | None:
    case.refresh_from_db()
    return case.settled_at


def ended(case: Case, at: datetime = SOON) -> Case:
    handled(case)
    case.take_step("close", by=build.official(), at=at, outcome="noted", text="")
    return case


def delivered(case: Case) -> None:
    """As if the receivers had everything, before there was this clock."""
    Delivery.objects.filter(case=case).update(delivered_at=SOON)
    Case.objects.filter(pk=case.pk).update(uncollected_from=None)


def off(which: str = NATIONAL) -> Receiver:
    Receiver.objects.filter(key=which).update(active=False)
    return Receiver.objects.get(key=which)


# --- when it starts --------------------------------------------------------------------------------------------------


def test_case_is_settled_once_the_receiver_has_every_event(receiver: Scripted) -> None:
    case = ended(build.case())
    assert settled(case) is None
    relay.collect(SOON)
    assert settled(case) is None

    relay.run_once(LATER)

    assert settled(case) == LATER


def test_part_of_the_line_is_not_enough(receiver: Scripted) -> None:
    receiver.script = ["ok", "ok", "500"]
    case = ended(build.case())

    relay.run_once(LATER)

    assert Delivery.objects.filter(case=case, delivered_at=None).exists()
    assert settled(case) is None


def test_what_is_refused_is_owed_until_it_is_skipped_and_the_receiver_has_its_number(receiver: Scripted) -> None:
    receiver.rules["/events"] = (422, {}, {"error": "not so"})
    case = build.case()
    relay.run_once(SOON)
    assert settled(case) is None
    receiver.rules.clear()

    Delivery.objects.get(case=case).skip("a trial", at=LATER)
    assert settled(case) is None
    relay.run_once(LATER)

    assert settled(case) == LATER


def test_a_new_line_stops_the_clock_and_it_starts_anew(receiver: Scripted) -> None:
    case = handled(build.case())
    relay.run_once(SOON)
    assert settled(case) == SOON

    case.take_step("write", by=build.official(), at=LATER, text="One thing more")
    assert settled(case) is None
    relay.run_once(LATEST)

    assert settled(case) == LATEST


def test_line_that_nobody_is_owed_settles_as_soon_as_it_is_collected(receiver: Scripted) -> None:
    case = handled(build.case())
    relay.run_once(SOON)
    case.take_step("note", by=build.official(), at=LATER, text="For us")
    assert settled(case) is None

    relay.collect(LATER)

    assert settled(case) == LATER


def test_both_receivers_count(receiver: Scripted, settings: Settings) -> None:
    settings.MAIL_IS_SENT, settings.EMAIL_BACKEND = True, "django.core.mail.backends.locmem.EmailBackend"
    Receiver.objects.filter(key=MAIL).update(active=False)
    build.authority(email="role@example.com")
    case = build.case()
    relay.collect(SOON)
    national = Delivery.objects.get(case=case)
    mail = Delivery.objects.create(
        receiver=Receiver.objects.get(key=MAIL),
        case=case,
        event=national.event,
        number=1,
        address="role@example.com",
        party="authority",
    )

    relay.run_once(LATER)

    assert Delivery.objects.get(pk=national.pk).delivered_at
    assert settled(case) is None
    Receiver.objects.filter(key=MAIL).update(active=True)
    relay.run_once(LATEST)
    mail.refresh_from_db()
    assert mail.delivered_at
    assert settled(case) == LATEST


# --- receivers that are off ------------------------------------------------------------------------------------------


def test_receiver_that_is_off_is_owed_what_it_will_get_when_it_is_on_again(receiver: Scripted) -> None:
    row = off()
    case = ended(build.case())

    relay.run_once(SOON)
    assert settled(case) is None
    row.active = True
    row.save()
    relay.run_once(LATER)

    assert settled(case) == LATER


def test_receiver_that_is_off_and_has_no_address_is_given_up(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = ""
    case = ended(build.case())
    relay.run_once(SOON)
    assert Delivery.objects.filter(case=case, delivered_at=None).exists()
    off()

    assert duties.settle_what_is_left(LATER) == {"cases that wait for a receiver": 0}

    assert settled(case) == LATER


def test_receiver_that_is_on_and_has_no_address_is_waited_for(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = ""
    case = ended(build.case())
    relay.run_once(SOON)

    assert duties.settle_what_is_left(LATER) == {"cases that wait for a receiver": 1}

    assert settled(case) is None


def test_receiver_that_comes_later_and_is_owed_the_past_stops_the_clock(receiver: Scripted) -> None:
    since = Receiver.objects.get(key=NATIONAL).since
    Receiver.objects.all().delete()
    case = ended(build.case())
    relay.run_once(SOON)
    assert settled(case) == SOON

    Receiver.objects.create(key=NATIONAL, kind=NATIONAL, name="New", since=since)
    relay.collect(LATER)

    assert settled(case) is None
    relay.run_once(LATEST)
    assert settled(case) == LATEST


def test_saving_a_receiver_that_has_everything_leaves_the_clock_alone(receiver: Scripted) -> None:
    case = ended(build.case())
    relay.run_once(SOON)
    for row in Receiver.objects.all():
        row.save()

    relay.run_once(LATER)

    assert settled(case) == SOON


# --- what nobody would look at ---------------------------------------------------------------------------------------


def test_ended_case_from_before_there_was_this_clock_is_found(receiver: Scripted) -> None:
    case, going_on = ended(build.case()), handled(build.case(by=build.customer("Other")))
    relay.collect(SOON)
    delivered(case)
    delivered(going_on)

    duties.settle_what_is_left(LATER)

    assert (settled(case), settled(going_on)) == (LATER, None)


def test_looking_again_goes_through_all_of_them(receiver: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "BATCH", 2)
    cases = [ended(build.case(by=build.customer(f"Customer {n}"))) for n in range(5)]
    relay.collect(SOON)
    for case in cases:
        delivered(case)

    assert settling.settle_what_is_left(LATER) == 0

    assert {settled(case) for case in cases} == {LATER}


# --- at once ---------------------------------------------------------------------------------------------------------


def _one_more(case: Case, receiver: Receiver) -> Delivery:
    return Delivery.objects.create(receiver=receiver, case=case, event=case.events.get(), number=1, address="a@b.fi")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer: nothing comes between")
def test_of_two_relays_with_the_last_two_deliveries_the_second_settles() -> None:
    since = NOW - timedelta(days=1)
    national, _new = Receiver.objects.get_or_create(key=NATIONAL, defaults={"kind": NATIONAL, "since": since})
    mail, _new = Receiver.objects.get_or_create(key=MAIL, defaults={"kind": MAIL, "since": since})
    case = build.case()
    relay.collect(SOON)
    one, other = Delivery.objects.get(case=case, receiver=national), _one_more(case, mail)

    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            _carried(one, SOON)
            second = another.submit(_alone, other, LATER)
            wait([second], 0.5)
            assert not second.done(), "it waits for the case"
        second.result(30)

    assert settled(case) == LATER


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer: nothing comes between")
def test_line_written_while_the_last_delivery_is_noted_is_owed() -> None:
    national, _new = Receiver.objects.get_or_create(
        key=NATIONAL, defaults={"kind": NATIONAL, "since": NOW - timedelta(days=1)}
    )
    case = build.case()
    relay.collect(SOON)

    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            case.take_step("take_up", by=build.official(), at=SOON)
            noting = another.submit(_alone, Delivery.objects.get(case=case, receiver=national), LATER)
            wait([noting], 0.5)
            assert not noting.done(), "it waits for who takes the step"
        noting.result(30)

    assert settled(case) is None


def _carried(delivery: Delivery, at: datetime) -> None:
    relay._note_delivered([delivery], at)


def _alone(delivery: Delivery, at: datetime) -> None:
    try:
        with transaction.atomic():
            _carried(delivery, at)
    finally:
        connections.close_all()


# --- how much it costs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("receivers", [[], [NATIONAL]], ids=["all on", "one off"])
def test_settling_many_takes_as_many_queries_as_settling_one(receiver: Scripted, receivers: list[str]) -> None:
    cases = [build.case(by=build.customer(f"Customer {n}")) for n in range(6)]
    relay.collect(SOON)
    for case in cases:
        delivered(case)
    for key in receivers:
        off(key)

    def queries(of: list[Case]) -> int:
        with CaptureQueriesContext(connection) as counted, transaction.atomic():
            settling.settle([case.pk for case in of], LATER)
        return len(counted)

    assert queries(cases[:1]) == queries(cases[1:])
    assert {settled(case) for case in cases} == {LATER}


def test_nothing_is_asked_when_nothing_was_touched(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        settling.settle([], NOW)


def test_forgotten_case_does_not_trouble_a_receiver_that_is_switched_on(receiver: Scripted) -> None:
    case = ended(build.case())
    relay.run_once(SOON)
    Delivery.objects.filter(case=case).delete()
    Event.objects.filter(case=case).delete()
    row = off()

    row.active = True
    row.save()

    assert str(relay.run_once(LATER)) == ""
