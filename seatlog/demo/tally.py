"""What the fans of all load processes met, added up: counts, rates, percentiles. Pure."""

from collections import deque
from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from seatlog.demo.plan import LoadReport

recent_s = 5.0


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least this share of them does not exceed; 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


class _Batch(NamedTuple):
    at_s: float
    latencies_ms: list[float]


class Tally:
    """Takes in reports as they come."""

    def __init__(self, processes: int) -> None:
        self._reports = [LoadReport() for _ in range(processes)]
        self._recent: deque[_Batch] = deque()
        self.latencies_ms: list[float] = []
        """Of all holds and bookings that were answered."""

    def take_in(self, process: int, report: LoadReport, now_s: float) -> None:
        """Take in a process' next report."""
        self._reports[process] = report
        self.latencies_ms += report.latencies_ms
        self._recent.append(_Batch(now_s, report.latencies_ms))
        while self._recent and self._recent[0].at_s < now_s - recent_s:
            self._recent.popleft()

    def recent_ms(self, now_s: float) -> list[float]:
        """Give what holds and bookings of the last seconds took."""
        recent = (batch for batch in self._recent if batch.at_s >= now_s - recent_s)
        return [taken for batch in recent for taken in batch.latencies_ms]

    @property
    def through(self) -> int:
        """Fans that have left."""
        return sum(report.through for report in self._reports)

    @property
    def holds(self) -> int:
        """Attempts to hold."""
        return sum(report.holds for report in self._reports)

    @property
    def refused(self) -> int:
        """Attempts that were refused."""
        return sum(report.refused for report in self._reports)

    @property
    def seats_booked(self) -> int:
        """Seats of all days whose fans were told that they have them."""
        return sum(report.seats_booked for report in self._reports)

    @property
    def passes(self) -> int:
        """Weekend passes whose fans were told that they have them."""
        return sum(report.passes for report in self._reports)

    @property
    def pass_seats(self) -> int:
        """Seats of these passes, each counted once."""
        return sum(report.pass_seats for report in self._reports)

    @property
    def passes_refused(self) -> int:
        """Attempts to get a pass that were refused."""
        return sum(report.passes_refused for report in self._reports)

    @property
    def waiting(self) -> int:
        """Fans that wait for seats to come back."""
        return sum(report.waiting for report in self._reports)

    @property
    def unknown(self) -> int:
        """Requests whose outcome had to be looked up."""
        return sum(report.unknown for report in self._reports)

    @property
    def odd_count(self) -> int:
        """Answers that no fan should get."""
        return sum(report.odd_count for report in self._reports)

    @property
    def odd(self) -> list[str]:
        """The first few of these."""
        return [odd for report in self._reports for odd in report.odd]
