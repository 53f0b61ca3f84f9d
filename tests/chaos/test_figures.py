"""What a run has shown is judged by numbers, so the numbers have to be right."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pytest

from schemas.commands import CommandPosition, Origin
from schemas.facts import GroupEnded, GroupQueued, GroupReserved, SeatsFact
from schemas.outbox import (
    Accepted,
    CommandAnswered,
    CommandDeferred,
    Data,
    DecisionApplied,
    OwnershipData,
    OwnershipTaken,
)
from seatlog.demo.answers import Meaning
from seatlog.verify.report import Check, Report
from tests.chaos.clients import Exchange
from tests.chaos.faults import Fired
from tests.chaos.figures import (
    Figures,
    Waits,
    broker_waits,
    late,
    shortfalls,
    table,
    times_missed,
    waits_after_kills,
)
from tests.chaos.kafka import Held
from tests.chaos.plan import Kind
from tests.chaos.watch import Doubt, Ownership, Partition, Span, Wait, counted_ms

ENVELOPE = {"specversion": "1.0", "id": "x", "source": "/x", "datacontenttype": "application/json"}
FIRST_OWNER, SECOND_OWNER = "worker-1", "worker-2"
NO_ORIGIN = Origin()


class Record(NamedTuple):
    offset: int
    timestamp: int
    topic: str = "events.outbox"
    partition: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Story:
    """An outbox partition, told record by record."""

    def __init__(self) -> None:
        self.partition = Partition("events.outbox/0")
        self._next = 0
        self._term = 0

    def take(self, at: int, member: str) -> None:
        self._term = self._next
        data = OwnershipData(claim="c", producer_id=1, producer_epoch=0, member=member)
        self._append(at, OwnershipTaken(**ENVELOPE, data=data))

    def answer(
        self, at: int, *, term: int | None = None, came_at: int = 0, command: int | None = None
    ) -> None:
        position = CommandPosition(0, self._next if command is None else command)
        data = self._data(term, at=came_at, command=position)
        self._append(at, CommandAnswered(**ENVELOPE, data=data))

    def park(self, at: int, command: int) -> None:
        data = self._data(None, command=CommandPosition(0, command))
        self._append(at, CommandDeferred(**ENVELOPE, data=data))

    def apply(self, at: int, *facts: SeatsFact) -> None:
        self._append(at, DecisionApplied(**ENVELOPE, data=self._data(None, facts=list(facts))))

    def _data(self, term: int | None, **more: Any) -> Data[Any]:  # noqa: ANN401 - fields
        return Data(
            term=self._term if term is None else term,
            offset=self._next,
            positions={},
            digest="0" * 16,
            answer=Accepted(),
            **{"at": 0, **more},
        )

    def _append(self, at: int, told: object) -> None:
        self.partition.take_in(Record(self._next, at), told)
        self._next += 1


@pytest.fixture
def story() -> Story:
    """Give a partition that its first owner serves until it is killed at 1,000."""
    told = Story()
    told.take(0, FIRST_OWNER)
    told.answer(900)
    return told


def kill(at: int = 1_000, whom: str = FIRST_OWNER) -> Fired:
    return Fired(Kind.KILL, at, at, whom)


def waits(story: Story, *fired: Fired) -> tuple[list[int | None], list[int | None]]:
    found = waits_after_kills(fired, [story.partition], times_missed(fired, brokers=1))
    return took(found.alone), took(found.amid)


def took(waits: Iterable[Wait]) -> list[int | None]:
    return [wait.took_ms if wait.until else None for wait in waits]


def test_a_wait_ends_with_the_first_answer_of_a_newer_owner(story: Story) -> None:
    story.answer(1_005)  # was on its way when its owner was killed
    story.take(1_800, FIRST_OWNER)
    story.answer(2_300)
    story.answer(2_400)
    assert waits(story, kill()) == ([1_300], [])


def test_a_wait_for_a_group_elsewhere_is_none_for_the_owner(story: Story) -> None:
    story.park(950, command=77)
    story.take(1_800, FIRST_OWNER)
    story.answer(5_000, command=77)
    assert waits(story, kill()) == ([4_000], [])
    # Nothing else had come until then; what came was answered at once.
    story.answer(5_120, came_at=5_100, command=78)
    story.answer(5_210, came_at=5_200, command=79)
    assert waits(story, kill()) == ([820], [])


def test_no_time_is_left_out_twice(story: Story) -> None:
    story.take(1_400, FIRST_OWNER)
    story.answer(11_000, came_at=5_200)
    broker = Fired(Kind.BROKER, 1_500, 6_000, "node 1", back_at=5_000)
    assert waits(story, kill(), broker) == ([], [6_200])


def test_a_command_that_came_before_the_new_owner_waits_from_the_kill_on(story: Story) -> None:
    story.take(1_800, FIRST_OWNER)
    story.answer(5_000, came_at=1_700)
    story.answer(5_120, came_at=5_100)
    assert waits(story, kill()) == ([4_000], [])


def test_a_void_answer_ends_no_wait(story: Story) -> None:
    story.take(1_800, SECOND_OWNER)
    story.take(1_850, FIRST_OWNER)
    story.answer(1_900, term=2)
    assert waits(story, kill()) == ([None], [])


def test_a_partition_of_another_owner_or_without_traffic_is_not_measured(story: Story) -> None:
    assert waits(story, kill(whom=SECOND_OWNER)) == ([], [])
    assert waits(story, kill(at=7_000)) == ([], [])


def test_kills_while_another_fault_lasts_are_told_apart(story: Story) -> None:
    story.take(1_800, FIRST_OWNER)
    story.answer(2_300)
    storm = Fired(Kind.STORM, 3_500, 9_000, "")
    postgres = Fired(Kind.POSTGRES, 500, 9_000, "")
    assert waits(story, kill(), storm) == ([], [1_300])
    assert waits(story, kill(), postgres) == ([1_300], [])


def test_the_time_in_which_a_storm_has_the_partition_is_not_the_owners(story: Story) -> None:
    story.take(5_800, FIRST_OWNER)
    story.answer(6_000)
    name = story.partition.name
    held = [Held(name, Span(1_500, 3_000)), Held(name, Span(3_500, 4_500)), Held("", Span(0, 9))]
    storm = Fired(Kind.STORM, 500, 9_000, "", held=held)
    elsewhere = Fired(Kind.STORM, 500, 9_000, "", held=[Held("elsewhere/0", Span(1_000, 6_000))])
    assert waits(story, kill(), storm) == ([], [2_500])
    assert waits(story, kill(), elsewhere) == ([], [5_000])
    assert took(waits_after_kills([kill(), storm], [story.partition]).stormed) == [5_000]
    assert not waits_after_kills([kill(), elsewhere], [story.partition]).stormed


def test_a_group_is_in_doubt_from_its_first_word_to_its_end(story: Story) -> None:
    story.apply(1_000, GroupQueued(group=5, workspace="w", changes=[], origin=NO_ORIGIN))
    story.apply(2_000, GroupReserved(group=5, changes=[]))
    story.apply(2_000, GroupReserved(group=6, changes=[]))
    story.apply(4_500, GroupEnded(group=5, is_confirmed=True))
    took = [doubt.took_ms for doubt in story.partition.doubts(now=9_000)]
    assert took == [3_500, 7_000]
    assert not story.partition.is_quiet


def test_the_wait_at_a_brokers_end_is_the_longest_for_a_decision() -> None:
    broker = Fired(Kind.BROKER, 1_000, 6_000, "node 2")
    exchanges = [
        Exchange(900, 4_300, Meaning.DONE),
        Exchange(1_100, 9_000, Meaning.UNKNOWN),
        Exchange(10, 990, Meaning.DONE),
        Exchange(7_000, 16_000, Meaning.DONE),
    ]
    assert broker_waits([broker], exchanges) == [("node 2", 3_400)]


def wait(took_ms: int, *, until: int = 9_340) -> Wait:
    return Wait("events.outbox/0", 4_200, until, took_ms)


def waited(
    alone: Sequence[Wait] = (wait(900),), amid: Sequence[Wait] = (), stormed: Sequence[Wait] = ()
) -> Waits:
    return Waits(list(alone), list(amid), list(stormed))


GOOD = Figures(
    begun_at=1_000,
    fired=[kill(4_200)],
    waits=waited(),
    doubts=[Doubt(4_000, 6_000, "events.outbox/0", "group 1")],
    owners={"events.outbox/0": [Ownership(8_500, 7, "worker-2")]},
    broker_waits=[],
    requests=100,
    groups=30,
    groups_confirmed=20,
    groups_cancelled=10,
    meanings=Counter(),
    longest_wait_ms=100,
    odd=Counter(),
)


def clean() -> Report:
    report = Report()
    report.skipped.clear()
    return report


def test_a_run_that_shows_everything_has_no_shortfall() -> None:
    assert shortfalls(GOOD, clean(), came_to_rest=True) == []


@pytest.mark.parametrize(
    "bad",
    [
        GOOD._replace(waits=waited(alone=())),
        GOOD._replace(waits=waited(amid=[Wait("events.outbox/0", 4_200, None)])),
        GOOD._replace(groups=19),
        GOOD._replace(groups_confirmed=0),
        GOOD._replace(odd=Counter({"400 GENERAL_ERROR": 1})),
    ],
)
def test_whatever_is_not_as_promised_is_a_shortfall(bad: Figures) -> None:
    assert len(shortfalls(bad, clean(), came_to_rest=True)) == 1


def test_what_takes_too_long_is_late() -> None:
    assert late(GOOD) == []
    slow, quick = wait(3_001), wait(200)
    assert late(GOOD._replace(waits=waited(alone=[quick, quick, slow])))
    assert late(GOOD._replace(waits=waited(amid=[quick, quick, slow])))
    assert late(GOOD._replace(doubts=[Doubt(15_001, 0, "events.outbox/0", "group 1")]))


def test_a_wait_that_is_too_long_is_named_with_the_time_of_its_kill() -> None:
    slow = GOOD._replace(waits=waited(alone=[wait(900), wait(5_140)]))
    told = "5.1 s of events.outbox/0 at 3.2 s (owners worker-2 at 7.5 s)"
    assert told in "\n".join(table(slow))
    assert "at 3.2 s" not in "\n".join(table(GOOD))


def test_a_late_wait_amid_other_faults_is_told_with_those() -> None:
    broker, storm = Fired(Kind.BROKER, 2_000, 5_000, "node 1"), Fired(Kind.STORM, 9_400, 9_900, "")
    slow = GOOD._replace(
        waits=waited(amid=[wait(5_140, until=9_500)]), fired=[*GOOD.fired, storm, broker]
    )
    told = (
        "5.1 s of events.outbox/0 at 3.2 s (broker killed with -9 and restarted 1.0-4.0 s; "
        "rebalance storm 8.4-8.9 s; owners worker-2 at 7.5 s)"
    )
    assert told in "\n".join(table(slow))


def test_what_a_storm_excuses_is_told_with_who_had_the_partition() -> None:
    held = [Held("events.outbox/0", Span(5_000, 8_200)), Held("elsewhere/0", Span(5_000, 8_200))]
    storm = Fired(Kind.STORM, 4_000, 9_900, "", held=held)
    excused = GOOD._replace(
        waits=waited(amid=[wait(1_940)], stormed=[wait(5_140)]), fired=[*GOOD.fired, storm]
    )
    told = (
        "too late but for a storm           5.1 s of events.outbox/0 at 3.2 s (rebalance storm "
        "3.0-8.9 s; a storm's member had it 4.0-7.2 s; owners worker-2 at 7.5 s)"
    )
    assert told in table(excused)
    assert late(excused) == []


def test_what_was_in_doubt_longest_is_told_with_the_owners_of_its_partition() -> None:
    told = "4.0 s, group 1 in events.outbox/0, from 5.0 s; owners worker-2 at 7.5 s"
    assert told in "\n".join(table(GOOD))


def test_the_time_in_which_a_broker_is_missed_does_not_count() -> None:
    fired = [
        Fired(Kind.BROKER, 500, 4_400, "node 1", back_at=4_000),
        Fired(Kind.STORM, 4_000, 9_000, ""),
        Fired(Kind.BROKER, 9_000, 20_400, "node 1", back_at=20_000),
    ]
    assert counted_ms(1_000, 11_000, times_missed(fired, brokers=1)) == 5_000
    # Of three the others go on once they no longer wait for it.
    assert counted_ms(8_000, 18_000, times_missed(fired, brokers=3)) == 5_500


def test_a_violation_a_check_not_made_and_no_rest_are_shortfalls() -> None:
    violated = clean()
    violated.fault(Check.SEATS, "A-1", "was sold twice")
    assert len(shortfalls(GOOD, violated, came_to_rest=True)) == 1
    assert len(shortfalls(GOOD, Report(), came_to_rest=True)) == 2
    assert len(shortfalls(GOOD, clean(), came_to_rest=False)) == 1
    unreadable = clean()
    unreadable.skipped[Check.SNAPSHOTS] = "it cannot be read"
    assert len(shortfalls(GOOD, unreadable, came_to_rest=True)) == 1
