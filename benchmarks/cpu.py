"""CPU time by process, from /proc: it depends less than a rate on what else the machine does.

And what other machines on the same hardware took of the cores meanwhile.
"""

import os
import time
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_STAT = Path("/proc/stat")
_STOLEN = 7
"""The place of `steal` among the times of all cores."""


def cpu_seconds(pid: int) -> float:
    """Give the CPU time of a process so far, its finished children included; 0 if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:  # a child of Postgres, say: now its parent has its time
        return 0.0
    fields = stat.rpartition(")")[2].split()
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


class Stopwatch:
    """Measures from its making on."""

    def __init__(self) -> None:
        self._before = _core_times()

    def stolen(self) -> float:
        """Give the share of the cores' time that other machines took; 0 where nobody can say."""
        passed = [now - then for then, now in zip(self._before, _core_times(), strict=True)]
        return passed[_STOLEN] / max(1, sum(passed)) if passed else 0.0


def _core_times() -> list[int]:
    """Give the time of all cores so far, in ticks, by what it went to."""
    if not _STAT.exists():
        return []
    line = _STAT.read_text(encoding="ascii").partition("\n")[0]
    return [int(ticks) for ticks in line.split()[1:9]]
