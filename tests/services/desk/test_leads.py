"""What a survey leads to: services added, told in sentences, and removed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext as _

from apps.services import library, working
from apps.services.models import WorkingCopy
from tests import build
from tests.markup import told

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """A designer."""
    return build.signed_in(build.official("designer", role="designer"))


def a_survey(name: str = "survey-event") -> WorkingCopy:
    """The working copy of a survey."""
    return working.begin_new(build.authority(), library.entry(name).document(), by=None)


def address(copy: WorkingCopy) -> str:
    """The page."""
    return f"/admin/services/service/{copy.service_id}/build/leads/"


def leads(copy: WorkingCopy) -> list[dict[str, Any]]:
    """What it leads to now."""
    return list(working.document_of(WorkingCopy.objects.get(pk=copy.pk)).get("leads_to", []))


def test_each_is_told_in_sentences(browser: Client) -> None:
    copy = a_survey()

    rows = browser.get(address(copy)).context["rows"]

    assert len(rows) == len(leads(copy))
    assert all(row["said"] for row in rows)


def test_services_are_told_by_their_names(browser: Client) -> None:
    copy = a_survey()

    told = " ".join(sentence for row in browser.get(address(copy)).context["rows"] for sentence in row["said"])

    assert "Anmälan om fyrverkeri" in told
    assert "fireworks" not in told


def test_one_is_added_and_its_condition_is_asked_for(browser: Client) -> None:
    copy = a_survey()
    before = len(leads(copy))
    sent = {"service": "fireworks", "sort": "possibly", "why__sv": "Därför.", "seen": copy.at}

    answer = browser.post(address(copy), sent)

    assert leads(copy)[-1] == {"service": "fireworks", "why": {"sv": "Därför."}}
    assert answer["Location"].startswith(
        f"/admin/services/service/{copy.service_id}/build/conditions/service/leads_to/lead-{before}-possibly/"
    )
    after = browser.get(answer["Location"])
    assert told(after.content) == [_("The service is added. Say when it is needed.")]


def test_what_has_no_condition_yet_is_marked(browser: Client) -> None:
    copy = a_survey()
    browser.post(address(copy), {"service": "fireworks", "sort": "surely", "seen": copy.at})

    assert [row["lacks"] for row in browser.get(address(copy)).context["rows"]][-1] is True


def test_one_is_removed(browser: Client) -> None:
    copy = a_survey()
    before = leads(copy)

    browser.post(address(copy), {"remove": "1", "seen": copy.at})

    assert leads(copy) == [before[0], *before[2:]]


@pytest.mark.parametrize("which", ["99", "x", "-1", "²"])
def test_what_is_not_there_is_not_removed(browser: Client, which: str) -> None:
    copy = a_survey()
    before = leads(copy)

    browser.post(address(copy), {"remove": which, "seen": copy.at})

    assert leads(copy) == before


def test_a_service_must_be_chosen(browser: Client) -> None:
    copy = a_survey()

    answer = browser.post(address(copy), {"sort": "surely", "why__sv": "Därför.", "seen": copy.at})

    assert answer.context["form"].errors["service"]
    assert "Därför." in answer.content.decode()


def test_a_service_that_is_no_survey_has_no_such_page(browser: Client) -> None:
    copy = a_survey("noise-notification")

    assert browser.get(address(copy)).status_code == 404


def test_of_a_survey_the_task_list_asks_nothing_of_cases(browser: Client) -> None:
    copy = a_survey()

    tasks = browser.get(f"/admin/services/service/{copy.service_id}/build/").context["tasks"]

    names = {task.name for task, _link, _state in tasks}
    assert "leads" in names
    assert not {"told", "identification", "times", "retention"} & names
