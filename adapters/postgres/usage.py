"""How much of their events companies have used, as the read model knows it.

Rules of this file:

1. An object counts in the month in which it was first anything but free: a seat once, an area with
   the most places that were ever in use at once.
2. Months are those of UTC. What was deleted does not count.
"""

from typing import NamedTuple

from adapters.postgres.pool import Connection
from adapters.postgres.queries import load_queries

_SQL = load_queries("usage")


class UsedInMonth(NamedTuple):
    """What a company used in a month."""

    year: int
    month: int
    used: int


class UsedByEvent(NamedTuple):
    """What one event used."""

    workspace: int
    chart_key: str
    chart_name: str | None
    """None: the chart is gone."""
    event: int
    event_key: str
    used: int


class UsedByObject(NamedTuple):
    """What one object counts for."""

    label: str
    used: int


class Usage:
    """The usage in one state of the read model; times are in ms since the epoch."""

    def __init__(self, lent: Connection) -> None:
        self._lent = lent

    async def by_month(self, company: int) -> list[UsedInMonth]:
        """Give every month in which something was used, the oldest first."""
        return [UsedInMonth(*row) for row in await self._lent.fetch(_SQL["by_month"], company)]

    async def by_event(self, company: int, start: int, end: int) -> list[UsedByEvent]:
        """Give what was first used in a time, by workspace, chart and event."""
        rows = await self._lent.fetch(_SQL["by_event"], company, start, end)
        return [UsedByEvent(*row) for row in rows]

    async def by_object(
        self, company: int, event: int, start: int, end: int
    ) -> list[UsedByObject] | None:
        """Give what an event first used in a time; None if it is not one of the company's."""
        if not await self._lent.fetchval(_SQL["is_event_of_company"], company, event):
            return None
        rows = await self._lent.fetch(_SQL["by_object"], event, start, end)
        return [UsedByObject(*row) for row in rows]
