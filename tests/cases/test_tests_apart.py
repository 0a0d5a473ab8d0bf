"""What comes of testing a version is kept apart: no place that lists, counts or tells of cases knows of it, but the test's own page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications import attachments, carrying, dryrun, keeping, undertakings
from apps.applications.models import Application, Attachment, ShownDraft
from apps.cases import documents, handover, intake, letters, personaldata, statistics, testcases, trial
from apps.cases import keeping as cases_keeping
from apps.cases.desk import keeping as desk_keeping
from apps.cases.desk.filters import Reach
from apps.cases.desk.frontpage import front_page
from apps.cases.models import Case, Consultation, Document, Event, NotAllowed
from apps.cases.statistics import Period
from apps.people.models import Customer, LogLine
from apps.portal.catalogue import undertakings_to_choose
from apps.services import publishing, rehearsing
from apps.services.models import Version
from apps.sync import duties
from apps.sync.models import Delivery, Notice
from apps.sync.receivers.handover import Handover
from tests import build
from tests.build import NOW, TODAY, field, page

pytestmark = pytest.mark.django_db
LATE = NOW + timedelta(days=4000)


@pytest.fixture
def case() -> Case:
    """A case of a test, in handling, of a service of which a version is published; overdue, and told of in every way there is."""
    limit = {"length": 1, "unit": "days", "from": "arrival"}
    build.version(page("first", field("text", "title", common=True)))
    next_one = build.version(
        page("first", field("text", "title", common=True), field("file", "plan", required=False)),
        published=False,
        keep_days=1,
        handling_limit=limit,
    )
    service = next_one.service
    service.email, service.handover_on = "role@example.com", ["received", "close"]
    service.save()
    who = build.customer("Tester")
    Customer.objects.filter(pk=who.pk).update(email="tester@example.com")
    who.refresh_from_db()
    made = build.tried(next_one, by=who)
    made.take_step("take_up", by=build.official(), at=NOW)
    return made


def desk(role: str = "handler", of: str = "example-town", **more: Any) -> Client:
    """Somebody of an authority, reading English."""
    user = build.official(f"{role}-{of}", of=build.authority(of), role=role)
    return build.signed_in(user, headers={"accept-language": "en"}, **more)


def handler() -> Any:
    return build.official()


# --- every place -----------------------------------------------------------------------------------------------------

Place = Callable[[Case], Any]


def on_page(address: str, role: str = "handler") -> Place:
    """Whether a page of the desk names the case."""
    return lambda case: str(case.number) in desk(role).get(address, follow=True).content.decode()


def found_by_number(case: Case) -> bool:
    answer = desk().post("/admin/cases/case/search/", {"q": str(case.number), "kept": ""}, follow=True)
    return list(answer.context["cl"].result_list) != []


def exported(case: Case) -> bool:
    answer = desk().post("/admin/cases/case/several/", {"act": "csv", "case": [str(case.pk)]})
    return str(case.number) in (b"".join(answer) if answer.streaming else answer.content).decode("utf-8", "replace")


def moved_with_several(case: Case) -> bool:
    lines = case.events.count()
    desk().post("/admin/cases/case/several/", {"act": "assign", "case": [str(case.pk)], "handler": str(handler().pk)})
    return case.events.count() != lines


def packages_downloaded(case: Case) -> bool:
    answer = desk().post("/admin/cases/case/packages/", {"case": [str(case.pk)]})
    if answer.streaming:
        list(answer.streaming_content)  # type: ignore[attr-defined]
    for close in answer._resource_closers:  # type: ignore[attr-defined]  # not `close`: the connection would go with it
        close()
    return answer.headers["Content-Type"] == "application/zip"


def counted_on_front_page(case: Case) -> int:
    front = front_page(handler(), TODAY + timedelta(days=30))
    assert front is not None
    return sum(count.number for count in (*front.mine, *front.everybodys)) + len(front.urgent)


def in_figures(case: Case) -> int:
    found = statistics.figures([case.service], Period(TODAY, TODAY + timedelta(days=7)))
    loads = sum(load.total for load in (*found.handlers, *found.services))
    return loads + sum(week.arrived + week.ended for week in found.weeks)


def kept_for(case: Case) -> int:
    closed(case)
    rows, leaving = desk_keeping.overview([case.service], date(2037, 1, 1))
    return sum(sum(row.cells) for row in rows) + len(leaving)


def forgotten(case: Case) -> int:
    closed(case)
    return cases_keeping.forget_what_is_due(LATE).cases


def closed(case: Case) -> None:
    case.take_step("close", by=handler(), at=NOW, outcome="noted", text="So be it")
    Case.objects.update(uncollected_from=None, settled_at=NOW, handed_over_at=NOW)


def told_by_mail(case: Case) -> dict[int, Any]:
    case.take_step("write", by=handler(), at=NOW, text="A word")
    return letters.recipients(list(case.events.all()))


def packed(case: Case) -> bool:
    try:
        handover.package(case)
    except handover.NothingToHandOver:
        return False
    return True


def dropped_in_the_folder(case: Case) -> list[Any]:
    return Handover.addresses(list(case.events.all()))


def told_of_due_day(case: Case) -> int:
    assert case.due_on is not None
    duties.warn_of_due_days(NOW + timedelta(days=30))
    return Notice.objects.count()


def reminded_of_draft(case: Case) -> int:
    draft_of(case)
    duties.remind_of_drafts(NOW + timedelta(days=400))
    return Notice.objects.count()


def draft_of(case: Case) -> Application:
    """One more draft of the test."""
    return build.trying(case.application.version, by=case.application.customer)


def shown_to_the_authority(case: Case) -> bool:
    draft = draft_of(case)
    Application.objects.filter(pk=draft.pk).update(shown_at=NOW)
    row = ShownDraft.objects.get(pk=draft.pk)
    address = "/admin/applications/showndraft/"
    return desk().get(f"{address}{row.pk}/change/").status_code == 200 or "An example" in str(
        desk().get(address).content
    )


def asked_of_another_authority(case: Case) -> Any:
    other = build.authority("other")
    case.take_step("consult", by=handler(), at=NOW, authority=other, text="What do you say?", with_paper=True)
    asked = build.official("asked", of=other)
    assert case.party_of(asked) is None
    return list(Consultation.objects.visible_to(asked)) or on_consultations(case)


def on_consultations(case: Case) -> bool:
    return str(case.number) in desk(of="other").get("/admin/cases/consultation/", follow=True).content.decode()


def transferred(case: Case) -> bool:
    from apps.cases.transferring import transfer  # noqa: PLC0415 (one place of many)

    there = build.version(key="there", authority="other")
    with pytest.raises(NotAllowed, match="test"):
        transfer(case, by=handler(), to="Other", text="Yours", service=there.service, at=NOW)
    return Case.objects.filter(service=there.service).exists()


def judged_by_a_dry_run(case: Case) -> int:
    seen = trial.trial_of(case.application.version, handler())
    return seen.looked_at + dryrun.dry_run(case.application.version).looked_at


def left_behind_by_a_version(case: Case) -> int:
    draft_of(case)
    newest = build.version(page("first", field("text", "other")), published=False)
    return carrying.drafts_left_behind(newest)


def offered_to_a_real_application(case: Case) -> Any:
    draft, who = (
        build.application(case.service.published, by=case.application.customer, answers={}),
        case.application.customer,
    )
    undertakings.give_one(draft, who)
    Application.objects.filter(pk=case.application_id).update(undertaking=draft.undertaking)
    return undertakings.offered(draft, who)


def to_be_chosen_as_an_undertaking(case: Case) -> list[Any]:
    who = case.application.customer
    undertakings.give_one(case.application, who)
    return undertakings_to_choose(who)


def listed_as_deliveries(case: Case) -> int:
    from apps.sync.models import Receiver  # noqa: PLC0415 (one place of many)

    receiver = Receiver.objects.get(key="national")
    Delivery.objects.create(receiver=receiver, case=case, event=case.events.get(number=1), number=1)
    return Delivery.objects.visible_to(handler()).count() + on_page("/admin/sync/delivery/")(case)


PLACES: dict[str, Place] = {
    "the list": on_page("/admin/cases/case/"),
    "the list, all open": on_page("/admin/cases/case/?status=open"),
    "the list, overdue": on_page("/admin/cases/case/?due=overdue"),
    "the front page": on_page("/admin/"),
    "the front page's counts": counted_on_front_page,
    "what a list may show at all": lambda case: Case.objects.visible_to(handler()).count(),
    "what filters and saved views look through": lambda case: Reach(handler()).cases.count(),
    "a search for its number": found_by_number,
    "an export": exported,
    "several at once": moved_with_several,
    "packages of several": packages_downloaded,
    "figures": in_figures,
    "the page of figures": lambda case: on_page("/admin/cases/case/statistics/", "manager")(case),
    "what will be deleted": kept_for,
    "the page of what will be deleted": on_page("/admin/cases/case/keeping/", "manager"),
    "what is forgotten in time": forgotten,
    "letters": told_by_mail,
    "a package for case management": packed,
    "the folder of the hand-over": dropped_in_the_folder,
    "due days told of": told_of_due_day,
    "reminders of drafts": reminded_of_draft,
    "drafts shown with consent": shown_to_the_authority,
    "another authority that is asked": asked_of_another_authority,
    "another authority's service": transferred,
    "dry runs": judged_by_a_dry_run,
    "drafts that a new version leaves behind": left_behind_by_a_version,
    "common data of an undertaking": offered_to_a_real_application,
    "undertakings to choose": to_be_chosen_as_an_undertaking,
    "deliveries": listed_as_deliveries,
}


@pytest.mark.thorough
@pytest.mark.parametrize("place", PLACES)
def test_no_place_knows_of_a_test(case: Case, place: str, settings: Settings) -> None:
    settings.MAIL_IS_SENT = True

    assert not PLACES[place](case)


@pytest.mark.parametrize(
    "place",
    [
        "the list",
        "the front page's counts",
        "what a list may show at all",
        "a search for its number",
        "figures",
        "what will be deleted",
        "what is forgotten in time",
        "packages of several",
        "letters",
        "a package for case management",
        "the folder of the hand-over",
        "due days told of",
        "dry runs",
    ],
)
def test_the_same_places_know_of_what_is_real(case: Case, place: str, settings: Settings) -> None:
    """So that none of them is silent for another reason."""
    settings.MAIL_IS_SENT = True
    Case.objects.filter(pk=case.pk).update(is_test=False)
    Application.objects.filter(pk=case.application_id).update(is_test=False)

    assert PLACES[place](Case.objects.get(pk=case.pk))


# --- where it is found all the same ----------------------------------------------------------------------------------


def test_a_persons_data_hold_their_tests(case: Case) -> None:
    tester, key = rehearsing.add_tester(case.application.version.rehearsal, "Some Body")
    rehearsing.bind(tester, case.application.customer)

    found = personaldata.gather(personaldata.Person((case.application.customer,)))

    assert f"cases/{case.number}/case.json" in found.documents
    assert found.documents["person.json"]["invited to test"][0]["name"] == "Some Body"
    assert rehearsing.digest_of(key) not in str(found.documents)


def test_handler_handles_a_test_to_its_end(case: Case) -> None:
    browser = desk()
    address = f"/admin/cases/case/{case.pk}/change/"

    html = browser.get(address).content.decode()
    assert "TEST – the authority does not handle this" in html
    assert "Download the package" not in html
    assert "It is a test: it is deleted with the other papers of the test" in html
    assert "TEST – " in browser.get(f"/admin/cases/case/{case.pk}/step/close/").content.decode()

    browser.post(f"/admin/cases/case/{case.pk}/step/close/", {"outcome": "noted", "text": "So be it"})
    case.refresh_from_db()
    assert case.status == "closed"


def test_page_of_what_is_real_is_not_marked(case: Case) -> None:
    real = build.case(case.service.published)

    assert "TEST –" not in desk().get(f"/admin/cases/case/{real.pk}/change/").content.decode()


def test_strangers_do_not_find_it(case: Case) -> None:
    for browser in (desk("designer"), desk("handler", of="other")):
        assert browser.get(f"/admin/cases/case/{case.pk}/change/").status_code == 404


def test_package_of_a_test_is_not_downloaded(case: Case) -> None:
    answer = desk().get(f"/admin/cases/case/{case.pk}/package/", follow=True)

    assert "there is nothing to hand over" in unescape(answer.content.decode())


# --- the page of a service's tests -----------------------------------------------------------------------------------


def list_of_tests(case: Case) -> str:
    return f"/admin/cases/case/service/{case.service_id}/tests/"


def test_handler_finds_the_cases_of_a_test_and_opens_them(case: Case) -> None:
    html = desk().get(list_of_tests(case)).content.decode()

    assert f'href="/admin/cases/case/{case.pk}/change/">{case.number}</a>' in html
    assert "Delete everything" not in html


def test_designer_sees_number_time_and_status_alone(case: Case) -> None:
    html = desk("designer").get(list_of_tests(case)).content.decode()

    assert str(case.number) in html
    assert f"/case/{case.pk}/change/" not in html
    assert "Tester" not in html.replace("Test versions and testers", "")
    assert "Delete everything of this test" in html


def test_page_is_for_who_defines_the_service_or_reads_its_cases(case: Case) -> None:
    build.official("limited", role="reader").memberships.update(only_services=["another"])
    limited = build.signed_in(build.official("limited", role="reader"))

    assert limited.get(list_of_tests(case)).status_code == 403
    assert desk("handler", of="other").get(list_of_tests(case)).status_code == 404
    assert Client().get(list_of_tests(case)).status_code == 302


def test_page_takes_as_many_queries_for_many_as_for_one(
    case: Case, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(4):
        build.tried(case.application.version, by=build.customer(f"Number {n}"))
        draft_of(case)
    browser = desk()

    with django_assert_max_num_queries(12):
        html = browser.get(list_of_tests(case)).content.decode()

    assert html.count("TEST-2027-") == 5
    assert "4 drafts have been begun and not sent." in html


# --- deleting --------------------------------------------------------------------------------------------------------


def full(case: Case) -> Case:
    """The test with files, a message, a supplement asked for and begun, a delivery and a consultation."""
    paper = draft_of(case)
    attachment = attachments.receive(paper, "plan", SimpleUploadedFile("plan.pdf", build.PDF))
    attachment.save()
    paper.answers["plan"] = [attachment.known()]
    paper.save()
    second = intake.send(paper, at=NOW)
    by = handler()
    second.take_step("take_up", by=by, at=NOW)
    with documents.received([SimpleUploadedFile("reply.pdf", build.PDF)]) as files:
        second.take_step("write", by=by, at=NOW, text="A word", files=files)
    due = TODAY + timedelta(days=30)
    second.take_step("request_supplement", by=by, text="More", due=due, fields=["title"], at=NOW)
    intake.begin_supplement(second, second.application.customer)
    second.take_step("consult", by=by, at=NOW, authority=build.authority("other"), text="And you?")
    listed_as_deliveries(second)
    return second


def files() -> set[str]:
    """The files in the storage."""
    found: set[str] = set()

    def walk(folder: str) -> None:
        below, here = default_storage.listdir(folder)
        found.update(f"{folder}/{name}" for name in here)
        for name in below:
            walk(f"{folder}/{name}".lstrip("/"))

    try:
        walk("")
    except FileNotFoundError:
        return set()
    return found


def test_deleting_a_test_leaves_nothing_of_it_and_everything_else(
    case: Case, django_capture_on_commit_callbacks: Any
) -> None:
    real, before = build.case(case.service.published), files()
    other_test = build.tried(build.version(key="elsewhere", published=False))
    full(case)
    assert len(files()) == len(before) + 2

    with django_capture_on_commit_callbacks(execute=True):
        gone = testcases.delete_tests(case.application.version.rehearsal)

    assert (gone.cases, gone.drafts, gone.files) == (2, 1, 2)
    assert set(Case.objects.values_list("pk", flat=True)) == {real.pk, other_test.pk}
    assert set(Application.objects.values_list("pk", flat=True)) == {real.application_id, other_test.application_id}
    assert set(Event.objects.values_list("case", flat=True)) == {real.pk, other_test.pk}
    for model in (Attachment, Document, Delivery, Consultation):
        assert not model._default_manager.exists(), model
    assert files() == before
    assert Version.objects.filter(pk=case.application.version_id).exists()


def test_deleting_leaves_real_cases_of_the_same_version(case: Case) -> None:
    real = build.case(case.application.version, by=build.customer("Real"))

    testcases.delete_tests(case.application.version.rehearsal)

    assert list(Case.objects.all()) == [real]
    assert real.events.exists()


def test_designer_is_asked_and_then_deletes(case: Case) -> None:
    browser = desk("designer")
    address = f"{list_of_tests(case)}{case.application.version.number}/delete/"

    asked = browser.get(address).content.decode()
    assert "1 case with its diary" in asked
    assert Case.objects.exists()
    answer = browser.post(address, follow=True)

    assert "Everything of the test is deleted." in answer.content.decode()
    assert not Case.objects.exists()
    assert LogLine.objects.get(act="deleted").detail == "tests of version 2: cases 1, drafts 0, files 0"


@pytest.mark.parametrize("role", ["reader", "handler", "manager"])
def test_others_delete_nothing(case: Case, role: str) -> None:
    answer = desk(role).post(f"{list_of_tests(case)}{case.application.version.number}/delete/")

    assert answer.status_code == 403
    assert Case.objects.exists()


def test_real_cases_of_a_version_that_was_never_tested_are_not_deleted() -> None:
    real = build.case()

    answer = desk("designer").post(f"{list_of_tests(real)}1/delete/")

    assert answer.status_code == 404
    assert Case.objects.exists()


@pytest.mark.parametrize("how", ["ended", "published"])
def test_what_came_of_a_test_goes_by_itself_long_after_its_end(case: Case, how: str) -> None:
    if how == "ended":
        rehearsing.end(case.application.version.rehearsal, at=NOW)
    else:
        publishing.publish(case.application.version, by=None, at=NOW)

    assert duties.delete_content(NOW + testcases.KEPT)["cases of tests"] == 0
    assert duties.delete_content(NOW + testcases.KEPT + timedelta(minutes=1))["cases of tests"] == 1
    assert not Case.objects.exists()
    assert LogLine.objects.get(act="deleted").detail == "tests of version 2: cases 1, drafts 0, files 0"


def test_what_came_of_a_test_that_goes_on_stays(case: Case) -> None:
    duties.delete_content(LATE)

    assert Case.objects.exists()


def test_old_draft_of_a_test_is_deleted_without_a_reminder(case: Case, settings: Settings) -> None:
    settings.MAIL_IS_SENT = True
    draft = draft_of(case)
    Application.objects.filter(pk=draft.pk).update(changed_at=NOW)
    ends = keeping.kept_until(draft)
    assert ends is not None

    duties.delete_drafts(NOW + timedelta(days=400))

    assert not Application.objects.filter(pk=draft.pk).exists()
    assert not Notice.objects.exists()
