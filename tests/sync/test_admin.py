"""The desk's list of deliveries: who sees what, and who may send again or skip."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.cases.models import Case
from apps.people.models import User
from apps.sync import relay
from apps.sync.models import STATUS_WORDS, Delivery, Receiver
from tests import build
from tests.build import NOW
from tests.sync.folders import handled, standing

pytestmark = pytest.mark.django_db
LIST = "/admin/sync/delivery/"
ENGLISH = {"accept-language": "en"}


def browser(user: User) -> Client:
    return build.signed_in(user, headers=ENGLISH)


def manager() -> User:
    return build.official("manager", role="manager")


@pytest.fixture
def refused() -> Case:
    """A case whose first event was refused."""
    case = handled(build.case())
    relay.collect(NOW)
    Delivery.objects.filter(case=case, number=1).update(refused_at=NOW, last_error="422 invalid /formdata")
    return case


def do(who: User, action: str, case: Case, **more: str) -> Any:
    chosen = [str(pk) for pk in Delivery.objects.filter(case=case).values_list("pk", flat=True)]
    return browser(who).post(LIST, {"action": action, "_selected_action": chosen, **more}, follow=True)


@pytest.mark.parametrize("role", ["reader", "handler", "manager"])
def test_officials_see_the_deliveries_of_their_own_cases(refused: Case, role: str) -> None:
    mine = browser(build.official("mine", role=role)).get(LIST)
    other = browser(build.official("other", of=build.authority("other-town"), role=role)).get(LIST)

    assert str(refused.number) in mine.content.decode()
    assert "422 invalid /formdata" in mine.content.decode()
    assert other.status_code == 200
    assert str(refused.number) not in other.content.decode()


def test_one_delivery_is_shown_to_those_who_may_see_it_and_cannot_be_changed(refused: Case) -> None:
    page = f"{LIST}{Delivery.objects.get(case=refused, number=1).pk}/change/"

    mine = browser(manager()).get(page)

    assert mine.status_code == 200
    assert 'name="_save"' not in mine.content.decode()
    assert browser(build.official("other", of=build.authority("other-town"))).get(page).status_code == 302
    assert browser(manager()).get(f"{LIST}add/").status_code == 403
    assert browser(manager()).post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_designer_and_customer_see_none(refused: Case) -> None:
    assert browser(build.official("designer", role="designer")).get(LIST).status_code == 403
    assert browser(refused.application.customer).get(LIST).status_code == 302  # type: ignore[arg-type]


def test_list_is_filtered_by_status_receiver_and_case(refused: Case) -> None:
    other = build.case(by=build.customer("Other"))
    relay.collect(NOW)
    mine = browser(manager())
    receiver = Receiver.objects.get(key="national").pk

    def shown(query: str) -> list[tuple[str | None, int]]:
        answer = mine.get(LIST + query)
        assert answer.status_code == 200
        return sorted((d.case.number, d.number) for d in answer.context["cl"].result_list)

    assert shown("?status=refused") == [(refused.number, 1)]
    assert shown("?status=waiting") == [(refused.number, 2), (other.number, 1)]
    assert shown(f"?case__id__exact={refused.pk}") == [(refused.number, 1), (refused.number, 2)]
    assert len(shown(f"?receiver__id__exact={receiver}")) == 3
    assert shown(f"?q={other.number}") == [(other.number, 1)]
    assert [shown(f"?status={status}") for status in STATUS_WORDS if status not in ("refused", "waiting")] == [[]] * 3


@pytest.mark.parametrize("who", ["manager", "superuser"])
def test_refused_delivery_is_sent_again_and_that_is_logged(refused: Case, who: str) -> None:
    user = manager() if who == "manager" else build.superuser()

    answer = do(user, "send_again", refused)

    assert standing(refused) == ["waiting", "waiting"]
    assert Delivery.objects.get(case=refused, number=1).next_at <= timezone.now()
    assert LogEntry.objects.get().user == user
    assert [str(m) for m in answer.context["messages"]][-1] == "1 delivery is sent again now."


def test_refused_delivery_is_skipped_with_a_reason_and_that_is_logged(refused: Case) -> None:
    do(manager(), "skip", refused, reason="Sent on paper.")

    delivery = Delivery.objects.get(case=refused, number=1)
    assert standing(refused) == ["skipping", "waiting"]
    assert delivery.reason == "Sent on paper."
    assert "Sent on paper." in LogEntry.objects.get().change_message


def test_nothing_is_skipped_without_a_reason(refused: Case) -> None:
    answer = do(manager(), "skip", refused, reason=" ")

    assert standing(refused) == ["refused", "waiting"]
    assert not LogEntry.objects.exists()
    assert [str(m) for m in answer.context["messages"]] == ["Write why it is skipped."]


@pytest.mark.parametrize("action", ["send_again", "skip"])
@pytest.mark.parametrize("role", ["reader", "handler"])
def test_only_managers_mend(refused: Case, action: str, role: str) -> None:
    do(build.official("other", role=role), action, refused, reason="A reason.")

    assert standing(refused) == ["refused", "waiting"]


@pytest.mark.parametrize("action", ["send_again", "skip"])
def test_manager_elsewhere_who_reads_here_does_not_mend(refused: Case, action: str) -> None:
    both = build.official("both", role="reader")
    build.official("both", of=build.authority("other-town"), role="manager")

    answer = do(both, action, refused, reason="A reason.")

    assert standing(refused) == ["refused", "waiting"]
    assert "not yours" in str(next(iter(answer.context["messages"])))


def test_number_of_queries_of_the_list_does_not_grow() -> None:
    version, user, made = build.version(), manager(), []
    for n in range(2):
        for i in range(1 + 10 * n):
            build.case(version, by=build.customer(f"Customer {n} {i}"))
        relay.collect(NOW)
        page = browser(user)
        with CaptureQueriesContext(connection) as asked:
            page.get(LIST)
        made.append(len(asked))

    assert made[0] == made[1]


def test_receivers_are_for_those_who_keep_the_installation() -> None:
    receiver = Receiver.objects.get(key="national")
    page = f"/admin/sync/receiver/{receiver.pk}/change/"

    assert browser(manager()).get(page).status_code == 403
    assert browser(build.superuser()).get(page).status_code == 200
    browser(build.superuser()).post(page, {"name": "changed"})

    receiver.refresh_from_db()
    assert (receiver.active, receiver.name) == (False, "Tillstånd och tillsyn")


@pytest.mark.parametrize("number", [1, 2])
def test_pages_have_no_inline_script_or_style(refused: Case, number: int) -> None:
    page = browser(manager()).get(
        LIST if number == 1 else f"{LIST}{Delivery.objects.get(case=refused, number=1).pk}/change/"
    )

    assert " style=" not in page.content.decode()
    assert "onclick=" not in page.content.decode()
