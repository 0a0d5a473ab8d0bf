"""A receiver that is away for days costs one probe at a time; when it is there again, everything goes at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from apps.sync import relay
from apps.sync.courier import Courier
from apps.sync.models import Delivery, Receiver
from tests import build
from tests.build import NOW
from tests.sync.scripted import Scripted

pytestmark = pytest.mark.django_db
CASES = 12


def at(seconds: float) -> Any:
    return NOW + timedelta(minutes=10, seconds=seconds)


def national() -> Receiver:
    return Receiver.objects.get(key="national")


def many(number: int = CASES) -> None:
    for n in range(number):
        build.case(by=build.customer(f"Customer {n}"))


def tried(receiver: Scripted) -> int:
    return len(receiver.said)


def away_for(receiver: Scripted, seconds: int, *, every: float = 1.0) -> None:
    """The relay looks every so often, and finds it in the mood of the script."""
    moment = 0.0
    while moment <= seconds:
        relay.run_once(at(moment))
        moment += every


@pytest.mark.thorough
def test_receiver_that_is_away_is_only_probed(receiver: Scripted) -> None:
    receiver.rules["/commondata"] = "500"
    many()
    relay.run_once(at(0))
    before = tried(receiver)
    assert national().probe_at is not None

    away_for(receiver, 600)

    probes = tried(receiver) - before
    # 1, 2, 5, 10, 20, 30 seconds and then once a minute; a request that breaks off may be sent twice on a new connection
    assert 8 <= probes <= 2 * 18


def test_what_was_on_its_way_when_it_went_away_does_not_make_the_probes_rare(receiver: Scripted) -> None:
    receiver.rules["/commondata"] = "500"
    many()
    relay.collect(at(0))
    with Courier() as courier:
        lines = relay.claim(now=at(0))
        reports = [(line, courier.carry(line).result()) for line in lines]

    for one in reports:  # they come back one after the other
        relay.note([one], at(0))

    probe_at = national().probe_at
    assert probe_at is not None
    assert probe_at <= at(2)


@pytest.mark.thorough
def test_line_that_is_probed_again_and_again_does_not_wait_longer_for_that(receiver: Scripted) -> None:
    receiver.rules["/commondata"] = "500"
    many(1)
    away_for(receiver, 1_800, every=60)
    receiver.rules.clear()

    relay.run_once(at(1_870))

    assert not Delivery.objects.filter(receiver=national(), delivered_at=None).exists()


@pytest.mark.thorough
def test_one_bad_case_does_not_shut_out_the_others(receiver: Scripted) -> None:
    many(3)
    bad = build.case(by=build.customer("Bad"))
    receiver.rules[str(bad.external_id)] = "500"

    for moment in range(0, 120, 10):
        relay.run_once(at(moment))
        good = build.case(by=build.customer(f"Good {moment}"))
        relay.run_once(at(moment + 1))
        good.refresh_from_db()
        assert good.acknowledged_number == 1


def shut_out_by(receiver: Scripted, *names: str) -> None:
    """So many cases that the receiver cannot take, tried until it counts as away; nothing else happens meanwhile."""
    for name in names:
        bad = build.case(by=build.customer(name))
        receiver.rules[str(bad.external_id)] = "500"
    for moment in range(0, 600, 60):
        relay.run_once(at(moment))
    assert national().probe_at is not None


def test_what_comes_after_one_case_that_cannot_be_taken_goes_at_once(receiver: Scripted) -> None:
    shut_out_by(receiver, "Bad")
    good = build.case(by=build.customer("Good"))

    relay.run_once(at(541))

    good.refresh_from_db()
    assert good.acknowledged_number == 1
    assert national().probe_at is None


def test_what_comes_after_several_of_them_is_probed_next(receiver: Scripted) -> None:
    shut_out_by(receiver, "Bad", "Worse", "Worst")
    good = build.case(by=build.customer("Good"))

    relay.run_once(at(541))
    assert Delivery.objects.get(case=good).attempts == 0
    relay.run_once(at(601))

    good.refresh_from_db()
    assert good.acknowledged_number == 1


def test_more_to_send_to_who_is_away_makes_no_more_probes(receiver: Scripted) -> None:
    receiver.rules["/commondata"] = "500"
    many()
    away_for(receiver, 600, every=60)
    before = tried(receiver)

    for n in range(3):
        build.case(by=build.customer(f"Later {n}"))
        relay.run_once(at(601 + n))

    assert tried(receiver) == before


@pytest.mark.parametrize(("asked", "silent"), [(1_800, 1_800), (86_400, 3_600)], ids=["half an hour", "a day"])
def test_receiver_is_not_probed_before_it_asks_to_be_but_every_hour(
    receiver: Scripted, asked: int, silent: int
) -> None:
    receiver.rules["/commondata"] = (503, {"Retry-After": str(asked)}, {"title": "Maintenance"})
    many()
    relay.run_once(at(0))
    before = tried(receiver)
    build.case(by=build.customer("Later"))

    away_for(receiver, silent - 60, every=300)
    assert tried(receiver) == before

    receiver.rules.clear()
    relay.run_once(at(silent + 1))
    relay.run_once(at(silent + 2))
    assert not Delivery.objects.filter(receiver=national(), delivered_at=None).exists()


@pytest.mark.thorough
def test_everything_goes_as_soon_as_it_is_there_again(receiver: Scripted) -> None:
    receiver.rules["/commondata"] = "500"
    many()
    away_for(receiver, 300, every=10)
    receiver.rules.clear()

    relay.run_once(at(400))
    relay.run_once(at(401))

    assert not Delivery.objects.filter(receiver=national(), delivered_at=None).exists()
    assert (national().failures, national().failing_since, national().probe_at) == (0, None, None)


@pytest.mark.thorough
def test_how_long_it_has_been_away_is_known(receiver: Scripted) -> None:
    receiver.rules["/commondata"] = "500"
    many(1)

    away_for(receiver, 60)

    assert [one.key for one in Receiver.objects.filter(failing_since__isnull=False)] == ["national"]
    assert national().failing_since == at(0)


def test_a_refusal_shows_that_it_is_there(receiver: Scripted) -> None:
    receiver.rules["/commondata"] = (422, {}, {"title": "no"})
    many()

    relay.run_once(at(0))

    assert national().probe_at is None


def test_two_relays_do_not_probe_at_once(receiver: Scripted) -> None:
    receiver.rules["/commondata"] = "500"
    many()
    relay.run_once(at(0))

    first, second = relay.claim(10, at(30)), relay.claim(10, at(30))

    assert (len(first), len(second)) == (1, 0)


def test_probe_whose_relay_died_is_made_again(receiver: Scripted, settings: Settings) -> None:
    receiver.rules["/commondata"] = "500"
    many()
    relay.run_once(at(0))
    assert len(relay.claim(10, at(30))) == 1

    later = at(31 + settings.RELAY_LEASE)

    assert len(relay.claim(10, later)) == 1


def test_other_receivers_go_on(receiver: Scripted, settings: Settings) -> None:
    receiver.rules["/commondata"] = "500"
    settings.MAIL_IS_SENT = True
    many()
    relay.run_once(at(0))

    heads = relay.claimable(at(1)).filter(receiver=national())

    assert not heads.exists()
    assert relay.due(at(1000)).filter(receiver=national()).exists()
