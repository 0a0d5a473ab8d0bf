"""Wake-ups over real sockets: each system is told of its own cases, signed and without content, and none holds up another."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from apps.cases.models import Case
from apps.people.models import System
from apps.sync import relay, settling, waking, watching
from apps.sync.models import SYSTEM, Delivery, Receiver
from apps.sync.receivers import system as wake_ups
from apps.sync.receivers.system import IN_PRIVATE, Inside, Outside, is_outside, why_not
from apps.sync.receivers.webhook import signature
from tests import build
from tests.build import NOW
from tests.sync import folders, schemas
from tests.sync.folders import handled, standing
from tests.sync.patience import HURRY, hurried
from tests.sync.test_webhook import Hook, listening

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the tests, and of nobody else"
SITE = "https://service.example"
SOON = NOW + timedelta(minutes=30)


def at(hours: float) -> Any:
    return SOON + timedelta(hours=hours)


@pytest.fixture(autouse=True)
def _alone(settings: Settings) -> None:
    """Nobody else is sent anything, and the tests' own machine can be woken."""
    Receiver.objects.update(active=False)
    settings.SITE_URL = SITE
    settings.WAKE_UPS_TO_PRIVATE_NETWORKS = True
    settings.MAIL_IS_SENT, settings.NATIONAL_SERVICE_URL = False, ""


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Where a system is woken."""
    with listening() as running:
        yield running


def woken(name: str = "Handling", *, of: str = "example-town", url: str = "", **more: Any) -> System:
    """A system of an authority that is woken at an address."""
    facts = {"wake_secret": SECRET, "scopes": ["read", "write", "ledger"], "made_at": NOW - timedelta(days=1), **more}
    return System.objects.create(authority=build.authority(of), name=name, wake_url=url, **facts)


def row(system: System) -> Receiver:
    return Receiver.objects.get(system=system)


# --- what is said ----------------------------------------------------------------------------------------------------


def test_wake_up_says_which_case_and_what_kind_of_event_and_nothing_of_what_was_written(hook: Hook) -> None:
    woken(url=hook.url)
    case = handled(build.case(folders.form(), answers=folders.answers()))
    case.take_step("note", by=build.official(), at=NOW + timedelta(minutes=8), text="For the desk alone")
    event = case.take_step("write", by=build.official(), at=NOW + timedelta(minutes=9), text="A secret of yours")

    relay.run_once(SOON)

    assert hook.said[2] == {
        "schemaVersion": "1",
        "externalId": str(case.external_id),
        "key": str(event.key),
        "number": 3,
        "kind": "write",
        "at": "2027-03-01T09:39:00Z",
        "status": "in_handling",
        "link": f"{SITE}/interface/v1/commondata/{case.external_id}/events?after=2",
    }
    assert [schemas.errors("wake-up", said) for said in hook.said] == [[], [], []]
    told = b"".join(body for _headers, body in hook.came).decode()
    assert not [word for word in ("Exempelstaden", "secret of yours", "Customer", "desk alone") if word in told]
    assert len(hook.came) == 3


def test_wake_up_is_signed_and_has_the_key_of_the_event(hook: Hook) -> None:
    woken(url=hook.url)
    case = build.case()

    relay.run_once(SOON)

    ((headers, body),) = hook.came
    assert headers["idempotency-key"] == str(case.events.get().key)
    assert headers["x-signature"] == signature(SECRET, headers["x-timestamp"], body)
    assert abs(int(headers["x-timestamp"]) - timezone.now().timestamp()) < 60


def test_wake_up_that_is_lost_is_sent_again_the_same_under_its_key(hook: Hook, settings: Settings) -> None:
    hook.slow = 2 * HURRY
    woken(url=hook.url)
    case = build.case()
    with hurried(settings):
        relay.run_once(SOON)
    assert standing(case) == ["waiting"]

    hook.slow = 0
    relay.run_once(at(1))

    assert standing(case) == ["delivered"]
    (first, body), (second, again) = hook.came
    assert (body, first["idempotency-key"]) == (again, second["idempotency-key"])


def test_system_without_a_secret_is_not_woken_unsigned(hook: Hook) -> None:
    woken(url=hook.url, wake_secret="")
    case = build.case()

    relay.run_once(SOON)

    assert (standing(case), hook.came) == (["waiting"], [])
    assert "no secret" in Delivery.objects.get().last_error


# --- who is told of what ---------------------------------------------------------------------------------------------


def test_system_is_woken_for_cases_of_its_own_authority_and_services_alone(hook: Hook) -> None:
    build.case(build.version(key="noise"))
    mine = build.case(build.version(key="gathering"))
    build.case(build.version(key="fireworks", authority="other-town"))
    woken(url=hook.url, only_services=["gathering"])

    relay.run_once(SOON)

    assert [one["externalId"] for one in hook.said] == [str(mine.external_id)]


def test_system_is_not_woken_by_what_it_has_done_itself_but_another_one_is(hook: Hook) -> None:
    with listening() as other:
        mine = woken(url=hook.url)
        woken("Archive", url=other.url)
        case = build.case()
        case.take_step("take_up", by=mine, at=NOW)
        case.take_step("write", by=mine, at=NOW, text="Hello")
        case.take_step("reply", by=case.application.customer, at=NOW, text="Hello")

        relay.run_once(SOON)

        assert [(one["number"], one["kind"]) for one in hook.said] == [(1, "received"), (4, "reply")]
        assert [one["kind"] for one in other.said] == ["received", "take_up", "write", "reply"]


def test_system_for_testing_is_woken_by_tests_alone_and_that_is_noted(hook: Hook) -> None:
    with listening() as other:
        tests, real = woken("Sandbox", url=hook.url, is_test=True), woken("Real", url=other.url)
        case, tried = build.case(), build.tried()

        relay.run_once(SOON)

        assert [(one["externalId"], one["test"]) for one in hook.said] == [(str(tried.external_id), True)]
        assert [one["externalId"] for one in other.said] == [str(case.external_id)]
        assert "test" not in other.said[0]
    tests.refresh_from_db()
    real.refresh_from_db()
    assert (list(tests.checks), list(real.checks)) == (["woken"], [])


def test_what_happens_before_the_relay_has_seen_the_address_is_told_and_nothing_older(hook: Hook) -> None:
    old = build.case()
    relay.run_once(SOON)

    woken(url=hook.url)
    case = build.case(by=build.customer("Other"))
    relay.run_once(SOON)
    handled(old)
    relay.run_once(SOON)

    assert [(one["externalId"], one["kind"]) for one in hook.said] == [
        (str(case.external_id), "received"),
        (str(old.external_id), "take_up"),
    ]


# --- what the answers mean -------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("status", "stands"),
    [
        *((status, "delivered") for status in (200, 202, 204)),
        *((status, "waiting") for status in (301, 307, 400, 401, 403, 404, 405, 413, 422, 429, 500, 503)),
        (410, "refused"),
    ],
)
def test_every_no_but_gone_is_tried_again(hook: Hook, status: int, stands: str) -> None:
    hook.answers = [(status, {"Location": "/told"})]
    woken(url=hook.url)
    case = build.case()

    relay.run_once(SOON)

    assert standing(case) == [stands]
    assert len(hook.came) == 1  # a redirect is not followed
    if stands == "waiting":
        relay.run_once(at(1))
        assert standing(case) == ["delivered"]


def test_system_that_is_away_opens_its_own_circuit_and_touches_no_other(hook: Hook) -> None:
    dead, well = woken("Dead", url="http://127.0.0.1:9/"), woken("Well", url=hook.url)
    for n in range(7):
        build.case(by=build.customer(f"Customer {n}"))

    relay.run_once(SOON)

    assert row(dead).probe_at is not None
    assert row(well).failures == 0
    assert len(hook.came) == 7
    waiting = set(Delivery.objects.filter(receiver__system=dead).values_list("last_error", flat=True)) - {""}
    assert waiting == {"cannot be reached: ClientConnectorError"}


# --- the rows follow the systems -------------------------------------------------------------------------------------


def test_receiver_is_made_named_after_the_system_and_its_authority() -> None:
    system = woken(url="https://handling.example/woken", is_test=True)

    waking.ensure(NOW)

    made = row(system)
    assert (made.kind, made.key, made.name) == (SYSTEM, f"system-{system.pk}", "Handling (example-town sv)")
    assert (made.active, made.takes_tests, made.since) == (True, True, system.made_at)


def test_receiver_takes_on_a_new_name() -> None:
    system = woken(url="https://handling.example/woken")
    waking.ensure(NOW)
    System.objects.update(name="Archive")

    waking.ensure(NOW)

    assert row(system).name == "Archive (example-town sv)"


def test_system_of_the_longest_name_has_one_receiver_and_no_more_work(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    town = build.authority(name_sv="Ö" * 200)
    System.objects.create(authority=town, name="Å" * 100, wake_url="https://handling.example/")
    waking.ensure(NOW)

    with django_assert_num_queries(1):
        waking.ensure(NOW)

    assert Receiver.objects.get(kind=SYSTEM).name == f"{'Å' * 100} ({'Ö' * 98}"


@pytest.mark.parametrize("systems", [0, 1, 3])
def test_looking_whether_the_rows_are_right_takes_one_query(
    systems: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(systems):
        woken(f"System {n}", url="https://handling.example/")
    woken("Asks itself")
    waking.ensure(NOW)

    with django_assert_num_queries(1):
        waking.ensure(NOW)

    assert Receiver.objects.filter(kind=SYSTEM, active=True).count() == systems


@pytest.mark.parametrize("how", ["no address", "not let in", "deleted"])
def test_system_that_is_woken_no_more_is_owed_nothing(how: str) -> None:
    system = woken(url="http://127.0.0.1:9/")
    case = build.case()
    relay.run_once(SOON)
    receiver = row(system)
    assert settling._owing([case.pk], SOON) == {case.pk}

    if how == "no address":
        System.objects.update(wake_url="")
    elif how == "not let in":
        System.objects.update(active=False)
    else:
        system.delete()
    relay.run_once(at(1))

    receiver.refresh_from_db()
    delivery = Delivery.objects.get(receiver=receiver)
    assert (receiver.active, standing(case), delivery.last_error) == (False, ["skipped"], waking.LET_GO)
    assert settling._owing([case.pk], at(1)) == set()


def test_system_that_is_woken_again_is_told_of_what_is_new(hook: Hook) -> None:
    system = woken(url=hook.url)
    waking.ensure(NOW)
    System.objects.update(wake_url="")
    case = build.case()
    relay.run_once(SOON)
    System.objects.update(wake_url=hook.url)
    handled(case)

    relay.run_once(SOON)

    assert row(system).active
    assert [(one["number"], one["kind"]) for one in hook.said] == [(2, "take_up")]


def test_wake_up_that_nobody_takes_keeps_no_case_for_ever() -> None:
    woken(url="http://127.0.0.1:9/")
    case = build.case()
    handled(case)
    case.take_step("close", by=build.official(), at=NOW, outcome="noted", text="So it is.")
    relay.run_once(SOON)

    settling.settle_what_is_left(SOON)
    assert Case.objects.get().settled_at is None
    settling.settle_what_is_left(at(31 * 24))

    assert Case.objects.get().settled_at == at(31 * 24)


def test_refused_wake_up_that_is_skipped_is_not_posted_and_the_next_one_is(hook: Hook) -> None:
    hook.answers = [(410, {})]
    woken(url=hook.url)
    case = handled(build.case())
    relay.run_once(SOON)
    assert standing(case) == ["refused", "waiting"]

    Delivery.objects.get(number=1).skip("Told by telephone.", at=SOON)
    relay.run_once(at(1))

    assert standing(case) == ["skipped", "delivered"]
    assert [one["kind"] for one in hook.said] == ["received", "take_up"]


def test_queries_of_collecting_do_not_grow_with_systems_of_others() -> None:
    made = []
    for n in (1, 6):
        for i in range(n):
            woken(f"System {n} {i}", of=f"other-{n}-{i}", url="https://handling.example/")
        waking.ensure(NOW)
        build.case(by=build.customer(f"Customer {n}"))
        with CaptureQueriesContext(connection) as collecting:
            relay.collect(SOON)
        made.append(len(collecting))

    assert made[0] == made[1]


@pytest.mark.thorough
def test_queries_of_packing_do_not_grow_with_systems_and_cases() -> None:
    made = []
    for n in (1, 4):
        for i in range(n):
            woken(f"System {n} {i}", url="https://handling.example/")
            handled(build.case(by=build.customer(f"Customer {n} {i}")))
        relay.collect(SOON)
        with CaptureQueriesContext(connection) as claiming:
            assert relay.claim(100, SOON)
        made.append(len(claiming))
        Delivery.objects.all().delete()

    assert made[0] == made[1]


# --- where a wake-up may go ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "objection"),
    [
        ("https://handling.example/woken", ""),
        ("https://8.8.8.8/woken", ""),
        ("http://handling.example/woken", "https://"),
        ("http://10.0.0.1/woken", "https://"),
        ("ftp://handling.example/", "https://"),
        ("https://user:word@handling.example/", "without a user"),
        ("https://[handling", "is none"),
        ("https://handling.example:99999/", "is none"),
        ("https://127.1/", "is none"),
        ("https://2130706433/", "is none"),
        ("https://127.0.0.1./", "is none"),
        ("https://127。0。0。1/", "private network"),
        ("https://①②⑦.0.0.1/", "private network"),
        ("https://LOCALHOST/", "private network"),
        ("https:///woken", "https://"),
        *(
            (f"https://{host}/", "private network")
            for host in (
                "localhost",
                "127.0.0.1",
                "10.1.2.3",
                "192.168.1.1",
                "169.254.169.254",
                "100.64.0.1",
                "0.0.0.0",  # noqa: S104 (nothing listens there)
                "224.0.0.1",
                "[::1]",
                "[fe80::1]",
                "[fd00::1]",
                "[::ffff:10.0.0.1]",
                "[2002:0a00:0001::]",
                "[64:ff9b::a00:1]",
            )
        ),
    ],
)
def test_wake_ups_go_out_into_the_internet_alone(url: str, objection: str, settings: Settings) -> None:
    settings.WAKE_UPS_TO_PRIVATE_NETWORKS = False

    why = why_not(url)

    assert objection in why
    assert bool(objection) == bool(why)


def test_systems_in_private_networks_are_woken_where_the_settings_say_so(settings: Settings) -> None:
    settings.WAKE_UPS_TO_PRIVATE_NETWORKS = True

    assert [why_not(url) for url in ("https://10.0.0.1/", "http://localhost:8500/", "http://[::1]/")] == ["", "", ""]
    assert why_not("http://10.0.0.1/")


def test_address_written_in_digits_is_not_reached_in_a_private_network(hook: Hook, settings: Settings) -> None:
    settings.WAKE_UPS_TO_PRIVATE_NETWORKS = False
    woken(url=hook.url)
    case = build.case()

    relay.run_once(SOON)

    assert (standing(case), hook.came) == (["waiting"], [])
    assert "WAKE_UPS_TO_PRIVATE_NETWORKS" in Delivery.objects.get().last_error


def test_name_that_leads_into_a_private_network_is_not_connected_to(hook: Hook, settings: Settings) -> None:
    """What looks like a name and is none: where it leads is seen when it is looked up."""
    settings.WAKE_UPS_TO_PRIVATE_NETWORKS = False
    woken(url=f"https://0x7f.1:{hook.port}/")
    case = build.case()

    relay.run_once(SOON)

    assert standing(case) == ["waiting"]
    assert Delivery.objects.get().last_error == IN_PRIVATE
    with pytest.raises(OSError, match="private network"):
        asyncio.run(Outside().resolve("localhost", 9, socket.AF_UNSPEC))
    settings.WAKE_UPS_TO_PRIVATE_NETWORKS = True
    assert asyncio.run(Outside().resolve("localhost", 9, socket.AF_UNSPEC))


def test_addresses_of_the_internet_are_outside() -> None:
    for text in ("8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"):
        assert is_outside(ipaddress.ip_address(text)), text
    assert issubclass(Inside, OSError)
    assert wake_ups.WakeUps.with_history is False


# --- the other side --------------------------------------------------------------------------------------------------


def described_verifier() -> Callable[..., bool]:
    """The function that the documentation gives to whoever is woken."""
    pages = sorted((ROOT / "docs" / "interface").glob("*.md"))
    (code,) = [
        block
        for page in pages
        for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        if "def is_genuine" in block
    ]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 (our own document)
    found: Callable[..., bool] = names["is_genuine"]
    return found


def test_example_of_the_documentation_verifies_a_wake_up(hook: Hook) -> None:
    woken(url=hook.url)
    build.case()
    relay.run_once(SOON)
    ((headers, body),) = hook.came
    is_genuine = described_verifier()
    moment, signed = headers["x-timestamp"], headers["x-signature"]

    assert is_genuine(SECRET, moment, signed, body)
    assert not is_genuine(SECRET, moment, signed, body + b" ")
    assert not is_genuine(SECRET[1:], moment, signed, body)
    assert not is_genuine(SECRET, str(int(moment) + 1), signed, body)
    assert not is_genuine(SECRET, "soon", signed, body)
    assert not is_genuine(SECRET, moment, "å", body)
    old = str(int(moment) - 3_600)
    assert not is_genuine(SECRET, old, signature(SECRET, old, body), body)


# --- the desk --------------------------------------------------------------------------------------------------------


def test_desk_shows_wake_ups_under_the_name_of_the_system_to_its_own_authority_alone() -> None:
    own, foreign = (
        woken("Handling", url="http://127.0.0.1:9/"),
        woken("Foreign", of="other-town", url="https://a.example/"),
    )
    build.case()
    relay.run_once(SOON)
    manager = build.signed_in(build.official("manages", role="manager"))
    superuser = build.signed_in(build.superuser())

    for page in ("/admin/sync/delivery/", "/admin/sync/alarm/"):
        shown = manager.get(page)
        assert shown.status_code == 200
        assert row(own).name in shown.text, page
        assert row(foreign).name not in shown.text, page
        assert row(foreign).name in superuser.get(page).text, page


def test_receiver_that_is_woken_no_more_is_not_shown_as_one_that_stands() -> None:
    system = woken(url="https://handling.example/")
    waking.ensure(NOW)
    name = row(system).name
    System.objects.update(wake_url="")
    waking.ensure(NOW)

    assert name not in build.signed_in(build.superuser()).get("/admin/sync/alarm/").text


def test_nobody_switches_such_a_receiver_by_hand() -> None:
    system = woken(url="https://handling.example/")
    waking.ensure(NOW)
    browser = build.signed_in(build.superuser())
    page = f"/admin/sync/receiver/{row(system).pk}/change/"

    assert browser.get(page).status_code == 200
    browser.post(page, {"name": "Another", "takes_tests": "on"})

    found = row(system)
    assert (found.active, found.takes_tests, found.name) == (True, False, "Handling (example-town sv)")


def test_operator_is_told_whose_system_is_not_reached() -> None:
    woken(url="http://127.0.0.1:9/")
    build.case()
    relay.run_once(SOON)

    found = watching.problems(watching.look(at(1)), watching.Limits.set())

    titles = [one.title for one in found if one.receiver]
    assert any("Handling (example-town sv)" in title for title in titles)
