"""Servers as child processes that cannot outlive us, each with a data folder of its own."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from seatlog.local import leash
from seatlog.local.failure import LocalServerError, tail

_LOCK_WAIT_S = 15.0
_POLL_S = 0.05


class DataLock:
    """Says that a data folder is in use.

    The server inherits it, so it is free again only when every process of the server is gone,
    however it ended. That may be a moment after the program that started it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held: IO[bytes] | None = None

    def take(self) -> int:
        """Take the lock and give its descriptor; raise LocalServerError if it stays taken."""
        held = self._file.open("ab")
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() < deadline:
                    time.sleep(_POLL_S)
                    continue
                held.close()
                message = (
                    f"{self._file.parent} is in use by another server: "
                    "stop it, or choose another data folder"
                )
                raise LocalServerError(message) from None
            self._held = held
            return held.fileno()

    def let_go(self) -> None:
        """Close our own end."""
        if self._held is not None:
            self._held.close()
            self._held = None


class LeashedServer:
    """A server under a leash (seatlog/local/leash.py): it ends when this process does.

    It runs in a session of its own, so that Ctrl-C in a terminal reaches only us, and we stop
    the server after everything that needs it.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        lock: int,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_s: float = 8.0,
        account: tuple[int, int] | None = None,
    ) -> None:
        self.log = log
        self._name = Path(command[0]).name
        self._grace_s = grace_s
        user, group = account or (None, None)
        lead: leash.Lead = {
            "command": [str(part) for part in command],
            "log": str(log),
            "stop_signal": stop_signal.value,
            "grace_s": grace_s,
            "user": user,
            "group": group,
            "keep_fds": [lock],
        }
        self._leash = subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, json.dumps(lead)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            pass_fds=[lock],
        )
        self.pid = self._read_pid()

    def _read_pid(self) -> int:
        assert self._leash.stdout is not None
        with self._leash.stdout as answer:
            line = answer.readline()
        if not line:
            self._leash.communicate()
            message = f"{self._name} could not be started:\n{tail(self.log)}"
            raise LocalServerError(message)
        return int(line)

    @property
    def running(self) -> bool:
        return self._leash.poll() is None

    def wait_until(self, answers: Callable[[], bool], *, within_s: float) -> None:
        """Wait until the server answers; raise LocalServerError if it ends or takes too long."""
        deadline = time.monotonic() + within_s
        while not answers():
            if not self.running:
                message = f"{self._name} ended at its start. {self.log} says:\n{tail(self.log)}"
                raise LocalServerError(message)
            if time.monotonic() > deadline:
                message = (
                    f"{self._name} did not answer within {within_s:g} s. "
                    f"{self.log} says:\n{tail(self.log)}"
                )
                raise LocalServerError(message)
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """Stop the server in order, by force after its grace, and wait for its end."""
        assert self._leash.stdin is not None
        self._leash.stdin.close()
        self._leash.wait(self._grace_s + 5)

    def kill(self) -> None:
        """Kill the server as the kernel would, and wait for its end."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.stop()


class LocalServer(ABC):
    """A server of this machine, started and stopped as often as one likes.

    What it has confirmed is in its data folder, whatever its end was. Its port stays the same, so
    that clients find it again.
    """

    def __init__(self, data: Path, name: str) -> None:
        self.data = data.absolute()
        self.log = self.data / f"{name}.log"
        self._lock = DataLock(self.data / f"{name}.lock")
        self._server: LeashedServer | None = None

    @property
    def pid(self) -> int:
        assert self._server is not None, "start it first"
        return self._server.pid

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.running

    @abstractmethod
    def start(self) -> str:
        """Start the server and give its address; `wait_ready` tells when it answers."""

    @abstractmethod
    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Wait until the server answers clients; LocalServerError if it does not."""

    def stop(self) -> None:
        """Stop the server in order; without effect when it does not run."""
        if self._server is not None:
            self._server.stop()
        self._lock.let_go()

    def kill(self) -> None:
        """Kill the server with signal 9; `start` brings it back with what was confirmed."""
        if self._server is not None:
            self._server.kill()
        self._lock.let_go()
