"""Files that hold a secret: readable by this account alone, and whole or not there."""

import os
from pathlib import Path


class SecretFileError(OSError):
    """A secret cannot be read from its file; the message says what to do."""


def write_secret(file: Path, secret: str) -> None:
    """Write a secret to a new file; a crash on the way leaves no file of that name."""
    if file.exists():
        message = f"{file} is there already"
        raise SecretFileError(message)
    written = file.with_name(f"{file.name}.new")
    written.unlink(missing_ok=True)  # what a crash has left
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(secret + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    written.rename(file)


def read_secret(file: Path) -> str | None:
    """Read a secret; None if it was not written yet."""
    if not file.exists():
        return None
    secret = file.read_text(encoding="ascii").strip()
    if not secret:
        message = f"{file} is empty: put the secret back, or remove the file to get a new one"
        raise SecretFileError(message)
    return secret
