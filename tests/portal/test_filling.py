"""Filling in: nothing typed is lost, pages come in their order, sending makes one case."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from pytest_django import DjangoAssertNumQueries, Settings

from apps.applications import drafting
from apps.applications.models import Application, Attachment
from apps.cases import intake
from apps.cases.models import Case
from apps.services.models import Service, Version
from apps.services.publishing import close, take_old_versions_until
from apps.services.texts import HELSINKI, date_words
from tests import build

PDF = build.PDF

pytestmark = pytest.mark.django_db


def three_pages() -> Version:
    """A service with three pages: texts, a condition, files."""
    return build.version(
        build.page(
            "event",
            build.field("text", "title", max_length=20),
            build.field("whole_number", "guests", max=500),
            build.field("yes_no", "outdoors"),
        ),
        build.page(
            "place",
            build.field("long_text", "where", show_when={"field": "outdoors", "equals": True}),
            build.field("text", "address", required=False),
        ),
        build.page("papers", build.field("file", "plan", max_files=2, max_megabytes=1)),
    )


def draft(**answers: Any) -> Application:
    """A draft of it with some answers."""
    return build.application(three_pages(), answers=answers)


def complete_draft() -> Application:
    """A draft with an answer to everything, sent in by way of the pages."""
    paper = draft(title="Example", guests=5, outdoors=True, where="Here")
    build.signed_in(paper.customer).post(address(paper, "papers"), {"plan": pdf()})
    paper.refresh_from_db()
    return paper


def address(paper: Application, page: str) -> str:
    """A page's address."""
    return reverse("portal:page", args=[paper.pk, page])


def pdf(name: str = "plan.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    """A small document."""
    return SimpleUploadedFile(name, content, "application/pdf")


def browser(paper: Application) -> Client:
    """The customer's browser."""
    return build.signed_in(paper.customer)


def title(html: str) -> str:
    """The page's title."""
    return unescape(re.search(r"<title>(.*?)</title>", html, re.S)[1]) if "<title>" in html else ""  # type: ignore[index]


# --- the way through -------------------------------------------------------------------------------------------------


def test_application_leads_to_the_first_page_that_is_not_done() -> None:
    paper = draft(title="Example", guests=5, outdoors=False)
    response = browser(paper).get(reverse("portal:application", args=[paper.pk]))
    assert response.headers["Location"] == address(paper, "papers")


def test_application_leads_to_the_check_page_when_all_is_done() -> None:
    paper = complete_draft()
    response = browser(paper).get(reverse("portal:application", args=[paper.pk]))
    assert response.headers["Location"] == reverse("portal:check", args=[paper.pk])


def test_page_says_where_in_the_form_it_is() -> None:
    paper = draft()
    html = browser(paper).get(address(paper, "event")).content.decode()
    assert "1" in title(html)
    assert "3" in title(html)
    assert html.count('class="step"') == 3
    assert f'href="{address(paper, "place")}"' not in html


def test_page_that_may_not_be_opened_yet_leads_to_the_first_open_one() -> None:
    paper = draft()
    response = browser(paper).get(address(paper, "papers"))
    assert response.headers["Location"] == address(paper, "event")


def test_page_that_the_form_does_not_have_is_not_found() -> None:
    paper = draft()
    assert browser(paper).get(address(paper, "nowhere")).status_code == 404


def test_save_and_continue_stores_and_leads_to_the_next_page() -> None:
    paper = draft()
    response = browser(paper).post(address(paper, "event"), {"title": "Fest", "guests": "5", "outdoors": "yes"})
    assert response.headers["Location"] == address(paper, "place")
    paper.refresh_from_db()
    assert paper.answers == {"title": "Fest", "guests": 5, "outdoors": True}


def test_first_button_of_a_page_saves_and_continues() -> None:
    paper = draft(title="Example", guests=5, outdoors=False)
    for page in ("event", "papers"):
        html = browser(paper).get(address(paper, page)).content.decode()
        form = html[html.index('enctype="multipart/form-data"') :]
        first = re.search(r"<button[^>]*>", form)
        assert first
        assert "name=" not in first[0]


def test_fields_may_be_called_as_controls_of_a_page_are() -> None:
    version = build.version(
        build.page("check", build.field("text", "from"), build.field("text", "later"), build.field("text", "remove")),
        build.page("send", build.field("text", "next", required=False)),
    )
    paper = build.application(version, answers={})
    response = browser(paper).post(address(paper, "check"), {"from": "check", "later": "1", "remove": "2"})
    assert response.headers["Location"] == address(paper, "send")
    paper.refresh_from_db()
    assert paper.answers == {"from": "check", "later": "1", "remove": "2"}


# --- later -----------------------------------------------------------------------------------------------------------


def test_later_stores_what_is_there_and_leads_to_my_cases() -> None:
    paper = draft()
    response = browser(paper).post(address(paper, "event"), {"title": "Fest", "_later": "1"}, follow=True)
    assert response.redirect_chain == [(reverse("portal:my_cases"), 302)]
    assert 'role="status"' in response.content.decode()
    paper.refresh_from_db()
    assert paper.answers["title"] == "Fest"


def test_later_shows_what_is_wrong_and_not_what_is_unanswered() -> None:
    paper = draft()
    response = browser(paper).post(address(paper, "event"), {"title": "Fest", "guests": "many", "_later": "1"})
    assert response.status_code == 200
    assert response.content.decode().count('class="question__error"') == 1
    assert 'value="many"' in response.content.decode()
    paper.refresh_from_db()
    assert paper.answers["title"] == "Fest"


def test_draft_is_resumed_with_what_was_kept() -> None:
    paper = draft(title="Fest", guests=12)
    html = build.signed_in(paper.customer).get(address(paper, "event")).content.decode()
    assert 'value="Fest"' in html
    assert 'value="12"' in html


# --- hostile and mistaken input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "x" * 21),
        ("title", "x" * 100_000),
        ("title", "a\x07b"),
        ("title", "a\x00b"),
        ("guests", "501"),
        ("guests", "-1"),
        ("guests", "9" * 5_000),
        ("guests", "1e5"),
        ("guests", "٥"),
        ("outdoors", "maybe"),
        ("outdoors", "<script>alert(1)</script>"),
    ],
)
def test_wrong_value_is_refused_at_its_field_and_nothing_typed_is_lost(name: str, value: str) -> None:
    paper = draft()
    typed = {"title": "Fest & <b>", "guests": "17", "outdoors": "yes"} | {name: value}
    response = browser(paper).post(address(paper, "event"), typed)
    html = response.content.decode()
    assert response.status_code == 200
    assert f'id="id_{name}_error"' in html
    assert html.count('class="question__error"') == 1
    assert title(html).split()[0].endswith(":")
    assert "<script>alert" not in html
    again = unescape(html)
    for kept in {k: v for k, v in typed.items() if k != "outdoors"}.values():
        assert f'value="{kept}"' in again
    if name != "outdoors":
        assert re.search(r'name="outdoors" id="id_outdoors_0" checked', html)
    paper.refresh_from_db()
    assert name not in paper.answers
    assert len(paper.answers) == 2


def test_page_with_more_text_than_any_form_asks_for_is_refused_in_words() -> None:
    paper = draft()
    response = browser(paper).post(address(paper, "event"), {"title": "x" * 3_000_000})
    assert response.status_code == 400
    assert _("Too much at once") in response.content.decode()
    assert "2,5 MB" in response.content.decode()


def test_page_with_more_answers_than_any_form_asks_for_is_refused_in_words() -> None:
    paper = draft()
    response = browser(paper).post(address(paper, "event"), {f"a{n}": "x" for n in range(5_001)})
    assert response.status_code == 400
    assert _("Too much at once") in response.content.decode()


def test_page_in_another_charset_is_refused_in_words() -> None:
    paper = draft()
    content_type = "application/x-www-form-urlencoded; charset=utf-16"
    response = browser(paper).post(address(paper, "event"), "title=Fest", content_type=content_type)
    assert response.status_code == 400


def test_page_with_broken_multipart_is_refused_in_words() -> None:
    paper = draft()
    response = browser(paper).post(address(paper, "event"), b"--x\r\nrubbish", content_type="multipart/form-data")
    assert response.status_code == 400


def test_page_with_bytes_that_are_no_text_is_kept_readable() -> None:
    paper = draft()
    response = browser(paper).post(
        address(paper, "event"), b"title=%ff%fe&guests=5", content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 200


def test_unanswered_required_question_is_asked_for_at_the_field() -> None:
    paper = draft()
    html = browser(paper).post(address(paper, "event"), {}).content.decode()
    assert html.count('class="question__error"') == 3
    assert 'href="#id_title"' in html
    assert 'href="#id_outdoors_0"' in html


# --- conditions ------------------------------------------------------------------------------------------------------


def test_page_tells_the_browser_only_the_answers_its_conditions_look_at() -> None:
    paper = draft(title="Secret", guests=5, outdoors=True)
    html = browser(paper).get(address(paper, "place")).content.decode()
    assert '<script id="answers" type="application/json">{"outdoors": true}</script>' in html
    assert f'<script id="today" type="application/json">"{paper.day().isoformat()}"</script>' in html
    assert "Secret" not in html


def test_page_without_conditions_tells_the_browser_nothing() -> None:
    paper = draft()
    assert 'type="application/json"' not in browser(paper).get(address(paper, "event")).content.decode()


# --- files -----------------------------------------------------------------------------------------------------------


def ready_for_files() -> Application:
    """A draft whose next page asks for files."""
    return draft(title="Example", guests=5, outdoors=False)


def test_file_is_added_and_shown_and_removed() -> None:
    paper = ready_for_files()
    b = browser(paper)
    response = b.post(address(paper, "papers"), {"plan": pdf("Plan å.pdf")})
    assert response.headers["Location"] == reverse("portal:check", args=[paper.pk])
    attachment = Attachment.objects.get()
    assert attachment.sha256 in str(Application.objects.get().answers)
    html = b.get(address(paper, "papers")).content.decode()
    assert "Plan å.pdf" in html
    response = b.post(address(paper, "papers"), {"_remove": str(attachment.pk)})
    html = response.content.decode()
    assert response.status_code == 200
    assert "Plan å.pdf" not in html
    assert "question__error" not in html
    assert not Attachment.objects.exists()


def test_file_is_kept_when_something_else_on_the_page_is_wrong() -> None:
    version = build.version(build.page("all", build.field("whole_number", "guests"), build.field("file", "plan")))
    paper = build.application(version, answers={})
    html = browser(paper).post(address(paper, "all"), {"guests": "many", "plan": pdf()}).content.decode()
    assert "plan.pdf" in html
    assert 'value="many"' in html
    assert Attachment.objects.count() == 1


def test_removing_a_file_keeps_everything_typed() -> None:
    version = build.version(
        build.page(
            "all", build.field("text", "title"), build.field("whole_number", "guests"), build.field("file", "plan")
        )
    )
    paper = build.application(version, answers={})
    b = browser(paper)
    b.post(address(paper, "all"), {"plan": pdf()})
    typed = {"title": "Fest", "guests": "many", "_remove": str(Attachment.objects.get().pk)}
    html = b.post(address(paper, "all"), typed).content.decode()
    assert 'value="Fest"' in html
    assert 'value="many"' in html
    assert not Attachment.objects.exists()
    paper.refresh_from_db()
    assert paper.answers["title"] == "Fest"


@pytest.mark.parametrize("wanted", ["", "rubbish", "00000000-0000-4000-8000-000000000000", "\x00", "x" * 10_000])
def test_removing_a_file_that_is_not_there_changes_nothing(wanted: str) -> None:
    paper = ready_for_files()
    b = browser(paper)
    b.post(address(paper, "papers"), {"plan": pdf()})
    assert b.post(address(paper, "papers"), {"_remove": wanted}).status_code == 200
    assert Attachment.objects.count() == 1


def test_removing_a_file_of_somebody_else_changes_nothing() -> None:
    theirs = ready_for_files()
    browser(theirs).post(address(theirs, "papers"), {"plan": pdf()})
    mine = build.application(theirs.version, by=build.customer("Other"), answers=theirs.answers | {"plan": None})
    browser(mine).post(address(mine, "papers"), {"_remove": str(Attachment.objects.get().pk)})
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.pdf", b""),
        ("page.pdf", b"<html><script>alert(1)</script>"),
        ("large.pdf", build.pdf(1_000_001)),
        ("archive.docx", b"PK\x03\x04rubbish"),
    ],
)
def test_file_that_is_not_taken_is_refused_in_words(name: str, content: bytes) -> None:
    paper = ready_for_files()
    response = browser(paper).post(address(paper, "papers"), {"plan": pdf(name, content)})
    html = response.content.decode()
    assert response.status_code == 200
    assert 'id="id_plan_error"' in html
    assert name in html or not content
    assert not Attachment.objects.exists()


def test_files_larger_than_all_may_be_together_are_left_out_in_words(settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 1_000_000
    paper = ready_for_files()
    first, second = pdf("first.pdf", build.pdf(700_000)), pdf("second.pdf", build.pdf(700_000))
    html = browser(paper).post(address(paper, "papers"), {"plan": [first, second]}).content.decode()
    assert "second.pdf: " in html
    assert [a.name for a in Attachment.objects.all()] == ["first.pdf"]


def test_what_was_typed_survives_a_sending_that_is_too_large(settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 1_000
    version = build.version(build.page("all", build.field("file", "plan"), build.field("text", "title")))
    paper = build.application(version, answers={})
    response = browser(paper).post(address(paper, "all"), {"plan": pdf(content=build.pdf(5_000)), "title": "Fest"})
    html = response.content.decode()
    assert 'value="Fest"' in html
    assert "plan.pdf: " in html
    paper.refresh_from_db()
    assert paper.answers["title"] == "Fest"


def test_page_is_refused_without_the_safety_mark() -> None:
    paper = draft()
    strict = build.signed_in(paper.customer, enforce_csrf_checks=True)
    assert strict.post(address(paper, "event"), {"title": "Fest"}).status_code == 403
    paper.refresh_from_db()
    assert paper.answers == {}


# --- checking --------------------------------------------------------------------------------------------------------


def test_check_page_shows_every_answer_with_a_link_to_change_it() -> None:
    paper = complete_draft()
    html = browser(paper).get(reverse("portal:check", args=[paper.pk])).content.decode()
    assert f'href="{address(paper, "event")}?from=check#id_title"' in html
    assert f'href="{address(paper, "event")}?from=check#id_outdoors_0"' in html
    assert reverse("portal:file", args=[Attachment.objects.get().pk]) in html
    assert reverse("portal:send", args=[paper.pk]) in html


def test_check_page_says_what_is_not_done_and_does_not_send() -> None:
    paper = draft(title="Example", guests=5, outdoors=True)
    html = browser(paper).get(reverse("portal:check", args=[paper.pk])).content.decode()
    assert f'href="{address(paper, "place")}?from=check"' in html
    assert reverse("portal:send", args=[paper.pk]) not in html


def test_change_from_the_check_page_leads_back_to_it() -> None:
    paper = complete_draft()
    b = browser(paper)
    html = b.get(address(paper, "event") + "?from=check").content.decode()
    assert f'action="{address(paper, "event")}?from=check"' in html
    typed = {"title": "Changed", "guests": "5", "outdoors": "yes"}
    response = b.post(address(paper, "event") + "?from=check", typed)
    assert response.headers["Location"] == reverse("portal:check", args=[paper.pk])
    assert "Changed" in b.get(response.headers["Location"]).content.decode()


def test_change_that_brings_up_a_question_leads_to_it_and_then_back() -> None:
    paper = complete_draft()
    paper.answers |= {"outdoors": False, "where": None}
    paper.save()
    b = browser(paper)
    typed = {"title": "Changed", "guests": "5", "outdoors": "yes"}
    response = b.post(address(paper, "event") + "?from=check", typed)
    assert response.headers["Location"] == address(paper, "place") + "?from=check"
    response = b.post(response.headers["Location"], {"where": "Here"})
    assert response.headers["Location"] == reverse("portal:check", args=[paper.pk])


# --- sending ---------------------------------------------------------------------------------------------------------


def test_send_makes_a_case_and_leads_to_its_receipt() -> None:
    paper = complete_draft()
    response = browser(paper).post(reverse("portal:send", args=[paper.pk]))
    assert response.headers["Location"] == reverse("portal:receipt", args=[Case.objects.get().number])


def test_send_twice_makes_one_case_and_shows_the_same_receipt() -> None:
    paper = complete_draft()
    b = browser(paper)
    answers = [b.post(reverse("portal:send", args=[paper.pk])).headers["Location"] for _n in range(3)]
    assert len(set(answers)) == 1
    assert Case.objects.count() == 1


def test_send_in_a_second_window_and_after_a_lost_answer_shows_the_same_receipt() -> None:
    paper = complete_draft()
    one, another = browser(paper), browser(paper)
    send, check = (reverse(f"portal:{name}", args=[paper.pk]) for name in ("send", "check"))
    for window in (one, another):
        assert window.get(check).status_code == 200

    receipts = {window.post(send).headers["Location"] for window in (one, another, one)}

    assert receipts == {reverse("portal:receipt", args=[Case.objects.get().number])}
    assert another.get(check).headers["Location"] in receipts, "so does the back button"


def test_send_what_is_not_complete_leads_to_the_page_that_is_not() -> None:
    paper = draft(title="Example", guests=5, outdoors=True)
    response = browser(paper).post(reverse("portal:send", args=[paper.pk]), follow=True)
    assert response.redirect_chain[-1][0] == address(paper, "place")
    assert 'role="status"' in response.content.decode()
    assert not Case.objects.exists()


def test_send_after_days_have_passed_leads_to_the_date() -> None:
    version = build.version(build.page("when", build.field("date", "day", lead_time={"days": 5})))
    near = (timezone.localdate() + timedelta(days=2)).isoformat()
    paper = build.application(version, answers={"day": near})
    response = browser(paper).post(reverse("portal:send", args=[paper.pk]))
    assert response.headers["Location"] == address(paper, "when")


@pytest.mark.parametrize("name", ["application", "check", "send", "discard"])
def test_sent_paper_leads_to_its_receipt(name: str) -> None:
    case = build.case()
    response = build.signed_in(case.application.customer).get(
        reverse(f"portal:{name}", args=[case.application.pk]), follow=True
    )
    assert response.redirect_chain[-1][0] == reverse("portal:receipt", args=[case.number])


def test_page_of_a_sent_paper_leads_to_its_receipt_and_changes_nothing() -> None:
    case = build.case()
    paper = case.application
    response = browser(paper).post(address(paper, "first"), {"title": "Changed"})
    assert response.headers["Location"] == reverse("portal:receipt", args=[case.number])
    paper.refresh_from_db()
    assert paper.answers == {"title": "An example"}


@pytest.mark.parametrize("what", ["sent", "deleted"])
def test_page_saved_while_the_draft_goes_in_another_window_says_so(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    paper = build.application()

    def meanwhile(*args: Any) -> None:
        other = Application.objects.get()
        intake.send(other) if what == "sent" else drafting.discard(other)

    monkeypatch.setattr("apps.portal.uploading.say_what_was_left_out", meanwhile)
    response = browser(paper).post(address(paper, "first"), {"title": "Changed"}, follow=True)
    expected = (
        reverse("portal:receipt", args=[Case.objects.get().number]) if what == "sent" else reverse("portal:my_cases")
    )
    assert response.redirect_chain == [(expected, 302)]
    assert "panel--warning" in response.content.decode()
    assert not Application.objects.filter(answers__title="Changed").exists()


# --- throwing away ---------------------------------------------------------------------------------------------------


def test_discard_asks_and_then_deletes_the_draft_with_its_files() -> None:
    paper = complete_draft()
    b = browser(paper)
    assert b.get(reverse("portal:discard", args=[paper.pk])).status_code == 200
    assert Application.objects.exists()
    response = b.post(reverse("portal:discard", args=[paper.pk]))
    assert response.headers["Location"] == reverse("portal:my_cases")
    assert not Application.objects.exists()
    assert not Attachment.objects.exists()


# --- cost ------------------------------------------------------------------------------------------------------------


def test_page_costs_three_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    paper = draft()
    b = browser(paper)
    b.get(address(paper, "event"))
    with django_assert_num_queries(3):  # session, customer, paper
        b.get(address(paper, "event"))


def test_check_page_costs_three_queries_and_one_for_files(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    paper = complete_draft()
    b = browser(paper)
    with django_assert_num_queries(4):  # session, customer, paper, what is to be known of its files
        b.get(reverse("portal:check", args=[paper.pk]))


def test_saving_a_page_costs_seven_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    paper = draft()
    b = browser(paper)
    with django_assert_num_queries(7):  # session, customer, paper; savepoint, lock, save, release
        b.post(address(paper, "event"), {"title": "Fest", "guests": "5", "outdoors": "yes"})


def test_each_file_is_described_where_the_service_asks_for_it() -> None:
    version = build.version(build.page("papers", build.field("file", "plan", max_files=2, describe=True)))
    paper = build.application(version, answers={})
    b = browser(paper)

    html = b.post(address(paper, "papers"), {"plan": pdf()}).content.decode()
    (attachment,) = Attachment.objects.all()
    name = f"plan-about-{attachment.pk}"
    assert f'name="{name}"' in html
    assert 'id="id_plan_error"' in html
    assert b.post(address(paper, "papers"), {name: " "}).status_code == 200
    response = b.post(address(paper, "papers"), {name: "Where the stage <is>"})

    assert response.headers["Location"] == reverse("portal:check", args=[paper.pk])
    assert "Where the stage &lt;is&gt;: <a" in b.get(response.headers["Location"]).content.decode()


def test_files_of_strangers_are_stopped_while_they_arrive(settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 1_000
    request = Client().post("/sv/sign-in/", {"file": pdf(content=build.pdf(5_000))}).wsgi_request

    assert not request.FILES


def test_going_over_to_a_new_version_after_signing_in_again_leads_to_the_draft() -> None:
    paper = draft(title="Example")

    response = browser(paper).get(reverse("portal:carry_over", args=[paper.pk]))

    assert response.headers["Location"] == reverse("portal:application", args=[paper.pk])


def now_elsewhere() -> Service:
    """The service of `draft`, whose customers now do their business in the authority's own."""
    return build.version(own_service={"sv": "https://example.com/sv/"}).service


def test_a_draft_cannot_go_over_to_the_authoritys_own_service() -> None:
    paper = draft(title="Example")
    now_elsewhere()

    response = browser(paper).post(f"/en/applications/{paper.pk}/carry-over/", follow=True)

    assert response.redirect_chain == [("/en/services/example/", 302)]
    assert "You cannot go over to the new version" in response.content.decode()
    before = paper.version_id
    paper.refresh_from_db()
    assert (paper.version_id, paper.answers) == (before, {"title": "Example"})


def test_a_draft_of_a_closed_service_cannot_go_over_to_the_authoritys_own_service_either() -> None:
    paper = draft(title="Example")
    close(now_elsewhere())

    response = browser(paper).post(reverse("portal:carry_over", args=[paper.pk]))

    assert response.headers["Location"] == reverse("portal:application", args=[paper.pk])


def test_a_draft_tells_of_the_authoritys_own_service_and_how_long_it_can_be_sent_here() -> None:
    paper = draft(title="Example", guests=5, outdoors=False)
    service = now_elsewhere()
    today = timezone.localdate(timezone=HELSINKI)
    check, b = reverse("portal:check", args=[paper.pk]), browser(paper)

    def told() -> list[bool]:
        html = b.get(check).content.decode()
        wanted = ('href="https://example.com/sv/"', reverse("portal:carry_over", args=[paper.pk]), date_words(today))
        return [words in html for words in wanted]

    assert told() == [True, False, False]
    take_old_versions_until(service, today)
    assert told() == [True, False, True]


def test_customer_is_told_the_last_day_for_the_version_they_began_with() -> None:
    paper = draft(title="Example", guests=5, outdoors=False)
    service = build.version(build.page("basics", build.field("text", "title"))).service
    today = timezone.localdate(timezone=HELSINKI)
    check, b = reverse("portal:check", args=[paper.pk]), browser(paper)

    def told() -> list[bool]:
        html = b.get(check).content.decode()
        return [words in html for words in (as_it_is, date_words(today), date_words(today - timedelta(days=1)))]

    as_it_is = "Du kan fortsätta"
    assert told() == [True, False, False]
    take_old_versions_until(service, today)
    assert told() == [True, True, False]
    take_old_versions_until(service, today - timedelta(days=1))
    assert told() == [False, False, True]

    assert b.post(reverse("portal:send", args=[paper.pk])).headers["Location"] == check
    assert not Case.objects.exists()


def test_what_was_still_to_be_said_ends_with_signing_out() -> None:
    paper = draft(title="Example", guests=5, outdoors=False)
    b = browser(paper)
    b.post(address(paper, "papers"), {"_later": "1"})
    assert "messages" not in b.cookies

    b.post(reverse("portal:sign_out"))

    assert "sparade" not in b.get("/sv/").content.decode()


def survey() -> Application:
    """A draft of a page whose answer brings up a result and an optional question, and a page after it."""
    yes = {"field": "big", "equals": True}
    result = build.field("result", "needed", text=build.said("You need a plan"), show_when=yes)
    more = build.field("text", "more", required=False, show_when=yes)
    version = build.version(
        build.page("first", build.field("yes_no", "big"), result, more),
        build.page("last", build.field("consent", "ok")),
    )
    return build.application(version, answers={})


def test_what_an_answer_brings_up_is_shown_once_before_going_on() -> None:
    paper = survey()
    b = browser(paper)

    once = b.post(address(paper, "first"), {"big": "yes"})
    assert once.headers["Location"] == address(paper, "first")
    assert "You need a plan" in b.get(once.headers["Location"]).content.decode()

    assert b.post(address(paper, "first"), {"big": "yes"}).headers["Location"] == address(paper, "last")


def test_who_has_followed_with_script_goes_on_at_once() -> None:
    paper = survey()

    response = browser(paper).post(address(paper, "first"), {"big": "yes", "_followed": "1"})

    assert response.headers["Location"] == address(paper, "last")


def test_result_is_told_again_beside_the_answers() -> None:
    paper = survey()
    b = browser(paper)
    b.post(address(paper, "first"), {"big": "yes"})

    assert "You need a plan" in b.get(reverse("portal:check", args=[paper.pk])).content.decode()


def test_browser_gets_the_earlier_answers_that_a_computed_value_is_made_of() -> None:
    total = build.field("calculated", "total", operation="product", of=["price", "count"])
    version = build.version(
        build.page("first", build.field("whole_number", "price")),
        build.page("second", build.field("whole_number", "count"), total),
    )
    paper = build.application(version, answers={"price": 50})

    html = browser(paper).get(address(paper, "second")).content.decode()

    assert '"price": 50' in html


# --- several at one draft --------------------------------------------------------------------------------------------


def seen_at(answer: Any) -> str:
    """The marks that a page carries, as the browser would send them."""
    found = re.search(r'name="_seen" value="([^"]*)"', answer.content.decode())
    assert found is not None
    return found[1]


def theirs(paper: Application, **changed: str) -> str:
    """What the page carried before another window saved other answers to it."""
    window = browser(paper)
    seen = seen_at(window.get(address(paper, "event")))
    sent = {"title": "First", "guests": "5", "outdoors": "no", **changed, "_seen": seen}
    assert window.post(address(paper, "event"), sent).status_code == 302
    return seen


def first_draft() -> Application:
    """A draft whose first page is answered."""
    return draft(title="First", guests=5, outdoors=False)


def stored(paper: Application) -> dict[str, Any]:
    """What is stored of the first page."""
    paper.refresh_from_db()
    return {key: paper.answers[key] for key in ("title", "guests", "outdoors")}


def test_what_only_another_window_has_changed_stays_when_this_one_saves_something_else() -> None:
    paper = first_draft()
    seen = theirs(paper, title="Theirs")

    browser(paper).post(address(paper, "event"), {"title": "First", "guests": "9", "outdoors": "no", "_seen": seen})

    assert stored(paper) == {"title": "Theirs", "guests": 9, "outdoors": False}


def test_it_stays_also_when_this_window_has_to_try_again() -> None:
    paper = first_draft()
    seen = theirs(paper, title="Theirs")
    window = browser(paper)

    wrong = window.post(address(paper, "event"), {"title": "First", "guests": "many", "outdoors": "no", "_seen": seen})
    right = {"title": "First", "guests": "9", "outdoors": "no", "_seen": seen_at(wrong)}

    assert wrong.status_code == 200
    assert window.post(address(paper, "event"), right).status_code == 302
    assert stored(paper) == {"title": "Theirs", "guests": 9, "outdoors": False}


def test_what_was_wrong_here_and_changed_there_is_asked_about_once_it_is_right() -> None:
    paper = first_draft()
    seen = theirs(paper, guests="7")
    window = browser(paper)

    wrong = window.post(address(paper, "event"), {"title": "First", "guests": "many", "outdoors": "no", "_seen": seen})
    asked = window.post(
        address(paper, "event"), {"title": "First", "guests": "9", "outdoors": "no", "_seen": seen_at(wrong)}
    )

    assert asked.context["conflict"].keys == ("guests",)
    assert stored(paper)["guests"] == 7


def test_nothing_is_saved_before_it_is_said_whose_answer_stands() -> None:
    paper = first_draft()
    seen = theirs(paper, title="Theirs")
    mine = {"title": "Mine", "guests": "9", "outdoors": "no", "_seen": seen}

    asked = browser(paper).post(address(paper, "event"), mine)

    assert stored(paper) == {"title": "Theirs", "guests": 5, "outdoors": False}
    html = asked.content.decode()
    assert "Theirs" in html
    assert 'value="Mine"' in html
    assert 'value="9"' in html
    assert f'href="{address(paper, "event")}"' in html, "keeping what is stored is opening the page anew"
    assert "data-take-focus" in html
    assert title(html) != title(browser(paper).get(address(paper, "event")).content.decode())


def test_saving_mine_instead_replaces_only_what_was_asked_about() -> None:
    paper = first_draft()
    seen = theirs(paper, title="Theirs", guests="7")
    window = browser(paper)

    asked = window.post(address(paper, "event"), {"title": "Mine", "guests": "5", "outdoors": "no", "_seen": seen})
    again = {"title": "Mine", "guests": "5", "outdoors": "no", "_seen": seen_at(asked)}

    assert asked.context["conflict"].keys == ("title",)
    assert window.post(address(paper, "event"), again).status_code == 302
    assert stored(paper) == {"title": "Mine", "guests": 7, "outdoors": False}


def test_who_changed_it_again_while_it_was_asked_about_is_asked_about_too() -> None:
    paper = first_draft()
    seen = theirs(paper, title="Theirs")
    window = browser(paper)
    asked = window.post(address(paper, "event"), {"title": "Mine", "guests": "5", "outdoors": "no", "_seen": seen})
    theirs(paper, title="Theirs again")

    answer = window.post(
        address(paper, "event"), {"title": "Mine", "guests": "5", "outdoors": "no", "_seen": seen_at(asked)}
    )

    assert answer.context["conflict"].stored == [("Title sv", "Theirs again")]
    assert stored(paper)["title"] == "Theirs again"


def test_the_same_page_sent_twice_is_no_conflict() -> None:
    paper = first_draft()
    window = browser(paper)
    sent = {"title": "Mine", "guests": "9", "outdoors": "yes", "_seen": seen_at(window.get(address(paper, "event")))}

    answers = [window.post(address(paper, "event"), sent).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert stored(paper) == {"title": "Mine", "guests": 9, "outdoors": True}


def test_a_page_without_marks_is_saved_as_it_is() -> None:
    paper = first_draft()
    theirs(paper, title="Theirs")

    answer = browser(paper).post(address(paper, "event"), {"title": "Mine", "guests": "5", "outdoors": "no"})

    assert answer.status_code == 302
    assert stored(paper)["title"] == "Mine"


def test_changing_the_language_of_a_half_filled_page_is_no_conflict_with_oneself() -> None:
    paper = first_draft()
    window = browser(paper)
    seen = seen_at(window.get(address(paper, "event")))
    half = {"title": "Mine", "guests": "many", "outdoors": "no", "_seen": seen, "_language": "fi"}

    other = window.get(window.post(address(paper, "event"), half).headers["Location"])
    right = {"title": "Mine, better", "guests": "9", "outdoors": "no", "_seen": seen_at(other)}

    assert window.post(other.request["PATH_INFO"], right).status_code == 302
    assert stored(paper) == {"title": "Mine, better", "guests": 9, "outdoors": False}


def test_what_another_window_changed_stays_when_the_language_is_changed() -> None:
    paper = first_draft()
    seen = theirs(paper, title="Theirs")
    window = browser(paper)
    half = {"title": "First", "guests": "many", "outdoors": "no", "_seen": seen, "_language": "fi"}

    other = window.get(window.post(address(paper, "event"), half).headers["Location"])
    right = {"title": "First", "guests": "9", "outdoors": "no", "_seen": seen_at(other)}

    assert window.post(other.request["PATH_INFO"], right).status_code == 302
    assert stored(paper) == {"title": "Theirs", "guests": 9, "outdoors": False}


# --- what is declared by sending -------------------------------------------------------------------------------------


def test_what_is_declared_is_kept_as_it_was_shown() -> None:
    paper = complete_draft()
    window = browser(paper)
    html = unescape(window.get(reverse("portal:check", args=[paper.pk])).content.decode())

    window.post(reverse("portal:send", args=[paper.pk]))

    declared = Case.objects.get().events.get().data["declared"]
    assert declared
    assert f"<p>{declared}</p>" in html


def test_declaration_of_the_service_is_marked_as_one_that_must_be_ticked() -> None:
    paper = build.application(build.version(declaration=build.said("I declare this")))

    html = browser(paper).get(reverse("portal:check", args=[paper.pk])).content.decode()

    box = re.search(r'<input type="checkbox" name="declared"[^>]*>', html)
    assert box is not None
    assert " required" in box[0]
    assert " checked" not in box[0]


# --- how long a draft is kept ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["check", "my_cases"])
def test_it_is_said_until_when_a_draft_is_kept(name: str) -> None:
    paper = build.application(build.version(draft_days=30))
    Application.objects.filter(pk=paper.pk).update(changed_at=build.NOW)

    html = browser(paper).get(reverse(f"portal:{name}", args=[paper.pk] if name == "check" else [])).content.decode()

    assert "31.3.2027" in html
