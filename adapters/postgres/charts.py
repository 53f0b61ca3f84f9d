"""Charts and the inventories they compile to. Their truth is here: they do not go through the log.

Rules of this file:

1. Drawings and inventories are bytes here; what they mean is the engine's.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple

import asyncpg

from adapters.postgres.errors import ChartKeyTakenError
from adapters.postgres.pages import Cursor, Listing, Page, fetch_page
from adapters.postgres.pool import Pool, connection
from adapters.postgres.queries import load_queries

_SQL = load_queries("charts")


class Chart(NamedTuple):
    """A chart without its drawing."""

    id: int
    key: str
    workspace: str
    """Key of the workspace."""
    name: str
    status: Literal["NOT_USED", "PUBLISHED"]
    """PUBLISHED while an event of the read model uses the chart."""
    archived: bool
    tags: list[str]
    created_at: datetime
    inventory: str
    """Hash of what the published drawing compiles to."""
    outline: Any
    """What answers show of the drawing, as it was given to `create`."""
    validation: Any
    """What is wrong with the drawing, as it was given to `create`."""


class Charts:
    """The charts in Postgres. Every method raises DatabaseUnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(
        self,
        workspace: str,
        key: str,
        *,
        name: str,
        drawing: bytes,
        inventory_hash: str,
        outline: Any,  # noqa: ANN401 - any JSON
        validation: Any,  # noqa: ANN401 - any JSON
    ) -> Chart:
        """Store a new chart and its published drawing. Raises ChartKeyTakenError."""
        try:
            async with connection(self._pool) as lent:
                row = await lent.fetchrow(
                    _SQL["create"],
                    workspace,
                    key,
                    name,
                    drawing,
                    inventory_hash,
                    outline,
                    validation,
                )
        except asyncpg.UniqueViolationError as error:
            raise ChartKeyTakenError(f"the workspace has a chart {key!r} already") from error
        assert row is not None
        return _chart(row)

    async def retrieve(self, workspace: str, key: str) -> Chart | None:
        async with connection(self._pool) as lent:
            row = await lent.fetchrow(_SQL["retrieve"], workspace, key)
        return None if row is None else _chart(row)

    async def drawing(self, workspace: str, key: str) -> bytes | None:
        """Give the published drawing, byte for byte as it came."""
        async with connection(self._pool) as lent:
            drawing: bytes | None = await lent.fetchval(_SQL["drawing"], workspace, key)
        return drawing

    async def page(
        self, workspace: str, cursor: Cursor, name_filter: str = "", *, archived: bool = False
    ) -> Page[Chart]:
        """List charts, newest first, whose name contains the filter in whatever case."""
        listing = Listing(_SQL["columns"], _SQL["page_rows"], (workspace, archived, name_filter))
        async with connection(self._pool) as lent:
            return await fetch_page(lent, listing, cursor, _chart)

    async def has_inventory(self, content_hash: str) -> bool:
        async with connection(self._pool) as lent:
            return bool(await lent.fetchval(_SQL["has_inventory"], content_hash))

    async def put_inventory(self, content_hash: str, compressed: bytes) -> None:
        """Store an inventory; one that is there already stays."""
        async with connection(self._pool) as lent:
            await lent.execute(_SQL["put_inventory"], content_hash, compressed)

    async def inventory(self, content_hash: str) -> bytes | None:
        """Give a compressed inventory."""
        async with connection(self._pool) as lent:
            compressed: bytes | None = await lent.fetchval(_SQL["inventory"], content_hash)
        return compressed


def _chart(row: asyncpg.Record) -> Chart:
    return Chart(
        id=row["id"],
        key=row["key"],
        workspace=row["workspace"],
        name=row["name"],
        status="PUBLISHED" if row["used"] else "NOT_USED",
        archived=row["archived"],
        tags=row["tags"],
        created_at=row["created_at"],
        inventory=row["inventory"],
        outline=row["outline"],
        validation=row["validation"],
    )
