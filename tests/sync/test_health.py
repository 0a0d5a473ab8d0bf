"""What machines ask: whether this process answers, whether everything goes, and the metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from apps.sync import health, metrics, relay, tally, watching
from apps.sync.models import Delivery, Receiver, Reconciliation, RelayAlive, Tally
from apps.sync.receivers.base import Delivered, Later
from apps.sync.watching import Limits
from tests import build
from tests.build import NOW

TOKEN = "a-token-that-nobody-guesses"
SHOWN = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _afresh(settings: Settings) -> Iterator[None]:
    settings.NATIONAL_SERVICE_URL = "http://127.0.0.1:1"
    settings.METRICS_TOKEN = TOKEN
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def relay_at_work(db: None) -> None:
    RelayAlive.objects.create(name="a relay", began_at=timezone.now(), seen_at=timezone.now())


@pytest.fixture
def late(relay_at_work: None) -> None:
    """A case of an hour ago that waits for the national service."""
    then = timezone.now() - timedelta(hours=1)
    build.case(at=then)
    relay.collect(then)
    Delivery.objects.exclude(receiver__key="national").update(delivered_at=then)


# --- health ----------------------------------------------------------------------------------------------------------


def test_process_says_that_it_answers_without_the_database() -> None:
    answer = Client().get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "green"})


@pytest.mark.usefixtures("relay_at_work")
def test_all_well_is_200() -> None:
    build.case(at=timezone.now())

    answer = Client().get("/health", headers={"accept-language": "en"})

    assert answer.status_code == 200
    assert answer.json() == {"status": "green", "words": "In order", "problems": []}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.cookies == {}


@pytest.mark.usefixtures("late")
def test_red_is_503_and_says_why_without_personal_data(caplog: pytest.LogCaptureFixture) -> None:
    answer = Client().get("/health", headers={"accept-language": "en"})

    assert answer.status_code == 503
    (problem,) = answer.json()["problems"]
    assert (problem["what"], problem["light"], problem["receiver"]) == ("late", "red", "national")
    assert (problem["limit_seconds"], problem["age_seconds"] // 60) == (900, 60)
    assert "has waited since" in problem["words"]
    assert "FE-20" not in answer.text
    assert caplog.text == ""


@pytest.mark.usefixtures("relay_at_work")
@pytest.mark.parametrize(("hours", "status", "light"), [(1, 200, "green"), (7, 200, "yellow"), (25, 503, "red")])
def test_comparison_that_was_killed_turns_red(hours: int, status: int, light: str) -> None:
    national, now = Receiver.objects.get(key="national"), timezone.now()
    killed = now - timedelta(hours=hours)
    green = killed - timedelta(days=1)
    Reconciliation.objects.create(receiver=national, started_at=green, ended_at=green, totals={"accepted": 1})
    Reconciliation.objects.create(receiver=national, started_at=killed)

    answer = Client().get("/health")

    assert (answer.status_code, answer.json()["status"]) == (status, light)


@pytest.mark.usefixtures("relay_at_work")
def test_much_is_not_red() -> None:
    for n in range(20):
        build.case(at=timezone.now(), by=build.customer(f"Customer {n}"))
    relay.collect(timezone.now())

    assert Client().get("/health").status_code == 200


@pytest.mark.usefixtures("late")
def test_age_is_set(settings: Settings) -> None:
    settings.HEALTH_SECONDS = 2 * 3600

    assert Client().get("/health").status_code == 200


@pytest.mark.usefixtures("late")
def test_receiver_that_is_off_is_told_and_not_red_at_once() -> None:
    Receiver.objects.filter(key="national").update(active=False)

    answer = Client().get("/health")

    assert answer.status_code == 200
    assert [(one["what"], one["light"]) for one in answer.json()["problems"]] == [("off", "yellow")]


@pytest.mark.django_db
def test_no_relay_is_red() -> None:
    assert [one["what"] for one in Client().get("/health").json()["problems"]] == ["silent"]


@pytest.mark.django_db
def test_database_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_now: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(watching, "look", away)

    answer = Client().get("/health", headers={"accept-language": "en"})

    assert answer.status_code == 503
    assert answer.json()["problems"][0]["words"] == "The database does not answer."


@pytest.mark.django_db
def test_migrations_that_wait_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.SCHEMA, "is_current", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_more: ["one"])

    answer = Client().get("/health", headers={"accept-language": "en"})

    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["problems"][0]["words"]


@pytest.mark.usefixtures("relay_at_work")
def test_asking_again_and_again_asks_the_database_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    Client().get("/health")
    Client().get("/metrics", headers=SHOWN)

    with django_assert_num_queries(0):
        for _ in range(3):
            Client().get("/health")
            Client().get("/metrics", headers=SHOWN)


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("address", ["/health", "/health/live", "/metrics"])
def test_machines_ask_on_the_machine_itself_without_tls(settings: Settings, address: str) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert Client().get(address, headers=SHOWN).status_code in (200, 503)
    assert Client().get("/sv/").status_code == 301
    assert Client().post(address, headers=SHOWN).status_code == 405


# --- metrics ---------------------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'([a-z_:]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.]+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The samples of a text, as Prometheus would read it; every one of them has been introduced, and is there once."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    introduced: set[str] = set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert kind in ("gauge", "counter")
            assert name not in introduced
            assert kind == "gauge" or name.endswith("_total")
            introduced.add(name)
            continue
        if line.startswith("# HELP "):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert match[1] in introduced
        key = match[1], frozenset((label, value) for label, value in LABEL.findall(match[2] or ""))
        assert key not in found, line
        found[key] = float(match[3])
    return found


def value(found: dict[Any, float], name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "shown", "status"),
    [
        ("", f"Bearer {TOKEN}", 404),
        ("", "Bearer ", 404),
        (TOKEN, "", 401),
        (TOKEN, "Bearer another", 401),
        (TOKEN, f"Basic {TOKEN}", 401),
        (TOKEN, f"Bearer {TOKEN}", 200),
        (TOKEN, f"bearer {TOKEN}", 200),
    ],
)
def test_metrics_are_for_who_shows_the_token(settings: Settings, token: str, shown: str, status: int) -> None:
    settings.METRICS_TOKEN = token

    answer = Client().get("/metrics", headers={"authorization": shown})

    assert answer.status_code == status
    assert ("forenklad_" in answer.text) == (status == 200)


@pytest.mark.usefixtures("late")
def test_metrics_say_how_deliveries_stand() -> None:
    (pk,) = Delivery.objects.filter(receiver__key="national").values_list("pk", flat=True)
    tally.count([(pk, Later(None, "x"))], timezone.now())

    answer = Client().get("/metrics", headers=SHOWN)

    found = read(answer.text)
    of = {"receiver": "national", "service": "example"}
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert value(found, "forenklad_undelivered", **of, state="waiting") == 1
    assert 3_600 <= value(found, "forenklad_oldest_undelivered_seconds", **of) < 3_660
    assert value(found, "forenklad_attempts_total", **of, outcome="later") == 1
    assert value(found, "forenklad_attempts_total", **of, outcome="delivered") == 0
    assert value(found, "forenklad_relays") == 1
    assert value(found, "forenklad_light") == 2
    assert value(found, "forenklad_problem_seconds", what="late", light="red", receiver="national") >= 3_600
    assert "FE-20" not in answer.text


@pytest.mark.django_db
def test_every_kind_of_figure_can_be_read() -> None:
    build.case()
    relay.collect(NOW)
    national = Receiver.objects.get(key="national")
    (pk,) = Delivery.objects.filter(receiver=national).values_list("pk", flat=True)
    tally.count([(pk, Delivered())], NOW)
    facts = {"receiver": national, "started_at": NOW, "ended_at": NOW, "totals": {"missing": 2}}
    Reconciliation.objects.create(**facts)
    Receiver.objects.filter(pk=national.pk).update(failing_since=NOW)
    build.case(by=build.customer("Another"), at=NOW)

    found = read(metrics.written(watching.look(NOW + timedelta(minutes=1)), Limits.set()))

    assert value(found, "forenklad_comparison_findings", receiver="national", kind="missing") == 2
    assert value(found, "forenklad_comparison_green", receiver="national") == 0
    assert value(found, "forenklad_receiver_failing_seconds", receiver="national") == 60
    assert value(found, "forenklad_oldest_uncollected_seconds", service="example") == 60
    assert value(found, "forenklad_last_delivered_timestamp_seconds", receiver="national", service="example") == (
        NOW.timestamp()
    )


def test_text_of_a_label_cannot_break_a_line() -> None:
    metric = metrics.Metric("forenklad_x", "What \\ it\nis", values=[({"a": 'b"\\\n'}, 1.5), ({}, float(3))])

    assert metrics._lines(metric) == (
        '# HELP forenklad_x What \\\\ it\\nis\n# TYPE forenklad_x gauge\nforenklad_x{a="b\\"\\\\\\n"} 1.500\nforenklad_x 3\n'
    )


@pytest.mark.django_db
def test_every_metric_is_described(settings: Settings) -> None:
    described = (settings.BASE_DIR / "docs" / "operations.md").read_text("utf-8")

    text = metrics.written(watching.look(NOW), Limits.set())

    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) > 10
    assert [name for name in names if f"`{name}" not in described] == []
    assert not Tally.objects.exists()
