"""Connections to the brokers: aiokafka's client, as all who read, append and ask share it.

Rules of this file:

1. aiokafka keeps the connections, their security, the versions and the metadata; what is asked
   over them is packed in fetching.py and producing.py, or by aiokafka where it is seldom asked.
"""

import asyncio
from collections.abc import Collection

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from adapters.ports import LogUnreachableError, TopicPartition

retry_backoff_s = 0.05
connect_deadline_s = 5.0
request_deadline_s = 3.0
"""By then the whole answer must be here, or the connection is given up as silent: what was asked
goes to whoever leads by then. The longest answers are those of fetching.py (`answer_bytes_max`)."""
metadata_max_age_ms = 30_000
close_deadline_s = 1.0
NO_LEADER = -1


async def connect(bootstrap: str, topics: Collection[str]) -> AIOKafkaClient:
    """Connect to the brokers and learn who leads the partitions of `topics`.

    A request that is not answered by its deadline costs its connection: the next one goes to
    whoever leads by then. Raises LogUnreachableError.
    """
    client = AIOKafkaClient(
        bootstrap_servers=bootstrap,
        metadata_max_age_ms=metadata_max_age_ms,
        request_timeout_ms=int(request_deadline_s * 1000),
        retry_backoff_ms=int(retry_backoff_s * 1000),
    )
    starting = asyncio.ensure_future(client.bootstrap())
    try:
        async with asyncio.timeout(connect_deadline_s):
            await asyncio.shield(starting)
            await client.set_topics(set(topics))
    except (TimeoutError, KafkaError, OSError) as error:
        await _give_up(client, starting)
        raise LogUnreachableError(f"no broker of {bootstrap} answers: {error!r}") from error
    except BaseException:
        await _give_up(client, starting)
        raise
    return client


async def _give_up(client: AIOKafkaClient, starting: "asyncio.Future[None]") -> None:
    """Close a client that nobody waits for any more; one that still starts, when it has ended.

    Cancelled in its bootstrap, aiokafka would lose a connection without closing it.
    """
    if starting.done():
        await close(client)
        return

    async def end() -> None:
        await asyncio.wait({starting})
        await client.close()

    starting.add_done_callback(lambda done: done.cancelled() or done.exception())
    ending = asyncio.create_task(end())
    _ending.add(ending)
    ending.add_done_callback(_ending.discard)


_ending: set[asyncio.Task[None]] = set()


async def close(client: AIOKafkaClient) -> None:
    """Close every connection; what cannot be sent within a moment is left to the system.

    A caller that is cancelled meanwhile hears of it at once, and the rest is done without him:
    aiokafka's own `close` would keep the cancellation to itself, and wait for unsent bytes for as
    long as the other end is silent.
    """
    closing = asyncio.ensure_future(client.close())
    await asyncio.wait({closing}, timeout=close_deadline_s)


def leader_of(client: AIOKafkaClient, partition: TopicPartition) -> int:
    """Give the id of the broker that leads a partition, or NO_LEADER."""
    leader = client.cluster.leader_for_partition(partition)
    return NO_LEADER if leader is None else leader


async def learn_leaders(client: AIOKafkaClient) -> None:
    """Ask who leads the partitions now, and give the answer a moment to come."""
    client.force_metadata_update()
    await asyncio.sleep(retry_backoff_s)
