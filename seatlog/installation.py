"""A whole Seatlog on this machine: its processes under a supervisor, on a broker and a database.

Rules of this file:

1. The processes are the same ones that a cluster runs (`seatlog api`, `worker`, `projector`);
   only their supervisor differs.
2. What must survive a restart is in the data folder: the signing key, the first API keys, and the
   servers' own folders; also what need not, and makes a restart quicker (`bytecode`).
"""

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

import aiohttp

from adapters.kafka.admin import apply_topics
from adapters.postgres.migrate import migrate
from adapters.sealing import Seal
from schemas.topics import load_topics
from seatlog.api_keys import first_keys
from seatlog.secret_files import read_secret, write_secret
from seatlog.supervisor import ChildSpec, Supervisor

ready_within_s = 60.0
ingress_grace_s = 3.5
"""It is done with open answers within 3 s (api/limits.py). A stop takes 10 s at most: this,
then 2 s for the other processes, then 2 s for the servers, each at the worst, and the rest is for
the ends of those that are killed, on a machine that is busy."""
_LOOK_EVERY_S = 0.1


class NotReadyError(Exception):
    """The processes did not become ready; the message says where their logs are."""


class PortTakenError(Exception):
    """Nobody can listen at the address of the ingress; the message says what to do."""


class Installation:
    """The processes of one installation."""

    def __init__(
        self,
        data: Path,
        *,
        bootstrap: str,
        dsn: str,
        port: int,
        host: str = "127.0.0.1",
        workers: int = 2,
        replication: int = 1,
        environment: Mapping[str, str] | None = None,
        signing_key: str | None = None,
    ) -> None:
        self.data = data
        self.host = host
        self.port = port
        self._workers = workers
        self._replication = replication
        """Copies of each record on the broker's side."""
        self._bootstrap = bootstrap
        self._dsn = dsn
        self._environment = dict(environment or {})
        self._prefix = self._environment.get("SEATLOG_TOPIC_PREFIX", "")
        self._signing_key = signing_key or ""
        """64 hex digits; if not given, those in the data folder."""
        self._log: IO[bytes] | None = None
        self._supervisor: Supervisor | None = None
        self.api_key = ""

    @property
    def address(self) -> str:
        """Where the ingress listens."""
        return self._address(self.port)

    @property
    def log_file(self) -> Path:
        """Where all processes log."""
        return self.data / "seatlog.log"

    @property
    def supervisor(self) -> Supervisor:
        """The supervisor of the processes, once started."""
        assert self._supervisor is not None, "start it first"
        return self._supervisor

    async def start(self) -> None:
        """Bring topics and tables up to date, start every process and wait until it is ready."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._signing_key = self._signing_key or _kept_signing_key(self.data / "signing-key")
        topics = load_topics().with_prefix(self._prefix)
        await apply_topics(self._bootstrap, topics, replication=self._replication)
        await migrate(self._dsn)
        self.api_key = await first_keys(
            self._dsn, Seal(bytes.fromhex(self._signing_key)), self.data
        )
        self._log = self.log_file.open("ab")
        self._supervisor = Supervisor(self._log.fileno())
        for number in range(1, self._workers + 1):
            member = f"worker-{number}"
            worker = self._child(member, "worker", {"SEATLOG_MEMBER": member})
            await self._supervisor.start(replace(worker, has_spare=True))
        await self._supervisor.start(self._child("projector", "projector"))
        await self.start_api("api", self.port)

    async def start_api(self, name: str, port: int) -> None:
        """Start an ingress and wait until it is ready."""
        at = {"PORT": str(port), "SEATLOG_HOST": self.host}
        child = self._child(name, "ingress", at)
        # It stops before those that answer its open commands do.
        await self.supervisor.start(replace(child, stage=1, grace_s=ingress_grace_s))
        await self._wait_until_ready(port)

    def pids(self) -> dict[str, int]:
        """Give the process ids by name, as they are now."""
        names = [*self.worker_names(), "projector", "api"]
        return {name: self.supervisor.pid(name) for name in names}

    def worker_names(self) -> list[str]:
        """Name the worker processes."""
        return [f"worker-{number}" for number in range(1, self._workers + 1)]

    def kill_worker(self, name: str) -> int:
        """End a worker with kill -9 and give the process id it had."""
        pid = self.supervisor.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def _address(self, port: int) -> str:
        # Who listens everywhere is reached here.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop every process."""
        if self._supervisor is not None:
            await self._supervisor.stop()
        if self._log is not None:
            self._log.close()

    def _child(
        self, name: str, module: str, environment: Mapping[str, str] | None = None
    ) -> ChildSpec:
        # All that the topics were made with is said: nothing of it is inherited by chance.
        common = {
            "SEATLOG_TOPIC_PREFIX": self._prefix,
            "KAFKA_BOOTSTRAP": self._bootstrap,
            "DATABASE_URL": self._dsn,
            "SEATLOG_SIGNING_KEY": self._signing_key,
        }
        return ChildSpec(
            name,
            [sys.executable, "-P", "-m", f"seatlog.processes.{module}"],
            {**_kept_bytecode(self.data), **self._environment, **common, **(environment or {})},
        )

    async def _wait_until_ready(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ready_within_s
        async with aiohttp.ClientSession() as session:
            while not await _answers(session, f"{self._address(port)}/ready"):
                if loop.time() > deadline:
                    message = f"not ready within {ready_within_s:g} s; see {self.log_file}"
                    raise NotReadyError(message)
                await asyncio.sleep(_LOOK_EVERY_S)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as response:
            return response.status == 200  # noqa: PLR2004 - HTTP OK
    except (aiohttp.ClientError, TimeoutError):
        return False


def check_free(host: str, port: int) -> None:
    """Raise PortTakenError when somebody listens there: a new ingress would never be heard."""
    try:
        kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        message = f"SEATLOG_HOST is not an address of this machine: {host}"
        raise PortTakenError(message) from error
    with socket.socket(kind) as probe:
        # As the ingress does it: connections that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            message = (
                f"{host}:{port} cannot be listened on ({error.strerror}): "
                "stop what listens there, or choose another with PORT and SEATLOG_HOST"
            )
            raise PortTakenError(message) from error


def _kept_bytecode(data: Path) -> dict[str, str]:
    """Let processes find the program compiled where Python is told not to write that beside it.

    To compile it anew takes a worker that is brought back twice as long as all else before its
    replay.
    """
    if not sys.dont_write_bytecode:
        return {}
    return {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(data.absolute() / "bytecode"),
    }


def _kept_signing_key(file: Path) -> str:
    """Give the key that signs hold tokens, made at the first start and kept in the data folder."""
    kept = read_secret(file)
    if kept is None:
        kept = secrets.token_hex(32)
        write_secret(file, kept)
    return kept
