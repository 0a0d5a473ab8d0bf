"""Connecting a system in a terminal."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.people import systems
from apps.people.models import LogLine, System
from tests import build

pytestmark = pytest.mark.django_db


def connected(*words: str, **more: Any) -> tuple[str, str]:
    """What the command prints: the key, and what it says beside it."""
    out, beside = StringIO(), StringIO()
    call_command("connect_system", *words, stdout=out, stderr=beside, **more)
    return out.getvalue().strip(), beside.getvalue()


def test_a_system_is_connected_and_its_key_is_good() -> None:
    build.version()

    key, beside = connected("example-town", "Register", "--test", "--services", "example", "--scopes", "read", "ledger")

    made = System.objects.get()
    assert systems.by_key(key) == made
    assert (made.is_test, made.only_services, made.scopes) == (True, ["example"], ["read", "ledger"])
    assert key not in beside


def test_without_more_words_it_may_do_everything_for_every_service() -> None:
    build.authority()

    connected("example-town", "Register")

    made = System.objects.get()
    assert (made.is_test, made.only_services, set(made.scopes)) == (False, [], set(System.Scope.values))


def test_the_same_again_makes_another_key_alone() -> None:
    build.authority()
    first, second = (connected("example-town", "Register")[0] for _n in range(2))

    assert first != second
    assert systems.by_key(first) == systems.by_key(second) == System.objects.get()


def test_a_system_that_may_do_other_things_is_left_as_it_is() -> None:
    build.authority()
    connected("example-town", "Register", "--scopes", "read")

    with pytest.raises(CommandError, match="other things"):
        connected("example-town", "Register")

    assert System.objects.get().keys.count() == 1


@pytest.mark.parametrize(
    "words",
    [("unknown", "Register"), ("example-town", "Register", "--services", "unknown")],
    ids=["authority", "service"],
)
def test_what_there_is_not_is_said(words: tuple[str, ...]) -> None:
    build.authority()

    with pytest.raises(CommandError, match="unknown"):
        connected(*words)

    assert not System.objects.exists()


def test_the_log_says_so_without_the_key() -> None:
    build.authority()

    key, _beside = connected("example-town", "Register")

    (line,) = LogLine.objects.all()
    assert line.detail.startswith("added, key fe_")
    assert key not in line.detail
