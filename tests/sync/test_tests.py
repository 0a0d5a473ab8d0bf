"""What comes of testing a version is delivered to nobody but a receiver that is there to test against, and marked as a test."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from apps.cases import envelope, testcases
from apps.cases.models import Case
from apps.services.management.commands import demo
from apps.sync import digests, reconcile, relay, settling
from apps.sync.models import HANDOVER, MAIL, NATIONAL, Delivery, Receiver
from apps.sync.reference.rules import check_case_data, check_event
from apps.sync.reference.server import ReferenceServer
from tests import build
from tests.build import NOW
from tests.sync.golden import broken, steady
from tests.sync.smtp import MailServer

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=10)


def takes_tests(key: str = NATIONAL, *, on: bool = True) -> Receiver:
    receiver = Receiver.objects.get(key=key)
    receiver.takes_tests = on
    receiver.save()
    return receiver


def ended(case: Case) -> Case:
    case.take_step("take_up", by=build.official(), at=NOW)
    case.take_step("close", by=build.official(), at=NOW, outcome="noted", text="So be it")
    return case


# --- to whom ---------------------------------------------------------------------------------------------------------


def test_no_receiver_gets_a_test_unless_it_takes_them() -> None:
    real, test = build.case(), build.tried()

    relay.collect(NOW)

    assert set(Delivery.objects.values_list("case", flat=True)) == {real.pk}
    test.refresh_from_db()
    assert test.uncollected_from is None


def test_receiver_that_takes_tests_gets_them_beside_all_else() -> None:
    takes_tests()
    real, test = build.case(), ended(build.tried())

    relay.collect(NOW)

    assert [(one.case_id, one.number) for one in Delivery.objects.order_by("case", "number")] == [
        (real.pk, 1),
        (test.pk, 1),
        (test.pk, 2),
        (test.pk, 3),
    ]


def test_receiver_that_takes_tests_from_now_on_gets_those_that_are_there() -> None:
    test = build.tried()
    relay.collect(NOW)

    takes_tests()
    relay.collect(NOW)

    assert Delivery.objects.get().case == test


def test_saving_a_receiver_that_takes_none_does_not_look_at_tests_again() -> None:
    test = build.tried()
    relay.collect(NOW)

    takes_tests(on=False)

    test.refresh_from_db()
    assert test.uncollected_from is None


def test_nobody_is_told_of_a_test_by_mail_whatever_the_receiver_takes(mail_server: MailServer) -> None:
    takes_tests(MAIL)
    who = build.customer()
    type(who).objects.filter(pk=who.pk).update(email="who@example.com")
    who.refresh_from_db()
    service = build.version(build.page("tried", build.field("text", "title")), published=False).service
    service.email = "role@example.com"
    service.save()
    test = build.tried(by=who)
    test.take_step("take_up", by=build.official(), at=NOW)
    test.take_step("write", by=build.official(), at=NOW, text="A word")

    relay.run_once(SOON)

    assert not Delivery.objects.filter(receiver__key=MAIL).exists()
    assert digests.post_all(SOON) == 0


def test_no_package_of_a_test_is_dropped_whatever_the_receiver_takes(settings: Settings, tmp_path: Path) -> None:
    settings.HANDOVER_FOLDER = str(tmp_path)
    if Receiver.objects.filter(key=HANDOVER).exists():
        takes_tests(HANDOVER)
    test = build.tried()
    test.service.handover_on = ["close"]
    test.service.save()
    ended(Case.objects.get(pk=test.pk))

    relay.run_once(SOON)

    assert list(tmp_path.iterdir()) == []


def test_a_test_waits_for_nobody() -> None:
    Receiver.objects.filter(key=NATIONAL).update(active=False)
    ended(build.tried())
    relay.collect(NOW)

    assert settling.settle_what_is_left(SOON) == 0


# --- what is said ----------------------------------------------------------------------------------------------------


def test_case_data_and_events_of_a_test_say_so() -> None:
    event = build.tried().events.get()

    data, told = envelope.case_data(event), envelope.event(event, 1)

    check_case_data(data, str(event.case.external_id))
    check_event(told, str(event.case.external_id))
    assert broken("data-test", steady(data, event.case)) == []
    assert broken("event-test", steady(told, event.case)) == []
    assert data["test"] is told["test"] is envelope.skipped(event, 1)["test"] is True


def test_what_is_real_says_nothing_of_it() -> None:
    event = build.case().events.get()

    assert "test" not in envelope.case_data(event)
    assert "test" not in envelope.event(event, 1)
    assert "test" not in envelope.skipped(event, 1)


def test_reference_receiver_gets_a_test_marked_as_one(reference: ReferenceServer) -> None:
    takes_tests()
    test = ended(build.tried())

    counts = relay.run_once(SOON)

    assert counts.delivered == 3
    stored = received(reference, test)
    assert stored["test"] is True
    assert stored["caseNumber"] == test.number


def received(reference: ReferenceServer, case: Case) -> dict[str, Any]:
    import requests  # noqa: PLC0415 (read as any client would)

    found: dict[str, Any] = requests.get(f"{reference.address}/commondata/{case.external_id}", timeout=20).json()
    return found


# --- comparing -------------------------------------------------------------------------------------------------------


def test_tests_are_not_compared(reference: ReferenceServer) -> None:
    takes_tests()
    build.case()
    build.tried()
    relay.run_once(SOON)

    found = reconcile.reconcile(SOON + timedelta(hours=1))

    assert found.is_green
    assert found.totals == {"accepted": 1, "acknowledged": 1}


def test_a_test_that_was_deleted_here_is_not_missed_here(reference: ReferenceServer) -> None:
    takes_tests()
    test = build.tried()
    relay.run_once(SOON)
    testcases.delete_tests(test.application.version.rehearsal)
    assert not Delivery.objects.exists()

    assert reconcile.reconcile(SOON + timedelta(hours=1)).is_green


def test_only_ids_of_tests_are_known_as_such() -> None:
    real, test = build.case(), build.tried()

    assert testcases.is_of_test(str(test.external_id))
    assert not testcases.is_of_test(str(real.external_id))
    assert not testcases.is_of_test("no uuid")


# --- who says so -----------------------------------------------------------------------------------------------------


def test_superuser_lets_the_national_receiver_get_tests_and_no_other() -> None:
    browser = build.signed_in(build.superuser())
    for key, expected in ((NATIONAL, True), (MAIL, False)):
        receiver = Receiver.objects.get(key=key)
        browser.post(f"/admin/sync/receiver/{receiver.pk}/change/", {"active": "on", "takes_tests": "on"})
        receiver.refresh_from_db()
        assert receiver.takes_tests is expected


def test_receivers_take_no_tests_unless_somebody_says_so() -> None:
    assert not Receiver.objects.filter(takes_tests=True).exists()


def test_example_installations_national_receiver_takes_tests() -> None:
    assert len(demo.MORE) == 1

    for add in demo.MORE:
        add()

    assert list(Receiver.objects.filter(takes_tests=True).values_list("key", flat=True)) == [NATIONAL]


# --- the desk's list of deliveries -----------------------------------------------------------------------------------


def deliveries(browser: Client, **by: Any) -> str:
    return browser.get("/admin/sync/delivery/", by).content.decode()


def test_deliveries_of_a_test_are_listed_only_where_they_are_asked_for() -> None:
    takes_tests()
    test = build.tried()
    relay.collect(NOW)
    handler = build.signed_in(build.official())

    assert str(test.number) not in deliveries(handler)
    assert str(test.number) in deliveries(handler, case__id__exact=test.pk)
    assert handler.get(f"/admin/sync/delivery/{Delivery.objects.get().pk}/change/").status_code == 200
    assert str(test.number) in deliveries(build.signed_in(build.superuser()))


def test_golden_files_of_tests_differ_from_those_of_real_cases_by_the_mark_alone() -> None:
    event = build.tried().events.get()
    marked = envelope.event(event, 1)
    Case.objects.filter(pk=event.case_id).update(is_test=False)
    event.case.refresh_from_db()

    assert json.dumps({**envelope.event(event, 1), "test": True}, sort_keys=True) == json.dumps(marked, sort_keys=True)
