"""Mails over a real socket: to a server in every mood. None lost, none with anything in it that is not to be in a mail."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from apps.cases import letters
from apps.cases.models import Case
from apps.people.models import Customer, System, User
from apps.sync import relay, settling
from apps.sync.models import MAIL, Delivery, Receiver
from apps.sync.receivers.mail import Mail, message_id
from tests import build
from tests.build import NOW
from tests.sync import smtp
from tests.sync.folders import handled
from tests.sync.houses import House, lease_runs_out, until
from tests.sync.patience import hurried
from tests.sync.scripted import Scripted
from tests.sync.smtp import CONTENT, DATA, DROP, DROP_AFTER, GREETING, HANG, HANG_AFTER, RECIPIENT, SENDER, MailServer

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=10)
MINE, ROLE = "mine@example.com", "role@town.example"


def at(hours: float) -> Any:
    return NOW + timedelta(hours=hours)


def told_case(name: str = "Example", **more: Any) -> Case:
    """A case whose customer has an address."""
    who = build.customer(name)
    Customer.objects.filter(pk=who.pk).update(email=MINE if name == "Example" else f"{name.lower()}@example.com")
    who.refresh_from_db()
    return build.case(by=who, **more)


def mails() -> list[Delivery]:
    return list(Delivery.objects.filter(receiver__kind=MAIL).order_by("pk"))


def standing() -> list[str]:
    return [str(delivery.status) for delivery in mails()]


@pytest.fixture(autouse=True)
def _no_national(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = ""


# --- all is well -----------------------------------------------------------------------------------------------------


def test_customer_and_authority_are_each_sent_one_mail(mail_server: MailServer) -> None:
    build.authority(email=ROLE)
    case = told_case()

    assert relay.run_once(SOON).delivered == 2
    assert str(relay.run_once(at(2))) == ""

    assert sorted(str(mail["To"]) for mail in mail_server.taken) == [MINE, ROLE]
    assert all(str(mail["From"]) == "no-reply@service.example" for mail in mail_server.taken)
    assert all(str(case.number) in str(mail["Subject"]) for mail in mail_server.taken)


@pytest.mark.parametrize(("language", "bodies"), [("fi", 1), ("", 2)])
def test_official_to_whom_a_case_is_redirected_is_told_in_their_language(
    mail_server: MailServer, language: str, bodies: int
) -> None:
    handler = build.official("anna")
    User.objects.filter(pk=handler.pk).update(email="anna@town.example", language=language)
    case = build.case()
    case.take_step("redirect", by=handler, at=NOW, address="Anna@town.example")
    case.take_step("reply", by=case.application.customer, at=NOW, text="Hello")

    relay.run_once(SOON)

    (mail,) = mail_server.taken
    assert str(mail["To"]) == "Anna@town.example"
    assert mail.get_content().count(f"/admin/cases/case/{case.pk}/change/") == bodies


def test_mail_says_that_it_was_sent_by_a_machine_and_when_it_happened(mail_server: MailServer) -> None:
    told_case()

    relay.run_once(SOON)

    (mail,) = mail_server.taken
    assert mail["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(mail["Date"]) == NOW
    assert mail.get_content_type() == "text/plain"
    assert not mail.is_multipart()


def test_message_id_comes_from_the_event_and_the_address(mail_server: MailServer) -> None:
    case = told_case()

    relay.run_once(SOON)

    digest = hashlib.sha256(f"{case.events.get().key} {MINE}".encode()).hexdigest()[:32]
    assert mail_server.taken[0]["Message-ID"] == f"<{digest}@service.example>"
    assert len({message_id(key, address) for key in "ab" for address in ("a@example.com", "b@example.com")}) == 4


@pytest.mark.parametrize(("language", "word"), [("sv", "Ärende"), ("fi", "Asia"), ("en", "Case")])
def test_mail_leads_to_the_receipt_in_its_language(mail_server: MailServer, language: str, word: str) -> None:
    case = told_case(language=language)

    relay.run_once(SOON)

    assert f"https://service.example/{language}/cases/{case.number}/receipt/" in mail_server.taken[0].get_content()


def test_nothing_is_sent_of_what_nobody_is_told_of(mail_server: MailServer) -> None:
    case = told_case()
    handled(case)

    assert relay.run_once(SOON).delivered == 1
    assert len(mail_server.taken) == 1
    assert Delivery.objects.filter(event__kind="take_up", receiver__kind=MAIL).count() == 0


# --- who is owed what ------------------------------------------------------------------------------------------------


def test_event_without_addresses_is_asked_about_once_and_owed_to_nobody(mail_server: MailServer) -> None:
    case = build.case()
    relay.collect(SOON)
    Customer.objects.update(email=MINE)

    case.take_step("take_up", by=build.official(), at=NOW)
    case.take_step("write", by=build.official(), at=NOW, text="Hello")
    relay.run_once(SOON)

    assert [delivery.event.kind for delivery in mails()] == ["write"]


def test_what_happened_while_mail_was_off_or_not_set_up_is_not_told_later(
    mail_server: MailServer, settings: Settings
) -> None:
    case = told_case()
    receiver = Receiver.objects.get(kind=MAIL)
    receiver.active = False
    receiver.save()
    relay.run_once(SOON)
    receiver.active = True
    receiver.save()
    assert relay.run_once(SOON).collected == 0

    settings.MAIL_IS_SENT = False
    case.take_step("take_up", by=build.official(), at=NOW)
    case.take_step("write", by=build.official(), at=NOW, text="Hello")
    relay.run_once(SOON)
    settings.MAIL_IS_SENT = True
    case.take_step("write", by=build.official(), at=NOW, text="Hello again")
    relay.run_once(SOON)

    assert [delivery.event.number for delivery in mails()] == [4]
    assert len(mail_server.taken) == 1


def test_national_service_is_not_held_up_by_mail_nor_mail_by_it(
    mail_server: MailServer, receiver: Scripted, settings: Settings
) -> None:
    mail_server.says = {CONTENT: HANG}
    case = told_case()
    receiver.script = [(422, {}, {"title": "No"})] * 4

    with hurried(settings):
        counts = relay.run_once(SOON)

    assert (counts.refused, counts.unknown) == (1, 1)
    mail_server.says = {}
    relay.run_once(at(2))
    assert standing() == ["delivered"]
    case.refresh_from_db()
    assert case.acknowledged_number == 0, "a mail is no word of the national service"


# --- all is not well -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "said", "error"),
    [
        (GREETING, "421 4.3.2 Closing", "421 4.3.2"),
        (RECIPIENT, f"450 4.2.1 <{MINE}> greylisted", "450 4.2.1 for the recipient"),
        (DATA, "451 4.3.0 Not now", "451 4.3.0 for the mail"),
        (CONTENT, "452 4.3.1 No room", "452 4.3.1 for the mail"),
        (SENDER, "451 4.7.1 Not now", "451 4.7.1 for the sender's address"),
        (GREETING, DROP, "the mail server cannot be reached: SMTPServerDisconnected"),
    ],
)
def test_not_now_is_tried_again(mail_server: MailServer, place: str, said: str, error: str) -> None:
    told_case()
    mail_server.says = {place: said}

    assert relay.run_once(SOON).later == 1
    (delivery,) = mails()
    assert delivery.last_error == error
    assert not delivery.answer_lost
    assert str(relay.run_once(SOON)) == ""

    mail_server.says = {}
    assert relay.run_once(at(2)).delivered == 1
    assert len(mail_server.taken) == 1


@pytest.mark.parametrize(
    ("place", "said", "error"),
    [
        (RECIPIENT, f"550 5.1.1 <{MINE}>: no such user", "550 5.1.1 for the recipient"),
        (RECIPIENT, "553 no", "553 for the recipient"),
        (CONTENT, f"554 5.7.1 {MINE} does not want it", "554 5.7.1 for the mail"),
    ],
)
def test_no_for_good_waits_for_a_person_and_stops_no_other(
    mail_server: MailServer, caplog: pytest.LogCaptureFixture, place: str, said: str, error: str
) -> None:
    refused = told_case()
    mail_server.says = {place: said}
    assert relay.run_once(SOON).refused == 1
    mail_server.says = {}
    told_case("Other")

    assert relay.run_once(at(2)).delivered == 1
    (first, _second) = mails()
    assert (str(first.status), first.case, first.last_error) == ("refused", refused, error)
    assert MINE not in caplog.text

    first.send_again(at=at(3))
    assert relay.run_once(at(3)).delivered == 1
    assert [str(mail["To"]) for mail in mail_server.taken] == ["other@example.com", MINE]


def test_skipped_mail_is_not_sent_and_the_next_one_is(mail_server: MailServer) -> None:
    case = told_case()
    mail_server.says = {RECIPIENT: "550 no"}
    relay.run_once(SOON)
    mail_server.says = {}
    mails()[0].skip("The mailbox was full.", at=SOON)
    case.take_step("take_up", by=build.official(), at=NOW)
    case.take_step("write", by=build.official(), at=NOW, text="Hello")

    relay.run_once(SOON)

    assert standing() == ["skipped", "delivered"]
    assert len(mail_server.taken) == 1


def test_password_that_is_not_taken_is_told_once_and_tried_again(
    mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("Example", "Other", "Third"):
        told_case(name)
    mail_server.says = {SENDER: "530 5.7.0 Authentication required"}

    assert relay.run_once(SOON).later == 3
    assert any("see to token or password" in record.getMessage() for record in caplog.records)
    mail_server.says = {}
    assert relay.run_once(at(2)).delivered == 3


def test_server_that_is_not_there_is_tried_again(mail_server: MailServer, settings: Settings) -> None:
    settings.EMAIL_PORT = smtp.free_port()
    told_case()

    assert relay.run_once(SOON).later == 1
    assert mails()[0].last_error == "the mail server cannot be reached: ConnectionRefusedError"


@pytest.mark.parametrize("lost", [DROP_AFTER, HANG_AFTER, DROP, HANG])
def test_mail_whose_answer_was_lost_is_sent_again_under_its_message_id(
    mail_server: MailServer, settings: Settings, lost: str
) -> None:
    told_case()
    mail_server.says, mail_server.times = {CONTENT: lost}, 1

    with hurried(settings, lost in (HANG, HANG_AFTER)):
        assert relay.run_once(SOON).unknown == 1
    assert mails()[0].answer_lost
    relay.run_once(at(2))

    assert standing() == ["delivered"]
    assert len(mail_server.taken) == (2 if lost in (DROP_AFTER, HANG_AFTER) else 1)
    assert len({str(mail) for mail in mail_server.taken}) == 1, "byte for byte the same"


def test_server_that_says_nothing_is_waited_for_only_so_long(mail_server: MailServer, settings: Settings) -> None:
    told_case()
    mail_server.says = {GREETING: HANG}
    begun = time.monotonic()

    with hurried(settings):
        assert relay.run_once(SOON).later == 1
    assert time.monotonic() - begun < 15


def test_word_after_the_mail_was_taken_changes_nothing(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smtplib.SMTP.quit", _raise_timeout)
    told_case()

    assert relay.run_once(SOON).delivered == 1


def _raise_timeout(_self: Any) -> None:
    raise TimeoutError


def test_address_that_no_mail_can_be_written_to_waits_for_a_person(mail_server: MailServer) -> None:
    told_case()
    Customer.objects.update(email="two lines\n@example.com")
    relay.collect(SOON)

    relay.run_once(SOON)

    assert standing() == ["refused"]
    assert "example.com" not in mails()[0].last_error


def test_it_is_ready_where_mail_is_set_up(settings: Settings) -> None:
    settings.MAIL_IS_SENT = True
    assert Mail.ready()
    settings.MAIL_IS_SENT = False
    assert not Mail.ready()


# --- who sees the address --------------------------------------------------------------------------------------------


def test_desk_shows_enough_of_an_address_to_know_it_again(mail_server: MailServer) -> None:
    told_case()
    relay.run_once(SOON)

    shown = build.signed_in(build.official("reads", role="reader")).get("/admin/sync/delivery/").text

    assert "m…@example.com" in shown
    assert MINE not in shown


def test_desk_shows_nothing_of_the_address_of_somebody_protected(mail_server: MailServer) -> None:
    told_case()
    relay.run_once(SOON)
    Customer.objects.update(protected=True)
    (delivery,) = mails()
    browser = build.signed_in(build.superuser())

    for page in ("/admin/sync/delivery/", f"/admin/sync/delivery/{delivery.pk}/change/"):
        shown = browser.get(page)
        assert shown.status_code == 200
        assert "@example.com" not in shown.text


# --- as processes ----------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_relay_killed_between_the_servers_word_and_its_note_sends_the_same_mail_again(
    house: House, mail_server: MailServer
) -> None:
    house.env |= {
        "EMAIL_URL": mail_server.url,
        "DEFAULT_FROM_EMAIL": "no-reply@service.example",
        "SITE_URL": "https://service.example",
        "NATIONAL_SERVICE_URL": "",
    }
    house.run("-m", "tests.sync.outside", "1", ROLE)
    mail_server.says, mail_server.times = {CONTENT: HANG_AFTER}, 1
    first = house.relay(RELAY_TIMEOUT="30", RELAY_LEASE="31")
    until(lambda: len(mail_server.taken) == 1)

    first.send_signal(signal.SIGKILL)
    first.wait(30)
    lease_runs_out(house)
    house.run("manage.py", "relay", "--once")

    first_mail, second_mail = mail_server.taken
    assert first_mail["To"] == ROLE
    assert first_mail["Message-ID"] == second_mail["Message-ID"]
    assert str(first_mail) == str(second_mail)


@pytest.mark.thorough
def test_mails_of_a_developer_are_put_into_a_private_folder(house: House, tmp_path: Path) -> None:
    house.env |= {"DEBUG": "on", "NATIONAL_SERVICE_URL": ""}
    house.run("-m", "tests.sync.outside", "1", ROLE)

    house.run("manage.py", "relay", "--once")

    (mail,) = (tmp_path / "mail").iterdir()
    assert f"To: {ROLE}" in mail.read_text("utf-8")
    assert os.stat(tmp_path).st_mode & 0o077 == 0


# --- wake-ups --------------------------------------------------------------------------------------------------------

KEEPERS = "handling@town.example"


def woken(name: str = "Handling", **more: Any) -> System:
    """A connected system that is woken by mail."""
    return System.objects.create(authority=build.authority(), name=name, **{"wake_email": KEEPERS, **more})


def woken_by(server: MailServer) -> list[str]:
    return [mail.get_content() for mail in server.taken if str(mail["To"]) == KEEPERS]


def test_system_is_woken_by_mail_of_what_is_not_its_own_doing(mail_server: MailServer) -> None:
    system = woken(scopes=["write"])
    case = build.case()
    case.take_step("take_up", by=system, at=NOW)
    case.take_step("note", by=build.official(), at=NOW, text="For the desk alone")
    event = case.take_step("reply", by=case.application.customer, at=NOW, text="A secret word")

    relay.run_once(SOON)

    first, second = woken_by(mail_server)
    address = f"GET https://service.example/interface/v1/commondata/{case.external_id}/events"
    for said in (str(case.number), f"externalId: {case.external_id}", f"key: {event.key}", address):
        assert second.count(said) == len(letters.AUTHORITYS_LANGUAGES), said
    assert str(case.events.get(kind="received").key) in first
    assert not [word for word in ("secret word", "desk alone", "Example Customer") if word in first + second]
    assert mail_server.taken[0]["Subject"].strip().startswith(f"{case.number}: ")


def test_system_is_woken_by_mail_for_cases_of_its_own_services_alone(mail_server: MailServer) -> None:
    woken(only_services=["gathering"])
    build.case(build.version(key="noise"))
    mine = build.case(build.version(key="gathering"))

    relay.run_once(SOON)

    (told,) = woken_by(mail_server)
    assert str(mine.number) in told


def test_of_tests_systems_for_testing_alone_are_told_and_that_is_noted(mail_server: MailServer) -> None:
    tests, real = woken("Sandbox", is_test=True), woken("Real", wake_email="real@town.example")
    build.authority().__class__.objects.update(email=ROLE)
    case = build.tried()

    relay.run_once(SOON)

    assert [str(mail["To"]) for mail in mail_server.taken] == [KEEPERS]
    assert str(case.external_id) in woken_by(mail_server)[0]
    tests.refresh_from_db()
    real.refresh_from_db()
    assert (list(tests.checks), list(real.checks)) == (["woken"], [])


def test_mailbox_that_is_told_anyway_gets_no_second_mail(mail_server: MailServer) -> None:
    build.authority(email=KEEPERS.upper())
    woken()
    woken("Archive")
    build.case()

    relay.run_once(SOON)

    assert [str(mail["To"]).lower() for mail in mail_server.taken] == [KEEPERS]


@pytest.mark.parametrize("changes", [{"active": False}, {"wake_email": ""}], ids=["not let in", "no address"])
def test_system_that_is_not_let_in_or_has_no_mailbox_is_told_nothing(
    mail_server: MailServer, changes: dict[str, Any]
) -> None:
    woken(**changes)
    build.case()

    relay.run_once(SOON)

    assert mail_server.taken == []


def test_mail_that_wakes_a_system_and_is_refused_keeps_no_case_for_ever(mail_server: MailServer) -> None:
    woken()
    case = handled(build.case())
    case.take_step("close", by=build.official(), at=NOW, outcome="noted", text="So it is.")
    relay.collect(NOW)
    Delivery.objects.exclude(address=KEEPERS).update(delivered_at=SOON)
    Delivery.objects.filter(address=KEEPERS).update(refused_at=SOON, created_at=NOW)

    settling.settle_what_is_left(SOON)
    assert Case.objects.get().settled_at is None
    settling.settle_what_is_left(at(31 * 24))

    assert Case.objects.get().settled_at == at(31 * 24)
