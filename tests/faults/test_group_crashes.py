"""Workers that are killed at each step of the group protocol, on a real broker."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from schemas.facts import EventCreated
from seatlog import supervisor
from tests.conftest import new_database, new_topic_names
from tests.eventually import eventually
from tests.faults.festival import ANSWERED_WITHIN_S, REFUSED, Asked, Festival

STEPS = ("decided", "appended", "acknowledged")
LIVES = ("0 looked for a snapshot", "1 taken", "2 ownership appended", "3 replayed", "4 settled")
CONFIRMED, CANCELLED = '"is_confirmed":true', '"is_confirmed":false'


def at_each_step(*records: str) -> list[tuple[str, ...]]:
    """Name the points around the append of records, such as `seats:GroupReserved`."""
    halves = [record.split(":", 1) for record in records]
    return [tuple(f"{role}:5 {step} of {text}" for role, text in halves) for step in STEPS]


def in_each_step_of_a_life(role: str, first: str) -> tuple[str, ...]:
    """Name a point, and then those at which its victim dies again when it takes over."""
    return (f"{role}:{first}", *(f"{role}:{point}" for point in LIVES))


POINTS = (
    *at_each_step("coordinator:GroupBegun", "coordinator:GroupConfirmed", f"seats:{CONFIRMED}"),
    *at_each_step("seats:GroupRefused", "coordinator:GroupCancelled", f"seats:{CANCELLED}"),
    *at_each_step("seats:GroupReserved", "seats:GroupQueued"),
    ("seats:5 voted",),
    # Without its coordinator the group stays in doubt for long enough that somebody meets it.
    *(
        (*points, "coordinator:3 replayed")
        for points in at_each_step("coordinator:VoteCounted", "seats:CommandParked")
    ),
    in_each_step_of_a_life("coordinator", "5 acknowledged of GroupBegun"),
    in_each_step_of_a_life("seats", "5 acknowledged of GroupReserved"),
    in_each_step_of_a_life("seats", f"5 decided of {CONFIRMED}"),
)
"""Of each test; docs/guarantees.md has them in the order of the protocol."""
ROUNDS_MAX = 4
"""Who is back late gives a group up, and what would have come of it is reached in another round."""


@pytest.fixture(scope="module")
async def festival(
    kafka_bootstrap: str,
    postgres_dsn: str,
    template_database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Festival]:
    folder = tmp_path_factory.mktemp("festival")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(supervisor, "at_once_max", 1_000)  # nobody is to be spared here
        async with new_database(postgres_dsn, template_database) as database:
            opened = Festival(kafka_bootstrap, database, new_topic_names(), folder)
            try:
                await opened.open()
                yield opened
            finally:
                await opened.close()


class Round:
    """A group that can be done and one that cannot, and who else wants their seats."""

    def __init__(self, festival: Festival) -> None:
        self._festival = festival
        self._days, self._free, self._taken = festival.seats()
        self._groups: dict[str, asyncio.Task[Asked]] = {}
        self.asked: dict[str, Asked] = {}

    async def play(self) -> None:
        """Ask for everything."""
        early = await self._festival.book(self._order("early"), self._days[2:], self._taken)
        assert early.was_done, early
        async with asyncio.TaskGroup() as asking:
            for name, label in (("done", self._free), ("refused", self._taken)):
                asks = self._festival.book(self._order(name), self._days, label)
                self._groups[name] = asking.create_task(asks)
            rivals = [asking.create_task(self._be_rival_group())]
            for place, day in enumerate(self._days):
                rivals.append(asking.create_task(self._be_rival("done", self._free, day)))
                if place < 2:
                    rivals.append(asking.create_task(self._be_rival("refused", self._taken, day)))
        self.asked = {name: task.result() for name, task in self._groups.items()}
        self.asked |= {task.result().order: task.result() for task in rivals}

    async def _be_rival(self, of: str, label: str, day: EventCreated) -> Asked:
        """Want a seat that a group has reserved."""
        await self._see_reserved(of, {day.partition}, 1)
        return await self._festival.book(self._order(f"{of} {day.key}"), [day], label)

    async def _be_rival_group(self) -> Asked:
        """Want a seat on two of the days on which a group has reserved it."""
        partitions = {day.partition for day in self._days}
        reserved = await self._see_reserved("done", partitions, 2)
        days = [day for day in self._days if day.partition in reserved] or self._days
        return await self._festival.book(self._order("rival"), days[:2], self._free)

    async def _see_reserved(self, of: str, partitions: set[int], count: int) -> set[int]:
        """Wait until a group has reserved its seat in so many of these, or is decided."""
        order = self._order(of)

        def holds() -> None:
            reserved = self._festival.reserved[order] & partitions
            assert self._groups[of].done() or len(reserved) >= count

        await eventually(holds, within=ANSWERED_WITHIN_S)
        return self._festival.reserved[order] & partitions

    def _order(self, name: str) -> str:
        return f"{name} {self._days[0].key} {self._free}"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("points", POINTS, ids=", ".join)
async def test_a_kill_at_each_step_of_the_protocol_leaves_every_group_whole(
    festival: Festival, points: Sequence[str]
) -> None:
    festival.arm(points)
    for _ in range(ROUNDS_MAX):
        await play_round(festival)
        if not festival.points_left():
            break
    assert festival.points_left() == [], "was not reached"
    await festival.verify()


async def play_round(festival: Festival) -> None:
    """Play a round to its end, and check it."""
    played = Round(festival)
    await played.play()
    await festival.see_nothing_pending()
    for asked in played.asked.values():
        festival.check(asked)
    through, in_vain = played.asked["done"], played.asked["refused"]
    assert through.was_done or festival.is_excused(through), through
    assert in_vain.reply.status == REFUSED or festival.is_excused(in_vain), in_vain
    await festival.check_repeat(through)
    await festival.check_repeat(in_vain)
