"""The ticket buyers that companies have named, each by a UUID of theirs.

Rules of this file:

1. Changes of one company's list happen one after the other, so two that overlap do not wait for
   each other in a ring.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from adapters.postgres.pages import Cursor, Listing, Page, fetch_page
from adapters.postgres.pool import Connection, Pool, connection
from adapters.postgres.queries import load_queries

_SQL = load_queries("ticket_buyers")


class TicketBuyers:
    """The ticket buyers in Postgres. Every method raises DatabaseUnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, company: int, buyers: Sequence[UUID]) -> set[UUID]:
        """Add buyers and give those that were not there."""
        async with self._locked(company) as lent:
            return {row["buyer"] for row in await lent.fetch(_SQL["add"], company, buyers)}

    async def remove(self, company: int, buyers: Sequence[UUID]) -> set[UUID]:
        """Remove buyers and give those that were there."""
        async with self._locked(company) as lent:
            return {row["buyer"] for row in await lent.fetch(_SQL["remove"], company, buyers)}

    async def page(self, company: int, cursor: Cursor) -> Page[UUID]:
        """List the buyers of a company, those that were added last first."""
        listing = Listing(_SQL["columns"], _SQL["of_company"], (company,))
        async with connection(self._pool) as lent:
            return await fetch_page(lent, listing, cursor, _buyer)

    @asynccontextmanager
    async def _locked(self, company: int) -> AsyncIterator[Connection]:
        async with connection(self._pool) as lent, lent.transaction():
            await lent.execute(_SQL["lock_company"], company)
            yield lent


def _buyer(row: asyncpg.Record) -> UUID:
    buyer: UUID = row["buyer"]
    return buyer
