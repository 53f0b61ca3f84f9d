"""What the machine gave to a test: other machines on the same hardware may take its cores."""

from pathlib import Path

_STAT = Path("/proc/stat")
_STOLEN = 7
"""The place of `steal` among the times of all cores."""


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
