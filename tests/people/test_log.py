"""The log: whatever shows or changes a case leaves a line, whatever becomes of the request; and a line is written once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from apps.cases.models import Case
from apps.people import log, logroom
from apps.people.models import Authority, Immutable, LogLine, User
from config.urls import urlpatterns as real_addresses
from tests import build
from tests.people.test_adminsite import addresses, body
from tests.people.test_adminsite import case as whole_case  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
ROOM, EXPORT = "/admin/people/logline/", "/admin/people/logline/export/"
Act = LogLine.Act

# Addresses of a case that say nothing of it to who opens them: they lead elsewhere, or are for what is sent there.
SILENT = ("/contact-data/", "/identity-codes/")


def manager(name: str = "manages", *, of: Authority | None = None) -> User:
    return build.official(name, of=of, role="manager")


def written(about: str = "FE-2027-1", **more: Any) -> LogLine:
    """A line about a case of the authority."""
    given: dict[str, Any] = {"act": Act.SAW, "user_name": "Handler", "authority": build.authority(), **more}
    return LogLine.objects.create(about=about, **given)


# --- what leaves a line ----------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_every_address_that_shows_a_case_names_it_in_the_log(whole_case: Case) -> None:  # noqa: F811
    at, number = build.signed_in(build.official()), str(whole_case.number)
    silent = []
    for address in addresses(whole_case):
        if f"/case/{whole_case.pk}/" not in address or address.endswith(SILENT):
            continue
        before = LogLine.objects.filter(about=number).count()
        answer = at.get(address)
        body(answer)
        if answer.status_code == 200 and LogLine.objects.filter(about=number).count() == before:
            silent.append(address)

    assert silent == []
    assert {line.authority_id for line in LogLine.objects.filter(about=number)} == {whole_case.service.authority_id}


def test_delivery_and_shown_draft_leave_lines_too(whole_case: Case) -> None:  # noqa: F811
    at = build.signed_in(build.official())
    for address in addresses(whole_case):
        if "/delivery/" in address or "/showndraft/" in address:
            body(at.get(address))

    told = set(LogLine.objects.values_list("act", "detail"))
    assert any(detail.startswith("delivery ") for _act, detail in told)
    assert LogLine.objects.filter(about__startswith="draft ", act=Act.SAW).exists()


def test_line_says_who_when_and_from_where(whole_case: Case) -> None:  # noqa: F811
    handler = build.official()
    build.signed_in(handler).get(f"/admin/cases/case/{whole_case.pk}/change/", REMOTE_ADDR="192.0.2.7")

    line = LogLine.objects.get()
    assert (line.user, line.user_name, line.where) == (handler, str(handler), "192.0.2.7")
    assert abs(line.at - timezone.now()) < timedelta(minutes=1)


def test_changes_of_people_and_authorities_leave_lines_without_names() -> None:
    keeper, authority, person = build.signed_in(build.superuser()), build.authority(), build.official("person")
    names = {f"name_{language}": "A" for language in ("sv", "fi", "en")}
    keeper.post(
        f"/admin/people/authority/{authority.pk}/change/",
        {"key": authority.key, "kind": "state", "municipality_codes": "", **names},
    )
    password = {"password1": "an-example-of-a-password", "password2": "an-example-of-a-password"}
    keeper.post(f"/admin/people/user/{person.pk}/password/", {"usable_password": "true", **password})

    about = list(LogLine.objects.order_by("pk").values_list("about", "authority"))
    assert about == [(f"authority {authority.pk}", authority.pk), (f"user {person.pk}", None)]


# --- whatever becomes of the request ---------------------------------------------------------------------------------


def _rolls_back(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Authority.objects.create(key="gone", kind="state", name_sv="A", name_fi="B", name_en="C")
        log.note(request, Act.SAW, "FE-1")
        transaction.set_rollback(True)
    return HttpResponse("seen")


def _crashes(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        log.note(request, Act.SAW, "FE-1")
        raise ValueError("broken")


def _changes(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Authority.objects.get_or_create(key="made", defaults={"kind": "state", "name_sv": "A"})
        Authority.objects.filter(key="made").update(name_fi=request.GET["n"])
        log.note(request, Act.CHANGED, f"FE-{request.GET['n']}")
    return HttpResponse("done")


urlpatterns = [
    path("rolls-back/", _rolls_back),
    path("crashes/", _crashes),
    path("changes/", _changes),
    *real_addresses,
]


@pytest.fixture
def _own_addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.mark.both
@pytest.mark.usefixtures("_own_addresses")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("address", "status"), [("/rolls-back/", 200), ("/crashes/", 500)])
def test_line_stands_whatever_becomes_of_the_request(address: str, status: int) -> None:
    answer = Client(raise_request_exception=False).get(address)

    assert answer.status_code == status
    assert [line.about for line in LogLine.objects.all()] == ["FE-1"]
    assert not Authority.objects.filter(key="gone").exists()


@pytest.mark.both
def test_line_is_written_outside_of_every_transaction(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    within: list[list[str]] = []
    depth = len(connection.savepoint_ids)
    monkeypatch.setattr(
        "apps.people.models.LogQuerySet.bulk_create", lambda *_a, **_k: within.append(connection.savepoint_ids[depth:])
    )
    request = rf.get("/")
    request.user = build.official()

    log.WriteLog(_rolls_back)(request)

    assert within == [[]]


@pytest.mark.both
def test_what_cannot_be_written_down_is_not_shown(whole_case: Case, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def fails(*_a: Any, **_k: Any) -> None:
        raise DatabaseError("the disk is full")

    at = build.signed_in(build.official(), raise_request_exception=False)
    monkeypatch.setattr("apps.people.models.LogQuerySet.bulk_create", fails)

    answer = at.get(f"/admin/cases/case/{whole_case.pk}/change/")

    assert answer.status_code == 500
    assert "Sought" not in answer.content.decode()


@pytest.fixture
def in_a_file(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """On SQLite, a database in a file, as in production: threads there would share the test's own connection in memory."""
    if connection.vendor != "sqlite":
        yield connections.close_all
        return
    kept, name = connection.settings_dict["NAME"], str(tmp_path / "log.sqlite3")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [name])

    def use() -> None:
        """Let this thread's connection be one to the file."""
        connection.close()
        connection.settings_dict["NAME"] = name

    yield use
    connection.settings_dict["NAME"] = kept


@pytest.mark.both
@pytest.mark.usefixtures("_own_addresses")
@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_all_written_down(in_a_file: Callable[[], None]) -> None:
    def one(n: int) -> int:
        if connection.vendor == "sqlite":
            in_a_file()
        try:
            return Client(raise_request_exception=False).get(f"/changes/?n={n}").status_code
        finally:
            if connection.vendor == "sqlite":
                connection.close()
            else:
                connections.close_all()

    def found(_n: int) -> set[str]:
        if connection.vendor == "sqlite":
            in_a_file()
        try:
            return set(LogLine.objects.values_list("about", flat=True))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(one, range(80)))
        abouts = threads.submit(found, 0).result()

    assert set(answers) == {200}
    assert abouts == {f"FE-{n}" for n in range(80)}


# --- a line is written once ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.save(),
        lambda line: line.delete(),
        lambda line: LogLine.objects.update(about="x"),
        lambda line: LogLine.objects.filter(pk=line.pk).update(about="x"),
        lambda line: LogLine.objects.all().delete(),
        lambda line: LogLine.objects.bulk_update([line], ["about"]),
        lambda line: LogLine.objects.update_or_create(pk=line.pk, defaults={"about": "x"}),
        lambda line: LogLine.objects.bulk_create([line]),
        lambda line: LogLine.objects.bulk_create(
            [LogLine(pk=line.pk, act=Act.SAW, about="x")],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["about"],
        ),
    ],
)
def test_line_cannot_be_changed(change: Callable[[LogLine], Any]) -> None:
    line = written()
    line.about = "x"

    with pytest.raises(Immutable), transaction.atomic():
        change(line)
    assert LogLine.objects.get().about == "FE-2027-1"


def test_line_outlives_its_official() -> None:
    left = build.official("left")
    written(user=left, user_name=str(left))
    left.delete()

    assert (LogLine.objects.get().user, LogLine.objects.get().user_name) == (None, "left")


def test_only_what_is_older_than_the_log_is_kept_is_forgotten(settings: Settings) -> None:
    settings.LOG_YEARS = 5
    now = timezone.now()
    written("old", at=now - timedelta(days=5 * 366))
    written("new", at=now - timedelta(days=5 * 365))

    assert log.forget_old(now) == 1
    assert LogLine.objects.get().about == "new"


# --- the room --------------------------------------------------------------------------------------------------------


def shown(answer: Any) -> list[str]:
    return [line.about for _moment, line in answer.context["rows"]]


def test_each_reads_what_is_theirs() -> None:
    other = build.authority("other")
    written("FE-here")
    written("FE-there", authority=other)
    written("desk", authority=None, act=Act.SIGNED_IN)

    assert shown(build.signed_in(manager()).get(ROOM)) == ["FE-here"]
    assert shown(build.signed_in(manager("there", of=other)).get(ROOM)) == ["FE-there"]
    assert shown(build.signed_in(build.superuser()).get(ROOM)) == ["desk"]


@pytest.mark.parametrize("role", ["reader", "handler", "designer"])
@pytest.mark.parametrize("address", [ROOM, EXPORT])
def test_nobody_else_enters(role: str, address: str) -> None:
    assert build.signed_in(build.official(role=role)).get(address).status_code == 403


def test_manager_of_some_services_alone_does_not_read_the_authoritys_log() -> None:
    user = manager()
    user.memberships.update(only_services=["example"])

    assert build.signed_in(user).get(ROOM).status_code == 403


def test_nobody_changes_anything_there() -> None:
    line = written()
    for user in (manager(), build.superuser()):
        at = build.signed_in(user)
        for address in (f"{ROOM}add/", f"{ROOM}{line.pk}/change/", f"{ROOM}{line.pk}/delete/", ROOM):
            assert at.post(address, {"post": "yes", "about": "x"}).status_code in (403, 404, 405), address

    assert LogLine.objects.get(pk=line.pk).about == "FE-2027-1"


@pytest.mark.both
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"about": " fe-2027-1 "}, ["FE-2027-1"]),
        ({"about": "FE-2027"}, []),
        ({"person": "anna"}, ["FE-2027-2"]),
        ({"person": "Anna Exempel"}, ["FE-2027-2"]),
        ({"person": "nobody"}, []),
        ({"act": "exported"}, ["FE-2027-3"]),
        ({"since": "2027-03-02"}, ["FE-2027-3"]),
        ({"until": "2027-02-28"}, ["FE-2027-1"]),
        ({"since": "2027-03-01", "until": "2027-03-01"}, ["FE-2027-2"]),
        ({"about": "\0", "page": "x"}, []),
        ({"since": "yesterday"}, []),
        ({"act": "nothing"}, []),
        ({"page": "99"}, []),
    ],
)
def test_search_finds_what_is_asked_for(asked: dict[str, str], found: list[str]) -> None:
    anna = User.objects.create(username="anna.e", first_name="Anna", last_name="Exempel")
    differing: tuple[dict[str, Any], ...] = ({}, {"user": anna}, {"act": Act.EXPORTED})
    for n, more in enumerate(differing, 1):
        day = build.NOW + timedelta(days=n - 2)
        written(f"FE-2027-{n}", at=day, **more)

    assert shown(build.signed_in(manager()).get(ROOM, asked)) == found


def test_reading_and_exporting_the_log_stand_in_it() -> None:
    written()
    at = build.signed_in(manager())
    at.get(ROOM, {"about": "FE-2027-1"})
    body(at.get(EXPORT))

    acts = list(LogLine.objects.filter(about="log").order_by("pk").values_list("act", "detail", "authority"))
    assert acts == [
        ("read_log", "about FE-2027-1", build.authority().pk),
        ("exported", "", build.authority().pk),
    ]


def test_export_is_a_table_that_runs_nothing() -> None:
    written(user_name='=HYPERLINK("x";"y")', detail="a;b")
    written("FE-2027-2")

    text = body(build.signed_in(manager(), headers={"accept-language": "en"}).get(EXPORT, {"about": "FE-2027-1"}))

    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text[1:]), delimiter=";"))
    assert len(rows) == 2
    assert rows[1][1] == '\'=HYPERLINK("x";"y")'
    assert rows[1][5] == "a;b"


def test_pages_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logroom, "ROWS", 2)
    for n in range(5):
        written(f"FE-2027-{n}", at=build.NOW + timedelta(minutes=n))
    at = build.signed_in(manager())

    first = at.get(ROOM, {"until": "2027-03-01"})
    second = at.get(f"{ROOM}?{first.context['older']}")

    assert (shown(first), shown(second)) == (["FE-2027-4", "FE-2027-3"], ["FE-2027-2", "FE-2027-1"])
    assert (first.context["newer"], "page=1" in second.context["newer"]) == ("", True)


@pytest.mark.parametrize("lines", [1, 30])
def test_room_asks_as_much_for_many_lines_as_for_one(
    lines: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    handler = build.official()
    for n in range(lines):
        written(f"FE-2027-{n}", user=handler)
    at = build.signed_in(manager())

    with django_assert_max_num_queries(6):
        at.get(ROOM)
