"""How deliveries stand, from the database alone: what waits and since when, how attempts end, and what of it is red by its age."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from apps.cases.models import Case
from apps.people.models import System
from apps.sync import alive, relay, tally, watching
from apps.sync.models import SYSTEM, Delivery, Notice, Receiver, Reconciliation, RelayAlive, Tally
from apps.sync.receivers.base import Behind, Delivered, Later, Refused, Unknown
from apps.sync.watching import Light, Limits, Problem, Standing, What
from tests import build
from tests.build import NOW
from tests.sync.folders import handled
from tests.sync.scripted import Scripted

pytestmark = pytest.mark.django_db
LIMITS = Limits(timedelta(minutes=15), timedelta(days=1))


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def _where_it_is(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def relay_at_work() -> None:
    RelayAlive.objects.create(name="a relay", began_at=NOW, seen_at=NOW + timedelta(days=100))


def national(watch: watching.Watch) -> watching.Watched:
    return next(one for one in watch.receivers if one.key == "national")


def standing(now: datetime) -> Standing:
    return national(watching.look(now)).total


def told(now: datetime) -> list[tuple[str, str]]:
    found = watching.problems(watching.look(now), LIMITS)
    return [(one.key, str(one.light)) for one in found]


def refuse(case: Case, number: int = 1, when: datetime = NOW) -> None:
    Delivery.objects.filter(receiver__key="national", case=case, number=number).update(refused_at=when)


# --- what is there ---------------------------------------------------------------------------------------------------


def test_what_waits_is_counted_by_receiver_and_service_with_the_age_of_the_oldest() -> None:
    other = build.version(key="other")
    build.case(at=at(0))
    build.case(other, at=at(1))
    build.case(other, at=at(2), by=build.customer("Another"))
    relay.collect(at(3))

    found = watching.look(at(10))

    by_key = {found.services[pk]: one for pk, one in national(found).services.items()}
    assert {key: (one.waiting, one.oldest) for key, one in by_key.items()} == {
        "example": (1, at(3)),
        "other": (2, at(3)),
    }
    assert (national(found).total.waiting, national(found).total.oldest) == (3, at(3))


def test_what_stands_behind_a_refusal_waits_for_a_person_and_not_for_the_receiver() -> None:
    stopped = handled(build.case())
    build.case(by=build.customer("Another"), at=at(6))
    relay.collect(at(6))
    refuse(stopped, when=at(7))

    found = standing(at(10))

    assert (found.waiting, found.refused, found.stopped) == (1, 1, 1)
    assert (found.oldest, found.oldest_refused) == (at(6), at(7))


def test_what_was_let_go_again_waits_since_then() -> None:
    case = build.case()
    relay.collect(NOW)
    refuse(case)

    Delivery.objects.get(receiver__key="national").send_again(at=at(600))

    assert standing(at(601)).oldest == at(600)


def test_tests_and_what_waits_for_the_days_digest_do_not_count() -> None:
    Receiver.objects.filter(key="national").update(takes_tests=True)
    build.tried()
    case = build.case(by=build.customer("Another"))
    relay.collect(NOW)
    Delivery.objects.filter(receiver__key="national", case=case).update(party="digest")

    found = watching.look(at(60))

    assert national(found).total.waiting == 0
    assert Delivery.objects.filter(case__is_test=True).exists()


def test_diary_lines_that_no_relay_has_looked_at_are_known_without_a_delivery() -> None:
    build.case(at=at(1))
    handled(build.case(by=build.customer("Another"), at=at(2)))

    found = watching.look(at(30))

    assert not Delivery.objects.exists()
    assert found.all_uncollected == watching.Waiting(2, at(1))
    assert [found.services[pk] for pk in found.uncollected] == ["example"]


def test_how_attempts_end_is_counted_by_kind_and_time(receiver: Scripted) -> None:
    build.case()
    receiver.rules["/events"] = "500"
    relay.run_once(at(0))
    receiver.rules.clear()
    relay.run_once(at(2))

    assert standing(at(2)).ended["hour"] == Counter(delivered=1, later=1)
    assert standing(at(3)).delivered("minute") == 1
    assert standing(at(5)).delivered("minute") == 0
    assert standing(at(200)).ended["hour"] == Counter(delivered=0, later=0)
    assert standing(at(200)).ended["day"].total() == 2
    assert standing(at(5000)).ended["ever"].total() == 2
    assert standing(at(5000)).last_delivered == at(2)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Delivered(), "delivered"),
        (Later(None, "503"), "later"),
        (Later(None, "401", barred=True), "barred"),
        (Unknown("reset"), "unknown"),
        (Refused("422"), "refused"),
        (Behind(1), "behind"),
    ],
)
def test_every_outcome_has_its_kind(outcome: Any, kind: str) -> None:
    assert tally.kind_of(outcome) == kind
    assert kind in (tally.DELIVERED, *tally.FAILURES)


def test_same_minute_is_one_row_and_tests_have_none() -> None:
    Receiver.objects.filter(key="national").update(takes_tests=True)
    build.case()
    build.tried()
    relay.collect(NOW)
    real = Delivery.objects.get(receiver__key="national", case__is_test=False).pk
    of_a_test = Delivery.objects.get(receiver__key="national", case__is_test=True).pk

    tally.count([(real, Later(None, "x")), (of_a_test, Later(None, "x"))], at(0))
    tally.count([(real, Later(None, "x"))], at(0.5))

    row = Tally.objects.get()
    assert (row.count, row.last_at, row.minute) == (2, at(0.5), NOW)


def test_figures_of_long_ago_are_put_together_and_say_the_same() -> None:
    build.case()
    relay.collect(NOW)
    pk = Delivery.objects.get(receiver__key="national").pk
    for minutes in range(0, 50, 10):
        tally.count([(pk, Delivered())], at(minutes))
    tally.count([(pk, Unknown("x"))], at(3))
    before = standing(at(5_000))

    assert tally.put_together(at(60)) == 0
    assert tally.put_together(at(5_000)) == 4
    assert tally.put_together(at(5_000)) == 0

    assert Tally.objects.count() == 2
    assert standing(at(5_000)) == before
    assert before.last_delivered == at(40)


# --- what of it is wrong ---------------------------------------------------------------------------------------------


def test_late_is_judged_by_age_and_not_by_how_much_there_is() -> None:
    for n in range(30):
        build.case(by=build.customer(f"Customer {n}"))
    relay.collect(NOW)

    assert told(at(15)) == []
    assert told(at(15.1)) == [("late national", "red")]


def test_receiver_that_fails_is_told_before_it_is_late() -> None:
    build.case()
    relay.collect(NOW)
    Receiver.objects.filter(key="national").update(failing_since=at(1))

    assert told(at(2)) == [("failing national", "yellow")]


def test_refusal_is_told_at_once_and_has_an_age_of_its_own() -> None:
    case = build.case()
    relay.collect(NOW)
    refuse(case)

    assert told(at(16)) == [("refused national", "yellow")]
    assert told(at(24 * 60 + 1)) == [("refused national", "red")]


@pytest.mark.parametrize(
    ("active", "url", "key"),
    [(False, "http://127.0.0.1:1", "off national"), (True, "", "not set up national"), (False, "", "")],
)
def test_receiver_that_is_not_sent_to_is_told_and_red_later_unless_it_is_given_up(
    settings: Settings, active: bool, url: str, key: str
) -> None:
    build.case()
    relay.collect(NOW)
    Receiver.objects.filter(key="national").update(active=active)
    settings.NATIONAL_SERVICE_URL = url

    assert told(at(60)) == ([(key, "yellow")] if key else [])
    assert told(at(24 * 60 + 1)) == ([(key, "red")] if key else [])


def test_system_that_does_not_wake_up_is_told_and_never_red(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = ""
    Receiver.objects.filter(key="national").update(active=False)
    System.objects.create(
        authority=build.authority(), name="Handling", wake_url="https://handling.example/wake", made_at=NOW
    )
    case = build.case()
    relay.collect(NOW)
    (key,) = Receiver.objects.filter(kind=SYSTEM).values_list("key", flat=True)

    assert told(at(24 * 60 + 1)) == [(f"late {key}", "yellow")]

    Delivery.objects.filter(receiver__key=key, case=case).update(refused_at=NOW)
    assert told(at(2 * 24 * 60)) == [(f"refused {key}", "yellow")]


def test_what_waits_for_a_person_is_never_red_when_no_age_is_set(settings: Settings) -> None:
    case = build.case()
    relay.collect(NOW)
    refuse(case)
    settings.HEALTH_STOPPED_SECONDS = 0

    (found,) = watching.problems(watching.look(at(100_000)), Limits.set())

    assert (found.what, found.light) == (What.REFUSED, Light.YELLOW)


def test_without_a_relay_it_is_red() -> None:
    RelayAlive.objects.update(seen_at=NOW)
    build.case()

    assert told(at(10)) == []
    assert told(at(16)) == [("silent", "red"), ("uncollected", "red")]
    RelayAlive.objects.all().delete()
    (never,) = watching.problems(watching.look(at(1)), LIMITS)
    assert (never.light, never.words) == (Light.RED, str(watching.NEVER))


@pytest.mark.parametrize("mail", [True, False])
def test_mails_that_belong_to_no_case_are_late_where_mail_is_set_up(settings: Settings, mail: bool) -> None:
    settings.MAIL_IS_SENT = mail
    Notice.objects.create(key="one", kind="digest", address="a@example.com", created_at=NOW)

    assert told(at(16)) == ([("notices late", "red")] if mail else [])


def test_comparisons_that_are_not_green_age_from_the_first_of_them() -> None:
    of = Receiver.objects.get(key="national")
    for hours, totals, trouble in (
        (0, {}, ""),
        (24, {"missing": 1}, ""),
        (48, {}, "no answer"),
        (72, {"missing": 1}, ""),
    ):
        moment = NOW + timedelta(hours=hours)
        ended = None if trouble else moment
        Reconciliation.objects.create(receiver=of, started_at=moment, ended_at=ended, totals=totals, trouble=trouble)
    Reconciliation.objects.create(receiver=of, started_at=NOW + timedelta(hours=73))  # goes on

    (found,) = watching.problems(watching.look(NOW + timedelta(hours=74)), LIMITS)

    assert (found.key, found.since, found.light) == ("differs national", NOW + timedelta(hours=24), Light.RED)
    assert national(watching.look(NOW + timedelta(hours=74))).compared == watching.Compared(
        NOW + timedelta(hours=72), False, False, {"missing": 1}, NOW + timedelta(hours=24)
    )


def test_last_comparison_that_is_green_makes_good_what_was_before() -> None:
    of = Receiver.objects.get(key="national")
    Reconciliation.objects.create(receiver=of, started_at=at(0), ended_at=at(0), totals={"missing": 1})
    Reconciliation.objects.create(receiver=of, started_at=at(1), ended_at=at(1), totals={"accepted": 3})

    assert told(at(24 * 60 * 3)) == []


@pytest.mark.parametrize(
    ("hours", "light"), [(1, []), (7, [("differs national", "yellow")]), (25, [("differs national", "red")])]
)
def test_comparison_that_should_have_ended_and_has_not_is_not_covered_by_the_last_green(
    hours: int, light: list[tuple[str, str]]
) -> None:
    of = Receiver.objects.get(key="national")
    Reconciliation.objects.create(receiver=of, started_at=at(0), ended_at=at(1), totals={"accepted": 3})
    Reconciliation.objects.create(receiver=of, started_at=at(24 * 60))  # killed
    moment = at(24 * 60 + hours * 60)

    assert told(moment) == light
    compared = national(watching.look(moment)).compared
    assert compared is not None
    assert (compared.green, compared.broke_off) == (hours == 1, hours != 1)


def test_red_comes_first_and_the_oldest_of_equals() -> None:
    case = build.case()
    other = build.case(by=build.customer("Another"))
    relay.collect(NOW)
    refuse(case, when=at(1))
    Delivery.objects.filter(receiver__key="mail").update(refused_at=NOW)

    keys = [key for key, _light in told(at(20))]

    assert keys[0] == "late national"
    assert keys[-1] == "refused national"
    assert other.pk


@pytest.mark.parametrize("what", list(What))
@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_every_problem_has_words(what: What, language: str) -> None:
    with translation.override(language):
        for words in (watching.title(what, "R"), watching.sentence(what, "R", NOW)):
            assert words
            assert "%(" not in words


def test_light_is_that_of_the_worst() -> None:
    yellow, red = Problem(What.FAILING, NOW, False), Problem(What.LATE, NOW, True)

    assert [watching.light(some) for some in ([], [yellow], [yellow, red])] == ["green", "yellow", "red"]


def test_few_questions_however_much_there_is(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for n in range(3):
        version = build.version(key=f"service-{n}")
        for i in range(4):
            case = handled(build.case(version, by=build.customer(f"Customer {n} {i}")))
        relay.collect(at(1))
        refuse(case)
        with django_assert_max_num_queries(13):
            watching.look(at(2))


# --- a relay's sign of life ------------------------------------------------------------------------------------------


def test_relay_gives_a_sign_of_life_now_and_then(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    RelayAlive.objects.all().delete()
    RelayAlive.objects.create(name="ended", began_at=NOW, seen_at=NOW - timedelta(days=2))
    sign = alive.Sign()

    sign.give(NOW)
    with django_assert_num_queries(0):
        sign.give(at(1))

    assert list(RelayAlive.objects.values_list("name", "seen_at")) == [(sign.name, NOW)]
    assert watching.look(at(0.5)).relays_at_work == 1
    assert watching.look(at(2)).relays_at_work == 0


def test_relay_that_is_run_once_leaves_a_sign(settings: Settings) -> None:
    RelayAlive.objects.all().delete()

    call_command("relay", "--once")

    assert timezone.now() - RelayAlive.objects.get().seen_at < timedelta(minutes=1)
