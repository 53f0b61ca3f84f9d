"""The log of a process: one JSON object a line, on standard error.

Rules of this file:

1. Values are JSON-encoded, so no input can forge a line.
2. Whatever looks like a secret key is struck out.
3. What the broker's client repeats is said once in a while: it writes a line for each attempt to
   connect, a hundred a second while the broker is away. Our own lines are never left out.
"""

import logging
import re
import sys
import time
from collections import Counter
from typing import Any

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET = re.compile(r"\b(sk|whsec)_[A-Za-z0-9_-]{6,}")


repeated_every_s = 10.0


class RarelyRepeated(logging.Filter):
    """Lets the same message of a library's logger through once in ten seconds."""

    def __init__(self, library: str) -> None:
        super().__init__(library)
        self._said_at: dict[tuple[str, str], float] = {}
        """By logger and message, without what is filled in."""
        self._left_out: Counter[tuple[str, str]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is to be written; it then tells how many were not."""
        if not super().filter(record):
            return True  # another's
        message = (record.name, str(record.msg))
        said_at = self._said_at.get(message)
        if said_at is not None and record.created - said_at < repeated_every_s:
            self._left_out[message] += 1
            return False
        self._said_at[message] = record.created
        left_out = self._left_out.pop(message, 0)
        if left_out:
            record.left_out = left_out
        return True


class JsonLines(logging.Formatter):
    """Formats a log record as one line of JSON."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        line: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        text = msgspec.json.encode(line, enc_hook=str).decode()
        return _SECRET.sub(r"\1_***", text)


def log_to_stderr(process: str, level: str) -> None:
    """Send all logging of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process))
    handler.addFilter(RarelyRepeated("aiokafka"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
