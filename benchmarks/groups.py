"""Groups per second: two seats on each of three days, whose partitions have owners of their own.

The peer in the same run is the same service booking the two seats of one day: what all or nothing
over three partitions costs. The time in doubt is read in the coordinators' outboxes: from the
record that begins a group to the one that decides it.
"""

import statistics
import sys
from collections.abc import Iterator

import uvloop

from adapters.kafka.log import KafkaLog
from adapters.ports import TopicPartition
from benchmarks.load import Figures, load, post
from benchmarks.service import CHANGES_PATH, Service, booking, running_service
from benchmarks.workload import STADIUM_MAP
from schemas.facts import GroupBegun, GroupCancelled, GroupConfirmed
from schemas.outbox import OwnershipTaken, decode_groups_record
from schemas.topics import GROUPS_OUTBOX, load_topics

CONNECTIONS = (16, 64)
ROUNDS = 2
SECONDS = 5.0
WARM_UP_S = 20.0
WEEKENDS = 10
SINGLE_DAYS = 70
DAYS = 3
SEATS = 2


def run() -> None:
    """Measure and print."""
    uvloop.run(_run())


async def _run() -> None:
    async with running_service() as service:
        days = [await service.keys_in(day, WEEKENDS, f"day{day}") for day in range(DAYS)]
        single_days = await service.keys_in(0, SINGLE_DAYS, "single")
        await service.create_events([*single_days, *(key for keys in days for key in keys)])
        passes = _requests(service, list(zip(*days, strict=True)))
        singles = _requests(service, [(key,) for key in single_days])
        await load(service.port, 64, WARM_UP_S, lambda _: next(passes))
        await load(service.port, 64, WARM_UP_S, lambda _: next(singles))
        for connections in CONNECTIONS:
            ours: list[Figures] = []
            peer: list[Figures] = []
            for _ in range(ROUNDS):
                ours.append(await load(service.port, connections, SECONDS, lambda _: next(passes)))
                peer.append(await load(service.port, connections, SECONDS, lambda _: next(singles)))
            _print(connections, ours, peer)
        await _print_doubt(service)


def _requests(service: Service, events: list[tuple[str, ...]]) -> Iterator[bytes]:
    """Book the seats of the stadium, two at a time, weekend by weekend."""
    labels = STADIUM_MAP.labels
    pairs = [labels[first : first + SEATS] for first in range(0, len(labels) - 1, SEATS)]
    for keys in events:
        for pair in pairs:
            yield post(CHANGES_PATH, booking(keys, pair), service.headers)
    sys.exit("all seats are booked: give the benchmark more events")


def _print(connections: int, ours: list[Figures], peer: list[Figures]) -> None:
    rate, single = (
        statistics.median(figures.rate for figures in measured) for measured in (ours, peer)
    )
    waits = [
        statistics.median(figures.quantile(share) for figures in measured)
        for measured in (ours, peer)
        for share in (0.5, 0.99)
    ]
    statuses = sorted({status for figures in (*ours, *peer) for status in figures.statuses})
    print(
        f"{connections:3} connections: {rate:6,.0f} groups/s, p50 {waits[0]:.1f} ms, "
        f"p99 {waits[1]:.1f} ms   single bookings {single:6,.0f}/s, p50 {waits[2]:.1f} ms, "
        f"p99 {waits[3]:.1f} ms   ratio {rate / single:.2f}   statuses {statuses}"
    )


async def _print_doubt(service: Service) -> None:
    log = KafkaLog(service.servers.bootstrap)
    try:
        spans = sorted(await _spans_in_doubt(log))
    finally:
        await log.close()
    p50, p99 = (spans[int(share * len(spans))] for share in (0.5, 0.99))
    print(f"in doubt: p50 {p50} ms, p99 {p99} ms, at most {spans[-1]} ms, {len(spans):,} groups")


async def _spans_in_doubt(log: KafkaLog) -> list[int]:
    topic = load_topics()[GROUPS_OUTBOX]
    spans: list[int] = []
    for number in range(topic.partitions):
        partition = TopicPartition(topic.physical_name, number)
        left = (await log.span(partition)).end
        reader = await log.read_from({partition: 0})
        begun: dict[int, int] = {}
        while left > 0:
            for record in await reader.fetch(5_000, 1_000):
                left -= 1
                decoded = decode_groups_record(record.value or b"")
                if isinstance(decoded, OwnershipTaken):
                    continue
                for fact in decoded.data.facts:
                    if isinstance(fact, GroupBegun):
                        begun[fact.group] = record.timestamp
                    elif isinstance(fact, (GroupConfirmed, GroupCancelled)):
                        spans.append(record.timestamp - begun[fact.group])
        await reader.close()
    return spans


if __name__ == "__main__":
    run()
