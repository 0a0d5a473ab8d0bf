"""Mails that belong to no case: one per key, sent once, and given up only when refused for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from apps.sync import notices, relay
from apps.sync.courier import Courier
from apps.sync.models import Notice
from apps.sync.receivers.base import Delivered, Later
from tests import build
from tests.build import NOW
from tests.sync.patience import hurried
from tests.sync.smtp import CONTENT, DROP_AFTER, HANG, RECIPIENT, MailServer

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=10)
MINE = "mine@example.com"


def at(hours: float) -> Any:
    return NOW + timedelta(hours=hours)


def post(key: str = "one", *, language: str = "sv", address: str = MINE) -> bool:
    paper = build.application()
    facts = {"application": str(paper.pk), "day": "2027-06-05"}
    return notices.post(notices.DRAFT_ENDS, address, key, language, facts, at=NOW)


def test_notice_is_put_down_once_under_its_key() -> None:
    assert post()
    assert not post(address="other@example.com")

    assert Notice.objects.get().address == MINE


def test_notice_is_sent_once(mail_server: MailServer) -> None:
    post()

    assert str(relay.run_once(SOON)) == "notices 1"
    assert str(relay.run_once(at(2))) == ""

    (mail,) = mail_server.taken
    assert mail["To"] == MINE
    assert mail["Auto-Submitted"] == "auto-generated"
    assert Notice.objects.get().sent_at == SOON


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_notice_is_in_its_language_and_leads_to_what_it_is_about(mail_server: MailServer, language: str) -> None:
    post(language=language)
    paper = build.customer().applications.get()

    relay.run_once(SOON)

    text = mail_server.taken[0].get_content()
    assert f"https://service.example/{language}/applications/{paper.pk}/" in text.splitlines()
    assert "5.6.2027" in text
    assert "An example" not in text


def test_what_could_not_be_sent_is_sent_later_under_its_message_id(mail_server: MailServer) -> None:
    post()
    mail_server.says, mail_server.times = {CONTENT: DROP_AFTER}, 1

    assert relay.run_once(SOON).notices_not_sent == 1
    assert str(relay.run_once(SOON)) == ""
    assert relay.run_once(at(1)).notices == 1

    assert str(mail_server.taken[0]) == str(mail_server.taken[1])
    assert Notice.objects.get().attempts == 2


def test_what_is_refused_for_good_is_given_up_and_holds_up_no_other(mail_server: MailServer) -> None:
    post()
    mail_server.says = {RECIPIENT: f"550 5.1.1 {MINE} is unknown"}
    relay.run_once(SOON)
    mail_server.says = {}
    post("two")

    assert relay.run_once(at(1)).notices == 1
    first = Notice.objects.get(key="one")
    assert (first.refused_at, first.last_error, first.sent_at) == (SOON, "550 5.1.1 for the recipient", None)


def test_of_two_relays_one_sends_it(mail_server: MailServer) -> None:
    post()

    mine = notices.claim(10, SOON)
    theirs = notices.claim(10, SOON)

    assert (len(mine), theirs) == (1, [])


def test_who_has_held_it_too_long_can_note_nothing(mail_server: MailServer) -> None:
    post()
    pk = Notice.objects.get().pk
    (mine,) = notices.claim(10, SOON)
    (theirs,) = notices.claim(10, at(1))

    notices.note(pk, mine.token, Delivered(), at(1))
    assert Notice.objects.get().sent_at is None
    notices.note(pk, theirs.token, Later(None, "not now"), at(1))
    assert Notice.objects.get().last_error == "not now"


def test_nothing_is_sent_where_mail_is_not_set_up(settings: Settings) -> None:
    settings.MAIL_IS_SENT = False
    post()

    assert str(relay.run_once(SOON)) == ""
    assert Notice.objects.get().attempts == 0


def test_one_that_cannot_be_put_together_holds_up_no_other(
    mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    post()
    Notice.objects.create(
        key="bad", kind=notices.DRAFT_ENDS, address=MINE, language="sv", next_at=NOW, data={"day": "x"}
    )

    counts = relay.run_once(SOON)

    assert counts.notices == 1
    bad = Notice.objects.get(key="bad")
    assert (bad.sent_at, bad.refused_at, bad.last_error) == (None, None, "cannot be put together: ValueError")
    assert bad.next_at > SOON
    assert MINE not in caplog.text


def test_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no notice of the kind"):
        notices.post("nothing", MINE, "key", "sv", {})


def test_a_hanging_server_does_not_hold_the_relay(mail_server: MailServer, settings: Settings) -> None:
    post()
    mail_server.says = {CONTENT: HANG}
    with hurried(settings), Courier() as courier:
        hands = notices.Post(courier, SOON)
        hands.take_up()

        assert hands.settle() == (0, 0)
        assert len(hands.running) == 1
        assert hands.finish() == (0, 1)


def test_idle_relay_asks_once_for_notices(mail_server: MailServer) -> None:
    with CaptureQueriesContext(connection) as asked:
        notices.claim(10, SOON)

    assert len(asked) == 1


def test_old_notices_are_forgotten_and_waiting_ones_are_not(mail_server: MailServer) -> None:
    post()
    relay.run_once(SOON)
    post("waits")

    assert notices.forget_old(NOW + timedelta(days=500)) == 1
    assert Notice.objects.get().key == "waits"


def test_desk_shows_notices_to_who_looks_after_the_installation_without_the_address() -> None:
    post()
    page = f"/admin/sync/notice/{Notice.objects.get().pk}/change/"

    for address in ("/admin/sync/notice/", page):
        shown = build.signed_in(build.superuser()).get(address)
        assert shown.status_code == 200
        assert "m…@example.com" in shown.text
        assert MINE not in shown.text
        assert build.signed_in(build.official("reads")).get(address).status_code == 403
    assert build.signed_in(build.superuser()).get("/admin/sync/notice/add/").status_code == 403
