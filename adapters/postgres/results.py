"""Where the answers to commands stand, as runs: command n of one is answered at its n-th place.

Rules of this file:

1. A run grows as long as commands are answered in their order, one record after the other: a
   batch under load is one row, where single rows cost a fifth of the read model's work.
2. No two runs share a command: it has one answer.
"""

from itertools import pairwise
from operator import attrgetter

import msgspec

from schemas.commands import CommandPosition

results_kept_ms = 24 * 60 * 60 * 1000


class ResultRun(msgspec.Struct):
    """Commands that were answered in a row."""

    topic: str
    partition: int
    command_offset: int
    """Of the first."""
    count: int
    outbox_offset: int
    """Of the first one's answer."""
    at: int
    """The partition's time at the last answer."""


class ResultRuns:
    """The runs of a batch."""

    def __init__(self) -> None:
        self._runs: list[ResultRun] = []
        self._last: dict[tuple[str, int], ResultRun] = {}

    def add(self, topic: str, command: CommandPosition, outbox_offset: int, at: int) -> None:
        """Note an answer."""
        last = self._last.get((topic, command.partition))
        if (
            last is not None
            and command.offset == last.command_offset + last.count
            and outbox_offset == last.outbox_offset + last.count
        ):
            last.count += 1
            last.at = at
            return
        run = ResultRun(topic, command.partition, command.offset, 1, outbox_offset, at)
        self._last[topic, command.partition] = run
        self._runs.append(run)

    def in_order(self) -> list[ResultRun]:
        """Give the runs by their commands; AnsweredTwiceError if two share one."""
        runs = sorted(self._runs, key=attrgetter("topic", "partition", "command_offset"))
        for one, after in pairwise(runs):
            is_same_topic = (one.topic, one.partition) == (after.topic, after.partition)
            if is_same_topic and after.command_offset < one.command_offset + one.count:
                raise AnsweredTwiceError
        return runs


class AnsweredTwiceError(Exception):
    """A command has two answers: the log does not add up."""

    def __init__(self) -> None:
        super().__init__("a command has a second answer")
