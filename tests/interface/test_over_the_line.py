"""Over a real connection: what the test client cannot show of lengths, of HEAD and of files that come in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.interface import callers
from tests.interface.callers import part
from tests.sync import folders

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def line(live_server: LiveServer) -> Iterator[HTTPConnection]:
    """A connection to the portal, kept open."""
    connection = HTTPConnection(urlsplit(live_server.url).netloc, timeout=20)
    yield connection
    connection.close()


def asked(line: HTTPConnection, method: str, path: str, key: str, **headers: str) -> HTTPResponse:
    line.request(method, callers.BASE + path, headers={"Authorization": f"Bearer {key}", **headers})
    return line.getresponse()


def test_head_leaves_the_connection_as_it_should_be(line: HTTPConnection) -> None:
    case, key = folders.with_file(), callers.key()
    file = part(case, f"attachments/{case.application.files()[0]['id']}")

    for path in (part(case), file, part(case, "events")):
        head = asked(line, "HEAD", path, key)
        length = int(head.headers["Content-Length"])
        assert (head.status, head.read()) == (200, b"")
        whole = asked(line, "GET", path, key)
        assert len(whole.read()) == length


def test_file_is_fetched_in_pieces_that_are_the_file_together(line: HTTPConnection) -> None:
    case, key = folders.with_file(), callers.key()
    path = part(case, f"attachments/{case.application.files()[0]['id']}")
    pieces, mark = [], ""

    for start in range(0, len(folders.PDF), 300_000):
        known = {"If-Range": mark} if mark else {}
        answer = asked(line, "GET", path, key, Range=f"bytes={start}-{start + 299_999}", **known)
        assert answer.status == 206
        mark = answer.headers["ETag"]
        pieces.append(answer.read())

    assert b"".join(pieces) == folders.PDF


def test_who_goes_away_before_the_end_of_a_file_leaves_it_closed(line: HTTPConnection) -> None:
    case, key = folders.with_file(), callers.key()
    answer = asked(line, "GET", part(case, f"attachments/{case.application.files()[0]['id']}"), key)

    assert answer.read(10) == folders.PDF[:10]
    line.close()  # a file that were left open would fail the test that comes next
