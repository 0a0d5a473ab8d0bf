"""Collect, claim, send, note: over real sockets, against receivers in every mood. Nothing lost, nothing doubled, order kept."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.db import connection, connections, transaction
from django.db.models import Model, QuerySet
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case, Event
from apps.people.models import Authority
from apps.services.models import Version
from apps.sync import clock, relay
from apps.sync.models import MAIL, Delivery, DeliveryStatus, NotRefused, ReasonMissing, Receiver
from apps.sync.receivers.base import PIECE, Content, Delivered, Later, Outcome, Parcel
from apps.sync.receivers.national import National
from apps.sync.reference.answers import Refused
from apps.sync.reference.server import ReferenceServer
from tests import build
from tests.build import NOW
from tests.sync import folders
from tests.sync.folders import PDF, handled, standing, supplemented, with_file
from tests.sync.patience import hurried
from tests.sync.scripted import Scripted

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def rarely(*values: Any) -> list[Any]:
    """Rows of a table that say much the same as those before them: in make thorough alone."""
    return [pytest.param(value, marks=pytest.mark.thorough) for value in values]


SOON = NOW + timedelta(minutes=10)
T = TypeVar("T")


def at(hours: float) -> Any:
    return NOW + timedelta(hours=hours)


def firmly(status: int, **document: Any) -> list[Any]:
    """A refusal that stays the same on a new connection, where it is asked for again."""
    return [(status, {}, document)] * 2


def as_stored(case: Case, **which: Any) -> QuerySet[Event]:
    """A case's lines as rows, which the product never changes."""
    return QuerySet(Event).filter(case=case, **which)


def numbers(reference: ReferenceServer, case: Case) -> list[tuple[int, str]]:
    return [(row["number"], row["kind"]) for row in reference.store.events(str(case.external_id))]


def bytes_at(reference: ReferenceServer, case: Case, attachment: str) -> bytes:
    row = reference.store.attachment(str(case.external_id), attachment)
    assert row is not None
    return b"".join(reference.store.pieces(row["id"]))


# --- all is well -----------------------------------------------------------------------------------------------------


def test_case_arrives_with_data_attachment_and_every_event(reference: ReferenceServer) -> None:
    case = supplemented(with_file(), b"%PDF-1.7 the supplement")

    counts = relay.run_once(SOON)

    assert (counts.collected, counts.delivered) == (4, 4)
    assert numbers(reference, case) == [(1, "received"), (2, "take_up"), (3, "request_supplement"), (4, "supplement")]
    assert bytes_at(reference, case, folders.ATTACHED.format(n=1)) == PDF
    assert bytes_at(reference, case, folders.ATTACHED.format(n=2)) == b"%PDF-1.7 the supplement"
    assert standing(case) == ["delivered"] * 4
    case.refresh_from_db()
    assert (case.acknowledged_number, case.acknowledged_at) == (4, SOON)


def test_data_then_attachments_then_event_under_their_keys(receiver: Scripted) -> None:
    case = with_file()
    key = case.events.get().key

    relay.run_once(SOON)

    part = f"/commondata/{case.external_id}"
    attached = folders.ATTACHED.format(n=1)
    assert [(said.method, said.path, said.key) for said in receiver.said] == [
        ("PUT", part, f"{key}:data"),
        ("PUT", f"{part}/attachments/{attached}", f"{key}:{attached}"),
        ("POST", f"{part}/events", str(key)),
    ]
    file = receiver.said[1]
    assert file.body == PDF
    assert file.headers["content-length"] == str(len(PDF))
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["digest"] == f"sha-256={base64.b64encode(hashlib.sha256(PDF).digest()).decode()}"


def test_message_goes_with_its_files_before_its_event(receiver: Scripted) -> None:
    case = handled(with_file())
    relay.run_once(SOON)
    before = len(receiver.said)
    files = [folders.document(b"%PDF-1.7 a map", n=3), folders.document(b"%PDF-1.7 another", n=4)]

    event = case.take_step("write", by=build.official(), at=SOON, text="Two maps", files=files)
    relay.run_once(at(1))

    part = f"/commondata/{case.external_id}"
    said = receiver.said[before:]
    assert [(one.method, one.path, one.key) for one in said] == [
        *(("PUT", f"{part}/attachments/{file.pk}", f"{event.key}:{file.pk}") for file in files),
        ("POST", f"{part}/events", str(event.key)),
    ]
    assert [one.body for one in said[:2]] == [b"%PDF-1.7 a map", b"%PDF-1.7 another"]


def test_messages_arrive_both_ways_with_their_files(reference: ReferenceServer) -> None:
    case = handled(with_file())
    case.take_step(
        "reply", by=case.application.customer, at=SOON, text="My map", files=[folders.document(b"ours", n=3)]
    )
    case.take_step("write", by=build.official(), at=SOON, text="Our map", files=[folders.document(b"theirs", n=4)])
    case.take_step("register", by=build.official(), at=SOON, register_number="EX/1")
    case.take_step(
        "close", by=build.official(), at=SOON, outcome="noted", text="", files=[folders.document(b"decision", n=5)]
    )

    relay.run_once(at(1))

    kinds = ["received", "take_up", "reply", "write", "register", "close"]
    assert numbers(reference, case) == list(enumerate(kinds, 1))
    contents = [bytes_at(reference, case, folders.ATTACHED.format(n=n)) for n in (3, 4, 5)]
    assert contents == [b"ours", b"theirs", b"decision"]


def test_message_to_a_receiver_that_has_lost_the_case_is_sent_after_all_of_it(reference: ReferenceServer) -> None:
    case = handled(with_file())
    relay.run_once(SOON)
    case.take_step("write", by=build.official(), at=SOON, text="A map", files=[folders.document(b"a map", n=3)])
    reference.store.forget("")

    relay.run_once(at(1))
    relay.run_once(at(2))

    assert [kind for _number, kind in numbers(reference, case)] == ["received", "take_up", "write"]
    assert bytes_at(reference, case, folders.ATTACHED.format(n=3)) == b"a map"
    assert standing(case) == ["delivered"] * 3


def test_skipped_message_leaves_its_files_at_home(receiver: Scripted) -> None:
    case = handled(with_file())
    relay.run_once(SOON)
    before = len(receiver.said)
    case.take_step("write", by=build.official(), at=SOON, text="A map", files=[folders.document(b"a map", n=3)])
    relay.collect(SOON)
    Delivery.objects.filter(delivered_at=None).update(skipped_at=SOON, reason="not for them")

    relay.run_once(at(1))

    posted = [one for one in receiver.said[before:] if one.method != "GET"]
    assert [(one.method, one.path.rpartition("/")[2]) for one in posted] == [("POST", "events")]


def test_requests_say_who_sends_and_of_which_case(receiver: Scripted, settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL += "/r1/FI-TEST/GOV/1/sub/service/"
    settings.NATIONAL_SERVICE_XROAD_CLIENT = "FI-TEST/MUN/0000000-0/portal"
    settings.NATIONAL_SERVICE_TOKEN = "example-token"
    case = build.case()

    relay.run_once(SOON)

    assert all(said.path.startswith("/r1/FI-TEST/GOV/1/sub/service/commondata/") for said in receiver.said)
    for said in receiver.said:
        assert said.headers["x-road-client"] == "FI-TEST/MUN/0000000-0/portal"
        assert said.headers["x-road-issue"] == case.number
        assert said.headers["authorization"] == "Bearer example-token"
    assert len({uuid.UUID(said.headers["x-road-id"]) for said in receiver.said}) == 2


def test_nothing_is_tried_without_an_address(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = ""
    case = build.case()

    counts = relay.run_once(SOON)

    assert str(counts) == "collected 1"
    assert standing(case) == ["waiting"]


def test_nothing_is_sent_to_a_receiver_that_is_off_and_all_of_it_when_it_is_on(receiver: Scripted) -> None:
    Receiver.objects.update(active=False)
    case = handled(build.case())

    assert str(relay.run_once(SOON)) == ""
    for receiver_row in Receiver.objects.all():
        receiver_row.active = True
        receiver_row.save()

    assert relay.run_once(SOON).delivered == 2
    assert standing(case) == ["delivered"] * 2


def test_empty_attachment_is_sent_with_its_length(receiver: Scripted) -> None:
    case = with_file(b"")

    relay.run_once(SOON)

    assert receiver.of("PUT", "/attachments/")[0].headers["content-length"] == "0"
    assert standing(case) == ["delivered"]


# --- all is not well -------------------------------------------------------------------------------------------------

MOODS = (
    "500", "500_after", "hang", "hang_after", "close_before", "close_after", "twice", "garbage", "empty", "cut", "list",
    "other_key", "redirect", "stray", "nameless",
)  # fmt: skip


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("place", [2, *rarely(0, 1, 3)], ids=["event", "data", "attachment", "next event"])
def test_nothing_lost_doubled_or_out_of_order(receiver: Scripted, settings: Settings, mood: str, place: int) -> None:
    case = handled(with_file())
    receiver.script = ["ok"] * place + [mood]

    with hurried(settings, "hang" in mood):
        relay.run_once(SOON)
    receiver.script = []
    relay.run_once(at(2))

    assert [event["kind"] for event in receiver.events()] == ["received", "take_up"]
    assert [number for _part, number in receiver.order] == [1, 2]
    assert standing(case) == ["delivered"] * 2
    sent: dict[str, set[bytes]] = {}
    for said in receiver.said:
        if said.key:
            sent.setdefault(said.key, set()).add(said.body)
    assert len(sent) == 4
    assert all(len(bodies) == 1 for bodies in sent.values())


@pytest.mark.parametrize("mood", ["garbage", "empty", "list", "other_key", "cut", "close_after", "hang_after"])
def test_receiver_is_asked_before_anything_is_sent_again_when_the_answer_was_lost(
    receiver: Scripted, settings: Settings, mood: str
) -> None:
    case = build.case()
    receiver.script = ["ok", mood]

    with hurried(settings, "hang" in mood):
        assert relay.run_once(SOON).unknown == 1
    assert Delivery.objects.get().answer_lost
    asked_from = len(receiver.said)
    relay.run_once(at(2))

    assert receiver.said[asked_from].method == "GET"
    assert receiver.said[asked_from].path == f"/commondata/{case.external_id}/events/{case.events.get().key}"
    applied = mood in ("other_key", "cut", "close_after", "hang_after")
    assert len(receiver.of("POST")) == (1 if applied else 2)
    assert standing(case) == ["delivered"]


def test_answer_that_asks_in_turn_is_tried_again_later(receiver: Scripted) -> None:
    case = build.case()
    receiver.script = ["ok", "close_after", "garbage"]
    relay.run_once(SOON)

    assert relay.run_once(at(2)).later == 1
    assert relay.run_once(at(4)).delivered == 1
    assert len(receiver.of("POST")) == 1
    assert standing(case) == ["delivered"]


@pytest.mark.parametrize("status", [429, 503, *rarely(408, 425, 500, 502)])
def test_retry_after_is_honoured(receiver: Scripted, status: int) -> None:
    case = build.case()
    receiver.script = [(status, {"Retry-After": "120"}, {"title": "Not now"})]

    assert relay.run_once(SOON).later == 1
    assert str(relay.run_once(SOON + timedelta(seconds=119))) == ""
    assert relay.run_once(SOON + timedelta(seconds=121)).delivered == 1
    assert standing(case) == ["delivered"]


def test_xroad_error_is_not_the_receivers_refusal(receiver: Scripted) -> None:
    build.case()
    receiver.script = [(400, {"X-Road-Error": "Client.BadRequest"}, {"type": "Client.BadRequest"})]

    assert relay.run_once(SOON).later == 1
    assert relay.run_once(at(2)).delivered == 1


@pytest.mark.parametrize("status", [400, 422, *rarely(404, 405, 413, 415)])
def test_refusal_stops_its_own_case_only(receiver: Scripted, status: int) -> None:
    stopped, other = handled(build.case()), handled(build.case(by=build.customer("Other")))
    secret = {"title": "No", "detail": "Example Customer", "errors": [{"pointer": "/formdata", "detail": "Example"}]}
    receiver.rules = {str(stopped.external_id): (status, {}, secret)}

    counts = relay.run_once(SOON)

    assert (counts.refused, counts.delivered) == (1, 2)
    assert standing(stopped) == ["refused", "waiting"]
    assert standing(other) == ["delivered"] * 2
    assert Delivery.objects.get(case=stopped, number=1).last_error == f"{status} /formdata"
    assert str(relay.run_once(at(100))) == ""


def test_plain_refusal_of_a_receiver_with_other_words_stops_the_line(receiver: Scripted) -> None:
    case = build.case()
    receiver.script = ["ok", *firmly(400, error="rejected")]

    assert relay.run_once(SOON).refused == 1
    assert standing(case) == ["refused"]


@pytest.mark.parametrize(
    "body", [b"<!doctype html><p>Forbidden", *rarely(b"", b'["no"]')], ids=["page", "empty", "list"]
)
@pytest.mark.parametrize("status", [404, 422, *rarely(400, 405, 409, 413)])
@pytest.mark.parametrize("place", [2, *rarely(0, 1)], ids=["event", "data", "attachment"])
def test_no_that_is_not_the_receivers_own_is_tried_again(
    receiver: Scripted, place: int, status: int, body: bytes
) -> None:
    case = with_file()
    receiver.script = ["ok"] * place + [(status, {"Content-Type": "text/html"}, body)]

    assert relay.run_once(SOON).later == 1
    assert Delivery.objects.get().last_error == f"{status} without a JSON object"
    assert relay.run_once(at(2)).delivered == 1
    assert standing(case) == ["delivered"]


@pytest.mark.parametrize("body", [b"<!doctype html><p>Forbidden", b"", b'{"type": "urn:x", "detail": "Example"}'])
@pytest.mark.parametrize("status", [401, 403])
def test_relay_that_is_not_let_in_tries_again_and_tells_once(
    receiver: Scripted, caplog: pytest.LogCaptureFixture, status: int, body: bytes
) -> None:
    cases = [build.case(), build.case(by=build.customer("Other")), build.case(by=build.customer("Third"))]
    receiver.rules = {"/commondata/": (status, {}, body)}
    relay.collect(SOON)
    lines = relay.claim(10, SOON)

    with relay.Courier() as courier:
        counts = relay.note([(line, courier.carry(line).result(30)) for line in lines], SOON)

    (told,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "3 deliveries wait" in told.getMessage()
    assert "Example" not in told.getMessage()
    assert counts.later == 3
    receiver.rules = {}
    assert relay.run_once(at(2)).delivered == 3
    assert [standing(case) for case in cases] == [["delivered"]] * 3


def test_relay_that_is_not_let_in_to_ask_tells_too(receiver: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    build.case()
    receiver.script = ["ok", "close_after", (401, {}, b"")]
    relay.run_once(SOON)

    assert relay.run_once(at(2)).later == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert Delivery.objects.get().answer_lost
    assert relay.run_once(at(4)).delivered == 1
    assert len(receiver.of("POST")) == 1


def test_case_that_hangs_does_not_hold_up_another(receiver: Scripted, settings: Settings) -> None:
    settings.RELAY_POLL = 0.05
    hanging = build.case()
    receiver.rules = {str(hanging.external_id): "hang"}
    relay.collect(SOON)
    with relay.Courier() as courier:
        hands = relay.Relay(courier, SOON)
        hands.take_up()
        other = build.case(by=build.customer("Other"))
        relay.collect(SOON)
        hands.take_up()
        hands.gather(20)
        hands.settle()

        assert standing(other) == ["delivered"]
        assert standing(hanging) == ["waiting"]


def test_receiver_that_is_not_there_is_tried_again(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = "http://127.0.0.1:9"
    build.case()

    assert relay.run_once(SOON).later == 1
    delivery = Delivery.objects.get()
    assert not delivery.answer_lost
    assert SOON < delivery.next_at < SOON + timedelta(seconds=2)


def test_pause_grows_and_is_never_short() -> None:
    assert 0.8 <= clock.pause(1) <= 1.2
    assert 720 <= clock.pause(10) <= 1080
    assert 720 <= clock.pause(10_000) <= 1080
    assert clock.pause(1, 0.0) >= 1
    assert 60 <= clock.pause(1, 60) <= 61


def test_what_killed_relays_had_in_hand_does_not_wait_longer_for_that(receiver: Scripted, settings: Settings) -> None:
    case = handled(build.case())
    relay.collect(SOON)
    for n in range(8):  # each claims it, and is killed
        assert len(relay.claim(10, SOON + n * timedelta(seconds=2 * settings.RELAY_LEASE))) == 1
    receiver.rules[str(case.external_id)] = "500"

    relay.run_once(at(1))

    failed = Delivery.objects.get(case=case, number=1)
    assert failed.attempts == 1
    assert failed.next_at <= at(1) + timedelta(seconds=2)


def test_what_is_sent_again_to_a_receiver_that_has_lost_it_begins_anew(reference: ReferenceServer) -> None:
    case = handled(build.case())
    relay.run_once(SOON)
    Delivery.objects.update(attempts=9)
    case.take_step("close", by=build.official(), at=at(1), outcome="noted", text="Antecknad.")
    reference.faults.replace(["forget", *["500"] * 20])

    relay.run_once(at(2))

    assert {d.attempts for d in Delivery.objects.filter(case=case)} <= {0, 1}


def test_refusal_that_was_another_requests_answer_stops_nothing(receiver: Scripted) -> None:
    case = build.case()
    receiver.script = ["stray"]

    assert relay.run_once(SOON).delivered == 1
    assert standing(case) == ["delivered"]


def test_answer_to_an_earlier_request_acknowledges_nothing(receiver: Scripted) -> None:
    case = build.case()
    receiver.script = ["nameless", *firmly(422)]

    assert relay.run_once(SOON).refused == 1
    assert standing(case) == ["refused"]


# --- a person mends --------------------------------------------------------------------------------------------------


def test_refused_event_is_sent_again_under_its_key_and_number(receiver: Scripted) -> None:
    case = handled(build.case())
    receiver.script = [(422, {}, {"title": "No"})]
    relay.run_once(SOON)

    Delivery.objects.get(case=case, number=1).send_again(at=SOON)
    relay.run_once(SOON)

    assert [(event["number"], event["kind"]) for event in receiver.events()] == [(1, "received"), (2, "take_up")]
    assert standing(case) == ["delivered"] * 2


def test_skipped_event_keeps_its_place_and_the_case_goes_on(reference: ReferenceServer) -> None:
    case = handled(build.case())
    as_stored(case, number=2).update(kind="not a word")
    relay.run_once(SOON)
    assert standing(case) == ["delivered", "refused"]

    Delivery.objects.get(case=case, number=2).skip("The receiver does not know this kind.", at=SOON)
    case.take_step("close", by=build.official(), at=SOON, outcome="noted", text="Antecknad.")
    relay.run_once(SOON)

    assert numbers(reference, case) == [(1, "received"), (2, "skipped"), (3, "close")]
    assert standing(case) == ["delivered", "skipped", "delivered"]


def test_first_event_can_be_skipped_too(reference: ReferenceServer) -> None:
    case = handled(build.case())
    reference.contract.authorise = _refuse_first(reference)  # type: ignore[method-assign]
    relay.run_once(SOON)
    assert standing(case) == ["refused", "waiting"]

    Delivery.objects.get(case=case, number=1).skip("The receiver cannot take it.", at=SOON)
    relay.run_once(SOON)

    assert numbers(reference, case) == [(1, "skipped"), (2, "take_up")]
    assert standing(case) == ["skipped", "delivered"]


def _refuse_first(reference: ReferenceServer) -> Any:
    """Refuses case data that hold a paper."""

    def authorise(request: Any) -> None:
        if request.method == "PUT" and b'"papers":[{' in request.body.read():
            raise Refused(422, "invalid", "No", "The paper is not taken.")

    return authorise


def test_attachment_that_is_not_taken_can_be_skipped(reference: ReferenceServer) -> None:
    case = handled(with_file())
    reference.settings = type(reference.settings)(port=0, store=reference.settings.store, largest_body=100_000)
    relay.run_once(SOON)
    assert standing(case) == ["refused", "waiting"]

    Delivery.objects.get(case=case, number=1).skip("The attachment is too large there.", at=SOON)
    relay.run_once(SOON)

    assert numbers(reference, case) == [(1, "skipped"), (2, "take_up")]


def test_skipped_event_that_had_arrived_after_all_is_not_sent(receiver: Scripted) -> None:
    case = build.case()
    receiver.script = ["ok", "close_after", (404, {}, {}), (422, {}, {})]
    relay.run_once(SOON)
    relay.run_once(at(2))
    assert standing(case) == ["refused"]

    Delivery.objects.get().skip("Not needed.", at=at(3))
    relay.run_once(at(3))

    assert standing(case) == ["skipped"]
    assert [event["kind"] for event in receiver.events()] == ["received"]


def test_only_refused_deliveries_can_be_mended(receiver: Scripted) -> None:
    build.case()
    relay.run_once(SOON)
    delivery = Delivery.objects.get()

    with pytest.raises(NotRefused):
        delivery.send_again()
    with pytest.raises(NotRefused):
        delivery.skip("A reason.")
    with pytest.raises(ReasonMissing):
        delivery.skip("  ")


# --- out of step -----------------------------------------------------------------------------------------------------


def test_what_the_receiver_has_lost_is_sent_again_under_old_keys_and_numbers(reference: ReferenceServer) -> None:
    case = supplemented(with_file())
    relay.run_once(SOON)
    before = [row["key"] for row in reference.store.events(str(case.external_id))]
    case.take_step("close", by=build.official(), at=at(1), outcome="noted", text="Antecknad.")
    reference.faults.replace(["forget"])

    counts = relay.run_once(at(2))
    assert (counts.behind, counts.delivered) == (1, 5)

    events = reference.store.events(str(case.external_id))
    assert [row["number"] for row in events] == [1, 2, 3, 4, 5]
    assert [row["key"] for row in events][:4] == before
    assert bytes_at(reference, case, folders.ATTACHED.format(n=1)) == PDF
    assert standing(case) == ["delivered"] * 5


def test_newest_data_stand_at_the_receiver_after_older_events_were_sent_again(reference: ReferenceServer) -> None:
    case = handled(with_file())
    relay.run_once(SOON)
    part = str(case.external_id)
    supplemented_case = _supplement_of(case)
    reference.faults.replace(["forget"])

    relay.run_once(at(2))

    stored = reference.store.case_data(part)
    assert stored is not None
    assert b"Exempelbyn" in stored["body"]
    assert standing(supplemented_case) == ["delivered"] * 4


def _supplement_of(case: Case) -> Case:
    asked: dict[str, Any] = {
        "text": "Ge en ritning.",
        "due": NOW.date() + timedelta(days=14),
        "fields": ["municipality_name"],
    }
    case.take_step("request_supplement", by=build.official(), at=NOW + timedelta(minutes=6), **asked)
    relay.run_once(SOON)
    draft = intake.begin_supplement(case, case.application.customer)
    draft.answers |= {"municipality_name": "Exempelbyn", "supplement_text": "Här är den."}
    draft.save()
    intake.send(draft, at=NOW + timedelta(minutes=20))
    return case


def test_data_that_read_otherwise_now_are_sent_under_a_key_of_their_own(reference: ReferenceServer) -> None:
    case = handled(build.case())
    reference.faults.replace(["close_after"])
    relay.run_once(SOON)
    Authority.objects.update(name_sv="Exempelstadens nya namn")

    relay.run_once(at(2))

    stored = reference.store.case_data(str(case.external_id))
    assert stored is not None
    assert "Exempelstadens nya namn" in stored["body"].decode()
    assert standing(case) == ["delivered"] * 2


def test_receiver_that_keeps_asking_for_an_earlier_event_stops_the_line(receiver: Scripted) -> None:
    case = handled(build.case())
    relay.run_once(SOON)
    case.take_step("close", by=build.official(), at=at(1), outcome="noted", text="Antecknad.")
    receiver.script = [(409, {}, {"expected": 2}), "ok", *firmly(409, expected=2)]

    counts = relay.run_once(at(2))
    later = relay.run_once(at(4))

    assert (counts.behind, counts.refused + later.refused) == (1, 1)
    assert standing(case) == ["delivered", "delivered", "refused"]
    assert "number 2" in Delivery.objects.get(case=case, number=3).last_error


def test_receiver_that_is_ahead_and_has_the_event_has_it(receiver: Scripted) -> None:
    case = build.case()
    key = str(case.events.get().key)
    receiver.script = ["ok", *firmly(409, expected=5), (200, {}, {"key": key, "number": 1})]

    relay.run_once(SOON)

    assert standing(case) == ["delivered"]


def test_receiver_that_is_ahead_without_the_event_stops_the_line(receiver: Scripted) -> None:
    case = build.case()
    receiver.script = ["ok", *firmly(409, expected=5), (404, {}, {})]

    relay.run_once(SOON)

    assert standing(case) == ["refused"]


@pytest.mark.parametrize("expected", [7, None, *rarely(0, -3, "2", True)])
def test_senseless_expectations_stop_the_line_and_lose_nothing(receiver: Scripted, expected: Any) -> None:
    case = handled(build.case())
    receiver.script = ["ok", "ok", *firmly(409, expected=expected)]

    relay.run_once(SOON)

    assert standing(case) in (["delivered", "refused"], ["delivered", "waiting"])
    if standing(case)[1] == "waiting":
        relay.run_once(at(2))
        assert standing(case) == ["delivered", "delivered"]


# --- attachments -----------------------------------------------------------------------------------------------------


def test_attachment_that_is_not_in_the_storage_waits_for_a_person(receiver: Scripted) -> None:
    case = with_file()
    attachment = case.application.attachments.get()
    attachment.content.storage.delete(attachment.content.name or "")

    relay.run_once(SOON)

    assert standing(case) == ["refused"]
    assert not receiver.of("POST")


def test_attachment_is_read_in_pieces() -> None:
    attachment = with_file(PDF).application.attachments.get()
    content = Content(attachment.content.storage, str(attachment.content.name))

    async def pieces() -> list[bytes]:
        return [piece async for piece in content]

    read = asyncio.run(pieces())

    assert len(read) > 1
    assert max(map(len, read)) <= PIECE
    assert b"".join(read) == PDF == b"".join(asyncio.run(pieces()))


# --- collect ---------------------------------------------------------------------------------------------------------


def test_collect_gives_numbers_in_each_case_and_collects_once() -> None:
    first, second = handled(build.case()), build.case(by=build.customer("Other"))

    assert relay.collect(SOON) == 3
    assert relay.collect(SOON) == 0
    assert list(Delivery.objects.filter(case=first).order_by("number").values_list("number", "event__kind")) == [
        (1, "received"),
        (2, "take_up"),
    ]
    handled(second)
    assert relay.collect(SOON) == 1
    assert list(Delivery.objects.filter(case=second).order_by("number").values_list("number", flat=True)) == [1, 2]


def test_collect_finds_a_row_that_became_visible_after_a_later_one() -> None:
    early = build.case()
    event = early.events.get()
    row = {f.attname: getattr(event, f.attname) for f in Event._meta.concrete_fields}
    as_stored(early).delete()
    Case.objects.filter(pk=early.pk).update(uncollected_from=None)
    late = build.case(by=build.customer("Other"))
    assert relay.collect(SOON) == 1

    Model.save_base(Event(**row), raw=True, force_insert=True)
    Case.objects.filter(pk=early.pk).update(uncollected_from=1)

    assert row["id"] < late.events.get().pk
    assert relay.collect(SOON) == 1
    assert Delivery.objects.get(case=early).number == 1


def test_collect_begins_where_the_receiver_does() -> None:
    Receiver.objects.update(since=NOW + timedelta(minutes=1))
    case = handled(build.case())

    relay.collect(SOON)

    assert Delivery.objects.get(case=case).event.kind == "take_up"


def test_first_event_a_receiver_hears_of_brings_the_case_data(reference: ReferenceServer) -> None:
    Receiver.objects.update(since=NOW + timedelta(minutes=1))
    case = handled(with_file())

    relay.run_once(SOON)

    assert numbers(reference, case) == [(1, "take_up")]
    assert bytes_at(reference, case, folders.ATTACHED.format(n=1)) == PDF


def switch(receiver: Receiver, *, on: bool) -> None:
    receiver.active = on
    receiver.save()


def test_line_written_while_collecting_is_collected_next(monkeypatch: pytest.MonkeyPatch) -> None:
    build.case()
    whole = relay._owed
    others: list[Case] = []

    def meanwhile(*args: Any) -> list[relay.Owed]:
        owed = whole(*args)
        if not others:
            others.append(handled(build.case(by=build.customer("Other"))))
        return owed

    monkeypatch.setattr(relay, "_owed", meanwhile)
    assert relay.collect(SOON) == 1
    monkeypatch.undo()

    assert relay.collect(SOON) == 2
    assert Case.objects.filter(uncollected_from__isnull=False).count() == 0


def test_receiver_that_is_added_gets_the_history_of_every_case(receiver: Scripted) -> None:
    cases = [handled(build.case()), handled(build.case(by=build.customer("Other")))]
    relay.run_once(SOON)

    Receiver.objects.create(key="second", kind="national", name="Second", since=NOW - timedelta(days=1))
    counts = relay.run_once(SOON)

    assert (counts.collected, counts.delivered) == (4, 4)
    for case in cases:
        numbered = Delivery.objects.filter(case=case, receiver__key="second").order_by("number")
        assert list(numbered.values_list("number", "event__kind")) == [(1, "received"), (2, "take_up")]


def test_receiver_that_is_switched_off_and_on_misses_nothing_and_gets_nothing_twice(receiver: Scripted) -> None:
    national = Receiver.objects.get(key="national")
    case = build.case()
    relay.run_once(SOON)

    switch(national, on=False)
    handled(case)
    relay.run_once(SOON)
    case.take_step("write", by=build.official(), at=NOW + timedelta(minutes=6), text="Hej")
    switch(national, on=True)
    switch(national, on=True)
    relay.run_once(SOON)

    assert [event["kind"] for event in receiver.events()] == ["received", "take_up", "write"]
    assert [number for _part, number in receiver.order] == [1, 2, 3]


def test_mail_gets_no_history_when_it_is_added(settings: Settings) -> None:
    settings.MAIL_IS_SENT = True
    Receiver.objects.filter(kind=MAIL).delete()
    who = build.customer()
    who.email = "mine@example.com"
    who.save()
    case = handled(build.case(by=who))
    relay.collect(SOON)

    Receiver.objects.create(key="mail", kind=MAIL, name="Mail", since=NOW - timedelta(days=1))
    relay.collect(SOON)
    case.take_step("write", by=build.official(), at=NOW + timedelta(minutes=6), text="Hej")
    relay.collect(SOON)

    owed = Delivery.objects.filter(receiver__kind=MAIL)
    assert list(owed.values_list("event__kind", "number", "party")) == [("write", 1, "customer")]


def test_each_address_has_a_line_and_numbers_of_its_own(settings: Settings) -> None:
    settings.MAIL_IS_SENT = True
    build.authority(email="role@town.example")
    who = build.customer()
    who.email = "mine@example.com"
    who.save()
    case = handled(build.case(by=who))
    case.take_step("write", by=build.official(), at=NOW, text="Hej")
    case.take_step("reply", by=who, at=NOW, text="Hej, hej")

    relay.collect(SOON)

    owed = Delivery.objects.filter(receiver__kind=MAIL).order_by("address", "number")
    assert list(owed.values_list("address", "number", "event__kind")) == [
        ("mine@example.com", 1, "received"),
        ("mine@example.com", 2, "write"),
        ("role@town.example", 1, "received"),
        ("role@town.example", 2, "reply"),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer: nothing comes between")
def test_what_is_collected_while_a_receiver_is_switched_on_is_not_lost_to_it() -> None:
    """A line that a collecting relay has seen, which has not yet seen that the receiver is on."""
    since = NOW - timedelta(days=1)
    national, _made = Receiver.objects.get_or_create(key="national", defaults={"kind": "national", "since": since})
    Receiver.objects.filter(pk=national.pk).update(active=False, since=since)
    national.refresh_from_db()
    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            switch(national, on=True)
            case = another.submit(_alone, build.case).result(30)
            collecting = another.submit(_alone, lambda: relay.collect(SOON))
            time.sleep(0.3)
            assert not collecting.done(), "it waits for who switches on"
        collecting.result(30)

    assert Delivery.objects.filter(case=case).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_relays_that_collect_at_once_make_each_delivery_once() -> None:
    Receiver.objects.get_or_create(key="national", defaults={"kind": "national", "since": NOW - timedelta(days=1)})
    version = folders.form()
    for n in range(30):
        build.case(version, answers=folders.answers(), by=build.customer(f"Customer {n}"))

    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _n: _alone(lambda: relay.collect(SOON)), range(4)))

    assert sum(made) == Delivery.objects.count() == 30


def _alone(do: Callable[[], T]) -> T:
    """Do it in this thread, and leave no connection behind."""
    try:
        return do()
    finally:
        connections.close_all()


# --- claim and note --------------------------------------------------------------------------------------------------


@pytest.fixture
def _addressed(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = "http://127.0.0.1:9"


@pytest.mark.usefixtures("_addressed")
def test_claim_takes_each_line_once_and_as_a_whole() -> None:
    first, second = handled(build.case()), build.case(by=build.customer("Other"))
    relay.collect(SOON)

    lines = relay.claim(1, SOON) + relay.claim(1, SOON) + relay.claim(1, SOON)

    held = [[Delivery.objects.get(pk=pk).case_id for pk in line.deliveries] for line in lines]
    assert held == [[first.pk, first.pk], [second.pk]]


@pytest.mark.usefixtures("_addressed")
def test_what_is_collected_into_hand_is_in_nobody_elses_and_is_asked_for_when_its_lease_runs_out(
    settings: Settings,
) -> None:
    case = handled(build.case())

    cases, made, (line,) = relay.collect_into_hand(10, SOON)

    assert (cases, made) == (1, 2)
    assert line.deliveries == list(Delivery.objects.filter(case=case).order_by("number").values_list("pk", flat=True))
    assert not any(stop.ask_first for stop in line.stops)
    assert relay.claim(10, SOON) == []
    (again,) = relay.claim(10, SOON + timedelta(seconds=settings.RELAY_LEASE + 1))
    assert again.deliveries == line.deliveries
    assert all(stop.ask_first for stop in again.stops)


@pytest.mark.usefixtures("_addressed")
def test_what_is_collected_into_hand_is_packed_as_what_is_claimed(settings: Settings) -> None:
    supplemented(with_file(), b"%PDF-1.7 the supplement")
    _cases, _made, (line,) = relay.collect_into_hand(10, SOON)

    (again,) = relay.claim(10, SOON + timedelta(seconds=settings.RELAY_LEASE + 1))

    bare = [[replace(stop.parcel, hand="") for stop in which.stops] for which in (line, again)]
    assert bare[0] == bare[1]
    assert line.stops[0].parcel.hand != again.stops[0].parcel.hand


@pytest.mark.usefixtures("_addressed")
def test_no_more_is_collected_into_hand_than_there_is_room_for() -> None:
    made = [build.case(by=build.customer(f"Customer {n}")) for n in range(3)]

    cases, _made, lines = relay.collect_into_hand(2, SOON)

    assert (cases, len(lines)) == (2, 2)
    assert list(Case.objects.filter(uncollected_from__isnull=False)) == made[2:]


@pytest.mark.usefixtures("_addressed")
def test_nothing_is_collected_into_hand_that_stands_behind_what_waits() -> None:
    case = build.case()
    relay.collect(SOON)
    handled(case)

    cases, made, lines = relay.collect_into_hand(10, SOON)

    assert (cases, made, lines) == (1, 1, [])
    (line,) = relay.claim(10, SOON)
    assert len(line.stops) == 2


@pytest.mark.usefixtures("_addressed")
def test_nothing_is_collected_into_hand_for_a_receiver_that_is_away() -> None:
    build.case()
    Receiver.objects.filter(kind="national").update(failures=9, probe_at=at(1))

    _cases, made, lines = relay.collect_into_hand(10, SOON)

    assert (made, lines) == (1, [])
    assert Delivery.objects.get().lease_token is None


def test_more_cases_than_there_is_room_for_are_all_sent(receiver: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "hand", lambda: 2)
    cases = [handled(build.case(by=build.customer(f"Customer {n}"))) for n in range(5)]

    counts = relay.run_once(SOON)

    assert (counts.collected, counts.delivered) == (10, 10)
    assert [standing(case) for case in cases] == [["delivered"] * 2] * 5


def test_line_that_was_lost_can_come_into_the_same_hand_again(receiver: Scripted, settings: Settings) -> None:
    case = build.case()
    receiver.gate.clear()
    with relay.Courier() as courier:
        hands = relay.Relay(courier, SOON)
        hands.collect()
        hands.now = SOON + timedelta(seconds=settings.RELAY_LEASE + 1)
        hands.take_up()
        assert len(hands.running) == 2
        receiver.gate.set()
        while hands.running:
            hands.gather(1)
            hands.settle()

    assert standing(case) == ["delivered"]


def test_what_there_is_no_room_for_is_collected_while_nothing_comes_back(
    receiver: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "hand", lambda: 1)
    for n in range(3):
        build.case(by=build.customer(f"Customer {n}"))
    receiver.gate.clear()
    with relay.Courier() as courier:
        hands = relay.Relay(courier, SOON)

        assert (hands.collect(), hands.more) == (1, True)
        hands.gather(0.01)
        assert (hands.collect(), hands.more) == (2, False)
        receiver.gate.set()


@pytest.mark.usefixtures("_addressed")
def test_line_whose_lease_has_run_out_is_claimed_again_and_asked_for(settings: Settings) -> None:
    build.case()
    relay.collect(SOON)
    relay.claim(10, SOON)

    assert relay.claim(10, SOON + timedelta(seconds=settings.RELAY_LEASE - 1)) == []
    again = relay.claim(10, SOON + timedelta(seconds=settings.RELAY_LEASE + 1))

    assert [stop.ask_first for line in again for stop in line.stops] == [True]


@pytest.mark.usefixtures("_addressed")
def test_what_is_no_longer_in_hand_is_not_noted() -> None:
    build.case()
    relay.collect(SOON)
    (mine,) = relay.claim(10, SOON)
    (theirs,) = relay.claim(10, at(1))
    pk = mine.deliveries[0]

    assert relay.note([(mine, [(pk, Delivered())])], at(1)).lost == 1
    assert Delivery.objects.get().status == DeliveryStatus.WAITING
    assert relay.note([(theirs, [(pk, Later(None, "not now"))])], at(1)).later == 1
    assert relay.note([(theirs, [(pk, Delivered())])], at(1)).lost == 1


@pytest.mark.usefixtures("_addressed")
def test_lease_is_lengthened_only_for_those_who_hold_it(settings: Settings) -> None:
    build.case()
    relay.collect(SOON)
    (mine,) = relay.claim(10, SOON)
    relay.lengthen([mine], at(1))
    assert Delivery.objects.get().lease_until == at(1) + timedelta(seconds=settings.RELAY_LEASE)

    (theirs,) = relay.claim(10, at(3))
    mine.valid_until = 0
    relay.lengthen([mine], at(3))

    assert mine.valid_until == 0
    assert Delivery.objects.get().lease_token == theirs.token


def test_relay_that_has_lost_its_lease_falls_silent(receiver: Scripted, settings: Settings) -> None:
    settings.RELAY_TIMEOUT, settings.RELAY_LEASE = 5.0, 0.3
    case = handled(build.case())
    receiver.script = ["hang"]
    relay.collect(SOON)
    (line,) = relay.claim(10, SOON)

    with relay.Courier() as courier:
        report = courier.carry(line).result(30)

    assert [type(outcome).__name__ for _pk, outcome in report] == ["Unknown"]
    assert len(receiver.said) == 1
    relay.note([(line, report)], SOON)
    assert [d.attempts for d in Delivery.objects.filter(case=case).order_by("number")] == [1, 0]


@pytest.mark.usefixtures("_addressed")
def test_leases_and_due_times_follow_the_databases_clock() -> None:
    build.case()
    relay.collect()

    (line,) = relay.claim()
    assert relay.claim() == []
    relay.note([(line, [(line.deliveries[0], Later(0.0, "not now"))])])
    assert relay.claim() == []
    Delivery.objects.update(next_at=clock.after(-1, None))

    assert len(relay.claim()) == 1


@pytest.mark.usefixtures("_addressed")
def test_number_of_queries_does_not_grow_with_the_number_of_cases() -> None:
    made = {}
    version = folders.form()
    for n in (2, 20):
        for i in range(n):
            handled(build.case(version, answers=folders.answers(), by=build.customer(f"Customer {n} {i}")))
        with CaptureQueriesContext(
            connection,
        ) as collecting:
            assert relay.collect(SOON) == 2 * n
        with CaptureQueriesContext(connection) as claiming:
            lines = relay.claim(100, SOON)
        reports: list[tuple[relay.Line, relay.Report]] = [
            (line, [(line.deliveries[0], Later(None, "not now"))]) for line in lines
        ]
        assert len(lines) == n
        relay.note(reports, SOON)
        Delivery.objects.update(next_at=at(1000))
        made[n] = (len(collecting), len(claiming))

    assert made[2] == made[20]
    assert made[2] <= (17, 16)  # two of them ask which systems are woken, by address and by mail


@pytest.mark.usefixtures("_addressed")
def test_idle_relay_asks_little() -> None:
    with CaptureQueriesContext(connection) as asked:
        relay.collect(SOON)
        relay.claim(10, SOON)

    assert len(asked) == 4  # one of them whether the receivers of wake-ups are as the systems say


def test_mistake_while_sending_one_line_stops_no_other(receiver: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, other = build.case(), build.case(by=build.customer("Other"))
    whole = National.send

    async def send(self: National, parcel: Parcel, *, ask_first: bool) -> Outcome:
        if parcel.external_id == str(broken.external_id):
            raise KeyError("Example Customer")
        return await whole(self, parcel, ask_first=ask_first)

    monkeypatch.setattr(National, "send", send)
    counts = relay.run_once(SOON)

    assert (counts.unknown, counts.delivered) == (1, 1)
    assert Delivery.objects.get(case=broken).last_error == "internal: KeyError"
    assert standing(other) == ["delivered"]


def test_parcel_that_cannot_be_put_together_waits_for_a_person_and_holds_up_nobody(receiver: Scripted) -> None:
    broken, other = build.case(), build.case(by=build.customer("Other"))
    as_stored(broken).update(paper=None)

    counts = relay.run_once(SOON)

    assert (counts.refused, counts.delivered) == (1, 1)
    assert standing(broken) == ["refused"]
    assert standing(other) == ["delivered"]


@pytest.mark.parametrize("damaged", ["definition", "answers", "form of the supplement"])
def test_case_that_cannot_be_read_stops_its_own_line_only(
    receiver: Scripted, caplog: pytest.LogCaptureFixture, damaged: str
) -> None:
    broken, other = handled(build.case(by=build.customer("Broken"))), with_file()
    paper: QuerySet[Application] = QuerySet(Application).filter(pk=broken.application_id)
    if damaged == "definition":
        unread = {"document": '{"key": "Example Customer"}', "digest": "0" * 64}
        QuerySet(Version).filter(pk=broken.application.version_id).update(**unread)
    elif damaged == "answers":
        paper.update(answers=["Example Customer"])
    else:
        paper.update(supplement_form={"fields": ["title"], "page": "Example Customer"})

    counts = relay.run_once(SOON)

    assert (counts.refused, counts.delivered) == (1, 1)
    assert standing(broken) == ["refused", "waiting"]
    assert standing(other) == ["delivered"]
    error = Delivery.objects.get(case=broken, number=1).last_error
    assert error.startswith("cannot be put together: ")
    assert "Example Customer" not in error + caplog.text
    assert [record.levelname for record in caplog.records] == ["ERROR"]
