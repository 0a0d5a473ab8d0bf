"""The desk's page of how deliveries stand: all of it for who looks after the installation, their own services for managers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import Settings

from apps.people.models import User
from apps.sync import relay, tally
from apps.sync.models import Alarm, Delivery, Receiver, Reconciliation, RelayAlive
from apps.sync.receivers.base import Delivered, Unknown
from apps.sync.watchroom import age_words
from tests import build

pytestmark = pytest.mark.django_db
ROOM = "/admin/sync/alarm/"


@pytest.fixture(autouse=True)
def _where_it_is(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = "http://127.0.0.1:1"


def page(user: User) -> str:
    answer = build.signed_in(user, headers={"accept-language": "en"}).get(ROOM)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


@pytest.fixture
def late() -> None:
    """A line of each of two authorities' services, an hour old; of one of them another one is refused."""
    then = timezone.now() - timedelta(hours=1)
    for key, authority in (("ours", "example-town"), ("theirs", "other-town")):
        build.case(build.version(key=key, authority=authority), at=then, by=build.customer(key))
    refused = build.case(build.version(key="ours"), at=then, by=build.customer("refused"))
    relay.collect(then)
    Delivery.objects.filter(case=refused, receiver__key="national").update(refused_at=then)
    RelayAlive.objects.create(name="a relay", began_at=then, seen_at=timezone.now())


@pytest.mark.usefixtures("late")
def test_who_looks_after_the_installation_sees_everything_in_words() -> None:
    then = timezone.now() - timedelta(minutes=50)
    Alarm.objects.create(
        key="late national", what="late", receiver=Receiver.objects.get(key="national"), since=then, began_at=then
    )
    Reconciliation.objects.create(receiver=Receiver.objects.get(key="national"), started_at=then, ended_at=then)
    (pk, *_more) = Delivery.objects.filter(receiver__key="national").values_list("pk", flat=True)
    tally.count([(pk, Delivered())], timezone.now())
    tally.count([(pk, Unknown("x"))], timezone.now())

    html = page(build.superuser())

    for words in (
        "Red: too old",
        "Deliveries are late: Tillstånd och tillsyn",
        "Name of ours",
        "Name of theirs",
        "60 minutes",
        "answer lost: 1",
        "0 / 1 / 1",
        "Both sides say the same",
        "Going on",
        "Somebody must look at it",
    ):
        assert words in html, words
    assert "FE-20" not in html
    assert " style=" not in html


@pytest.mark.usefixtures("late")
def test_manager_sees_their_own_services_alone() -> None:
    html = page(build.official("manages", role="manager"))

    assert "Name of ours" in html
    assert "Name of theirs" not in html
    assert "The relay and its duties" not in html
    assert "Alarms" not in html


@pytest.mark.usefixtures("late")
def test_links_lead_to_the_deliveries_that_are_stopped() -> None:
    manager = build.official("manages", role="manager")
    national = Receiver.objects.get(key="national")
    service = Delivery.objects.filter(case__service__key="ours")[0].case.service_id
    address = f"/admin/sync/delivery/?receiver__id__exact={national.pk}&amp;service={service}&amp;status=refused"
    assert address in page(manager)

    shown = build.signed_in(manager).get(address.replace("&amp;", "&")).context["cl"].result_list

    assert [(one.receiver.key, one.refused_at is not None) for one in shown] == [("national", True)]


@pytest.mark.parametrize("role", ["reader", "handler", "designer"])
def test_others_have_no_such_room(role: str) -> None:
    answer = build.signed_in(build.official("other", role=role)).get(ROOM)

    assert answer.status_code == 403


def test_customer_is_asked_to_sign_in() -> None:
    assert build.signed_in(build.customer()).get(ROOM).status_code == 302


@pytest.mark.usefixtures("late")
def test_oldest_stands_first() -> None:
    then = timezone.now() - timedelta(days=3)
    build.case(build.version(key="aaa"), at=then, by=build.customer("a"))
    build.case(build.version(key="zzz"), at=then, by=build.customer("z"))
    relay.collect(then)
    Delivery.objects.filter(case__service__key="aaa").update(waits_since=timezone.now())

    html = page(build.superuser())

    assert html.index("Name of zzz") < html.index("Name of theirs") < html.index("Name of aaa")
    assert "3 days" in html


def test_number_of_queries_does_not_grow() -> None:
    user, made = build.superuser(), []
    for n in range(2):
        for i in range(1 + 4 * n):
            build.case(build.version(key=f"service-{n}-{i}"), by=build.customer(f"Customer {n} {i}"))
        relay.collect(build.NOW)
        browser = build.signed_in(user)
        with CaptureQueriesContext(connection) as asked:
            browser.get(ROOM)
        made.append(len(asked))

    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-3), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_age_is_said_roughly(age: timedelta, words: str) -> None:
    with translation.override("en"):
        assert age_words(age) == words
