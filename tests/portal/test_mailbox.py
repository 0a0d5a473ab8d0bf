"""The mails of a developer's folder, readable in the browser; nowhere else is there such a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.mail import EmailMessage, get_connection
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db
FILES, SMTP = "django.core.mail.backends.filebased.EmailBackend", "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def _folder(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = FILES, str(tmp_path / "mail")


def send(subject: str, body: str = "Se här:\nhttp://127.0.0.1:8000/sv/cases/FE-2027-000001/\n") -> None:
    EmailMessage(subject, body, to=["mine@example.com"]).send()


@pytest.mark.usefixtures("_folder")
def test_mails_are_shown_newest_first_with_links_that_lead_on() -> None:
    send("Första ärendet åäö")
    send("Andra ärendet")

    text = Client().get("/sv/mailbox/").text

    assert text.index("Andra ärendet") < text.index("Första ärendet åäö")
    assert 'href="http://127.0.0.1:8000/sv/cases/FE-2027-000001/"' in text
    assert "mine@example.com" in text


@pytest.mark.usefixtures("_folder")
def test_several_mails_of_one_file_are_each_shown() -> None:
    one, two = (EmailMessage(word, "x", to=["mine@example.com"]) for word in ("Ett", "Två"))
    get_connection().send_messages([one, two])

    text = Client().get("/sv/mailbox/").text

    assert text.index("Två</h2>") < text.index("Ett</h2>")


@pytest.mark.usefixtures("_folder")
def test_what_a_mail_says_is_no_markup() -> None:
    send("<b>Subject</b>", "<script>alert(1)</script>")

    text = Client().get("/sv/mailbox/").text

    assert "<b>Subject" not in text
    assert "<script>alert" not in text


@pytest.mark.usefixtures("_folder")
def test_footer_leads_to_it() -> None:
    assert 'href="/sv/mailbox/"' in Client().get("/sv/").text


@pytest.mark.usefixtures("_folder")
def test_there_is_a_page_before_the_first_mail() -> None:
    assert Client().get("/en/mailbox/").status_code == 200


@pytest.mark.parametrize(("debug", "backend"), [(False, FILES), (True, SMTP)])
def test_there_is_no_such_page_elsewhere(settings: Settings, tmp_path: Path, debug: bool, backend: str) -> None:
    settings.DEBUG = debug
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = backend, str(tmp_path)

    assert Client().get("/sv/mailbox/").status_code == 404
    assert 'href="/sv/mailbox/"' not in Client().get("/sv/").text
