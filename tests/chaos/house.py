"""The service that suffers: brokers, Postgres, all processes, and what can be done to them.

Rules of this file:

1. Only what was started here is hurt, by its process id.
2. What is hurt is healed, also when the run is cut short.
"""

import asyncio
import contextlib
import signal
import time
from pathlib import Path

from adapters.ports import TopicPartition
from schemas.topics import Topics, load_topics
from seatlog.installation import Installation
from seatlog.local.kafka import LocalKafka
from seatlog.local.kafka_cluster import LocalKafkaCluster
from seatlog.local.ports import free_port
from seatlog.local.postgres import LocalPostgres
from tests.chaos.kafka import leader_of, wait_until_in_sync

workers = 3
in_sync_within_s = 60.0
_LOOK_EVERY_S = 0.1


class House:
    """One installation with servers of its own."""

    def __init__(self, folder: Path, brokers: int) -> None:
        self.topics: Topics = load_topics()
        self._folder = folder
        self._cluster = LocalKafkaCluster(folder / "kafka", brokers)
        self._postgres = LocalPostgres(folder / "postgres")
        self._installation: Installation | None = None
        self._stopped: dict[str, int] = {}
        """Workers that are stopped, with their process ids."""

    @property
    def bootstrap(self) -> str:
        """Address of the brokers."""
        return self._cluster.bootstrap

    @property
    def dsn(self) -> str:
        """Address of the database."""
        return self._postgres.dsn

    @property
    def installation(self) -> Installation:
        """The processes."""
        assert self._installation is not None, "start it first"
        return self._installation

    async def start(self) -> None:
        """Start everything and wait until it is ready."""
        await asyncio.gather(
            asyncio.to_thread(self._cluster.start), asyncio.to_thread(self._start_postgres)
        )
        self._installation = Installation(
            self._folder,
            bootstrap=self.bootstrap,
            dsn=self.dsn,
            port=free_port(),
            workers=workers,
            replication=len(self._cluster.nodes),
        )
        await self._installation.start()

    async def stop(self) -> None:
        """Stop everything."""
        self._wake_all()
        if self._installation is not None:
            await self._installation.stop()
        await asyncio.gather(
            asyncio.to_thread(self._cluster.stop), asyncio.to_thread(self._postgres.stop)
        )

    def workers_that_run(self) -> list[str]:
        """Name the workers that are not stopped."""
        names = self.installation.worker_names()
        return [name for name in names if name not in self._stopped]

    def kill(self, worker: str) -> None:
        """Kill a worker with signal 9; its supervisor brings it back."""
        with contextlib.suppress(ProcessLookupError):  # between its end and its restart
            self.installation.kill_worker(worker)

    async def keep_stopped(self, worker: str, lasts_s: float) -> None:
        """Stop a worker where it stands and let it go on later, none the wiser."""
        supervisor = self.installation.supervisor
        while True:
            try:
                supervisor.signal(worker, signal.SIGSTOP)
            except ProcessLookupError:  # between its end and its restart
                await asyncio.sleep(_LOOK_EVERY_S)
            else:
                break
        self._stopped[worker] = supervisor.pid(worker)
        try:
            await asyncio.sleep(lasts_s)
        finally:
            self._wake(worker)

    async def keep_postgres_stopped(self, lasts_s: float) -> None:
        """Stop the database and start it again."""
        await asyncio.to_thread(self._postgres.stop)
        try:
            await asyncio.sleep(lasts_s)
        finally:
            await asyncio.shield(asyncio.to_thread(self._start_postgres))

    async def leader_of(self, partition: TopicPartition) -> int:
        """Say which node leads a partition."""
        if len(self._cluster.nodes) == 1:
            return 1
        return await leader_of(self.bootstrap, partition)

    async def keep_killed(self, node: int, lasts_s: float) -> int:
        """Kill a broker with signal 9, start it again, and wait until it has all it missed.

        Gives the instant when it answered again, in ms since the epoch.
        """
        broker = self._cluster.nodes[node]
        await asyncio.to_thread(broker.kill)
        try:
            await asyncio.sleep(lasts_s)
        finally:
            await asyncio.shield(asyncio.to_thread(_bring_up, broker))
        back_at = time.time_ns() // 1_000_000
        await wait_until_in_sync(self.bootstrap, self.topics, within_s=in_sync_within_s)
        return back_at

    def _wake_all(self) -> None:
        for worker in list(self._stopped):
            self._wake(worker)

    def _wake(self, worker: str) -> None:
        pid = self._stopped.pop(worker)
        if self.installation.supervisor.pid(worker) == pid:
            self.installation.supervisor.signal(worker, signal.SIGCONT)

    def _start_postgres(self) -> None:
        self._postgres.start()
        self._postgres.wait_ready()


def _bring_up(broker: LocalKafka) -> None:
    broker.start()
    broker.wait_ready()
