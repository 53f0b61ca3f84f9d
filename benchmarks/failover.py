"""The end of a broker as those feel it who append: three of them, three copies, two in sync.

One partition after the other in turn loses the node that leads it by kill -9. Printed is the
longest that an append waited then, over all partitions: also those that other nodes lead, for these
wait until the dead node is no longer expected to have a copy. Beside it stands the median append
before the kill.
"""

import asyncio
import contextlib
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from adapters.kafka.admin import apply_topics
from adapters.kafka.connecting import close, connect, leader_of, learn_leaders
from adapters.kafka.publisher import Publisher
from adapters.ports import NewRecord, TopicPartition
from schemas.topics import EVENTS_COMMANDS, load_topics
from seatlog.local.kafka_cluster import LocalKafkaCluster

NODES = 3
ENDS = 6
APPEND_EVERY_S = 0.02
BEFORE_S = 5.0
GONE_S = 15.0
"""The longest wait seen was 7 s; an append that waits longer than this is not counted."""
AGAIN_S = 15.0
"""The node has its copies again."""
ACK_DEADLINE_S = 30.0


def run() -> None:
    """Measure and print."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that a node is gone is the point
    with tempfile.TemporaryDirectory(prefix="seatlog-benchmark-") as folder:
        cluster = LocalKafkaCluster(Path(folder), NODES)
        try:
            cluster.start()
            asyncio.run(_measure(cluster))
        finally:
            cluster.stop()


async def _measure(cluster: LocalKafkaCluster) -> None:
    topics = load_topics()
    await apply_topics(cluster.bootstrap, topics, replication=NODES)
    topic = topics[EVENTS_COMMANDS]
    partitions = [TopicPartition(topic.physical_name, number) for number in range(topic.partitions)]
    async with _appending(cluster.bootstrap, partitions) as waits:
        for end in range(ENDS):
            await asyncio.sleep(BEFORE_S)
            before = statistics.median(waits)
            node = await _leader(cluster.bootstrap, partitions[end % len(partitions)])
            waits.clear()
            await asyncio.to_thread(cluster.nodes[node].kill)
            await asyncio.sleep(GONE_S)
            print(f"node {node} killed: longest {max(waits):.2f} s, before {1000 * before:.1f} ms")
            await asyncio.to_thread(cluster.nodes[node].start)
            await asyncio.to_thread(cluster.nodes[node].wait_ready)
            await asyncio.sleep(AGAIN_S)
            waits.clear()


@contextlib.asynccontextmanager
async def _appending(
    bootstrap: str, partitions: list[TopicPartition]
) -> AsyncIterator[list[float]]:
    """Append to each partition all the while; gives how long each append took, in seconds."""
    waits: list[float] = []
    publisher = Publisher(bootstrap, ACK_DEADLINE_S)

    async def append(partition: TopicPartition) -> None:
        while True:
            begun = time.perf_counter()
            await publisher.send(partition, NewRecord(b"a command", []))
            waits.append(time.perf_counter() - begun)
            await asyncio.sleep(APPEND_EVERY_S)

    appending = [asyncio.create_task(append(partition)) for partition in partitions]
    try:
        yield waits
    finally:
        for task in appending:
            task.cancel()
        for ended in await asyncio.gather(*appending, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                print(f"an append failed: {ended!r}")
        await publisher.close()


async def _leader(bootstrap: str, partition: TopicPartition) -> int:
    client = await connect(bootstrap, [partition.topic])
    try:
        await learn_leaders(client)
        return leader_of(client, partition)
    finally:
        await close(client)
