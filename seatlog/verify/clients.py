"""Whether the clients were told what the log holds.

Rules of this file:

1. Each `ok` stands in the log, for itself; what was `refused` was not done; what is `unknown` may
   have been done, once.
2. A request that was refused before it reached the log leaves no trace there, and is no fault.
3. No seat is sold at the end that no client asked for.
4. What one client was told before another one asked stands before it in the log. The place of a
   group is, in each partition, where its part was applied.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from schemas.commands import Change, CommandPosition
from schemas.facts import BOOKED
from seatlog.verify.client_log import Request
from seatlog.verify.directory import Directory
from seatlog.verify.report import Check, Report
from seatlog.verify.states import EventFold

Told = Literal["ok", "refused"]


class Asked(NamedTuple):
    """What tells the changes of one event apart."""

    status: str
    hold_token: str | None
    labels: tuple[str, ...]


class Done(NamedTuple):
    """A change that stands in the log."""

    command: str
    """The command's id for clients."""
    partition: int | None
    """Of events.outbox; None if the coordinator has refused it."""
    offset: int
    """Where it stands there."""
    told: Told


Witness = Callable[[Change, Done], None]
"""Hears of each change that was asked for and answered."""


def group_command_id(command: CommandPosition) -> str:
    """Give the id of a group's command as clients know it."""
    return f"g-{command.partition}-{command.offset}"


class Clients:
    """The requests of all clients, and what the log says about them."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests: defaultdict[tuple[str, Asked], list[Request]] = defaultdict(list)
        for request in requests:
            asked = Asked(request.status, request.hold_token, _labels(request.labels))
            self._requests[request.event, asked].append(request)
        self._log: defaultdict[int, defaultdict[Asked, list[Done]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._by_command: dict[tuple[str, int], Done] = {}
        """By command and event."""

    def hear(self, change: Change, done: Done) -> None:
        """Note a change that was asked for and answered."""
        labels = _labels(item.label for item in change.objects)
        asked = Asked(change.status, change.hold.token if change.hold else None, labels)
        self._log[change.event][asked].append(done)
        self._by_command[done.command, change.event] = done

    def compare(self, directory: Directory, events: dict[int, EventFold], report: Report) -> None:
        """Compare every request with the log."""
        ordered: list[tuple[Request, Done]] = []
        by_key: defaultdict[str, list[tuple[Asked, list[Request]]]] = defaultdict(list)
        for (key, asked), requests in self._requests.items():
            by_key[key].append((asked, requests))
        for keys in _same_events(by_key, directory):
            called = {event for key in keys for event in directory.events_called(key)}
            by_asked: defaultdict[Asked, list[Request]] = defaultdict(list)
            for asked, requests in (of_key for key in keys for of_key in by_key[key]):
                by_asked[asked] += requests
            for asked, requests in by_asked.items():
                where = _where("/".join(keys), asked)
                done = [d for event in sorted(called) for d in self._log[event][asked]]
                unchosen = by_asked.get(asked._replace(labels=()), ()) if asked.labels else ()
                unknown = sum(request.outcome == "unknown" for request in unchosen)
                for what in _told_faults(requests, done, unknown):
                    report.fault(Check.CLIENTS, where, what)
                for request in requests:
                    self._compare_command(request, called, where, report)
                ordered += self._matched(requests, called, done)
                _count(requests, report)
        for where, what in _order_faults(ordered):
            report.fault(Check.CLIENTS, where, what)
        self._check_sold(directory, events, report)

    def _compare_command(
        self, request: Request, events: set[int], where: str, report: Report
    ) -> None:
        if request.command is None or request.outcome == "unknown":
            return
        done = self._find(request, events)
        if done is None or done.told != request.outcome:
            holds = "does not hold it" if done is None else f"says {done.told}"
            told = f"was told {request.outcome} of command {request.command}, and the log {holds}"
            report.fault(Check.CLIENTS, where, told)

    def _matched(
        self, requests: list[Request], events: set[int], done: list[Done]
    ) -> Iterator[tuple[Request, Done]]:
        """Pair the requests with their places in the log, where there is no doubt about it."""
        alone = len(requests) == len(done) == 1
        for request in requests:
            found = self._find(request, events) or (done[0] if alone else None)
            if found is not None and request.outcome != "unknown":
                yield request, found

    def _find(self, request: Request, events: set[int]) -> Done | None:
        found = (self._by_command.get((request.command or "", event)) for event in events)
        return next((done for done in found if done is not None), None)

    def _check_sold(
        self, directory: Directory, events: dict[int, EventFold], report: Report
    ) -> None:
        wanted: defaultdict[int, set[str]] = defaultdict(set)
        may_have_any: set[int] = set()
        for (key, asked), requests in self._requests.items():
            may_be_done = any(request.outcome != "refused" for request in requests)
            for event in directory.events_called(key):
                wanted[event].update(asked.labels if asked.status == BOOKED and may_be_done else ())
                if not asked.labels and may_be_done:
                    may_have_any.add(event)  # nobody knows what best available has chosen
        for known in events.values():
            if known.id in wanted and known.id not in may_have_any:
                for label, state in known.objects.items():
                    if state.status == BOOKED and label not in wanted[known.id]:
                        where = f"{label} of {known.key}"
                        report.fault(Check.CLIENTS, where, "is sold, and no client has bought it")


def _same_events(keys: Iterable[str], directory: Directory) -> Iterator[list[str]]:
    """Group keys that named the same event at different times: a request may say either."""
    left = sorted(keys)
    while left:
        group, events = [left.pop(0)], set[int]()
        for key in group:
            events |= directory.events_called(key)
            joined = [other for other in left if directory.events_called(other) & events]
            left = [other for other in left if other not in joined]
            group += joined
        yield group


def _told_faults(requests: list[Request], done: list[Done], unknown: int) -> Iterator[str]:
    """Compare all equal requests with all equal changes: which was which does not matter.

    So many `unknown` requests besides may have chosen the same objects.
    """
    told = Counter(request.outcome for request in requests)
    held = Counter(change.told for change in done)
    if told["ok"] > held["ok"]:
        yield f"was told ok {told['ok']} times, and the log holds {held['ok']}"
    elif held["ok"] > told["ok"] + told["unknown"] + unknown:
        stands = f"the log has done it {held['ok']} times"
        yield f"was told ok {told['ok']} times and refused {told['refused']} times, and {stands}"


def _order_faults(ordered: list[tuple[Request, Done]]) -> Iterator[tuple[str, str]]:
    by_partition: defaultdict[int, list[tuple[Request, Done]]] = defaultdict(list)
    for request, done in ordered:
        if done.partition is not None:
            by_partition[done.partition].append((request, done))
    for matched in by_partition.values():
        yield from _order_faults_in_partition(matched)


def _order_faults_in_partition(
    matched: list[tuple[Request, Done]],
) -> Iterator[tuple[str, str]]:
    finished = iter(sorted(matched, key=lambda pair: pair[0].done_ms))
    latest, upcoming = None, next(finished, None)
    for request, done in sorted(matched, key=lambda pair: pair[0].at_ms):
        while upcoming is not None and upcoming[0].done_ms < request.at_ms:
            if latest is None or upcoming[1].offset > latest.offset:
                latest = upcoming[1]
            upcoming = next(finished, None)
        if latest is not None and done.offset < latest.offset:
            where = f"{', '.join(request.labels)} of {request.event}"
            yield where, f"{done.command} was sent after the answer to {latest.command}"


def _count(requests: list[Request], report: Report) -> None:
    report.counts.client_requests += len(requests)
    unknown = sum(request.outcome == "unknown" for request in requests)
    report.counts.client_requests_unknown += unknown


def _labels(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(labels)))


def _where(key: str, asked: Asked) -> str:
    by = f" by {asked.hold_token}" if asked.hold_token else ""
    return f"{asked.status} of {', '.join(asked.labels)} in {key}{by}"
