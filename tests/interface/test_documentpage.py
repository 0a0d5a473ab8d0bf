"""The description of the interface as a page."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from apps.interface import documentpage
from apps.interface.document import document
from apps.interface.problems import KNOWN
from tests import build

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_page_is_there_for_everybody_in_every_language(language: str) -> None:
    answer = Client().get(f"/{language}/interface/")

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert 'class="interface" lang="en"' in answer.text


def test_page_says_where_this_installation_is(settings: Settings) -> None:
    settings.SITE_URL = "https://service.example"

    assert "<code>https://service.example/interface/v1</code>" in Client().get("/en/interface/").text


def test_page_tells_every_operation_problem_and_document() -> None:
    text = Client().get("/en/interface/").text

    paths = [item for kind in ("paths", "webhooks") for item in document()[kind].values()]
    names = {said["operationId"] for item in paths for said in item.values() if isinstance(said, dict)}
    schemas = document()["components"]["schemas"].keys() - {"ProblemType"}
    shown = set(re.findall(r'<h3 id="([^"]+)"', text))
    assert shown == names | {f"schema-{name}" for name in schemas}
    assert set(re.findall(r'id="problem-([^"]+)"', text)) == set(KNOWN)


def test_links_of_the_page_lead_somewhere_on_it() -> None:
    text = Client().get("/en/interface/").text

    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r'id="([^"]+)"', text))


def test_fields_of_documents_within_documents_are_told_by_their_way() -> None:
    ledger = next(one for one in documentpage.documents() if one.anchor == "schema-SystemLedger")

    told = {field.name: field for field in ledger.fields}
    assert {"items[].status", "items[].caseNumber", "asOf"} <= told.keys()
    assert told["asOf"].required
    assert told["asOf"].about
    assert told["asOf"].kind == '<a href="#schema-CommonTime">Common time</a>'


def test_what_the_document_says_is_written_as_text_and_marks() -> None:
    said = documentpage.prose("**Who** `calls <b>` in *turn*.\n\nNot 2*3*4.")

    assert said == ("<p><strong>Who</strong> <code>calls &lt;b&gt;</code> in <em>turn</em>.</p><p>Not 2*3*4.</p>")


def test_every_page_leads_to_the_description() -> None:
    assert 'href="/sv/interface/"' in Client().get("/sv/").text


def test_page_is_signed_in_as_any_other() -> None:
    assert "Example" in build.signed_in(build.customer()).get("/en/interface/").text


def test_every_field_of_a_schema_is_told() -> None:
    for one in documentpage.documents():
        schema = document()["components"]["schemas"][one.anchor.removeprefix("schema-")]
        named = {name for name, said in schema.get("properties", {}).items() if set(said) - documentpage.ONLY_WITHIN}
        assert named <= {field.name for field in one.fields}


def test_kinds_that_a_document_can_be_of_are_named() -> None:
    posted = next(one for one in documentpage.documents() if one.anchor == "schema-PostedEvent")

    assert 'href="#schema-PostedEventTakeUp"' in posted.kind
