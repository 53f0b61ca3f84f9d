"""What a verification found: the counts, and each fault with its check, place and meaning."""

from collections import Counter
from enum import StrEnum

import msgspec

faults_kept_max = 100
"""Of one check. All are counted; a thousandth example teaches nothing."""


class Check(StrEnum):
    """One thing that must hold, all over the log."""

    LOG = "log"
    TERMS = "terms"
    TIME = "time"
    POSITIONS = "positions"
    RESULTS = "results"
    ANSWERS = "answers"
    SEATS = "seats"
    AREAS = "areas"
    OFFERS = "offers"
    NUMBERING = "numbering"
    HOLDS = "holds"
    GROUPS = "groups"
    ORDER = "order"
    DOUBT = "doubt"
    DIRECTORY = "directory"
    SNAPSHOTS = "snapshots"
    READ_MODEL = "read model"
    CLIENTS = "clients"


MEANINGS = {
    Check.LOG: "No record is missing, every one can be read, and its headers repeat its body",
    Check.TERMS: "Every record carries the term of an owner that had taken the partition",
    Check.TIME: "A partition's time never runs backwards, nor ahead of the broker's",
    Check.POSITIONS: "No owner skipped an input, or read one twice",
    Check.RESULTS: "Every accepted command has exactly one result",
    Check.ANSWERS: "What was answered is what was asked and done, and no refusal was baseless",
    Check.SEATS: "No seat was sold twice, and a held one obeyed only its token",
    Check.AREAS: "No area is fuller than it is large, and its counts add up",
    Check.OFFERS: "Only what was for sale was sold, and only to who may touch its channel",
    Check.NUMBERING: "The status changes of each event are numbered 1, 2, 3, ... without a gap",
    Check.HOLDS: "Every hold ended at its deadline: not before, and not used after it",
    Check.GROUPS: "Every group was done in all its parts or in none, on the votes of all",
    Check.ORDER: "Groups came in the same order everywhere, and nobody overtook who waited",
    Check.DOUBT: "Only what met a group in doubt waited, not too long, and nothing does at the end",
    Check.DIRECTORY: "Every decision about events and hold tokens was applied once, as decided",
    Check.SNAPSHOTS: "The newest snapshot of each outbox is its fold",
    Check.READ_MODEL: "The read model is equal to the outbox",
    Check.CLIENTS: "What the clients were told is what the log holds",
}


class Fault(msgspec.Struct, frozen=True):
    """One thing that is not as it must be."""

    check: Check
    where: str
    what: str

    def __str__(self) -> str:
        """Give the line for a person."""
        return f"{self.check}: {self.where}: {self.what}"


class Counts(msgspec.Struct):
    """What was seen."""

    commands: int = 0
    """In the commands topics; those that are older than their retention are gone."""
    results: int = 0
    accepted: int = 0
    repeats: int = 0
    """Answers given again under the same idempotency key."""
    pending: int = 0
    """Commands without a result, and decisions not applied, at the end of the log."""
    rejections: dict[str, int] = {}
    """Refused commands by code."""
    status_changes: int = 0
    events: int = 0
    seats_sold: int = 0
    """Seats that are booked at the end."""
    seats_sold_by_event: dict[str, int] = {}
    """The same by event key."""
    places_sold: int = 0
    """Booked places of areas, at the end."""
    sold_twice: int = 0
    """Seats booked while they were booked."""
    held: int = 0
    """Objects held at the end."""
    holds_expired: int = 0
    """Hold tokens whose deadline came while they held something."""
    objects_freed_by_time: int = 0
    groups_confirmed: int = 0
    groups_cancelled: int = 0
    commands_parked: int = 0
    """Commands that had to wait for groups in doubt."""
    in_doubt_p50_ms: int = 0
    """From the beginning of a group to its end in the last partition, as the records' times say."""
    in_doubt_p99_ms: int = 0
    in_doubt_longest_ms: int = 0
    ownerships: dict[str, int] = {}
    """How often each outbox partition was taken: 1 is an owner that nobody replaced."""
    void_records: int = 0
    """Written by an owner after it was replaced, and skipped by everybody."""
    snapshots: int = 0
    """Those that were compared with the fold."""
    client_requests: int = 0
    client_requests_unknown: int = 0
    """Requests whose client never learned their outcome."""
    read_model_objects: int = 0
    """Objects that were compared with the read model."""

    @property
    def ownership_changes(self) -> int:
        """How often an owner followed another."""
        return sum(taken - 1 for taken in self.ownerships.values() if taken)


class Report:
    """The counts and the faults of one verification."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.rejections: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.fault_counts: Counter[Check] = Counter()
        self.skipped: dict[Check, str] = {
            Check.READ_MODEL: "no database was given",
            Check.CLIENTS: "no log of the clients was given",
        }
        """Checks that were not made, and why."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.fault_counts

    def fault(self, check: Check, where: str, what: str) -> None:
        """Note that something is wrong."""
        self.fault_counts[check] += 1
        if self.fault_counts[check] <= faults_kept_max:
            self.faults.append(Fault(check, where, what))

    def lines(self) -> list[str]:
        """Say in plain words what was seen and what was found."""
        return [*self._count_lines(), "", *self._check_lines(), "", self._verdict()]

    def _count_lines(self) -> list[str]:
        counts = self.counts
        refused = sum(counts.rejections.values())
        codes = sorted(counts.rejections.items(), key=lambda row: (-row[1], row[0]))
        rows = {
            "accepted commands": f"{counts.commands:,}",
            "results": f"{counts.results:,}: {counts.accepted:,} done, {refused:,} refused",
            "pending": f"{counts.pending:,}",
            "refused": ", ".join(f"{code} {times:,}" for code, times in codes) or "none",
            "events": f"{counts.events:,}, with {counts.status_changes:,} status changes",
            "seats sold": f"{counts.seats_sold:,}",
            "sold twice": f"{counts.sold_twice:,}",
            "places in areas sold": f"{counts.places_sold:,}",
            "objects held": f"{counts.held:,}",
            "holds expired": f"{counts.holds_expired:,}, freed {counts.objects_freed_by_time:,}",
            "groups": _groups(counts),
            "in doubt": _in_doubt(counts),
            "changes of owner": f"{counts.ownership_changes:,}",
            "void records": f"{counts.void_records:,}",
            "snapshots": f"{counts.snapshots:,} compared",
        }
        if Check.READ_MODEL not in self.skipped:
            rows["read model"] = f"{counts.read_model_objects:,} objects compared"
        if Check.CLIENTS not in self.skipped:
            unknown = f"{counts.client_requests_unknown:,} with unknown outcome"
            rows["clients' requests"] = f"{counts.client_requests:,}, {unknown}"
        return [f"{name:21} {value}" for name, value in rows.items()]

    def _check_lines(self) -> list[str]:
        return [self._check_line(check) for check in Check]

    def _check_line(self, check: Check) -> str:
        if found := self.fault_counts[check]:
            return f"FAULT  {MEANINGS[check]}: not so, {found:,} times"
        if check in self.skipped:
            return f"-      {MEANINGS[check]}: not checked, {self.skipped[check]}"
        return f"ok     {MEANINGS[check]}"

    def _verdict(self) -> str:
        faults = sum(self.fault_counts.values())
        return "Everything holds." if not faults else f"Faults: {faults:,}."

    def to_json(self) -> bytes:
        """Give everything as one JSON object."""
        return msgspec.json.encode(
            {
                "clean": self.is_clean,
                "counts": self.counts,
                "ownership_changes": self.counts.ownership_changes,
                "fault_counts": self.fault_counts,
                "faults": self.faults,
                "not_checked": self.skipped,
            }
        )


def _groups(counts: Counts) -> str:
    return f"{counts.groups_confirmed:,} confirmed, {counts.groups_cancelled:,} cancelled"


def _in_doubt(counts: Counts) -> str:
    times = (counts.in_doubt_p50_ms, counts.in_doubt_p99_ms, counts.in_doubt_longest_ms)
    named = zip(("p50", "p99", "longest"), times, strict=True)
    told = ", ".join(f"{name} {time_ms / 1000:.3f} s" for name, time_ms in named)
    return f"{told}; {counts.commands_parked:,} commands waited"
