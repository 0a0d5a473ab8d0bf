"""A draft's life: begun once, saved page by page, cleaned up when it is thrown away or sent, never changed after that."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import close_old_connections, connection, connections, transaction

from apps.applications import attachments, drafting
from apps.applications.models import Application, Attachment, Frozen
from apps.cases import intake
from apps.services.models import Version
from tests.applications.papers import PDF, PNG, content_of, fill, page_form, upload
from tests.build import NOW, application, customer, field, page, pdf, version

pytestmark = [pytest.mark.django_db, pytest.mark.both]
commits = pytest.mark.django_db(transaction=True)  # contents are removed only when a transaction has ended for good
MUSIC = {"field": "music", "equals": True}


def feast() -> Version:
    """A service with a hidden page and two places for files."""
    return version(
        page("event", field("text", "name"), field("yes_no", "music")),
        page("sound", field("text", "band"), field("file", "song", max_files=3), show_when=MUSIC),
        page("place", field("text", "where"), field("file", "plan", max_files=2)),
    )


def draft() -> Application:
    return application(feast(), answers={})


def on_disk() -> list[bytes]:
    """The contents of all stored files."""
    folder = Path(default_storage.location)  # type: ignore[attr-defined]
    return sorted(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def complete() -> Application:
    """A draft in which all is answered, with music and without."""
    paper = draft()
    fill(paper, "event", {"name": "Feast", "music": "yes"})
    fill(paper, "sound", {"band": "The band"}, upload("song.png", PNG), to="song")
    fill(paper, "place", {"where": "The park"}, upload())
    return paper


# --- beginning -------------------------------------------------------------------------------------------------------


def test_begin_makes_an_empty_draft_of_the_version() -> None:
    made = feast()

    paper = drafting.begin(made, customer(), "fi")

    assert (paper.version, paper.customer, paper.language, paper.answers) == (made, customer(), "fi", {})
    assert paper.is_draft


def test_begin_twice_gives_one_draft_in_the_language_last_chosen() -> None:
    made = feast()

    first, second = drafting.begin(made, customer(), "sv"), drafting.begin(made, customer(), "fi")

    assert first == second
    assert Application.objects.get().language == "fi"


def test_begin_again_after_writing_gives_another_draft() -> None:
    made = feast()
    first = drafting.begin(made, customer(), "sv")
    fill(first, "event", {"name": "Feast"})

    assert drafting.begin(made, customer(), "sv") != first


def test_begin_gives_nobody_a_draft_of_another() -> None:
    made = feast()

    assert drafting.begin(made, customer("One"), "sv") != drafting.begin(made, customer("Two"), "sv")


@commits
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
def test_begin_twice_at_once_gives_one_draft() -> None:
    made, who, start = feast(), customer(), Barrier(4)

    def one(_n: int) -> uuid.UUID:
        close_old_connections()
        mine = Version.objects.get(pk=made.pk)
        try:
            start.wait(30)
            return drafting.begin(mine, who, "sv").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(one, range(4)))) == 1


# --- saving ----------------------------------------------------------------------------------------------------------


def test_save_keeps_what_is_right_though_the_page_is_not_complete() -> None:
    paper = draft()

    form = fill(paper, "event", {"name": "Feast"}, at=NOW)

    paper.refresh_from_db()
    assert not form.is_valid()
    assert paper.answers == {"name": "Feast"}
    assert paper.changed_at == NOW


def test_save_leaves_the_other_pages_alone() -> None:
    paper = draft()
    fill(paper, "event", {"name": "Feast", "music": "no"})
    stale = Application.objects.get(pk=paper.pk)
    fill(paper, "place", {"where": "The park"})

    fill(stale, "event", {"name": "Another feast", "music": "no"})

    paper.refresh_from_db()
    assert (paper.answers["name"], paper.answers["where"]) == ("Another feast", "The park")


def test_save_stores_a_file_unchanged_and_tells_what_is_known_of_it() -> None:
    paper = draft()

    fill(paper, "place", {"where": "The park"}, upload("../plan.pdf"))

    attachment = Attachment.objects.get()
    assert paper.answers["plan"] == [attachment.known()]
    assert attachment.name == "plan.pdf"
    assert content_of(attachment) == PDF
    assert on_disk() == [PDF]


def test_save_adds_files_to_those_stored() -> None:
    paper = draft()
    fill(paper, "place", {}, upload("a.pdf"))

    fill(paper, "place", {}, upload("b.pdf"))

    assert [item["name"] for item in paper.answers["plan"]] == ["a.pdf", "b.pdf"]


@commits
def test_save_to_a_sent_paper_is_refused_and_leaves_no_file() -> None:
    paper = complete()
    stale = Application.objects.get(pk=paper.pk)
    intake.send(paper, at=NOW)
    before = on_disk()

    with pytest.raises(Frozen):
        fill(stale, "place", {"where": "Elsewhere"}, upload("late.pdf", pdf(saying="late")))

    paper.refresh_from_db()
    assert paper.answers["where"] == "The park"
    assert on_disk() == before


@commits
def test_save_that_fails_halfway_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    paper, receive = draft(), attachments.receive

    def disk_is_full_at_the_second(paper: Application, field: str, file: Any) -> Attachment:
        if file.name == "b.pdf":
            raise OSError
        return receive(paper, field, file)

    monkeypatch.setattr(attachments, "receive", disk_is_full_at_the_second)

    with pytest.raises(OSError):  # noqa: PT011
        fill(paper, "place", {}, upload("a.pdf"), upload("b.pdf"))

    assert on_disk() == []
    assert not Attachment.objects.exists()


@commits
def test_save_that_breaks_off_after_the_commit_loses_no_content(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_off() -> None:
        raise ConnectionError

    paper, save = draft(), Attachment.save

    def save_and_break_off(attachment: Attachment) -> None:
        save(attachment)
        transaction.on_commit(breaks_off)

    monkeypatch.setattr(Attachment, "save", save_and_break_off)

    with pytest.raises(ConnectionError):
        fill(paper, "place", {}, upload())

    assert content_of(Attachment.objects.get()) == PDF


def test_two_windows_cannot_bring_in_more_files_than_may_be_sent() -> None:
    paper = draft()
    fill(paper, "event", {"name": "Feast", "music": "no"})
    forms = [page_form(paper, "place", {"where": "The park"}, upload(f"{n}.pdf"), upload(f"{n}b.pdf")) for n in (1, 2)]
    for form in forms:
        drafting.save_page(paper, form, at=NOW)

    with pytest.raises(drafting.NotComplete) as caught:
        intake.send(paper, at=NOW)

    assert caught.value.page == "place"


# --- removing --------------------------------------------------------------------------------------------------------


@commits
def test_file_is_removed_with_its_content() -> None:
    paper = draft()
    fill(paper, "place", {}, upload("a.pdf"), upload("b.pdf", pdf(saying="b")))
    a = Attachment.objects.get(name="a.pdf")

    drafting.remove_file(paper, str(a.pk), at=NOW)

    assert [item["name"] for item in paper.answers["plan"]] == ["b.pdf"]
    assert on_disk() == [pdf(saying="b")]


@commits
def test_last_file_removed_leaves_the_question_unanswered() -> None:
    paper = draft()
    fill(paper, "place", {}, upload())

    drafting.remove_file(paper, str(Attachment.objects.get().pk))

    assert paper.answers["plan"] is None
    assert on_disk() == []


@pytest.mark.parametrize(
    "hostile", ["", "1", "../../etc/passwd", "00000000-0000-4000-8000-000000000000", "\x00", "x" * 5_000]
)
def test_file_that_is_not_there_is_not_removed(hostile: str) -> None:
    paper = draft()
    fill(paper, "place", {}, upload())

    drafting.remove_file(paper, hostile)

    assert Attachment.objects.count() == len(on_disk()) == 1


def test_file_of_another_paper_is_not_removed() -> None:
    mine, other = draft(), application(by=customer("Other"))
    fill(mine, "place", {}, upload())

    drafting.remove_file(other, str(Attachment.objects.get().pk))

    assert Attachment.objects.count() == 1


@commits
def test_content_stays_when_the_removal_is_undone() -> None:
    paper = draft()
    fill(paper, "place", {}, upload())

    with transaction.atomic():
        drafting.remove_file(paper, str(Attachment.objects.get().pk))
        transaction.set_rollback(True)

    assert on_disk() == [PDF]
    assert content_of(Attachment.objects.get()) == PDF


@commits
def test_discard_leaves_nothing() -> None:
    paper = complete()

    drafting.discard(paper)

    assert not Application.objects.exists()
    assert not Attachment.objects.exists()
    assert on_disk() == []


def test_discard_twice_is_refused_the_second_time() -> None:
    paper = complete()
    stale = Application.objects.get(pk=paper.pk)
    drafting.discard(paper)

    with pytest.raises(Frozen):
        drafting.discard(stale)


# --- sending freezes -------------------------------------------------------------------------------------------------


def test_sent_paper_cannot_be_changed_by_any_verb() -> None:
    paper = complete()
    intake.send(paper, at=NOW)
    sent = Application.objects.get(pk=paper.pk)
    file = sent.answers["plan"][0]["id"]

    for change in (
        lambda: fill(sent, "event", {"name": "Changed", "music": "no"}),
        lambda: drafting.remove_file(sent, file),
        lambda: drafting.discard(sent),
    ):
        with pytest.raises(Frozen):
            change()

    again = Application.objects.get(pk=paper.pk)
    assert again.answers == sent.answers
    assert again.digest == sent.digest == drafting.paper_digest(again)
    assert len(on_disk()) == 2


def test_paper_sent_holds_all_that_counts_with_a_digest() -> None:
    paper = complete()

    intake.send(paper, at=NOW)

    paper.refresh_from_db()
    assert (paper.sent_at, paper.changed_at) == (NOW, NOW)
    assert set(paper.answers) == {"name", "music", "band", "song", "where", "plan"}
    assert [item["name"] for item in paper.files()] == ["song.png", "plan.pdf"]
    assert len(paper.digest) == 64


@commits
def test_answers_that_a_condition_hides_are_not_sent_and_their_files_are_removed() -> None:
    paper = complete()
    fill(paper, "event", {"name": "Feast", "music": "no"})
    assert len(on_disk()) == 2

    intake.send(paper, at=NOW)

    paper.refresh_from_db()
    assert set(paper.answers) == {"name", "music", "where", "plan"}
    assert [attachment.name for attachment in paper.attachments.all()] == ["plan.pdf"]
    assert on_disk() == [PDF]


def test_hidden_answers_come_back_when_the_condition_does() -> None:
    paper = complete()
    fill(paper, "event", {"name": "Feast", "music": "no"})
    fill(paper, "event", {"name": "Feast", "music": "yes"})

    intake.send(paper, at=NOW)

    paper.refresh_from_db()
    assert paper.answers["band"] == "The band"


def test_paper_that_is_not_complete_is_not_sent_and_says_where() -> None:
    paper = draft()
    fill(paper, "event", {"name": "Feast", "music": "no"})

    with pytest.raises(drafting.NotComplete) as caught:
        intake.send(paper, at=NOW)

    paper.refresh_from_db()
    assert caught.value.page == "place"
    assert paper.is_draft
    assert paper.digest == ""


def test_digest_tells_any_change() -> None:
    paper = complete()
    before = drafting.paper_digest(paper)

    paper.answers["plan"][0]["sha256"] = "1" * 64

    assert drafting.paper_digest(paper) != before


def test_draft_is_judged_on_the_day_of_sending() -> None:
    made = version(page("first", field("date", "day", lead_time={"days": 5})))
    paper = application(made, answers={"day": "2027-03-08"})

    with pytest.raises(drafting.NotComplete):
        intake.send(paper, at=NOW + timedelta(days=3))

    assert intake.send(paper, at=NOW + timedelta(days=2)).number


def test_day_changes_at_midnight_in_helsinki() -> None:
    made = version(page("first", field("date", "day", lead_time={"days": 0})))
    paper = application(made, answers={"day": "2027-03-01"})

    with pytest.raises(drafting.NotComplete):
        intake.send(paper, at=NOW.replace(hour=22, minute=0))

    assert intake.send(paper, at=NOW.replace(hour=21, minute=59)).number
