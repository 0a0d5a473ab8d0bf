"""Makes a database of its own ready for relays that run as processes: `python -m tests.sync.outside CASES [ROLE_ADDRESS]`.

Prints the cases' external ids, one a line. With an address the authority is told there of what arrives.
"""

from __future__ import annotations

import sys

import django
from django.core.management import call_command

django.setup()


def main(cases: int, role_address: str = "") -> None:
    """Migrate, and make cases with two events each."""
    call_command("migrate", verbosity=0)
    from tests import build  # noqa: PLC0415 (needs Django set up)
    from tests.sync import folders  # noqa: PLC0415

    build.authority(email=role_address)
    version = folders.form()
    for n in range(cases):
        who = build.customer(f"Customer {n}")
        case = folders.handled(build.case(version, answers=folders.answers(), by=who))
        sys.stdout.write(f"{case.external_id}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
