"""Apache Kafka on this machine: a node, broker and controller in one process.

Alone, or one of several that hold copies of one another's records (kafka_cluster.py).

The data folder is its own: what was acknowledged is there after any end of the process, and
at the next start. Everything blocks; from asynchronous code use `asyncio.to_thread`.
"""

import asyncio
import base64
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from adapters.kafka.admin import BrokerError, wait_until_ready
from seatlog.local import ports
from seatlog.local.failure import LocalServerError
from seatlog.local.java import Java, find_java
from seatlog.local.kafka_archive import archive_of, options_to_record, options_to_use
from seatlog.local.kafka_jars import class_path
from seatlog.local.leashed import LeashedServer, LocalServer

_SETTINGS = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
log.dirs={log_folder}

# topics.yaml declares every topic
auto.create.topics.enable=false

# every node holds a copy
offsets.topic.replication.factor={copies}
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={copies_min}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={copies_min}

# few internal partitions: each costs files and time at the start
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=1

# one small compacted topic: the usual 128 MiB of buffer would be a quarter of the heap
log.cleaner.dedupe.buffer.size=16777216

# members of a consumer group get their partitions at once, and may be short-lived
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500

# after a kill the node waits for the end of its own old session
broker.session.timeout.ms={session_ms}
broker.heartbeat.interval.ms=500
"""

_QUORUM_SETTINGS = """
# when the node that leads is gone, clients would wait for the usual 2 s and 1 s as well
controller.quorum.fetch.timeout.ms=1000
controller.quorum.election.timeout.ms=500

# a partition's new leader hears of its followers when their last request for others is answered,
# or their pause after an error is over: the usual 0.5 s and 1 s, for each append anew
replica.fetch.wait.max.ms=100
replica.fetch.backoff.ms=100
"""

# Warnings and errors only; without a configuration the broker would log nothing at all.
_LOGGING = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


_ARCHIVING_S = 60.0


@dataclass(frozen=True)
class Quorum:
    """What every node of a cluster knows about all of them."""

    cluster_id: str
    controller_ports: Sequence[int]
    """Of node 1, node 2 and so on; they stay the same over restarts."""

    @property
    def voters(self) -> str:
        """Name all nodes as the settings want it."""
        numbered = enumerate(self.controller_ports, start=1)
        return ",".join(f"{node}@{ports.LOOPBACK}:{port}" for node, port in numbered)


class LocalKafka(LocalServer):
    """A broker whose records live in `data`; it listens on the loopback address only."""

    def __init__(
        self,
        data: Path,
        port: int | None = None,
        heap_mb: int = 512,
        *,
        node: int = 1,
        quorum: Quorum | None = None,
        session_s: float = 3,
    ) -> None:
        """Prepare a node; it is taken for dead if it is silent for `session_s`."""
        super().__init__(data, "kafka")
        self._settings_file = self.data / "server.properties"
        self._port = port
        self._heap_mb = heap_mb
        self._node = node
        self._quorum = quorum
        """None: it is alone, and draws what a cluster would have agreed on."""
        self._session_ms = round(session_s * 1000)

    @property
    def bootstrap(self) -> str:
        assert self._port is not None, "start it first"
        return f"{ports.LOOPBACK}:{self._port}"

    def start(self) -> str:
        """Start the broker and give its address; `wait_ready` tells when it answers.

        The first start of a user takes up to a minute longer: it downloads the broker and
        prepares its classes (kafka_archive.py).
        """
        java = find_java()
        archive = archive_of(java)
        if not archive.exists():
            _record(java, archive)
        self._launch(java, options_to_use(java, archive))
        return self.bootstrap

    def _launch(self, java: Java, options: list[str], grace_s: float = 8.0) -> None:
        assert not self.running, "it runs already"
        self.data.mkdir(parents=True, exist_ok=True)
        lock = self._lock.take()
        try:
            command = [
                *(str(java.program), *options, "-cp", class_path(), "-Djava.awt.headless=true"),
                f"-Dlog4j2.configurationFile={self.data / 'logging.properties'}",
            ]
            quorum = self._quorum or Quorum(new_cluster_id(), [ports.free_port()])
            self.write_settings(quorum)
            self._format(command, quorum.cluster_id)
            heap = [f"-Xmx{self._heap_mb}m", f"-Xms{self._heap_mb // 2}m"]
            heap += ["-XX:+ExitOnOutOfMemoryError"]
            broker = [*command, *heap, "kafka.Kafka", str(self._settings_file)]
            self._server = LeashedServer(broker, log=self.log, lock=lock, grace_s=grace_s)
        except BaseException:
            self._lock.let_go()
            raise

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Wait until the broker answers clients; LocalServerError if it does not."""
        assert self._server is not None, "start it first"
        port = int(self.bootstrap.rpartition(":")[2])
        self._server.wait_until(lambda: ports.answers(port), within_s=timeout_s)
        try:
            # In a thread: the caller may have a loop running in this one.
            with ThreadPoolExecutor(1) as thread:
                answer = wait_until_ready(self.bootstrap, within_s=timeout_s)
                thread.submit(asyncio.run, answer).result()
        except BrokerError as error:
            message = f"the broker listens and does not answer; see {self.log}: {error}"
            raise LocalServerError(message) from error

    def write_settings(self, quorum: Quorum) -> None:
        """Write what the broker reads at its start."""
        self._port = ports.free_port() if self._port is None else ports.check_free(self._port)
        copies = len(quorum.controller_ports)
        settings = _SETTINGS.format(
            host=ports.LOOPBACK,
            port=self._port,
            node=self._node,
            voters=quorum.voters,
            controller_port=quorum.controller_ports[self._node - 1],
            copies=copies,
            copies_min=max(1, copies - 1),
            session_ms=self._session_ms,
            # Java reads a backslash or a leading blank in a .properties file as its own.
            log_folder=str(self.data / "log").replace("\\", "\\\\"),
        )
        settings += _QUORUM_SETTINGS if copies > 1 else ""
        self._settings_file.write_text(settings, encoding="utf-8")
        (self.data / "logging.properties").write_text(_LOGGING, encoding="utf-8")

    def _format(self, command: list[str], cluster_id: str) -> None:
        """Prepare the log folder, at the first start only."""
        if (self.data / "log" / "meta.properties").exists():
            return
        # It runs for a second: code is compiled quickly rather than well.
        tool = ["-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]
        tool += ["--ignore-formatted", "-t", cluster_id, "-c", str(self._settings_file)]
        done = subprocess.run([*command, *tool], capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"the broker's log folder could not be prepared:\n{done.stdout}{done.stderr}"
            raise LocalServerError(message)


def new_cluster_id() -> str:
    """Draw what tells this cluster from others."""
    while True:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not cluster_id.startswith("-"):  # the tool would take it for an option
            return cluster_id


def _record(java: Java, archive: Path) -> None:
    """Run a broker for nothing but its class archive; go on without one where that fails."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="kafka-archive-") as scratch:
        made = Path(scratch) / "archive"
        trainee = LocalKafka(Path(scratch) / "data")
        try:
            # Writing the archive is part of its end.
            trainee._launch(java, options_to_record(java, made), grace_s=_ARCHIVING_S)  # noqa: SLF001
            trainee.wait_ready()
        except LocalServerError:
            made.unlink(missing_ok=True)
        finally:
            trainee.stop()
        made.touch()  # empty where it could not be made, which is not tried again
        made.rename(archive)
