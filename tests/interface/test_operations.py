"""What holds for every operation, of which the addresses are the list: who may call it, what is told to whom, and that it never breaks."""

from __future__ import annotations

import base64
import hashlib
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import OperationalError
from django.http import UnreadablePostError
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from apps.cases import intake
from apps.cases.models import Case, Event
from apps.interface import problems, reading
from apps.interface.urls import urlpatterns
from apps.people import systems
from apps.people.models import LogLine, System
from tests import build
from tests.build import NOW
from tests.interface import callers
from tests.interface.callers import call, content, get, part, problem
from tests.sync import folders

pytestmark = pytest.mark.django_db

FILE = build.PDF
OPERATIONS: dict[tuple[str, str], str] = {
    (str(address.name), method): scope
    for address in urlpatterns
    for method, scope in getattr(address.callback, "operations", {}).items()
}
OF_A_CASE = sorted(known for known in OPERATIONS if known != ("interface_ledger", "GET"))


@dataclass(frozen=True)
class Asked:
    """What is asked of an operation about a case, so that it would be answered to whoever may ask it."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] | None = None

    def by(self, key: str | None, **headers: str) -> Any:
        """The answer to who shows a key, or none, read to its end."""
        given = {**(self.headers or {}), **headers}
        answer = call(None, self.method, self.path, key=key, body=self.body, headers=given)
        if answer.streaming:
            content(answer)
        return answer


def asked(operation: tuple[str, str], case: Case) -> Asked:
    """A good request for an operation about a case that has a file and is being handled."""
    event = case.events.order_by("number")[0].key
    file = case.application.files()[0]["id"] if case.application.files() else uuid.uuid4()
    key = str(uuid.uuid4())
    posted = {
        "schemaVersion": "1",
        "externalId": str(case.external_id),
        "key": key,
        "kind": "write",
        "data": {"text": "Kontoret är öppet."},
    }
    ahead = {
        "Idempotency-Key": f"{key}:plan",
        "Digest": "sha-256=" + base64.b64encode(hashlib.sha256(FILE).digest()).decode(),
        "Content-Type": "application/pdf",
        "Content-Disposition": "attachment; filename*=UTF-8''plan.pdf",
    }
    requests: dict[tuple[str, str], Asked] = {
        ("interface_ledger", "GET"): Asked("GET", "commondata"),
        ("interface_data", "GET"): Asked("GET", part(case)),
        ("interface_common_data", "GET"): Asked("GET", part(case, "commondata")),
        ("interface_form_data", "GET"): Asked("GET", part(case, "formdata")),
        ("interface_attachment", "GET"): Asked("GET", part(case, f"attachments/{file}")),
        ("interface_attachment", "PUT"): Asked("PUT", part(case, "attachments/plan"), FILE, ahead),
        ("interface_events", "GET"): Asked("GET", part(case, "events")),
        ("interface_events", "POST"): Asked("POST", part(case, "events"), posted, {"Idempotency-Key": key}),
        ("interface_event", "GET"): Asked("GET", part(case, f"events/{event}")),
    }
    return requests[operation]


def real() -> Case:
    """A case with a file, which is being handled."""
    return folders.handled(folders.with_file())


def of_a_test() -> Case:
    """The same of a version that is only tried."""
    tried = build.version(build.page("tried", build.field("file", "plan")), key="tried", published=False)
    paper = build.trying(tried, answers={})
    folders.attach(paper, folders.PDF, n=3)
    return folders.handled(intake.send(paper, at=NOW))


# --- the walk ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_system_that_may_is_answered(operation: tuple[str, str]) -> None:
    answer = asked(operation, real()).by(callers.key())

    assert answer.status_code in (200, 201), problem(answer)


# Who is not told of a case, and what they are told instead.
STRANGERS: dict[str, tuple[Callable[[], str], str]] = {
    "of another authority": (
        lambda: callers.key(callers.system("Theirs", of=build.authority("other-town"))),
        "unknown-part",
    ),
    "of another service": (lambda: callers.key(callers.system(only=["example"])), "unknown-part"),
    "of a service of the same key elsewhere": (
        lambda: callers.key(callers.system("Theirs", of=build.authority("other-town"), only=["gathering"])),
        "unknown-part",
    ),
    "for testing": (lambda: callers.key(callers.system(is_test=True)), "unknown-part"),
    "without a scope": (lambda: callers.key(callers.system(scopes=[])), "forbidden"),
    "with an ended key": (lambda: ended(callers.system()), "unauthorised"),
    "not let in": (lambda: callers.key(callers.system(active=False)), "unauthorised"),
}


def ended(system: System) -> str:
    made, key = systems.make_key(system, by=None)
    systems.end_key(made)
    return key


@pytest.mark.thorough
@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("operation", OF_A_CASE, ids=" ".join)
def test_stranger_is_told_nothing_of_a_case_and_changes_nothing(operation: tuple[str, str], stranger: str) -> None:
    case = real()
    make_key, said = STRANGERS[stranger]
    lines = Event.objects.count()

    answer = asked(operation, case).by(make_key())

    assert problem(answer) == said
    assert answer.status_code == {"unknown-part": 400, "forbidden": 403, "unauthorised": 401}[said]
    for secret in (case.number, "plan 1", "Example", "Exempelstaden"):
        assert str(secret).encode() not in answer.content
    assert Event.objects.count() == lines
    assert not LogLine.objects.filter(about=case.number).exists()


@pytest.mark.parametrize("operation", OF_A_CASE, ids=" ".join)
def test_case_of_others_is_answered_as_one_that_does_not_exist(operation: tuple[str, str]) -> None:
    case = real()
    others = callers.key(callers.system("Theirs", of=build.authority("other-town")))
    request = asked(operation, case)
    there = request.by(others).content
    Case.objects.filter(pk=case.pk).update(external_id=uuid.uuid4())

    assert request.by(others).content == there


@pytest.mark.parametrize("operation", OF_A_CASE, ids=" ".join)
def test_real_system_sees_no_test(operation: tuple[str, str]) -> None:
    assert problem(asked(operation, of_a_test()).by(callers.key())) == "unknown-part"


@pytest.mark.parametrize("operation", OF_A_CASE, ids=" ".join)
def test_system_for_testing_sees_tests(operation: tuple[str, str]) -> None:
    answer = asked(operation, of_a_test()).by(callers.key(callers.system(is_test=True)))

    assert answer.status_code in (200, 201), problem(answer)


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_nobody_is_answered_who_shows_no_key(operation: tuple[str, str]) -> None:
    answer = asked(operation, real()).by(None)

    assert (answer.status_code, problem(answer)) == (401, "unauthorised")


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_each_scope_opens_what_it_is_for_and_nothing_else(operation: tuple[str, str]) -> None:
    case, needs = real(), OPERATIONS[operation]
    without = callers.key(callers.system("Without", scopes=[s for s in callers.EVERYTHING if s != needs]))
    alone = callers.key(callers.system("Alone", scopes=[needs]))

    refused, answered = (asked(operation, case).by(key) for key in (without, alone))

    assert (refused.status_code, problem(refused)) == (403, "forbidden")
    with translation.override("en"):
        assert str(System.Scope(needs).label) in refused.json()["detail"]
    assert answered.status_code in (200, 201), problem(answered)


def test_ledger_lists_the_cases_that_a_system_may_read_and_no_other() -> None:
    town, test = real(), of_a_test()
    other = build.case(build.version(key="other", authority="other-town"))
    second = build.case()
    gone = build.case()
    Case.objects.filter(pk=gone.pk).update(forgotten_at=NOW)

    seen = {
        name: {item["externalId"] for item in get("commondata", callers.key(system)).json()["items"]}
        for name, system in {
            "all": callers.system("All"),
            "one": callers.system("One", only=["gathering"]),
            "test": callers.system("Test", is_test=True),
            "theirs": callers.system("Theirs", of=build.authority("other-town")),
            "none": callers.system("None", only=["other"]),
        }.items()
    }

    assert seen == {
        "all": {str(town.external_id), str(second.external_id)},
        "one": {str(town.external_id)},
        "test": {str(test.external_id)},
        "theirs": {str(other.external_id)},
        "none": set(),
    }


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_each_call_is_one_line_in_the_log(operation: tuple[str, str]) -> None:
    case, key = real(), callers.key()

    asked(operation, case).by(key)

    act = {"GET": "saw", "PUT": "changed", "POST": "changed"}[operation[1]]
    act = {"interface_ledger": "searched", "interface_attachment": {"GET": "downloaded"}.get(operation[1], act)}.get(
        operation[0], act
    )
    line = LogLine.objects.get()
    assert (line.act, line.user_name, line.authority) == (act, "Register", build.authority())
    assert line.about == ("interface" if operation[0] == "interface_ledger" else case.number)


@pytest.mark.parametrize("operation", sorted(OPERATIONS), ids=" ".join)
def test_refusal_is_one_line_in_the_log_of_who_is_known(operation: tuple[str, str]) -> None:
    asked(operation, real()).by(callers.key(callers.system(scopes=[])))

    line = LogLine.objects.get()
    assert (line.act, line.about, line.detail) == ("refused", "interface", f"{operation[1]} forbidden")


# --- addresses and methods ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "commondata", "GET, HEAD"),
        ("POST", "commondata", "GET, HEAD"),
        ("PUT", "commondata/x", "GET, HEAD"),
        ("PATCH", "commondata/x/events", "GET, HEAD, POST"),
        ("OPTIONS", "commondata/x/attachments/y", "GET, HEAD, PUT"),
        ("DELETE", "commondata/x/events/y", "GET, HEAD"),
    ],
)
def test_method_that_an_address_does_not_take_is_refused_with_those_it_takes(
    method: str, path: str, allowed: str
) -> None:
    answer = call(None, method, path, key=callers.key())

    assert (answer.status_code, problem(answer)) == (405, "method")
    assert answer.headers["Allow"] == allowed
    assert allowed in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["", "nothing", "commondata/", "commondata/x/y", "commondata/x/events/y/z", "commondata/%0a/y/z"]
)
def test_address_that_is_none_says_so_as_a_problem(path: str) -> None:
    answer = get(path, callers.key())

    assert (answer.status_code, problem(answer)) == (404, "unknown-path")


# --- problems ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked_for", "language"),
    [
        ("sv", "sv"),
        ("fi-FI, en;q=0.5", "fi"),
        ("de, fr;q=0.9", "en"),
        ("en;q=0.2, FI;q=0.9, sv;q=0.5", "fi"),
        ("sv;q=0, fi", "fi"),
        ("", "en"),
        ("*", "en"),
        ("sv" * 5_000, "en"),
        (";;,q=;", "en"),
    ],
)
def test_problem_is_told_in_the_language_that_is_asked_for(asked_for: str, language: str) -> None:
    answer = get("commondata", headers={"Accept-Language": asked_for})

    assert answer.headers["Content-Language"] == language


@pytest.mark.parametrize("name", sorted(problems.KNOWN))
def test_problem_is_problem_details(name: str) -> None:
    answer = problems.Problem(name, "Do this.", headers={"Retry-After": "5"}, expected=2).response()

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    said = problems.Problem(name, "Do this.", expected=2).document()
    assert list(said) == ["type", "title", "status", "detail", "expected"]
    assert said["type"] == f"urn:forenklad-e-tjanst:problem:{name}"
    assert said["status"] == answer.status_code


# --- trouble -----------------------------------------------------------------------------------------------------------


class NeedsMuch(Exception):
    """An exception that cannot be made again from nothing."""

    def __init__(self, one: str, *, other: str) -> None:
        super().__init__(one + other)


@pytest.mark.parametrize(
    "trouble", [NeedsMuch("secret ", other="words"), KeyError("secret words"), ValueError("secret words")], ids=repr
)
def test_trouble_of_ours_is_said_to_be_ours_and_its_words_are_told_to_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: Exception
) -> None:
    def fails(*_args: Any) -> None:
        raise trouble

    monkeypatch.setattr(reading, "_papers", fails)

    answer = get(part(build.case()), callers.key())

    assert (answer.status_code, problem(answer)) == (500, "failed")
    said = [record for record in caplog.records if record.name == "apps.interface.operations"]
    assert [record.levelno for record in said] == [logging.ERROR]
    assert f"{type(trouble).__name__} in fails" in said[0].getMessage()
    assert "secret" not in caplog.text + answer.content.decode()
    assert LogLine.objects.get().detail == "GET failed"


def test_database_that_cannot_answer_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: Any) -> None:
        raise OperationalError("secret words")

    monkeypatch.setattr(reading, "_papers", fails)

    answer = get(part(build.case()), callers.key())

    assert (answer.status_code, problem(answer)) == (503, "not-now")
    assert answer.headers["Retry-After"] == "5"


def test_request_that_breaks_off_is_no_trouble_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_off(*_args: Any) -> None:
        raise UnreadablePostError

    monkeypatch.setattr(reading, "_papers", breaks_off)

    assert problem(get(part(build.case()), callers.key())) == "malformed"


def test_file_may_say_of_itself_in_which_characters_it_is() -> None:
    request = asked(("interface_data", "GET"), real())

    assert request.by(callers.key(), **{"Content-Type": "text/plain; charset=iso-8859-1"}).status_code == 200


# --- anything at all ---------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="latin-1"), max_size=40)
NAMES = st.sampled_from(["limit", "after", "cursor", "changedSince", "x"])
HEADERS = st.sampled_from(
    [
        "Authorization",
        "X-Road-Client",
        "Range",
        "If-Range",
        "If-None-Match",
        "Accept-Language",
        "X-Client-Certificate",
        "X-Forwarded-For",
        "Accept",
    ]
)
MANY = hypothesis_settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def limits_off(settings: Settings) -> None:
    settings.RATE_LIMITS = False
    settings.INTERFACE_CERTIFICATE_HEADER, settings.TRUSTED_PROXIES = "X-Client-Certificate", 1


@pytest.mark.usefixtures("limits_off")
def test_nothing_that_stands_in_an_address_or_a_header_breaks_it() -> None:
    case, key = real(), callers.key()
    paths = [asked(operation, case).path for operation in sorted(OPERATIONS) if operation[1] == "GET"]

    @MANY
    @given(
        st.sampled_from(paths),
        st.sampled_from(["GET", "HEAD"]),
        st.dictionaries(NAMES, st.lists(TEXTS, max_size=2), max_size=4),
        st.dictionaries(HEADERS, TEXTS, max_size=3),
        st.booleans(),
    )
    def told(path: str, method: str, query: dict[str, list[str]], headers: dict[str, str], known: bool) -> None:
        given = {"Authorization": f"Bearer {key}", **headers} if known else headers
        answer = Client(raise_request_exception=False).generic(
            method, callers.BASE + path, headers=given, query_params=query or None
        )
        content(answer)
        assert answer.status_code < 500
        assert answer.status_code < 400 or method == "HEAD" or problem(answer) in problems.KNOWN

    told()


@pytest.mark.thorough
@pytest.mark.usefixtures("limits_off")
def test_no_query_breaks_the_ledger() -> None:
    key = callers.key()
    build.case()

    @MANY
    @given(st.binary(max_size=60))
    def told(query: bytes) -> None:
        answer = Client(raise_request_exception=False).get(
            callers.BASE + "commondata",
            headers={"Authorization": f"Bearer {key}"},
            QUERY_STRING=query.decode("latin-1"),
        )
        assert answer.status_code in (200, 400)

    told()


@pytest.mark.thorough
@pytest.mark.usefixtures("limits_off")
def test_no_address_breaks_it() -> None:
    key = callers.key()

    @MANY
    @given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="?#"), max_size=12), max_size=5))
    def told(words: list[str]) -> None:
        answer = get("commondata/" + "/".join(words), key)
        assert 400 <= answer.status_code < 500 or answer.status_code == 200

    told()
