"""Beginning in the national service, and going on to the authority's own: with a real browser, which also follows a form out of here."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from pytest_django import Settings

from apps.applications.models import Application
from apps.cases import redirected
from apps.cases.models import Case
from apps.people.models import System
from tests import build
from tests.journeys.conftest import Visitor
from tests.sync import scripted

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
ID = "0b5f3c0e-6f0e-4d0c-9a43-1c1f7c2f6f01"
THERE = {"customer": {"name": "Example Customer"}, "answers": {"title": "From there"}}
PICTURES = os.environ.get("PICTURES", "")  # a folder, for whoever wants to see the pages


def picture(visitor: Visitor, name: str) -> None:
    if PICTURES:
        visitor.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("language", "width"), [("sv", 1280), ("fi", 360), ("en", 1280)])
def test_a_link_from_the_national_service(
    visitor: Callable[..., Visitor], settings: Settings, language: str, width: int
) -> None:
    build.version(build.page("first", build.field("text", "title", prefill="common_data"), build.field("text", "more")))
    with scripted.running() as there:
        settings.NATIONAL_SERVICE_URL = there.url
        there.rules["/commondata"] = "500"
        customer = visitor(build.customer(), language=language, width=width)

        customer.open(f"/start/example/?externalId={ID}&lang={language}")
        picture(customer, f"start-{language}")
        customer.press("Begin")
        picture(customer, f"away-{language}")
        there.rules["/commondata"] = (200, {}, THERE)
        customer.write(more="Typed")
        customer.press("Fetch again")
        picture(customer, f"filled-{language}")
        assert customer.page.input_value("#id_title") == "From there"
        assert customer.page.input_value("#id_more") == "Typed"
        customer.press("Save and continue")
        customer.press("Send to the authority")

        case = Case.objects.get()
        assert (str(case.external_id), case.application.answers["title"]) == (ID, "From there")
        customer.open(f"/{language}/start/example/?externalId={ID}")
        picture(customer, f"sent-{language}")
        assert customer.sees(str(case.number))


class Page(BaseHTTPRequestHandler):
    """The authority's own service, which notes by which address one came."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.path)
        body = b"<!doctype html><html lang=sv><title>Own</title><h1>Own service</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nothing."""


@contextmanager
def own_service() -> Iterator[tuple[str, list[str]]]:
    Page.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/", Page.seen
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("language", "width"), [("sv", 1280), ("fi", 360), ("en", 1280)])
def test_going_on_to_the_authoritys_own_service(visitor: Callable[..., Visitor], language: str, width: int) -> None:
    with own_service() as (address, seen):
        build.version(own_service={"sv": address})
        customer = visitor(build.customer(), language=language, width=width)
        customer.open(f"/{language}/services/example/")
        picture(customer, f"own-{language}")
        customer.page.get_by_role("button", name=customer.word("Go on to the authority’s own service")).click()
        customer.page.wait_for_url(f"{address}**")
        note = Application.objects.get()
        assert f"/?externalId={note.external_id}&lang={language}" in seen

        customer.open(f"/{language}/cases/")
        picture(customer, f"own-drafts-{language}")
        customer.press("Look at it", role="link", exact=False)
        picture(customer, f"own-note-{language}")
        customer.press("Remove the note", role="link")
        picture(customer, f"own-remove-{language}")
        customer.open(f"/{language}/applications/{note.pk}/")

        system = System.objects.create(authority=build.authority(), name="Own", scopes=["write"])
        assert note.external_id
        case = redirected.arrive(system, note.external_id, uuid.uuid4(), build.NOW, {}).case
        customer.open(f"/{language}/cases/{case.number}/")
        picture(customer, f"own-case-{language}")
        assert customer.sees(str(case.number))


def test_a_stranger_is_offered_to_sign_in_before_going_there(visitor: Callable[..., Visitor]) -> None:
    build.version(own_service={"sv": "https://example.com/"})
    stranger = visitor(None, language="sv")

    stranger.open("/sv/services/example/")
    picture(stranger, "own-stranger-sv")

    assert stranger.page.get_by_role("link", name=stranger.word("Sign in first, to follow its state here")).is_visible()
