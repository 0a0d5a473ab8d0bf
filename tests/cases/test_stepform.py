"""The steps' pages as an official meets them: what is asked, what is refused in words, what is never lost."""

from __future__ import annotations

from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from apps.cases.models import Case
from apps.cases.rulebook import STEPS, TABLE, Party
from apps.cases.stepform import StepForm
from apps.cases.stepwords import MEANINGS
from apps.people.models import LogLine, Membership, User
from tests import build
from tests.build import NOW, TODAY, authority, case, field, official, page, signed_in, version

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
HANDLERS = [step.name for step in TABLE if step.by is Party.HANDLER]
SATURDAY, MONDAY = date(2027, 3, 13), date(2027, 3, 15)


def step(made: Case, name: str) -> str:
    return f"/admin/cases/case/{made.pk}/step/{name}/"


def taken_up(**more: Any) -> Case:
    made = case(**more)
    made.take_step("take_up", by=official(), at=NOW)
    return made


def handler(name: str = "handler") -> Client:
    return signed_in(official(name), headers=ENGLISH)


def said_in(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def form_of(name: str, made: Case, data: dict[str, Any] | None = None, *, today: date = TODAY) -> StepForm:
    return StepForm(STEPS[name], made, today=today, by=official(), data=data)


def ended(made: Case) -> Case:
    made.take_step("close", by=official(), outcome="noted", text="")
    return made


# --- every step ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HANDLERS)
def test_page_of_a_step_says_what_it_means_and_is_logged(name: str) -> None:
    made = case() if name == "take_up" else taken_up()
    if name == "resume":
        made.take_step("request_supplement", by=official(), at=NOW, text="More", due=TODAY, fields=[])
    if name == "reopen":
        ended(made)

    answer = handler().get(step(made, name))

    assert answer.status_code == 200
    assert str(MEANINGS[name]) in unescape(answer.content.decode())
    assert LogLine.objects.filter(act="saw", about=made.number, detail=f"step {name}").exists()


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("note", {"text": "Typed long"}),
        ("consult", {"text": "Typed long", "authority": "asked"}),
        ("transfer", {"text": "Typed long", "to": "A ministry"}),
        ("close", {"text": "Typed long", "outcome": "noted", "appeal": "Typed too"}),
        (
            "request_supplement",
            {"text": "Typed long", "fields": "title", "about-title": "Typed too", "due": "1.4.2037"},
        ),
        ("leave_unexamined", {"text": "Typed long", "appeal": "Typed too"}),
        ("register", {"register_number": "Typed long"}),
        ("redirect", {"mails": "other", "address": "typed@example.org"}),
    ],
)
def test_second_of_two_handlers_is_refused_politely_and_nothing_typed_is_lost(name: str, typed: dict[str, str]) -> None:
    made, second = taken_up(), handler("second")
    asked = authority("asked-town")
    typed = {key: str(asked.pk) if value == "asked" else value for key, value in typed.items()}
    opened = second.get(step(made, name)).context["form"]["once"].value()
    made.take_step("withdraw", by=made.application.customer)
    lines = made.events.count()

    answer = second.post(step(made, name), {**typed, "once": opened}, follow=True)

    if name == "note":  # always possible
        assert made.events.count() == lines + 1
        return
    html = unescape(answer.content.decode())
    assert answer.redirect_chain == []
    assert "This cannot be done while the case's status is “Withdrawn”." in html
    for value in typed.values():
        assert value in html
    assert made.events.count() == lines


@pytest.mark.parametrize("name", ["assign", "complete", "hold", "release", "hand_over"])
def test_step_without_anything_typed_leads_back_with_the_reason(name: str) -> None:
    made = taken_up()
    Case.objects.filter(pk=made.pk).update(status="withdrawn")
    reader = signed_in(official("reads", role="reader"), headers=ENGLISH)

    answer = reader.post(step(made, name), follow=True)

    assert said_in(answer) == ["You may not take steps in this case."]


def test_step_that_was_taken_is_logged() -> None:
    made = case()

    handler().post(step(made, "take_up"))

    assert LogLine.objects.filter(act="changed", about=made.number, detail="take_up").count() == 1


# --- who handles it --------------------------------------------------------------------------------------------------


def test_taking_up_offers_those_who_may_handle_the_service_and_oneself_first() -> None:
    made = case()
    official("boss", role="manager")
    official("reads", role="reader")
    official("elsewhere", of=authority("other-town"))
    official("limited")
    Membership.objects.filter(user__username="limited").update(only_services=["another"])
    official("gone")
    User.objects.filter(username="gone").update(is_active=False)

    form = handler().get(step(made, "take_up")).context["form"]

    assert [label for _value, label in form.fields["handler"].choices] == ["boss", "handler"]
    assert form["handler"].value() == str(official().pk)


def test_taking_up_for_a_colleague_since_another_day() -> None:
    made, colleague = case(), official("colleague")
    today = build.NOW.date() + timedelta(days=4)
    form = form_of("take_up", made, {"handler": str(colleague.pk), "since": "3.3.2027"}, today=today)

    assert form.is_valid()
    assert form.facts == {"handler": colleague, "since": date(2027, 3, 3)}


@pytest.mark.parametrize("since", ["28.2.2027", "2.3.2027", "nonsense"])
def test_handling_begins_neither_before_the_case_arrived_nor_ahead(since: str) -> None:
    form = form_of("take_up", case(), {"since": since})

    assert set(form.errors) == {"since"}


def test_case_is_handed_on_and_its_new_handler_is_asked_for() -> None:
    made, colleague = taken_up(), official("colleague")

    missing = handler().post(step(made, "assign"), {"handler": ""})
    handler().post(step(made, "assign"), {"handler": str(colleague.pk)})

    assert set(missing.context["form"].errors) == {"handler"}
    made.refresh_from_db()
    assert made.handler == colleague


@pytest.mark.parametrize("stranger", ["reads", "elsewhere"])
def test_case_is_not_handed_on_to_somebody_who_may_not_handle_it(stranger: str) -> None:
    made = taken_up()
    official("reads", role="reader")
    official("elsewhere", of=authority("other-town"))

    refused = handler().post(step(made, "assign"), {"handler": str(User.objects.get(username=stranger).pk)})

    assert set(refused.context["form"].errors) == {"handler"}


# --- where mails go --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ({"mails": "role", "address": "left@example.org"}, ""),
        ({"mails": "me"}, "me@example.org"),
        ({"mails": "other", "address": "them@example.org"}, "them@example.org"),
    ],
)
def test_mails_go_where_one_chooses(typed: dict[str, str], address: str) -> None:
    made = taken_up()
    User.objects.filter(pk=official().pk).update(email="me@example.org")

    handler().post(step(made, "redirect"), typed)

    made.refresh_from_db()
    assert made.mail_to == address
    assert made.events.get(kind="redirect").data == {"address": address}


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"mails": "me"}, "mails"),
        ({}, "mails"),
        ({"mails": "other", "address": ""}, "address"),
        ({"mails": "other", "address": "nobody"}, "address"),
    ],
)
def test_mails_do_not_go_nowhere(typed: dict[str, str], wrong: str) -> None:
    made = taken_up()

    refused = handler().post(step(made, "redirect"), typed)

    assert set(refused.context["form"].errors) == {wrong}
    assert made.events.count() == 2


# --- what is missing -------------------------------------------------------------------------------------------------


def asked(**typed: Any) -> dict[str, Any]:
    return {"text": "Something is missing", "due": "1.4.2027", **typed}


def test_each_question_has_a_text_of_its_own() -> None:
    made = taken_up(of=version(page("first", field("text", "title"), field("text", "place", required=False))))
    form = form_of("request_supplement", made, asked(fields=["place"]) | {"about-place": "Which one?\r\nAll"})

    assert form.is_valid()
    assert form.facts["texts"] == {"place": "Which one?\nAll"}


def test_text_for_a_question_that_is_not_chosen_is_an_error_there() -> None:
    form = form_of("request_supplement", taken_up(), asked() | {"about-title": "Too short"})

    assert set(form.errors) == {"about-title"}


def test_texts_are_shown_again_with_their_ticks() -> None:
    made = taken_up()
    typed = {"text": "", "due": "1.4.2037", "fields": "title", "about-title": "Too <short>"}

    html = handler().post(step(made, "request_supplement"), typed).content.decode()

    assert 'value="title" checked' in html
    assert "Too &lt;short&gt;</textarea>" in html


def test_day_when_offices_are_closed_is_moved_and_it_is_said() -> None:
    form = form_of("request_supplement", taken_up(), asked(due="13.3.2027"))

    assert form.is_valid()
    assert form.facts["due"] == MONDAY
    assert [note for note in form.notes if "13.3.2027" in note and "15.3.2027" in note]


@pytest.mark.parametrize(
    ("day", "last"),
    [
        ("26.3.2027", date(2027, 3, 30)),  # Good Friday
        ("25.6.2027", date(2027, 6, 28)),  # Midsummer Eve
        ("6.12.2027", date(2027, 12, 7)),  # Independence Day
        ("24.12.2027", date(2027, 12, 27)),  # Christmas Eve
    ],
)
def test_last_day_is_never_a_holiday(day: str, last: date) -> None:
    form = form_of("request_supplement", taken_up(), asked(due=day))

    assert form.is_valid()
    assert form.facts["due"] == last


def test_official_is_told_of_the_day_that_was_moved() -> None:
    made = taken_up()

    answer = handler().post(step(made, "request_supplement"), asked(due="2.1.2038"), follow=True)  # a Saturday

    assert any("4.1.2038" in said for said in said_in(answer))
    assert made.supplement_requests.get().due == date(2038, 1, 4)


# --- others ----------------------------------------------------------------------------------------------------------


def test_another_authority_is_asked_with_the_papers_only_when_that_is_said() -> None:
    made, theirs = taken_up(), authority("asked-town")
    browser = handler()

    offered = browser.get(step(made, "consult")).context["form"].fields["authority"].choices
    browser.post(step(made, "consult"), {"authority": str(theirs.pk), "text": "What do you say?"})
    assert [value for value, _label in offered] == ["", str(theirs.pk)]
    assert made.consultations.get().with_paper is False

    browser.post(step(made, "consult"), {"authority": str(theirs.pk), "text": "Look", "with_paper": "on"})
    assert made.consultations.get().with_paper is True
    assert made.events.filter(kind="consult").last().data == {  # type: ignore[union-attr]
        "authority": "asked-town",
        "text": "Look",
        "with_paper": True,
    }


def test_asked_authority_answers_with_the_same_form() -> None:
    made = taken_up()
    made.consultations.create(authority=authority("asked-town"))
    by = official("asked", of=authority("asked-town"))

    form = StepForm(STEPS["answer"], made, today=TODAY, by=by, data={"text": "Nothing against it"})

    assert form.is_valid()
    assert form.facts == {"text": "Nothing against it", "files": []}
    assert "authority" not in form.fields


def test_who_could_answer_for_several_says_for_which() -> None:
    made, by = taken_up(), official("asked", of=authority("asked-town"))
    for key in ("asked-town", "third-town"):
        made.consultations.create(authority=authority(key))
    official("asked", of=authority("third-town"))
    by = User.objects.get(pk=by.pk)

    third = authority("third-town")
    missing = StepForm(STEPS["answer"], made, today=TODAY, by=by, data={"text": "Yes"})
    form = StepForm(STEPS["answer"], made, today=TODAY, by=by, data={"text": "Yes", "authority": str(third.pk)})

    assert set(missing.errors) == {"authority"}
    assert form.is_valid()
    assert form.facts["authority"] == third


def test_note_says_clearly_that_it_stays_here() -> None:
    html = handler().get(step(taken_up(), "note")).content.decode()

    assert "It is never shown to the customer and never sent to anybody." in html
    assert "Only this desk sees this text." in html


def test_correction_is_closed_again_with_another_outcome() -> None:
    made, browser = ended(taken_up()), handler()

    browser.post(step(made, "reopen"), {"text": "A wrong number"})
    made.refresh_from_db()
    assert (made.status, made.outcome) == ("in_handling", "")
    browser.post(step(made, "close"), {"outcome": "prohibited", "text": "Right now"})

    made.refresh_from_db()
    assert (made.status, made.outcome, made.outcome_text) == ("closed", "prohibited", "Right now")


def test_case_is_kept_and_let_go() -> None:
    made, browser = ended(taken_up()), handler()

    browser.post(step(made, "hold"), {"text": "A complaint"})
    made.refresh_from_db()
    assert made.held

    browser.post(step(made, "release"))
    browser.post(step(made, "hand_over"))
    made.refresh_from_db()
    assert not made.held
    assert made.handed_over_at is not None
