"""The ownership explorer: it walks every state of the ownership model, breadth first.

Rules of this file:

1. Every state is judged, not only the last ones; a reply is judged when it is given. That is
   enough: the log only grows, and whether a record is void depends on earlier records only.
2. A scenario that is safe must have been walked to the end, over a floor of states, and must often
   have ended with all work done; one with a seeded mistake must be found out, by the shortest
   trace.
3. What needs several faults at once is walked in an instance small enough to take seconds.

`python -m tests.models.ownership` runs all scenarios, with `--full` at larger bounds.
"""

import argparse
import gc
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

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
    Log,
    Protocol,
    State,
)

SMALL: Final = Bounds()
FULL: Final = Bounds(batch=2)
TWO_OWNERSHIPS: Final = Bounds(ownerships=2)
TWO_BY_TWO: Final = Bounds(ownerships=2, batch=2)
at_rest_min: Final = 100


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
class Report:
    """What one exploration has seen."""

    states: int
    at_rest: int
    """States in which the owner has nothing left to do."""
    finding: Finding | None
    trace: tuple[str, ...]

    def verdict(self) -> str:
        """Say in a few words what the exploration came to."""
        if self.finding is None:
            return f"nothing wrong, {self.at_rest:,} at rest"
        return f"found {self.finding} in {len(self.trace)} steps"

    def story(self) -> str:
        """Write the trace, one numbered step a line."""
        steps = [f"{number:>4}. {what}" for number, what in enumerate(self.trace, 1)]
        return "\n".join([*steps, f"found: {self.finding}"])


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

    def passes(self, report: Report) -> bool:
        """Say whether the explorer found what it must, and walked enough if that is nothing."""
        enough = report.states >= self.states_min and report.at_rest >= at_rest_min
        return report.finding is self.expected and (enough or self.expected is not None)


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

CameFrom: TypeAlias = dict[State, tuple[State, str] | None]
"""How each state was first reached: from which one, and by what."""


def explore(scenario: Scenario, *, full: bool = False) -> Report:
    """Walk all states of a scenario, or as far as the first thing that is wrong."""
    bounds = scenario.full if full else scenario.small
    model = Model(scenario.broker, scenario.protocol, bounds)
    with _no_garbage_collection():
        return _walk(model)


def _walk(model: Model) -> Report:
    start = model.start()
    came_from: CameFrom = {start: None}
    verdicts: dict[Log, Finding | None] = {}
    waiting, at_rest = deque([start]), 0
    while waiting:
        state = waiting.popleft()
        for what, then, wrong_step in model.moves(state):
            if wrong_step is None and then in came_from:
                continue
            if then.log not in verdicts:
                verdicts[then.log] = model.judge(then.log)
            finding = wrong_step or verdicts[then.log]
            if model.rests(then):
                at_rest += 1
                finding = finding or model.judge_rest(then)
            if finding is not None:
                trace = (*_steps_to(state, came_from), what)
                return Report(len(came_from), at_rest, finding, trace)
            came_from[then] = (state, what)
            waiting.append(then)
    return Report(len(came_from), at_rest, None, ())


def _steps_to(state: State, came_from: CameFrom) -> list[str]:
    """Return what happened from the start to a state, as short as it can be."""
    steps = []
    while (step := came_from[state]) is not None:
        state, what = step
        steps.append(what)
    return steps[::-1]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Hold the cycle collector off: a walk makes no cycles, looking for them doubles its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def main() -> int:
    """Run every scenario, print a line for each and the trace of what should not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.models.ownership", description=__doc__)
    parser.add_argument("--full", action="store_true", help="larger bounds; takes minutes")
    parser.add_argument("--traces", action="store_true", help="print the trace of each mistake")
    options = parser.parse_args()
    wrong = 0
    for scenario in SAFE + COVERED + MISTAKES:
        # A mistake is found in the small instance already, and its trace is shortest there.
        began = time.process_time()
        report = explore(scenario, full=options.full and scenario.expected is None)
        took = time.process_time() - began
        passed = scenario.passes(report)
        wrong += not passed
        mark = "" if passed else "NOT AS IT MUST BE: "
        say(f"{report.states:>9,} states {took:7.2f} s  {mark}{scenario.name}: {report.verdict()}")
        if report.finding and (options.traces or not passed):
            say(report.story())
    return 1 if wrong else 0


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
