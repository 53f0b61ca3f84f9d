"""The settings: every one comes from the environment, and docs/settings.md lists them all.

Rules of this file:

1. A setting is read here, or by the option of a command that names its variable; the rest of
   the program gets values.
2. A wrong value ends the program at its start, with a message that names the variable.
3. Secrets come from the environment or a file, never from the command line, and are not shown.
4. No pydantic: whoever reads the settings is a worker that is being brought back.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from api import limits

port_max = 65_535
VARIABLES = {
    "kafka_bootstrap": "KAFKA_BOOTSTRAP",
    "database_url": "DATABASE_URL",
    "topic_prefix": "SEATLOG_TOPIC_PREFIX",
    "signing_key": "SEATLOG_SIGNING_KEY",
    "host": "SEATLOG_HOST",
    "port": "PORT",
    "member": "SEATLOG_MEMBER",
    "priority_requests_max": "SEATLOG_PRIORITY_REQUESTS_MAX",
    "regular_requests_max": "SEATLOG_REGULAR_REQUESTS_MAX",
    "test_companies": "TEST_COMPANIES",
    "system_secret": "SYSTEM_SECRET",
    "projector_delay_ms": "SEATLOG_PROJECTOR_DELAY_MS",
    "crash_folder": "SEATLOG_CRASH_FOLDER",
    "log_level": "SEATLOG_LOG_LEVEL",
    "alive_file": "SEATLOG_ALIVE_FILE",
}

_REQUIRED = ("kafka_bootstrap", "database_url")


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names its variable."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a process needs to know from outside."""

    kafka_bootstrap: str
    """Address of the brokers, `host:port`, several with commas."""
    database_url: str = field(repr=False)
    """Address of Postgres, `postgresql://...`."""
    topic_prefix: str = ""
    """What stands before every topic name: several installations can share a cluster."""
    signing_key: str | None = field(default=None, repr=False)
    """64 hex digits that sign hold tokens and seal secret keys: the same for every ingress."""
    host: str = "127.0.0.1"
    """Address that the ingress listens on."""
    port: Annotated[int, Meta(ge=0, le=port_max)] = 8080
    """Port that the ingress listens on."""
    member: str = "worker-1"
    """Static name of a worker process in the consumer group; unique, and kept over restarts."""
    priority_requests_max: Annotated[int, Meta(ge=1)] = limits.priority_requests_max
    """Requests of one workspace at once that are a part of a sale, in one ingress."""
    regular_requests_max: Annotated[int, Meta(ge=1)] = limits.regular_requests_max
    """The same for everything else."""
    test_companies: bool = False
    """Whether the endpoints for throw-away companies exist. Never in production."""
    system_secret: str = field(default="superSecretSystemApi", repr=False)
    """Password of the test company endpoint."""
    projector_delay_ms: Annotated[int, Meta(ge=0)] = 0
    """Holds every projection back; for tests of reading one's own writes."""
    crash_folder: str = ""
    """Folder with a file for each crash point where a worker shall kill itself, once; for the
    fault tests."""
    log_level: Annotated[str, Meta(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    """What is logged: DEBUG, INFO, WARNING or ERROR."""
    alive_file: str = ""
    """File that the process touches every second, for a health check that looks at its time."""

    def signing_key_bytes(self) -> bytes:
        """Give the signing key; raises SettingsError if it is missing or not 64 hex digits."""
        return _key_bytes(self.signing_key or "")


def load_local_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings for `seatlog serve`, which has servers where none are named.

    A signing key, if there is one, is checked; raises SettingsError.
    """
    local = {"KAFKA_BOOTSTRAP": "local", "DATABASE_URL": "postgresql://local"}
    settings = load_settings(local | {name: value for name, value in environ.items() if value})
    if settings.signing_key is not None:
        settings.signing_key_bytes()
    return settings


def load_signing_key(environ: Mapping[str, str] = os.environ) -> bytes | None:
    """Read the signing key of a command that can do without one; raises SettingsError."""
    text = environ.get("SEATLOG_SIGNING_KEY")
    return _key_bytes(text) if text else None


def load_api_key(environ: Mapping[str, str] = os.environ) -> str:
    """Read the API key of a command that calls an ingress; raises SettingsError."""
    key = environ.get("SEATLOG_API_KEY")
    if not key:
        raise SettingsError(
            "it needs an API key: name a file with --key-file, or set SEATLOG_API_KEY"
        )
    return key


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from the environment; raises SettingsError."""
    types = get_type_hints(Settings, include_extras=True)
    read: dict[str, object] = {}
    required = [VARIABLES[name] for name in _REQUIRED]
    problems = [f"{variable} is missing" for variable in required if not environ.get(variable)]
    for name, variable in VARIABLES.items():
        if text := environ.get(variable):
            try:
                read[name] = msgspec.convert(text, types[name], strict=False)
            except msgspec.ValidationError as error:
                problems.append(f"{variable}: {error}")
    if "database_url" in read and not _is_postgres(str(read["database_url"])):
        problems.append(
            f"{VARIABLES['database_url']}: write postgresql://user:password@host:port/database"
        )
    if problems:
        raise SettingsError("; ".join(problems))
    return msgspec.convert(read, Settings)


def _key_bytes(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:  # noqa: PLR2004 - 64 hex digits
        raise SettingsError("SEATLOG_SIGNING_KEY must be 64 hex digits (`openssl rand -hex 32`)")
    return key


def _is_postgres(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    hosts = parts.netloc.rpartition("@")[2].split(",")
    ports = [host.rpartition(":")[2] for host in hosts if ":" in host and host[-1] != "]"]
    are_ports = all(port.isdecimal() and 0 < int(port) <= port_max for port in ports)
    return parts.scheme in ("postgresql", "postgres") and are_ports
