"""A worker process that sends: `python -m tests.bench.sender relay ADDRESS` or `… procrastinate ADDRESS CONCURRENCY SECONDS`.

Prints `ready` and waits for a line, sends, prints what it has delivered and in which time, and waits for another line before it ends, so
that whoever measures can look at its processor time and that of the database's processes that serve it.
"""

from __future__ import annotations

import cProfile
import json
import os
import sys
import time

import django
from django.conf import settings

django.setup()


def main() -> None:
    """Send what is due."""
    who, settings.NATIONAL_SERVICE_URL, *more = sys.argv[1:]
    from apps.sync import relay  # noqa: PLC0415 (models can be imported only now)
    from apps.sync.models import Receiver  # noqa: PLC0415
    from tests.bench import rival  # noqa: PLC0415

    assert Receiver.objects.filter(active=True).count() == 1  # and there is a connection
    if who != "relay":
        rival.warm_up()
    told, profiled = "", os.environ.get("BENCH_PROFILE") if who == "relay" else None
    profile = cProfile.Profile()
    _say("ready")
    sys.stdin.readline()
    if profiled:
        profile.enable()
    wall = time.perf_counter()
    if who == "relay":
        counts = relay.run_once()
        delivered, told = counts.delivered, str(counts)
    else:
        delivered = rival.run(int(more[0]), float(more[1]))
    wall = time.perf_counter() - wall
    if profiled:
        profile.disable()
        profile.dump_stats(profiled)
    _say(json.dumps({"delivered": delivered, "wall": wall, "told": told}))
    sys.stdin.readline()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
