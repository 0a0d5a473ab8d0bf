"""One mail a day: everything told once, nothing left out, links straight to the cases, in the official's language."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from apps.cases.models import Case
from apps.people.models import User
from apps.sync import digests, duties, notices, relay
from apps.sync.models import MAIL, Delivery, Notice
from tests import build
from tests.build import NOW
from tests.sync.smtp import MailServer

pytestmark = pytest.mark.django_db
ANNA = "anna@town.example"


def at(hours: float) -> Any:
    return NOW + timedelta(hours=hours)


@pytest.fixture(autouse=True)
def _no_national(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL = ""
    settings.SITE_URL = "https://service.example"


@pytest.fixture
def anna() -> User:
    """A handler who wants one mail a day."""
    user = build.official("anna")
    user.email, user.digest = ANNA, True
    user.save()
    return user


def hers(anna: User) -> Case:
    """A case whose mails are redirected to her."""
    case = build.case()
    case.take_step("redirect", by=anna, at=NOW, address=ANNA)
    return case


def replied(case: Case, hours: float = 0) -> None:
    case.take_step("reply", by=case.application.customer, at=at(hours), text="A secret word")


def test_what_happens_in_a_day_comes_in_one_mail(anna: User, mail_server: MailServer) -> None:
    first, second = hers(anna), hers(anna)
    replied(first)
    replied(first)
    replied(second)
    relay.run_once(at(1))
    assert mail_server.taken == []

    assert digests.post_all(at(2)) == 1
    relay.run_once(at(3))

    (mail,) = mail_server.taken
    body = mail.get_content()
    assert mail["To"] == ANNA
    for case in (first, second):
        assert body.count(f"{case.number}: https://service.example/admin/cases/case/{case.pk}/change/") == 2  # sv, fi
    assert "secret" not in body


def test_nothing_is_told_twice(anna: User, mail_server: MailServer) -> None:
    case = hers(anna)
    replied(case)
    relay.run_once(at(1))

    assert [digests.post_all(at(2)), digests.post_all(at(26))] == [1, 0]
    replied(case, 27)
    relay.run_once(at(28))
    assert digests.post_all(at(50)) == 1
    relay.run_once(at(51))

    assert len(mail_server.taken) == 2
    assert not Delivery.objects.filter(receiver__kind=MAIL, delivered_at=None).exists()


def test_a_digest_that_is_rolled_back_is_made_again(anna: User, mail_server: MailServer) -> None:
    replied(hers(anna))
    relay.run_once(at(1))
    with transaction.atomic():
        digests.post_all(at(2))
        transaction.set_rollback(True)

    assert Notice.objects.count() == 0
    assert digests.post_all(at(3)) == 1


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_digest_is_in_the_language_its_official_asked_for(anna: User, language: str) -> None:
    User.objects.update(language=language)
    replied(hers(anna))
    relay.collect()

    digests.post_all(at(2))

    notice = Notice.objects.get()
    assert notice.language == language
    assert notices.write(notice).body.count("/admin/cases/case/") == 1


def test_more_cases_than_are_named_are_counted(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "MOST_NAMED", 1)
    for _n in range(3):
        replied(hers(anna))
    relay.collect()

    digests.post_all(at(2))

    notice = Notice.objects.get()
    assert (len(notice.data["cases"]), notice.data["count"]) == (1, 3)


def test_who_changes_their_mind_gets_what_waits_first_and_then_single_mails(
    anna: User, mail_server: MailServer
) -> None:
    case = hers(anna)
    replied(case)
    relay.run_once(at(1))
    User.objects.update(digest=False)
    replied(case, 2)
    relay.run_once(at(3))
    assert mail_server.taken == []

    digests.post_all(at(4))
    relay.run_once(at(5))

    assert sorted("FE-" in str(mail["Subject"]) for mail in mail_server.taken) == [False, True]


def test_digests_are_posted_every_morning(anna: User, settings: Settings) -> None:
    settings.MAIL_IS_SENT = True
    replied(hers(anna))
    relay.collect()

    assert duties.send_digests(at(2)) == {"digests posted": 1}
    assert [duty.at.hour for duty in duties.DUTIES if duty.do is duties.send_digests and duty.at] == [7]


# --- due days --------------------------------------------------------------------------------------------------------


def due(days: int, **more: Any) -> Case:
    build.authority(email="role@town.example")
    case = build.case()
    Case.objects.filter(pk=case.pk).update(due_on=NOW.date() + timedelta(days=days), **more)
    return case


@pytest.mark.parametrize(
    ("days", "more", "kinds"),
    [
        (8, {}, []),
        (7, {}, ["case_due"]),
        (0, {}, ["case_due"]),
        (-1, {}, ["case_overdue"]),
        (-1, {"status": "closed"}, []),
        (-1, {"paused_at": NOW}, []),
    ],
)
def test_due_days_are_told_of_once(settings: Settings, days: int, more: dict[str, Any], kinds: list[str]) -> None:
    settings.MAIL_IS_SENT = True
    case = due(days, **more)

    duties.warn_of_due_days(NOW)
    duties.warn_of_due_days(at(2))

    told = list(Notice.objects.order_by("pk").values_list("kind", flat=True))
    assert told == kinds
    for notice in Notice.objects.all():
        mail = notices.write(notice)
        assert str(case.number) in mail.body
        assert notice.address == "role@town.example"


def test_redirected_case_is_warned_of_where_it_was_redirected(settings: Settings) -> None:
    settings.MAIL_IS_SENT = True
    due(3, mail_to=ANNA)

    duties.warn_of_due_days(NOW)

    assert Notice.objects.get().address == ANNA
