"""Seasons against brute force: every outcome of every group in doubt is looked at, one by one.

The oracle knows three sentences. An event and its seasons have no more of an object together than
there is, what the event overrides left out. A command may be done only if it fits whatever becomes
of the groups in doubt. It may be refused only if it fits in no case.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from random import Random

import pytest

from schemas.commands import Change
from schemas.facts import (
    BOOKED,
    FREE,
    EventUpdated,
    GroupReserved,
    PlannedChange,
    StatusChanged,
)
from schemas.outbox import Accepted
from schemas.rejections import Rejected
from tests.engine.factories import CAPACITY, change, command, places
from tests.engine.scenario import SeatsScenario
from tests.engine.season_year import (
    AUTUMN,
    KEYS,
    MARCH,
    MAY,
    OCTOBER,
    SEASONS_OF,
    SPRING,
    YEAR,
    in_year,
    told,
    uses,
    year,
)
from tests.engine.test_reservations import begun, cancelled, confirmed

LABELS = {"A-1": 1, "A-2": 1, "GA": CAPACITY}
Taken = Counter[tuple[int, str]]
Steps = list[tuple[int, str, int]]
"""Places taken (or given back, below 0) of an object of an event."""


class Oracle:
    """What is taken by whom, and what may become of it."""

    def __init__(self) -> None:
        self.seasons = {event: [YEAR, *partials] for event, partials in SEASONS_OF.items()}
        self.past: set[int] = set()
        self.taken: Taken = Counter()
        self.overridden: Counter[tuple[int, str, int]] = Counter()
        self.in_doubt: dict[int, Steps] = {}

    def outcomes(self) -> Iterator[Taken]:
        """Give what is taken after every outcome of the groups in doubt."""
        for chosen in product((False, True), repeat=len(self.in_doubt)):
            taken = Counter(self.taken)
            for steps, is_confirmed in zip(self.in_doubt.values(), chosen, strict=True):
                if is_confirmed:
                    _take(taken, steps)
            yield taken

    def is_sound(self, taken: Taken) -> bool:
        """Say whether nothing is sold twice."""
        return all(
            0 <= taken[event, label] <= LABELS[label] for event, label in product(KEYS, LABELS)
        ) and all(
            self._used_on(taken, event, label) <= LABELS[label]
            for event, label in product(self.seasons, LABELS)
            if event not in self.past
        )

    def fits(self, taken: Taken, steps: Steps) -> bool:
        """Say whether all of a request can be done, one change after the other."""
        taken = Counter(taken)
        return all(self._step(taken, step) for step in steps)

    def _step(self, taken: Taken, step: tuple[int, str, int]) -> bool:
        event, label, quantity = step
        own = taken[event, label]
        if quantity < 0 and own < -quantity:
            # A free seat may be released again, but not for another who has it.
            return LABELS[label] == 1 and self._elsewhere(taken, event, label) == 0
        if quantity > 0 and own + quantity + self._elsewhere(taken, event, label) > LABELS[label]:
            return False
        taken[event, label] = own + quantity
        return True

    def _elsewhere(self, taken: Taken, event: int, label: str) -> int:
        if event in self.seasons:
            return self._used_on(taken, event, label) - taken[event, label]
        uses = [
            self._used_on(taken, one, label, aside=event)
            for one, seasons in self.seasons.items()
            if event in seasons and one not in self.past
        ]
        return max(uses, default=0)

    def _used_on(self, taken: Taken, event: int, label: str, aside: int | None = None) -> int:
        return taken[event, label] + sum(
            max(0, taken[season, label] - self.overridden[event, label, season])
            for season in self.seasons[event]
            if season != aside
        )


def _take(taken: Taken, steps: Steps) -> None:
    for event, label, quantity in steps:
        taken[event, label] = max(0, taken[event, label] + quantity)


def _steps_of(changes: list[StatusChanged]) -> Steps:
    return [
        (one.event, one.label, -one.quantity if one.status == FREE else one.quantity)
        for one in changes
        if (one.status == FREE) != (one.previous_status == FREE)
    ]


class Story:
    """A scenario, and the oracle beside it."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.owner = SeatsScenario(*year())
        self.oracle = Oracle()
        self.groups = 0

    def request(self) -> tuple[list[Change], Steps]:
        """Ask for one or two changes somewhere."""
        changes, steps = [], []
        for _ in range(self.dice.choice((1, 1, 2))):
            event, label = self.dice.choice(list(KEYS)), self.dice.choice(list(LABELS))
            quantity = self.dice.randint(1, 6) if label == "GA" else 1
            status = self.dice.choice((BOOKED, BOOKED, FREE))
            changes.append(change(status, places(label, quantity), event=event))
            steps.append((event, label, -quantity if status == FREE else quantity))
        return changes, steps

    def command(self) -> None:
        changes, steps = self.request()
        is_parked = bool(self.owner.state.parking)
        fits = {self.oracle.fits(taken, steps) for taken in self.oracle.outcomes()}
        self.owner.when(command(*changes))
        answer = self.owner.last.answer
        if isinstance(answer, Accepted):
            assert fits == {True}, f"{steps} was done, and does not always fit"
        elif isinstance(answer, Rejected) and not is_parked:
            assert True not in fits, f"{steps} was refused, and may fit: {answer}"
        self.note()

    def group(self) -> None:
        if len(self.oracle.in_doubt) < 4:
            self.groups += 1
            self.owner.when(begun(*self.request()[0], group=self.groups))
            self.note()

    def decide(self) -> None:
        doubt = self.owner.state.doubt
        known = [(group, part) for group, part in doubt.parts() if part.verdict != "queued"]
        if known:
            group, part = self.dice.choice(known)
            is_confirmed = part.verdict == "reserved" and self.dice.random() < 0.6
            self.oracle.in_doubt.pop(group, None)
            self.owner.when(confirmed(group) if is_confirmed else cancelled(group))
            self.note()

    def move(self) -> None:
        event = self.dice.choice((MARCH, MAY, OCTOBER))
        partials = [one for one in (SPRING, AUTUMN) if self.dice.random() < 0.5]
        is_past = self.dice.random() < 0.3
        fact: EventUpdated = told(event, season=in_year(*partials), is_in_the_past=is_past)
        self.oracle.seasons[event] = [YEAR, *partials]
        (self.oracle.past.add if is_past else self.oracle.past.discard)(event)
        self.owner.when([fact])
        self.note()

    def override(self) -> None:
        """Override a season, or go by it again; refused only where that would sell twice."""
        event, label = self.dice.choice((MARCH, MAY, OCTOBER)), self.dice.choice(list(LABELS))
        season = self.dice.choice(self.oracle.seasons[event])
        wanted = 1 if label != "GA" else self.dice.randint(1, 4)
        is_overridden = self.dice.random() < 0.5
        before = self.oracle.overridden[event, label, season]
        after = before + wanted if is_overridden else before - wanted
        self.oracle.overridden[event, label, season] = max(0, min(LABELS[label], after))
        is_sound = {self.oracle.is_sound(taken) for taken in self.oracle.outcomes()}
        self.oracle.overridden[event, label, season] = before
        is_parked = bool(self.owner.state.parking)
        asked = uses(event, places(label, wanted), season=season, is_overridden=is_overridden)
        self.owner.when(command(asked))
        answer = self.owner.last.answer
        if isinstance(answer, Accepted):
            assert is_sound == {True}, f"{asked} was done, and sells twice"
        elif isinstance(answer, Rejected) and not is_parked:
            assert True not in is_sound, f"{asked} was refused, and sells nothing twice: {answer}"
        self.note()

    def note(self) -> None:
        """Take in the records since the last step, and look whether all is sound."""
        self.owner.after(0)
        for facts in (self.owner.last.facts, *self.owner.expired):
            _take(self.oracle.taken, _steps_of([f for f in facts if isinstance(f, StatusChanged)]))
            for fact in facts:
                if isinstance(fact, GroupReserved):
                    self.oracle.in_doubt[fact.group] = _steps_of(_planned(fact.changes))
        self.oracle.overridden.clear()
        for event in self.owner.state.events.values():
            for (label, season), override in event.overridden.items():
                self.oracle.overridden[event.id, label, season] = override
        for taken in self.oracle.outcomes():
            assert self.oracle.is_sound(taken), f"sold twice after {self.owner.last}"


def _planned(planned: list[PlannedChange]) -> list[StatusChanged]:
    return [one.change for one in planned]


@pytest.mark.parametrize("seed", range(25))
def test_no_outcome_sells_twice_and_nothing_is_refused_in_vain(seed: int) -> None:
    story = Story(seed)
    steps = (story.command, story.group, story.decide, story.move, story.override)
    weights = (18, 5, 4, 1, 5)
    for _ in range(60):
        [step] = story.dice.choices(steps, weights)
        step()
