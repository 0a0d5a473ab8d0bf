"""What is told to whom: the table, the addresses, and that a mail says nothing more than that something happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from pytest_django import Settings

from apps.cases import intake, letters
from apps.cases.letters import AUTHORITYS_LANGUAGES, TABLE, Party
from apps.cases.models import EVENT_WORDS, Case, Event
from apps.people.models import Customer, Mandate, Principal, User
from apps.services.models import Service
from apps.services.texts import LANGUAGES
from tests import build
from tests.build import NOW

pytestmark = pytest.mark.django_db
MINE, ROLE = "mine@example.com", "role@town.example"

# The product owner's table: who is told of what. Whatever is not here, nobody is told of.
AGREED = {
    "received": {"customer", "authority"},
    "supplement": {"customer", "authority"},
    "add": {"customer", "authority"},
    "request_supplement": {"customer"},
    "write": {"customer"},
    "close": {"customer"},
    "transfer": {"customer"},
    "leave_unexamined": {"customer"},
    "reopen": {"customer"},
    "consult": {"consulted"},
    "answer": {"authority"},
    "reply": {"authority"},
    "withdraw": {"authority"},
}


@pytest.fixture(autouse=True)
def _at_home(settings: Settings) -> None:
    settings.SITE_URL = "https://service.example"


def with_addresses(**more: Any) -> Case:
    """A case whose customer and authority both have an address."""
    build.authority(email=ROLE)
    who = build.customer()
    Customer.objects.filter(pk=who.pk).update(email=MINE)
    who.refresh_from_db()
    return build.case(by=who, **more)


def after(case: Case, step: str, **facts: Any) -> Event:
    """The line of a step taken by whoever may take it."""
    handler = build.official()
    by = case.application.customer if step in ("reply", "withdraw") else handler
    return case.take_step(step, by=by, at=NOW + timedelta(minutes=9), **facts)


def told(event: Event) -> set[tuple[str, str]]:
    return {(one.party, one.address) for one in letters.recipients([event]).get(event.pk, [])}


def everything(case: Case) -> list[Event]:
    """A case's whole life, in which everything has happened that anybody is told of, but for its other ends."""
    after(case, "take_up")
    after(case, "write", text="A secret word")
    after(case, "reply", text="Another secret word")
    due = NOW.date() + timedelta(days=14)
    after(case, "request_supplement", text="A secret wish", due=due, fields=["title"])
    draft = intake.begin_supplement(case, case.application.customer)
    draft.answers |= {"title": "A secret answer", "supplement_text": "A secret answer"}
    draft.save()
    intake.send(draft, at=NOW + timedelta(minutes=10))
    case.refresh_from_db()
    added = intake.begin_addition(case, case.application.customer)
    added.answers = {"supplement_text": "A secret addition"}
    added.save()
    intake.send(added, at=NOW + timedelta(minutes=11))
    case.refresh_from_db()
    after(case, "close", outcome="prohibited", text="A secret ground")
    return list(case.events.all())


def test_table_is_the_agreed_one() -> None:
    said: dict[str, set[str]] = {}
    for letter in TABLE:
        said.setdefault(letter.event, set()).add(letter.to)

    assert said == AGREED
    assert set(AGREED) < set(EVENT_WORDS)
    assert len(letters.LETTERS) == len(TABLE)


def test_every_line_is_told_to_those_of_the_table() -> None:
    case = with_addresses()
    addresses = {"customer": MINE, "authority": ROLE}

    for event in everything(case):
        agreed = {(party, addresses[party]) for party in AGREED.get(event.kind, set())}
        assert told(event) == agreed, event.kind


@pytest.mark.parametrize(
    ("step", "facts"),
    [("transfer", {"to": "Another town", "text": "Theirs"}), ("leave_unexamined", {"text": "Not ours"})],
)
def test_other_ends_of_a_case_are_told_as_every_end(step: str, facts: dict[str, str]) -> None:
    case = with_addresses()
    after(case, "take_up")

    event = after(case, step, **facts)

    mail = letters.write(event, Party.CUSTOMER)
    assert told(event) == {("customer", MINE)}
    assert mail.subject == f"{case.number}: {letters.LETTERS['close', 'customer'].subject}"


def test_nobody_is_told_where_there_is_no_address() -> None:
    case = build.case()

    assert [told(event) for event in everything(case)] == [set()] * 8


def test_one_mailbox_gets_one_mail_of_an_event() -> None:
    case = with_addresses()
    build.authority()
    type(build.authority()).objects.update(email=MINE.upper())

    assert len(told(case.events.get())) == 1


def test_authority_is_told_at_its_own_address_only() -> None:
    build.authority("other-town", email="other@town.example")
    case = with_addresses()

    assert told(case.events.get()) == {("customer", MINE), ("authority", ROLE)}


# --- where the authority is told -------------------------------------------------------------------------------------


def test_service_has_a_role_address_of_its_own() -> None:
    case = with_addresses()
    Service.objects.update(email="noise@town.example")

    assert told(case.events.get()) == {("customer", MINE), ("authority", "noise@town.example")}


def test_later_mails_of_a_redirected_case_go_elsewhere_and_the_first_does_not() -> None:
    case, other = with_addresses(), with_addresses()

    after(case, "redirect", address="anna@town.example")

    assert told(case.events.get(kind="received")) == {("customer", MINE), ("authority", ROLE)}
    assert told(after(case, "reply", text="Hello")) == {("authority", "anna@town.example")}
    assert told(after(other, "reply", text="Hello")) == {("authority", ROLE)}


def test_redirecting_back_tells_the_role_address_again() -> None:
    case = with_addresses()
    after(case, "redirect", address="anna@town.example")

    after(case, "redirect", address="")

    assert told(after(case, "reply", text="Hello")) == {("authority", ROLE)}


@pytest.mark.parametrize("address", ["anna@town.example", "Anna@Town.example"])
def test_official_who_wants_one_mail_a_day_is_told_by_the_digest(address: str) -> None:
    case = with_addresses()
    User.objects.create(username="anna", email="anna@town.example", is_staff=True, digest=True)
    after(case, "redirect", address=address)

    assert told(after(case, "reply", text="Hello")) == {("digest", address)}


def test_new_cases_never_wait_for_a_digest() -> None:
    case = with_addresses()
    User.objects.create(username="role", email=ROLE, is_staff=True, digest=True)
    after(case, "redirect", address=ROLE)

    assert ("authority", ROLE) in told(case.events.get(kind="received"))


def test_nobody_is_told_of_what_stays_at_the_desk() -> None:
    case = with_addresses()

    assert told(after(case, "note", text="A secret word")) == set()
    assert told(after(case, "redirect", address="anna@town.example")) == set()


def test_authority_that_is_asked_is_told_at_its_own_address_and_the_asking_one_of_the_answer() -> None:
    case = with_addresses()
    police = build.authority("police", email="police@example.com")
    asked = after(case, "consult", authority=police, text="A secret question")

    answered = case.take_step("answer", by=build.official("officer", of=police), at=NOW, text="A secret answer")

    assert told(asked) == {("consulted", "police@example.com")}
    assert told(answered) == {("authority", ROLE)}


# --- who acts for a company ------------------------------------------------------------------------------------------


def companys_case(*people: str) -> tuple[Case, list[Customer], Principal]:
    """A company's case, to which each of the people has sent something, in this order."""
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    colleagues = []
    for name in people:
        person = build.customer(name)
        person.email, person.acting_for = f"{name.lower()}@company.example", company
        person.save()
        Mandate.objects.create(customer=person, principal=company)
        colleagues.append(person)
    paper = build.application(by=colleagues[0])
    paper.principal = company
    paper.save()
    case = intake.send(paper, by=colleagues[0], at=NOW)
    for colleague in colleagues[1:]:
        case.take_step("reply", by=colleague, text="Hello", at=NOW)
    return case, colleagues, company


def test_colleague_who_sends_something_gets_its_receipt() -> None:
    case, (_first, second), _company = companys_case("Anna", "Bert")
    after(case, "take_up")
    added = intake.begin_addition(case, second)
    added.answers = {"supplement_text": "More"}
    added.save()

    intake.send(added, by=second, at=NOW)

    assert told(case.events.get(kind="add")) == {("customer", "bert@company.example")}


def test_who_sent_the_case_is_told_what_the_authority_does() -> None:
    case, _people, _company = companys_case("Anna", "Bert")

    assert told(after(case, "write", text="Hello")) == {("customer", "anna@company.example")}


def test_whose_mandate_has_ended_is_not_told_but_the_next_colleague() -> None:
    case, (first, second), _company = companys_case("Anna", "Bert")
    Mandate.objects.filter(customer=first).update(ended_at=timezone.now())
    assert told(after(case, "write", text="Hello")) == {("customer", "bert@company.example")}

    Mandate.objects.filter(customer=second).update(ended_at=timezone.now())
    assert told(after(case, "write", text="Hello again")) == set()


# --- what it says ----------------------------------------------------------------------------------------------------


def test_mail_says_only_that_something_happened() -> None:
    case = with_addresses()
    secrets = [
        "secret",
        "Prohibited",
        "Förbud",
        "Kielletty",
        "An example",
        "Example",
        "Customer",
        "handler",
        "prohibited",
    ]

    for event in everything(case):
        for party in AGREED.get(event.kind, set()):
            mail = letters.write(event, party)
            assert not [word for word in secrets if word in mail.subject + mail.body], (event.kind, party)
            assert str(case.number) in mail.subject
            assert mail.subject.isprintable()


@pytest.mark.parametrize("language", LANGUAGES)
def test_customers_mail_follows_the_language_of_what_they_sent(language: str) -> None:
    case = with_addresses(language=language)

    mail = letters.write(after(case, "write", text="Hello"), Party.CUSTOMER)

    assert f"https://service.example/{language}/cases/{case.number}/" in mail.body.splitlines()


def test_authoritys_mail_is_in_both_its_languages() -> None:
    case = with_addresses(language="en")

    mail = letters.write(case.events.get(), Party.AUTHORITY)

    link = f"https://service.example/admin/cases/case/{case.pk}/change/"
    assert mail.body.splitlines().count(link) == len(AUTHORITYS_LANGUAGES) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_officials_mail_is_in_the_language_they_have_asked_for(language: str) -> None:
    case = with_addresses()

    mail = letters.write(case.events.get(), Party.AUTHORITY, language)

    link = f"https://service.example/admin/cases/case/{case.pk}/change/"
    assert mail.body.splitlines().count(link) == 1


@pytest.mark.thorough
def test_every_link_leads_straight_to_the_case() -> None:
    case = with_addresses()
    customer, official = build.signed_in(case.application.customer), build.signed_in(build.official())

    for event in everything(case):
        for party in AGREED.get(event.kind, set()):
            (link, *_same) = [
                line for line in letters.write(event, party).body.splitlines() if line.startswith("https://")
            ]
            path = link.removeprefix("https://service.example")
            browser: Client = official if party == "authority" else customer
            assert resolve(path)
            answer = browser.get(path)
            assert answer.status_code == 200, (event.kind, path)
            assert str(case.number) in answer.content.decode()


def test_receipt_that_is_told_of_is_that_of_the_paper() -> None:
    case = with_addresses()
    supplement = next(event for event in everything(case) if event.kind == "supplement")

    assert f"/cases/{case.number}/receipt/{supplement.paper_id}/" in letters.write(supplement, Party.CUSTOMER).body
