"""The sandbox: generated cases go the way of real ones, and nothing real goes that way."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client, RequestFactory
from pytest_django import Settings

from apps.applications.models import Application, Attachment
from apps.cases import intake, testcases
from apps.cases.models import Case, Document, NotAllowed
from apps.interface import sandbox
from apps.interface.models import Call, WaitingFile
from apps.interface.samplefiles import MAKERS, sample_file
from apps.people.identification import Identification, sign_in
from apps.people.models import Customer, LogLine, System
from apps.services import rehearsing
from apps.services.filetypes import TYPES
from apps.services.inspecting import inspect
from apps.services.models import Version
from tests import build
from tests.interface import callers
from tests.interface.posted import post

pytestmark = pytest.mark.django_db


def trial(**more: Any) -> System:
    """A system for testing."""
    return callers.system("Tester", is_test=True, **more)


def generated(count: int = 1, of: Any = None, **more: Any) -> list[Case]:
    """Cases in the sandbox, by default of a service with a question and a file."""
    version = of or build.version(build.page("first", build.field("text", "title"), build.field("file", "plan")))
    return sandbox.generate(trial(), version, more.pop("language", "sv"), count, at=build.NOW, **more)


def ask(case: Case, fields: tuple[str, ...] = ("title",)) -> None:
    """Let the authority ask for a supplement."""
    case.take_step("take_up", by=build.official(), at=build.NOW)
    due = date(2099, 1, 1)
    case.take_step("request_supplement", by=build.official(), at=build.NOW, text="More", due=due, fields=fields)


# --- generating --------------------------------------------------------------------------------------------------------


def test_generated_cases_are_tests_with_whole_papers() -> None:
    first, second = generated(2)

    assert (first.is_test, second.is_test) == (True, True)
    assert first.external_id != second.external_id
    assert testcases.is_of_test(str(first.external_id))
    assert first.application.answers["title"]
    assert [event.kind for event in first.events.all()] == ["received"]


def test_a_generated_case_has_real_files() -> None:
    (case,) = generated()

    (known,) = case.application.files()
    kept = Attachment.objects.get(pk=known["id"])
    with kept.content.open() as content:
        assert inspect(content, ["pdf"]).type.name == "pdf"
    assert kept.known() == known


def test_of_a_form_with_every_kind_of_question_a_case_is_generated() -> None:
    version = build.version(build.page("first", *build.every_kind()))

    (case,) = generated(of=version)

    assert "a_file" in case.application.answers


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_the_customer_writes_in_the_language_chosen(language: str) -> None:
    (case,) = generated(language=language)

    assert case.language == language


def test_the_sample_answers_are_in_the_language_chosen() -> None:
    version = build.version(build.page("first", build.field("text", "title"), build.field("long_text", "more")))

    answers = {language: generated(of=version, language=language)[0].application.answers for language in ("sv", "fi")}

    assert (answers["sv"]["title"], answers["fi"]["title"]) == ("Exempeltext åäö", "Esimerkkiteksti åäö")
    assert answers["fi"]["more"].startswith("Esimerkki ensimmäisestä")


def test_a_service_for_companies_alone_gets_a_made_up_one() -> None:
    version = build.version(acting_for=["company"], mandate="permits", identification="strong")

    (case,) = generated(of=version)

    assert case.application.principal is not None
    assert case.application.principal.business_id == sandbox.BUSINESS_ID
    sandbox.withdraw(case)
    assert case.status == "withdrawn"


def test_no_more_are_made_at_once_than_is_said() -> None:
    assert len(generated(1_000)) == sandbox.MOST_AT_ONCE


def test_published_and_tried_versions_are_offered_and_no_others() -> None:
    published = build.version()
    tried = build.version(build.page("tried", build.field("text", "title")), published=False)
    rehearsing.open_rehearsal(tried, by=None)
    build.version(build.page("waiting", build.field("text", "title")), key="waiting", published=False)
    build.version(key="survey", kind="survey")
    build.version(key="elsewhere", authority="other")

    assert sandbox.versions_of(trial()) == [published, tried]


def test_a_system_of_some_services_is_offered_those_alone() -> None:
    build.version()
    second = build.version(key="second")

    assert sandbox.versions_of(trial(only=["second"])) == [second]


def test_a_system_for_real_cases_generates_nothing() -> None:
    with pytest.raises(sandbox.NotForTesting):
        sandbox.generate(callers.system("Real"), build.version(), "sv")

    assert not Case.objects.exists()


def test_each_system_has_one_made_up_customer() -> None:
    generated()
    generated()
    sandbox.customer_of(callers.system("Second", is_test=True))

    assert Customer.objects.filter(way=Customer.SANDBOX).count() == 2


def test_where_the_paper_is_refused_nothing_is_left(settings: Settings) -> None:
    version, before = build.version(build.page("first", build.field("file", "plan"))), stored()
    settings.SCANNER = "127.0.0.1:1"  # where nobody answers: the file waits, and the paper with it

    with pytest.raises(NotAllowed):
        sandbox.generate(trial(), version, "sv", at=build.NOW)

    assert not Case.objects.exists()
    assert not Application.objects.exists()
    assert stored() == before


@pytest.mark.parametrize("trouble", [NotAllowed("Refused"), RuntimeError("Broken")], ids=["refused", "broken"])
def test_where_the_third_of_several_fails_nothing_is_left_of_the_first_two(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    version = build.version(build.page("first", build.field("file", "plan")))
    before, send = stored(), intake.send
    sent: list[Case] = []

    def fail_at_the_third(*args: Any, **kwargs: Any) -> Case:
        if len(sent) == 2:
            raise trouble
        sent.append(send(*args, **kwargs))
        return sent[-1]

    monkeypatch.setattr(intake, "send", fail_at_the_third)
    with pytest.raises(type(trouble)):
        generated(3, of=version)

    assert not Case.objects.exists()
    assert not Attachment.objects.exists()
    assert stored() == before


def test_where_a_supplement_fails_the_files_of_the_application_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    (case,) = generated()
    ask(case, ("title", "plan"))
    before = stored()

    def fail(*_args: Any, **_kwargs: Any) -> Case:
        raise RuntimeError

    monkeypatch.setattr(intake, "send", fail)
    with pytest.raises(RuntimeError):
        sandbox.answer_supplement(case)

    assert before
    assert stored() == before


def stored() -> set[Path]:
    """The contents that lie in the storage."""
    root = Path(default_storage.path(""))
    return {path for path in root.rglob("*") if path.is_file()} if root.exists() else set()


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_sample_file_is_what_it_says(kind: str) -> None:
    file = sample_file([kind], count=3)

    found = inspect(file, [kind])

    assert (found.type.name, found.active) == (kind, False)
    assert set(MAKERS) == set(TYPES)


# --- what the made-up customer does ------------------------------------------------------------------------------------


def test_the_made_up_customer_answers_a_supplement_request() -> None:
    (case,) = generated()
    ask(case, ("title", "plan"))

    sandbox.answer_supplement(case)

    case.refresh_from_db()
    paper = case.events.get(kind="supplement").paper
    assert case.status == "supplemented"
    assert paper is not None
    assert paper.is_test
    assert len(paper.files()) == 2


def test_the_made_up_customer_writes_and_adds_and_withdraws() -> None:
    (case,) = generated()

    sandbox.write(case)
    sandbox.add(case)
    sandbox.withdraw(case)

    assert [event.kind for event in case.events.all()] == ["received", "reply", "add", "withdraw"]
    assert Document.objects.filter(event__case=case).count() == 1


def test_what_the_rule_book_does_not_allow_is_refused_in_words() -> None:
    (case,) = generated()

    with pytest.raises(NotAllowed, match=r"\w"):
        sandbox.answer_supplement(case)
    sandbox.withdraw(case)
    with pytest.raises(NotAllowed, match=r"\w"):
        sandbox.withdraw(case)

    assert [event.kind for event in case.events.all()] == ["received", "withdraw"]


@pytest.mark.parametrize("act", ["answer_supplement", "write", "add", "withdraw"])
@pytest.mark.parametrize("made", [build.case, build.tried], ids=["real", "a tester's"])
def test_nobody_acts_for_a_customer_who_is_somebody(act: str, made: Any) -> None:
    case = made()

    with pytest.raises(NotAllowed):
        getattr(sandbox, act)(case)

    assert case.events.count() == 1


# --- what is done in the authority's own service -----------------------------------------------------------------------


def elsewhere(key: str = "elsewhere-done") -> Version:
    """A version of a service whose customers do this in the authority's own."""
    return build.version(key=key, connection="conditional", own_service={"sv": "https://own.example/"})


def test_the_made_up_customer_goes_on_to_the_authoritys_own_service() -> None:
    system, version = trial(), elsewhere()

    first, second = sandbox.send_on(system, version, "sv", 2)

    assert first.external_id != second.external_id
    assert (first.is_test, first.is_redirected) == (True, True)
    assert set(sandbox.sent_on(system)) == {first, second}
    assert not Case.objects.exists()


def test_no_case_is_generated_where_customers_do_this_elsewhere() -> None:
    with pytest.raises(NotAllowed):
        sandbox.generate(trial(), elsewhere(), "sv")

    assert not Application.objects.exists()


def test_what_was_gone_on_with_is_posted_by_the_system_and_handled_to_the_end() -> None:
    system = trial()
    key = callers.key(system)
    (note,) = sandbox.send_on(system, elsewhere(), "sv")

    assert post(note.external_id, "received", {"registerNumber": "X 1"}, key=key, number=1).status_code == 201
    (case,) = sandbox.cases_of(system)
    assert post(case, "take_up", key=key).status_code == 201
    asked = {"text": "More", "due": "2099-01-02"}
    assert post(case, "request_supplement", asked, key=key).status_code == 201
    sandbox.answer_supplement(case)
    assert post(case, "close", {"outcome": "accepted", "text": "Fine."}, key=key).status_code == 201

    case.refresh_from_db()
    assert (case.external_id, case.is_test, case.status) == (note.external_id, True, "closed")
    assert not sandbox.sent_on(system).exists()
    system.refresh_from_db()
    assert "received" in system.checks


def test_no_system_for_real_cases_posts_that_it_has_arrived() -> None:
    (note,) = sandbox.send_on(trial(), elsewhere(), "sv")

    answer = post(note.external_id, "received", key=callers.key(callers.system("Real")))

    assert callers.problem(answer) == "unknown-part"
    assert not Case.objects.exists()


def test_a_system_for_real_cases_sends_nobody_on() -> None:
    with pytest.raises(sandbox.NotForTesting):
        sandbox.send_on(callers.system("Real"), elsewhere(), "sv")


def test_emptying_takes_what_has_not_arrived_too() -> None:
    system = trial()
    sandbox.send_on(system, elsewhere(), "sv", 2)

    assert sandbox.held(system).drafts == 2
    sandbox.empty(system)

    assert not Application.objects.exists()


# --- nothing real goes that way ----------------------------------------------------------------------------------------


def test_a_made_up_customer_sends_nothing_real() -> None:
    paper = build.application(by=sandbox.customer_of(trial()))

    with pytest.raises(NotAllowed):
        intake.send(paper, at=build.NOW)

    assert not Case.objects.exists()


def test_a_made_up_customer_is_known_for_sure_in_tests_alone() -> None:
    version = build.version(identification="strong")

    (case,) = generated(of=version)
    real = build.application(version, by=sandbox.customer_of(trial()))

    assert case.is_test
    with pytest.raises(NotAllowed):
        intake.send(real, at=build.NOW)


def test_a_made_up_customer_takes_no_step_in_a_real_case() -> None:
    case = build.case()
    made_up = sandbox.customer_of(trial())
    Application.objects.filter(pk=case.application_id).update(customer=made_up)
    case = Case.objects.get(pk=case.pk)

    assert case.steps_for(made_up) == []


def test_another_customer_sends_no_paper_of_a_made_up_one() -> None:
    version = build.version(identification="strong")
    paper = build.application(version, by=sandbox.customer_of(trial()))
    paper.is_test = True
    paper.save()
    weak = Customer.objects.create(way="email", subject="x", given_name="A", family_name="B")

    with pytest.raises(NotAllowed):
        intake.send(paper, by=weak, at=build.NOW)


def test_a_test_that_has_ended_is_still_over_for_its_testers() -> None:
    paper = build.trying()
    rehearsing.end(paper.version.rehearsal)

    with pytest.raises(NotAllowed):
        intake.send(paper, at=build.NOW)


def test_nobody_signs_in_as_a_made_up_customer(rf: RequestFactory) -> None:
    made_up = sandbox.customer_of(trial())
    request = rf.get("/")
    request.session = Client().session

    with pytest.raises(ValueError, match="made up"):
        sign_in(request, made_up)


def test_a_session_of_a_made_up_customer_is_nobodys() -> None:
    (case,) = generated()
    browser = build.signed_in(case.application.customer)

    assert browser.get(f"/cases/{case.number}/").status_code in (302, 404)
    assert str(case.number) not in browser.get("/my-cases/", follow=True).content.decode()


def test_no_way_of_identification_makes_customers_up() -> None:
    with pytest.raises(TypeError):
        type("MadeUp", (Identification,), {"key": Customer.SANDBOX, "label": "Made up"})

    assert Customer.SANDBOX not in Identification.ways


def test_generated_cases_are_in_no_list_of_the_desk() -> None:
    (case,) = generated()
    browser = build.signed_in(build.official())

    assert str(case.number) not in browser.get("/admin/cases/case/").content.decode()
    assert browser.get(f"/admin/cases/case/{case.pk}/change/").status_code == 200


# --- emptying ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("transactional_db")
def test_emptying_leaves_nothing_and_touches_nothing_else() -> None:
    before = stored()
    real, tried = build.case(build.version(key="real")), build.tried(build.version(key="tried", published=False))
    other = sandbox.generate(callers.system("Second", is_test=True), real.application.version, "sv", at=build.NOW)
    cases = generated(2)
    ask(cases[0])
    sandbox.answer_supplement(cases[0])
    sandbox.write(cases[1])
    sandbox.add(cases[1])
    Call.objects.create(system=trial(), method="GET", path="/", status=200)

    gone = sandbox.empty(trial())

    assert (gone.cases, gone.drafts) == (2, 0)
    assert set(Case.objects.values_list("pk", flat=True)) == {real.pk, tried.pk, other[0].pk}
    assert Application.objects.count() == 3
    assert not Call.objects.exists()
    assert stored() == before


def test_what_waits_for_an_event_goes_with_its_case() -> None:
    (case,) = generated()
    WaitingFile.objects.create(
        system=trial(), case=case, event_key=case.external_id, named="a", name="a.pdf", size=1, sha256="0" * 64
    )

    sandbox.empty(trial())

    assert not WaitingFile.objects.exists()


def test_only_what_is_made_up_is_deleted_so() -> None:
    case = build.case()

    with pytest.raises(ValueError, match="made-up"):
        testcases.delete_generated(case.application.customer)


def test_what_is_old_goes_by_itself() -> None:
    (old,) = generated()
    ask(old)
    sandbox.answer_supplement(old, at=build.NOW)
    (new,) = sandbox.generate(trial(), old.application.version, "sv", at=build.NOW + testcases.KEPT - timedelta(days=1))

    gone = testcases.delete_what_ended_long_ago(build.NOW + testcases.KEPT + timedelta(hours=1))

    assert gone.cases == 1
    assert list(Case.objects.all()) == [new]
    assert list(Application.objects.all()) == [new.application]


def test_deleting_a_test_of_a_version_leaves_the_sandbox() -> None:
    tried = build.tried()
    (case,) = generated(of=tried.application.version)

    testcases.delete_tests(tried.application.version.rehearsal)

    assert list(Case.objects.all()) == [case]
    assert not LogLine.objects.exists()
