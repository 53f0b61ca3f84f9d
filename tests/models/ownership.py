"""The scenarios of the ownership model.

Rules of this file:

1. The log is judged in every state, a reply when it is given. That is enough: the log only grows,
   and whether a record is void depends on earlier records only.
2. What needs several faults at once is walked in an instance small enough to take seconds.

`python -m tests.models.ownership` runs all scenarios, with `--full` at larger bounds.
"""

import sys
from dataclasses import dataclass, replace
from typing import Final

from tests.models.explorer import main
from tests.models.ownership_model import Model
from tests.models.ownership_world import (
    FENCED,
    OLDER_PAIR,
    SAME_PAIR,
    UNFENCED,
    AfterLostAck,
    Bounds,
    Broker,
    Finding,
    Protocol,
)

SMALL: Final = Bounds()
FULL: Final = Bounds(batch=2)
TWO_OWNERSHIPS: Final = Bounds(ownerships=2)
TWO_BY_TWO: Final = Bounds(ownerships=2, batch=2)

PROTOCOL: Final = Protocol()
FENCE_ALONE: Final = Protocol(
    terms=False, offsets=False, contiguous_acks=False, refuse_known_pair=False
)
NO_OFFSETS: Final = Protocol(offsets=False)
NO_CONTIGUITY: Final = Protocol(contiguous_acks=False)
DECIDE_AGAIN: Final = Protocol(after_lost_ack=AfterLostAck.DECIDE_AGAIN)
ASSUME_WRITTEN: Final = Protocol(after_lost_ack=AfterLostAck.ASSUME_WRITTEN)

FORGETS: Final = replace(FENCED, forgets=1)
DOUBLES: Final = replace(FENCED, doubles=1)
FORGETS_BETWEEN: Final = replace(DOUBLES, forgets=1)
"""It may forget a producer between a request and the retry of that request."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A broker, a protocol, and what the explorer must say about them."""

    name: str
    broker: Broker
    protocol: Protocol = PROTOCOL
    expected: Finding | None = None
    states_min: int = 0
    small: Bounds = SMALL
    full: Bounds = FULL
    at_rest_min: int = 100

    def model(self, *, full: bool) -> Model:
        return Model(self.broker, self.protocol, self.full if full else self.small)


SAFE: Final = (
    Scenario("the fence alone", FENCED, FENCE_ALONE, states_min=11_000),
    Scenario("fenced", FENCED, states_min=11_000),
    Scenario("a broker that forgets twice", replace(FENCED, forgets=2), states_min=70_000),
    Scenario("no fence at all", UNFENCED, states_min=70_000),
    Scenario("one pair handed out twice", SAME_PAIR, states_min=4_500),
    Scenario(
        "one pair handed out twice, and forgotten in between",
        replace(SAME_PAIR, forgets=1),
        states_min=13_000,
    ),
    Scenario(
        "a pair from before handed out, and forgotten in between",
        replace(OLDER_PAIR, forgets=1),
        states_min=17_000,
    ),
    Scenario("a request sent twice", DOUBLES, states_min=80_000),
    Scenario(
        "a request sent twice, and its producer forgotten in between",
        FORGETS_BETWEEN,
        states_min=45_000,
        small=TWO_BY_TWO,
        full=SMALL,
    ),
    Scenario(
        "a request sent twice, no fence at all",
        replace(UNFENCED, doubles=1),
        states_min=10_000,
        small=TWO_OWNERSHIPS,
        full=SMALL,
    ),
    Scenario(
        "a request and a pair twice, and forgotten in between",
        replace(SAME_PAIR, forgets=1, doubles=1),
        states_min=8_000,
        small=TWO_BY_TWO,
        full=SMALL,
    ),
)
"""Each must be walked to the end without a finding."""

COVERED: Final = (
    Scenario(
        "terms left out, no fence at all",
        UNFENCED,
        Protocol(terms=False),
        states_min=4_500,
        small=TWO_BY_TWO,
        full=SMALL,
    ),
    Scenario(
        "going on after a lost ack as if nothing was written",
        FORGETS,
        DECIDE_AGAIN,
        states_min=12_000,
        small=replace(TWO_OWNERSHIPS, appends=2),
        full=replace(TWO_OWNERSHIPS, appends=3),
    ),
)
"""Each breaks a rule that the offset rule covers: nothing is found either (docs/guarantees.md)."""

MISTAKES: Final = (
    Scenario("the fence alone, a broker that forgets", FORGETS, FENCE_ALONE, Finding.DECIDED_TWICE),
    Scenario(
        "void records are not skipped",
        UNFENCED,
        Protocol(terms=False, offsets=False),
        Finding.DECIDED_TWICE,
    ),
    Scenario(
        "offsets left out, a request sent twice and its producer forgotten in between",
        FORGETS_BETWEEN,
        NO_OFFSETS,
        Finding.DECIDED_TWICE,
    ),
    Scenario(
        "a known pair not refused, one pair handed out twice and forgotten in between",
        replace(SAME_PAIR, forgets=1),
        Protocol(refuse_known_pair=False),
        Finding.REPLY_NOT_HELD,
    ),
    Scenario(
        "a term taken on trust, one pair handed out twice",
        SAME_PAIR,
        Protocol(look_for_own_id=False),
        Finding.REPLY_NOT_HELD,
    ),
    Scenario(
        "no contiguous acks, a broker that forgets", FORGETS, NO_CONTIGUITY, Finding.REPLY_NOT_HELD
    ),
    Scenario(
        "no contiguous acks, no fence at all", UNFENCED, NO_CONTIGUITY, Finding.REPLY_NOT_HELD
    ),
    Scenario(
        "reading before the ownership record is appended",
        FENCED,
        Protocol(read_after_taking=False),
        Finding.DECIDED_TWICE,
    ),
    Scenario(
        "a reply before the ack", FENCED, Protocol(reply_after_ack=False), Finding.REPLY_NOT_HELD
    ),
    Scenario(
        "offsets left out, going on after a lost ack as if nothing was written",
        FENCED,
        replace(DECIDE_AGAIN, offsets=False),
        Finding.DECIDED_TWICE,
    ),
    Scenario(
        "going on after a lost ack as if all was written",
        FENCED,
        ASSUME_WRITTEN,
        Finding.UNANSWERED,
    ),
    Scenario(
        "offsets left out, going on after a lost ack as if all was written, a broker that forgets",
        FORGETS,
        replace(ASSUME_WRITTEN, offsets=False),
        Finding.COMMAND_LOST,
    ),
)
"""Each breaks one or more rules of the protocol and must be found out."""

if __name__ == "__main__":
    sys.exit(main("tests.models.ownership", __doc__, SAFE + COVERED + MISTAKES))
