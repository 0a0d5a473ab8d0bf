"""What belongs together, and what is asked once for all of it."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.applications.models import Application, Undertaking
from apps.cases import intake
from apps.people.models import Principal
from apps.services.models import Version
from tests import build
from tests.portal.walk import a_company, browser_of

pytestmark = pytest.mark.django_db


def service(key: str, *fields: dict[str, object]) -> Version:
    asked = fields or (build.field("text", "event", common=True), build.field("text", "own", required=False))
    return build.version(build.page("first", *asked), key=key)


def begun(browser: object, version: Version, undertaking: str = "new") -> Application:
    browser.post(reverse("portal:start", args=[version.service.key]), {"undertaking": undertaking})  # type: ignore[attr-defined]
    return Application.objects.filter(version=version).latest("created_at")


def filled_in(browser: object, paper: Application, **answers: str) -> None:
    browser.post(reverse("portal:page", args=[paper.pk, "first"]), answers)  # type: ignore[attr-defined]
    paper.refresh_from_db()


def test_common_answers_are_offered_in_the_next_application_with_where_they_come_from() -> None:
    first, second = service("first-service"), service("second-service")
    browser = build.signed_in(build.customer())
    one = begun(browser, first)
    filled_in(browser, one, event="The great feast", own="Only here")
    intake.send(one)

    another = begun(browser, second, str(one.undertaking_id))
    text = browser.get(reverse("portal:page", args=[another.pk, "first"])).text

    assert 'value="The great feast"' in text
    assert "Only here" not in text
    assert "Name of first-service" in text.partition('name="event"')[2][:900], (
        "said at the question where it comes from"
    )
    another.refresh_from_db()
    assert another.answers == {}, "offered only, until the page is saved"


def test_a_question_made_of_parts_is_offered_as_a_whole_and_says_where_it_comes_from_once() -> None:
    where = build.field("address", "where", common=True)
    first, second = service("first-service", where), service("second-service", where)
    browser = build.signed_in(build.customer())
    one = begun(browser, first)
    given = one.definition.fields["where"].sample(build.TODAY)
    Application.objects.filter(pk=one.pk).update(answers={"where": given})

    another = begun(browser, second, str(one.undertaking_id))
    text = browser.get(reverse("portal:page", args=[another.pk, "first"])).text

    assert all(f'value="{value}"' in text for value in given.values())
    assert text.count('id="id_where_source"') == 1
    assert re.search(r'<fieldset[^>]*aria-describedby="id_where_source"', text)
    assert "Name of first-service" in text


def test_where_it_comes_from_is_no_warning_and_is_not_said_of_what_the_customer_has_written() -> None:
    first, second = service("first-service"), service("second-service")
    browser = build.signed_in(build.customer())
    one = begun(browser, first)
    filled_in(browser, one, event="The great feast")
    another = begun(browser, second, str(one.undertaking_id))
    address = reverse("portal:page", args=[another.pk, "first"])

    offered = browser.get(address).text
    assert 'aria-describedby="id_event_source"' in offered
    assert "question__warning" not in offered

    filled_in(browser, another, event="The small feast")
    assert "_source" not in browser.get(address).text


def test_what_is_offered_can_be_changed_and_changes_nothing_elsewhere() -> None:
    first, second = service("first-service"), service("second-service")
    browser = build.signed_in(build.customer())
    one = begun(browser, first)
    filled_in(browser, one, event="The great feast")
    another = begun(browser, second, str(one.undertaking_id))

    filled_in(browser, another, event="The small feast")

    one.refresh_from_db()
    assert (one.answers["event"], another.answers["event"]) == ("The great feast", "The small feast")


def test_nothing_is_offered_in_another_undertaking() -> None:
    first, second = service("first-service"), service("second-service")
    browser = build.signed_in(build.customer())
    one = begun(browser, first)
    filled_in(browser, one, event="The great feast")

    another = begun(browser, second)

    assert another.undertaking_id not in (None, one.undertaking_id)
    assert "The great feast" not in browser.get(reverse("portal:page", args=[another.pk, "first"])).text


@pytest.mark.parametrize(
    "field",
    [
        build.field("text", "event"),  # not common
        build.field("whole_number", "event", common=True),  # another kind, which does not take it
        build.field("text", "happening", common=True),  # another key
        build.field("text", "event", common=True, max_length=3),  # too long for it
    ],
)
def test_only_what_fits_is_offered(field: dict[str, object]) -> None:
    first, second = service("first-service"), service("second-service", field)
    browser = build.signed_in(build.customer())
    one = begun(browser, first)
    filled_in(browser, one, event="The great feast")

    another = begun(browser, second, str(one.undertaking_id))

    assert "The great feast" not in browser.get(reverse("portal:page", args=[another.pk, "first"])).text


def test_service_page_asks_what_it_belongs_to_once_there_is_something() -> None:
    first, second = service("first-service"), service("second-service")
    browser = build.signed_in(build.customer())
    assert 'name="undertaking"' not in browser.get(reverse("portal:service", args=["second-service"])).text

    one = begun(browser, first)
    Undertaking.objects.update(name="The feast in June")
    page = browser.get(
        reverse("portal:service", args=["second-service"]), {"undertaking": str(one.undertaking_id)}
    ).text

    assert "The feast in June" in page
    assert re.search(rf'value="{one.undertaking_id}" checked', page)
    assert second.service.key in page


def test_a_double_click_begins_one_undertaking() -> None:
    version = service("first-service")
    browser = build.signed_in(build.customer())

    begun(browser, version)
    begun(browser, version)

    assert Application.objects.count() == 1
    assert Undertaking.objects.count() == 1


def test_an_untouched_draft_follows_what_is_chosen_the_next_time() -> None:
    first, second = service("first-service"), service("second-service")
    browser = build.signed_in(build.customer())
    one = begun(browser, first)
    filled_in(browser, one, event="The great feast")

    within = begun(browser, second, str(one.undertaking_id)).undertaking_id
    by_itself = begun(browser, second, "new").undertaking_id
    clicked_again = begun(browser, second, "new").undertaking_id

    assert within == one.undertaking_id
    assert by_itself not in (None, one.undertaking_id)
    assert clicked_again == by_itself
    assert Application.objects.filter(version=second).count() == 1


def test_what_a_colleague_has_begun_and_not_shared_is_not_offered_to_choose() -> None:
    first, second = service("first-service"), service("second-service")
    company = a_company()
    who, colleague = build.customer(), build.customer("Colleague")
    for one in (who, colleague):
        one.mandates.create(principal=company)
    paper = begun(browser_of(who, company), first)
    address = reverse("portal:service", args=[second.service.key])

    assert str(paper.undertaking_id) in browser_of(who, company).get(address).text
    assert str(paper.undertaking_id) not in browser_of(colleague, company).get(address).text
    Application.objects.filter(pk=paper.pk).update(shared_at=build.NOW)
    assert str(paper.undertaking_id) in browser_of(colleague, company).get(address).text


def test_a_colleagues_unshared_draft_offers_nothing() -> None:
    first, second = service("first-service"), service("second-service")
    company = a_company()
    who, colleague = build.customer(), build.customer("Colleague")
    for one in (who, colleague):
        one.mandates.create(principal=company)
    paper = begun(browser_of(who, company), first)
    filled_in(browser_of(who, company), paper, event="The great feast")
    theirs = browser_of(colleague, company)

    another = begun(theirs, second, str(paper.undertaking_id))

    assert another.undertaking_id == paper.undertaking_id
    assert "The great feast" not in theirs.get(reverse("portal:page", args=[another.pk, "first"])).text
    assert "The great feast" not in theirs.get(reverse("portal:undertaking", args=[paper.undertaking_id])).text


@pytest.mark.parametrize(("hour", "day"), [(21, "1.3.2027"), (23, "2.3.2027")])
def test_where_it_comes_from_is_dated_as_in_helsinki(hour: int, day: str) -> None:
    first, second = service("first-service"), service("second-service")
    browser = build.signed_in(build.customer())
    one = begun(browser, first)
    filled_in(browser, one, event="The great feast")
    Application.objects.filter(pk=one.pk).update(changed_at=build.NOW.replace(hour=hour))

    another = begun(browser, second, str(one.undertaking_id))

    assert day in browser.get(reverse("portal:page", args=[another.pk, "first"])).text


def test_somebody_elses_undertaking_cannot_be_chosen() -> None:
    version = service("first-service")
    theirs = Undertaking.objects.create(customer=build.customer("Other"), name="Theirs")
    browser = build.signed_in(build.customer())

    paper = begun(browser, version, str(theirs.pk))

    assert paper.undertaking_id != theirs.pk


def test_page_shows_what_belongs_to_it_and_takes_a_name() -> None:
    version = service("first-service")
    browser = build.signed_in(build.customer())
    one = begun(browser, version)
    filled_in(browser, one, event="The great feast")
    address = reverse("portal:undertaking", args=[one.undertaking_id])

    browser.post(address, {"name": "  The feast   in June "})

    text = browser.get(address).text
    assert "<h1>The feast in June</h1>" in text
    assert "The great feast" in text
    assert reverse("portal:application", args=[one.pk]) in text
    assert f"?undertaking={one.undertaking_id}" in text


def test_page_is_closed_to_others_and_to_oneself_acting_for_a_company() -> None:
    version = service("first-service")
    who = build.customer()
    one = begun(build.signed_in(who), version)
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    who.mandates.create(principal=company)
    address = reverse("portal:undertaking", args=[one.undertaking_id])

    assert build.signed_in(build.customer("Other")).get(address).status_code == 404
    assert browser_of(who, company).get(address).status_code == 404


def test_page_offers_nothing_that_is_begun_elsewhere() -> None:
    customer = build.customer()
    browser = build.signed_in(customer)
    paper = begun(browser, service("here"))
    build.version(key="elsewhere", own_service={"sv": "https://example.com/"})

    html = browser.get(reverse("portal:undertaking", args=[paper.undertaking_id])).content.decode()

    assert reverse("portal:service", args=["here"]) in html
    assert reverse("portal:service", args=["elsewhere"]) not in html
