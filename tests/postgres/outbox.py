"""Outboxes as owners write them: encoded records with terms, offsets and headers."""

from typing import Any

import msgspec

from adapters.ports import NewRecord, TopicPartition
from adapters.postgres.batch import OutboxRecord, OutboxRun
from schemas.commands import CommandPosition, Origin
from schemas.facts import EventCreated, GroupsFact, SeatsFact, StatusChanged
from schemas.outbox import (
    HEADER_WORKSPACE,
    Accepted,
    Answer,
    CommandAnswered,
    Data,
    DecisionApplied,
    OwnershipData,
    OwnershipTaken,
    decode_groups_record,
    decode_seats_record,
    encode,
)
from schemas.topics import EVENTS_OUTBOX, Topics

NOON = 1_750_000_000_000
WORKSPACE = "w1"


class Outbox:
    """The log of one pretended owner."""

    def __init__(self, topics: Topics, partition: int = 0, name: str = EVENTS_OUTBOX) -> None:
        self.partition = TopicPartition(topics[name].physical_name, partition)
        self._decode: Any = decode_seats_record if name == EVENTS_OUTBOX else decode_groups_record
        self.records: list[NewRecord] = []
        self.term = -1
        self.at = NOON
        self._commands = 0
        self._taken = 0

    @property
    def end(self) -> int:
        return len(self.records)

    def take(self) -> None:
        """Become a new owner."""
        self.term = self.end
        data = OwnershipData(claim="c", producer_id=1, producer_epoch=self.term, member="worker-1")
        self._append(OwnershipTaken(**self._envelope(), data=data))

    def answer(
        self,
        *facts: SeatsFact | GroupsFact,
        answer: Answer | None = None,
        key: str | None = None,
        fingerprint: str = "f",
        **changes: Any,  # noqa: ANN401
    ) -> int:
        """Answer the next command; give its offset in the commands topic."""
        command = CommandPosition(self.partition.partition, self._commands)
        self._commands += 1
        data = self._data(
            facts,
            command=command,
            answer=answer or Accepted(),
            command_id=key,
            fingerprint=fingerprint if key else None,
            **changes,
        )
        self._append(CommandAnswered(**self._envelope(), data=data))
        return command.offset

    def apply(self, *facts: SeatsFact) -> None:
        """Apply a coordinator's decision."""
        self._append(DecisionApplied(**self._envelope(), data=self._data(facts)))

    def append_raw(self, value: bytes) -> None:
        """Write something that is no record."""
        self.records.append(NewRecord(value))

    def news(self) -> OutboxRun:
        """Give what was written since the last time, decoded."""
        start, self._taken = self._taken, self.end
        return self.run(start, self.end)

    def run(self, start: int, end: int) -> OutboxRun:
        """Give a stretch, decoded as the projector does."""
        records = []
        for offset in range(start, end):
            headers = dict(self.records[offset].headers)
            workspace = headers.get(HEADER_WORKSPACE, b"").decode()
            decoded = self._decode(self.records[offset].value)
            records.append(OutboxRecord(offset, decoded, workspace))
        return OutboxRun(self.partition, records)

    def _data(self, facts: tuple[Any, ...], **fields: Any) -> Data[Any]:  # noqa: ANN401
        fields = {"term": self.term, "offset": self.end, "at": self.at, **fields}
        digest = "0123456789abcdef"
        return Data(positions={"events.commands/0": 7}, digest=digest, facts=list(facts), **fields)

    def _envelope(self) -> dict[str, str]:
        return {
            "specversion": "1.0",
            "id": f"{self.term}-{self.end}",
            "source": f"/{self.partition}",
            "datacontenttype": "application/json",
        }

    def _append(self, record: Any) -> None:  # noqa: ANN401
        headers = [("type", b"x"), (HEADER_WORKSPACE, WORKSPACE.encode())]
        self.records.append(NewRecord(encode(record), headers))


class Seats:
    """Facts about one event, with its sequence numbers."""

    def __init__(self, event: int = 1, key: str = "drop", partition: int = 0) -> None:
        self.created = EventCreated(
            event=event,
            partition=partition,
            workspace=WORKSPACE,
            key=key,
            chart_key="stadium",
            inventory="abc",
            created_at=NOON,
        )
        self.event = event
        self._seq = 0

    def change(self, label: str, status: str = "booked", **fields: Any) -> StatusChanged:  # noqa: ANN401
        self._seq += 1
        fields = {"previous_status": "free", "origin": Origin(ip="192.0.2.7"), **fields}
        return StatusChanged(event=self.event, seq=self._seq, label=label, status=status, **fields)


def renamed(fact: Any, **fields: Any) -> Any:  # noqa: ANN401
    """Give a fact with other fields."""
    return msgspec.structs.replace(fact, **fields)
