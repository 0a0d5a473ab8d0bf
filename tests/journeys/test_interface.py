"""A case goes through an authority's own system: read and decided there, seen by the customer, and the same at the national service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from apps.cases.models import Case
from apps.people import systems
from apps.people.models import LogLine, System
from tests import build
from tests.interface.examplesystem import ExampleSystem
from tests.journeys.conftest import Process, Visitor
from tests.journeys.test_main import events_received, received, wait_for

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

NAME, SECRET = "Diariet", "signs-wake-ups-in-this-journey"
STEPS = ["received", "take_up", "register", "request_supplement", "supplement", "resume", "close"]
DECISION = build.pdf(saying="the decision")


@pytest.fixture
def system(transactional_db: None) -> System:
    """As a manager has connected it on the desk."""
    made = System(authority=build.authority(), name=NAME, scopes=System.Scope.values, wake_secret=SECRET)
    made.save()
    return made


@pytest.fixture
def example(system: System, live_server: LiveServer, tmp_path: Path) -> ExampleSystem:
    """The authority's own system, that takes up what is new by itself."""
    key = systems.make_key(system, by=None)[1]
    return ExampleSystem(live_server.url, key, tmp_path / "store", handler="Hanna Handläggare", WAKE_SECRET=SECRET)


@pytest.fixture
def serving(example: ExampleSystem, system: System) -> Iterator[None]:
    """Its process, that asks once at the beginning and then only when it is woken."""
    process = example.start("serve", "--every", "600", "--listen", "127.0.0.1:0")
    assert process.stdout
    system.wake_url = f"http://{process.stdout.readline().split()[-1]}/"
    system.save()
    yield
    process.terminate()
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said


def the_customer_sends(customer: Visitor) -> Case:
    customer.open(f"/{customer.language}/services/example/")
    customer.press("Begin")
    customer.write(title="Vattentornet")
    customer.page.set_input_files("#id_plan", {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": build.PDF})
    customer.press("Save and continue")
    customer.press("Send to the authority")
    return Case.objects.get()


def the_customer_answers(customer: Visitor, case: Case) -> None:
    customer.open(f"/{customer.language}/cases/{case.number}/")
    assert customer.sees("Var står tornet?")
    customer.press("Answer")
    customer.write(title="Vattentornet på kullen")
    customer.press("Save and continue")
    customer.write(supplement_text="Se ovan")
    customer.press("Save and continue")
    customer.press("Send to the authority")


def the_customer_sees_the_decision(customer: Visitor, case: Case) -> None:
    customer.open(f"/{customer.language}/cases/{case.number}/")
    assert customer.sees("Tyst efter klockan 22.")
    with customer.page.expect_download() as download:
        customer.page.locator('a[href*="/documents/"]', has_text="beslut.pdf").first.click()
    assert Path(download.value.path()).read_bytes() == DECISION


def the_handler_sees_who_did_it(handler: Visitor, case: Case) -> None:
    handler.open(f"/admin/cases/case/{case.pk}/change/")
    assert handler.sees(NAME)
    assert handler.sees("Hanna Handläggare")
    assert handler.sees("EX-00001")


def the_manager_sees_the_calls(manager: Visitor, case: Case) -> None:
    manager.open("/admin/people/logline/")
    assert manager.sees(NAME)
    done = set(LogLine.objects.filter(user_name=NAME, about=case.number).values_list("act", flat=True))
    assert done == {LogLine.Act.SAW, LogLine.Act.DOWNLOADED, LogLine.Act.CHANGED}


def known(example: ExampleSystem) -> list[tuple[str, str]]:
    """The events that the system has read: their kinds and keys."""
    events = [json.loads(row) for (row,) in example.rows("SELECT document FROM events ORDER BY number")]
    return [(event["kind"], event["key"]) for event in events]


def kinds(example: ExampleSystem) -> list[str]:
    return [kind for kind, _key in known(example)]


def test_a_case_goes_through_the_authoritys_own_system(
    visitor: Callable[..., Visitor],
    relay: Callable[[], Process],
    national_service: str,
    example: ExampleSystem,
    serving: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAKE_UPS_TO_PRIVATE_NETWORKS", "on")
    build.version(build.page("first", build.field("text", "title"), build.field("file", "plan")))
    customer = visitor(build.customer("Kund"))
    relay()

    case = the_customer_sends(customer)
    wait_for(lambda: kinds(example) == STEPS[:3])
    number = str(case.number)
    due = (timezone.localdate() + timedelta(days=14)).isoformat()
    example.run("ask", number, "--text", "Var står tornet?", "--due", due, "--field", "title")
    the_customer_answers(customer, case)
    wait_for(lambda: kinds(example) == STEPS[:6])
    assert "Vattentornet på kullen" in example.run("show", number)
    (tmp_path / "beslut.pdf").write_bytes(DECISION)
    example.run(
        "decide", number, "conditions", "--text", "Tyst efter klockan 22.", "--file", str(tmp_path / "beslut.pdf")
    )

    the_customer_sees_the_decision(customer, case)
    wait_for(lambda: len(events_received(national_service)) == len(STEPS))
    assert [one["key"] for one in events_received(national_service)] == [key for _kind, key in known(example)]
    assert kinds(example) == STEPS
    ((data,),) = example.rows("SELECT data FROM cases")
    assert json.loads(received(national_service, case)) == json.loads(data)
    document = case.events.get(kind="close").documents.get()
    assert received(national_service, case, f"/attachments/{document.pk}") == DECISION
    the_handler_sees_who_did_it(visitor(build.official(of=build.authority())), case)
    the_manager_sees_the_calls(visitor(build.official("manager", of=build.authority(), role="manager")), case)
