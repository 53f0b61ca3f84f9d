"""Groups over HTTP while somebody they need is away: one answer each, and none that misleads."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.ports import TopicPartition
from engine.groups import machine
from schemas.facts import GroupConfirmed, GroupReserved
from schemas.outbox import OwnershipTaken, decode_groups_record, decode_seats_record
from schemas.topics import EVENTS_OUTBOX, GROUPS_OUTBOX, GROUPS_VOTES
from schemas.votes import GroupVote, decode_vote
from tests.conftest import MakeTopics
from tests.eventually import eventually
from tests.seatsio.installation import (
    Answer,
    Company,
    Installation,
    Owners,
    api,
    projector,
    workers,
)

CHANGE = "/events/groups/actions/change-object-status?expand=objects"
KEYED = {"Idempotency_Key": "weekend"}
BOOKED = "booked"


@dataclass(frozen=True)
class Weekend:
    """Three events in three partitions, and owners that can be killed."""

    company: Company
    running: Installation
    owners: Owners
    days: list[str]

    async def book_all(self, **headers: str) -> Answer:
        asked = {"events": self.days, "objects": ["A-1"], "status": BOOKED}
        return await self.company.post(CHANGE, asked, **headers)

    async def book(self, day: str) -> Answer:
        return await self.company.post(f"/events/{day}/actions/book", {"objects": ["A-1"]})

    async def statuses(self) -> list[str]:
        paths = [f"/events/{day}/objects/A-1" for day in self.days]
        return [(await self.company.get(path)).json["status"] for path in paths]

    async def changes(self) -> list[int]:
        """Count the status changes of each day."""
        paths = [f"/events/{day}/status-changes" for day in self.days]
        return [len((await self.company.get(path)).json["items"]) for path in paths]

    async def reserved(self, *partitions: int) -> None:
        """Wait until these owners have reserved their parts."""
        for partition in partitions:
            await self._says(EVENTS_OUTBOX, partition, _fact_of(GroupReserved))

    async def confirmed(self) -> None:
        await self._says(GROUPS_OUTBOX, 0, _fact_of(GroupConfirmed))

    async def voted(self, partition: int) -> None:
        def is_its_vote(vote: GroupVote) -> bool:
            return vote.partition == partition

        await self._says(GROUPS_VOTES, 0, is_its_vote)

    async def _says(self, topic: str, number: int, wanted: Any) -> None:  # noqa: ANN401
        decode: Any = {
            EVENTS_OUTBOX: decode_seats_record,
            GROUPS_OUTBOX: decode_groups_record,
            GROUPS_VOTES: decode_vote,
        }[topic]
        partition = TopicPartition(self.running.core.topics[topic].physical_name, number)
        log = self.running.parts.command_log._source

        async def is_there() -> None:
            reader = await log.read_from({partition: 0})
            try:
                records = await reader.fetch(1_000, 500)
            finally:
                await reader.close()
            assert any(wanted(decode(record.value or b"")) for record in records)

        await eventually(is_there, within=20)


def _fact_of(kind: type) -> Any:  # noqa: ANN401
    def tells(record: Any) -> bool:  # noqa: ANN401
        return not isinstance(record, OwnershipTaken) and any(
            isinstance(fact, kind) for fact in record.data.facts
        )

    return tells


@pytest.fixture
async def weekend(
    kafka_bootstrap: str, make_topics: MakeTopics, database: str
) -> AsyncIterator[Weekend]:
    topics = await make_topics(events=3, groups=1)
    async with (
        workers(kafka_bootstrap, topics) as owners,
        projector(kafka_bootstrap, topics, database),
        api(kafka_bootstrap, topics, database) as running,
    ):
        company = await running.company()
        chart = await company.chart()
        days = [await company.event_in(partition, 3, chart) for partition in range(3)]
        yield Weekend(company, running, owners, days)


@pytest.fixture
def patience(weekend: Weekend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody give up: owners start as slowly as the machine is."""
    monkeypatch.setattr(machine, "vote_within_ms", 30_000)
    monkeypatch.setattr(weekend.running.core.submitter, "_answer_deadline_s", 30.0)


@pytest.mark.usefixtures("patience")
async def test_an_owner_killed_between_reserve_and_confirm_leaves_one_answer(
    weekend: Weekend,
) -> None:
    await weekend.owners.kill("seats", 2)  # so the group stays in doubt
    answering = asyncio.create_task(weekend.book_all())
    await weekend.reserved(0, 1)
    await weekend.owners.kill("seats", 1)
    weekend.owners.start("seats", 2)
    weekend.owners.start("seats", 1)
    answer = await answering
    assert (answer.status, answer.json["objects"]["A-1"]["status"]) == (200, BOOKED)
    assert await weekend.statuses() == [BOOKED] * 3
    assert await weekend.changes() == [1] * 3


@pytest.mark.usefixtures("patience")
async def test_a_coordinator_killed_in_doubt_leaves_one_answer(weekend: Weekend) -> None:
    await weekend.owners.kill("seats", 2)
    answering = asyncio.create_task(weekend.book_all())
    await weekend.reserved(0, 1)
    await weekend.owners.kill("coordinator", 0)
    weekend.owners.start("seats", 2)
    weekend.owners.start("coordinator", 0)
    assert (await answering).status == 200
    assert await weekend.changes() == [1] * 3


@pytest.mark.usefixtures("patience")
async def test_a_confirmed_group_is_pending_until_every_part_is_applied(
    weekend: Weekend, monkeypatch: pytest.MonkeyPatch
) -> None:
    await weekend.owners.kill("seats", 2)
    taken = await weekend.book_all(Prefer="respond-async", **KEYED)
    assert taken.status == 202
    await weekend.reserved(0, 1)
    await weekend.owners.kill("coordinator", 0)
    weekend.owners.start("seats", 2)
    await weekend.voted(2)
    await weekend.owners.kill("seats", 2)
    weekend.owners.start("coordinator", 0)
    await weekend.confirmed()

    where = taken.headers["Location"]
    await weekend.changes()  # so the read model has all that there is
    assert (await weekend.company.get(where)).json["status"] == "pending"
    monkeypatch.setattr("api.seatsio.commands.answer_deadline_s", 0.5)
    repeated = await weekend.book_all(**KEYED)
    assert (repeated.status, repeated.headers["Location"]) == (503, where)

    weekend.owners.start("seats", 2)
    found: list[Any] = []

    async def is_done() -> None:
        found[:] = [(await weekend.company.get(where)).json]
        assert found[0]["status"] == "done"

    await eventually(is_done, within=20)
    assert await weekend.statuses() == [BOOKED] * 3
    repeated = await weekend.book_all(**KEYED)
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert repeated.json["objects"]["A-1"]["status"] == BOOKED
    assert found[0]["result"] == repeated.json
    assert await weekend.changes() == [1] * 3


@pytest.mark.usefixtures("patience")
async def test_a_repeat_of_a_group_in_doubt_is_told_to_come_again(weekend: Weekend) -> None:
    await weekend.owners.kill("seats", 2)
    answering = asyncio.create_task(weekend.book_all(**KEYED))
    await weekend.reserved(0)
    early = await weekend.book_all(**KEYED)
    assert (early.status, early.json["errors"][0]["code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")
    assert int(early.headers["Retry-After"]) >= 1
    assert "Idempotent-Replayed" not in early.headers
    weekend.owners.start("seats", 2)
    first = await answering
    again = await weekend.book_all(**KEYED)
    assert (first.status, again.body) == (200, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await weekend.changes() == [1] * 3


async def test_a_group_that_fails_leaves_its_seats_to_who_waited(weekend: Weekend) -> None:
    await weekend.owners.kill("seats", 2)
    group = asyncio.create_task(weekend.book_all(**KEYED))
    await weekend.reserved(0)
    assert (await weekend.book(weekend.days[0])).status == 204
    busy = await group
    assert is_busy(busy)
    weekend.owners.start("seats", 2)
    assert await weekend.statuses() == [BOOKED, "free", "free"]
    # What was not decided is no answer to keep: the key may be used again.
    taken = await weekend.book_all(**KEYED)
    assert (taken.status, taken.json["errors"][0]["code"]) == (400, "ILLEGAL_STATUS_CHANGE")
    assert await weekend.changes() == [1, 0, 0]


async def test_who_waits_in_vain_is_told_in_time(weekend: Weekend) -> None:
    await weekend.owners.kill("seats", 2)
    group = asyncio.create_task(weekend.book_all())
    await weekend.reserved(0)
    await weekend.owners.kill("coordinator", 0)  # nobody decides
    began = time.monotonic()
    answer = await weekend.book(weekend.days[0])
    assert is_busy(answer)
    assert time.monotonic() - began < 8.5
    late = await group
    assert (late.status, late.json["errors"][0]["code"]) == (503, "ANSWER_LATE")
    assert (await weekend.company.get(late.headers["Location"])).json["status"] == "pending"


def is_busy(answer: Answer) -> bool:
    """Say whether a client is told to ask again, in the one way that it does."""
    assert (answer.status, answer.json["errors"][0]["code"]) == (429, "BUSY_IN_DOUBT")
    assert int(answer.headers["Retry-After"]) >= 1
    return True
