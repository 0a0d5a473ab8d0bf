"""A handler's day at the desk, and their manager's: every page met is looked at by axe, in three languages, and on a phone too."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.applications import attachments
from apps.applications.models import Application
from apps.cases import intake, verifying
from apps.cases.models import Case, Consultation, TextTemplate
from apps.people.models import Authority, Customer, LogLine, User
from apps.services.models import Version
from tests import build
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LIMIT = {"length": 30, "unit": "days", "from": "arrival", "shown": True, "ground": build.said("By example")}


def a_service() -> Version:
    """A service with a time limit, a question that is secret, one for a code, and a place for a plan."""
    return build.version(
        build.page(
            "matter",
            build.field("text", "title"),
            build.field("text", "place", required=False),
            build.field("text", "illness", secret=True, required=False),
            build.field("personal_identity_code", "code", required=False),
            build.field("file", "plan", required=False),
        ),
        handling_limit=LIMIT,
        keep_days=30,
    )


def a_case(version: Version, customer: Customer, title: str, *, days_ago: int = 1) -> Case:
    """What a customer has sent, with a drawing."""
    draft: Application = build.application(version, by=customer, answers={"title": title, "code": "131052-308T"})
    attachment = attachments.receive(draft, "plan", SimpleUploadedFile("plan.pdf", build.pdf(saying="a plan")))
    attachment.save()
    draft.answers["plan"] = [attachment.known()]
    draft.save()
    return intake.send(draft, at=timezone.now() - timedelta(days=days_ago))


def the_steps_form_is_sent(handler: Visitor) -> None:
    handler.go(handler.page.locator("main form .buttons > button.button:not([name])").last)


def the_handler_begins_at_the_start_page(handler: Visitor) -> None:
    handler.open("/admin/")
    assert handler.sees(handler.word("My cases"))
    handler.go(handler.page.locator(".count a", has_text=handler.word("New cases")).first)


def the_handler_finds_a_case_by_a_word(handler: Visitor, case: Case) -> None:
    handler.open("/admin/cases/case/")
    handler.page.fill("#searchbar", "vattentornet")
    handler.go(handler.page.locator("#searchbar"), "Enter")
    assert handler.page.get_by_role("link", name=str(case.number)).count() == 1
    assert "vattentornet" not in handler.page.url
    handler.follow(str(case.number))


def the_handler_looks_at_the_paper(handler: Visitor, case: Case) -> None:
    assert handler.sees("Vattentornet")
    assert not handler.sees("131052-308T")
    handler.press("Show identity codes")
    assert handler.sees("131052-308T")
    handler.open(f"/admin/cases/case/{case.pk}/change/")
    assert not handler.sees("131052-308T")
    handler.go(handler.page.locator('a[href*="/preview/"]').first)
    assert handler.page.evaluate("document.querySelector('main img').naturalWidth") > 0


def the_handler_takes_it_up_and_keeps_a_note(handler: Visitor, case: Case) -> None:
    handler.open(f"/admin/cases/case/{case.pk}/change/")
    handler.press("For another handler or from another day", role="link")
    the_steps_form_is_sent(handler)
    handler.open(f"/admin/cases/case/{case.pk}/step/note/")
    handler.page.fill("#id_text", "Ring fastighetsägaren")
    the_steps_form_is_sent(handler)
    assert handler.sees("Ring fastighetsägaren")


def the_handler_asks_for_a_supplement_in_the_authoritys_words(handler: Visitor, case: Case) -> None:
    handler.open(f"/admin/cases/case/{case.pk}/step/request_supplement/")
    handler.page.select_option("#id_text_template", label="Komplettera")
    handler.go(handler.page.locator("button[name=_insert]").first)
    assert str(case.number) in handler.page.input_value("#id_text")
    handler.page.check('input[name="fields"][value="place"]')
    handler.page.fill("#id_about-place", "Var står tornet?")
    the_steps_form_is_sent(handler)


def the_customer_answers(customer: Visitor, case: Case) -> None:
    customer.open(f"/{customer.language}/cases/{case.number}/")
    assert customer.sees("Var står tornet?")
    assert not customer.sees("Ring fastighetsägaren")
    customer.press("Answer")
    customer.write(place="På kullen")
    customer.press("Save and continue")
    customer.write(supplement_text="Se ovan")
    customer.press("Save and continue")
    customer.press("Send to the authority")


def the_handler_asks_the_police(handler: Visitor, case: Case) -> None:
    handler.open(f"/admin/cases/case/{case.pk}/step/consult/")
    handler.page.select_option("#id_authority", label=f"police {handler.language}")
    handler.page.fill("#id_text", "Kan trafiken ledas om?")
    the_steps_form_is_sent(handler)


def the_police_answer(officer: Visitor, case: Case) -> None:
    officer.open("/admin/cases/consultation/")
    officer.follow(str(case.number))
    assert officer.sees("Kan trafiken ledas om?")
    assert not officer.sees("Vattentornet")
    officer.page.fill("#id_text", "Ja, via hamnen.")
    the_steps_form_is_sent(officer)


def the_handler_decides(handler: Visitor, case: Case) -> None:
    handler.open(f"/admin/cases/case/{case.pk}/change/")
    assert handler.sees("Ja, via hamnen.")
    assert handler.sees("På kullen")
    handler.press("Close with an outcome", role="link")
    handler.page.check('input[name="outcome"][value="conditions"]')
    handler.page.fill("#id_text", "Tyst efter klockan 22.")
    handler.page.set_input_files(
        "#id_files", {"name": "beslut.pdf", "mimeType": "application/pdf", "buffer": build.pdf(saying="decision")}
    )
    handler.page.fill("#id_appeal", "Besvär anförs hos förvaltningsdomstolen.")
    the_steps_form_is_sent(handler)


def the_handler_hands_it_over(handler: Visitor, case: Case) -> None:
    with handler.page.expect_download() as download:
        handler.page.get_by_role("link", name=handler.word("Download the package")).click()
    with open(download.value.path(), "rb") as package:
        assert verifying.verify(package) == []
        names = zipfile.ZipFile(package).namelist()
    assert {"case.json", "manifest.json"} <= set(names)
    handler.open(f"/admin/cases/case/{case.pk}/change/")
    handler.press("Note that it is handed over")


def the_customer_sees_how_it_ended(customer: Visitor, case: Case) -> None:
    customer.open(f"/{customer.language}/cases/{case.number}/")
    for word in ("Tyst efter klockan 22.", "beslut.pdf", "Besvär anförs hos förvaltningsdomstolen."):
        assert customer.sees(word)
    assert not customer.sees("via hamnen")


def the_manager_looks_at_figures_log_and_what_will_be_deleted(manager: Visitor, case: Case) -> None:
    manager.open("/admin/")
    manager.press("Figures: load, handling times, arrivals", role="link")
    assert manager.page.locator("svg[role=img]").count() >= 2
    manager.open("/admin/people/logline/")
    assert manager.sees(str(case.number))
    manager.open("/admin/cases/case/keeping/")
    manager.open("/admin/cases/texttemplate/")
    manager.open("/admin/cases/texttemplate/add/")


@pytest.mark.parametrize(("language", "width", "script"), [("sv", 1200, True), ("fi", 360, True), ("en", 1200, False)])
def test_handlers_day(visitor: Callable[..., Visitor], language: str, width: int, script: bool) -> None:
    version = a_service()
    town: Authority = version.service.authority
    police = build.authority("police")
    TextTemplate.objects.create(
        authority=town,
        use=TextTemplate.Use.SUPPLEMENT,
        name="Komplettera",
        **{f"text_{code}": "Komplettera ärende {case_number}." for code in ("sv", "fi", "en")},
    )
    customer = build.customer("Kund")
    case = a_case(version, customer, "Vattentornet rivs")
    a_case(version, customer, "Något helt annat")
    on_screen = {"language": language, "width": width, "script": script}
    handler = visitor(build.official("anna"), **on_screen)
    officer = visitor(build.official("officer", of=police), **on_screen)
    manager = visitor(build.official("boss", role="manager"), **on_screen)
    writes = visitor(customer, **on_screen)

    the_handler_begins_at_the_start_page(handler)
    the_handler_finds_a_case_by_a_word(handler, case)
    the_handler_looks_at_the_paper(handler, case)
    the_handler_takes_it_up_and_keeps_a_note(handler, case)
    the_handler_asks_for_a_supplement_in_the_authoritys_words(handler, case)
    the_customer_answers(writes, case)
    the_handler_asks_the_police(handler, case)
    the_police_answer(officer, case)
    the_handler_decides(handler, case)
    the_customer_sees_how_it_ended(writes, case)
    the_handler_hands_it_over(handler, case)
    the_manager_looks_at_figures_log_and_what_will_be_deleted(manager, case)

    case.refresh_from_db()
    assert (case.status, case.outcome) == ("closed", "conditions")
    assert case.handed_over_at is not None
    assert Consultation.objects.get().authority == police
    acts = set(LogLine.objects.filter(about=case.number).values_list("act", flat=True))
    assert {"saw", "saw_hidden", "changed", "downloaded"} <= acts
    assert User.objects.get(username="anna") == case.handler
