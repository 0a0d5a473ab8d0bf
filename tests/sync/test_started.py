"""What began in the national service: its status goes back there under the same externalId, from the first event on."""

from __future__ import annotations

import json
import urllib.request
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.applications.models import Application
from apps.cases import envelope, redirected
from apps.cases.models import Case
from apps.people.models import System
from apps.sync import reconcile, relay
from apps.sync.reference.server import ReferenceServer
from tests import build

pytestmark = pytest.mark.django_db
ID = "0b5f3c0e-6f0e-4d0c-9a43-1c1f7c2f6f01"


def begun_there(reference: ReferenceServer) -> None:
    """The customer has stated something there, of which the national service has made a project part."""
    document: dict[str, Any] = {
        "schemaVersion": "1",
        "externalId": ID,
        "attachments": [],
        "commondata": {"customer": {"name": "Example Customer"}, "answers": {"title": "From there"}},
        "formdata": {},
    }
    document["digest"] = envelope.digest(document)
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"{uuid.uuid4()}:data"}
    address = f"{reference.address}/commondata/{ID}"
    request = urllib.request.Request(address, json.dumps(document).encode(), headers, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status == 201


def test_what_began_there_is_fetched_sent_and_told_there_under_the_same_external_id(reference: ReferenceServer) -> None:
    begun_there(reference)
    build.version(build.page("first", build.field("text", "title", common=True, prefill="common_data")))
    browser = build.signed_in(build.customer())
    html = browser.post(f"/sv/start/example/?externalId={ID}", follow=True).content.decode()
    draft = Application.objects.get()
    assert 'value="From there"' in html

    browser.post(reverse("portal:page", args=[draft.pk, "first"]), {"title": "From there, and changed"})
    browser.post(reverse("portal:send", args=[draft.pk]))
    case = Case.objects.get()
    case.take_step("take_up", by=build.official())
    relay.run_once(timezone.now() + timedelta(seconds=1))

    assert [(row["number"], row["kind"]) for row in reference.store.events(ID)] == [(1, "received"), (2, "take_up")]
    kept = json.loads(reference.store.case_data(ID)["body"])  # type: ignore[index]
    assert kept["caseNumber"] == case.number
    assert kept["commondata"]["answers"] == {"title": "From there, and changed"}
    case.refresh_from_db()
    assert case.acknowledged_number == 2


def test_what_began_there_and_was_not_sent_here_is_no_difference(reference: ReferenceServer) -> None:
    begun_there(reference)

    found = reconcile.reconcile(timezone.now())

    assert not found.findings.exists()


def test_what_is_done_in_the_authoritys_own_service_is_told_there(reference: ReferenceServer) -> None:
    begun_there(reference)
    build.version(build.page("first", build.field("text", "title")), own_service={"sv": "https://example.com/"})
    browser = build.signed_in(build.customer())
    browser.post("/sv/services/example/go-on/", {"externalId": ID})
    system = System.objects.create(authority=build.authority(), name="Own", scopes=["read", "write"])

    now = timezone.now()
    redirected.arrive(system, uuid.UUID(ID), uuid.uuid4(), now, {"registerNumber": "EX/1"})
    relay.run_once(now + timedelta(seconds=1))

    (event,) = reference.store.events(ID)
    assert json.loads(event["body"])["data"]["registerNumber"] == "EX/1"
