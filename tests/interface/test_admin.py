"""The desk's room for connected systems: who gets in, what can be said of a system, and keys that are shown once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection, connections
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from pytest_django import DjangoAssertNumQueries, Settings

from apps.interface import sandbox
from apps.interface.desk.calls import left_out
from apps.interface.desk.systemform import SystemForm
from apps.interface.desk.systems import named
from apps.interface.models import Call
from apps.people import systems
from apps.people.models import LogLine, Membership, System, SystemKey, User
from apps.services.texts import moment_words
from apps.sync.models import SYSTEM, Receiver
from tests import build
from tests.interface import callers
from tests.people.moments import looked_too_early

pytestmark = pytest.mark.django_db

ROOM = "/admin/people/system/"
DESCRIBED = {"name": "Case management", "is_test": "yes", "scopes": ["read", "write"], "active": "on"}
KEY = re.compile(r'id="id_key"[^>]*value="(fe[^"]+)"')
SECRET = re.compile(r'id="id_secret"[^>]*value="([^"]+)"')


@pytest.fixture
def both() -> Client:
    """A manager who looks after the installation too."""
    build.official("both", role="manager")
    User.objects.filter(username="both").update(is_superuser=True)
    return build.signed_in(User.objects.get(username="both"))


@pytest.fixture
def manager() -> Client:
    """A manager of the whole authority, signed in."""
    return build.signed_in(build.official("manages", role="manager"))


@pytest.fixture
def system() -> System:
    """A system for testing, with a case in its sandbox and a call that is kept."""
    build.version()
    made = callers.system("Hidden system", is_test=True)
    (case,) = sandbox.generate(made, sandbox.versions_of(made)[0], "sv", at=build.NOW)
    path = f"/interface/v1/commondata/{case.external_id}"
    Call.objects.create(system=made, method="GET", path=path, status=200, answer='{"said": "Hidden answer"}')
    return made


def page(client: Client, path: str) -> str:
    """What a page of the room says."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def latest(system: System) -> int:
    """What the form of the keys carries."""
    newest = system.keys.order_by("-made_at", "-pk").first()
    return newest.pk if newest else 0


def make(client: Client, system: System, **more: Any) -> Any:
    """The answer to the button that makes a key."""
    return client.post(f"{ROOM}{system.pk}/keys/", {"latest": latest(system), **more})


# --- whose -------------------------------------------------------------------------------------------------------------


def addresses(system: System) -> Iterator[str]:
    """Every address of the room, with the system's things in its places."""
    places = {"<path:object_id>": system.pk, "<int:pk>": system.pk}
    numbers = {"call": Call.objects.get().pk, "key_end": SystemKey.objects.get().pk}
    for pattern in admin.site._registry[System].get_urls():
        route = str(pattern.pattern)
        for place, value in places.items():
            route = route.replace(place, str(value))
        number = next((value for name, value in numbers.items() if str(pattern.name).endswith(name)), "")
        yield ROOM + route.replace("<int:number>", str(number))


def strangers() -> dict[str, Client]:
    """Those to whom an authority's systems are nothing, each with a browser."""
    other = build.authority("other")
    limited = build.official("limited", role="manager")
    limited.memberships.update(only_services=["example"])
    people: dict[str, User] = {
        **{f"other {role}": build.official(f"other-{role}", of=other, role=role) for role in Membership.Role.values},
        **{role: build.official(role, role=role) for role in ("reader", "handler", "designer")},
        "limited manager": limited,
        "nobody": User.objects.create(username="nobody", is_staff=True),
    }
    customer = build.signed_in(build.customer())
    return {
        "anonymous": Client(),
        "a customer": customer,
        **{name: build.signed_in(who) for name, who in people.items()},
    }


@pytest.mark.thorough
def test_no_stranger_finds_or_changes_anything(system: System) -> None:
    systems.make_key(system, by=None)
    asked = list(addresses(system))
    assert len(asked) >= 14
    before = everything()

    for name, browser in strangers().items():
        for address in asked:
            for answer in (browser.get(address), browser.post(address, {**DESCRIBED, "name": name, "latest": 1})):
                allowed = (200, 302, 403, 404, 405) if address.endswith(("/add/", ROOM)) else (302, 403, 404, 405)
                assert answer.status_code in allowed, (name, address)
                assert "Hidden" not in answer.content.decode(), (name, address)

    assert everything() == before


def everything() -> list[Any]:
    """All that the room could have changed of the authority's. (What managers of another one add is theirs.)"""
    own = System.objects.filter(authority__key="example-town")
    return [*own.values(), *SystemKey.objects.values(), *Call.objects.values("pk")]


def test_a_manager_finds_everything(manager: Client, system: System) -> None:
    systems.make_key(system, by=None)

    said = "".join(
        answer.content.decode() for answer in map(manager.get, addresses(system)) if answer.status_code == 200
    )

    assert "Hidden system" in said
    assert "Hidden answer" in said


def test_who_looks_after_the_installation_connects_but_reads_no_answers(system: System) -> None:
    keeper = build.signed_in(build.superuser())

    assert "Hidden system" in page(keeper, ROOM)
    assert "Hidden answer" not in page(keeper, f"{ROOM}{system.pk}/calls/{Call.objects.get().pk}/")


def test_who_only_looks_after_the_installation_opens_no_real_cases() -> None:
    keeper, real = build.signed_in(build.superuser()), callers.system()

    assert keeper.post(f"{ROOM}{real.pk}/keys/", {"latest": "0"}).status_code == 403
    keeper.post(f"{ROOM}{real.pk}/edit/", {**DESCRIBED, "scopes": ["ledger"]})
    refused = keeper.post(f"{ROOM}add/?authority=example-town", {**DESCRIBED, "is_test": "no", "name": "Another"})

    scopes = real.scopes
    real.refresh_from_db()
    assert real.scopes == scopes
    assert "is_test" in refused.context["form"].errors
    assert not SystemKey.objects.exists()


def test_what_another_machine_vouches_for_is_no_managers_to_say(manager: Client) -> None:
    made = callers.system()

    manager.post(f"{ROOM}{made.pk}/edit/", {**DESCRIBED, "xroad_client": "FI/MUN/1234567-8/handling"})

    made.refresh_from_db()
    assert made.xroad_client == ""


def test_systems_are_not_deleted(manager: Client, system: System) -> None:
    assert manager.post(f"{ROOM}{system.pk}/delete/", {"post": "yes"}).status_code == 403
    assert System.objects.filter(pk=system.pk).exists()


def test_the_list_asks_as_much_for_three_as_for_one(
    manager: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    callers.key(callers.system("First"))
    with django_assert_max_num_queries(9):
        manager.get(ROOM)

    callers.key(callers.system("Second"))
    callers.system("Third", only=["example"])
    with django_assert_max_num_queries(9):
        manager.get(ROOM)


def test_the_list_says_services_by_name(manager: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first, second = build.version(key="first"), build.version(key="second")
    callers.system("First", only=["first", "gone"])
    callers.system("Second", only=["second", "first"])
    rows = System.objects.all()

    with django_assert_num_queries(2):
        found = {system.name: system.service_names for system in named(rows)}

    names = [str(version.service) for version in (first, second)]
    assert found == {"First": [names[0], "gone"], "Second": [names[1], names[0]]}
    assert ", ".join(found["Second"]) in page(manager, ROOM)


def test_the_empty_list_says_what_to_do(manager: Client) -> None:
    said = page(manager, ROOM)

    assert said.count(_("Connect a system")) == 2
    assert 'id="searchbar"' not in said
    assert "result_list" not in said


def test_a_search_that_finds_nothing_says_so(manager: Client) -> None:
    callers.system("First")

    said = page(manager, f"{ROOM}?q=unknown")

    assert _("No system was found.") in said
    assert 'id="searchbar"' in said


# --- describing --------------------------------------------------------------------------------------------------------


def test_a_manager_of_one_authority_is_not_asked_whose_system_it_is(manager: Client) -> None:
    answer = manager.post(f"{ROOM}add/", DESCRIBED)

    made = System.objects.get()
    assert answer.headers["Location"] == f"{ROOM}{made.pk}/change/"
    assert (made.authority.key, made.is_test, made.scopes, made.active) == (
        "example-town",
        True,
        ["read", "write"],
        True,
    )
    assert made.made_by is not None
    assert LogLine.objects.filter(about=f"system {made.pk}", act="changed", detail="added").exists()


def test_who_may_connect_for_several_authorities_chooses_one() -> None:
    keeper = build.signed_in(build.superuser())
    build.authority("second")
    build.authority("third")

    assert "?authority=second" in page(keeper, f"{ROOM}add/")
    keeper.post(f"{ROOM}add/?authority=second", DESCRIBED)
    assert System.objects.get().authority.key == "second"
    assert keeper.post(f"{ROOM}add/?authority=unknown", DESCRIBED).status_code == 404


def test_a_manager_adds_none_for_another_authority(manager: Client) -> None:
    build.authority("other")

    assert manager.post(f"{ROOM}add/?authority=other", DESCRIBED).status_code == 404
    assert not System.objects.exists()


def test_what_a_system_is_for_cannot_be_changed_afterwards(manager: Client) -> None:
    made = callers.system()

    manager.post(f"{ROOM}{made.pk}/edit/", {**DESCRIBED, "is_test": "yes"})

    made.refresh_from_db()
    assert (made.name, made.is_test) == ("Case management", False)


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("name", ""),
        ("is_test", ""),
        ("scopes", ["everything"]),
        ("scopes", []),
        ("only_services", ["another"]),
        ("xroad_client", "FI/MUN"),
        ("xroad_client", "FI MUN 1 2"),
        ("certificate", "12:34"),
        ("certificate", "x" * 64),
        ("wake_url", "http://handling.example/"),
        ("wake_url", "https://user:word@handling.example/"),
        ("wake_url", "https://user@handling.example/"),
        ("wake_url", "https://"),
        ("wake_url", "https://[::1"),
        ("wake_url", "http://127.0.0.1:8000/"),
        ("wake_url", "javascript:alert(1)"),
        ("wake_email", "nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(both: Client, field: str, written: Any) -> None:
    build.version()

    answer = both.post(f"{ROOM}add/", {**DESCRIBED, field: written})

    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not System.objects.exists()


def test_a_system_is_described_whole(manager: Client) -> None:
    build.version()
    told = {
        "only_services": ["example"],
        "wake_url": "https://handling.example/wake",
        "wake_email": "register@example.com",
    }
    shown = {"xroad_client": "FI-TEST/MUN/0000000-0/handling", "certificate": ":".join(["AB"] * 32)}

    manager.post(f"{ROOM}add/", {**DESCRIBED, "is_test": "no", **told})
    keeper = build.signed_in(build.superuser())
    keeper.post(f"{ROOM}{System.objects.get().pk}/edit/", {"active": "on", **shown})

    made = System.objects.get()
    assert made.certificate == "ab" * 32
    assert (made.only_services, made.xroad_client, made.wake_url, made.wake_email, made.is_test) == (
        ["example"],
        "FI-TEST/MUN/0000000-0/handling",
        "https://handling.example/wake",
        "register@example.com",
        False,
    )


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/", "http://localhost/wake", "http://[::1]:9/"])
def test_this_machine_is_woken_without_encryption_in_development_alone(
    manager: Client, settings: Settings, address: str
) -> None:
    settings.DEBUG = True

    manager.post(f"{ROOM}add/", {**DESCRIBED, "wake_url": address})

    assert System.objects.get().wake_url == address


@pytest.mark.parametrize(("field", "said"), [("xroad_client", "FI/MUN/0000000-0/a"), ("certificate", "ab" * 32)])
def test_two_systems_are_not_known_by_the_same(both: Client, field: str, said: str) -> None:
    callers.system(of=build.authority("other"), **{field: said})

    answer = both.post(f"{ROOM}add/?authority=example-town", {**DESCRIBED, field: said})

    assert field in answer.context["form"].errors
    assert System.objects.count() == 1


def test_the_page_of_a_system_says_at_which_address_it_calls(manager: Client, settings: Settings) -> None:
    settings.SITE_URL = "https://portal.example"

    assert "https://portal.example/interface/v1" in page(manager, f"{ROOM}{callers.system().pk}/change/")


def test_the_page_says_that_the_system_could_not_be_woken(manager: Client) -> None:
    made = callers.system(is_test=True, wake_url="https://handling.example/wake")
    Receiver.objects.create(key="away", kind=SYSTEM, name="Away", system=made, failing_since=build.NOW)

    assert _("Every attempt has failed since %(since)s.") % {"since": moment_words(build.NOW, "sv")} in page(
        manager, f"{ROOM}{made.pk}/change/"
    )


def test_the_history_says_what_was_changed(manager: Client) -> None:
    made = callers.system("Case management", scopes=["read", "write"])

    manager.post(f"{ROOM}{made.pk}/edit/", {**DESCRIBED, "scopes": ["read"]})

    assert _("What may it do?") in page(manager, f"{ROOM}{made.pk}/history/")


def test_two_systems_of_an_authority_have_different_names(manager: Client) -> None:
    callers.system("Case management")

    assert "name" in manager.post(f"{ROOM}add/", DESCRIBED).context["form"].errors


SAME: dict[str, dict[str, Any]] = {
    "name": {"name": DESCRIBED["name"]},
    "xroad_client": {"xroad_client": "FI/MUN/0000000-0/a"},
    "certificate": {"certificate": "ab" * 32},
}


@pytest.mark.parametrize("field", SAME)
def test_of_two_who_describe_the_same_at_once_the_second_is_told_so(both: Client, field: str) -> None:
    callers.system(**{"name": "Other", **SAME[field]})
    written = {**DESCRIBED, **SAME[field], "wake_url": "https://handling.example/wake"}

    with looked_too_early(System):
        answer = both.post(f"{ROOM}add/", written)

    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert {name: form[name].value() for name in written} == {**written, "active": True}
    assert System.objects.count() == 1
    assert not LogLine.objects.filter(detail="added").exists()


def test_of_two_who_give_a_name_at_once_in_changing_the_second_is_told_so(manager: Client) -> None:
    callers.system("Case management")
    made = callers.system("Earlier")

    with looked_too_early(System):
        answer = manager.post(f"{ROOM}{made.pk}/edit/", DESCRIBED)

    assert list(answer.context["form"].errors) == ["name"]
    assert answer.context["form"]["name"].value() == "Case management"
    made.refresh_from_db()
    assert made.name == "Earlier"


@pytest.mark.both
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
@pytest.mark.django_db(transaction=True)
def test_two_managers_really_at_once_add_one_system_and_one_reads_why() -> None:
    build.authority()
    browsers = [build.signed_in(build.official(name, role="manager")) for name in ("first", "second")]
    both_have_looked = Barrier(2, timeout=20)

    def wait(**_more: Any) -> None:
        both_have_looked.wait()

    def add(browser: Client) -> int:
        try:
            return int(browser.post(f"{ROOM}add/", DESCRIBED).status_code)
        finally:
            connections.close_all()

    pre_save.connect(wait, sender=System)
    try:
        with ThreadPoolExecutor(2) as threads:
            answers = sorted(threads.map(add, browsers))
    finally:
        pre_save.disconnect(wait, sender=System)

    assert answers == [200, 302]
    assert System.objects.count() == 1


def test_saving_the_form_leaves_what_the_system_has_done_meanwhile(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = callers.system()
    clean = SystemForm.clean

    def meanwhile(form: SystemForm) -> dict[str, Any]:
        systems.note_checked(System.objects.get(pk=made.pk), "ledger")
        return clean(form)

    monkeypatch.setattr(SystemForm, "clean", meanwhile)
    manager.post(f"{ROOM}{made.pk}/edit/", DESCRIBED)

    made.refresh_from_db()
    assert made.name == "Case management"
    assert "ledger" in made.checks


def test_the_log_says_what_was_changed_and_not_what_it_says(manager: Client) -> None:
    made = callers.system(wake_secret="an-example-of-a-secret")

    manager.post(f"{ROOM}{made.pk}/edit/", {**DESCRIBED, "wake_url": "https://handling.example/wake"})

    (line,) = LogLine.objects.filter(about=f"system {made.pk}")
    assert line.detail == "changed: name, scopes, wake_url"


# --- keys --------------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_is_good(manager: Client, system: System) -> None:
    answer = make(manager, system)

    found = KEY.search(answer.content.decode())
    assert found
    assert systems.by_key(found[1]) == system
    assert "no-store" in answer.headers["Cache-Control"]
    assert found[1] not in page(manager, f"{ROOM}{system.pk}/change/")


def test_a_key_is_in_no_log_and_no_session(manager: Client, system: System, caplog: pytest.LogCaptureFixture) -> None:
    found = KEY.search(make(manager, system).content.decode())

    assert found
    kept = [*LogLine.objects.values(), *LogEntry.objects.values(), dict(manager.session), *SystemKey.objects.values()]
    assert found[1] not in str(kept)
    assert found[1] not in caplog.text


def test_the_same_form_sent_twice_makes_one_key(manager: Client, system: System) -> None:
    form = {"latest": latest(system)}

    manager.post(f"{ROOM}{system.pk}/keys/", form)
    again = manager.post(f"{ROOM}{system.pk}/keys/", form)

    assert again.status_code == 302
    assert system.keys.count() == 1


@pytest.mark.parametrize("days", [0, 1, 7, 30])
def test_keys_are_replaced_with_an_overlap(manager: Client, system: System, days: int) -> None:
    first, key = systems.make_key(system, by=None)

    answer = make(manager, system, days=days)

    first.refresh_from_db()
    assert first.ends_at is not None
    assert abs(first.ends_at - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)
    assert (systems.by_key(key) == system) == bool(days)
    assert KEY.search(answer.content.decode())


@pytest.mark.parametrize("days", ["", "365", "x"])
def test_no_key_is_made_while_nobody_says_how_long_the_others_go_on(manager: Client, system: System, days: str) -> None:
    systems.make_key(system, by=None)

    make(manager, system, days=days)

    assert system.keys.count() == 1


def test_a_key_is_ended_at_once(manager: Client, system: System) -> None:
    made, key = systems.make_key(system, by=None)
    _other, other_key = systems.make_key(system, by=None)

    manager.post(f"{ROOM}{system.pk}/keys/{made.pk}/end/")

    assert systems.by_key(key) is None
    assert systems.by_key(other_key)


def test_the_last_key_is_ended_when_that_has_been_asked(manager: Client, system: System) -> None:
    made, key = systems.make_key(system, by=None)
    address = f"{ROOM}{system.pk}/keys/{made.pk}/end/"

    asked = manager.post(address)
    still = systems.by_key(key)
    manager.post(address, {"sure": "1"})

    assert asked.status_code == 200
    assert str(made) in asked.content.decode()
    assert still
    assert systems.by_key(key) is None


def test_the_last_key_of_a_system_that_is_known_by_its_certificate_is_ended_at_once(manager: Client) -> None:
    made, key = systems.make_key(callers.system(certificate="ab" * 32), by=None)

    manager.post(f"{ROOM}{made.system_id}/keys/{made.pk}/end/")

    assert systems.by_key(key) is None


def test_no_key_of_another_system_is_ended(manager: Client, system: System) -> None:
    made, key = systems.make_key(callers.system("Other", of=build.authority("other")), by=None)

    assert manager.post(f"{ROOM}{system.pk}/keys/{made.pk}/end/").status_code == 404
    assert systems.by_key(key)


def test_the_page_says_of_each_key_how_it_begins_and_when_it_was_used(manager: Client, system: System) -> None:
    made, _key = systems.make_key(system, by=build.official("manages", role="manager"))

    said = page(manager, f"{ROOM}{system.pk}/change/")

    assert made.beginning in said
    assert made.digest not in said


# --- the secret of the wake-ups ----------------------------------------------------------------------------------------


def test_the_secret_is_made_with_the_first_address_and_shown_once(manager: Client) -> None:
    answer = manager.post(f"{ROOM}add/", {**DESCRIBED, "wake_url": "https://handling.example/wake"})

    made, found = System.objects.get(), SECRET.search(answer.content.decode())
    assert found
    assert made.wake_secret == found[1]
    assert "no-store" in answer.headers["Cache-Control"]
    assert found[1] not in page(manager, f"{ROOM}{made.pk}/change/")
    assert found[1] not in str([*LogLine.objects.values(), *LogEntry.objects.values(), dict(manager.session)])


def test_another_address_keeps_the_secret(manager: Client) -> None:
    made = callers.system(wake_url="https://handling.example/wake", wake_secret="as-it-was")

    manager.post(f"{ROOM}{made.pk}/edit/", {**DESCRIBED, "wake_url": "https://other.example/wake"})

    made.refresh_from_db()
    assert made.wake_secret == "as-it-was"


def test_a_new_secret_replaces_the_one_before(manager: Client) -> None:
    made = callers.system(wake_url="https://handling.example/wake", wake_secret="as-it-was")

    found = SECRET.search(manager.post(f"{ROOM}{made.pk}/wake-secret/").content.decode())

    made.refresh_from_db()
    assert found
    assert made.wake_secret == found[1] != "as-it-was"


# --- the pages of a sandbox --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sandbox", "empty", "calls"])
def test_a_system_for_real_cases_has_no_sandbox(manager: Client, name: str) -> None:
    made = callers.system("Real")

    assert manager.get(reverse(f"admin:people_system_{name}", args=[made.pk])).status_code == 404


def test_cases_are_generated_and_their_customer_acts(manager: Client, system: System) -> None:
    form = {"act": "generate", "version": sandbox.versions_of(system)[0].pk, "language": "fi", "count": "3"}

    manager.post(f"{ROOM}{system.pk}/sandbox/", form)
    case = sandbox.cases_of(system).exclude(application__language="sv")[0]
    manager.post(f"{ROOM}{system.pk}/sandbox/", {"act": "withdraw", "case": case.pk})

    assert sandbox.cases_of(system).count() == 4
    case.refresh_from_db()
    assert (case.language, case.status) == ("fi", "withdrawn")


def test_where_customers_do_this_elsewhere_the_made_up_one_goes_on_there(manager: Client, system: System) -> None:
    version = build.version(key="elsewhere-done", connection="conditional", own_service={"sv": "https://own.example/"})
    form = {"act": "generate", "version": version.pk, "language": "sv", "count": "2"}

    manager.post(f"{ROOM}{system.pk}/sandbox/", form)

    said = page(manager, f"{ROOM}{system.pk}/sandbox/")
    first, second = sandbox.sent_on(system)
    assert f"<code>{first.external_id}</code>" in said
    assert f"https://own.example/?externalId={second.external_id}&amp;lang=sv" in said
    assert sandbox.cases_of(system).count() == 1
    manager.post(f"{ROOM}{system.pk}/sandbox/empty/")
    assert str(first.external_id) not in page(manager, f"{ROOM}{system.pk}/sandbox/")


def test_the_sandbox_asks_as_much_for_ten_matters_elsewhere_as_for_one(
    manager: Client, system: System, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = build.version(key="elsewhere-done", connection="conditional", own_service={"sv": "https://own.example/"})
    sandbox.send_on(system, version, "sv")
    with django_assert_num_queries(11):
        page(manager, f"{ROOM}{system.pk}/sandbox/")

    sandbox.send_on(system, version, "sv", 9)
    with django_assert_num_queries(11):
        page(manager, f"{ROOM}{system.pk}/sandbox/")


@pytest.mark.parametrize(
    ("field", "written"), [("count", "0"), ("count", "11"), ("language", "xx"), ("version", "0"), ("version", "")]
)
def test_nothing_is_generated_of_a_form_that_makes_no_sense(
    manager: Client, system: System, field: str, written: str
) -> None:
    form = {"act": "generate", "version": sandbox.versions_of(system)[0].pk, "language": "fi", "count": "1"}

    manager.post(f"{ROOM}{system.pk}/sandbox/", {**form, field: written})

    assert sandbox.cases_of(system).count() == 1


def test_what_cannot_be_done_now_is_said(manager: Client, system: System) -> None:
    case = sandbox.cases_of(system).get()

    answer = manager.post(f"{ROOM}{system.pk}/sandbox/", {"act": "supplement", "case": case.pk}, follow=True)

    assert str(case) in answer.content.decode()
    assert case.events.count() == 1


def test_nobody_acts_for_a_real_customer(manager: Client, system: System) -> None:
    real = build.case()

    assert manager.post(f"{ROOM}{system.pk}/sandbox/", {"act": "withdraw", "case": real.pk}).status_code == 404
    assert manager.post(f"{ROOM}{system.pk}/sandbox/", {"act": "withdraw", "case": "x"}).status_code == 404
    real.refresh_from_db()
    assert real.status == "received"


def test_the_sandbox_asks_as_much_for_ten_cases_as_for_one(
    manager: Client, system: System, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(11):
        page(manager, f"{ROOM}{system.pk}/sandbox/")

    sandbox.generate(system, sandbox.versions_of(system)[0], "sv", 9)
    with django_assert_max_num_queries(11):
        page(manager, f"{ROOM}{system.pk}/sandbox/")


def test_calls_are_found_by_case_and_by_how_they_went(manager: Client, system: System) -> None:
    case, other = sandbox.cases_of(system).get(), "00000000-0000-4000-8000-000000000000"
    Call.objects.create(system=system, method="POST", path=f"/interface/v1/commondata/{other}/events", status=409)
    calls = f"{ROOM}{system.pk}/calls/"

    assert page(manager, calls).count('class="wire-link"') == 2
    by_number, by_id = page(manager, f"{calls}?case={case.number}"), page(manager, f"{calls}?case={case.external_id}")
    assert by_number.count('class="wire-link"') == by_id.count('class="wire-link"') == 1
    assert other in page(manager, f"{calls}?failed=on")
    assert page(manager, f"{calls}?case=unknown").count('class="wire-link"') == 0


@pytest.mark.parametrize("kind", ["close", "transfer"])
def test_a_call_says_which_fields_were_not_understood(manager: Client, system: System, kind: str) -> None:
    data = {"text": "Fine.", "outcome": "accepted", "apeal": "How to appeal", "<b>": 1}
    path = f"/interface/v1/commondata/{sandbox.cases_of(system).get().external_id}/events?x=1"
    body = json.dumps({"kind": kind, "data": data})
    call = Call.objects.create(system=system, method="POST", path=path, status=201, body=body)

    said = page(manager, f"{ROOM}{system.pk}/calls/{call.pk}/")

    names = "apeal, &lt;b&gt;" if kind == "close" else "outcome, apeal, &lt;b&gt;"
    assert _("Not understood and left out: %(left_out)s") % {"left_out": names} in said


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"kind": [], "data": {"x": 1}}',
        '{"kind": "x", "data": {"x": 1}}',
        '{"kind": "close", "data": 1}',
        '{"kind": "close", "data": {"text": "x"}}',
    ],
)
def test_nothing_is_said_of_fields_where_all_are_understood_or_nothing_is(system: System, body: str) -> None:
    path = "/interface/v1/commondata/00000000-0000-4000-8000-000000000000/events"

    assert left_out(Call(system=system, method="POST", path=path, body=body)) == ""


def test_emptying_asks_first(manager: Client, system: System) -> None:
    page(manager, f"{ROOM}{system.pk}/sandbox/empty/")
    assert sandbox.cases_of(system).exists()

    manager.post(f"{ROOM}{system.pk}/sandbox/empty/")

    assert not sandbox.cases_of(system).exists()
    assert not system.calls.exists()
    assert LogLine.objects.filter(act="deleted", about=f"system {system.pk}").exists()
