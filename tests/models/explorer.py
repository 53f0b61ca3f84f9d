"""The explorer: it walks every state of a model, breadth first.

Rules of this file:

1. Every state is judged, not only the last ones, and a step that is wrong in itself says so.
2. A scenario that is safe must have been walked to the end, over a floor of states, and must often
   have ended with all work done; one with a seeded mistake must be found out, by the shortest
   trace.
"""

import argparse
import gc
import sys
import time
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

StateT = TypeVar("StateT", bound=Hashable)
EvidenceT = TypeVar("EvidenceT", bound=Hashable)


class Move(NamedTuple, Generic[StateT]):
    """One step: what happened, what the world is then, and what was wrong about the step itself."""

    what: str
    state: StateT
    finding: StrEnum | None = None


class Model(Protocol[StateT, EvidenceT]):
    """A protocol as the explorer walks it."""

    def start(self) -> StateT: ...

    def moves(self, state: StateT) -> Iterator[Move[StateT]]:
        """Yield every step that can come next."""

    def evidence(self, state: StateT) -> EvidenceT:
        """Return the part of a state that is judged; states that share it are judged once."""

    def judge(self, evidence: EvidenceT) -> StrEnum | None:
        """Judge what must hold in every state."""

    def rests(self, state: StateT) -> bool:
        """Say whether nothing is left to do."""

    def judge_rest(self, state: StateT) -> StrEnum | None:
        """Judge what must hold once nothing is left to do."""


class Scenario(Protocol):
    """A model, and what the explorer must say about it."""

    @property
    def name(self) -> str: ...
    @property
    def expected(self) -> StrEnum | None: ...
    @property
    def states_min(self) -> int: ...
    @property
    def at_rest_min(self) -> int: ...

    def model(self, *, full: bool) -> Model[Any, Any]:
        """Return the model, in its full size or as small as the tests walk it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one exploration has seen."""

    states: int
    at_rest: int
    """States in which nothing is left to do."""
    finding: StrEnum | None
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


def explore(scenario: Scenario, *, full: bool = False) -> Report:
    """Walk all states of a scenario, or as far as the first thing that is wrong."""
    with _no_garbage_collection():
        return _walk(scenario.model(full=full))


def passes(scenario: Scenario, report: Report) -> bool:
    """Say whether the explorer found what it must, and walked enough if that is nothing."""
    enough = report.states >= scenario.states_min and report.at_rest >= scenario.at_rest_min
    return report.finding is scenario.expected and (enough or scenario.expected is not None)


def _walk(model: Model[StateT, EvidenceT]) -> Report:
    start = model.start()
    came_from: dict[StateT, tuple[StateT, str] | None] = {start: None}
    verdicts: dict[EvidenceT, StrEnum | None] = {}
    waiting, at_rest = deque([start]), 0
    while waiting:
        state = waiting.popleft()
        for what, then, wrong_step in model.moves(state):
            if wrong_step is None and then in came_from:
                continue
            evidence = model.evidence(then)
            if evidence not in verdicts:
                verdicts[evidence] = model.judge(evidence)
            finding = wrong_step or verdicts[evidence]
            if model.rests(then):
                at_rest += 1
                finding = finding or model.judge_rest(then)
            if finding is not None:
                trace = (*_steps_to(state, came_from), what)
                return Report(len(came_from), at_rest, finding, trace)
            came_from[then] = (state, what)
            waiting.append(then)
    return Report(len(came_from), at_rest, None, ())


def _steps_to(state: StateT, came_from: dict[StateT, tuple[StateT, str] | None]) -> list[str]:
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


def main(module: str, description: str | None, scenarios: Iterable[Scenario]) -> int:
    """Run every scenario, print a line for each and the trace of what should not be."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--full", action="store_true", help="larger bounds; takes minutes")
    parser.add_argument("--traces", action="store_true", help="print the trace of each mistake")
    options = parser.parse_args()
    wrong = 0
    for scenario in scenarios:
        # A mistake is found in the small instance already, and its trace is shortest there.
        began = time.process_time()
        report = explore(scenario, full=options.full and scenario.expected is None)
        took = time.process_time() - began
        passed = passes(scenario, report)
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
