"""The main job in one run: a customer's form becomes a case in the authority's hands and at the national service."""

from __future__ import annotations

import hashlib
import json
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.cases.models import Case
from apps.services.exchange import import_service
from apps.services.publishing import publish
from apps.services.texts import HELSINKI
from tests import build
from tests.journeys.conftest import Process, Visitor

LIBRARY = Path(__file__).resolve().parents[2] / "apps" / "services" / "library"
PDF = build.PDF

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def a_service_is_published(name: str = "public-event") -> None:
    """As an administrator would: from its file."""
    text = (LIBRARY / f"{name}.json").read_text(encoding="utf-8")
    build.authority(json.loads(text)["authority"])
    version, _new = import_service(text)
    publish(version, by=None)


def in_days(days: int) -> str:
    """A day from now, as people write it."""
    day = timezone.now().astimezone(HELSINKI).date() + timedelta(days=days)
    return f"{day.day}.{day.month}.{day.year}"


def received(national_service: str, case: Case, path: str = "") -> bytes:
    """What the national service has of a case."""
    with urllib.request.urlopen(f"{national_service}/commondata/{case.external_id}{path}", timeout=20) as answer:  # noqa: S310 (loopback)
        return bytes(answer.read())


def events_received(national_service: str) -> list[dict[str, Any]]:
    """Every event it has applied, in the order of arrival."""
    with urllib.request.urlopen(f"{national_service}/__requests", timeout=20) as answer:  # noqa: S310 (loopback)
        asked = json.load(answer)
    return [one for one in asked if one["method"] == "POST" and one["applied"] and not one["duplicate"]]


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    """Until something is so."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def the_customer_finds_the_service(customer: Visitor) -> None:
    customer.open(f"/{customer.language}/")
    names = {"sv": "offentlig tillställning", "fi": "yleisötilaisuudesta", "en": "public event"}
    customer.page.fill("#id_word", names[customer.language].split()[0])
    customer.go(customer.page.locator("#id_word"), "Enter")
    customer.go(customer.page.locator(".card__title a").first)
    customer.press("Begin")


def the_customer_fills_in_the_pages(customer: Visitor) -> None:
    customer.choose(organiser_kind="person")
    customer.press("Save and continue")  # too early: the page comes back with what is missing, and the choice is kept
    assert customer.page.title().startswith(customer.word("Error:"))
    assert customer.page.is_checked('input[name="organiser_kind"][value="person"]')
    customer.write(organiser_given_name="Exempel", organiser_family_name="Arrangör", organiser_phone="040 123 4567")
    customer.write(organiser_email="namn@example.com", organiser_address="Exempelgatan 1", organiser_post_code="00100")
    customer.write(organiser_town="Exempelstaden")
    customer.choose(on_behalf="no")
    customer.press("Save and continue")
    customer.write(event_name="Exempelfesten", event_purpose="Att prova", event_programme="Sång <b>och</b> dans")
    customer.write(audience_total="250")
    customer.press("Save and continue")
    customer.write(event_place="Torget", event_address="Exempelgatan 1", event_municipality="Helsingfors")
    customer.choose(place_is_own="yes")
    customer.write(start_date=in_days(30), start_time="14.30", end_date=in_days(30), end_time="23")
    customer.press("Save and continue")


def the_customer_leaves_and_comes_back(customer: Visitor) -> None:
    customer.choose(alcohol="no", open_fire="no", music="yes")
    customer.press("Save and go on later")
    customer.press("Go on", role="link", exact=False)
    assert customer.page.is_checked('input[name="music"][value="yes"]')
    customer.write(music_details="En kör")
    customer.choose(structures="no")
    customer.press("Save and continue")
    customer.choose(responsible_same="yes", stewards="no", traffic="no")
    the_customer_adds_a_row(customer)
    customer.press("Save and continue")


def the_customer_adds_a_row(customer: Visitor) -> None:
    customer.press("Add", exact=False)  # the page comes back with the row, and with what has been chosen
    assert customer.page.is_checked('input[name="stewards"][value="no"]')
    customer.page.fill("#id_other_responsible-0-name", "Testperson Ansvarig")
    customer.press("Save and continue")  # too early: the row has more questions
    assert customer.page.input_value("#id_other_responsible-0-name") == "Testperson Ansvarig"
    customer.page.fill("#id_other_responsible-0-task", "Säkerhet")
    customer.page.fill("#id_other_responsible-0-phone", "040 123 4567")


def the_customer_adds_an_attachment(customer: Visitor) -> None:
    customer.page.set_input_files(
        "#id_security_plan", {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    customer.page.check("#id_declaration")
    customer.press("Save and continue")


def the_customer_changes_an_answer_and_sends(customer: Visitor) -> Case:
    assert customer.sees("Sång <b>och</b> dans")
    assert customer.sees("plan.pdf")
    assert customer.sees("Testperson Ansvarig")
    customer.go(customer.page.locator('a[href*="/event/"]', has_text=customer.word("Change")).first)
    customer.write(event_name="Den stora exempelfesten")
    customer.press("Save and continue")
    assert customer.sees("Den stora exempelfesten")
    customer.press("Send to the authority")
    case = Case.objects.get()
    assert customer.sees(str(case.number))
    customer.press("My cases", role="link")
    assert customer.sees(str(case.number))
    return case


def the_handler_reads_and_takes_it_up(handler: Visitor, case: Case) -> None:
    handler.open("/admin/")
    handler.open("/admin/cases/case/")
    handler.follow(str(case.number))
    assert handler.sees("Den stora exempelfesten")
    assert handler.sees("Testperson Ansvarig")
    with handler.page.expect_download() as download:
        handler.page.locator('a[href*="/files/"]:not([href*="/preview/"])', has_text="plan.pdf").first.click()
    assert Path(download.value.path()).read_bytes() == PDF
    handler.press("Take up for handling")


def the_handler_asks_for_a_supplement(handler: Visitor) -> None:
    handler.press("Ask for a supplement", role="link")
    handler.page.fill("#id_text", "Berätta om musiken")
    handler.page.fill("#id_due", in_days(7))
    handler.page.locator('input[name="fields"][value="music_details"]').check()
    handler.go(handler.page.locator("main form button.button").first)


def the_customer_answers(customer: Visitor, case: Case) -> None:
    customer.open(f"/{customer.language}/cases/{case.number}/")
    assert customer.sees("Berätta om musiken")
    customer.press("Answer")
    assert customer.page.input_value("#id_music_details") == "En kör"
    customer.write(music_details="En kör med tjugo sångare")
    customer.press("Save and continue")
    customer.write(supplement_text="Se ovan")
    customer.press("Save and continue")
    customer.press("Send to the authority")


def the_handler_closes_it(handler: Visitor, case: Case) -> None:
    handler.open(f"/admin/cases/case/{case.pk}/change/")
    assert handler.sees("En kör med tjugo sångare")
    handler.press("Close with an outcome", role="link")
    handler.page.locator('input[name="outcome"][value="noted"]').check()
    handler.page.fill("#id_text", "Tack för anmälan.")
    handler.go(handler.page.locator("main form button.button").first)


@pytest.mark.main_journey
def test_a_form_becomes_a_case_at_the_national_service(
    visitor: Callable[..., Visitor], relay: Callable[[], Process], national_service: str
) -> None:
    a_service_is_published()
    customer = visitor(build.customer("Kund"))
    handler = visitor(build.official(of=build.authority("example-police")))
    sending = relay()

    the_customer_finds_the_service(customer)
    the_customer_fills_in_the_pages(customer)
    the_customer_leaves_and_comes_back(customer)
    the_customer_adds_an_attachment(customer)
    case = the_customer_changes_an_answer_and_sends(customer)
    wait_for(lambda: len(events_received(national_service)) == 1)

    sending.kill()
    the_handler_reads_and_takes_it_up(handler, case)
    the_handler_asks_for_a_supplement(handler)
    relay()
    the_customer_answers(customer, case)
    the_handler_closes_it(handler, case)

    wait_for(lambda: len(events_received(national_service)) == 5)
    data = json.loads(received(national_service, case))
    assert data["commondata"]["answers"]["event_municipality"] == "091"
    answers = {
        field["key"]: field["value"] for page in data["formdata"]["papers"][0]["pages"] for field in page["fields"]
    }
    row = {"name": "Testperson Ansvarig", "task": "Säkerhet", "phone": "+358401234567"}
    assert answers["other_responsible"] == [row]
    (attachment,) = [one for one in data["attachments"] if one["name"] == "plan.pdf"]
    assert received(national_service, case, f"/attachments/{attachment['id']}") == PDF
    assert attachment["sha256"] == hashlib.sha256(PDF).hexdigest()
    wait_for(lambda: Case.objects.get().acknowledged_number == 5)
    customer.open(f"/{customer.language}/cases/{case.number}/")
    assert customer.sees("Tack för anmälan.")
