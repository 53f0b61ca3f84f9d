"""All chance of a simulation: one seeded generator, and the faults that it lets happen.

Rules of this file:

1. Nothing in a simulation draws a random number anywhere else.
2. Each seed has its own mixture: a fault may be left out, or come more often. Faults that hide one
   another meet in some seeds and not in others.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Final


class Fault(StrEnum):
    """What can go wrong; the value completes the sentence "then ..."."""

    APPEND_LOST = "an append is lost"
    ACK_LOST = "an append's ack is lost"
    APPEND_LATE = "an append comes late"
    APPEND_DOUBLED = "an append comes twice"
    APPEND_TORN = "only the first records of an append are stored"
    PRODUCER_FORGOTTEN = "the broker forgets a producer"
    PAIR_AGAIN = "a producer id and epoch are given out again"
    REPLICATION_LATE = "an append is replicated late"
    COMMAND_LOST = "a command is lost"
    COMMAND_LATE = "a command comes late"
    COMMAND_REPEATED = "a command is sent again under its key"
    VOTE_LOST = "a vote is lost"
    VOTE_LATE = "a vote comes late"
    VOTE_DOUBLED = "a vote comes twice"
    VOTE_OVERTAKEN = "a vote is overtaken by the next one"
    SNAPSHOT_LOST = "a snapshot is lost"
    SNAPSHOT_LATE = "a snapshot comes after newer ones"
    PARTITION_SLOW = "a partition is slow to be read"
    FETCH_SHORT = "a fetch brings little"
    LOG_AWAY = "the log is away"
    KILL = "a process is killed"
    ZOMBIE = "a process is stopped and goes on later"
    SUSPENDED = "a process is stopped with its clock"
    REBALANCE = "partitions change hands"
    COORDINATORS_DOWN = "the coordinators are down"
    BROKER_CLOCK_JUMP = "the broker's clock jumps"
    ALL_ASLEEP = "everything is asleep for a while"
    CRASH_LOOKED = "crash at 0 looked for a snapshot"
    CRASH_TAKEN = "crash at 1 taken"
    CRASH_OWNERSHIP = "crash at 2 ownership appended"
    CRASH_REPLAYED = "crash at 3 replayed"
    CRASH_SETTLED = "crash at 4 settled"
    CRASH_DECIDED = "crash at 5 decided"
    CRASH_APPENDED = "crash at 5 appended"
    CRASH_ACKNOWLEDGED = "crash at 5 acknowledged"


CHANCES: Final = {
    Fault.APPEND_LOST: 0.01,
    Fault.ACK_LOST: 0.012,
    Fault.APPEND_LATE: 0.025,
    Fault.APPEND_DOUBLED: 0.05,
    Fault.APPEND_TORN: 0.1,
    Fault.PRODUCER_FORGOTTEN: 0.5,
    Fault.PAIR_AGAIN: 0.12,
    Fault.REPLICATION_LATE: 0.03,
    Fault.COMMAND_LOST: 0.03,
    Fault.COMMAND_LATE: 0.03,
    Fault.COMMAND_REPEATED: 0.15,
    Fault.VOTE_LOST: 0.06,
    Fault.VOTE_LATE: 0.06,
    Fault.VOTE_DOUBLED: 0.06,
    Fault.VOTE_OVERTAKEN: 0.06,
    Fault.SNAPSHOT_LOST: 0.1,
    Fault.SNAPSHOT_LATE: 0.2,
    Fault.PARTITION_SLOW: 0.01,
    Fault.FETCH_SHORT: 0.05,
    Fault.LOG_AWAY: 0.02,
    Fault.KILL: 0.02,
    Fault.ZOMBIE: 0.025,
    Fault.SUSPENDED: 0.02,
    Fault.REBALANCE: 0.025,
    Fault.COORDINATORS_DOWN: 0.03,
    Fault.BROKER_CLOCK_JUMP: 0.02,
    Fault.ALL_ASLEEP: 0.02,
    Fault.CRASH_LOOKED: 0.03,
    Fault.CRASH_TAKEN: 0.03,
    Fault.CRASH_OWNERSHIP: 0.03,
    Fault.CRASH_REPLAYED: 0.04,
    Fault.CRASH_SETTLED: 0.04,
    Fault.CRASH_DECIDED: 0.013,
    Fault.CRASH_APPENDED: 0.013,
    Fault.CRASH_ACKNOWLEDGED: 0.013,
}
"""Each time that it could happen; of the nemesis' faults, at each of its turns."""
left_out: Final = 0.25
"""The part of the seeds in which a fault does not occur."""
factors: Final = (0.5, 1.0, 2.5)


class Dice:
    """The generator of one seed."""

    def __init__(self, seed: int, tell: Callable[[str], None]) -> None:
        self.random = Random(seed)
        self.fired: Counter[Fault] = Counter()
        self._tell = tell
        self._armed = True
        self._chances = {
            fault: 0.0 if self.random.random() < left_out else chance * self.random.choice(factors)
            for fault, chance in CHANCES.items()
        }

    def fires(self, fault: Fault) -> bool:
        """Say whether a fault happens now."""
        if not self._armed or self.random.random() >= self._chances[fault]:
            return False
        self.fired[fault] += 1
        self._tell(f"then {fault}")
        return True

    def disarm(self) -> None:
        """Let no fault happen any more."""
        self._armed = False

    def between(self, least: int, most: int) -> int:
        """Draw a whole number, both ends included."""
        return least + int(self.random.random() * (most - least + 1))

    def chance(self, part: float) -> bool:
        """Say yes in this part of all cases."""
        return self.random.random() < part
