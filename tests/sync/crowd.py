"""Customers who save and send while relays are at work: `python -m tests.sync.crowd SAVES NOTED`, on a database of its own.

They make so many saves, and go on (three times as long at most) until so many deliveries have been noted meanwhile. What the relay has
delivered is owed anew as soon as nothing waits, so that it has its hands full all the time. Prints how many saves were made, how many met
a locked database, and how many deliveries were noted.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import django
from django.db import OperationalError, connections
from django.db.models import Sum

django.setup()

AT_ONCE = 8  # customers
SENT = 10  # of so many saves one sends its paper


def owe_again(over: threading.Event) -> None:
    """Let all that was delivered wait again, whenever nothing does."""
    from apps.sync.models import Delivery  # noqa: PLC0415 (needs Django set up)

    delivered = Delivery.objects.filter(delivered_at__isnull=False)
    while not over.wait(0.05):
        if not Delivery.objects.filter(delivered_at=None).exists():
            delivered.update(delivered_at=None)
    connections.close_all()


def main(saves: int, enough: int) -> None:
    """Save that many times, by several customers at once."""
    from apps.cases import intake  # noqa: PLC0415 (the same)
    from apps.sync.models import Tally  # noqa: PLC0415
    from tests import build  # noqa: PLC0415
    from tests.applications.papers import fill  # noqa: PLC0415

    version = build.version(build.page("first", build.field("text", "title")), key="crowd")
    customers = [build.customer(f"Somebody {n}") for n in range(AT_ONCE)]

    def one(n: int) -> bool:
        try:
            draft = build.application(version, by=customers[n % AT_ONCE], answers={})
            fill(draft, "first", {"title": f"Title {n}"})
            if n % SENT == 0:
                intake.send(draft)
        except OperationalError as e:
            return "locked" in str(e)
        finally:
            if n % 50 == 0:
                connections.close_all()
        return False

    def noted() -> int:
        found: int = Tally.objects.aggregate(n=Sum("count"))["n"] or 0
        return found

    before, over = noted(), threading.Event()
    again = threading.Thread(target=owe_again, args=(over,))
    again.start()
    made = locked = 0
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        while made < saves or (made < 3 * saves and noted() - before < enough):
            locked += sum(crowd.map(one, range(made, made + 50)))
            made += 50
    over.set()
    again.join()
    sys.stdout.write(f"{made} {locked} {noted() - before}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
