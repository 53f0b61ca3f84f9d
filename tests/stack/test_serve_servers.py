"""The broker and the database of `seatlog serve`: its own, or those that are named."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from schemas.topics import Topics, load_topics
from seatlog.local.servers import LocalServers
from seatlog.verify.installation import verify
from tests.eventually import eventually
from tests.stack.served import STOPPED_WITHIN_S, Served

pytestmark = pytest.mark.timeout(180)


async def test_servers_that_are_named_are_used_and_left_running(
    kafka_bootstrap: str, database: str, topic_names: Topics, tmp_path: Path
) -> None:
    prefix = topic_names["inventories"].prefix
    data = tmp_path / "data"
    served = Served(
        data,
        {
            "KAFKA_BOOTSTRAP": kafka_bootstrap,
            "DATABASE_URL": database,
            "SEATLOG_TOPIC_PREFIX": prefix,
        },
    )
    await served.start()
    async with served.client() as client:
        await client.create_event(await client.import_chart(), "drop")
        assert (await client.change("drop", "A-1")).status == 204
    assert not any("seatlog/local" in command for command in served.processes())
    assert not (data / "kafka").exists()
    assert not (data / "postgres").exists()
    assert await served.stop() == 0
    assert served.processes() == []

    # Both still answer, and all that was sold is there.
    topics = load_topics().with_prefix(prefix)
    report = await verify(topics, bootstrap=kafka_bootstrap, database_url=database)
    assert report.faults == []
    assert report.counts.seats_sold_by_event == {"drop": 1}


def broker_is_starting(served: Served) -> bool:
    return any("kafka.Kafka" in command for command in served.processes())


def a_worker_hangs(served: Served) -> bool:
    for worker in served.workers():
        os.kill(worker, signal.SIGSTOP)
    return bool(served.workers())


@pytest.mark.parametrize("moment", [broker_is_starting, a_worker_hangs])
async def test_a_stop_while_it_starts_is_in_time_and_leaves_nothing_running(
    tmp_path: Path, moment: Callable[[Served], bool]
) -> None:
    served = Served(tmp_path / "data")
    process = await served.launch()

    def has_come() -> None:
        assert moment(served)

    await eventually(has_come, within=60)
    status, took_s = await served.stop_and_say()
    assert served.processes() == []
    assert status == 0
    assert took_s < STOPPED_WITHIN_S
    assert process.stdout is not None
    assert await process.stdout.read() == b"", "it was never ready"


async def test_a_local_server_that_dies_is_started_again(tmp_path: Path) -> None:
    servers = LocalServers(tmp_path, environ={"KAFKA_BOOTSTRAP": "elsewhere:9092"})
    await servers.start()
    [(name, pid)] = servers.pids().items()
    assert name == "postgres"
    os.kill(pid, signal.SIGKILL)

    async def it_answers_again() -> None:
        assert servers.pids()["postgres"] != pid
        try:
            await (await asyncpg.connect(servers.dsn)).close()
        except (OSError, asyncpg.PostgresError) as error:
            raise AssertionError from error

    try:
        await eventually(it_answers_again, within=30)
    finally:
        await servers.stop()


async def stop_while_the_broker_is_started_again(data: Path) -> LocalServers:
    servers = LocalServers(data, environ={"DATABASE_URL": "postgresql://elsewhere"})
    await servers.start()
    broker = servers._running_kafka
    os.kill(broker.pid, signal.SIGKILL)

    def its_data_is_free() -> None:
        assert broker._lock._held is None

    await eventually(its_data_is_free)
    await servers.stop()
    return servers


async def test_a_stop_while_a_server_is_started_again_leaves_none_running(tmp_path: Path) -> None:
    # In a loop of its own: at its end, all that its threads have begun is done.
    servers = await asyncio.to_thread(asyncio.run, stop_while_the_broker_is_started_again(tmp_path))
    try:
        assert not servers._running_kafka.running
    finally:
        await servers.stop()
