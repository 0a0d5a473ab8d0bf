"""For developers only: the mails that were put into a folder instead of being sent, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

SHOWN = 50
BETWEEN = b"\n" + b"-" * 79 + b"\n"  # as Django's backend writes it after each mail of a file


@dataclass(frozen=True)
class Mail:
    """What a mail says."""

    to: str
    subject: str
    date: str
    text: str


def is_there() -> bool:
    """Whether mails go to a folder, and whoever can open this page may read them."""
    return bool(settings.DEBUG and settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"))


@never_cache
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """The newest mails of the folder."""
    if not is_there():
        raise Http404
    return render(request, "portal/mailbox.html", {"mails": newest(Path(settings.EMAIL_FILE_PATH))})


def newest(folder: Path) -> list[Mail]:
    """The newest mails that lie in a folder."""
    files = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    mails: list[Mail] = []
    for file in files[:SHOWN]:
        parts = [part for part in file.read_bytes().split(BETWEEN) if part.strip()]
        mails += [_read(part) for part in reversed(parts)]
    return mails[:SHOWN]


def _read(raw: bytes) -> Mail:
    mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    body = mail.get_body(("plain",))
    text = body.get_content() if body else ""
    return Mail(str(mail["To"] or ""), str(mail["Subject"] or ""), str(mail["Date"] or ""), text.strip())
