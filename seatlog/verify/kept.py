"""Where answers stand that are looked up: what the tables results and keyed_results must say.

Rules of this file:

1. What was answered since a limit must be there. The read model forgets what is older, sooner or
   later; of that only is checked what the limit alone tells.
2. An installation has tens of millions of answers, so 24 bytes are kept of each record since the
   limit, found by its offset, and two bits of each idempotency key.
3. A key that has two first answers may be without a row, or have that of either: the row of the
   one keeps the other out until it is deleted, and partitions are projected in any turns.
"""

from array import array
from collections.abc import Iterator
from hashlib import blake2b
from itertools import repeat
from typing import NamedTuple

import msgspec

from adapters.ports import TopicPartition
from schemas.outbox import Answer, CommandAnswered
from schemas.rejections import NOT_KEPT, Rejected
from seatlog.verify.journal import Entry

_NONE = -1
"""In place of a command's offset: the record answers none."""
_FOUND = -2
"""In place of a command's offset: a row says that it is answered here."""
_KEY_BITS = 27
_FINGERPRINT_BITS = 32


class Run(NamedTuple):
    """A row of `results`: commands that were answered one record after the other."""

    command_offset: int
    """Of the first."""
    commands: int
    """How many."""
    outbox_offset: int
    """Of the first one's answer."""
    at: int
    """Of the last answer."""


class Keyed(NamedTuple):
    """A row of `keyed_results`, without the outbox partition that it names."""

    workspace: str
    command_id: str
    fingerprint: str
    outbox_offset: int
    at: int


class Answered:
    """The answers in one outbox partition."""

    def __init__(
        self, commands: TopicPartition, outbox: TopicPartition, since: int, keys: "_Keys"
    ) -> None:
        self.commands = commands
        self.outbox = outbox
        self._since = since
        self._keys = keys
        self._end = 0
        self._begin: int | None = None
        """Offset of the first record since the limit; of what follows there is one of each."""
        self._commands = array("q")
        """Offsets of the commands that are answered."""
        self._times = array("q")
        self._keyed = array("Q")
        """Digests of the idempotency keys whose first answers these are; 0 if it is none."""

    def take_in(self, entry: Entry) -> None:
        """Note a record that counts."""
        data, command, keyed = entry.data, _NONE, 0
        if isinstance(entry.told, CommandAnswered):
            if data.command is not None and data.command.partition == self.commands.partition:
                command = data.command.offset
            if data.command_id is not None and _is_first(data.answer):
                keyed = _digest(entry.workspace, data.command_id, data.fingerprint or "")
                self._keys.use(keyed)
        if self._begin is None:
            if data.at < self._since:
                return
            self._begin = data.offset
        self._pad(data.offset)
        self._commands.append(command)
        self._times.append(data.at)
        self._keyed.append(keyed)

    def end_at(self, end: int) -> None:
        """Be compared from now on, with a read model that was made up to `end`."""
        self._end = end
        self._pad(end)

    def run_fault(self, run: Run) -> str | None:
        """Say what is wrong with a row of `results`."""
        end = run.outbox_offset + run.commands
        if end > self._end:
            return f"is answered up to {end - 1}, and {self.outbox} is projected up to {self._end}"
        begin = end if self._begin is None else self._begin
        for offset in range(max(run.outbox_offset, begin), end):
            command = run.command_offset + offset - run.outbox_offset
            if self._commands[offset - begin] != command:
                return f"has {command} answered at {offset}, and the outbox does not say so"
            self._commands[offset - begin] = _FOUND
        return self._time_fault(end - 1, run.at)

    def keyed_fault(self, row: Keyed) -> str | None:
        """Say what is wrong with a row of `keyed_results`."""
        if row.outbox_offset >= self._end:
            return f"is answered at {row.outbox_offset}, where nothing is projected yet"
        place = self._place(row.outbox_offset)
        if place is not None:
            if self._keyed[place] != _digest(row.workspace, row.command_id, row.fingerprint):
                first = f"is first answered at {row.outbox_offset}, asked was {row.fingerprint}"
                return f"{first}, and the outbox does not say so"
            self._keyed[place] = 0
        return self._time_fault(row.outbox_offset, row.at)

    def missing_results(self) -> Iterator[tuple[int, int]]:
        """Give what no run has told of, when all have been seen: commands and their answers."""
        for offset, place in self._must_be_there():
            if self._commands[place] >= 0:
                yield self._commands[place], offset

    def missing_keyed(self) -> Iterator[int]:
        """Give the first answers that no row has told of, when all have been seen."""
        for offset, place in self._must_be_there():
            if self._keyed[place] and not self._keys.used_again(self._keyed[place]):
                yield offset

    def _pad(self, offset: int) -> None:
        """Note nothing for the records before `offset` that do not count."""
        if self._begin is not None:
            skipped = offset - self._begin - len(self._times)
            self._commands.extend(repeat(_NONE, skipped))
            self._times.extend(repeat(0, skipped))
            self._keyed.extend(repeat(0, skipped))

    def _place(self, offset: int) -> int | None:
        return None if self._begin is None or offset < self._begin else offset - self._begin

    def _must_be_there(self) -> Iterator[tuple[int, int]]:
        """Give the offsets and places of the records since the limit that are projected."""
        begin = self._end if self._begin is None else self._begin
        for offset in range(begin, self._end):
            if self._times[offset - begin] >= self._since:
                yield offset, offset - begin

    def _time_fault(self, offset: int, at: int) -> str | None:
        place = self._place(offset)
        if place is not None and self._times[place] != at:
            return f"is of {at}, and the record at {offset} of {self._times[place]}"
        if place is None and at >= self._since:
            return f"is of {at}, and the record at {offset} is older than {self._since}"
        return None


class KeptAnswers:
    """The answers of all partitions."""

    def __init__(self, since: int) -> None:
        self.by_commands: dict[TopicPartition, Answered] = {}
        self.by_outbox: dict[TopicPartition, Answered] = {}
        self._since = since
        self._keys = _Keys()

    def add(self, commands: TopicPartition, outbox: TopicPartition) -> Answered:
        """Make the place for the answers of a partition."""
        answered = Answered(commands, outbox, self._since, self._keys)
        self.by_commands[commands] = self.by_outbox[outbox] = answered
        return answered


class _Keys:
    """The idempotency keys that were used: one bit of each, which a few share with another."""

    def __init__(self) -> None:
        self._used = bytearray(1 << _KEY_BITS - 3)
        self._again = bytearray(1 << _KEY_BITS - 3)

    def use(self, digest: int) -> None:
        """Note the first answer to a key."""
        byte, bit = _bit(digest)
        self._again[byte] |= self._used[byte] & bit
        self._used[byte] |= bit

    def used_again(self, digest: int) -> bool:
        """Say whether a key has another first answer; of a few, though they have none.

        The owner's memory of it had ended, or its commands went to different owners.
        """
        byte, bit = _bit(digest)
        return bool(self._again[byte] & bit)


def _bit(digest: int) -> tuple[int, int]:
    place = (digest >> _FINGERPRINT_BITS) % (1 << _KEY_BITS)
    return place >> 3, 1 << (place & 7)


def _digest(workspace: str, command_id: str, fingerprint: str) -> int:
    """Digest an idempotency key, in the upper half, and what was asked under it, in the lower."""
    key = msgspec.json.encode((workspace, _stored(command_id)))
    asked = _stored(fingerprint).encode()
    halves = (blake2b(half, digest_size=4).digest() for half in (key, asked))
    return int.from_bytes(b"".join(halves))


def _stored(text: str) -> str:
    return text.replace("\x00", "\ufffd")  # Postgres cannot store it


def _is_first(answer: Answer | None) -> bool:
    """Say whether an answer is given again if its key is."""
    if answer is None or answer.repeat:
        return False
    return not isinstance(answer, Rejected) or answer.code not in NOT_KEPT
