"""What is done within an installation, each in a process of its own: `python -m tests.chaos.inside WHAT`.

prepare N   migrates, publishes a service that asks for a file, and prints the sessions of N customers
handle      takes up and closes what arrives, until it is killed
write       writes to the customers of every other case
truth       prints every case as it stands here, a line each
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import django
from django.core.management import call_command

django.setup()

from django.conf import settings  # noqa: E402 (needs Django set up)
from django.db import InterfaceError, OperationalError, connections  # noqa: E402

from apps.applications.models import Attachment  # noqa: E402
from apps.cases import envelope  # noqa: E402
from apps.cases.models import Case, NotAllowed  # noqa: E402
from apps.cases.rulebook import NOT_FOR_EVERYBODY, Status  # noqa: E402
from apps.people.models import Customer  # noqa: E402
from apps.services.exchange import import_service  # noqa: E402
from apps.services.publishing import publish  # noqa: E402
from tests import build  # noqa: E402

log = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)
PAUSE = 0.3  # seconds between looks at what has arrived


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def prepare(customers: str) -> None:
    """An installation that is ready for customers, who are known strongly."""
    call_command("migrate", verbosity=0)
    build.authority()
    pages = build.page("first", build.field("text", "title")), build.page("second", build.field("file", "plan"))
    version, _new = import_service(json.dumps(build.document(*pages, key="chaos")))
    publish(version, by=None)
    for n in range(int(customers)):
        names = {"given_name": f"Customer {n}", "family_name": "Example"}
        who = Customer.objects.create(way="oidc", subject=f"chaos-{n}", **names)
        say(
            json.dumps({settings.SESSION_COOKIE_NAME: build.signed_in(who).cookies[settings.SESSION_COOKIE_NAME].value})
        )


def handle() -> None:
    """A handler who takes up and closes everything; what is away is tried again."""
    while True:
        try:
            handler = build.official()
            for case in Case.objects.filter(status__in=(Status.RECEIVED, Status.IN_HANDLING)).order_by("pk"):
                if case.status == Status.RECEIVED:
                    case.take_step("take_up", by=handler)
                case.take_step("close", by=handler, outcome="noted", text="Klart")
        except AWAY as why:
            log.warning("the database is away: %s", type(why).__name__)
            connections.close_all()
        except NotAllowed as why:
            log.warning("%s", why)
        time.sleep(PAUSE)


def write() -> None:
    """A fourth line in the diary of every other case."""
    handler = build.official()
    for case in Case.objects.order_by("pk")[::2]:
        case.take_step("write", by=handler, text="Ett meddelande")


def truth() -> None:
    """Every case: what its diary holds for everybody, the digest of its data, and of the bytes in the storage."""
    for case in Case.objects.order_by("pk").select_related("application"):
        events = list(case.events.exclude(kind__in=NOT_FOR_EVERYBODY).order_by("number"))
        papers = [case.application]
        known = {
            "external_id": str(case.external_id),
            "number": case.number,
            "marker": case.application.answers["title"],
            "events": [(n, str(event.key)) for n, event in enumerate(events, 1)],
            "digest": envelope.case_data(events[0])["digest"],
            "files": {item["id"]: _digest(item) for paper in papers for item in envelope.attachments_of(paper)},
        }
        say(json.dumps(known))


def _digest(item: dict[str, Any]) -> str:
    said = hashlib.sha256()
    with Attachment.objects.get(pk=item["id"]).content.open("rb") as file:
        for piece in file.chunks():
            said.update(piece)
    return said.hexdigest()


if __name__ == "__main__":
    verbs: dict[str, Callable[..., None]] = {"prepare": prepare, "handle": handle, "write": write, "truth": truth}
    verbs[sys.argv[1]](*sys.argv[2:])
