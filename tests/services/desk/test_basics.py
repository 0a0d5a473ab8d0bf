"""What is said of the service itself: every part shows what stands there, saves what was typed, and writes out nothing that is usual."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext as _

from apps.services import editing, library, working
from apps.services.desk.basics import PARTS
from apps.services.desk.serviceforms import AboutForm
from apps.services.models import WorkingCopy
from tests import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """A designer."""
    return build.signed_in(build.official("designer", role="designer"))


def a_copy(**more: Any) -> WorkingCopy:
    """The working copy of a service."""
    document = {**build.document(), "schema": 2, **more}
    return working.begin_new(build.authority(), document, by=None)


def address(copy: WorkingCopy, part: str) -> str:
    """The page of a part."""
    return f"/admin/services/service/{copy.service_id}/build/about/{part}/"


def as_shown(browser: Client, copy: WorkingCopy, part: str) -> dict[str, Any]:
    """What a browser sends when nothing has been changed."""
    form = browser.get(address(copy, part)).context["form"]
    values = {name: form[name].value() for name in form.fields}
    ticked = {name: value for name, value in values.items() if value not in (None, False)}
    shown = {name: "on" if value is True else value for name, value in ticked.items()}
    shown["municipalities"] = (
        form.fields["municipalities"].prepare_value(values["municipalities"]) if part == "about" else ""
    )
    return {**shown, "seen": copy.at}


@pytest.mark.thorough
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", sorted(library.entries()))
def test_what_is_saved_unchanged_changes_nothing(browser: Client, name: str, part: str) -> None:
    copy = working.begin_new(build.authority(), library.entry(name).document(), by=None)
    before = working.text_of(copy)

    answer = browser.post(address(copy, part), as_shown(browser, copy, part))

    copy.refresh_from_db()
    assert answer.status_code == 302
    assert working.text_of(copy) == before
    assert copy.at == 1


def test_a_text_is_saved_in_each_language_and_another_language_stays(browser: Client) -> None:
    copy = a_copy(languages=["sv", "fi"])
    sent = {**as_shown(browser, copy, "about"), "name__sv": " Nytt namn ", "name__fi": ""}

    browser.post(address(copy, "about"), sent)

    assert working.document_of(copy_again(copy))["name"] == {"sv": "Nytt namn", "en": "Name of example"}


def copy_again(copy: WorkingCopy) -> WorkingCopy:
    """As it stands in the database."""
    return WorkingCopy.objects.get(pk=copy.pk)


def test_municipalities_are_written_by_name_or_code(browser: Client) -> None:
    copy = a_copy()
    sent = {**as_shown(browser, copy, "about"), "municipalities": "Sibbo, 091; porvoo"}

    browser.post(address(copy, "about"), sent)

    assert working.document_of(copy_again(copy))["municipalities"] == ["091", "638", "753"]


def test_an_unknown_municipality_is_named_and_what_was_typed_stays(browser: Client) -> None:
    copy = a_copy()
    sent = {**as_shown(browser, copy, "about"), "municipalities": "Sibbo, Ankeborg", "price__sv": "Dyrt"}

    answer = browser.post(address(copy, "about"), sent)

    assert "Ankeborg" in str(answer.context["form"].errors["municipalities"])
    assert "Dyrt" in answer.content.decode()
    assert copy_again(copy).at == 1


def test_a_time_limit_is_set_and_taken_away(browser: Client) -> None:
    copy = a_copy()
    limit = {
        "length": "30",
        "unit": "days",
        "counted_from": "completeness",
        "warn_days": "7",
        "shown": "on",
        "seen": "1",
    }

    browser.post(address(copy, "times"), limit)
    set_to = working.document_of(copy_again(copy)).get("handling_limit")
    browser.post(address(copy, "times"), {**limit, "length": "", "seen": "2"})

    assert set_to == {"length": 30, "unit": "days", "from": "completeness", "shown": True}
    assert "handling_limit" not in working.document_of(copy_again(copy))


@pytest.mark.parametrize("length", ["x", "0", "4000", "-1"])
def test_a_time_limit_that_cannot_be_is_refused(browser: Client, length: str) -> None:
    copy = a_copy()

    answer = browser.post(
        address(copy, "times"), {"length": length, "unit": "days", "counted_from": "arrival", "warn_days": "7"}
    )

    assert answer.context["form"].errors["length"]


def test_an_own_service_and_the_conditional_connection_belong_together(browser: Client) -> None:
    copy = a_copy()

    alone = browser.post(address(copy, "told"), {"connection": "conditional", "seen": "1"})
    beside = browser.post(
        address(copy, "told"), {"connection": "simplified", "own_service__sv": "https://example.com/", "seen": "1"}
    )
    browser.post(
        address(copy, "told"), {"connection": "conditional", "own_service__sv": "https://example.com/", "seen": "1"}
    )

    assert alone.context["form"].errors
    assert beside.context["form"].errors
    definition, problems = working.judged(copy_again(copy))
    assert (definition.own_service.said("sv"), definition.connection) == ("https://example.com/", "conditional")
    assert problems == []


def test_an_interface_without_a_system_is_still_to_do(browser: Client) -> None:
    copy = a_copy(connection="interface")

    tasks = browser.get(f"/admin/services/service/{copy.service_id}/build/").content.decode()

    assert _("No system is connected that may take steps in the service’s cases.") in tasks


def test_what_an_interface_still_lacks_is_said_where_it_is_chosen_with_the_way_there_for_who_may_connect() -> None:
    copy = a_copy(connection="interface")
    build.official("manager", role="designer")
    people = [build.official("designer", role="designer"), build.official("manager", role="manager")]

    shown = [build.signed_in(one).get(address(copy, "told")).content.decode() for one in people]

    assert all(_("No system is connected that may take steps in the service’s cases.") in html for html in shown)
    assert ["/admin/people/system/" in html for html in shown] == [False, True]


def test_at_least_one_party_must_be_chosen(browser: Client) -> None:
    copy = a_copy()

    answer = browser.post(address(copy, "identification"), {"identification": "weak", "seen": "1"})

    assert answer.context["form"].errors["acting_for"]


def test_identification_is_saved(browser: Client) -> None:
    copy = a_copy()
    sent = {"identification": "weak", "acting_for": ["company", "self"], "mandate": "Foretaget", "seen": "1"}

    browser.post(address(copy, "identification"), sent)

    document = working.document_of(copy_again(copy))
    assert (document["identification"], document["acting_for"], document["mandate"]) == (
        "weak",
        ["self", "company"],
        "Foretaget",
    )


def test_a_plan_for_the_records_is_told_whole(browser: Client) -> None:
    copy = a_copy()
    plan = {"function": "10 03 00", "publicity": "2", "personal_data": "3", "seen": "1", "draft_days": "90"}

    lacking = browser.post(address(copy, "retention"), plan)
    browser.post(address(copy, "retention"), {**plan, "retention_years": "-1", "keep_days": "30"})

    assert lacking.context["form"].errors["retention_years"]
    document = working.document_of(copy_again(copy))
    assert document["records"] == {"function": "10 03 00", "publicity": 2, "personal_data": 3, "retention_years": -1}
    assert document["keep_days"] == 30
    assert "draft_days" not in document


def test_what_somebody_else_changed_meanwhile_is_told_and_nothing_is_overwritten(browser: Client) -> None:
    copy = a_copy()
    sent = as_shown(browser, copy, "about")
    browser.post(address(copy, "about"), {**sent, "price__sv": "Mitt"})

    answer = browser.post(address(copy, "about"), {**sent, "price__sv": "Ditt"})

    assert answer.status_code == 200
    assert "Ditt" in answer.content.decode()
    assert working.document_of(copy_again(copy))["price"]["sv"] == "Mitt"


def test_the_form_sent_again_after_that_puts_it_in_its_place(browser: Client) -> None:
    copy = a_copy()
    sent = as_shown(browser, copy, "about")
    browser.post(address(copy, "about"), {**sent, "price__sv": "Mitt"})
    again = browser.post(address(copy, "about"), {**sent, "price__sv": "Ditt"})

    browser.post(address(copy, "about"), {**sent, "price__sv": "Ditt", "seen": again.context["seen"]})

    assert working.document_of(copy_again(copy))["price"]["sv"] == "Ditt"


def test_a_part_that_there_is_not_is_not_found(browser: Client) -> None:
    assert browser.get(address(a_copy(), "nothing")).status_code == 404


def test_new_elements_stand_before_the_pages(browser: Client) -> None:
    copy = a_copy()

    browser.post(address(copy, "identification"), {"identification": "weak", "acting_for": ["self"], "seen": "1"})

    assert list(working.document_of(copy_again(copy)))[-1] == "pages"


def test_the_form_asks_in_the_languages_of_the_service() -> None:
    form = AboutForm(build.document(), editing.languages_of({"languages": ["fi"]}))

    assert [name for name in form.fields if name.startswith("name__")] == ["name__fi"]
