"""Programs that are kept running, each in a process group of its own, and killed with SIGKILL: only what was started here."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REST = 0.5  # seconds before one that ended by itself is started again, as a service manager would
PATIENCE = 10.0


class Program:
    """A command that runs until it is killed, and is started again after that."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, **how: Any
    ) -> None:
        self.name, self.command, self.environment, self.log, self.how = name, list(command), environment, log, how
        self.process: subprocess.Popen[bytes] | None = None
        self.start_at = 0.0
        self.killed = self.ended = 0

    def start(self) -> None:
        """Start it now."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **{"cwd": ROOT, **self.how},
            )

    def tend(self) -> bool:
        """Start it when its time has come; note when it has ended by itself. Whether it runs."""
        if self.process is not None and self.process.poll() is not None:
            self.ended += 1
            self.kill()
            self.start_at = time.monotonic() + REST
        elif self.process is None and time.monotonic() >= self.start_at:
            self.start()
        return self.runs

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def others(self) -> list[int]:
        """What belongs to it and is in no group of its own: nothing, for most."""
        return []

    def kill(self) -> None:
        """SIGKILL for all of it, and wait until nothing is left."""
        process, self.process = self.process, None
        if process is None:
            return
        end = time.monotonic() + PATIENCE
        while (left := _group(process.pid) or bool(self.others())) and time.monotonic() < end:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            for pid in self.others():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.poll()
            time.sleep(0.01)
        if left:
            raise RuntimeError(f"{self.name} is still there after SIGKILL")
        process.wait(PATIENCE)

    def strike(self, rest: float) -> None:
        """Kill it in the middle of whatever it does; it comes back after so many seconds."""
        self.kill()
        self.killed += 1
        self.start_at = time.monotonic() + rest

    def last_words(self, lines: int = 15) -> str:
        """The end of what it has said."""
        said = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return "\n".join(f"    {line}" for line in said[-lines:])


def _group(leader: int) -> bool:
    """Whether anything of the group lives. Zombies count until they are collected."""
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def run(command: Sequence[str], environment: Mapping[str, str], *, patience: float = 120.0, **how: Any) -> str:
    """A command to its end; what it printed. Raises RuntimeError with its last words."""
    done = subprocess.run(
        list(command),
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=patience,
        check=False,
        **{"cwd": ROOT, **how},
    )
    if done.returncode:
        words = (done.stdout + done.stderr).decode("utf-8", "replace")[-2_000:]
        raise RuntimeError(f"{' '.join(command[-3:])} ended with {done.returncode}:\n{words}")
    return done.stdout.decode()


def until(holds: Callable[[], bool], patience: float, *, every: float = 0.1) -> bool:
    """Wait until something holds; whether it came about in time."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True
