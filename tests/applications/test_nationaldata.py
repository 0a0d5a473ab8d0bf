"""Asking the national service for common data: over real sockets, whatever comes back; and what of it may be used."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from apps.applications import nationaldata
from apps.applications.models import Application, Frozen
from apps.applications.nationaldata import Came, Whose
from apps.cases import intake
from apps.people.models import Customer, Principal
from apps.services.fieldtypes import REGISTER
from tests import build
from tests.sync import scripted
from tests.sync.scripted import Scripted

pytestmark = pytest.mark.django_db
ID = uuid.UUID("0b5f3c0e-6f0e-4d0c-9a43-1c1f7c2f6f01")
GOOD: dict[str, Any] = {"customer": {"name": "Example Customer"}, "answers": {"title": "From there"}}


@pytest.fixture
def there(settings: Settings) -> Iterator[Scripted]:
    """The national service, which answers as it is told."""
    with scripted.running() as receiver:
        settings.NATIONAL_SERVICE_URL = receiver.url
        settings.NATIONAL_SERVICE_START_TIMEOUT = 20.0
        yield receiver


def answers(there: Scripted, document: Any = GOOD, *, status: int = 200, **headers: str) -> None:
    there.rules["/commondata"] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, document)


# --- asking ----------------------------------------------------------------------------------------------------------


def test_the_published_operation_is_asked(there: Scripted, settings: Settings) -> None:
    settings.NATIONAL_SERVICE_TOKEN = "secret"
    settings.NATIONAL_SERVICE_XROAD_CLIENT = "FI-TEST/MUN/0000000-0/portal"
    answers(there)

    assert nationaldata.ask(ID).data == GOOD

    (said,) = there.said
    assert (said.method, said.path) == ("GET", f"/commondata/{ID}/commondata")
    assert said.headers["authorization"] == "Bearer secret"
    assert said.headers["x-road-client"] == "FI-TEST/MUN/0000000-0/portal"
    assert uuid.UUID(said.headers["x-road-id"])


PROBLEM = {"type": "urn:forenklad-e-tjanst:problem:unknown-part", "title": "x", "status": 400, "detail": "x"}
TWICE = b'{"customer": {"name": "A"}, "customer": {"name": "B"}}'
ODD: list[tuple[str, Any, Came]] = [
    ("unknown", (400, {}, PROBLEM), Came.UNKNOWN),
    ("not found", (404, {}, {"title": "Not found"}), Came.UNKNOWN),
    ("a page with 404", (404, {}, b"<p>nothing"), Came.REFUSED),
    ("no right to come in", (401, {}, {"title": "Unauthorized"}), Came.REFUSED),
    ("forbidden", (403, {}, b"no"), Came.REFUSED),
    ("out of order", "500", Came.AWAY),
    ("too many", (429, {"Retry-After": "5"}, {}), Came.AWAY),
    ("hangs", "hang", Came.AWAY),
    ("closes", "close_before", Came.AWAY),
    ("breaks off", "cut", Came.AWAY),
    ("a web page", "garbage", Came.UNREADABLE),
    ("nothing", "empty", Came.UNREADABLE),
    ("a list", "list", Came.UNREADABLE),
    ("redirect", "redirect", Came.UNREADABLE),
    ("too much", (200, {}, b'{"a": "' + b"x" * 1_200_000 + b'"}'), Came.UNREADABLE),
    ("a name twice", (200, {}, TWICE), Came.UNREADABLE),
    ("no number", (200, {}, b'{"a": NaN}'), Came.UNREADABLE),
    ("too large a number", (200, {}, b'{"a": 1e999}'), Came.UNREADABLE),
    ("half a character", (200, {}, b'{"a": "\\ud800"}'), Came.UNREADABLE),
    ("no UTF-8", (200, {}, b'{"a": "\xff"}'), Came.UNREADABLE),
    ("very deep", (200, {}, b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), Came.UNREADABLE),
    ("deep", (200, {}, json.dumps({"a": json.loads("[" * 60 + "]" * 60)}).encode()), Came.UNREADABLE),
    ("X-Road with 200", (200, {"X-Road-Error": "Server.ServerProxy.NetworkError"}, GOOD), Came.AWAY),
    ("X-Road with 400", (400, {}, {"type": "Client.BadRequest", "message": "x"}), Came.AWAY),
]


@pytest.mark.parametrize(("way", "came"), [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_whatever_comes_back_is_told_apart_and_in_time(
    there: Scripted, settings: Settings, way: Any, came: Came
) -> None:
    there.rules["/commondata"] = way
    if way == "hang":
        settings.NATIONAL_SERVICE_START_TIMEOUT = 0.6
    began = time.monotonic()

    answer = nationaldata.ask(ID)

    assert (answer.came, answer.data) == (came, {})
    assert time.monotonic() - began < 15


def test_an_answer_that_drips_is_not_waited_for(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _peer = listening.accept()
            with connection:
                for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 1_000:
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.05)

        threading.Thread(target=drip, daemon=True).start()
        settings.NATIONAL_SERVICE_URL = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings.NATIONAL_SERVICE_START_TIMEOUT = 0.4
        began = time.monotonic()

        assert nationaldata.ask(ID).came is Came.AWAY
        assert time.monotonic() - began < 15, "it drips for fifty seconds"


def test_nobody_there_and_no_address_are_told_apart(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.NATIONAL_SERVICE_URL = f"http://127.0.0.1:{closed.getsockname()[1]}"
    assert nationaldata.ask(ID).came is Came.AWAY

    settings.NATIONAL_SERVICE_URL = ""
    assert nationaldata.ask(ID).came is Came.NOBODY


def test_a_certificate_that_cannot_be_read_stops_nobody(there: Scripted, settings: Settings) -> None:
    settings.NATIONAL_SERVICE_CA = "/nowhere.pem"

    assert nationaldata.ask(ID).came is Came.AWAY


def test_the_log_has_nothing_of_what_came(there: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    answers(there, {"customer": {"name": "Hidden"}}, status=500)

    nationaldata.ask(ID)

    assert "away, 500" in caplog.text
    assert "Hidden" not in caplog.text


# --- whose -----------------------------------------------------------------------------------------------------------


def known(
    name: str = "Example", *, code: str = "", way: str = "example", acting_for: Principal | None = None
) -> Customer:
    return_ = Customer(way=way, given_name=name, family_name="Customer", identity_code=code)
    return_.acting_for = acting_for
    return return_


COMPANY = Principal(kind="company", subject="1234567-1", name="Exempel Ab")
PERSON = Principal(kind="person", subject="x", name="Other Person")
FOR_COMPANY = {
    "name": "A Colleague",
    "onBehalfOf": {"kind": "company", "name": "Exempel Ab", "businessId": "1234567-1"},
}
FOR_PERSON = {"name": "Example Customer", "onBehalfOf": {"kind": "person", "name": "Other Person"}}
NAMED = {"name": "Example Customer"}
CODED = {**NAMED, "identityCode": "131052-308t"}
CASES: list[tuple[str, Any, Customer, Whose]] = [
    ("the same name", NAMED, known(), Whose.THEIRS),
    ("the same name written otherwise", {"name": " customer  EXAMPLE"}, known(), Whose.THEIRS),
    ("another name", {"name": "Somebody Else"}, known(), Whose.OTHERS),
    ("the same name of who is not surely known", NAMED, known(way="email_link"), Whose.OTHERS),
    ("the same code and another name", CODED | {"name": "Ex"}, known(code="131052-308T"), Whose.THEIRS),
    ("another code and the same name", CODED, known(code="010190-900X"), Whose.OTHERS),
    ("a code, of who has none", CODED, known(), Whose.OTHERS),
    ("a code that is no text", NAMED | {"identityCode": 1}, known(code="131052-308T"), Whose.OTHERS),
    ("the company acted for", FOR_COMPANY, known(acting_for=COMPANY), Whose.THEIRS),
    ("a company, of who acts for themselves", FOR_COMPANY | NAMED, known(), Whose.OTHERS),
    ("a person, of who acts for a company", NAMED, known(acting_for=COMPANY), Whose.OTHERS),
    (
        "another company",
        {"onBehalfOf": {"kind": "company", "name": "Exempel Ab", "businessId": "7654321-2"}},
        known(acting_for=COMPANY),
        Whose.OTHERS,
    ),
    ("the person acted for", FOR_PERSON, known(acting_for=PERSON), Whose.THEIRS),
    ("a person, of who acts for another kind", FOR_PERSON, known(acting_for=COMPANY), Whose.OTHERS),
    ("an odd principal", NAMED | {"onBehalfOf": "Exempel Ab"}, known(acting_for=COMPANY), Whose.OTHERS),
    ("no name", {}, known(), Whose.UNSAID),
    ("a name of no words", {"name": "  "}, known(), Whose.UNSAID),
    ("a name that is no text", {"name": ["Example"]}, known(), Whose.UNSAID),
    ("no customer", None, known(), Whose.UNSAID),
    ("a customer that is a text", "Example Customer", known(), Whose.UNSAID),
]


@pytest.mark.parametrize(("said", "customer", "whose"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_data_are_used_only_when_they_say_that_they_are_theirs(said: Any, customer: Customer, whose: Whose) -> None:
    assert nationaldata.whose({"customer": said}, customer) is whose


# --- what fits -------------------------------------------------------------------------------------------------------


def paper(*fields: dict[str, Any], by: Customer | None = None) -> Application:
    asked = fields or (build.field("text", "title", prefill="common_data"), build.field("text", "other"))
    draft = build.application(build.version(build.page("first", *asked)), by=by, answers={})
    draft.external_id = ID
    draft.save()
    return draft


def test_only_questions_that_say_so_take_an_answer() -> None:
    found = nationaldata.fitting(paper().definition, {"title": "A", "other": "B", "more": "C"}, "sv")

    assert found == {"title": "A"}


WRONG = ["", None, 5, True, [], {}, ["A"], {"sv": "A"}, "x" * 201, "a\x00b", " A "]


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_an_answer_that_the_question_does_not_take_is_left_out(value: Any) -> None:
    assert nationaldata.fitting(paper().definition, {"title": value}, "sv") == {}


@pytest.mark.parametrize("answers", [None, [], "title", 1, {"unknown": 1}], ids=repr)
def test_answers_that_are_none_fill_in_nothing(answers: Any) -> None:
    assert nationaldata.fitting(paper().definition, answers, "sv") == {}


def test_every_kind_takes_its_own_sample_and_stands_any_other() -> None:
    kinds = [
        one
        | (
            {"prefill": "common_data"}
            if "prefill" in REGISTER[one["kind"]].settings() and REGISTER[one["kind"]].asks
            else {}
        )
        for one in build.every_kind()
    ]
    definition = build.definition(build.page("first", *kinds))
    wanted = nationaldata.wanted(definition)
    samples = {key: field.sample(build.TODAY) for key, field in wanted.items()}
    odd: list[Any] = [None, 0, 1.5, True, "", "x", [], [1], {}, {"a": 1}, [{"id": 1}], [[]], {"start": 1}, 10**400]

    assert nationaldata.fitting(definition, samples, "sv") == samples
    assert "a_file" not in wanted
    for value in odd:
        nationaldata.fitting(definition, dict.fromkeys(wanted, value), "sv")


# --- fetching --------------------------------------------------------------------------------------------------------


def test_fetching_keeps_what_the_form_asks_for_and_nothing_more(there: Scripted) -> None:
    answers(there, GOOD | {"answers": {"title": "From there", "other": "Secret"}})
    draft = paper()

    fetched = nationaldata.fetch(draft, draft.customer)

    draft.refresh_from_db()
    assert draft.common_data == {"answers": {"title": "From there"}}
    assert draft.answers == {}
    assert nationaldata.offered(draft) == {"title": "From there"}
    assert fetched.worked
    assert "Title sv" in fetched.words
    assert not nationaldata.can_be_fetched(draft)


def test_somebody_elses_data_leave_nothing_and_take_their_external_id_along(there: Scripted) -> None:
    answers(there, GOOD | {"customer": {"name": "Somebody Else"}})
    draft = paper()

    fetched = nationaldata.fetch(draft, draft.customer)

    draft.refresh_from_db()
    assert (draft.common_data, draft.external_id) == (None, None)
    assert not fetched.worked
    assert nationaldata.offered(draft) == {}


def test_data_of_nobody_fill_in_nothing_and_leave_the_external_id(there: Scripted) -> None:
    answers(there, {"answers": {"title": "From there"}})
    draft = paper()

    nationaldata.fetch(draft, draft.customer)

    draft.refresh_from_db()
    assert (draft.common_data, draft.external_id) == ({"answers": {}}, ID)


def test_data_of_nobody_leave_the_external_id_to_who_came_first(there: Scripted) -> None:
    answers(there, {"answers": {"title": "From there"}})
    first, second = paper(), paper(by=build.customer("Other"))

    for draft in (second, first):
        nationaldata.fetch(draft, draft.customer)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.external_id, second.external_id) == (ID, None)
    assert second.common_data is None


@pytest.mark.parametrize("same", ["customer", "principal"])
def test_the_same_customer_and_the_same_company_are_not_somebody_else(there: Scripted, same: str) -> None:
    answers(there, {"answers": {"title": "From there"}})
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    first = paper()
    second = paper(by=first.customer if same == "customer" else build.customer("Colleague"))
    for draft in (first, second) if same == "principal" else (second,):
        draft.principal = company
        draft.save()

    nationaldata.fetch(second, second.customer)

    second.refresh_from_db()
    assert second.external_id == ID


def test_who_is_known_to_have_begun_there_keeps_the_external_id_whoever_came_first(there: Scripted) -> None:
    answers(there)
    paper(by=build.customer("Other"))
    draft = paper()

    nationaldata.fetch(draft, draft.customer)

    draft.refresh_from_db()
    assert draft.external_id == ID


@pytest.mark.parametrize("is_last", [False, True], ids=["can be asked again", "for the last time"])
def test_where_no_answer_comes_the_external_id_is_left_to_who_came_first_at_the_last(
    there: Scripted, is_last: bool
) -> None:
    there.rules["/commondata"] = "500"
    first, second = paper(), paper(by=build.customer("Other"))

    for draft in (first, second):
        nationaldata.fetch(draft, draft.customer, is_last=is_last)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.external_id, second.external_id) == (ID, None if is_last else ID)
    assert first.common_data is None


def test_what_did_not_come_can_be_fetched_again(there: Scripted) -> None:
    there.rules["/commondata"] = "500"
    draft = paper()
    assert not nationaldata.fetch(draft, draft.customer).worked
    assert nationaldata.can_be_fetched(draft)

    answers(there)

    assert nationaldata.fetch(draft, draft.customer).worked


def test_a_paper_that_is_sent_meanwhile_is_left_alone(there: Scripted) -> None:
    answers(there)
    draft = paper(build.field("text", "title", required=False, prefill="common_data"))
    intake.send(Application.objects.get(pk=draft.pk), at=build.NOW)

    with pytest.raises(Frozen):
        nationaldata.fetch(draft, draft.customer)


def test_every_end_has_words_in_every_language() -> None:
    for came in Came:
        for whose in Whose:
            assert nationaldata.Fetched(came, whose).words
