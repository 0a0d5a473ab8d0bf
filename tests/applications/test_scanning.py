"""Looking for malware: only a plain OK of a real scanner is one; everything else waits, and what waits is given to nobody."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from pytest_django import Settings

from apps.applications import attachments, scanning
from apps.applications.models import Application, Attachment
from apps.applications.scanning import Clamd, NotScanned
from apps.cases import intake
from apps.cases.models import Case, NotAllowed
from tests import build
from tests.applications.clamd import HARMLESS_TEST, NAMED, answering, clamd, free_port, read_stream, saying
from tests.applications.papers import PDF, archive, fill, on_disk, page_form, upload
from tests.build import NOW

NOBODY = "127.0.0.1:1"


def scan(address: str, content: bytes, **limits: float) -> str:
    return Clamd(address, **limits).scan(io.BytesIO(content))


def infected_document() -> bytes:
    """A document that opens, with what scanners are tried with inside."""
    return archive("[Content_Types].xml", "word/document.xml", holding={"word/media.png": HARMLESS_TEST})


# --- A real scanner --------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_clean_file_is_clean_and_an_infected_one_is_named(tmp_path: Path) -> None:
    with clamd(tmp_path) as address:
        assert scan(address, PDF) == ""
        assert scan(address, b"") == ""
        assert scan(address, bytes(range(256)) * 40_000) == ""
        assert scan(address, HARMLESS_TEST) == NAMED
        assert scan(address, infected_document()) == NAMED


def test_scanner_is_reached_over_the_network_too(tmp_path: Path) -> None:
    with clamd(tmp_path, port=free_port()) as address:
        assert scan(address, PDF) == ""
        assert scan(address, HARMLESS_TEST) == NAMED


def test_file_that_is_too_large_for_the_scanner_is_not_clean(tmp_path: Path) -> None:
    with clamd(tmp_path, most="1M") as address, pytest.raises(NotScanned):
        scan(address, b"x" * 3_000_000)


@pytest.mark.django_db
def test_infected_file_is_refused_in_words_and_nothing_of_it_is_stored(tmp_path: Path, settings: Settings) -> None:
    paper = draft()
    with clamd(tmp_path) as settings.SCANNER:
        form = fill(paper, "first", {}, upload("good.pdf"), upload("bad.docx", infected_document()))

    assert [found.name for found in Attachment.objects.all()] == ["good.pdf"]
    assert Attachment.objects.get().scan == "clean"
    assert len(on_disk()) == 1
    assert not form.is_valid()
    [said] = form.errors["plan"]
    assert str(said).startswith("bad.docx: ")


# --- What only looks like one ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"OK\0",
        b"stream: OK",
        b"stream: OK\n",
        b"stream: OK \0",
        b"stream: ok\0",
        b"1: stream: OK\0",
        b"stream: OK\0stream: OK\0",
        b"stream:  FOUND\0",
        b"FOUND\0",
        b"stream: INSTREAM size limit exceeded. ERROR\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
        b"\xff\xfe\x00",
        b"HTTP/1.1 200 OK\r\n\r\nOK\0",
        b"stream: " + b"x" * 10_000 + b" FOUND\0",
    ],
)
def test_only_the_exact_answer_is_a_verdict(answer: bytes) -> None:
    with answering(saying(answer)) as address, pytest.raises(NotScanned):
        scan(address, PDF)


def test_answer_may_come_in_pieces() -> None:
    def slowly(line: socket.socket) -> None:
        read_stream(line)
        for byte in b"stream: OK\0":
            line.sendall(bytes([byte]))

    with answering(slowly) as address:
        assert scan(address, PDF) == ""


def test_scanner_gets_every_byte() -> None:
    got: list[bytes] = []

    def behave(line: socket.socket) -> None:
        got.append(read_stream(line))
        line.sendall(b"stream: OK\0")

    content = bytes(range(256)) * 1_000
    with answering(behave) as address:
        scan(address, content)

    assert got == [content]


def hangs(line: socket.socket) -> None:
    read_stream(line)
    time.sleep(1)


def drips(line: socket.socket) -> None:
    read_stream(line)
    for _ in range(50):
        line.sendall(b"s")
        time.sleep(0.05)


def closes_early(line: socket.socket) -> None:
    line.recv(3)
    line.close()


def reads_nothing(line: socket.socket) -> None:
    time.sleep(1)


@pytest.mark.thorough
@pytest.mark.parametrize("behave", [hangs, drips, closes_early, reads_nothing])
def test_scanner_that_does_not_come_to_an_end_is_left(behave: Callable[[socket.socket], None]) -> None:
    began = time.monotonic()
    with answering(behave) as address, pytest.raises(NotScanned):
        scan(address, b"x" * 20_000_000, altogether=0.3)

    assert time.monotonic() - began < 15


@pytest.mark.parametrize("address", [NOBODY, "unix:/nowhere/clamd.socket", "unix:" + "x" * 200, "rubbish", "host:port"])
def test_scanner_that_is_not_there_is_not_reached(address: str) -> None:
    with pytest.raises(NotScanned):
        scan(address, PDF, to_connect=0.5)


# --- What follows from it --------------------------------------------------------------------------------------------


def draft() -> Application:
    page = build.page("first", build.field("file", "plan", max_files=5, types=["pdf", "docx"]))
    return build.application(build.version(page), answers={})


def waiting_draft(settings: Settings, content: bytes = PDF, name: str = "plan.pdf") -> Application:
    """A draft with a file that came while the scanner was away."""
    settings.SCANNER = NOBODY
    paper = draft()
    fill(paper, "first", {}, upload(name, content))
    return paper


@pytest.mark.django_db
def test_without_a_scanner_a_file_says_that_it_is_not_scanned(settings: Settings) -> None:
    settings.SCANNER = "none"
    paper = draft()
    fill(paper, "first", {}, upload())

    [found] = Attachment.objects.all()
    assert (found.scan, found.may_be_read, scanning.marks(paper)) == ("none", True, {})
    assert attachments.cautions([found]) == {str(found.pk): str(found.get_scan_display())}
    assert intake.send(paper, at=NOW)


@pytest.mark.django_db
def test_file_waits_while_the_scanner_is_away_and_the_draft_is_kept(settings: Settings) -> None:
    paper = waiting_draft(settings)

    [found] = Attachment.objects.all()
    assert (found.scan, found.may_be_read) == ("waiting", False)
    assert list(scanning.marks(paper)) == [str(found.pk)]
    assert paper.answers["plan"] == [found.known()]


@pytest.mark.django_db
def test_paper_is_not_sent_while_a_file_waits(settings: Settings) -> None:
    paper = waiting_draft(settings)

    with pytest.raises(NotAllowed, match=r"plan\.pdf"):
        intake.send(paper, at=NOW)

    assert not Case.objects.exists()
    assert Application.objects.get().is_draft


@pytest.mark.django_db
def test_sending_again_scans_again(settings: Settings) -> None:
    paper = waiting_draft(settings)
    with answering(saying(b"stream: OK\0")) as settings.SCANNER:
        intake.send(paper, at=NOW)

    assert Attachment.objects.get().scan == "clean"


@pytest.mark.django_db
def test_file_that_waits_and_does_not_count_stops_nobody(settings: Settings) -> None:
    asked = build.field("file", "plan", show_when={"field": "more", "equals": True})
    paper = build.application(build.version(build.page("first", build.field("yes_no", "more"), asked)), answers={})
    settings.SCANNER = NOBODY
    fill(paper, "first", {"more": "yes"}, upload())
    fill(paper, "first", {"more": "no"})

    intake.send(paper, at=NOW)

    assert not Attachment.objects.exists()


@pytest.mark.django_db
def test_malware_found_later_takes_the_content_and_keeps_the_paper_from_being_sent(
    tmp_path: Path, settings: Settings
) -> None:
    paper = waiting_draft(settings, infected_document(), "plan.docx")
    with clamd(tmp_path) as settings.SCANNER, pytest.raises(NotAllowed, match=r"plan\.docx"):
        intake.send(paper, at=NOW)

    [found] = Attachment.objects.all()
    assert (found.scan, found.may_be_read) == ("found", False)
    assert on_disk() == []
    assert list(scanning.marks(paper)) == [str(found.pk)]
    with pytest.raises(NotAllowed, match=r"plan\.docx"):
        intake.send(paper, at=NOW)


@pytest.mark.django_db
def test_files_that_wait_are_scanned_by_and_by(settings: Settings) -> None:
    papers = [waiting_draft(settings) for _n in range(3)]
    with answering(saying(b"stream: OK\0")) as settings.SCANNER:
        assert scanning.rescan_waiting(2) == {"clean": 2}
        assert scanning.rescan_waiting(2) == {"clean": 1}
        assert scanning.rescan_waiting(2) == {}

    assert [scanning.marks(paper) for paper in papers] == [{}, {}, {}]


@pytest.mark.django_db
def test_scanner_that_is_still_away_is_asked_once_and_not_for_each_file(settings: Settings) -> None:
    for _n in range(3):
        waiting_draft(settings)
    asked: list[int] = []

    def behave(line: socket.socket) -> None:
        asked.append(1)
        line.close()

    with answering(behave) as settings.SCANNER:
        assert scanning.rescan_waiting() == {"waiting": 1}

    assert asked == [1]


@pytest.mark.django_db
def test_file_whose_content_is_lost_holds_up_no_other(settings: Settings) -> None:
    first, _second = waiting_draft(settings), waiting_draft(settings)
    found = first.attachments.get()

    with answering(saying(b"stream: OK\0")) as settings.SCANNER:
        default_storage.delete(str(found.content.name))
        assert scanning.rescan_waiting() == {"lost": 1, "clean": 1}
        Attachment.objects.filter(scan="waiting").delete()
        assert scanning.rescan_waiting() == {}


@pytest.mark.django_db
def test_file_for_a_message_is_refused_while_the_scanner_is_away(settings: Settings) -> None:
    settings.SCANNER = NOBODY

    with pytest.raises(attachments.ValidationError, match=r"plan\.pdf: "):
        attachments.taken(Attachment(), upload())

    assert on_disk() == []


@pytest.mark.django_db
def test_two_files_at_once_are_scanned_each_by_itself(settings: Settings) -> None:
    paper = draft()
    seen: list[bytes] = []
    lock = threading.Lock()

    def behave(line: socket.socket) -> None:
        content = read_stream(line)
        with lock:
            seen.append(content)
        line.sendall(b"stream: OK\0")

    with answering(behave) as settings.SCANNER:
        form = page_form(
            paper, "first", {}, upload("a.pdf", build.pdf(saying="a")), upload("b.pdf", build.pdf(saying="b"))
        )
        attachments_of = [attachments.receive(paper, "plan", file) for file in form.uploads["plan"]]

    assert [found.scan for found in attachments_of] == ["clean", "clean"]
    assert seen == [build.pdf(saying="a"), build.pdf(saying="b")]
