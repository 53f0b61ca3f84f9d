"""The proof in plain words, and whether it is one: pure.

Rules of this file:

1. Everything that the demo promises is a line here, and a line that does not hold is a shortfall.
2. A shortfall makes the exit status 1: a demo that shows nothing must not look like one that did.
"""

from collections.abc import Sequence

import msgspec

from seatlog.verify.report import MEANINGS, Check, Report


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has to show."""

    saturday: str
    """Key of the event that has to sell out."""
    seats: int
    """Of that event."""
    fans: int
    passes_min: int = 300
    refused_share_min: float = 0.2
    expired_min: int = 300
    expired_within_s: float = 90.0
    """From the opening: so many holds expired by the real clock before that."""
    kills: int = 1
    proved_within_s: float = 240.0
    """From the opening: the proof included."""


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has shown, apart from what `seatlog verify` says."""

    fans_through: int
    holds: int
    refused: int
    seats_told: int
    """Seats of all days whose fans were told that they have them."""
    partitions: Sequence[int]
    """Where each day lives."""
    passes_told: int
    """Weekend passes whose fans were told that they have them."""
    pass_seats_told: int
    """Their seats, each counted once."""
    passes_refused: int
    """Attempts to hold the seats of a pass that were refused."""
    passes_whole: int
    """Passes in the log with the same seats on all days."""
    passes_torn: int
    """Passes in the log that differ from day to day."""
    on_passes: Sequence[int]
    """Seats sold on passes, day by day, as the log says."""
    groups_in_doubt: int
    """When all fans had left."""
    odd_count: int = 0
    odd: Sequence[str] = ()
    unknown: int = 0
    expired: int
    """Holds that expired in the span that the promise names."""
    killed: str = ""
    """The worker that was killed, empty for none."""
    term_before: int = 0
    term_after: int = 0
    owner_after: str = ""
    first_answer_s: float | None = None
    """From the kill to the first result of the new term."""
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    took_s: float = 0.0
    """From the opening to the last seat, or to the deadline."""
    proved_s: float = 0.0
    """From the opening until the log was verified."""

    @property
    def refused_share(self) -> float:
        """Refused attempts to hold, of all attempts."""
        return self.refused / self.holds if self.holds else 0.0


class Line(msgspec.Struct, frozen=True):
    """One line of the proof."""

    holds: bool | None
    """Whether what was promised is there; None where nothing was."""
    what: str
    value: str


def prove(promise: Promise, seen: Witnessed, report: Report) -> list[Line]:
    """Put what was shown beside what was promised."""
    return [
        *_of_the_sale(promise, seen, report),
        *_of_the_passes(promise, seen, report),
        *_of_the_fans(promise, seen),
        *_of_the_faults(promise, seen, report),
        *_of_the_checks(report),
    ]


def shortfalls(lines: Sequence[Line]) -> list[str]:
    """Name what fell short."""
    return [f"{line.what}: {line.value}" for line in lines if line.holds is False]


def _of_the_sale(promise: Promise, seen: Witnessed, report: Report) -> list[Line]:
    counts = report.counts
    sold = counts.seats_sold_by_event.get(promise.saturday, 0)
    results = f"{counts.commands:,} accepted, {counts.results:,} results"
    return [
        Line(sold == promise.seats, "seats of Saturday sold", f"{sold:,} of {promise.seats:,}"),
        Line(counts.sold_twice == 0, "sold twice, on all days", f"{counts.sold_twice:,}"),
        Line(
            seen.seats_told == counts.seats_sold,
            "seats of all days that their fans were told they have",
            f"{seen.seats_told:,} of {counts.seats_sold:,} sold",
        ),
        Line(
            0 < counts.commands == counts.results and counts.pending == 0,
            "commands and their results",
            f"{results}, {counts.pending:,} pending",
        ),
    ]


def _of_the_passes(promise: Promise, seen: Witnessed, report: Report) -> list[Line]:
    counts = report.counts
    days = ", ".join(f"{seats:,}" for seats in seen.on_passes)
    groups = f"{counts.groups_confirmed:,} confirmed, {counts.groups_cancelled:,} cancelled"
    return [
        Line(
            len(seen.on_passes) == len(set(seen.partitions)),
            "partitions that the days live in",
            ", ".join(str(partition) for partition in seen.partitions),
        ),
        Line(
            seen.passes_told >= promise.passes_min,
            f"weekend passes booked (at least {promise.passes_min:,})",
            f"{seen.passes_told:,}",
        ),
        Line(
            seen.passes_refused > 0,
            "attempts to hold a pass that were refused",
            f"{seen.passes_refused:,}",
        ),
        Line(
            _passes_are_whole(seen),
            "passes on the same seats of all days, or of none",
            f"{seen.passes_whole:,}, and {seen.passes_torn:,} that are not; "
            f"{seen.pass_seats_told:,} seats told, {days} sold day by day",
        ),
        Line(
            seen.groups_in_doubt == 0,
            "groups in doubt at the end",
            f"{seen.groups_in_doubt:,}; {groups}",
        ),
        Line(
            None,
            "longest in doubt",
            f"{counts.in_doubt_longest_ms / 1000:.2f} s; "
            f"{counts.commands_parked:,} commands waited for such groups",
        ),
    ]


def _passes_are_whole(seen: Witnessed) -> bool:
    is_as_told = seen.passes_whole == seen.passes_told
    return is_as_told and not seen.passes_torn and set(seen.on_passes) == {seen.pass_seats_told}


def _of_the_fans(promise: Promise, seen: Witnessed) -> list[Line]:
    share = f"{seen.refused_share:.0%} of {seen.holds:,} attempts to hold"
    odd = f"{seen.odd_count:,}" + "".join(f"; {odd}" for odd in seen.odd[:3])
    return [
        Line(
            seen.fans_through == promise.fans,
            "fans that came and went",
            f"{seen.fans_through:,} of {promise.fans:,}",
        ),
        Line(
            seen.holds > 0 and seen.refused_share >= promise.refused_share_min,
            f"refused (at least {promise.refused_share_min:.0%})",
            share,
        ),
        Line(seen.odd_count == 0, "answers that no fan should get", odd),
        Line(None, "from the opening to the last seat", f"{seen.took_s:.1f} s"),
        Line(
            seen.proved_s <= promise.proved_within_s,
            f"from the opening to this proof (at most {promise.proved_within_s:g} s)",
            f"{seen.proved_s:.1f} s",
        ),
        Line(None, "requests without an answer, looked up", f"{seen.unknown:,}"),
        Line(
            None,
            "time of a hold or booking",
            f"p50 {seen.p50_ms:.1f} ms, p99 {seen.p99_ms:.1f} ms",
        ),
    ]


def _of_the_faults(promise: Promise, seen: Witnessed, report: Report) -> list[Line]:
    return [
        Line(
            seen.expired >= promise.expired_min,
            f"holds expired in the first {promise.expired_within_s:g} s "
            f"(at least {promise.expired_min:,})",
            f"{seen.expired:,}; {report.counts.holds_expired:,} in all",
        ),
        Line(
            _kill_is_shown(promise, seen),
            "killed with -9, and its partition taken over",
            _kill(seen),
        ),
        Line(None, "ownership changes in all", f"{report.counts.ownership_changes:,}"),
    ]


def _kill_is_shown(promise: Promise, seen: Witnessed) -> bool:
    if not promise.kills:
        return True
    return (
        bool(seen.killed) and seen.term_after > seen.term_before and seen.first_answer_s is not None
    )


def _kill(seen: Witnessed) -> str:
    if not seen.killed:
        return "nobody was killed"
    if seen.term_after <= seen.term_before:
        return f"{seen.killed} in term {seen.term_before:,}; no higher term was seen"
    terms = f"{seen.killed} in term {seen.term_before:,}, {seen.owner_after} in {seen.term_after:,}"
    if seen.first_answer_s is None:
        return f"{terms}; no result after it"
    return f"{terms}; first result {seen.first_answer_s:.2f} s after the kill"


def _first(check: Check, report: Report) -> str:
    first = next(fault for fault in report.faults if fault.check is check)
    return f"the first: {first.where}: {first.what}"


def _of_the_checks(report: Report) -> list[Line]:
    lines = []
    for check in Check:
        faults = report.fault_counts[check]
        value = f"{faults:,} faults; {_first(check, report)}" if faults else "yes"
        if check in report.skipped:
            value = f"not checked: {report.skipped[check]}"
        lines.append(Line(not faults and check not in report.skipped, MEANINGS[check], value))
    return lines
