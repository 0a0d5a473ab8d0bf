"""Who may see a draft before it is sent: colleagues, when it is shared, and the authority, with consent."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.applications.models import Application, Look
from apps.cases import intake
from apps.cases.models import Case
from apps.people.models import Customer, Mandate, Principal
from apps.sync.models import Delivery
from apps.sync.relay import collect
from tests import build
from tests.portal.walk import a_company, browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mandates_hold")]


@pytest.fixture
def company() -> Principal:
    return a_company()


def draft_of(company: Principal | None = None, **more: object) -> Application:
    paper = build.application(**more)  # type: ignore[arg-type]
    Application.objects.filter(pk=paper.pk).update(principal=company)
    paper.refresh_from_db()
    for who in (paper.customer, build.customer("Colleague")) if company else ():
        Mandate.objects.get_or_create(customer=who, principal=company)
    return paper


def address(name: str, paper: Application) -> str:
    return reverse(f"portal:{name}", args=[paper.pk])


# --- with colleagues -------------------------------------------------------------------------------------------------


def test_a_colleague_goes_on_with_a_shared_draft_and_sends_it(company: Principal) -> None:
    paper = draft_of(company)
    own, colleague = browser_of(paper.customer, company), browser_of(build.customer("Colleague"), company)
    assert colleague.get(address("check", paper)).status_code == 404

    own.post(address("share", paper), {"share": "on"})
    colleague.post(reverse("portal:page", args=[paper.pk, "first"]), {"title": "Better"})
    colleague.post(address("send", paper))

    case = Case.objects.get()
    event = case.events.get()
    assert case.application.answers == {"title": "Better"}
    assert (event.by_name, event.on_behalf_of) == ("Colleague Customer", "Exempel Ab (1234567-1)")
    assert own.get(reverse("portal:case", args=[case.number])).status_code == 200


def test_colleagues_find_it_in_their_list_with_who_shares_it(company: Principal) -> None:
    paper = draft_of(company)
    own, colleague = browser_of(paper.customer, company), browser_of(build.customer("Colleague"), company)
    mine = reverse("portal:my_cases")
    assert address("application", paper) not in colleague.get(mine).text

    own.post(address("share", paper), {"share": "on"})

    theirs = colleague.get(mine).text
    assert address("application", paper) in theirs
    assert "Example Customer" in theirs
    assert address("discard", paper) not in theirs
    assert address("discard", paper) in own.get(mine).text


def test_sharing_ends_at_once(company: Principal) -> None:
    paper = draft_of(company)
    own, colleague = browser_of(paper.customer, company), browser_of(build.customer("Colleague"), company)
    own.post(address("share", paper), {"share": "on"})
    own.post(address("share", paper), {"share": "off"})

    assert colleague.get(address("check", paper)).status_code == 404


def test_only_who_began_it_shares_it_and_deletes_it(company: Principal) -> None:
    paper = draft_of(company)
    browser_of(paper.customer, company).post(address("share", paper), {"share": "on"})
    colleague = browser_of(build.customer("Colleague"), company)

    assert colleague.post(address("share", paper), {"share": "off"}).status_code == 404
    colleague.post(address("discard", paper))

    assert Application.objects.get(pk=paper.pk).shared_at is not None


def test_a_draft_for_oneself_is_shared_with_nobody() -> None:
    paper = draft_of()

    assert build.signed_in(paper.customer).post(address("share", paper), {"share": "on"}).status_code == 404


def test_two_colleagues_do_not_overwrite_each_other_silently(company: Principal) -> None:
    paper = draft_of(company, answers={"title": "First"})
    own, colleague = browser_of(paper.customer, company), browser_of(build.customer("Colleague"), company)
    own.post(address("share", paper), {"share": "on"})
    page = reverse("portal:page", args=[paper.pk, "first"])
    seen = own.get(page).context["seen"]
    colleague.post(page, {"title": "By the colleague", "_seen": seen})

    asked = own.post(page, {"title": "By me", "_seen": seen})

    paper.refresh_from_db()
    assert paper.answers == {"title": "By the colleague"}
    assert asked.status_code == 200
    assert all(word in asked.text for word in ("Colleague Customer", "By the colleague", 'value="By me"'))
    own.post(page, {"title": "By me", "_seen": asked.context["seen"]})
    paper.refresh_from_db()
    assert paper.answers == {"title": "By me"}


def test_in_another_window_of_ones_own_too(company: Principal) -> None:
    paper = draft_of(answers={"title": "First"})
    own = build.signed_in(paper.customer)
    page = reverse("portal:page", args=[paper.pk, "first"])
    seen = own.get(page).context["seen"]
    own.post(page, {"title": "In one window", "_seen": seen})

    asked = own.post(page, {"title": "In another", "_seen": seen})

    assert asked.context["conflict"].by_self
    assert 'value="In another"' in asked.text


# --- with the authority ----------------------------------------------------------------------------------------------

DESK = "/admin/applications/showndraft/"


def test_the_authority_looks_at_a_draft_with_consent_and_the_customer_sees_that_it_did() -> None:
    paper = draft_of(answers={"title": "Not yet sent"})
    own, official = build.signed_in(paper.customer), build.signed_in(build.official())

    own.post(address("show", paper), {"show": "on"})
    seen = official.get(f"{DESK}{paper.pk}/change/")

    assert "Not yet sent" in seen.text
    assert Look.objects.get().official_name == "handler"
    assert "handler" in own.get(address("check", paper)).text
    assert not Case.objects.exists()


def test_without_consent_nobody_looks() -> None:
    paper = draft_of()
    official = build.signed_in(build.official())

    assert official.get(f"{DESK}{paper.pk}/change/").status_code == 404
    assert str(paper.pk) not in official.get(DESK).text


def test_each_look_is_written_down_and_the_list_alone_is_none() -> None:
    paper = draft_of()
    build.signed_in(paper.customer).post(address("show", paper), {"show": "on"})
    official = build.signed_in(build.official())

    official.get(DESK)
    assert Look.objects.count() == 0
    for _ in range(2):
        official.get(f"{DESK}{paper.pk}/change/")

    assert list(Look.objects.values_list("application", "official__username")) == [(paper.pk, "handler")] * 2


def test_shown_draft_is_in_no_list_of_cases_and_is_delivered_to_nobody() -> None:
    paper = draft_of(answers={"title": "Not yet sent"})
    build.signed_in(paper.customer).post(address("show", paper), {"show": "on"})
    official = build.signed_in(build.official())

    collect()

    assert "Example Customer" not in official.get("/admin/cases/case/").text
    assert "Example Customer" not in official.get("/admin/cases/case/", {"q": "Customer"}).text
    assert not Delivery.objects.exists()


def test_a_supplement_is_not_shown_beforehand() -> None:
    case = build.case()
    case.take_step("take_up", by=build.official(), at=build.NOW)
    paper = intake.begin_addition(case, case.application.customer)

    answer = build.signed_in(paper.customer).post(address("show", paper), {"show": "on"})

    assert answer.status_code == 404
    paper.refresh_from_db()
    assert paper.shown_at is None


def test_taking_the_consent_back_closes_it_at_once() -> None:
    paper = draft_of()
    own, official = build.signed_in(paper.customer), build.signed_in(build.official())
    own.post(address("show", paper), {"show": "on"})
    own.post(address("show", paper), {"show": "off"})

    assert official.get(f"{DESK}{paper.pk}/change/").status_code == 404
    assert not Look.objects.exists()


def test_another_authority_a_designer_and_a_superuser_see_nothing_of_it() -> None:
    paper = draft_of()
    build.signed_in(paper.customer).post(address("show", paper), {"show": "on"})
    people = (
        build.official("other", of=build.authority("other")),
        build.official("designs", role="designer"),
        build.superuser(),
    )

    for who in people:
        browser = build.signed_in(who)
        assert browser.get(f"{DESK}{paper.pk}/change/").status_code in (403, 404)
        assert str(paper.pk) not in browser.get(DESK).text
    assert not Look.objects.exists()


def test_what_is_sent_is_no_draft_any_more() -> None:
    paper = draft_of()
    own = build.signed_in(paper.customer)
    own.post(address("show", paper), {"show": "on"})
    own.post(address("send", paper))

    assert build.signed_in(build.official()).get(f"{DESK}{paper.pk}/change/").status_code == 404


def test_nothing_can_be_changed_in_it_at_the_desk() -> None:
    paper = draft_of(answers={"title": "Mine"})
    build.signed_in(paper.customer).post(address("show", paper), {"show": "on"})

    answer = build.signed_in(build.official()).post(f"{DESK}{paper.pk}/change/", {"answers": "{}"})

    assert answer.status_code == 405
    paper.refresh_from_db()
    assert paper.answers == {"title": "Mine"}


# --- what is declared ------------------------------------------------------------------------------------------------


def test_a_service_with_a_declaration_of_its_own_wants_it_ticked() -> None:
    version = build.version(declaration=build.said("I declare this"))
    paper = build.application(version)
    own = build.signed_in(paper.customer)

    refused = own.post(address("send", paper))
    assert refused.status_code == 200
    assert 'id="id_declared_error"' in refused.text
    assert not Case.objects.exists()

    own.post(address("send", paper), {"declared": "on"})
    assert Case.objects.get().events.get().data == {"declared": "I declare this sv"}


def test_else_sending_says_the_usual_one() -> None:
    paper = draft_of()

    build.signed_in(paper.customer).post(address("send", paper))

    assert "declared" in Case.objects.get().events.get().data


@pytest.mark.parametrize("protected", [True, False])
def test_contact_data_of_a_shown_draft_are_hidden_by_a_protection_order(protected: bool) -> None:
    asked = build.page("first", build.field("email", "where"), build.field("text", "what"))
    paper = draft_of(of=build.version(asked), answers={"where": "hidden@example.com", "what": "A thing"})
    Customer.objects.update(protected=protected)
    build.signed_in(paper.customer).post(address("show", paper), {"show": "on"})

    seen = build.signed_in(build.official(), headers={"accept-language": "en"}).get(f"{DESK}{paper.pk}/change/").text

    assert ("hidden@example.com" in seen) == (not protected)
    assert ("Hidden: protection order" in seen) == protected
    assert "A thing" in seen
