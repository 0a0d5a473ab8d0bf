"""How often: counted by the database, per person and stretch of time, in rows that say nothing about anybody."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from apps.people import limits
from apps.people.identification import sign_in
from apps.people.limits import LIMITS, Limit, TooMany
from apps.people.models import Attempt
from tests.build import customer

pytestmark = [pytest.mark.django_db, pytest.mark.both]
PUBLISHED = dict(LIMITS)
BEGINNING = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)  # of a stretch of ten minutes


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three in ten minutes."""
    monkeypatch.setitem(LIMITS, "send", Limit(3, timedelta(minutes=10)))
    monkeypatch.setitem(LIMITS, "message", Limit(3, timedelta(minutes=10)))


def tried(times: int, who: str = "somebody", *, what: str = "send", at: datetime = BEGINNING) -> None:
    """Try so many times."""
    for _ in range(times):
        limits.count(what, who, at=at)


def request(**meta: str) -> HttpRequest:
    """A request of nobody."""
    made = RequestFactory().get("/", **meta)  # type: ignore[arg-type]
    made.session = SessionStore()
    return made


def test_as_often_as_the_table_says_and_no_more() -> None:
    tried(3)

    with pytest.raises(TooMany) as refused:
        tried(1)
    assert refused.value.what == "send"


@pytest.mark.parametrize(("gone", "seconds"), [(0, 601), (1, 600), (540, 61), (599, 2)])
def test_refusal_says_when_it_can_be_tried_again(gone: int, seconds: int) -> None:
    tried(3)

    with pytest.raises(TooMany) as refused:
        tried(1, at=BEGINNING + timedelta(seconds=gone))
    assert refused.value.seconds == seconds


def test_it_can_be_tried_again_in_the_next_stretch() -> None:
    tried(3, at=BEGINNING + timedelta(seconds=599))

    tried(3, at=BEGINNING + timedelta(seconds=600))


def test_one_persons_tries_are_not_anothers_and_one_matter_not_another() -> None:
    tried(3)

    tried(3, "another")
    tried(3, what="message")


def test_nothing_is_counted_where_limits_are_off(settings: Settings) -> None:
    settings.RATE_LIMITS = False

    tried(10)

    assert not Attempt.objects.exists()


def test_row_says_nothing_of_who_it_was() -> None:
    tried(2, "address 192.0.2.1")
    tried(2, "address 192.0.2.1", what="message")

    keys = list(Attempt.objects.values_list("key", flat=True))
    assert len(set(keys)) == 2
    assert all(len(key) == 64 and "192.0.2.1" not in key for key in keys)
    assert list(Attempt.objects.values_list("count", flat=True)) == [2, 2]


def test_counting_is_one_question_to_the_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(2):
        tried(2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_of_many_at_once_only_as_many_are_let_through_as_may() -> None:
    def one(_n: int) -> bool:
        try:
            tried(1)
        except TooMany:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as threads:
        let_through = list(threads.map(one, range(12)))

    assert sum(let_through) == 3
    assert Attempt.objects.get().count == 12


def test_old_counts_are_forgotten_and_those_that_count_stay() -> None:
    tried(1)
    tried(1, at=BEGINNING + limits.LONGEST + timedelta(minutes=10))

    assert limits.forget_old(BEGINNING + limits.LONGEST + timedelta(minutes=10)) == 1
    assert Attempt.objects.get().since == BEGINNING + limits.LONGEST + timedelta(minutes=10)


def test_customer_is_counted_by_who_they_are_wherever_they_come_from() -> None:
    at_home, elsewhere = request(REMOTE_ADDR="192.0.2.1"), request(REMOTE_ADDR="192.0.2.2")
    for made in (at_home, elsewhere):
        sign_in(made, customer())

    assert limits.who_asks(at_home) == limits.who_asks(elsewhere) != limits.who_asks(request())


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "198.51.100.9", "192.0.2.1"),  # what a visitor says of themselves counts for nothing
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        (2, "203.0.113.5, 198.51.100.9, 10.0.0.1", "198.51.100.9"),
        (2, "198.51.100.9", "192.0.2.1"),  # it has not come through both, so the visitor may have written it
        (2, ",", "192.0.2.1"),
        (3, "203.0.113.5, 198.51.100.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (1, "::ffff:198.51.100.9", "198.51.100.9"),
        (1, "no address" + "x" * 500, "no address" + "x" * 90),
    ],
)
def test_address_is_the_one_the_trusted_proxies_saw(
    settings: Settings, proxies: int, forwarded: str, seen: str
) -> None:
    settings.TRUSTED_PROXIES = proxies

    found = limits.where_from(request(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded))

    assert found == f"address {seen}"


@pytest.mark.parametrize("what", ["send", "upload"])
def test_one_customer_may_send_every_few_seconds(what: str) -> None:
    limit = PUBLISHED[what]
    assert limit.within / limit.times <= timedelta(seconds=3)


# --- roughly -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def _afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Twelve in ten minutes, and each process asks after four."""
    monkeypatch.setitem(LIMITS, "interface", Limit(12, timedelta(minutes=10)))
    monkeypatch.setattr(limits, "ROUGHLY", 4)
    limits.forget_rough()
    yield
    limits.forget_rough()


def rough(times: int, who: str = "system 1", *, at: datetime = BEGINNING) -> int:
    """How many of so many calls are let through."""
    through = 0
    for _ in range(times):
        with contextlib.suppress(TooMany):
            limits.count_roughly("interface", who, at=at)
            through += 1
    return through


@pytest.mark.usefixtures("_afresh")
def test_one_process_lets_through_as_many_as_the_table_says() -> None:
    assert rough(30) == 12
    assert rough(30, at=BEGINNING + timedelta(seconds=600)) == 12


@pytest.mark.usefixtures("_afresh")
def test_what_is_counted_roughly_is_written_now_and_then(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        rough(4)
    with django_assert_num_queries(1):
        rough(4)
    assert Attempt.objects.get().count == 5


@pytest.mark.usefixtures("_afresh")
def test_refusing_asks_the_database_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    rough(12)

    with django_assert_num_queries(0):
        assert rough(20) == 0


@pytest.mark.usefixtures("_afresh")
def test_another_process_hears_of_what_was_counted_and_both_are_right_to_within_a_few() -> None:
    one = rough(10)
    limits.forget_rough()  # what another process knows: nothing

    other = rough(30)

    assert 12 <= one + other <= 12 + 3


@pytest.mark.usefixtures("_afresh")
def test_first_refusal_is_told_from_the_others() -> None:
    rough(12)
    firsts = []
    for _ in range(3):
        with pytest.raises(TooMany) as refused:
            limits.count_roughly("interface", "system 1", at=BEGINNING)
        firsts.append(refused.value.first)

    assert firsts == [True, False, False]


@pytest.mark.usefixtures("_afresh")
def test_nothing_is_counted_roughly_where_limits_are_off(settings: Settings) -> None:
    settings.RATE_LIMITS = False

    assert rough(30) == 30
    assert not Attempt.objects.exists()


@pytest.mark.usefixtures("_afresh")
def test_process_forgets_the_systems_of_stretches_that_are_over() -> None:
    rough(1, "system 1")
    rough(1, "system 2", at=BEGINNING + limits.LONGEST + timedelta(minutes=10))

    assert [who for _what, who in limits._rough] == ["system 2"]
