"""Snapshots: an owner keeps its state now and then, and the next one begins there.

Rules of this file:

1. Only acknowledged state is kept. So a snapshot is true whatever becomes of the owner that took
   it, and who has been replaced may keep one as well.
2. It saves time and decides nothing. One that cannot be used is left aside, loudly, and the outbox
   is read from its start.
3. Each record pays for a fixed share of the next snapshot: a large state is kept more rarely.
"""

import logging
from typing import Any, NamedTuple, Protocol

from adapters.following import record_at
from adapters.ports import Log, LogUnreachableError, NewRecord
from schemas import snapshots
from schemas.snapshots import Snapshot, SnapshotError
from workers.aside import Addressed
from workers.role import Role

log = logging.getLogger(__name__)

records_between_min = 1_000
"""Replayed in a fortieth of a second."""
state_bytes_per_record = 200
"""Encoded and compressed in two microseconds, where deciding takes a hundred."""
compressed_bytes_max = 8 * 1024 * 1024 - 64 * 1024
"""What the topics of snapshots take; some 300,000 objects of one partition that were sold."""


class Kept(NamedTuple):
    """A snapshot that was found, and the state that was built from it."""

    snapshot: Snapshot
    state: Any


class Lived(Protocol):
    """Whose state can be kept: a ledger of which everything is acknowledged."""

    @property
    def next_offset(self) -> int: ...

    def snapshot(self, producers: list[tuple[int, int]]) -> Snapshot: ...


class Keeper:
    """Takes the snapshots of one life of an owner."""

    def __init__(
        self, role: Role[Any, Any, Any], kept_at: int, producers: list[tuple[int, int]]
    ) -> None:
        """Make one; `kept_at` is the offset that the newest snapshot stands for."""
        self._role = role
        self._kept_at = kept_at
        self._producers = producers
        self._state_bytes = 0

    def keep_if_due(self, lived: Lived) -> list[Addressed]:
        """Give the record to be sent beside the loop, if the state is worth keeping again."""
        worth = max(records_between_min, self._state_bytes // state_bytes_per_record)
        return self._keep(lived) if lived.next_offset - self._kept_at > worth else []

    def _keep(self, lived: Lived) -> list[Addressed]:
        snapshot = lived.snapshot(self._producers)
        self._kept_at, self._state_bytes = snapshot.offset, len(bytes(snapshot.state))
        record = NewRecord(snapshots.encode(snapshot), key=str(self._role.outbox).encode())
        about = {"of": str(self._role.outbox), "offset": snapshot.offset, "bytes": record.size}
        if record.size > compressed_bytes_max:
            log.warning("a state is too large to be kept", extra=about)
            return []
        log.info("kept", extra=about)
        return [Addressed(self._role.snapshots, record)]


async def newest(role: Role[Any, Any, Any], log_port: Log) -> Kept | None:
    """Find the newest snapshot of an outbox and build its state; None if there is none to use."""
    span = await log_port.span(role.snapshots)
    if span.end == span.begin:
        return None
    record = await record_at(log_port, role.snapshots, span.end - 1)
    try:
        snapshot = snapshots.decode(record.value or b"")
        state = await _built(role, snapshot)
    except LogUnreachableError:
        raise
    except Exception:
        about = {"of": str(role.outbox), "at": record.offset}
        log.exception("a snapshot is left aside", extra=about)
        return None
    return Kept(snapshot, state)


async def _built(role: Role[Any, Any, Any], snapshot: Snapshot) -> Any:  # noqa: ANN401
    kept = role.decode_snapshot(bytes(snapshot.state))
    at_hand = await role.load_inventories(kept.inventories())
    state = role.restore(kept)
    del at_hand  # until here nobody else kept them
    digest = role.machine.digest(state)
    if digest != snapshot.digest:
        raise SnapshotError(f"digest {digest}, not {snapshot.digest}")
    return state
