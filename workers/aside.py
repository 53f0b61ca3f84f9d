"""Sends what an owner's loop does not wait for, beside it: votes, snapshots and dead letters.

Rules of this file:

1. It comes after the counted ack of the record that it goes with.
2. What cannot be sent is dropped, and said. A vote is sent again while its group is in doubt; a
   dead letter is lost, but the refusal that it explains stands in the outbox; without a snapshot
   the next replay is longer.
3. Each partition has a sender of its own: one without a leader keeps no other waiting.
4. So many bytes may wait for a partition; what comes beyond them is dropped as well.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from adapters.ports import (
    AppendUnknownError,
    Log,
    LogUnreachableError,
    NewRecord,
    RecordTooLargeError,
    TopicPartition,
)

log = logging.getLogger(__name__)

waiting_bytes_max = 8 * 1024 * 1024
"""Room for eight of the largest commands, or for the votes about ten thousand groups."""


class Addressed(NamedTuple):
    """A record, and where it goes."""

    to: TopicPartition
    record: NewRecord


@dataclass(slots=True)
class _Line:
    """What waits for one partition."""

    records: list[NewRecord] = field(default_factory=list)
    size: int = 0


class Aside:
    """What one life of an owner has on its way beside its own records."""

    def __init__(self, log_port: Log, when_sent: Callable[[TopicPartition], None]) -> None:
        self._log = log_port
        self._when_sent = when_sent
        self._waiting: dict[TopicPartition, _Line] = {}
        self._senders: dict[TopicPartition, asyncio.Task[None]] = {}

    def send(self, addressed: Iterable[Addressed]) -> None:
        """Send records, those for one partition as soon as those before them are acknowledged."""
        too_many = Counter(one.to for one in addressed if not self._put(one))
        for to, count in too_many.items():
            _say_dropped(to, count, "too much waits before")
        for to, sender in [*self._senders.items()]:
            if sender.done():
                del self._senders[to]
                sender.result()  # a fault of ours ends this life of the owner, loudly
        for to in self._waiting:
            if to not in self._senders:
                self._senders[to] = asyncio.create_task(self._send_all(to), name=f"to {to}")

    async def close(self) -> None:
        """Drop what is not sent."""
        for sender in self._senders.values():
            sender.cancel()
        await asyncio.gather(*self._senders.values(), return_exceptions=True)

    def _put(self, addressed: Addressed) -> bool:
        """Let a record wait; False if there is no room for it."""
        line = self._waiting.setdefault(addressed.to, _Line())
        if line.size + addressed.record.size > waiting_bytes_max:
            return False
        line.records.append(addressed.record)
        line.size += addressed.record.size
        return True

    async def _send_all(self, to: TopicPartition) -> None:
        while to in self._waiting:
            records = self._waiting.pop(to).records
            try:
                await self._log.publish(to, records)
            except (AppendUnknownError, LogUnreachableError, RecordTooLargeError) as error:
                _say_dropped(to, len(records), str(error))
            else:
                self._when_sent(to)


def _say_dropped(to: TopicPartition, count: int, why: str) -> None:
    log.warning("dropped", extra={"to": str(to), "count": count, "why": why})
