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
from workers.turns import Turns

log = logging.getLogger(__name__)

records_between_min = 1_000
"""Replayed in a fortieth of a second."""
state_bytes_per_record = 200
"""Encoded and compressed in two microseconds, where deciding takes a hundred."""
state_bytes_max = 64 * 1024 * 1024
"""More would not fit when compressed, and is not tried."""
compressed_bytes_max = 8 * 1024 * 1024 - 64 * 1024
"""What the topics of snapshots take; docs/decisions/0021 says what that is enough for."""


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
        self,
        role: Role[Any, Any, Any],
        begun_at: Snapshot | None,
        producers: list[tuple[int, int]],
    ) -> None:
        """Make one; the life begins at a snapshot, or (None) at the start of the outbox."""
        self._role = role
        self._kept_at = 0 if begun_at is None else begun_at.offset
        self._state_bytes = 0 if begun_at is None else state_bytes(begun_at)
        self._producers = producers

    def keep_if_due(self, lived: Lived) -> list[Addressed]:
        """Give the record to be sent beside the loop, if the state is worth keeping again."""
        worth = max(records_between_min, self._state_bytes // state_bytes_per_record)
        return self._keep(lived) if lived.next_offset - self._kept_at > worth else []

    def _keep(self, lived: Lived) -> list[Addressed]:
        snapshot = lived.snapshot(self._producers)
        self._kept_at, self._state_bytes = snapshot.offset, state_bytes(snapshot)
        about = {"of": str(self._role.outbox), "offset": snapshot.offset}
        if self._state_bytes <= state_bytes_max:
            record = NewRecord(snapshots.encode(snapshot), key=str(self._role.outbox).encode())
            if record.size <= compressed_bytes_max:
                log.info("kept", extra=about | {"bytes": record.size})
                return [Addressed(self._role.snapshots, record)]
        log.warning(
            "a state is too large to be kept", extra=about | {"state_bytes": self._state_bytes}
        )
        return []


def state_bytes(snapshot: Snapshot) -> int:
    """Give the size of the state in a snapshot, as JSON."""
    return memoryview(snapshot.state).nbytes


async def newest(role: Role[Any, Any, Any], log_port: Log, turns: Turns) -> Kept | None:
    """Find the newest snapshot of an outbox and build its state; None if there is none to use.

    Raises LogUnreachableError.
    """
    span = await log_port.span(role.snapshots)
    if span.end == span.begin:
        return None
    try:
        record = await record_at(log_port, role.snapshots, span.end - 1)
        snapshot = snapshots.decode(record.value or b"")
        state = await _built(role, snapshot, turns)
    except LogUnreachableError:
        raise
    except Exception:
        about = {"of": str(role.outbox), "at": span.end - 1}
        log.exception("a snapshot is left aside", extra=about)
        return None
    return Kept(snapshot, state)


async def _built(role: Role[Any, Any, Any], snapshot: Snapshot, turns: Turns) -> Any:  # noqa: ANN401
    kept = role.decode_snapshot(bytes(snapshot.state))
    at_hand = await role.load_inventories(kept.inventories())
    async with turns.turn(role.rank()):
        state = role.restore(kept)
    del at_hand  # until here nobody else kept them
    digest = role.machine.digest(state)
    if digest != snapshot.digest:
        raise SnapshotError(f"digest {digest}, not {snapshot.digest}")
    return state
