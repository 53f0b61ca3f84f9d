"""What a run has shown, in numbers, and what of it falls short: pure.

Rules of this file:

1. A run that shows nothing (no group, no kill with traffic) has fallen short, too.
2. Waits after a kill are told apart: of kills alone, and of those while another fault lasted.
3. While a broker is missed nobody can append: that time does not count after a kill of a worker,
   and in doubt it does not count where there is only one. See `Partition.wait_after` as well.
4. Times are judged where they mean something: not while others take the cores.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seatlog.demo.answers import Meaning
from seatlog.verify.report import MEANINGS, Report
from tests.chaos.clients import Clients, Exchange
from tests.chaos.faults import Faults, Fired
from tests.chaos.plan import Kind
from tests.chaos.watch import Doubt, Ownership, Partition, Span, Wait, Watch, counted_ms

serving_again_within_ms = 3_000
in_doubt_max_ms = 15_000
group_share_min = 0.2
leader_missed_ms = 4_500
"""So long three brokers miss one, for all partitions that it has copies of: its session is 3 s, and
appends waited for 3.0 to 4.4 s at eleven of twelve ends (`python -m benchmarks failover`)."""
_AFTERMATH_MS = 3_000
"""So long after the end of a lasting fault, a kill does not count as alone."""
_REACH_MS = 5_000
"""Requests sent up to so long after the end of a broker may have waited for it."""


class Waits(NamedTuple):
    """From each kill of a worker to the first result of each partition that was its."""

    alone: list[Wait]
    amid: list[Wait]
    """Of kills while another fault lasted."""
    stormed: list[Wait]
    """Of all these, those that would be too late if what a storm's members had counted, with all
    of their time: what is left out is shown."""


class Figures(NamedTuple):
    """Everything that was measured."""

    begun_at: int
    """Ms since the epoch."""
    fired: list[Fired]
    waits: Waits
    doubts: list[Doubt]
    """The longest first; without the time in which no broker was there."""
    owners: dict[str, list[Ownership]]
    """Who took which partition."""
    broker_waits: list[tuple[str, int]]
    """Of each kill of a broker: which, and the longest that a client waited for a decision."""
    requests: int
    groups: int
    groups_confirmed: int
    groups_cancelled: int
    meanings: Counter[Meaning]
    longest_wait_ms: int
    odd: Counter[str]

    def second(self, at: int) -> str:
        """Give the second of the run, of an instant in ms since the epoch."""
        return f"{(at - self.begun_at) / 1000:.1f}"


def measure(faults: Faults, clients: Clients, watch: Watch, now: int, brokers: int) -> Figures:
    """Put the figures of a run together."""
    missed = times_missed(faults.fired, brokers)
    partitions = list(watch.partitions.values())
    doubts = [doubt for partition in partitions for doubt in partition.doubts(now)]
    if brokers == 1:
        doubts = [
            doubt._replace(
                took_ms=counted_ms(doubt.begun_at, doubt.begun_at + doubt.took_ms, missed)
            )
            for doubt in doubts
        ]
    return Figures(
        begun_at=faults.begun_at,
        fired=faults.fired,
        waits=waits_after_kills(faults.fired, partitions, missed),
        doubts=sorted(doubts, reverse=True),
        owners={str(outbox): found.owners for outbox, found in watch.partitions.items()},
        broker_waits=broker_waits(faults.fired, clients.exchanges),
        requests=len(clients.exchanges),
        groups=clients.groups,
        groups_confirmed=sum(partition.groups_confirmed for partition in partitions),
        groups_cancelled=sum(partition.groups_cancelled for partition in partitions),
        meanings=Counter(exchange.meaning for exchange in clients.exchanges),
        longest_wait_ms=max((one.done - one.at for one in clients.exchanges), default=0),
        odd=clients.odd,
    )


def times_missed(fired: Iterable[Fired], brokers: int) -> list[Span]:
    """Give the times in which a broker was missed: the only one until it is there again."""
    return [
        Span(one.at, one.back_at if brokers == 1 else min(one.back_at, one.at + leader_missed_ms))
        for one in fired
        if one.kind is Kind.BROKER
    ]


def waits_after_kills(
    fired: Sequence[Fired], partitions: Iterable[Partition], missed: Sequence[Span] = ()
) -> Waits:
    """Give the waits after kills.

    Without Postgres the workers go on: its end is none of them. The time in which the group had
    given a partition to a member of a storm does not count: the victim could not have it back.
    """
    partitions = list(partitions)
    held = [one for fault in fired for one in fault.held]
    others = [one for one in fired if one.kind not in (Kind.KILL, Kind.POSTGRES)]
    waits = Waits([], [], [])
    for kill in fired:
        if kill.kind is not Kind.KILL:
            continue
        until = kill.at + serving_again_within_ms
        is_amid = any(one.lasted_at(kill.at - _AFTERMATH_MS, until) for one in others)
        for one in partitions:
            held_here = [span for outbox, span in held if outbox == one.name]
            wait = one.wait_after(kill.whom, kill.at, [*missed, *held_here])
            in_full = one.wait_after(kill.whom, kill.at, missed)
            if wait is None or in_full is None:
                continue
            (waits.amid if is_amid else waits.alone).append(wait)
            if wait.took_ms <= serving_again_within_ms < in_full.took_ms:
                waits.stormed.append(in_full)
    return waits


def broker_waits(fired: Sequence[Fired], exchanges: Sequence[Exchange]) -> list[tuple[str, int]]:
    """Give the longest wait for a decision around each kill of a broker."""
    waits = []
    for kill in fired:
        if kill.kind is Kind.BROKER:
            around = [
                one.done - one.at
                for one in exchanges
                if one.meaning in (Meaning.DONE, Meaning.REFUSED)
                and one.done >= kill.at
                and one.at <= kill.at + _REACH_MS
            ]
            waits.append((kill.whom, max(around, default=0)))
    return waits


def shortfalls(figures: Figures, report: Report, *, came_to_rest: bool) -> list[str]:
    """Say everything that must not be, but for times."""
    found = [] if came_to_rest else ["something was pending a minute after the last fault"]
    found += [
        f"{MEANINGS[check]}: not so, {count} times" for check, count in report.fault_counts.items()
    ]
    found += [
        f"{MEANINGS[check]}: not checked, {why}"
        for check, why in report.skipped.items()
        if not report.fault_counts[check]
    ]
    if figures.odd:
        found.append(f"answers that no client should get: {dict(figures.odd)}")
    if figures.groups < group_share_min * figures.requests:
        found.append(f"{figures.groups} of {figures.requests} requests were groups")
    if not figures.groups_confirmed:
        found.append("no group was confirmed")
    waits = [*figures.waits.alone, *figures.waits.amid]
    found += [f"{wait.where}: no result after a kill" for wait in waits if wait.until is None]
    if not figures.waits.alone:
        found.append("no worker was killed alone")
    return found


def late(figures: Figures) -> list[str]:
    """Say what took too long."""
    waits = [*figures.waits.alone, *figures.waits.amid]
    found = [
        f"{wait.where}: {wait.took_ms} ms from a kill to the first result"
        for wait in waits
        if wait.until is not None and wait.took_ms > serving_again_within_ms
    ]
    if figures.doubts and figures.doubts[0].took_ms > in_doubt_max_ms:
        longest = figures.doubts[0]
        found.append(f"{longest.where}: {longest.what} in doubt for {longest.took_ms} ms")
    return found


def table(figures: Figures) -> list[str]:
    """Say what was measured, a line each."""
    kinds = Counter(fired.kind for fired in figures.fired)
    fired = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    share = figures.groups / max(1, figures.requests)
    meanings = ", ".join(
        f"{meaning.name.lower()} {count:,}" for meaning, count in figures.meanings.most_common()
    )
    decided = f"{figures.groups_confirmed:,} confirmed, {figures.groups_cancelled:,} cancelled"
    rows = {
        "faults": fired,
        "requests": f"{figures.requests:,}: {meanings}",
        "groups over several partitions": f"{figures.groups:,} ({share:.0%}): {decided}",
        "kill to first result, alone": _distribution(figures.waits.alone),
        "kill to first result, amid others": _distribution(figures.waits.amid),
        "alone and too late": _too_late(figures, figures.waits.alone) or "none",
        "amid others and too late": _too_late(figures, figures.waits.amid) or "none",
        "too late but for a storm": _too_late(figures, figures.waits.stormed) or "none",
        "longest in doubt": _longest_doubt(figures),
        "longest wait of a client": f"{figures.longest_wait_ms / 1000:.1f} s",
        "longest wait at a broker's end": ", ".join(
            f"{whom} {ms / 1000:.1f} s" for whom, ms in figures.broker_waits
        )
        or "no broker was killed",
    }
    return [f"{name:34} {value}" for name, value in rows.items()]


def _too_late(figures: Figures, waits: Iterable[Wait]) -> str:
    """Name each wait that was too long, with what else lasted meanwhile and who took over."""
    told = []
    for wait in waits:
        until = wait.until
        if until is None or wait.took_ms <= serving_again_within_ms:
            continue
        lasted = [
            f"{one.kind} {figures.second(one.at)}-{figures.second(one.until)} s"
            for one in sorted(figures.fired, key=lambda one: one.at)
            if one.lasted_at(wait.killed_at - _AFTERMATH_MS, until) and one.at != wait.killed_at
        ]
        lasted += [
            f"a storm's member had it {figures.second(span.at)}-{figures.second(span.until)} s"
            for fault in figures.fired
            for outbox, span in fault.held
            if outbox == wait.where and span.at <= until and wait.killed_at <= span.until
        ]
        told.append(
            f"{wait.took_ms / 1000:.1f} s of {wait.where} at {figures.second(wait.killed_at)} s"
            f" ({'; '.join([*lasted, _owners(figures, wait.where, wait.killed_at, until)])})"
        )
    return ", ".join(told)


def _longest_doubt(figures: Figures) -> str:
    """Say what was in doubt longest, and who has owned its partition since shortly before."""
    if not figures.doubts:
        return "nothing was"
    doubt = figures.doubts[0]
    since = doubt.begun_at - serving_again_within_ms
    until = doubt.begun_at + doubt.took_ms + in_doubt_max_ms
    told = f"{doubt.took_ms / 1000:.1f} s, {doubt.what} in {doubt.where}"
    owners = _owners(figures, doubt.where, since, until)
    return f"{told}, from {figures.second(doubt.begun_at)} s; {owners}"


def _owners(figures: Figures, where: str, since: int, until: int) -> str:
    taken = [
        f"{owner.member} at {figures.second(owner.at)} s"
        for owner in figures.owners[where]
        if since <= owner.at <= until
    ]
    return f"owners {', '.join(taken) or 'the same'}"


def _distribution(waits: Sequence[Wait]) -> str:
    ended = sorted(wait.took_ms for wait in waits if wait.until is not None)
    if not ended:
        return "none measured"
    over = sum(took > serving_again_within_ms for took in ended)
    shown = " ".join(f"{took / 1000:.2f}" for took in ended)
    middle = statistics.median(ended) / 1000
    return (
        f"{len(ended)} partitions, median {middle:.2f} s, longest {ended[-1] / 1000:.2f} s, "
        f"{over} over {serving_again_within_ms / 1000:g} s: {shown}"
    )
