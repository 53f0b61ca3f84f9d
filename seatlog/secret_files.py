"""Files that hold a secret: readable by this account alone."""

import os
from pathlib import Path


def write_secret(file: Path, secret: str) -> None:
    """Write a secret to a new file."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(secret + "\n")


def read_secret(file: Path) -> str | None:
    """Read a secret; None if it was not written yet."""
    return file.read_text(encoding="ascii").strip() if file.exists() else None
