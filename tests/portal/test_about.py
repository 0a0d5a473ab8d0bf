"""What every visitor may ask of the service itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps.people.models import Feedback
from tests import build

pytestmark = pytest.mark.django_db
LANGUAGES = ("sv", "fi", "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["accessibility", "feedback", "feedback/sent", "privacy"])
def test_pages_are_there_for_everybody(page: str, language: str) -> None:
    answer = Client().get(f"/{language}/{page}/")

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text


def test_statement_names_who_runs_the_service_and_who_supervises(settings: Settings) -> None:
    settings.OPERATOR_NAME, settings.OPERATOR_EMAIL = "Exempelstaden", "stod@example.fi"
    settings.ACCESSIBILITY_SUPERVISOR = "Tillsynsmyndigheten, example.fi"

    text = Client().get("/en/accessibility/").text

    assert all(word in text for word in ("Exempelstaden", "stod@example.fi", "Tillsynsmyndigheten", "14 days"))


def test_every_page_leads_to_the_statement_and_the_feedback_form() -> None:
    text = Client().get("/en/").text

    assert 'href="/en/accessibility/"' in text
    assert 'href="/en/feedback/?page=/en/"' in text


def test_feedback_is_kept_to_be_answered() -> None:
    sent = {"text": "The button says nothing.", "page": "/sv/cases/", "email": "me@example.fi"}

    answer = Client().post("/sv/feedback/", sent)

    assert answer["Location"] == "/sv/feedback/sent/"
    kept = Feedback.objects.get()
    assert (kept.text, kept.page, kept.email, kept.language) == (sent["text"], "/sv/cases/", "me@example.fi", "sv")


def test_feedback_without_words_is_asked_for_again_and_keeps_the_rest() -> None:
    answer = Client().post("/en/feedback/", {"text": " ", "email": "me@example.fi"})

    assert answer.status_code == 200
    assert "Write what you want to tell us." in answer.text
    assert 'value="me@example.fi"' in answer.text
    assert not Feedback.objects.exists()


def test_a_robot_is_thanked_and_not_listened_to() -> None:
    answer = Client().post("/sv/feedback/", {"text": "Buy now", "website": "https://example.com"})

    assert answer["Location"] == "/sv/feedback/sent/"
    assert not Feedback.objects.exists()


def test_page_it_is_about_is_filled_in_without_what_was_searched_for() -> None:
    text = Client().get("/en/feedback/?page=/en/%3Fword%3Dsecret").text

    assert 'value="/en/"' in text
    assert "secret" not in text.partition("<main")[2].partition("</main>")[0]


def test_no_foreign_address_is_filled_in() -> None:
    assert (
        "evil"
        not in Client().get("/en/feedback/?page=//evil.example/").text.partition("<main")[2].partition("</main>")[0]
    )


# --- the desk's room -------------------------------------------------------------------------------------------------


def test_who_looks_after_the_installation_sees_what_is_overdue_and_notes_the_answer() -> None:
    old = Feedback.objects.create(
        text="Old", email="a@example.fi", language="sv", created_at=timezone.now() - timedelta(days=15)
    )
    browser = build.signed_in(build.superuser())

    listed = browser.get("/admin/people/feedback/")
    browser.post(f"/admin/people/feedback/{old.pk}/answered/")

    assert "2026" in listed.text or "20" in listed.text
    old.refresh_from_db()
    assert old.answered_at is not None
    assert str(old.answered_by) == "installation"


def test_an_answer_is_noted_once() -> None:
    one = Feedback.objects.create(text="x", email="a@example.fi", language="sv")
    first, second = build.superuser("first"), build.superuser("second")

    build.signed_in(first).post(f"/admin/people/feedback/{one.pk}/answered/")
    build.signed_in(second).post(f"/admin/people/feedback/{one.pk}/answered/")

    one.refresh_from_db()
    assert one.answered_by == first


def test_nobody_else_sees_feedback() -> None:
    one = Feedback.objects.create(text="x", email="a@example.fi", language="sv")
    browser = build.signed_in(build.official(role="manager"))

    assert browser.get("/admin/people/feedback/").status_code == 403
    assert browser.get(f"/admin/people/feedback/{one.pk}/change/").status_code in (403, 404)
    assert browser.post(f"/admin/people/feedback/{one.pk}/answered/").status_code in (403, 404)
