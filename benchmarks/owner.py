"""The owner from Kafka to Kafka: commands appended in one process, results read in it, one worker.

Two figures: a flood (all commands at once: what one owner can do), and latencies at a steady rate
(command sent to result read). The peer of the flood in the same run is Kafka alone: the same
commands appended and read back.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from adapters.kafka.admin import apply_topics
from adapters.kafka.log import KafkaLog
from adapters.ports import NewRecord, Reader, TopicPartition
from benchmarks.workload import STADIUM, STADIUM_HASH, WORKSPACE, change
from engine.groups.machine import partition_of
from schemas import commands
from schemas.commands import CreateEvents, NewEvent
from schemas.facts import EventCreated
from schemas.inventory import compress, encode
from schemas.outbox import CommandAnswered, decode_seats_record, type_name
from schemas.topics import (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    GROUPS_COMMANDS,
    INVENTORIES,
    load_topics,
)
from seatlog.local.servers import LocalServers
from seatlog.supervisor import ChildSpec, Supervisor

FLOOD = 40_000
RATES = (300, 2_000)
STEADY_S = 5.0
ANSWERED = type_name(CommandAnswered)


def run() -> None:
    """Measure and print."""
    uvloop.run(_run())


async def _run() -> None:
    with tempfile.TemporaryDirectory(prefix="seatlog-benchmark-") as folder:
        servers = LocalServers(Path(folder), {"DATABASE_URL": "postgresql://not-used-here/"})
        await servers.start()
        supervisor = Supervisor()
        try:
            await apply_topics(servers.bootstrap, load_topics())
            environment = {
                "KAFKA_BOOTSTRAP": servers.bootstrap,
                "DATABASE_URL": "postgresql://not-used-here/",
                "SEATLOG_LOG_LEVEL": "ERROR",
            }
            module = [sys.executable, "-P", "-m", "seatlog.processes.worker"]
            await supervisor.start(ChildSpec("worker", module, environment))
            bench = _Bench(KafkaLog(servers.bootstrap))
            await bench.open()
            await bench.flood()
            for rate in RATES:
                await bench.steady(rate)
            await bench.close()
        finally:
            await supervisor.stop()
            await servers.stop()


class _Bench:
    def __init__(self, log: KafkaLog) -> None:
        self._log = log
        self._topics = load_topics()
        partitions = self._topics[EVENTS_COMMANDS].partitions
        self._number = partition_of(WORKSPACE, "drop", partitions)
        self._event = 0
        self._sent = 0
        self._reader: Reader | None = None

    def _partition(self, topic: str, number: int) -> TopicPartition:
        return TopicPartition(self._topics[topic].physical_name, number)

    async def open(self) -> None:
        stored = NewRecord(compress(encode(STADIUM)), key=STADIUM_HASH.encode())
        await self._log.publish(self._partition(INVENTORIES, 0), [stored])
        new = NewEvent(key="drop", chart_key="stadium", inventory=STADIUM_HASH)
        create = commands.encode(CreateEvents(workspace=WORKSPACE, events=[new]))
        await self._log.publish(self._partition(GROUPS_COMMANDS, 0), [NewRecord(create)])
        outbox = self._partition(EVENTS_OUTBOX, self._number)
        self._reader = await self._log.read_from({outbox: 0})
        while not self._event:
            for record in await self._reader.fetch(100, 200):
                decoded = decode_seats_record(record.value or b"")
                for fact in getattr(decoded.data, "facts", ()):
                    self._event = fact.event if isinstance(fact, EventCreated) else self._event

    async def close(self) -> None:
        assert self._reader is not None
        await self._reader.close()
        await self._log.close()

    def _records(self, count: int) -> list[NewRecord]:
        numbers = range(self._sent, self._sent + count)
        self._sent += count
        key = b"%d" % self._event
        encoded = (commands.encode(change(self._event, number)) for number in numbers)
        return [NewRecord(value, key=key) for value in encoded]

    async def _answers(self, count: int) -> list[float]:
        """Read results; give the time at which each was read."""
        assert self._reader is not None
        read_at: list[float] = []
        while len(read_at) < count:
            records = await self._reader.fetch(5_000, 500)
            now = time.perf_counter()
            answers = [one for one in records if dict(one.headers).get("type") == ANSWERED]
            read_at.extend([now] * len(answers))
        return read_at

    async def flood(self) -> None:
        records = self._records(FLOOD)
        started = time.perf_counter()
        sending = asyncio.create_task(
            self._log.publish(self._partition(EVENTS_COMMANDS, self._number), records)
        )
        await self._answers(FLOOD)
        ours = FLOOD / (time.perf_counter() - started)
        await sending
        peer = await self._kafka_alone(records)
        print(f"flood: {ours:8,.0f} commands/s through the owner; Kafka alone {peer:8,.0f}/s")

    async def _kafka_alone(self, records: list[NewRecord]) -> float:
        partition = self._partition("dead.letters", 0)
        reader = await self._log.read_from({partition: 0})
        started = time.perf_counter()
        sending = asyncio.create_task(self._log.publish(partition, records))
        count = 0
        while count < len(records):
            count += len(await reader.fetch(5_000, 500))
        rate = count / (time.perf_counter() - started)
        await sending
        await reader.close()
        return rate

    async def steady(self, rate: int) -> None:
        """Send at a steady rate, a few every 10 ms, and measure each command's way."""
        each = max(1, rate // 100)
        count = int(rate * STEADY_S) // each * each
        sent_at: list[float] = []

        async def send() -> None:
            started = time.perf_counter()
            sending = []
            for turn in range(count // each):
                wait = started + turn * each / rate - time.perf_counter()
                await asyncio.sleep(max(0.0, wait))
                now = time.perf_counter()
                sent_at.extend([now] * each)
                partition = self._partition(EVENTS_COMMANDS, self._number)
                publish = self._log.publish(partition, self._records(each))
                sending.append(asyncio.create_task(publish))
            await asyncio.gather(*sending)

        sender = asyncio.create_task(send())
        read_at = await self._answers(count)
        await sender
        ways = sorted((end - start) * 1e3 for start, end in zip(sent_at, read_at, strict=True))
        p50, p99 = statistics.median(ways), ways[int(0.99 * len(ways))]
        print(f"{rate:6,}/s: p50 {p50:5.1f} ms, p99 {p99:5.1f} ms from command sent to result read")


if __name__ == "__main__":
    run()
