"""What the ownership model consists of: records, processes, the network, the broker, the rules.

All of it is plain data. Sets of commands and of seats are bit masks, because a state is hashed a
few times and there are hundreds of thousands of them.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, TypeAlias

NOBODY: Final = -1
NO_ANSWER: Final = -2
REFUSED: Final = -1
"""An answer is the offset of the first record appended, or one of these two."""

SEAT_WANTED: Final = (0, 0, 1)
"""The seat that each command wants: the first two compete."""

INPUTS: Final = ((0, 2), (1,))
"""The commands of each input, in order. With two inputs, owners may disagree on who came first."""

ALL_READ: Final = 0b111
"""All three commands."""


class Finding(StrEnum):
    """What can be wrong; the value completes the sentence "found: ..."."""

    DECIDED_TWICE = "a command decided twice"
    SEAT_TWICE = "a seat booked twice"
    UNANSWERED = "work at an end and a command without its answer"
    COMMAND_LOST = "a command that no owner will ever decide"
    DOES_NOT_FOLLOW = "a record that does not follow from those before it"
    REPLY_NOT_HELD = "a reply the log does not hold"


class Taken(NamedTuple):
    """`OwnershipTaken`: the owner's number stands for its random id."""

    owner: int


class Decided(NamedTuple):
    """The outbox record of one command, with the input positions up to which its owner has read."""

    term: int
    offset: int
    """The offset it was written for."""
    command: int
    granted: bool
    read: int


Log: TypeAlias = tuple[Taken | Decided, ...]


class Request(NamedTuple):
    """An append on its way to the broker."""

    owner: int
    sequence: int
    batch: Log


class Producer(NamedTuple):
    """What the broker remembers of a producer id: its newest epoch and the batches it sent."""

    number: int
    epoch: int
    sequence: int
    offsets: tuple[int, ...]


class Phase(IntEnum):
    """Where a process is in the owner's life: before step 1, in 2, in 5, in 5 awaiting an ack."""

    IDLE = 0
    TAKING = 1
    SERVING = 2
    WAITING = 3


class Process(NamedTuple):
    """A process and its memory. While it waits, `read` and `seats` are from before its batch."""

    phase: Phase
    owner: int = NOBODY
    term: int = NOBODY
    last: int = NOBODY
    sequence: int = 0
    read: int = 0
    seats: int = 0
    batch: tuple[Decided, ...] = ()
    answer: int = NO_ANSWER


IDLE: Final = Process(Phase.IDLE)
"""A crash, a doubt and a passed deadline all end here: the memory is dropped."""


class State(NamedTuple):
    """The whole world. Processes are interchangeable, requests unordered: both stand sorted."""

    log: Log
    processes: tuple[Process, ...]
    network: tuple[Request, ...]
    producers: tuple[Producer, ...]
    taken: int
    crashes: int
    forgets: int
    doubles: int


@dataclass(frozen=True, slots=True)
class Broker:
    """How far the broker can be trusted."""

    pairs: tuple[tuple[int, int], ...] = ((0, 0), (0, 1), (0, 2), (0, 3))
    """The producer id and epoch that each ownership is given."""
    forgets: int = 0
    """How many times it forgets a producer: its epoch and its sequence numbers."""
    doubles: int = 0
    """How many requests arrive twice, as a client that retries sends them."""


FENCED: Final = Broker()
UNFENCED: Final = Broker(pairs=((0, 0), (1, 0), (2, 0), (3, 0)))
SAME_PAIR: Final = Broker(pairs=((0, 0), (0, 0), (0, 1), (0, 2)))
"""The coordinator of transactions lost its tail and hands out one pair to two owners."""
OLDER_PAIR: Final = Broker(pairs=((0, 0), (0, 1), (0, 0), (0, 1)))
"""It lost more of it, and goes back to a pair that is not even the newest."""


class AfterLostAck(StrEnum):
    """What an owner does when the deadline of an ack has passed."""

    START_AGAIN = "start again at step 1"
    DECIDE_AGAIN = "go on as if nothing had been written"
    ASSUME_WRITTEN = "go on as if all had been written"


@dataclass(frozen=True, slots=True)
class Protocol:
    """The rules the owners keep. The defaults are the protocol."""

    terms: bool = True
    """A record is void if its term is not that of the newest `OwnershipTaken` before it."""
    offsets: bool = True
    """A record is void if it does not stand at the offset that it was written for."""
    contiguous_acks: bool = True
    read_after_taking: bool = True
    look_for_own_id: bool = True
    refuse_known_pair: bool = True
    """Start again if an older `OwnershipTaken` names the own producer id and epoch."""
    reply_after_ack: bool = True
    after_lost_ack: AfterLostAck = AfterLostAck.START_AGAIN


@dataclass(frozen=True, slots=True)
class Bounds:
    """The size of the instance."""

    ownerships: int = 3
    crashes: int = 2
    batch: int = 1
    appends: int = 4
    """Of one owner that goes on after a lost ack; one that does not makes no more than three."""


def void(log: Log, protocol: Protocol) -> list[bool]:
    """Say of each record whether it is void, by those of the two rules that the protocol has."""
    marks, term = [], NOBODY
    for offset, record in enumerate(log):
        if isinstance(record, Taken):
            term = offset
            marks.append(False)
        else:
            replaced = protocol.terms and record.term != term
            marks.append(replaced or (protocol.offsets and record.offset != offset))
    return marks


def name(owner: int) -> str:
    """Owners are called A, B, C in the order in which they took the partition."""
    return "ABCDEFGH"[owner]


def spell(record: Taken | Decided) -> str:
    """Write a record as the trace shows it."""
    if isinstance(record, Taken):
        return f"Taken({name(record.owner)})"
    verdict = "granted" if record.granted else "refused"
    return f"c{record.command} {verdict} in term {record.term} for {record.offset}"
