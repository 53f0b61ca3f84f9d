"""The outbox record: one cause, its answer and all its facts, as a CloudEvents 1.0 JSON event.

Rules of this file:

1. One cause gives one record, so a record is atomic and any prefix of the log is a correct state.
2. A record is void, and everybody skips it, if its `term` is not that of the newest
   `OwnershipTaken` before it (it was written by an owner that had been replaced; the term of
   `OwnershipTaken` is its own offset), or if it does not stand at the `offset` it was written
   for (a second copy, or somebody else's record came before it). `is_void` says so.
3. Headers say what a reader needs to skip a record undecoded; they repeat the body, or the command
   that was answered. There is one `event` for each event that the facts are about, in their order,
   and one `workspace`, whose these are; a record that is about no event may have none. The record
   key is the first of the events.
"""

from typing import Any, Generic, TypeVar

import msgspec

from schemas.commands import CommandPosition
from schemas.facts import GroupsFact, SeatsFact
from schemas.rejections import Rejected

CONTENT_TYPE = ("content-type", b"application/cloudevents+json")
"""The header by which a CloudEvents library knows that the value is an event as a whole: a MUST of
the Kafka protocol binding 1.0.2, section 3.3.1."""
HEADER_TYPE = "type"
HEADER_TERM = "term"
HEADER_OFFSET = "offset"
HEADER_WORKSPACE = "workspace"
HEADER_EVENT = "event"
HEADER_INGRESS = "ingress"
HEADER_REQUEST = "request"
"""On commands and answers: which ingress waits (its random id) and for which of its requests."""
HEADER_FORM = "form"
"""On commands: in which form of its dialect the client reads the answer. Absent: it reads no more
than that the command was done."""

F = TypeVar("F")


class Accepted(msgspec.Struct, tag="Accepted.v1", kw_only=True, frozen=True, omit_defaults=True):
    """The command was done; the facts beside this answer say what changed."""

    repeat: bool = False
    """True if a command with this idempotency key had been answered before: nothing changed now."""
    first_offset: int | None = None
    """On a repeat: where the first answer stands in this outbox, with its facts."""


Answer = Accepted | Rejected


class Data(msgspec.Struct, Generic[F], kw_only=True, frozen=True, omit_defaults=True):
    """What a record tells."""

    term: int
    """Offset of the ownership record under which this was written."""
    offset: int
    """The offset that this was written for."""
    at: int
    """The partition's time at this record, ms since the epoch; it never runs backwards."""
    positions: dict[str, int]
    """The next offset to read of each input (`topic/partition`) after this record."""
    input_terms: dict[str, int] = {}
    """The term that was in force at `positions`, of each input that has terms (outboxes)."""
    digest: str
    """Digest after this record, 16 hex digits: of a seats owner over all touched objects, the
    numbers of status changes, and what is reserved and parked; of a coordinator over its directory
    and the groups in doubt."""
    command: CommandPosition | None = None
    """The command that this answers or defers: the cause, or one that was deferred before."""
    command_id: str | None = None
    fingerprint: str | None = None
    """Id and fingerprint of the client's idempotency key, if it sent one."""
    answer: Answer | None = None
    facts: list[F] = []


class _CloudEvent(msgspec.Struct, tag_field="type", kw_only=True, frozen=True):
    specversion: str
    """Always `1.0`."""
    id: str
    """Unique in its source but for second copies, which are void: term and offset."""
    source: str
    """The outbox partition, `/events.outbox/3`."""
    datacontenttype: str
    """Always `application/json`."""


class OwnershipData(msgspec.Struct, kw_only=True, frozen=True):
    """Who took the partition."""

    claim: str
    """Random id, by which the new owner recognises its own record."""
    producer_id: int
    producer_epoch: int
    member: str
    """Name of the worker process."""


class OwnershipTaken(_CloudEvent, tag="seatlog.ownership.taken.v1", kw_only=True, frozen=True):
    """A new owner began; its offset is the term of all that follows until the next of its kind."""

    data: OwnershipData


class CommandAnswered(
    _CloudEvent, Generic[F], tag="seatlog.command.answered.v1", kw_only=True, frozen=True
):
    """A command was decided: its answer and its facts."""

    data: Data[F]


class CommandDeferred(
    _CloudEvent, Generic[F], tag="seatlog.command.deferred.v1", kw_only=True, frozen=True
):
    """A command was read, and its answer comes in a later record: what it needs is in doubt."""

    data: Data[F]


class VoteTaken(_CloudEvent, Generic[F], tag="seatlog.vote.taken.v1", kw_only=True, frozen=True):
    """A coordinator has taken in a seats owner's vote."""

    data: Data[F]


class TimePassed(_CloudEvent, Generic[F], tag="seatlog.time.passed.v1", kw_only=True, frozen=True):
    """Something's time had come: a hold expired, a queued part of a group was taken up.

    Without facts it only keeps the ownership fresh.
    """

    data: Data[F]


class DecisionApplied(
    _CloudEvent, Generic[F], tag="seatlog.decision.applied.v1", kw_only=True, frozen=True
):
    """A seats owner has applied what a coordinator decided."""

    data: Data[F]


def is_void(data: Data[Any], term: int, offset: int) -> bool:
    """Say whether a record at `offset`, with `term` in force there, is to be skipped (rule 2)."""
    return data.term != term or data.offset != offset


def type_name(record: type[_CloudEvent]) -> bytes:
    """Give the CloudEvents type of a kind of record, as its header has it."""
    return str(record.__struct_config__.tag).encode()


SeatsRecord = (
    OwnershipTaken
    | CommandAnswered[SeatsFact]
    | CommandDeferred[SeatsFact]
    | TimePassed[SeatsFact]
    | DecisionApplied[SeatsFact]
)
GroupsRecord = (
    OwnershipTaken
    | CommandAnswered[GroupsFact]
    | CommandDeferred[GroupsFact]
    | VoteTaken[GroupsFact]
    | TimePassed[GroupsFact]
)

encode = msgspec.json.Encoder().encode
decode_seats_record = msgspec.json.Decoder(SeatsRecord).decode
decode_groups_record = msgspec.json.Decoder(GroupsRecord).decode


def status_change_id(partition: int, offset: int, index: int) -> int:
    """Give the integer id of a status change: fact `index` of the record at `offset`.

    Derived from the position, so a rebuilt read model has the same ids; below 2**53, so that
    JavaScript clients can hold it, for offsets up to 2**31, 4,096 facts a record and 1,024
    partitions.
    """
    return (offset << 22) | (index << 10) | partition
