"""A relay that is asked how much memory it took: `python -m tests.sync.heavy make BYTES`, then `python -m tests.sync.heavy send`.

The first makes the database and a case with a file of so many bytes, and prints its external id and the file's SHA-256. The second sends
what is due and prints the most memory that the process has ever held, in kilobytes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import django
from django.core.management import call_command

django.setup()


def make(size: int) -> None:
    """A case with a file that is nowhere the same for long."""
    call_command("migrate", verbosity=0)
    from apps.applications.models import Attachment  # noqa: PLC0415 (needs Django set up)
    from tests.sync import folders  # noqa: PLC0415

    block = bytes(range(256)) * 4_096
    content = b"".join(n.to_bytes(4, "big") + block for n in range(size // (len(block) + 4) + 1))[:size]
    case = folders.with_file(content)
    sys.stdout.write(f"{case.external_id} {Attachment.objects.get().sha256}\n")


def send() -> None:
    """All that is due."""
    call_command("relay", once=True, stdout=sys.stderr)
    held = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    sys.stdout.write(held[1] if held else "0")


if __name__ == "__main__":
    make(int(sys.argv[2])) if sys.argv[1] == "make" else send()
