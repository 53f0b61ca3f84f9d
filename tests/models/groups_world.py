"""What the group model consists of: objects, commands, owners, coordinators, votes, the rules.

All of it is plain data, and a state is hashed a few times: tuples of numbers.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, TypeAlias, TypeVar

Item = TypeVar("Item")

NO_TOKEN: Final = -1
NOT_YET: Final = -1

Pockets: TypeAlias = tuple[int, ...]
"""How many places of an object are free, taken, and held by each token. A seat has one place."""

FREE: Final = 0
TAKEN: Final = 1
HELD: Final = 2
"""Where the tokens' pockets begin."""


class Finding(StrEnum):
    """What can be wrong; the value completes the sentence "found: ..."."""

    OVER_CAPACITY = "more places booked, held and reserved than there are"
    DECIDED_TWICE = "a command decided twice"
    CONFIRMED_AND_CANCELLED = "a group both confirmed and cancelled"
    NOT_RESERVED = "a group confirmed where nothing is reserved for it"
    HELD_TOO_LONG = "a hold that outlives its deadline"
    NOT_JUSTIFIED = "a command rejected though it may yet fit"
    STUCK = "work left and nobody who can go on with it"
    NO_SERIAL_ORDER = "results that no order of the commands explains"


class Verb(IntEnum):
    """What a change does to places: free to taken, free to held, taken to free, or gone for good.

    The last is the deletion of an event; owners learn it from the coordinator's log.
    """

    BOOK = 0
    HOLD = 1
    RELEASE = 2
    DELETE = 3


class Change(NamedTuple):
    """One change of one object."""

    verb: Verb
    target: int
    quantity: int = 1
    token: int = NO_TOKEN


@dataclass(frozen=True, slots=True)
class Command:
    """What a client asks for; a group if its objects are not all in one partition."""

    name: str
    changes: tuple[Change, ...]
    repeats: int | None = None
    """The earlier command that has the same idempotency key."""
    coordinator: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """A seat or an area, and how it is at the start."""

    name: str
    partition: int
    start: Pockets = (1, 0)

    @property
    def capacity(self) -> int:
        return sum(self.start)


class Result(IntEnum):
    NONE = 0
    DONE = 1
    REJECTED = 2
    BUSY = 3


class Verdict(IntEnum):
    """What is known of a group's part, in the order in which it can become known."""

    SILENT = 0
    QUEUED = 1
    RESERVED = 2
    REFUSED = 3


class Kind(StrEnum):
    """A record in a coordinator's outbox. Counted votes are its memory, and nobody reads them."""

    DELETED = "Deleted"
    BEGUN = "Begun"
    CONFIRMED = "Confirmed"
    CANCELLED = "Cancelled"


class Entry(NamedTuple):
    """A record in a coordinator's outbox, and the command that it is about."""

    kind: Kind
    command: int


Moved: TypeAlias = tuple[tuple[int, Pockets], ...]
"""By how much each object's pockets change, net: an object touched without effect is in it."""


class Part(NamedTuple):
    """An owner's part of a group in doubt."""

    group: int
    verdict: Verdict
    moved: Moved = ()
    """What is reserved: what the group's confirmation will do."""


class Vote(NamedTuple):
    group: int
    partition: int
    verdict: Verdict


class Owner(NamedTuple):
    """What the fold of a partition's outbox gives, but for the objects themselves."""

    read: tuple[int, ...]
    """How far each coordinator's outbox is read."""
    parts: tuple[Part, ...] = ()
    parked: tuple[int, ...] = ()
    """Commands and queued groups, first come first."""
    expired: int = 0
    """The tokens whose deadline has passed here."""


class State(NamedTuple):
    """The whole world. What a command knows is at its number in each of the first three."""

    results: tuple[Result, ...]
    before: tuple[int, ...]
    """The commands that were answered when this one came, `NOT_YET` if it has not come."""
    heard: tuple[tuple[Verdict, ...], ...]
    """What the coordinator knows of each part; empty unless the group is in doubt there."""
    places: tuple[Pockets, ...]
    owners: tuple[Owner, ...]
    logs: tuple[tuple[Entry, ...], ...]
    votes: tuple[Vote, ...]
    """On their way, in no order."""
    losses: int
    doubles: int
    crashes: int

    def owned(self, at: int, owner: Owner) -> "State":
        """Return the state in which one owner has become another."""
        return self._replace(owners=replaced(self.owners, at, owner))

    def answered(self, command: int, result: Result) -> "State":
        return self._replace(results=replaced(self.results, command, result))

    def sent(self, vote: Vote) -> "State":
        """Put a vote on its way. Two that are alike are one that may arrive twice."""
        if vote in self.votes:
            return self
        return self._replace(votes=tuple(sorted((*self.votes, vote))))


def replaced(items: tuple[Item, ...], at: int, item: Item) -> tuple[Item, ...]:
    return (*items[:at], item, *items[at + 1 :])


@dataclass(frozen=True, slots=True)
class Faults:
    """What may happen, and how often."""

    losses: int = 0
    """Votes that never arrive."""
    doubles: int = 0
    """Votes that arrive twice."""
    crashes: int = 0
    timers: bool = False
    """Groups and parked commands may come to their deadlines, at any time."""
    expiring: tuple[tuple[int, int], ...] = ()
    """The (token, partition) where a hold's deadline may pass, at any time."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that owners and coordinators keep. The defaults are the protocol."""

    # The owners of seats.
    parks: bool = True
    """What may fit under some outcome of the groups in doubt waits, and is not rejected."""
    counts_releases: bool = True
    """A group's places that may come back count in what may fit."""
    queue_keeps_groups_in_order: bool = True
    """A group's part waits behind the queued parts of earlier groups that share an object."""
    commands_wait_their_turn: bool = True
    """A single-event command waits behind what is parked for one of its objects."""
    reserved_places_are_gone: bool = True
    tokens_in_doubt_wait: bool = True
    """In an area, a command waits if a group in doubt bears its hold token."""
    parking_is_in_the_log: bool = True
    deletion_waits: bool = False
    """An event is deleted only when no group is in doubt there: not the protocol, but stricter."""
    keeps_reservations: bool = True
    """A reservation ends with the coordinator's decision, and by no timer."""
    expiry_spares_reservations: bool = True
    cancel_frees_expired: bool = True
    confirm_ignores_expiry: bool = True
    votes_after_ack: bool = True
    resends_votes: bool = True
    answers_repeats: bool = True
    """A repeated command gets the first one's answer, from the owner that decided it."""

    # The coordinator.
    remembers_answers: bool = True
    """A repeated group gets the first one's answer."""
    puts_repeats_off: bool = True
    """A repeat of a group in doubt is put off."""
    knows_voters: bool = True
    """A vote counts once, however often it comes."""
    ignores_stale_votes: bool = True
    """A vote that says less than what is known is dropped."""
    waits_for_all: bool = True
    hears_everyone: bool = True
    """It cancels a group only when every partition has said something."""
    tells_queued_from_reserved: bool = True
    forgets_decided: bool = True
    """A vote for a group that was decided is dropped."""
