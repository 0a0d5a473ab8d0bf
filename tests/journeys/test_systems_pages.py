"""Every page of connected systems and the sandbox, on a wide screen and on a phone, seen by axe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.interface import sandbox
from apps.interface.models import Call
from apps.people import systems
from apps.people.models import System
from tests import build
from tests.interface import callers
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

ROOM = "/admin/people/system/"
ANSWERED = '{"type": "urn:forenklad-e-tjanst:problem:not-allowed", "status": 409, "detail": "This cannot be done now."}'


def a_tried_system() -> System:
    """A system for testing in the middle of its end-to-end test."""
    build.version(build.page("first", build.field("text", "title"), build.field("file", "plan")))
    made = callers.system("Example register", is_test=True, wake_url="https://handling.example/wake", wake_secret="x")
    systems.make_key(made, by=build.official("manages", role="manager"))
    systems.replace_keys(made, by=None)
    for name in systems.REQUIRED[:4]:
        systems.note_checked(made, name)
    first, second = sandbox.generate(made, sandbox.versions_of(made)[0], "sv", 2)
    sandbox.withdraw(first)
    path = f"/interface/v1/commondata/{second.external_id}/events"
    headers = {"Content-Type": "application/json", "Accept-Language": "fi"}
    sent = '{"schemaVersion": "1", "kind": "close", "data": {"outcome": "noted", "text": "Example"}}'
    for status in (409, 201):
        Call.objects.create(
            system=made, method="POST", path=path, headers=headers, body=sent, status=status, answer=ANSWERED
        )
    return made


def of_a_system(system: System) -> list[str]:
    """The pages of one system."""
    call = Call.objects.latest("pk")
    more = (
        "change/",
        "edit/",
        "history/",
        "sandbox/",
        "sandbox/empty/",
        "calls/",
        "calls/?failed=on",
        f"calls/{call.pk}/",
    )
    return [f"{ROOM}{system.pk}/{one}" for one in more]


@pytest.mark.parametrize(("language", "width"), [("sv", 1200), ("fi", 360)])
def test_every_page_of_a_system_is_for_everyone(visitor: Callable[..., Visitor], language: str, width: int) -> None:
    system = a_tried_system()
    build.authority("second")
    manager = visitor(build.official("manages", role="manager"), language=language, width=width)
    pages = [ROOM, f"{ROOM}add/", *of_a_system(system)]

    for page in pages:
        manager.open(page)
    visitor(build.superuser(), language=language, width=width).open(f"{ROOM}add/")

    assert len(manager.met) == len(pages)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_manager_connects_a_system_and_generates_a_case(visitor: Callable[..., Visitor], language: str) -> None:
    build.version()
    manager = visitor(build.official("manages", role="manager"), language=language)

    manager.open(f"{ROOM}add/")
    manager.press("Add the system")  # with nothing said, what is wrong is
    manager.write(name="Example register", wake_url="https://handling.example/wake")
    manager.choose(is_test="yes")
    manager.press("Add the system")
    assert manager.page.locator("#id_secret").input_value()
    manager.press("Make a key")
    key = manager.page.locator("#id_key").input_value()
    system = systems.by_key(key)
    assert system is not None
    manager.press("Sandbox", role="link")
    manager.press("Generate")
    assert manager.sees("TEST-")
    manager.go(manager.page.locator('button[value="withdraw"]'))
    assert sandbox.cases_of(system).get().status == "withdrawn"
