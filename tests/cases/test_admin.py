"""The cases' room: the list, the folder, every step, the files; and a whole case from arrival to outcome."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.applications import attachments
from apps.applications.models import Application, Attachment
from apps.cases import intake
from apps.cases.duedates import working_day_from
from apps.cases.models import Case, Document
from apps.cases.rulebook import OUTCOMES, TABLE, Party
from apps.cases.stepfields import ASKED
from apps.cases.stepwords import FILES_LABELS, MEANINGS, TEXT_LABELS
from apps.people.models import Customer, Principal, User
from apps.services.texts import HELSINKI, date_words
from tests import build

pytestmark = pytest.mark.django_db

PDF = build.PDF
ENGLISH = {"accept-language": "en"}


def handler(name: str = "handler", **more: Any) -> Client:
    """A handler of the authority, reading English."""
    return build.signed_in(build.official(name, **more), headers=ENGLISH)


def address(case: Case, *more: object) -> str:
    """An address of the case."""
    return "/".join(["/admin/cases/case", str(case.pk), *map(str, more), ""])


def page_of(case: Case, browser: Client) -> str:
    """The case's page."""
    answer = browser.get(address(case, "change"))
    assert answer.status_code == 200
    return answer.content.decode()


def with_file(draft: Application, field: str, name: str = "plan.pdf", content: bytes = PDF) -> Attachment:
    """Add a file to a draft, as its page does."""
    attachment = attachments.receive(draft, field, SimpleUploadedFile(name, content))
    attachment.save()
    draft.answers[field] = [*draft.answers.get(field, []), attachment.known()]
    draft.save()
    return attachment


def said_in(answer: Any) -> list[str]:
    """The messages on a page."""
    return [str(message) for message in answer.context["messages"]]


def days(count: int) -> str:
    """A day from today, as one writes it."""
    return date_words(timezone.localdate(timezone=HELSINKI) + timedelta(days=count))


def working(count: int) -> str:
    """That day, or the next working day after it."""
    return date_words(working_day_from(timezone.localdate(timezone=HELSINKI) + timedelta(days=count)))


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_says_what_one_needs_of_each_case_newest_first() -> None:
    older = build.case()
    newer = build.case(at=build.NOW + timedelta(days=1), by=build.customer("Second"))
    official = build.official()
    newer.take_step("take_up", by=official, at=build.NOW)
    newer.take_step("request_supplement", by=official, text="More", due=build.TODAY, fields=[])

    answer = handler().get("/admin/cases/case/")

    assert [case.pk for case in answer.context["cl"].result_list] == [newer.pk, older.pk]
    rows = answer.content.decode()
    for expected in (
        str(newer),
        "Name of example",
        "Second Customer",
        "Supplement requested",
        "2.3.2027, 11:30",
        "1.3.2027",
    ):
        assert expected in rows


def test_the_list_is_filtered_by_status_service_and_handler() -> None:
    official = build.official()
    taken = build.case(build.version(key="second"))
    taken.take_step("take_up", by=official)
    waiting = build.case()
    browser = handler()

    def found(**by: str | int) -> list[int]:
        return [case.pk for case in browser.get("/admin/cases/case/", by).context["cl"].result_list]

    assert found(status="in_handling") == found(service="second") == found(handler="me") == [taken.pk]
    assert found(handler=official.pk) == [taken.pk]
    assert found(handler="nobody") == [waiting.pk]
    assert set(found(status="x", service="\0", handler="99999999999999999999")) == {taken.pk, waiting.pk}


def test_the_service_filter_offers_own_services_only() -> None:
    build.version(key="ours")
    build.version(key="theirs", authority="other")

    filters = handler().get("/admin/cases/case/").context["cl"].filter_specs

    (services,) = [one for one in filters if one.parameter_name == "service"]
    assert [key for key, _name in services.lookup_choices] == ["ours"]


def test_an_address_cannot_ask_the_list_for_anything_else() -> None:
    build.case()

    assert handler().get("/admin/cases/case/?application__answers__title__startswith=A").status_code == 400


def test_a_superuser_is_told_why_the_list_is_empty() -> None:
    case = build.case()

    page = build.signed_in(build.superuser(), headers=ENGLISH).get("/admin/cases/case/").content.decode()

    assert "Cases are shown to members of the authority." in page
    assert str(case) not in page


def test_nobody_adds_deletes_or_edits_a_case() -> None:
    case, browser = build.case(), handler()

    assert browser.post("/admin/cases/case/add/", {}).status_code == 403
    assert browser.post(address(case, "delete"), {"post": "yes"}).status_code == 403
    assert browser.post(address(case, "change"), {"status": "closed"}).status_code == 405
    case.refresh_from_db()
    assert case.status == "received"


# --- the folder ------------------------------------------------------------------------------------------------------


def test_answers_stand_in_the_order_of_the_form_with_their_labels() -> None:
    version = build.version(
        build.page("first", build.field("text", "title"), build.field("yes_no", "loud")),
        build.page("second", build.field("long_text", "story", required=False)),
    )
    answers = {"story": "One\nTwo <b>", "loud": True, "title": "A title"}
    case = build.case(version, answers=answers)

    page = page_of(case, handler())

    places = [
        page.index(text) for text in ("First", "Title", "A title", "Loud", "Second", "Story", "One\nTwo &lt;b&gt;")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(("language", "label"), [("sv", "Title sv"), ("fi", "Title fi"), ("en", "Title<")])
def test_questions_are_in_the_language_of_the_page(language: str, label: str) -> None:
    case = build.case(language="fi")

    assert label in page_of(case, build.signed_in(build.official(), headers={"accept-language": language}))


def test_the_folder_asks_as_much_with_a_long_history(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    case, browser, official = build.case(), handler(), build.official()
    with django_assert_num_queries(13):
        page_of(case, browser)

    case.take_step("take_up", by=official)
    for text in ("One", "Two"):
        case.take_step("request_supplement", by=official, text=text, due=build.TODAY, fields=["title"])
        paper = intake.begin_supplement(case, case.application.customer)
        paper.answers |= {"supplement_text": text}
        paper.save()
        intake.send(paper, at=build.NOW)
        case.refresh_from_db()
    with django_assert_num_queries(13):
        page_of(case, browser)


def test_the_folder_says_what_the_national_service_has() -> None:
    case = build.case()
    case.take_step("take_up", by=build.official())
    case.note_acknowledged("national", 1, build.NOW)

    page = page_of(case, handler())

    has, has_not = page.index("The national service has this"), page.index("Not yet passed on to the national service")
    assert page.index("Received by the authority") < has < page.index("Taken up for handling</p>") < has_not


def test_what_can_be_done_is_what_the_rule_book_offers() -> None:
    case, browser = build.case(), handler()

    page = page_of(case, browser)
    assert f'action="{address(case, "step", "take_up")}"' in page
    assert f'href="{address(case, "step", "transfer")}"' in page
    assert "step/close" not in page

    reader = build.signed_in(build.official("reads", role="reader"), headers=ENGLISH)
    assert "/step/" not in page_of(case, reader)
    assert "You may read this case. Its handlers take the steps." in page_of(case, reader)


def test_drafts_and_their_files_are_not_shown() -> None:
    version = build.version(
        build.page("first", build.field("text", "title"), build.field("file", "plan", required=False))
    )
    case = build.case(version)
    draft = build.application(version, answers={"title": "Not sent"})
    file = with_file(draft, "plan", "secret.pdf")
    official = build.official()
    case.take_step("take_up", by=official)
    case.take_step("request_supplement", by=official, text="More", due=build.TODAY, fields=["plan"])
    supplement = intake.begin_supplement(case, case.application.customer)
    supplement.answers |= {"supplement_text": "Half written"}
    supplement.save()
    half = with_file(supplement, "plan", "half.pdf")

    page = page_of(case, handler())

    assert "Half written" not in page
    for attachment in (file, half):
        assert attachment.name not in page
        assert handler().get(address(case, "files", attachment.pk)).status_code == 404


# --- files -----------------------------------------------------------------------------------------------------------


def filed() -> tuple[Case, Attachment]:
    """A case with a file."""
    version = build.version(build.page("first", build.field("text", "title"), build.field("file", "plan")))
    draft = build.application(version)
    attachment = with_file(draft, "plan", "ritning åäö.pdf")
    return intake.send(draft, at=build.NOW), attachment


def test_a_file_is_given_back_byte_for_byte_and_is_not_opened_by_the_browser() -> None:
    case, attachment = filed()

    answer = handler().get(address(case, "files", attachment.pk))

    assert b"".join(answer) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer["Cache-Control"]


def test_the_folder_shows_a_file_with_its_size_type_and_digest() -> None:
    case, attachment = filed()

    page = page_of(case, handler())

    for expected in (address(case, "files", attachment.pk), "ritning åäö.pdf", "1 kB", "application/pdf"):
        assert expected in page
    assert hashlib.sha256(PDF).hexdigest() in page


def test_a_file_of_another_case_is_not_found_through_this_one() -> None:
    _case, attachment = filed()
    other = build.case()

    assert handler().get(address(other, "files", attachment.pk)).status_code == 404


# --- steps -----------------------------------------------------------------------------------------------------------


def test_every_need_of_a_handlers_step_has_a_question_and_every_step_its_words() -> None:
    steps = [step for step in TABLE if step.by is not Party.CUSTOMER]

    assert {need for step in steps for need in (*step.needs, *step.may)} == set(ASKED)
    assert {step.name for step in steps} == set(MEANINGS)
    assert {step.name for step in steps if "text" in step.needs} == set(TEXT_LABELS)
    assert {step.name for step in steps if "files" in step.may} == set(FILES_LABELS)


def test_a_whole_case_from_taking_up_to_its_outcome() -> None:
    version = build.version(
        build.page("first", build.field("text", "title"), build.field("file", "plan", required=False))
    )
    case, browser = build.case(version), handler()

    taken = browser.post(address(case, "step", "take_up"), follow=True)
    assert said_in(taken) == [f"{case.number}: Taken up for handling"]
    browser.post(
        address(case, "step", "request_supplement"), {"text": "A plan, please", "due": working(3), "fields": "plan"}
    )
    case.refresh_from_db()
    paper = intake.begin_supplement(case, case.application.customer)
    paper.answers["supplement_text"] = "Here it is"
    file = with_file(paper, "plan")
    intake.send(paper)
    page = page_of(case, browser)
    assert page.index("An example") < page.index("Supplement 1") < page.index("Here it is")
    assert b"".join(browser.get(address(case, "files", file.pk))) == PDF
    browser.post(address(case, "step", "close"), {"outcome": "noted", "text": "Thank you"})

    case.refresh_from_db()
    assert (case.status, case.outcome, case.outcome_text) == ("closed", "noted", "Thank you")
    kinds = ["received", "take_up", "request_supplement", "supplement", "close"]
    assert [event.kind for event in case.events.order_by("number")] == kinds
    assert str(case.handler) == "handler"
    page = page_of(case, browser)
    assert "The case has ended. It can still be written about." in page
    assert "step/close" not in page
    for diary_text in ("A plan, please", working(3), "Plan", "Noted", "Thank you"):
        assert diary_text in page


def test_asking_for_a_supplement_offers_the_questions_and_two_weeks() -> None:
    case, browser = build.case(), handler()
    browser.post(address(case, "step", "take_up"))

    form = browser.get(address(case, "step", "request_supplement")).context["form"]

    assert form["due"].value() == working(14)
    assert form.fields["fields"].choices == [("First", [("title", "Title")])]


def test_questions_to_answer_again_stand_under_their_pages_and_stay_chosen() -> None:
    name = build.field("text", "name")
    version = build.version(build.page("organiser", name), build.page("contact", {**name, "key": "contact_name"}))
    case = build.case(version, answers={"name": "A", "contact_name": "B"})
    browser = handler()
    browser.post(address(case, "step", "take_up"))

    page = browser.post(address(case, "step", "request_supplement"), {"fields": "contact_name"}).content.decode()

    assert page.index(">Organiser</legend>") < page.index('value="name"') < page.index(">Contact</legend>")
    assert 'id="id_fields_1" value="contact_name" checked>' in page
    assert 'value="name" checked' not in page


@pytest.mark.parametrize("kind", OUTCOMES)
def test_closing_offers_the_outcomes_of_the_services_kind(kind: str) -> None:
    case, browser = build.case(build.version(kind=kind)), handler()
    browser.post(address(case, "step", "take_up"))

    form = browser.get(address(case, "step", "close")).context["form"]

    assert dict(form.fields["outcome"].choices) == OUTCOMES[kind]


@pytest.mark.parametrize(
    ("step", "typed", "wrong"),
    [
        ("request_supplement", {"text": "  ", "due": days(1)}, "text"),
        ("request_supplement", {"text": "x" * 4_001, "due": days(1)}, "text"),
        ("request_supplement", {"text": "bell \x07", "due": days(1)}, "text"),
        ("request_supplement", {"text": "null \0", "due": days(1)}, "text"),
        ("request_supplement", {"text": "Typed", "due": days(-1)}, "due"),
        ("request_supplement", {"text": "Typed", "due": "31.2.2027"}, "due"),
        ("request_supplement", {"text": "Typed", "due": ""}, "due"),
        ("request_supplement", {"text": "Typed", "due": days(1), "fields": "no_such_field"}, "fields"),
        ("close", {"text": "Typed"}, "outcome"),
        ("close", {"text": "Typed", "outcome": "granted"}, "outcome"),
        ("transfer", {"text": "Typed", "to": "x" * 201}, "to"),
        ("leave_unexamined", {"text": ""}, "text"),
    ],
)
def test_a_form_filled_in_wrongly_says_so_at_the_field_and_keeps_what_was_typed(
    step: str, typed: dict[str, str], wrong: str
) -> None:
    case, browser = build.case(), handler()
    browser.post(address(case, "step", "take_up"))

    answer = browser.post(address(case, "step", step), typed)

    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {wrong}
    assert answer.content.decode().count("<title>Error:") == 1
    assert answer.context["form"]["text"].value() == typed["text"]
    assert f'id="id_{wrong}_error"' in answer.content.decode()
    assert case.events.count() == 2


def test_today_is_still_in_time_for_a_supplement() -> None:
    case, browser = build.case(), handler()
    browser.post(address(case, "step", "take_up"))

    browser.post(address(case, "step", "request_supplement"), {"text": "Soon", "due": days(0)})

    assert date_words(case.supplement_requests.get().due) == working(0)


def test_of_two_handlers_at_once_the_second_is_refused_politely() -> None:
    case, first, second = build.case(), handler("first"), handler("second")
    first.get(address(case, "change"))
    second.get(address(case, "change"))

    first.post(address(case, "step", "take_up"))
    answer = second.post(address(case, "step", "take_up"), follow=True)

    (refusal,) = said_in(answer)
    assert refusal.startswith("This cannot be done while the case's status is “Being handled”.")
    case.refresh_from_db()
    assert str(case.handler) == "first"
    assert case.events.count() == 2


@pytest.mark.parametrize("step", ["close", "withdraw", "supplement", "resume"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_step_that_is_not_possible_leads_back_with_a_reason(step: str, method: str) -> None:
    case, browser = build.case(), handler()

    answer = getattr(browser, method)(address(case, "step", step), follow=True)

    assert answer.redirect_chain == [(address(case, "change"), 302)]
    assert len(said_in(answer)) == 1
    assert case.events.count() == 1


def test_a_message_goes_to_the_customer_with_its_files() -> None:
    case, browser = build.case(), handler()

    browser.post(address(case, "step", "write"), {"text": "Here is a map", "files": SimpleUploadedFile("map.pdf", PDF)})

    line = case.events.get(kind="write")
    document = line.documents.get()
    assert line.data == {"text": "Here is a map", "files": [document.known()]}
    page = page_of(case, browser)
    assert "Here is a map" in page
    assert address(case, "files", document.pk) in page
    given = browser.get(address(case, "files", document.pk))
    assert b"".join(given) == PDF
    assert given["Content-Disposition"].startswith("attachment; ")
    assert browser.get(address(build.case(), "files", document.pk)).status_code == 404


def test_a_message_of_the_customer_stands_in_the_diary_with_who_acted_for_whom() -> None:
    case, who = build.case(), build.customer()
    who.acting_for = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    Application.objects.update(principal=who.acting_for)
    case.application.refresh_from_db()
    case.take_step("reply", by=who, text="A question of mine")

    page = page_of(case, handler())

    assert "A question of mine" in page
    assert "Example Customer, on behalf of Exempel Ab (1234567-1)" in page


def test_the_list_and_the_folder_say_for_whom_and_through_whom() -> None:
    case, browser = for_company(), handler()
    case.take_step("take_up", by=build.official(), at=build.NOW)

    rows = unescape(browser.get("/admin/cases/case/").content.decode())

    said = "Exempel Ab (1234567-1), through Example Customer"
    assert said in rows
    assert said in page_of(case, browser)
    assert said in browser.get(address(case, "step", "close")).content.decode()


def for_company(**more: Any) -> Case:
    """A case somebody has sent for a company."""
    paper = build.application(**more)
    paper.principal = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    paper.save()
    return intake.send(paper, at=build.NOW)


# --- a protection order ----------------------------------------------------------------------------------------------

WHERE = ("hidden@example.com", "Hidden Street 1", "+358401234567")


def of_protected(*, protected: bool = True) -> Case:
    """A case with contact data in it, of somebody with a protection order."""
    who = build.customer()
    Customer.objects.filter(pk=who.pk).update(protected=protected)
    version = build.version(
        build.page("first", build.field("person", "who", address=True), build.field("text", "what"))
    )
    person = {
        "given_name": "Example",
        "family_name": "Customer",
        "address": {"street": WHERE[1], "where": "finland", "post_code": "00100", "town": "Helsinki"},
        "email": WHERE[0],
        "phone": WHERE[2],
    }
    return build.case(version, answers={"who": person, "what": "A thing"})


def shown_of(text: str) -> list[str]:
    """What of the contact data stands on a page."""
    return [one for one in WHERE if one in text or one.replace("+358401234567", "+358 40 1234567") in text]


def test_contact_data_are_hidden_by_a_protection_order_and_nothing_else() -> None:
    page = page_of(of_protected(), handler())

    assert shown_of(page) == []
    assert "Hidden: protection order" in page
    assert "Example Customer" in page
    assert "A thing" in page


def test_contact_data_are_shown_without_a_protection_order() -> None:
    page = page_of(of_protected(protected=False), handler())

    assert shown_of(page) == list(WHERE)
    assert "rotection order" not in page


def test_a_handler_shows_contact_data_once_and_it_is_written_down(caplog: pytest.LogCaptureFixture) -> None:
    case, browser = of_protected(), handler()

    with caplog.at_level("INFO", logger="access"):
        page = browser.post(address(case, "contact-data")).content.decode()

    user = User.objects.get(username="handler")
    assert shown_of(page) == list(WHERE)
    assert [r.getMessage() for r in caplog.records if r.name == "access"] == [
        f"contact data of {case.number} shown to user {user.pk}"
    ]
    assert shown_of(page_of(case, browser)) == [], "only that once"


def test_contact_data_are_not_shown_by_an_address_or_to_a_reader(caplog: pytest.LogCaptureFixture) -> None:
    case = of_protected()
    reader = build.signed_in(build.official("reads", role="reader"), headers=ENGLISH)

    assert handler().get(address(case, "contact-data"))["Location"] == address(case, "change")
    assert reader.post(address(case, "contact-data")).status_code == 403
    assert address(case, "contact-data") not in page_of(case, reader)
    assert not [r for r in caplog.records if r.name == "access"]


def test_contact_data_that_a_colleagues_supplement_repeats_are_hidden_too() -> None:
    case = of_protected()
    case.take_step("take_up", by=build.official(), at=build.NOW)
    case.take_step("request_supplement", by=build.official(), at=build.NOW, text="x", due=build.TODAY, fields=["who"])
    draft = intake.begin_supplement(case, case.application.customer)
    draft.answers["supplement_text"] = "Here it is"
    draft.save()
    intake.send(draft, at=build.NOW)
    Application.objects.filter(pk=draft.pk).update(customer=build.customer("Colleague"))

    page = page_of(case, handler())

    assert "Here it is" in page
    assert shown_of(page) == []


def test_the_decision_comes_with_the_outcome() -> None:
    case, browser = build.case(), handler()
    browser.post(address(case, "step", "take_up"))
    decision = SimpleUploadedFile("beslut.pdf", PDF)

    typed = {"outcome": "noted", "text": "Read it", "once": "a"}
    for _n in range(2):
        decision.seek(0)
        said = browser.post(address(case, "step", "close"), {**typed, "files": decision}, follow=True)
        assert said_in(said)[-1] == f"{case.number}: Handled"
    assert Document.objects.get().event == case.events.get(kind="close")


def test_the_register_number_is_shown_and_asked_for_with_the_one_there_is() -> None:
    case, browser = build.case(), handler()

    browser.post(address(case, "step", "register"), {"register_number": "EX/1/2027"})

    assert page_of(case, browser).count("EX/1/2027") == 2
    assert browser.get(address(case, "step", "register")).context["form"]["register_number"].value() == "EX/1/2027"
    assert set(browser.post(address(case, "step", "register"), {}).context["form"].errors) == {"register_number"}


def test_a_file_that_is_not_taken_keeps_what_was_typed_and_leaves_nothing() -> None:
    case, browser = build.case(), handler()

    answer = browser.post(
        address(case, "step", "write"), {"text": "Typed", "files": SimpleUploadedFile("page.pdf", b"<html>")}
    )

    page = answer.content.decode()
    assert set(answer.context["form"].errors) == {"files"}
    assert "Typed</textarea>" in page
    assert "The files must be chosen again" in page
    assert case.events.count() == 1
    assert not Document.objects.exists()


def test_files_that_are_too_much_together_are_told_of(settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    case = build.case()

    answer = handler().post(
        address(case, "step", "write"), {"text": "Typed", "files": SimpleUploadedFile("map.pdf", PDF)}
    )

    assert "map.pdf" in str(answer.context["form"].errors["files"])
    assert case.events.count() == 1


def test_a_message_that_came_too_late_is_not_lost() -> None:
    case, browser = build.case(), handler()
    opened = browser.get(address(case, "step", "write")).context["form"]["once"].value()
    case.take_step("withdraw", by=case.application.customer)

    answer = browser.post(address(case, "step", "write"), {"text": "Long in the writing", "once": opened})

    page = unescape(answer.content.decode())
    assert answer.status_code == 200
    assert "Long in the writing</textarea>" in page
    assert "This cannot be done while the case's status is" in page


def test_every_form_has_its_own_mark_and_keeps_it_when_it_is_shown_again() -> None:
    case, browser = build.case(), handler()
    marks = [browser.get(address(case, "step", "write")).context["form"]["once"].value() for _n in range(2)]
    again = browser.post(address(case, "step", "write"), {"text": "", "once": marks[0]})

    assert marks[0] != marks[1]
    assert f'name="once" id="id_once" value="{marks[0]}"' in again.content.decode()


def test_a_step_nobody_has_heard_of_is_not_found() -> None:
    assert handler().get(address(build.case(), "step", "burn")).status_code == 404


def test_a_step_is_not_taken_by_opening_its_address() -> None:
    case = build.case()

    assert handler().get(address(case, "step", "take_up")).status_code == 200
    assert case.events.count() == 1


def test_a_step_is_not_taken_for_another_site() -> None:
    case = build.case()
    browser = build.signed_in(build.official(), enforce_csrf_checks=True)

    assert browser.post(address(case, "step", "take_up")).status_code == 403
    assert case.events.count() == 1


def test_a_reader_is_told_that_handlers_take_the_steps() -> None:
    case = build.case()
    browser = build.signed_in(build.official(role="reader"), headers=ENGLISH)

    answer = browser.post(address(case, "step", "take_up"), follow=True)

    assert said_in(answer) == ["You may not take steps in this case."]
    assert case.events.count() == 1


def test_a_former_handler_still_has_a_name_in_the_diary() -> None:
    case, former = build.case(), build.official("former")
    case.take_step("take_up", by=former)
    User.objects.filter(pk=former.pk).delete()

    assert "former" in page_of(case, handler())


@pytest.mark.parametrize("pk", ["0", "999999999999999999999999", "x", "1%00", "_5F"])
def test_a_case_that_does_not_exist_is_not_found(pk: str) -> None:
    browser = handler()

    assert browser.get(f"/admin/cases/case/{pk}/change/").status_code == 404
    assert browser.get(f"/admin/cases/case/{pk}/step/take_up/").status_code in (302, 404)


def test_the_desk_says_at_a_file_what_to_know_before_it_is_opened() -> None:
    draft = build.application(build.version(build.page("first", build.field("file", "plan", max_files=2))), answers={})
    plain, acting = (with_file(draft, "plan", name) for name in ("plain.pdf", "acting.pdf"))
    Attachment.objects.filter(pk=plain.pk).update(scan="clean")
    Attachment.objects.filter(pk=acting.pk).update(active=True)
    case = intake.send(draft, at=build.NOW)

    page = page_of(case, handler())

    assert page.count('class="file__caution"') == 1
    after = page[page.index("acting.pdf") :]
    assert str(attachments.cautions([Attachment.objects.get(pk=acting.pk)])[str(acting.pk)]) in after
