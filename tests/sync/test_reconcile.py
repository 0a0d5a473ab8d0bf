"""Whether anything is missing at the receiver: found, said what, and mended; over real sockets against the reference receiver."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from apps.cases.models import Case
from apps.people.models import LogLine
from apps.sync import duties, reconcile, relay
from apps.sync.models import Delivery, Finding, LedgerEntry, Receiver
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


def test_receiver_that_has_lost_everything_gets_everything(reference: ReferenceServer) -> None:
    cases = delivered(3)
    for table in ("event", "case_data", "answered", "attachment", "piece"):
        lose(reference, f"delete from {table}")  # noqa: S608

    reconcile.resend(reconcile.reconcile(at(2)), at=at(3))
    relay.run_once(at(4))

    assert [reference.store.last_number(str(case.external_id)) for case in cases] == [2, 2, 2]
    assert reconcile.reconcile(at(6)).is_green


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


@pytest.mark.parametrize("cases", [1, 5])
def test_queries_do_not_grow_with_cases(
    reference: ReferenceServer, cases: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    delivered(cases)
    reconcile.reconcile(at(2))  # works out the digests

    with django_assert_num_queries(14):
        reconcile.reconcile(at(3))


def test_ledger_is_read_page_by_page(reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    delivered(5)
    read = reconcile.national.ledger
    monkeypatch.setattr(reconcile.national, "ledger", lambda: read(page=2))
    monkeypatch.setattr(reconcile, "AT_ONCE", 2)

    found = reconcile.reconcile(at(2))

    assert found.is_green
    assert found.totals["acknowledged"] == 5


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


def test_findings_beyond_what_is_written_down_are_counted(
    reference: ReferenceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MOST_FINDINGS", 1)
    delivered(3)
    lose(reference, "delete from event")

    found = reconcile.reconcile(at(2))

    assert (found.totals["behind"], Finding.objects.count()) == (3, 1)


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
