"""A link to a mailbox: used once, within half an hour, and of no use to who reads the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, connections
from pytest_django import Settings

from apps.people.identification import available_ways, strongly_known
from apps.people.identification.email_link import (
    EmailForm,
    EmailLink,
    NotSent,
    forget_old_links,
    send_link,
)
from apps.people.models import Customer, SignInLink
from tests.build import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.both]
ADDRESS = "name@example.com"


@pytest.mark.parametrize("on", [True, False])
def test_way_is_offered_where_it_is_switched_on(settings: Settings, on: bool) -> None:
    settings.EMAIL_LINK = on

    assert (EmailLink in available_ways()) is on


def test_link_is_used_once() -> None:
    token = EmailLink.make(ADDRESS, "/sv/services/example/", at=NOW)

    used = EmailLink.use(token, at=NOW)

    assert used is not None
    assert (used.email, used.onward) == (ADDRESS, "/sv/services/example/")
    assert EmailLink.use(token, at=NOW) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_of_two_at_once_one_gets_it() -> None:
    token = EmailLink.make(ADDRESS, "")

    def one(_n: int) -> bool:
        try:
            return EmailLink.use(token) is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(one, range(4))) == 1


def test_looking_does_not_use_it_up() -> None:
    token = EmailLink.make(ADDRESS, "", at=NOW)

    assert EmailLink.usable(token, at=NOW)
    assert EmailLink.usable(token, at=NOW)
    assert EmailLink.use(token, at=NOW)
    assert EmailLink.usable(token, at=NOW) is None


def test_link_ends_after_half_an_hour() -> None:
    token = EmailLink.make(ADDRESS, "", at=NOW)

    assert EmailLink.use(token, at=NOW + timedelta(minutes=30)) is None
    assert EmailLink.use(token, at=NOW + timedelta(minutes=29, seconds=59))


def test_what_nobody_was_given_is_no_link() -> None:
    EmailLink.make(ADDRESS, "", at=NOW)

    assert EmailLink.use("", at=NOW) is None
    assert EmailLink.use("x" * 43, at=NOW) is None


def test_database_holds_nothing_that_signs_anybody_in() -> None:
    token = EmailLink.make(ADDRESS, "", at=NOW)

    stored = SignInLink.objects.get().token
    assert token not in stored
    assert EmailLink.use(stored, at=NOW) is None


def test_two_links_are_never_alike() -> None:
    assert len({EmailLink.make(ADDRESS, "", at=NOW) for _ in range(20)}) == 20


def test_mailbox_is_one_customer_however_it_is_written() -> None:
    known = EmailLink.identify("Name@Example.COM")

    assert EmailLink.identify("name@example.com") == known
    assert (known.subject, known.email, known.name) == (ADDRESS, ADDRESS, ADDRESS)
    assert Customer.objects.count() == 1


def test_mailbox_says_not_for_sure_who_somebody_is() -> None:
    assert not strongly_known(EmailLink.identify(ADDRESS))


@pytest.mark.parametrize("wrong", ["", "name", "name@", "a@b@c.fi", "x" * 190 + "@example.com", "a\n@example.com"])
def test_what_is_no_address_is_refused(wrong: str) -> None:
    assert not EmailForm({"email": wrong}).is_valid()


def test_form_gives_one_spelling() -> None:
    form = EmailForm({"email": " Name@Example.com "})

    assert form.is_valid()
    assert form.cleaned_data["email"] == ADDRESS


def test_mail_has_the_link_and_nothing_about_anybody() -> None:
    EmailLink.identify(ADDRESS)

    send_link(ADDRESS, "https://service.example/sv/sign-in/email/x/")

    (sent,) = mail.outbox
    assert sent.to == [ADDRESS]
    assert "https://service.example/sv/sign-in/email/x/" in sent.body
    assert ADDRESS not in f"{sent.subject} {sent.body}"
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    assert sent.message().get_content_type() == "text/plain"


def test_mail_that_cannot_be_sent_is_said_and_logged_without_the_address(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # where nobody listens

    with pytest.raises(NotSent):
        send_link(ADDRESS, "https://service.example/")

    assert ADDRESS not in caplog.text
    assert "ConnectionRefusedError" in caplog.text


def test_old_links_are_forgotten() -> None:
    EmailLink.make(ADDRESS, "", at=NOW - timedelta(minutes=31))
    EmailLink.make(ADDRESS, "", at=NOW - timedelta(minutes=29))

    assert forget_old_links(NOW) == 1
    assert SignInLink.objects.count() == 1
