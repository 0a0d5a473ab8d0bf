"""Every page on which a service is defined, on a wide screen and on a phone, seen by axe; and a tester's way to the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.cases.models import Case
from apps.services import editing, library, rehearsing, working
from apps.services.models import Service, WorkingCopy
from apps.services.publishing import publish
from tests import build
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

IN_THE_BUILDER = (
    *("", "about/about/", "about/times/", "about/told/", "about/identification/", "about/retention/"),
    *("questions/", "new-page/", "pages/activity/", "pages/activity/add/", "pages/activity/add/?kind=choice"),
    *("pages/activity/several/", "pages/activity/blocks/", "pages/activity/remove/", "fields/activity_kind/"),
    *("fields/activity_kind/move/", "fields/activity_kind/kind/", "fields/activity_kind/remove/"),
    *("conditions/field/earlier_notice/show_when/", "conditions/page/activity/show_when/"),
    *("texts/", "texts/in/", "text/", "preview/", "check/", "publish/", "test/", "discard/"),
)
ABOUT_SERVICES = ("", "new/", "new/library/", "new/library/fireworks/", "new/file/", "all/", "all/example-town/import/")
OF_A_SERVICE = ("change/", "history-of-versions/", "changes/1/", "copy/")


def a_changed_service() -> Service:
    """A service of the library, published, with a working copy in which something is amiss."""
    document = {**library.entry("noise-notification").document(), "authority": "example-town"}
    version = working.to_version(working.begin_new(build.authority(), document, by=None), by=None)
    publish(version, by=None)
    copy = working.begin(version.service, by=None)
    working.make(copy, editing.set_texts({"name": {"sv": "Bulleranmälan", "fi": ""}}), by=None, seen=1)
    return version.service


@pytest.mark.parametrize(("language", "width"), [("sv", 1200), ("fi", 360)])
def test_every_page_of_the_builder_is_for_everyone(visitor: Callable[..., Visitor], language: str, width: int) -> None:
    service = a_changed_service()
    designer = visitor(build.official("designer", role="designer"), language=language, width=width)
    base = "/admin/services/service/"
    keys = {path for _page, path, _field in editing.all_fields(library.entry("noise-notification").document())}

    for more in ABOUT_SERVICES:
        designer.open(f"{base}{more}")
    for more in OF_A_SERVICE:
        designer.open(f"{base}{service.pk}/{more}")
    for more in IN_THE_BUILDER:
        assert not more.startswith("fields/") or more.split("/")[1] in keys
        designer.open(f"{base}{service.pk}/build/{more}")

    assert len(designer.met) == len(ABOUT_SERVICES) + len(OF_A_SERVICE) + len(IN_THE_BUILDER)


def test_on_a_phone_without_script_the_pages_of_the_builder_stand_in_one_line_that_opens(
    visitor: Callable[..., Visitor],
) -> None:
    service = a_changed_service()
    designer = visitor(build.official("designer", role="designer"), language="fi", width=360, script=False)
    designer.open(f"/admin/services/service/{service.pk}/build/questions/")
    row = designer.page.get_by_role("navigation", name="Määrittele palvelu")

    closed, links = row.bounding_box(), row.get_by_role("link").count()
    designer.page.locator(".build-tabs summary").click()
    row.get_by_role("link", name="Julkaise").click()

    assert (closed is not None and closed["height"] < 60, links) == (True, 0)
    assert designer.page.url.endswith("/build/publish/")


def test_a_tester_tries_a_version_to_the_end(visitor: Callable[..., Visitor]) -> None:
    build.authority()
    document = build.document(build.page("first", build.field("text", "title")), key="tried")
    copy = working.begin_new(build.authority(), {**document, "schema": 2}, by=build.official("designer"))
    version = working.version_for_test(copy, by=None)
    rehearsal = rehearsing.open_rehearsal(version, by=build.official("designer"))
    _tester, key = rehearsing.add_tester(rehearsal, "Testperson Ett")
    tester = visitor(build.customer("Tester"), width=360)

    tester.open(f"/sv/testing/{key}/")
    tester.press("Begin the test")
    tester.write(title="Ett prov")
    tester.press("Save and continue")
    tester.press("Send to the authority")

    case = Case.objects.get()
    assert (case.is_test, (case.number or "").startswith("TEST-")) == (True, True)
    assert "TEST" in tester.page.inner_text("body")
    assert not Case.objects.visible_to(build.official("handler")).exists()
    assert WorkingCopy.objects.exists()


@pytest.mark.parametrize(("language", "width", "script"), [("sv", 1200, True), ("fi", 360, False)])
def test_a_survey_leads_to_a_service_with_the_answers(
    visitor: Callable[..., Visitor], language: str, width: int, script: bool
) -> None:
    for name in ("survey-event", "public-event", "rescue-plan"):
        document = {**library.entry(name).document(), "authority": "example-town", "municipalities": None}
        whole = {element: value for element, value in document.items() if value is not None}
        publish(working.to_version(working.begin_new(build.authority(), whole, by=None), by=None), by=None)
    customer = visitor(build.customer(), language=language, width=width, script=script)

    customer.open(f"/{language}/")
    customer.follow(library.entry("survey-event").definition.name.said(language))
    customer.press("Begin", role="link")
    towns = {"sv": "Helsingfors", "fi": "Helsinki"}
    customer.write(event_name="Sommarfesten", event_municipality=towns[language])
    customer.page.check("input[name=event_open] >> nth=0")
    customer.press("Next page")
    customer.page.locator("input[name=audience_size]").last.check()
    customer.choose(special_groups="no", strong_feelings="no")
    customer.press("Stop here and show the result")

    assert customer.sees(library.entry("rescue-plan").definition.name.said(language))
    customer.go(customer.page.locator('main a[href*="/services/rescue-plan/"]').first)
    customer.press("Begin")
    _say_who_one_is(customer)
    assert customer.page.input_value("#id_event_name") == "Sommarfesten"


def _say_who_one_is(customer: Visitor) -> None:
    customer.choose(organiser_kind="person", on_behalf="no")
    customer.press("Save and continue")  # without script this brings up what the choice asks for
    customer.write(organiser_given_name="Exempel", organiser_family_name="Arrangör", organiser_phone="040 123 4567")
    customer.write(organiser_email="namn@example.com", organiser_address="Exempelgatan 1", organiser_post_code="00100")
    customer.write(organiser_town="Exempelstaden")
    customer.press("Save and continue")
