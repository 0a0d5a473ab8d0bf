"""The measuring itself, in a process whose environment `tests.bench` has prepared."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command


def main() -> int:
    """Measure every part, or those that are named; print each table, write all figures."""
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0, run_syncdb=True)  # the bench's own row, which has no migration
    from tests.bench import builder, caselist, interface, pages, relay  # noqa: PLC0415 (models can be imported only now)

    quick = "--quick" in sys.argv
    parts = {
        "--pages": lambda: pages.measure(rounds=2 if quick else 5),
        "--relay": lambda: (
            relay.measure(cases=200, patience=5, delivered=(1_000, 20_000)) if quick else relay.measure(cases=2_000)
        ),
        "--builder": lambda: builder.measure(quick=quick),
        "--interface": lambda: interface.measure(rounds=2 if quick else 5),
        "--list": lambda: caselist.measure(sizes=caselist.QUICK if quick else caselist.SIZES),
    }
    wanted = [part for part in parts if part in sys.argv] or list(parts)
    figures: dict[str, float] = {}
    for part in wanted:
        figures |= parts[part]()
    (Path(settings.VAR_DIR) / "bench.json").write_text(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
