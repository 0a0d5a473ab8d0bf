"""By what things are known outside the house: externalIds, the keys of events and the ids of files are uuids, and written in one way."""

from __future__ import annotations

import re
import uuid

WRITTEN = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def read(said: str) -> uuid.UUID | None:
    """The uuid that is said in groups of 8-4-4-4-12 hexadecimal digits, in upper or lower case; None for everything else.

    Python takes more for one: without hyphens or with some anywhere, in braces, after `urn:uuid:`, in the digits of other scripts.
    """
    return uuid.UUID(said) if WRITTEN.fullmatch(said) else None
