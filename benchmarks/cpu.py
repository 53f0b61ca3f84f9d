"""CPU time by process, from /proc: it depends less than a rate on what else the machine does."""

import os
import time
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process so far, its finished children included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS_PER_S


def children(pid: int) -> list[int]:
    """Name the processes that a process has started and that still run."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


class CpuWatch:
    """CPU time per name: of processes with all that they have started, and of this one alone."""

    def __init__(self, pids: dict[str, int], own_name: str) -> None:
        self._pids = pids
        self._own_name = own_name
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        others = {
            name: cpu_seconds(pid) + sum(cpu_seconds(child) for child in children(pid))
            for name, pid in self._pids.items()
        }
        # Not its children: they are what is measured, by names of their own.
        return others | {self._own_name: time.process_time()}

    def used(self) -> dict[str, float]:
        """Give the seconds used since the start of the watch."""
        now = self._now()
        return {name: now[name] - before for name, before in self._before.items()}
