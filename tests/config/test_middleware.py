"""What holds for every answer: the content security policy; and that forms in other character sets are refused."""

from __future__ import annotations

import pytest
from django.conf import settings as configured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from config.middleware import ContentSecurityPolicy, RefuseOtherCharsets

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
FORM = "application/x-www-form-urlencoded"


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sv/", 200),
        ("/admin/login/", 200),
        ("/admin/", 302),
        ("/", 302),
        ("/sv/nowhere/", 404),
        ("/i18n/setlang/", 302),
    ],
)
def test_every_answer_has_the_policy(path: str, status: int) -> None:
    answer = Client().get(path)

    assert answer.status_code == status
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_refused_form_and_refused_charset_have_the_policy() -> None:
    forged = Client(enforce_csrf_checks=True).post("/admin/login/", {})
    misread = Client().post("/admin/login/", b"x", content_type=f"{FORM}; charset=utf-16")

    assert (forged.status_code, misread.status_code) == (403, 400)
    for answer in (forged, misread):
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_redirect_to_tls_has_the_policy(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    answer = Client().get("/sv/")

    assert answer.status_code == 301
    assert answer.headers["Content-Security-Policy"] == POLICY


def test_policy_of_a_view_is_left_alone() -> None:
    def strict(request: HttpRequest) -> HttpResponse:
        return HttpResponse("x", headers={"Content-Security-Policy": "sandbox"})

    answer = ContentSecurityPolicy(strict)(RequestFactory().get("/"))

    assert answer.headers["Content-Security-Policy"] == "sandbox"


def test_policy_allows_nothing_inline() -> None:
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*"} & {
        source for sources in configured.SECURE_CSP.values() for source in sources
    }


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8", "us-ascii"])
def test_form_in_utf_8_is_let_through(charset: str) -> None:
    request = RequestFactory().generic("POST", "/", b"a=1", content_type=f"{FORM}; charset={charset}")

    assert RefuseOtherCharsets(fine)(request).content == b"fine"


def test_form_that_says_nothing_of_its_charset_is_let_through() -> None:
    assert RefuseOtherCharsets(fine)(RequestFactory().post("/", {"a": "å"})).content == b"fine"
    assert RefuseOtherCharsets(fine)(RequestFactory().get("/")).content == b"fine"


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "utf-7", "no-such-thing", "hex"])
def test_form_in_another_charset_is_refused_in_words(charset: str) -> None:
    request = RequestFactory().generic("POST", "/", b"a=1", content_type=f"{FORM}; charset={charset}")

    answer = RefuseOtherCharsets(fine)(request)

    assert answer.status_code == 400
    assert "UTF-8" in answer.content.decode()


def test_what_comes_to_the_interface_is_bytes_that_say_of_themselves_what_they_like() -> None:
    sent = RequestFactory().put("/interface/v1/x", b"\xe5", content_type="text/plain; charset=iso-8859-1")

    assert RefuseOtherCharsets(fine)(sent).status_code == 200
