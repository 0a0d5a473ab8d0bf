"""Whatever is sent to a page, it answers with the page or the next one, and what it stores is what its fields accept."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.applications.models import Application
from apps.services.fieldtypes import REGISTER
from tests import build

pytestmark = pytest.mark.thorough

KINDS = sorted(REGISTER)
PARTS = ["a_applicant-kind", "a_applicant-person-email", "a_address-where", "a_period-start", "a_repeating-0-what"]
ROWS = ["a_repeating-count", "a_repeating-act", "a_repeating-1-price"]
KEYS = [*(f"a_{kind}" for kind in KINDS), *PARTS, *ROWS]

texts = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.sampled_from(
        [
            "",
            "yes",
            "no",
            "red",
            "24.12.2027",
            "0.0.0",
            "9" * 400,
            "-0",
            "\x00",
            "\r\n",
            "\u202e",
            "on",
            "²",
            "add",
            "remove-0",
            "up-1",
            "down-0",
            "person",
            "abroad",
        ]
    ),
)
names = st.sampled_from([*KEYS, "_later", "_remove", "from", "csrfmiddlewaretoken", "", "a_text[]"])
files = st.builds(
    SimpleUploadedFile,
    st.sampled_from(["a.pdf", "../../etc/passwd", "x" * 300 + ".png", "å\u202e.docx", "a\\b.pdf"]),
    st.sampled_from([b"", b"%PDF-1.7", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"<html>"]),
)
sent = st.dictionaries(names.filter(bool), st.lists(texts, max_size=3), max_size=8)
uploads = st.dictionaries(st.sampled_from(["a_file", "a_text", "nothing"]), st.lists(files, max_size=3), max_size=2)


class AnyPage(TestCase):
    """A page with every kind of question, and a customer who sends anything at all."""

    def setUp(self) -> None:
        """The page."""
        paper = build.application(
            build.version(build.page("all", *build.every_kind()), build.page("more", build.field("consent", "b")))
        )
        Application.objects.update(answers={})
        self.paper = paper
        self.address = reverse("portal:page", args=[paper.pk, "all"])
        self.browser = build.signed_in(paper.customer)

    @given(sent, uploads, st.booleans())
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def test_any_post_to_a_page_is_answered(
        self, typed: dict[str, Any], with_files: dict[str, Any], check: bool
    ) -> None:
        for upload in [file for chosen in with_files.values() for file in chosen]:
            upload.seek(0)
        query = "?from=check" if check else ""
        response = self.browser.post(self.address + query, typed | with_files)
        assert response.status_code in (200, 302)
        assert self.browser.get(self.address).status_code == 200
        assert self.browser.get(reverse("portal:check", args=[self.paper.pk])).status_code == 200

    @given(st.dictionaries(st.sampled_from(["word", "authority", "municipality", "x"]), st.lists(texts, max_size=2)))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def test_any_search_is_answered(self, query: dict[str, Any]) -> None:
        assert self.browser.get(reverse("portal:home"), query).status_code == 200

    @given(st.binary(max_size=200))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def test_any_bytes_are_answered(self, body: bytes) -> None:
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"):
            response = self.browser.generic("POST", self.address, body, content_type=kind)
            assert response.status_code in (200, 302, 400)
