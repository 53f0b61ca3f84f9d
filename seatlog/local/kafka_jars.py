"""The broker's class path: downloaded once, checked against a lock, kept for the user.

The lock beside this file names each jar and its SHA-256. jgo only brings the files: its own
resolution, asked for the broker and the logging binding together, lets the binding's version
table replace parts of the broker (kafka-clients 3.9.1 in a broker of 4.3.1).
"""

import hashlib
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from seatlog.local.failure import LocalServerError

KAFKA_VERSION = "4.3.1"

_LOCK = Path(__file__).with_name(f"kafka-{KAFKA_VERSION}.lock")
_DOWNLOADS_AT_ONCE = 6


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    organisation: str
    name: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}.jar"


def read_lock() -> list[Jar]:
    """Read the lock: `group:artifact:version sha256` a line."""
    jars = []
    for line in _LOCK.read_text(encoding="ascii").splitlines():
        coordinates, sha256 = line.split()
        organisation, name, version = coordinates.split(":")
        jars.append(Jar(organisation, name, version, sha256))
    return jars


def class_path() -> str:
    """Give the broker's class path, downloading it at the first call of this user."""
    jars = read_lock()
    folder = jar_folder()
    if not folder.is_dir():
        _download(jars, folder)
    missing = [jar.file_name for jar in jars if not (folder / jar.file_name).is_file()]
    if missing:
        message = f"{missing[0]} is gone from {folder}: remove that folder and start again"
        raise LocalServerError(message)
    return os.pathsep.join(str(folder / jar.file_name) for jar in jars)


def jar_folder() -> Path:
    """Say where this user's jars are, or will be."""
    home = os.environ.get("XDG_CACHE_HOME")
    cache = Path(home) if home else Path.home() / ".cache"
    return cache / "seatlog" / f"kafka-{KAFKA_VERSION}"


def _download(jars: list[Jar], folder: Path) -> None:
    """Fill the folder; it appears whole or not at all, also when several do this at once."""
    if find_spec("jgo") is None:
        message = "the broker is not on this machine and jgo is not installed: pip install jgo"
        raise LocalServerError(message)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="kafka-download-") as scratch:
        filled = Path(scratch) / "jars"
        filled.mkdir()
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            for _ in pool.map(lambda jar: _fetch(jar, Path(scratch), filled), jars):
                pass  # consumed, so that the first failure is raised here
        try:
            filled.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _fetch(jar: Jar, scratch: Path, into: Path) -> None:
    # Optional, and not needed once everything is here.
    from jgo.config import GlobalSettings  # noqa: PLC0415
    from jgo.constants import MAVEN_CENTRAL_URL, default_maven_repo  # noqa: PLC0415
    from jgo.maven import MavenContext  # noqa: PLC0415

    maven = MavenContext(
        repo_cache=scratch / "repository",
        local_repos=[default_maven_repo()],
        # A mirror that jgo.conf names comes first, for networks that reach nothing else.
        remote_repos={**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL},
        timeout=60,
    )
    project = maven.project(jar.organisation, jar.name)
    try:
        found = project.at_version(jar.version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        message = f"{jar.file_name} could not be downloaded (is there a network?): {error}"
        raise LocalServerError(message) from error
    if hashlib.sha256(found.read_bytes()).hexdigest() != jar.sha256:
        message = f"{jar.file_name} is not the file of the lock: what was downloaded was changed"
        raise LocalServerError(message)
    shutil.copyfile(found, into / jar.file_name)
