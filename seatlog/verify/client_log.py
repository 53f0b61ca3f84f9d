"""The clients' own log: what they asked for and what they were told.

The file has one JSON object a line, one line for each request to change the status of objects of
one event; a retry is a request of its own, and a request over several events is a line for each.
The fields:

- `at_ms`, `done_ms`: when it was sent, and when its answer came or was given up; whole ms since
  the epoch, rounded down. All clients go by one clock.
- `event`: the event key.
- `status`: the status asked for, in the log's words: `booked`, `reservedByToken`, `free` for a
  release, or a custom one.
- `labels`: the objects; of best available those in the answer, and none where none came. How many
  places of an area were asked for is not compared.
- `hold_token`: the token sent with it, or null.
- `outcome`: `ok` (told that it was done), `refused` (told that it was not), or `unknown` (no
  answer, or one that says that the outcome is not known).
- `http_status`: optional; of the answer.
- `command`: optional; the command's id from the answer, `e-PARTITION-OFFSET`, of a group
  `g-PARTITION-OFFSET`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

Outcome = Literal["ok", "refused", "unknown"]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line."""

    at_ms: int
    done_ms: int
    event: str
    status: str
    labels: list[str]
    hold_token: str | None = None
    outcome: Outcome
    http_status: int | None = None
    command: str | None = None


class ClientLogError(ValueError):
    """The file is not a log of clients; the message says where."""


def read_client_log(file: Path) -> Iterator[Request]:
    """Read the lines of a file. Raises ClientLogError."""
    decode = msgspec.json.Decoder(Request).decode
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _read_line(decode, line, f"{file} line {number}")
    except OSError as error:
        raise ClientLogError(f"the clients' log cannot be read: {error}") from error


def _read_line(decode: Callable[[bytes], Request], line: bytes, where: str) -> Request:
    try:
        return decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ClientLogError(f"{where} is not a request: {error}") from error
