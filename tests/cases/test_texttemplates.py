"""The authority's own texts: who looks after them, what can stand in them, and how they come into a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from apps.cases import texttemplates
from apps.cases.models import Case, TextTemplate
from apps.people.models import Authority, Customer, LogLine, Membership, User
from tests.build import NOW, TODAY, authority, case, official, signed_in, superuser, version

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
ROOM = "/admin/cases/texttemplate/"


def template(use: str = "write", *, of: Authority | None = None, **more: Any) -> TextTemplate:
    known = {"name": f"A text for {use}", "text_sv": "Ärende {case_number}", "text_en": "Case {case_number}", **more}
    return TextTemplate.objects.create(authority=of or authority(), use=use, **known)


def said_of(made: Case, text: str, **more: Any) -> str:
    """A text with its places filled."""
    return texttemplates.inserted(template(text_sv=text), made, by=official(), today=TODAY, **more).text


def boss(name: str = "boss", *, only: str = "", of: Authority | None = None) -> User:
    user = official(name, of=of, role="manager")
    if only:
        Membership.objects.filter(user=user).update(only_services=[only])
    return user


# --- filling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("{service}", "Name of example sv"),
        ("{applicant}", "Example Customer"),
        ("{handler}", "handler"),
        ("{authority}", "example-town sv"),
        ("{register_number}", "–"),
        ("{arrived}", "1.3.2027 kl. 11.30"),
        ("{today}", "1.3.2027"),
        ("{due}", "31.3.2027"),
    ],
)
def test_places_are_filled_with_what_is_known_of_the_case(place: str, words: str) -> None:
    made = case(version(handling_limit={"length": 30, "unit": "days"}))

    assert said_of(made, f"Text {place}.") == f"Text {words}."


def test_what_a_customer_has_written_is_never_looked_through() -> None:
    made = case()
    Customer.objects.update(given_name="{today}", family_name="{0.__class__}%s")

    assert said_of(Case.objects.get(pk=made.pk), "{applicant}") == "{today} {0.__class__}%s"


def test_brackets_that_are_no_place_stay() -> None:
    assert said_of(case(), "{} { {{today}} {0} % %s") == "{} { {1.3.2027} {0} % %s"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [("{today} {tomorrow} {tomorrow}", ["{tomorrow}"]), ("{Today}", ["{Today}"]), ("{}", ["{}"]), ("no place", [])],
)
def test_places_that_nothing_can_be_put_into_are_found(text: str, unknown: list[str]) -> None:
    assert texttemplates.unknown_places(text) == unknown


def test_text_is_in_the_language_of_the_application_and_its_words_too() -> None:
    made = case(language="en")
    own = template(text_sv="Hej {service}", text_en="Dear {service}, {arrived}")

    with translation.override("fi"):
        got = texttemplates.inserted(own, made, by=official(), today=TODAY)

    assert (got.text, got.language) == ("Dear Name of example, 1.3.2027, 11:30", "en")


def test_text_in_another_language_is_taken_where_there_is_no_other_and_it_is_said() -> None:
    got = texttemplates.inserted(template(text_sv="Hej"), case(language="fi"), by=official(), today=TODAY)

    assert (got.text, got.language) == ("Hej", "sv")
    with translation.override("en"):
        said = texttemplates.other_language_words("sv", "fi")
    assert said == (
        "The template has no text in the language of the application (Finnish). Its text in Swedish was put in."
    )
    assert texttemplates.other_language_words("sv", "sv") == ""


# --- which are offered -----------------------------------------------------------------------------------------------


def test_offered_are_the_authoritys_own_for_the_step_and_the_service() -> None:
    made = case()
    everybodys, own = template(name="a"), template(name="b", service=made.service)
    template(name="c", service=version(key="another").service)
    template(name="d", of=authority("other-town"))
    template("close", name="e")

    assert texttemplates.offered(made, "write") == [everybodys, own]


# --- in a step's form ------------------------------------------------------------------------------------------------


def step(made: Case, name: str) -> str:
    return f"/admin/cases/case/{made.pk}/step/{name}/"


def taken_up() -> Case:
    made = case()
    made.take_step("take_up", by=official(), at=NOW)
    return made


def handler() -> Client:
    return signed_in(official(), headers=ENGLISH)


def test_text_is_put_after_what_was_typed_and_nothing_else_is_lost() -> None:
    made, own = taken_up(), template("request_supplement")
    typed = {
        "text": "First",
        "text_template": str(own.pk),
        "fields": "title",
        "about-title": "Too short",
        "due": "31.2.2027",
        "once": "a",
        "_insert": "text",
    }

    answer = handler().post(step(made, "request_supplement"), typed)

    form = answer.context["form"]
    assert form["text"].value() == f"First\n\nÄrende {made.number}"
    assert (form["due"].value(), form["about-title"].value(), form["once"].value()) == ("31.2.2027", "Too short", "a")
    assert 'value="title" checked' in answer.content.decode()
    assert not form.errors
    assert made.events.count() == 2


def test_last_day_in_the_form_is_the_one_put_into_a_request_for_a_supplement() -> None:
    made, own = taken_up(), template("request_supplement", text_sv="Svara senast {due}")
    typed = {"text_template": str(own.pk), "due": "1.4.2027", "_insert": "text"}

    form = handler().post(step(made, "request_supplement"), typed).context["form"]

    assert form["text"].value() == "Svara senast 1.4.2027"


def test_page_says_when_the_text_is_in_another_language() -> None:
    made, own = case(language="fi"), template(text_en="")

    answer = handler().post(step(made, "write"), {"text_template": str(own.pk), "_insert": "text"})

    assert "Its text in Swedish was put in" in answer.content.decode()


@pytest.mark.parametrize("chosen", ["", "0", "x", "another use", "another authority"])
def test_nothing_but_an_offered_text_is_put_in(chosen: str) -> None:
    made = taken_up()
    template()
    others = {
        "another use": template("close", name="other").pk,
        "another authority": template(of=authority("other-town")).pk,
    }

    typed = {"text": "Mine", "text_template": str(others.get(chosen, chosen)), "_insert": "text"}
    form = handler().post(step(made, "write"), typed).context["form"]

    assert form["text"].value() == "Mine"


def test_enter_takes_the_step_and_does_not_put_a_text_in() -> None:
    made = case()
    template()

    page = handler().get(step(made, "write")).content.decode()

    assert page.index('class="first-button"') < page.index('name="_insert"')


def test_appeal_instructions_are_chosen_or_written_and_kept_in_the_diary() -> None:
    made, own = taken_up(), template("appeal", text_sv="Överklaga {case_number}")
    typed = {"outcome": "noted", "text": "Fine", "appeal_template": str(own.pk)}

    handler().post(step(made, "close"), {**typed, "appeal": ""})
    assert made.events.get(kind="close").data["appeal"] == f"Överklaga {made.number}"

    made.refresh_from_db()
    made.take_step("reopen", by=official(), text="Once more")
    handler().post(step(made, "close"), {**typed, "appeal": "Write to us"})
    assert made.events.filter(kind="close").last().data["appeal"] == "Write to us"  # type: ignore[union-attr]


def test_case_left_unexamined_can_have_them_too() -> None:
    made = taken_up()

    handler().post(step(made, "leave_unexamined"), {"text": "No answer", "appeal": "Write to us"})

    assert made.events.get(kind="leave_unexamined").data == {"text": "No answer", "appeal": "Write to us"}


# --- the room --------------------------------------------------------------------------------------------------------


def filled_in(**more: Any) -> dict[str, Any]:
    known = {"authority": authority().pk, "service": "", "use": "write", "name": "A greeting"}
    return {**known, "text_sv": "Hej {applicant}", "text_fi": "", "text_en": "", **more}


WHO: dict[str, tuple[Callable[[], User], bool]] = {
    "manager": (boss, True),
    "handler": (official, False),
    "reader": (lambda: official("reads", role="reader"), False),
    "designer": (lambda: official("designs", role="designer"), False),
    "superuser": (superuser, False),
    "manager elsewhere": (lambda: boss("elsewhere", of=authority("other-town")), False),
    "manager of another service": (lambda: boss("of another", only="another"), False),
}


@pytest.mark.parametrize("who", WHO)
def test_only_a_manager_of_the_authority_looks_after_its_texts(who: str) -> None:
    made, (make, may) = template(), WHO[who]
    browser = signed_in(make(), headers=ENGLISH)
    change, delete = f"{ROOM}{made.pk}/change/", f"{ROOM}{made.pk}/delete/"

    seen = browser.get(change)
    browser.post(change, filled_in(name="Changed"))
    browser.post(f"{ROOM}add/", filled_in(name="Another"))
    browser.post(delete, {"post": "yes"})

    assert (seen.status_code == 200) is may
    assert TextTemplate.objects.filter(pk=made.pk).exists() is not may
    assert TextTemplate.objects.filter(name="Another").exists() is may
    if not may:
        made.refresh_from_db()
        assert made.name == "A text for write"


def test_manager_of_one_service_writes_for_that_one_alone() -> None:
    one, another = version().service, version(key="another").service
    browser = signed_in(boss(only="example"), headers=ENGLISH)

    for service in ("", another.pk):
        refused = browser.post(f"{ROOM}add/", filled_in(service=service))
        assert "service" in refused.context["adminform"].form.errors
    browser.post(f"{ROOM}add/", filled_in(service=one.pk))

    assert TextTemplate.objects.get().service == one


def test_service_of_another_authority_is_refused() -> None:
    user = boss()
    Membership.objects.create(user=user, authority=authority("other-town"), role="manager")
    theirs = version(key="theirs", authority="other-town").service

    refused = signed_in(user).post(f"{ROOM}add/", filled_in(service=theirs.pk))

    assert set(refused.context["adminform"].form.errors) == {"service"}


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"text_fi": "Hei {hakija}"}, "text_fi"),
        ({"text_sv": "Hej {applicant.email}"}, "text_sv"),
        ({"text_sv": " "}, "text_sv"),
        ({"text_sv": "x" * 4_001}, "text_sv"),
        ({"text_sv": "bell \x07"}, "text_sv"),
    ],
)
def test_text_that_cannot_be_filled_is_refused_in_words(wrong: dict[str, str], at: str) -> None:
    authority()

    refused = signed_in(boss(), headers=ENGLISH).post(f"{ROOM}add/", filled_in(**wrong))

    errors = refused.context["adminform"].form.errors
    assert set(errors) == {at}
    if "{" in wrong.get(at, ""):
        assert "{applicant}" in str(errors)


def test_room_lists_the_places_and_the_texts_and_the_log_tells_of_changes() -> None:
    template()
    browser = signed_in(boss(), headers=ENGLISH)

    page = browser.get(f"{ROOM}add/").content.decode()
    for place in texttemplates.PLACES:
        assert f"{{{place}}}" in page
    assert "A text for write" in browser.get(ROOM).content.decode()

    browser.post(f"{ROOM}add/", filled_in())
    assert LogLine.objects.filter(act="changed", about="text template").count() == 1
