"""Whether anything is missing at the receiver: found, said what, and mended; over real sockets against the reference receiver."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from apps.cases.models import Case
from apps.people.models import LogLine
from apps.sync import duties, models, reconcile, relay
from apps.sync.models import Delivery, Finding, LedgerEntry, Receiver, Reconciliation
from apps.sync.reference.server import ReferenceServer
from tests import build
from tests.build import NOW
from tests.sync.folders import handled, supplemented, with_file
from tests.sync.scripted import Scripted

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=10)


def at(hours: float) -> Any:
    return NOW + timedelta(hours=hours)


def delivered(number: int = 1) -> list[Case]:
    """Cases whose two events the receiver has."""
    cases = [handled(build.case(by=build.customer(f"Customer {n}"))) for n in range(number)]
    relay.run_once(SOON)
    return cases


def lose(reference: ReferenceServer, sql: str, *values: object) -> None:
    """Let the receiver forget something behind everybody's back."""
    with closing(sqlite3.connect(reference.settings.store)) as store:
        store.execute(sql, values)
        store.commit()


def kinds(found: Any) -> list[str]:
    return sorted(found.findings.values_list("kind", flat=True))


def test_all_is_green_when_both_sides_say_the_same(reference: ReferenceServer) -> None:
    delivered(3)

    found = reconcile.reconcile(at(2))

    assert found.is_green
    assert found.totals == {"accepted": 3, "acknowledged": 3}
    assert found.days == [["example", "2027-03-01", {"accepted": 3, "acknowledged": 3}]]
    assert not LedgerEntry.objects.exists()


def test_what_waits_is_no_difference(reference: ReferenceServer) -> None:
    build.case()
    relay.collect(SOON)

    found = reconcile.reconcile(at(2))

    assert found.is_green
    assert found.totals == {"accepted": 1, "waiting": 1}


def test_case_that_the_receiver_has_lost_is_found(reference: ReferenceServer) -> None:
    case, _other = delivered(2)
    for table in ("event", "case_data"):
        lose(reference, f"delete from {table} where external_id = ?", str(case.external_id))  # noqa: S608

    found = reconcile.reconcile(at(2))

    assert not found.is_green
    assert [(one.kind, one.case_id, one.ours, one.theirs) for one in found.findings.all()] == [
        ("missing", case.pk, 2, 0)
    ]


def test_events_that_the_receiver_has_lost_are_found(reference: ReferenceServer) -> None:
    (case,) = delivered()
    lose(reference, "delete from event where number = 2")

    found = reconcile.reconcile(at(2))

    assert [(one.kind, one.case_id, one.ours, one.theirs) for one in found.findings.all()] == [
        ("behind", case.pk, 2, 1)
    ]


def test_other_case_data_there_are_found(reference: ReferenceServer) -> None:
    delivered()
    lose(reference, "update case_data set digest = 'sha-256:0'")

    assert kinds(reconcile.reconcile(at(2))) == ["differing"]


def test_what_is_unknown_here_is_found(reference: ReferenceServer) -> None:
    delivered()
    lose(reference, "update event set external_id = ?", str(uuid.uuid4()))
    lose(reference, "update case_data set external_id = (select external_id from event limit 1)")

    assert kinds(reconcile.reconcile(at(2))) == ["missing", "unknown"]


def test_events_there_that_we_do_not_know_to_be_sent_are_found(reference: ReferenceServer) -> None:
    (case,) = delivered()
    Delivery.objects.filter(case=case, number=2).update(delivered_at=None, next_at=at(9))

    assert kinds(reconcile.reconcile(at(2))) == ["ahead"]


def test_refused_deliveries_are_found(receiver: Scripted) -> None:
    receiver.rules["/events"] = (422, {}, {"title": "no"})
    build.case()
    relay.run_once(SOON)
    receiver.rules = {"/commondata": (200, {}, {"items": [], "next": None})}

    assert kinds(reconcile.reconcile(at(2))) == ["refused"]


def test_case_that_moves_meanwhile_is_left_to_the_next_comparison(reference: ReferenceServer) -> None:
    delivered()
    lose(reference, "delete from event")

    assert kinds(reconcile.reconcile(SOON + timedelta(seconds=30))) == []
    assert kinds(reconcile.reconcile(at(2))) == ["behind"]


@pytest.mark.parametrize("lost", ["delete from event where number = 2", "delete from event"])
def test_sending_again_mends_it_under_the_old_keys_and_numbers(reference: ReferenceServer, lost: str) -> None:
    (case,) = delivered()
    keys = list(case.events.order_by("number").values_list("key", flat=True))
    lose(reference, lost)
    lose(reference, "delete from answered")
    found = reconcile.reconcile(at(2))

    assert reconcile.resend(found, at=at(3)) == 1
    assert reconcile.resend(found, at=at(3)) == 0
    relay.run_once(at(4))

    rows = reference.store.events(str(case.external_id))
    assert [(row["number"], row["key"]) for row in rows] == [(n, str(key)) for n, key in enumerate(keys, 1)]
    assert reconcile.reconcile(at(6)).is_green


def test_sending_other_case_data_again_brings_the_newest(reference: ReferenceServer) -> None:
    case = supplemented(with_file(), b"%PDF-1.7 the supplement")
    relay.run_once(SOON)
    newest = reference.store.case_data(str(case.external_id))
    assert newest is not None
    lose(reference, "update case_data set digest = 'sha-256:0' where digest = ?", newest["digest"])

    reconcile.resend(reconcile.reconcile(at(2)), at=at(3))

    (again,) = Delivery.objects.filter(case=case, delivered_at=None)
    assert again.event.kind == "supplement"


@pytest.mark.thorough
def test_receiver_that_has_lost_everything_gets_everything(reference: ReferenceServer) -> None:
    cases = delivered(3)
    for table in ("event", "case_data", "answered", "attachment", "piece"):
        lose(reference, f"delete from {table}")  # noqa: S608

    reconcile.resend(reconcile.reconcile(at(2)), at=at(3))
    relay.run_once(at(4))

    assert [reference.store.last_number(str(case.external_id)) for case in cases] == [2, 2, 2]
    assert reconcile.reconcile(at(6)).is_green


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("500", "500"),
        ("close_before", "ConnectionError"),
        ((200, {}, {"items": "x"}), "not as agreed"),
        ((200, {}, {"items": [{"externalId": "a"}]}), "not as agreed"),
        ((200, {}, {"items": [], "next": 5}), "do not end"),
        ((200, {}, {"items": [], "next": "again"}), "do not end"),
    ],
)
def test_ledger_that_cannot_be_read_says_why_and_is_not_green(receiver: Scripted, answer: Any, why: str) -> None:
    receiver.rules["/commondata"] = answer

    found = reconcile.reconcile(at(2))

    assert not found.is_green
    assert why in found.trouble
    assert not LedgerEntry.objects.exists()


@pytest.mark.thorough
@pytest.mark.parametrize("cases", [1, 5])
def test_queries_do_not_grow_with_cases(
    reference: ReferenceServer, cases: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    delivered(cases)
    reconcile.reconcile(at(2))  # works out the digests

    with django_assert_num_queries(15):
        reconcile.reconcile(at(3))


def test_ledger_is_read_page_by_page(reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered(5)
    read = reconcile.national.ledger
    monkeypatch.setattr(reconcile.national, "ledger", lambda: read(page=2))
    monkeypatch.setattr(reconcile, "AT_ONCE", 2)

    found = reconcile.reconcile(at(2))

    assert found.is_green
    assert found.totals["acknowledged"] == 5


@pytest.mark.thorough
def test_old_comparisons_are_forgotten(reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "KEPT", 2)
    for hour in range(4):
        reconcile.reconcile(at(hour + 2))

    assert Receiver.objects.get(key="national").reconciliations.count() == 2


def test_token_goes_along(receiver: Scripted, settings: Settings) -> None:
    settings.NATIONAL_SERVICE_TOKEN = "a-token"
    settings.NATIONAL_SERVICE_XROAD_CLIENT = "FI/GOV/1/sub"
    receiver.rules["/commondata"] = (200, {}, {"items": [], "next": None})

    reconcile.reconcile(at(2))

    (said,) = receiver.said
    assert said.headers["authorization"] == "Bearer a-token"
    assert said.headers["x-road-client"] == "FI/GOV/1/sub"


@pytest.mark.thorough
def test_findings_beyond_what_is_written_down_are_counted(
    reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MOST_FINDINGS", 1)
    delivered(3)
    lose(reference, "delete from event")

    found = reconcile.reconcile(at(2))

    assert (found.totals["behind"], Finding.objects.count()) == (3, 1)
    assert reconcile.not_written_down(found) == 2


@pytest.mark.parametrize("at_once", [2, 200])
def test_everything_that_differs_is_sent_again_at_once(
    reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(reconcile, "MOST_FINDINGS", 1)
    monkeypatch.setattr(reconcile, "AT_ONCE", at_once)
    cases = delivered(5)
    lose(reference, "delete from event where number = 2")
    lose(reference, "delete from answered")

    found = reconcile.reconcile(at(2), sending=True)

    assert found.totals["resent"] == 5
    assert reconcile.unmended(found) == []
    assert not reconcile.resendable(found).exists()
    relay.run_once(at(3))
    assert [reference.store.last_number(str(case.external_id)) for case in cases] == [2] * 5
    assert reconcile.reconcile(at(6)).is_green


def test_comparison_only_tells_and_sends_nothing_unless_it_is_told_to(reference: ReferenceServer) -> None:
    delivered(2)
    lose(reference, "delete from event where number = 2")

    found = reconcile.reconcile(at(2))

    assert reconcile.unmended(found) == ["behind"]
    assert not Delivery.objects.filter(delivered_at=None).exists()


@pytest.mark.skipif("sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="PostgreSQL keeps statistics")
def test_sqlite_looks_deliveries_up_by_the_case_without_statistics(reference: ReferenceServer) -> None:
    """By the receiver each look would walk through everything that it was ever sent."""
    delivered()
    lose(reference, "delete from event")

    with CaptureQueriesContext(connection) as asked:
        reconcile.reconcile(at(2), sending=True)

    of_deliveries = [one["sql"] for one in asked if "sync_delivery" in one["sql"] and "INSERT" not in one["sql"]]
    with connection.cursor() as cursor:
        plans = [cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall() for sql in of_deliveries]
    assert len(plans) >= 3
    assert not [plan for plan in plans if "receiver_id=" in str(plan) or "SCAN sync_delivery" in str(plan)]


# --- one that is killed ------------------------------------------------------------------------------------------------


def killed(when: datetime) -> Reconciliation:
    """A comparison that read a line of the ledger and then nothing more was heard of."""
    found = Reconciliation.objects.create(receiver=Receiver.objects.get(key="national"), started_at=when)
    LedgerEntry.objects.create(reconciliation=found, external_id=str(uuid.uuid4()), last_event=1)
    return found


def test_what_a_killed_comparison_left_is_removed_by_the_next(reference: ReferenceServer) -> None:
    dead = killed(at(-7))

    reconcile.reconcile(at(0))

    assert not dead.entries.exists()


def test_what_a_comparison_that_may_go_on_has_read_is_left_alone(reference: ReferenceServer) -> None:
    alive = killed(at(-1))

    reconcile.reconcile(at(0))

    assert alive.entries.exists()


def test_comparison_that_took_longer_than_any_can_is_not_green(
    reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "LONGEST_COMPARISON", timedelta(0))

    found = reconcile.reconcile(at(0))

    assert not found.is_green
    assert found.trouble == "it took too long"


@pytest.mark.parametrize(("hours", "words"), [(1, "Going on"), (7, "Broke off before it came to its end")])
def test_page_says_of_a_comparison_that_was_killed_that_it_broke_off(hours: int, words: str) -> None:
    dead = killed(timezone.now() - timedelta(hours=hours))
    browser = build.signed_in(build.superuser(), headers={"accept-language": "en"})

    for page in ("/admin/sync/reconciliation/", f"/admin/sync/reconciliation/{dead.pk}/change/"):
        assert words in browser.get(page).text


def test_nothing_is_sent_again_of_a_comparison_that_was_killed(reference: ReferenceServer) -> None:
    (case,) = delivered()
    dead = killed(at(2))
    Finding.objects.create(reconciliation=dead, kind="missing", case=case, external_id=str(case.external_id), ours=2)

    assert reconcile.resend(dead, at=at(3)) == 0


# --- the command, the duty and the page --------------------------------------------------------------------------------


def test_command_says_what_differs_and_mends_it(reference: ReferenceServer, capsys: pytest.CaptureFixture[str]) -> None:
    (case,) = delivered()
    lose(reference, "delete from event where number = 2")
    lose(reference, "delete from answered")
    Delivery.objects.update(delivered_at=timezone.now() - timedelta(days=1))

    with pytest.raises(CommandError, match="Not the same"):
        call_command("reconcile")
    call_command("reconcile", "--resend")

    said = capsys.readouterr().out
    assert f"behind: {case.number}, ours 2, theirs 1" in said
    assert "sent again 1" in said


def test_command_sends_all_again_though_not_all_is_written_down(
    reference: ReferenceServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MOST_FINDINGS", 1)
    delivered(3)
    lose(reference, "delete from event where number = 2")
    Delivery.objects.update(delivered_at=timezone.now() - timedelta(days=1))

    call_command("reconcile", "--resend")

    assert "sent again 3" in capsys.readouterr().out
    assert Delivery.objects.filter(delivered_at=None).count() == 3


def test_command_fails_when_what_sending_does_not_mend_is_not_written_down(
    reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MOST_FINDINGS", 1)
    first, second = delivered(2)
    lose(reference, "delete from event where number = 2 and external_id = ?", str(first.external_id))
    Delivery.objects.update(delivered_at=timezone.now() - timedelta(days=1))
    Delivery.objects.filter(case=second, number=2).update(delivered_at=None, next_at=timezone.now() + timedelta(days=1))

    with translation.override("en"), pytest.raises(CommandError, match="Events there that we have not sent") as told:
        call_command("reconcile", "--resend")

    assert "Events missing there" not in str(told.value)


def test_page_says_that_more_differs_than_it_sends_again(
    reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MOST_FINDINGS", 1)
    delivered(3)
    lose(reference, "delete from event where number = 2")
    found, browser = reconcile.reconcile(at(2)), build.signed_in(build.superuser(), headers={"accept-language": "en"})
    page = f"/admin/sync/reconciliation/{found.pk}/change/"

    browser.post(f"/admin/sync/reconciliation/{found.pk}/resend/")

    assert "2 more cases differ than are written down here." in browser.get(page).text
    assert "manage.py reconcile --resend" in browser.get(page).text


def test_command_says_when_there_is_nobody_to_compare_with(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = ""

    with pytest.raises(CommandError, match="NATIONAL_SERVICE_URL"):
        call_command("reconcile")


def test_comparison_is_a_duty_of_the_night(reference: ReferenceServer) -> None:
    delivered(2)

    assert duties.compare_with_the_national_service(at(2)) == {"accepted": 2, "acknowledged": 2}
    assert any(duty.do is duties.compare_with_the_national_service and duty.at for duty in duties.DUTIES)


def test_what_is_sent_again_stops_the_clock_of_deleting(reference: ReferenceServer) -> None:
    (case,) = delivered()
    case.refresh_from_db()
    assert case.settled_at is not None
    lose(reference, "delete from event where number = 2")

    reconcile.resend(reconcile.reconcile(at(2)), at=at(3))

    case.refresh_from_db()
    assert case.settled_at is None


def test_page_shows_what_differs_and_sends_it_again_once(reference: ReferenceServer) -> None:
    (case,) = delivered()
    lose(reference, "delete from event where number = 2")
    found = reconcile.reconcile(at(2))
    browser = build.signed_in(build.superuser(), headers={"accept-language": "en"})
    page = f"/admin/sync/reconciliation/{found.pk}/change/"

    assert "Events missing there" in browser.get(page).content.decode()
    assert browser.get("/admin/sync/reconciliation/").status_code == 200
    for _again in range(2):
        browser.post(f"/admin/sync/reconciliation/{found.pk}/resend/")

    assert Delivery.objects.filter(case=case, delivered_at=None).count() == 1
    assert "Send again what is missing there" not in browser.get(page).content.decode()
    assert LogLine.objects.filter(act="changed", about="deliveries").count() == 2


@pytest.mark.parametrize("role", ["manager", "handler", "designer"])
def test_page_is_for_who_looks_after_the_installation(reference: ReferenceServer, role: str) -> None:
    delivered()
    found = reconcile.reconcile(at(2))
    browser = build.signed_in(build.official("somebody", role=role))

    assert browser.get("/admin/sync/reconciliation/").status_code == 403
    assert browser.get(f"/admin/sync/reconciliation/{found.pk}/change/").status_code in (403, 404)
    assert browser.post(f"/admin/sync/reconciliation/{found.pk}/resend/").status_code in (403, 404)
    assert not reconcile.resendable(found).filter(resent_at__isnull=False).exists()
