"""Connections that are kept from one line to the next, and those that are not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from apps.sync import relay
from apps.sync.courier import Courier, Line
from apps.sync.receivers import wires
from apps.sync.receivers.base import Delivered, Outcome, Refused
from tests import build
from tests.sync.scripted import Scripted
from tests.sync.test_relay import SOON, firmly

pytestmark = pytest.mark.django_db
Carry = Callable[[Line], Outcome]


@pytest.fixture
def carry() -> Iterator[Carry]:
    """Carry a line of one delivery, all of them by one courier."""
    with Courier() as courier:
        yield lambda line: courier.carry(line).result(30)[0][1]


def lines(count: int) -> list[Line]:
    for n in range(count):
        build.case(by=build.customer(f"Customer {n}"))
    return relay.collect_into_hand(count, SOON)[2]


def test_one_connection_carries_one_line_after_another(receiver: Scripted, carry: Carry) -> None:
    assert [carry(line) for line in lines(3)] == [Delivered()] * 3
    assert receiver.connections == 1


def test_lines_that_are_under_way_at_once_share_none(receiver: Scripted) -> None:
    receiver.delay = 0.05
    landing = relay.Landing()
    with Courier() as courier:
        courier.carry_all(lines(3), landing)
        reports = landing.gather(3, 3)

    assert [report[0][1] for _line, report in reports] == [Delivered()] * 3
    assert receiver.connections == 3


def test_answer_to_an_earlier_lines_event_is_none_to_this_one(receiver: Scripted, carry: Carry) -> None:
    receiver.script = ["ok", "late"]
    first, second, third = lines(3)

    assert carry(first) == Delivered()
    time.sleep(0.05)
    receiver.rules[second.stops[0].parcel.external_id] = "500"
    assert not isinstance(carry(second), Delivered)
    assert carry(third) == Delivered()
    assert receiver.connections > 1


def test_refusal_that_was_meant_for_nobody_refuses_no_other_line(receiver: Scripted, carry: Carry) -> None:
    receiver.script = ["ok", "stray"]
    first, second = lines(2)

    assert carry(first) == Delivered()
    time.sleep(0.05)
    assert carry(second) == Delivered()


def test_refusal_on_a_kept_connection_must_be_said_on_a_new_one_too(receiver: Scripted, carry: Carry) -> None:
    first, second = lines(2)

    assert carry(first) == Delivered()
    receiver.script = firmly(422)
    assert carry(second) == Refused("422")
    assert receiver.connections == 2


def test_yes_without_a_name_on_a_kept_connection_must_be_said_on_a_new_one_too(
    receiver: Scripted, carry: Carry
) -> None:
    first, second = lines(2)
    assert carry(first) == Delivered()

    receiver.script = ["nameless"]

    assert carry(second) == Delivered()
    assert [said.path for said in receiver.of("PUT")[1:]] == [receiver.of("PUT")[1].path] * 2
    assert receiver.connections > 1


def test_what_is_only_asked_is_asked_on_a_connection_of_its_own(receiver: Scripted, carry: Carry) -> None:
    first, second, third = lines(3)
    second.stops[0] = relay.Stop(second.deliveries[0], second.stops[0].parcel, ask_first=True)

    assert [carry(first), carry(second), carry(third)] == [Delivered()] * 3
    assert receiver.connections == 3


@pytest.mark.parametrize("what", ["token", "age"])
def test_connection_is_not_kept_when_what_is_said_on_it_has_changed_or_it_is_old(
    receiver: Scripted, carry: Carry, settings: Settings, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    first, second = lines(2)
    assert carry(first) == Delivered()

    if what == "token":
        settings.NATIONAL_SERVICE_TOKEN = "renewed"
    else:
        monkeypatch.setattr(wires, "LONGEST", 0.0)

    assert carry(second) == Delivered()
    assert receiver.connections == 2
