"""Each adapter of the `Log` port in turn, with a partition of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from adapters.kafka.log import KafkaLog
from adapters.memory_log import MemoryLog
from adapters.ports import Log, TopicPartition
from schemas.topics import EVENTS_OUTBOX, Topics, load_topics
from tests.conftest import MakeTopics
from tests.simulation.broker import Broker
from tests.simulation.dice import Dice
from tests.simulation.log_port import SimulatedLog
from tests.simulation.loop import VirtualLoop
from tests.simulation.process import Process
from tests.simulation.trace import Trace
from tests.simulation.world import World


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class RealTime:
    """What a simulated log asks of its virtual loop, on the loop that runs."""

    def now_ms(self) -> int:
        return monotonic_ms()

    def call_later(
        self, delay_s: float, what: Callable[..., None], *args: object
    ) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(delay_s, what, *args)


def simulated_log() -> SimulatedLog:
    """Give the log of a process in a simulation where nothing goes wrong, in real time."""
    loop = cast("VirtualLoop", RealTime())
    trace = Trace(monotonic_ms, keep=False)
    dice = Dice(0, trace.tell)
    dice.disarm()
    world = World(loop, dice, trace, Broker(loop, dice, trace), load_topics())
    return SimulatedLog(world, Process("m", loop, 0))


@pytest.fixture(params=["memory", "simulated", "kafka"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[Log]:
    if request.param == "memory":
        yield MemoryLog(monotonic_ms)
        return
    if request.param == "simulated":
        yield simulated_log()
        return
    kafka = KafkaLog(request.getfixturevalue("kafka_bootstrap"))
    yield kafka
    await kafka.close()


@pytest.fixture
async def one_partition(log: Log, request: pytest.FixtureRequest) -> Topics:
    """Give topics of one partition; only on a broker they must be created."""
    if not isinstance(log, KafkaLog):
        return load_topics().with_partitions(events=1, groups=1)
    make_topics: MakeTopics = request.getfixturevalue("make_topics")
    return await make_topics(events=1, groups=1)


@pytest.fixture
def outbox(one_partition: Topics) -> TopicPartition:
    return TopicPartition(one_partition[EVENTS_OUTBOX].physical_name, 0)
