"""The ownership explorer: it walks every state of the ownership model, breadth first.

Rules of this file:

1. Every state is judged, not only the last ones; a reply is judged when it is given. That is
   enough: the log only grows, and whether a record is void depends on earlier records only.
2. A scenario that is safe must have been walked to the end, over a floor of states, and must have
   ended with all work done; one with a seeded mistake must be found out, by the shortest trace.

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


@dataclass(frozen=True, slots=True)
class Scenario:
    """A broker, a protocol, and what the explorer must say about them."""

    name: str
    broker: Broker
    protocol: Protocol
    expected: Finding | None = None
    states_min: int = 0


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


TERMS_AND_ACKS: Final = Protocol()
FENCE_ALONE: Final = Protocol(skip_void=False, contiguous_acks=False)
NO_CONTIGUITY: Final = Protocol(contiguous_acks=False)
FORGETS: Final = replace(FENCED, forgets=1)

SAFE: Final = (
    Scenario("the fence alone", FENCED, FENCE_ALONE, states_min=10_000),
    Scenario("fence, terms, contiguous acks", FENCED, TERMS_AND_ACKS, states_min=10_000),
    Scenario("a broker that forgets once", FORGETS, TERMS_AND_ACKS, states_min=40_000),
    Scenario(
        "a broker that forgets twice",
        replace(FENCED, forgets=2),
        TERMS_AND_ACKS,
        states_min=70_000,
    ),
    Scenario("no fence at all", UNFENCED, TERMS_AND_ACKS, states_min=65_000),
    Scenario("one pair handed out twice", SAME_PAIR, TERMS_AND_ACKS, states_min=4_000),
    Scenario(
        "one pair handed out twice by a broker that forgets, and owners who look for their pair",
        replace(SAME_PAIR, forgets=1),
        Protocol(refuse_known_pair=True),
        states_min=12_000,
    ),
    Scenario("a request sent twice", replace(FENCED, doubles=1), TERMS_AND_ACKS, states_min=75_000),
)
"""Each must be walked to the end without a finding."""

MISTAKES: Final = (
    Scenario("the fence alone, a broker that forgets", FORGETS, FENCE_ALONE, Finding.DECIDED_TWICE),
    Scenario(
        "fence and terms, a broker that forgets", FORGETS, NO_CONTIGUITY, Finding.REPLY_NOT_HELD
    ),
    Scenario("neither fence nor contiguous acks", UNFENCED, NO_CONTIGUITY, Finding.REPLY_NOT_HELD),
    Scenario(
        "void records are not skipped",
        UNFENCED,
        Protocol(skip_void=False),
        Finding.DECIDED_TWICE,
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
        "going on after a lost ack as if nothing was written",
        FENCED,
        Protocol(after_lost_ack=AfterLostAck.DECIDE_AGAIN),
        Finding.DECIDED_TWICE,
    ),
    Scenario(
        "going on after a lost ack as if all was written",
        FENCED,
        Protocol(after_lost_ack=AfterLostAck.ASSUME_WRITTEN),
        Finding.UNANSWERED,
    ),
    Scenario(
        "going on after a lost ack as if all was written, a broker that forgets",
        FORGETS,
        Protocol(after_lost_ack=AfterLostAck.ASSUME_WRITTEN),
        Finding.COMMAND_LOST,
    ),
    Scenario(
        "a term taken on trust, one pair handed out twice",
        SAME_PAIR,
        Protocol(look_for_own_id=False),
        Finding.REPLY_NOT_HELD,
    ),
)
"""Each breaks one rule of the protocol and must be found out."""

LIMITS: Final = (
    Scenario(
        "a request sent twice to a broker that forgets in between",
        replace(FORGETS, doubles=1),
        TERMS_AND_ACKS,
        Finding.DECIDED_TWICE,
    ),
    Scenario(
        "one pair handed out twice by a broker that forgets in between",
        replace(SAME_PAIR, forgets=1),
        TERMS_AND_ACKS,
        Finding.REPLY_NOT_HELD,
    ),
)
"""Two rare faults at once, which the protocol alone does not survive: docs/guarantees.md."""

CameFrom: TypeAlias = dict[State, tuple[State, str] | None]
"""How each state was first reached: from which one, and by what."""


def explore(scenario: Scenario, bounds: Bounds = SMALL) -> Report:
    """Walk all states of a scenario, or as far as the first thing that is wrong."""
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
    for scenario in SAFE + MISTAKES + LIMITS:
        # A mistake is found in the small instance already, and its trace is shortest there.
        large = options.full and scenario.expected is None
        began = time.process_time()
        report = explore(scenario, FULL if large else SMALL)
        took = time.process_time() - began
        as_expected = report.finding is scenario.expected
        wrong += not as_expected
        say(f"{report.states:>9,} states {took:7.2f} s  {scenario.name}: {report.verdict()}")
        if not as_expected or (report.finding and options.traces):
            say(report.story())
    return 1 if wrong else 0


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
