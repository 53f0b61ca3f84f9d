"""Usage: every object in the month of its first use, an area with its peak."""

from datetime import UTC, datetime

import pytest

from adapters.postgres.accounts import Accounts, Workspace
from adapters.postgres.pool import Pool
from adapters.postgres.projection import Projection
from adapters.postgres.reads import Reads
from adapters.postgres.usage import UsedByEvent, UsedByObject, UsedInMonth
from schemas.facts import AreaCounts, EventDeleted
from tests.postgres.outbox import Outbox, Seats, renamed

YEARS = (0, 2**62)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
async def workspace(pool: Pool) -> Workspace:
    accounts = Accounts(pool)
    company = await accounts.create_company()
    return (await accounts.create_workspace(company.id, "Hall")).workspace


class Sales:
    """One event's facts, told to the projection one batch at a time."""

    def __init__(
        self, outbox: Outbox, projection: Projection, workspace: Workspace, event: int = 1
    ) -> None:
        self._outbox, self._projection = outbox, projection
        self._seats = Seats(event, f"event {event}")
        created = renamed(self._seats.created, workspace=workspace.key, chart_key=f"chart {event}")
        outbox.apply(created)

    async def sell(
        self, when: str, *changes: tuple[str, str], area: AreaCounts | None = None
    ) -> None:
        self._outbox.at = at(when)
        facts = [self._seats.change(label, status, area=area) for label, status in changes]
        self._outbox.answer(*facts)
        await self._projection.apply([self._outbox.news()])


async def test_an_object_counts_once_in_the_month_of_its_first_use(
    reads: Reads, projection: Projection, outbox: Outbox, workspace: Workspace
) -> None:
    sales = Sales(outbox, projection, workspace)
    await sales.sell("2026-10-31T23:59:59.999", ("A-1", "booked"), ("A-2", "free"))
    await sales.sell("2026-11-01T00:00:00", ("A-2", "reservedByToken"), ("A-1", "free"))
    await sales.sell("2026-11-01T00:00:01", ("A-3", "lolzor"), ("A-3", "free"))
    await sales.sell("2027-01-15", ("A-1", "booked"), ("A-2", "booked"), ("A-4", "free"))

    async with reads.snapshot({}) as snapshot:
        usage = snapshot.usage()
        assert await usage.by_month(workspace.company) == [
            UsedInMonth(2026, 10, 1),
            UsedInMonth(2026, 11, 2),
        ]
        november = at("2026-11-01"), at("2026-12-01")
        assert await usage.by_event(workspace.company, *november) == [
            UsedByEvent(workspace.id, "chart 1", None, 1, "event 1", 2)
        ]
        assert await usage.by_object(workspace.company, 1, *november) == [
            UsedByObject("A-2", 1),
            UsedByObject("A-3", 1),
        ]


async def test_an_area_counts_its_peak_in_whatever_batches_it_is_told(
    reads: Reads, projection: Projection, outbox: Outbox, workspace: Workspace
) -> None:
    sales = Sales(outbox, projection, workspace)
    for taken, held in (({"booked": 3}, 2), ({"booked": 7, "lolzor": 1}, 0), ({}, 4)):
        area = AreaCounts(taken=taken, held=held)
        await sales.sell("2026-11-05", ("GA", "booked"), area=area)
    async with reads.snapshot({}) as snapshot:
        found = await snapshot.usage().by_object(workspace.company, 1, *YEARS)
    assert found == [UsedByObject("GA", 8)]


async def test_a_company_sees_its_own_usage_by_workspace_chart_and_event(
    reads: Reads, pool: Pool, projection: Projection, outbox: Outbox, workspace: Workspace
) -> None:
    accounts = Accounts(pool)
    company = workspace.company
    second = (await accounts.create_workspace(company, "Second")).workspace
    other = (await accounts.create_workspace((await accounts.create_company()).id, "x")).workspace
    for event, of in ((1, second), (2, workspace), (3, other), (4, workspace)):
        await Sales(outbox, projection, of, event).sell("2026-11-05", ("A-1", "booked"))
    async with reads.snapshot({}) as snapshot:
        usage = snapshot.usage()
        found = await usage.by_event(company, *YEARS)
        assert [(used.workspace, used.event, used.used) for used in found] == [
            (workspace.id, 2, 1),
            (workspace.id, 4, 1),
            (second.id, 1, 1),
        ]
        assert await usage.by_month(company) == [UsedInMonth(2026, 11, 3)]
        assert await usage.by_object(company, 3, *YEARS) is None
        assert await usage.by_object(other.company, 3, *YEARS) == [UsedByObject("A-1", 1)]


async def test_what_was_deleted_does_not_count(
    reads: Reads,
    projection: Projection,
    outbox: Outbox,
    workspace: Workspace,
) -> None:
    await Sales(outbox, projection, workspace).sell("2026-11-05", ("A-1", "booked"))
    outbox.apply(EventDeleted(event=1, partition=0, workspace=workspace.key, key="event 1"))
    await projection.apply([outbox.news()])
    async with reads.snapshot({}) as snapshot:
        assert await snapshot.usage().by_month(workspace.company) == []
        assert await snapshot.usage().by_object(workspace.company, 1, *YEARS) is None
