"""The page of a case: where it is, what is marked and hidden in its papers, what can be done, its diary and its messages."""

from __future__ import annotations

import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.applications import attachments, drafting
from apps.cases import casepage, documents, intake, redirected
from apps.cases.diary import diary_of
from apps.cases.models import Case
from apps.cases.rulebook import TABLE, Audience, Party, Status, steps_from
from apps.people.models import Customer, LogLine, System
from apps.sync.models import Delivery, Receiver
from tests import build

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
CODES = ("131052-308T", "010190-999W")
EMAIL = "somebody@example.com"


def desk(who: str = "handler", **more: Any) -> Client:
    """An official's browser, in English."""
    return build.signed_in(build.official(who, **more), headers=ENGLISH)


def address(case: Case, *more: object) -> str:
    """An address of the case."""
    return "/".join(["/admin/cases/case", str(case.pk), *map(str, more), ""])


def page_of(case: Case, browser: Client | None = None, **asked: str) -> str:
    """The case's page."""
    answer = (browser or desk()).get(address(case, "change"), asked)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def taken_up(case: Case, **more: Any) -> Case:
    """The case, once somebody handles it."""
    case.take_step("take_up", by=build.official(), at=build.NOW, **more)
    return case


def supplemented(case: Case, *fields: str, **answers: Any) -> None:
    """Ask for a supplement, and send it."""
    case.take_step(
        "request_supplement", by=build.official(), text="More", due=build.TODAY, fields=list(fields), at=build.NOW
    )
    paper = intake.begin_supplement(case, case.application.customer)
    paper.answers |= {"supplement_text": "Here it is"} | answers
    paper.save()
    intake.send(paper, at=build.NOW)
    case.refresh_from_db()


# --- where it is -----------------------------------------------------------------------------------------------------


def test_the_page_says_that_a_paper_was_filled_in_elsewhere() -> None:
    own = {"sv": "https://own.example/"}
    version = build.version(build.page("first", build.field("text", "title")), own_service=own)
    note = drafting.await_elsewhere(version, build.customer(), "sv", uuid.uuid4())
    system = System.objects.create(authority=build.authority(), name="Own", scopes=["write"])
    assert note.external_id
    case = redirected.arrive(system, note.external_id, uuid.uuid4(), build.NOW, {}).case

    assert "This was filled in in the authority’s own service, and the answers are there." in page_of(case)
    assert "This was filled in in the authority’s own service, and the answers are there." not in page_of(build.case())


def test_the_page_says_how_it_came_in_what_language_and_about_where() -> None:
    case = build.case(language="fi")
    Case.objects.filter(pk=case.pk).update(way="post", municipality="091", register_number="EX/7/2027")

    page = page_of(case)

    for expected in ("1.3.2027, 11:30, Post", "Finnish", "Helsinki", "EX/7/2027"):
        assert expected in page


def test_the_page_says_from_where_it_was_transferred_and_leads_there_only_who_may_read_it() -> None:
    theirs = build.case(build.version(key="theirs", authority="other"))
    ours, next_one = build.case(), build.case(build.version(key="next"))
    Case.objects.filter(pk=ours.pk).update(transferred_from=theirs)
    Case.objects.filter(pk=next_one.pk).update(transferred_from=ours)

    page = page_of(ours)

    assert f"{theirs.number}, other en" in page
    assert address(theirs, "change") not in page
    assert f'<a href="{address(next_one, "change")}">{next_one.number}</a>' in page


# --- what can be done ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("late", [False, True])
def test_every_step_that_is_possible_is_offered_once(status: Status, late: bool) -> None:
    case = build.case()
    case.status = status
    possible = steps_from(status, Party.HANDLER)

    offered = casepage.choices(case, possible, late=late)

    assert offered is not None
    shown = [step.name for step in offered.next] + [step.name for _title, steps in offered.groups for step in steps]
    assert sorted(shown) == sorted({step.name for step in possible} - {"release"})


def test_every_step_of_a_handler_has_its_place() -> None:
    placed = [name for _title, names in casepage.GROUPS for name in names]

    assert sorted(placed) == sorted(step.name for step in TABLE if step.by is Party.HANDLER)


@pytest.mark.parametrize(
    ("status", "late", "first"),
    [
        ("received", False, "take_up"),
        ("in_handling", False, "close"),
        ("supplement_requested", False, "write"),
        ("supplement_requested", True, "leave_unexamined"),
        ("supplemented", False, "resume"),
        ("closed", False, "write"),
    ],
)
def test_the_likely_step_comes_first(status: str, late: bool, first: str) -> None:
    case = build.case()
    case.status = status

    offered = casepage.choices(case, steps_from(status, Party.HANDLER), late=late)

    assert offered is not None
    assert offered.next[0].name == first


def test_handing_over_comes_first_where_the_service_needs_it() -> None:
    case = build.case()
    case.status, case.service.needs_handover = "closed", True
    possible = steps_from("closed", Party.HANDLER)

    assert casepage.choices(case, possible).next[0].name == "hand_over"  # type: ignore[union-attr]
    case.handed_over_at = build.NOW
    assert casepage.choices(case, possible).next[0].name == "write"  # type: ignore[union-attr]


def test_what_keeps_it_can_be_released_and_nothing_else() -> None:
    case = build.case()

    assert address(case, "step", "hold") in page_of(case)
    assert address(case, "step", "release") not in page_of(case)
    case.take_step("hold", by=build.official(), text="A dispute")
    assert address(case, "step", "hold") not in page_of(case)
    assert address(case, "step", "release") in page_of(case)


# --- what is marked and hidden ---------------------------------------------------------------------------------------


def with_codes(*, protected: bool = False) -> Case:
    """A case with two codes, an address of e-mail, and something secret."""
    who = build.customer()
    Customer.objects.filter(pk=who.pk).update(protected=protected)
    version = build.version(
        build.page(
            "first",
            build.field("person", "who", identity_code=True),
            build.field("repeating", "others", fields=[build.field("personal_identity_code", "code")]),
            build.field("text", "trade", secret=True),
            build.field("text", "colour"),
        )
    )
    person = {"given_name": "A", "family_name": "B", "code": CODES[0], "email": EMAIL, "phone": "+358401234567"}
    answers = {"who": person, "others": [{"code": CODES[1]}], "trade": "How it is made", "colour": "Red"}
    return build.case(version, answers=answers)


def test_secret_and_personal_answers_are_marked_and_no_others() -> None:
    page = page_of(with_codes())

    assert page.count(">Secret</span>") == 1
    assert page.count(">Personal data</span>") == 2
    assert "<dt>Colour</dt>" in page


def test_codes_are_masked_until_a_handler_asks_for_them_and_it_is_written_down() -> None:
    case, browser = with_codes(), desk()
    before = page_of(case, browser)

    shown = browser.post(address(case, "identity-codes")).content.decode()

    assert [code in before for code in CODES] == [False, False]
    assert [code in shown for code in CODES] == [True, True]
    assert "<b>1. Code:</b> 010190-999W" in shown
    assert not any(code in page_of(case, browser) for code in CODES), "only that once"
    line = LogLine.objects.get(act="saw_hidden")
    assert (line.about, line.detail, line.authority_id) == (case.number, "identity codes", case.service.authority_id)


def test_codes_and_contact_data_can_be_shown_together() -> None:
    case, browser = with_codes(protected=True), desk()
    first = browser.post(address(case, "identity-codes")).content.decode()

    both = browser.post(address(case, "contact-data"), {"also": "codes"}).content.decode()

    assert CODES[0] in first
    assert EMAIL not in first
    assert 'name="also" value="codes"' in first
    assert CODES[0] in both
    assert EMAIL in both
    said = LogLine.objects.filter(act="saw_hidden").order_by("pk").values_list("detail", flat=True)
    assert list(said) == ["identity codes", "identity codes", "contact data"]


def test_codes_are_not_shown_by_an_address_or_to_a_reader_or_a_stranger() -> None:
    case, reader = with_codes(), desk("reads", role="reader")

    assert desk().get(address(case, "identity-codes"))["Location"] == address(case, "change")
    assert reader.post(address(case, "identity-codes")).status_code == 403
    assert "identity-codes" not in page_of(case, reader)
    assert desk("stranger", of=build.authority("other")).post(address(case, "identity-codes")).status_code == 404
    assert not LogLine.objects.filter(act="saw_hidden").exists()


def test_nothing_is_asked_where_no_code_is_masked() -> None:
    assert "Show identity codes" not in page_of(build.case())


def test_the_look_at_a_case_is_noted() -> None:
    case = build.case()

    page_of(case)

    line = LogLine.objects.get()
    assert (line.act, line.about, line.authority_id) == ("saw", case.number, case.service.authority_id)


# --- the papers ------------------------------------------------------------------------------------------------------


def test_the_newest_paper_is_open_and_all_can_be() -> None:
    case = taken_up(build.case())
    supplemented(case, "title", title="Another title")

    page = page_of(case)
    folds = [part.split(">")[0] for part in page.split('<details class="paper__fold"')[1:]]

    assert folds == ["", " open"]
    assert page_of(case, open="").count('<details class="paper__fold" open') == 2


def test_a_supplement_says_what_was_there_before() -> None:
    case = taken_up(build.case())
    supplemented(case, "title", title="Another title")

    (_first, supplement) = casepage.papers(case, "en")

    assert supplement.before == {"title": "An example"}
    assert "<b>Before:</b> An example" in page_of(case)


def test_what_was_before_is_as_hidden_as_what_is_now() -> None:
    case = taken_up(with_codes(protected=True))
    other = {
        "given_name": "A",
        "family_name": "B",
        "code": CODES[0],
        "email": "other@example.com",
        "phone": "+358401234567",
    }
    supplemented(case, "who", who=other)

    page = page_of(case, open="")

    assert EMAIL not in page
    assert "other@example.com" not in page


# --- the diary and the messages --------------------------------------------------------------------------------------


def talked_about() -> Case:
    """A case with a word from everybody."""
    case, official = taken_up(build.case()), build.official()
    other, third = (build.authority(key) for key in ("other", "third"))
    case.take_step("write", by=official, text="Dear customer")
    case.take_step("reply", by=case.application.customer, text="Dear authority")
    case.take_step("consult", by=official, authority=other, text="Dear colleague")
    case.take_step("consult", by=official, authority=third, text="Dear third")
    case.take_step("answer", by=build.official("asked", of=other), text="Dear asker")
    case.take_step("note", by=official, text="Mind the gap")
    return case


def test_lines_say_whom_they_are_told() -> None:
    case = talked_about()

    told = [line.told for line in diary_of(case).lines]

    assert told == [Audience.EVERYBODY] * 4 + [Audience.AUTHORITIES] * 3 + [Audience.DESK]
    page = page_of(case)
    assert page.count("Internal: never sent") == 1
    assert page.count("Between authorities") == 3
    assert page.count("Not yet passed on to the national service") == 4


def test_messages_stand_in_one_thread_with_each() -> None:
    threads = diary_of(talked_about()).threads

    assert [[message.text for message in thread.messages] for thread in threads] == [
        ["Dear customer", "Dear authority"],
        ["Dear colleague", "Dear asker"],
        ["Dear third"],
    ]
    assert [thread.waits for thread in threads] == [True, False, True]
    assert [[message.ours for message in thread.messages] for thread in threads] == [
        [True, False],
        [True, False],
        [True],
    ]


def test_a_message_is_read_once_and_the_diary_leads_to_it() -> None:
    page = page_of(talked_about())

    assert page.count("Dear customer") == 1
    assert page.count('href="#message-3"') == page.count('id="message-3"') == 1
    assert page.count("Mind the gap") == 1


def test_what_was_said_at_each_step_stands_in_the_diary() -> None:
    case, official = taken_up(build.case()), build.official()
    case.take_step("assign", by=official, handler=build.official("colleague"))
    case.take_step("redirect", by=official, address="team@example.fi")
    case.take_step(
        "request_supplement",
        by=official,
        text="More",
        due=build.TODAY,
        fields=["title"],
        texts={"title": "A longer one"},
    )

    page = page_of(case)

    for expected in ("<b>Handler:</b> colleague", "<b>Address:</b> team@example.fi", "<b>Title:</b> A longer one"):
        assert expected in page


# --- how far it has got ----------------------------------------------------------------------------------------------


def delivered(case: Case, key: str, **state: Any) -> Delivery:
    """A delivery of the case's first line."""
    receiver = Receiver.objects.get_or_create(key=key, defaults={"kind": key, "name": key.title(), "since": build.NOW})[
        0
    ]
    return Delivery.objects.create(
        receiver=receiver,
        case=case,
        event=case.events.get(number=1),
        number=1,
        address=state.pop("address", ""),
        **state,
    )


def test_a_line_says_how_far_it_has_got_with_each_receiver() -> None:
    case = build.case()
    delivered(case, "first", delivered_at=build.NOW)
    for who in ("a@example.fi", "b@example.fi"):
        delivered(case, "second", address=who)

    page = page_of(case)

    for expected in ("First: <a", ">Delivered</a>", "Second: <a", ">Waiting to be sent</a> (2)"):
        assert expected in page


def test_what_was_refused_is_told_above_the_diary_and_leads_there() -> None:
    case = build.case()
    row = delivered(case, "first", refused_at=build.NOW)

    page = page_of(case)

    assert "First has refused a line" in page
    where = f"/admin/sync/delivery/?case__id__exact={case.pk}&receiver__id__exact={row.receiver_id}&status=refused"
    assert where in page
    assert desk("manager", role="manager").get(where).status_code == 200


# --- how much it asks ------------------------------------------------------------------------------------------------


def with_everything(times: int) -> Case:
    """A case with as many supplements with files, messages, consultations and deliveries as asked for."""
    version = build.version(build.page("first", build.field("text", "title")))
    case, official = taken_up(build.case(version)), build.official()
    for count in range(times):
        case.take_step("request_supplement", by=official, text="More", due=build.TODAY, fields=[], at=build.NOW)
        paper = intake.begin_supplement(case, case.application.customer)
        paper.answers["supplement_text"] = "Here"
        file = attachments.receive(paper, "supplement_files", SimpleUploadedFile("a.pdf", build.PDF))
        file.save()
        paper.answers["supplement_files"] = [file.known()]
        paper.save()
        intake.send(paper, at=build.NOW)
        case.refresh_from_db()
        with documents.received([SimpleUploadedFile("b.pdf", build.PDF)]) as files:
            case.take_step("write", by=official, text="Read", files=files, at=build.NOW + timedelta(minutes=count))
        case.take_step("consult", by=official, authority=build.authority(f"other-{count}"), text="Please")
        delivered(case, f"receiver-{count}")
    return case


def test_the_page_asks_as_much_for_five_of_everything_as_for_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    few, browser = with_everything(1), desk()
    page_of(few, browser)
    with django_assert_num_queries(13):
        page_of(few, browser)

    Delivery.objects.all().delete()
    many = with_everything(5)
    with django_assert_num_queries(13):
        page_of(many, browser)
