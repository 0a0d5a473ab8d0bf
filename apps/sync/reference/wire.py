"""Reading a request's body from the connection: counted, hashed and spooled, whatever its headers promise."""

import hashlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.message import Message
from io import BufferedIOBase
from pathlib import Path
from typing import IO

from .answers import malformed, too_large

PIECE = 1 << 18
IN_MEMORY = 1 << 20
NOT_A_HEADER = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect)
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(;.*)?\r?\n", re.DOTALL)


@dataclass
class Body:
    """The bytes of one body, in memory when few, else in an unnamed file."""

    file: IO[bytes]
    size: int
    sha256: bytes

    def read(self) -> bytes:
        self.file.seek(0)
        return self.file.read()

    def pieces(self) -> Iterator[bytes]:
        self.file.seek(0)
        while piece := self.file.read(PIECE):
            yield piece

    def close(self) -> None:
        self.file.close()


def read_body(stream: BufferedIOBase, headers: Message, *, limit: int, folder: Path) -> Body:
    """The whole body, or a refusal after which the connection cannot be used any more."""
    if any(isinstance(defect, NOT_A_HEADER) for defect in headers.defects):
        raise malformed("A line of the head is not a header.")
    pieces = chunked(stream) if is_chunked(headers) else sized(stream, announced(headers, limit))
    sha256, size = hashlib.sha256(), 0
    file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115 (closed by whoever takes the body)
    try:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            sha256.update(piece)
            file.write(piece)
    except BaseException:
        file.close()
        raise
    return Body(file, size, sha256.digest())


def is_chunked(headers: Message) -> bool:
    codings = headers.get_all("Transfer-Encoding", [])
    if not codings:
        return False
    if headers.get_all("Content-Length"):
        # Two lengths for one body: the classic way to smuggle a request past a proxy.
        raise malformed("Content-Length and Transfer-Encoding exclude each other.")
    if [str(coding).strip().lower() for coding in codings] != ["chunked"]:
        raise malformed("The only transfer coding understood is chunked.")
    return True


def announced(headers: Message, limit: int) -> int:
    lengths = {str(length).strip() for length in headers.get_all("Content-Length", [])}
    if not lengths:
        return 0
    length = lengths.pop()
    if lengths or not re.fullmatch(r"[0-9]{1,18}", length):
        raise malformed("Content-Length is not one whole number.")
    if int(length) > limit:
        raise too_large(limit)
    return int(length)


def sized(stream: BufferedIOBase, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read(min(length, PIECE))
        if not piece:
            raise malformed("The body ended before its Content-Length.")
        length -= len(piece)
        yield piece


def chunked(stream: BufferedIOBase) -> Iterator[bytes]:
    while size := chunk_size(stream):
        yield from sized(stream, size)
        if stream.readline(3) not in (b"\r\n", b"\n"):
            raise malformed("A chunk of the body does not end where it said.")
    for _ in range(100):
        if stream.readline(8192) in (b"\r\n", b"\n"):
            return
    raise malformed("The body does not end after its last chunk.")


def chunk_size(stream: BufferedIOBase) -> int:
    match = CHUNK_SIZE.fullmatch(stream.readline(1024))
    if match is None:
        raise malformed("The size of a chunk of the body cannot be read.")
    return int(match[1], 16)
