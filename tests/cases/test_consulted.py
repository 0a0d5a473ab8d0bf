"""The room of an authority that was asked: it reads what the two have written, answers, and gets to nothing else of the case."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern
from pytest_django import DjangoAssertNumQueries

from apps.applications import attachments
from apps.applications.models import Attachment
from apps.cases import documents, intake
from apps.cases.models import Case, Consultation, Document, NotAllowed
from apps.cases.rulebook import TABLE, Party
from apps.people.models import Authority, Customer, LogLine, Membership, User
from tests import build

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
CODE, EMAIL = "131052-308T", "somebody@example.com"


def asked_authority(key: str = "asked") -> Authority:
    """An authority that is asked."""
    return build.authority(key)


def colleague(role: str = "handler", of: str = "asked") -> User:
    """Somebody of the authority that is asked."""
    return build.official(f"{of}-{role}", of=asked_authority(of), role=role)


def room(role: str = "handler", of: str = "asked") -> Client:
    """Their browser."""
    return build.signed_in(colleague(role, of), headers=ENGLISH)


def made() -> Case:
    """A case with personal data and a file in its paper."""
    version = build.version(
        build.page(
            "first",
            build.field("person", "who", identity_code=True),
            build.field("text", "title"),
            build.field("file", "plan"),
        )
    )
    person = {"given_name": "Ann", "family_name": "Example", "code": CODE, "email": EMAIL, "phone": "+358401234567"}
    draft = build.application(version, answers={"who": person, "title": "A title"})
    file = attachments.receive(draft, "plan", SimpleUploadedFile("plan.pdf", build.PDF))
    file.save()
    draft.answers["plan"] = [file.known()]
    draft.save()
    return intake.send(draft, at=build.NOW)


def said(case: Case, step: str, text: str, *, by: Any = None, **more: Any) -> Document:
    """Take a step that says something, with a file; gives the file."""
    with documents.received([SimpleUploadedFile(f"{step}.pdf", build.PDF)]) as files:
        event = case.take_step(step, by=by or build.official(), text=text, files=files, **more)
    return event.documents.get()


def asked(case: Case | None = None, *, of: str = "asked", **more: Any) -> Consultation:
    """A case about which an authority was asked."""
    case = case or made()
    said(case, "consult", f"Dear {of}", authority=asked_authority(of), **more)
    return case.consultations.get(authority__key=of)


def address(one: Consultation, *more: object) -> str:
    """An address of the consultation."""
    return "/".join(["/admin/cases/consultation", str(one.pk), *map(str, more or ("change",)), ""])


def page_of(one: Consultation, browser: Client | None = None) -> str:
    """Its page."""
    answer = (browser or room()).get(address(one))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def answer(one: Consultation, browser: Client | None = None, text: str = "It is so", **more: Any) -> Any:
    """Answer on its page."""
    return (browser or room()).post(address(one), {"text": text, **more}, follow=True)


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_says_who_asks_about_what_and_whether_it_waits() -> None:
    waits = asked()
    done = asked(build.case(build.version(key="second")))
    done.case.take_step("answer", by=colleague(), text="Yes")

    result = room().get("/admin/cases/consultation/")

    assert [one.pk for one in result.context["cl"].result_list] == [waits.pk, done.pk]
    page = result.content.decode()
    assert page.count("Waits for an answer from us</span>") == 1
    for expected in (str(waits.case), "example-town en", "Name of second", "asked en"):
        assert expected in page


def test_a_new_question_waits_again() -> None:
    one = asked()
    one.case.take_step("answer", by=colleague(), text="Yes")

    asked(one.case)

    one.refresh_from_db()
    assert one.answered_at is None


@pytest.mark.parametrize(("answer", "found"), [("waits", 1), ("given", 1), ("x", 3)])
def test_the_list_is_narrowed_to_what_waits(answer: str, found: int) -> None:
    asked()
    asked(build.case(build.version(key="second"))).case.take_step("answer", by=colleague(), text="Yes")
    over = asked(build.case(build.version(key="third")))
    over.case.take_step("withdraw", by=over.case.application.customer)

    assert room().get("/admin/cases/consultation/", {"answer": answer}).context["cl"].result_count == found


def test_the_list_asks_as_much_for_three_as_for_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    asked(build.case())
    browser = room()
    with django_assert_num_queries(5):
        browser.get("/admin/cases/consultation/")

    for key in ("second", "third"):
        asked(build.case(build.version(key=key), by=build.customer(key)))
    with django_assert_num_queries(5):
        browser.get("/admin/cases/consultation/")


def test_nobody_adds_deletes_or_edits_a_consultation() -> None:
    one = asked()

    assert room().post("/admin/cases/consultation/add/", {}).status_code == 403
    assert room().post(address(one, "delete"), {"post": "yes"}).status_code == 403


# --- what it sees ----------------------------------------------------------------------------------------------------


def test_the_page_shows_what_the_two_have_written_and_nothing_else() -> None:
    case = made()
    said(case, "write", "Dear customer")
    said(case, "reply", "Dear authority", by=case.application.customer)
    said(case, "note", "Mind the gap")
    one, third = asked(case), asked(case, of="third")
    said(case, "answer", "The third says", by=colleague(of="third"))
    said(case, "answer", "We say", by=colleague())

    page = page_of(one)

    for shown in (str(case), "Name of example", "example-town en", "Dear asked", "We say", "consult.pdf", "answer.pdf"):
        assert shown in page
    for hidden in (
        "Dear customer",
        "Dear authority",
        "Mind the gap",
        "Dear third",
        "The third says",
        "A title",
        "Ann",
        EMAIL,
    ):
        assert hidden not in page
    assert "The third says" in page_of(third, room(of="third"))


def test_the_papers_are_shown_when_the_asking_authority_says_so() -> None:
    one = asked(with_paper=True)

    page = page_of(one)

    assert "A title" in page
    assert EMAIL in page
    assert CODE not in page
    assert "identity-codes" not in page


def test_protected_contact_data_are_never_shown() -> None:
    Customer.objects.filter(pk=build.customer().pk).update(protected=True)
    one = asked(with_paper=True)

    page = page_of(one)

    assert "Hidden: protection order" in page
    assert EMAIL not in page
    assert "contact-data" not in page


def test_a_case_whose_content_is_deleted_is_gone_here_too() -> None:
    one = asked()
    Case.objects.update(forgotten_at=build.NOW)

    assert room().get(address(one)).status_code == 404


# --- whose it is -----------------------------------------------------------------------------------------------------


def test_nobody_else_finds_it() -> None:
    one = asked()
    asked(one.case, of="third")
    limited = colleague("manager")
    Membership.objects.filter(user=limited).update(only_services=["something"])
    others = {
        "third": room(of="third"),
        "stranger": room(of="stranger"),
        "asking": build.signed_in(build.official()),
        "designer": room("designer"),
        "keeper": build.signed_in(build.superuser()),
        "limited": build.signed_in(limited),
    }

    for who, browser in others.items():
        for where in (address(one), address(one, "files", Document.objects.first().pk)):  # type: ignore[union-attr]
            assert browser.get(where).status_code in (403, 404), (who, where)
        assert answer(one, browser).status_code in (403, 404), who
    assert not one.case.events.filter(kind="answer").exists()


@pytest.mark.thorough
def test_one_who_is_asked_reaches_no_other_address_of_the_case() -> None:
    one = asked(with_paper=True)
    paper, document = Attachment.objects.get(), Document.objects.get()
    browser, before = room("manager"), one.case.events.count()

    for found in case_addresses(one.case, (paper.pk, document.pk)):
        for method in (browser.get, browser.post):
            status = method(found).status_code
            assert status in (403, 404, 405), found
    assert one.case.events.count() == before
    assert browser.get(f"/admin/cases/case/{one.case.pk}/history/").status_code == 404
    assert str(one.case) not in browser.get("/admin/cases/case/").content.decode()


def case_addresses(case: Case, files: tuple[object, ...]) -> list[str]:
    """Every address of the cases' room that is of one case."""
    patterns = admin.site._registry[Case].get_urls()
    routes = [str(one.pattern) for one in patterns if isinstance(one, URLPattern) and "pk>" in str(one.pattern)]
    found = [f"{case.pk}/change/", f"{case.pk}/delete/"]
    for route in routes:
        for file in files:
            for step in TABLE:
                place = route.replace("<int:pk>", str(case.pk)).replace("<slug:name>", step.name)
                for kind in ("file", "attachment", "document"):
                    place = place.replace(f"<uuid:{kind}>", str(file))
                found.append(place.replace("<int:page>", "1"))
    return [f"/admin/cases/case/{place}" for place in sorted(set(found)) if "<" not in place]


def test_one_who_is_asked_takes_no_step_but_the_answer() -> None:
    one = asked()

    assert [step.name for step in one.case.steps_for(colleague())] == ["answer"]
    for step in TABLE:
        if step.by is not Party.CONSULTED:
            with pytest.raises(NotAllowed):
                one.case.take_step(step.name, by=colleague(), **dict.fromkeys(step.needs, "x"))  # type: ignore[arg-type]


# --- answering -------------------------------------------------------------------------------------------------------


def test_an_answer_goes_into_the_diary_with_its_files() -> None:
    one = asked()

    result = answer(one, files=SimpleUploadedFile("map.pdf", build.PDF))

    assert [str(message) for message in result.context["messages"]] == [f"{one.case}: The other authority answered"]
    line = one.case.events.get(kind="answer")
    assert (line.data["text"], line.data["authority"]) == ("It is so", "asked")
    page = page_of(one)
    assert "It is so" in page
    assert address(one, "files", line.documents.get().pk) in page


def test_an_answer_is_one_however_often_it_is_sent() -> None:
    one, browser = asked(), room()
    once = browser.get(address(one)).context["form"]["once"].value()

    for _n in range(2):
        answer(one, browser, once=once)

    assert one.case.events.filter(kind="answer").count() == 1


def test_an_answer_without_words_says_so_at_the_field() -> None:
    one = asked()

    result = answer(one, text=" ")

    assert set(result.context["form"].errors) == {"text"}
    assert result.content.decode().count("<title>Error:") == 1


def test_a_reader_reads_and_does_not_answer() -> None:
    one = asked()

    assert "<textarea" not in page_of(one, room("reader"))
    result = answer(one, room("reader"))
    assert [str(message) for message in result.context["messages"]] == ["You cannot answer here."]
    assert not one.case.events.filter(kind="answer").exists()


def test_a_case_that_has_ended_is_read_and_not_answered() -> None:
    one = asked()
    one.case.take_step("withdraw", by=one.case.application.customer)

    page = page_of(one)

    assert "Dear asked" in page
    assert "<textarea" not in page


def test_what_was_written_while_the_case_ended_is_not_lost() -> None:
    one = asked()
    one.case.take_step("withdraw", by=one.case.application.customer)

    page = unescape(answer(one, text="Long in the writing").content.decode())

    assert "Long in the writing</textarea>" in page
    assert "This cannot be done while the case's status is" in page
    assert not one.case.events.filter(kind="answer").exists()


def test_one_who_works_for_two_answers_for_the_one_whose_page_it_is() -> None:
    one = asked()
    other = asked(one.case, of="third")
    both = colleague()
    Membership.objects.create(user=both, authority=asked_authority("third"), role="handler")

    answer(other, build.signed_in(both, headers=ENGLISH), text="From the third")

    assert "From the third" in page_of(other, room(of="third"))
    assert "From the third" not in page_of(one, room("reader"))


# --- files -----------------------------------------------------------------------------------------------------------


def test_files_of_the_two_are_given_and_no_others() -> None:
    case = made()
    others = [said(case, "write", "Dear customer"), said(case, "note", "Mind the gap")]
    one, third = asked(case), asked(case, of="third")
    ours = case.events.filter(kind="consult").order_by("number")[0].documents.get()
    thirds = case.events.filter(kind="consult").order_by("number")[1].documents.get()
    browser = room()

    assert b"".join(browser.get(address(one, "files", ours.pk))) == build.PDF
    assert browser.get(address(one, "files", ours.pk, "preview", 1))["Content-Type"] == "image/png"
    for file in (*others, thirds, Attachment.objects.get()):
        assert browser.get(address(one, "files", file.pk)).status_code == 404
        assert browser.get(address(one, "files", file.pk, "preview")).status_code == 404
        assert browser.get(address(one, "files", file.pk, "preview", 1)).status_code == 404
    assert browser.get(address(third, "files", ours.pk)).status_code == 404


def test_files_of_the_papers_come_with_the_papers() -> None:
    one = asked(with_paper=True)

    assert b"".join(room().get(address(one, "files", Attachment.objects.get().pk))) == build.PDF


# --- how much it asks, and what is noted -----------------------------------------------------------------------------


def test_the_page_asks_as_much_with_a_long_talk(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    one, browser = asked(with_paper=True), room()
    page_of(one, browser)
    with django_assert_num_queries(11):
        page_of(one, browser)

    for _n in range(4):
        said(one.case, "answer", "More", by=colleague())
        asked(one.case)
    with django_assert_num_queries(11):
        page_of(one, browser)


def test_looks_and_answers_stand_in_the_log_of_the_authority_that_was_asked() -> None:
    one = asked()

    answer(one)

    noted = LogLine.objects.order_by("pk").values_list("act", "about", "authority__key", "detail")
    number = one.case.number
    assert list(noted) == [("changed", number, "asked", "answer"), ("saw", number, "asked", "consultation")]
