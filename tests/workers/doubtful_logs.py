"""Logs in memory that bring an owner into doubt, each in its own way and as often as it is told."""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.memory_log import MemoryAppender, MemoryLog
from adapters.ports import Appended, AppendUnknownError, NewRecord, TopicPartition
from schemas import outbox as outbox_schema
from schemas.outbox import OwnershipTaken, decode_seats_record
from tests.workers.house import OUTBOX


class DoubtfulLog(MemoryLog):
    """Its doubts are about the outbox of the seats alone."""

    doubts = 0
    """How many are still to come."""

    def comes(self, partition: TopicPartition) -> bool:
        """Say whether a doubt comes now."""
        if partition != OUTBOX or not self.doubts:
            return False
        self.doubts -= 1
        return True


class TakenAnewLog(DoubtfulLog):
    """Somebody takes the partition, and appends, right after its owner has taken it."""

    async def take(self, partition: TopicPartition) -> MemoryAppender:
        taken = await super().take(partition)
        if self.comes(partition):
            self.admit(partition, taken.producer_epoch + 1)
        return taken


class SilentLog(DoubtfulLog):
    """The ack of an append does not come."""

    async def take(self, partition: TopicPartition) -> MemoryAppender:
        taken = await super().take(partition)
        if not self.comes(partition):
            return taken
        return _SilentAppender(self, partition, taken.producer_epoch)


class _SilentAppender(MemoryAppender):
    async def append(self, records: Sequence[NewRecord]) -> Appended:
        await super().append(records)
        raise AppendUnknownError("the ack is lost")


class SharedLog(DoubtfulLog):
    """Somebody else's record lands just before those that an owner serves with."""

    def store(self, partition: TopicPartition, records: Sequence[NewRecord]) -> Appended:
        if not _is_ownership(records[0]) and self.comes(partition):
            super().store(partition, [_claimed_by_another(self.records(partition)[0].value)])
        return super().store(partition, records)


class SwappedLog(DoubtfulLog):
    """Another's ownership record stands where an owner's own was acknowledged."""

    def store(self, partition: TopicPartition, records: Sequence[NewRecord]) -> Appended:
        if _is_ownership(records[0]) and self.comes(partition):
            records = [_claimed_by_another(records[0].value)]
        return super().store(partition, records)


def _is_ownership(record: NewRecord) -> bool:
    return b"ownership.taken" in record.value


def _claimed_by_another(value: bytes | None) -> NewRecord:
    taken: Any = decode_seats_record(value or b"")
    assert isinstance(taken, OwnershipTaken)
    data = msgspec.structs.replace(taken.data, claim="another's")
    return NewRecord(outbox_schema.encode(msgspec.structs.replace(taken, data=data)))
