"""Who is killed, and when: thrown with a seed, so that a run can be thrown again."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from tests.chaos.programs import Program

BETWEEN = (1.2, 4.0)  # seconds between two kills
BACK = (0.1, 1.0)  # seconds until what was killed is started again


class Killer:
    """Strikes one program after the other at random moments."""

    def __init__(self, programs: Sequence[Program], dice: random.Random) -> None:
        self.programs, self.dice = list(programs), dice
        self.next_at = time.monotonic() + dice.uniform(*BETWEEN)
        self.turns: list[Program] = []
        self.rounds = 0

    def look(self) -> None:
        """Strike when the moment has come; each program comes to its turn before one is struck again, the web every other time.

        It takes longest to come back, and without it nothing is sent.
        """
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + self.dice.uniform(*BETWEEN)
        self.turns = self.turns or self.another_round()
        self.turns.pop().strike(self.dice.uniform(*BACK))

    def another_round(self) -> list[Program]:
        """Who is struck next, in any order."""
        self.rounds += 1
        struck = [program for program in self.programs if self.rounds % 2 or program.name != "web"]
        return self.dice.sample(struck, len(struck))
