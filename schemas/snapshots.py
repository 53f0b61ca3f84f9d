"""The snapshot: the state of an outbox at one of its records, so that a replay can begin there.

Rules of this file:

1. It stands for the records up to the one it names, and for nothing else: positions, terms and
   time are in that record, and a reader looks there.
2. The state is the owner's own business and may change with each version: who cannot read it reads
   the outbox from its start.
"""

import zlib

import msgspec

COMPRESSION_LEVEL = 1
"""An owner stands still while it is made: twice as small would be four times as late."""


class Snapshot(
    msgspec.Struct, tag="Snapshot.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """The state of an outbox partition after one of its records."""

    offset: int
    """Of that record."""
    term: int
    digest: str
    """The record's own, both."""
    deferred: list[int]
    """Offsets of the commands that are read and not answered there."""
    producers: list[tuple[int, int]]
    """Producer id and epoch of everybody who has owned the partition until there."""
    state: msgspec.Raw
    """What the owner knows; a JSON object."""


class SnapshotError(ValueError):
    """These bytes are no snapshot that this version can read."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Snapshot).decode


def encode(snapshot: Snapshot) -> bytes:
    """Pack a snapshot for its topic (JSON in zlib format)."""
    return zlib.compress(_encode(snapshot), COMPRESSION_LEVEL)


def decode(compressed: bytes) -> Snapshot:
    """Undo `encode`. Raises SnapshotError."""
    try:
        return _decode(zlib.decompress(compressed))
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(str(error)) from error
