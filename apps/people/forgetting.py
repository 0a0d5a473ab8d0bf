"""What is of no use any more after a while, and who deletes it: the duties of the night do it (`sync.duties`), whichever room keeps it.

A door that keeps something adds itself when the house is set up: the duties, which are behind another door, do not know it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

# By what it is called in the figures: deletes what is too old at a moment, and says how many there were.
MORE: dict[str, Callable[[datetime], int]] = {}
