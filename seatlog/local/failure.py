"""What is said when a local server cannot run."""

from pathlib import Path

_TAIL_LINES = 15


class LocalServerError(RuntimeError):
    """A local server cannot start or does not answer; the message says what to do."""


def tail(log: Path) -> str:
    """Give the last lines of a server's log, for a message."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:]) or "  (it wrote nothing)"
