"""Charts, their versions, and the inventories they compile to.

Their truth is here: they do not go through the log.

Rules of this file:

1. Drawings and inventories are bytes here; what they mean is the engine's.
2. A version replaces the one that its author saw, or none: who changes a chart names the
   revision that the change is based on.
3. What the event log tells of a chart is written in the transaction of the change.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

import asyncpg

from adapters.postgres.errors import ChartChangedError, ChartKeyTakenError
from adapters.postgres.event_log import forget_chart, note_chart
from adapters.postgres.pages import Cursor, Listing, Page, fetch_page
from adapters.postgres.pool import Connection, Pool, connection, rows_changed
from adapters.postgres.queries import load_queries

VersionName: TypeAlias = Literal["published", "draft"]
Status: TypeAlias = Literal["NOT_USED", "PUBLISHED", "PUBLISHED_WITH_DRAFT"]
_SQL = load_queries("charts")


class Version(NamedTuple):
    """A version of a chart, without its drawing."""

    name: str
    drawing_hash: str
    inventory: str
    """Hash of what the drawing compiles to."""
    outline: Any
    """What answers show of the drawing."""
    validation: Any
    """What is wrong with the drawing."""


class Chart(NamedTuple):
    """A chart without its drawings."""

    id: int
    key: str
    workspace: str
    """Key of the workspace."""
    revision: int
    """Counts up with each change of a version."""
    archived: bool
    tags: list[str]
    created_at: datetime
    is_used: bool
    """Whether an event of the read model uses it."""
    published: Version
    draft: Version | None

    @property
    def status(self) -> Status:
        if self.draft is not None:
            return "PUBLISHED_WITH_DRAFT"
        return "PUBLISHED" if self.is_used else "NOT_USED"


class ChartsWanted(NamedTuple):
    """Which charts a list is about."""

    name_filter: str = ""
    """What the name contains, in whatever case."""
    tag: str | None = None
    archived: bool = False


ALL_IN_USE = ChartsWanted()


class Charts:
    """The charts in Postgres. Every method raises DatabaseUnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, workspace: str, key: str, version: Version, drawing: bytes) -> Chart:
        """Store a new chart and its published version. Raises ChartKeyTakenError."""
        try:
            async with connection(self._pool) as lent, lent.transaction():
                chart: int = await lent.fetchval(_SQL["create"], workspace, key)
                await lent.execute(_SQL["put_version"], chart, "published", *version, drawing)
                created = await _retrieve(lent, workspace, key)
                await note_chart(lent, workspace, "chart.created", key)
        except asyncpg.UniqueViolationError as error:
            raise ChartKeyTakenError(f"the workspace has a chart {key!r} already") from error
        assert created is not None
        return created

    async def remove(self, chart: Chart) -> None:
        """Take a new chart back; it stays if somebody changed it or an event uses it."""
        async with connection(self._pool) as lent, lent.transaction():
            if rows_changed(await lent.execute(_SQL["remove"], chart.id, chart.revision)):
                await forget_chart(lent, chart.workspace, chart.key)

    async def retrieve(self, workspace: str, key: str) -> Chart | None:
        async with connection(self._pool) as lent:
            return await _retrieve(lent, workspace, key)

    async def drawing(self, workspace: str, key: str, version: VersionName) -> bytes | None:
        """Give a drawing, byte for byte as it came."""
        async with connection(self._pool) as lent:
            drawing: bytes | None = await lent.fetchval(_SQL["drawing"], workspace, key, version)
        return drawing

    async def thumbnail(self, drawing_hash: str) -> bytes | None:
        """Give the thumbnail of a drawing; None if none is stored."""
        async with connection(self._pool) as lent:
            thumbnail: bytes | None = await lent.fetchval(_SQL["thumbnail"], drawing_hash)
        return thumbnail

    async def drawing_by_hash(self, drawing_hash: str) -> bytes | None:
        """Give a drawing of whatever chart, to who knows it by its hash."""
        async with connection(self._pool) as lent:
            drawing: bytes | None = await lent.fetchval(_SQL["drawing_by_hash"], drawing_hash)
        return drawing

    async def put_thumbnail(self, drawing_hash: str, thumbnail: bytes) -> None:
        """Store the thumbnail of a drawing."""
        async with connection(self._pool) as lent:
            await lent.execute(_SQL["put_thumbnail"], drawing_hash, thumbnail)

    async def put_version(
        self, chart: Chart, name: VersionName, version: Version, drawing: bytes
    ) -> None:
        """Store a version that was made from `chart` as it is. Raises ChartChangedError."""
        async with connection(self._pool) as lent, lent.transaction():
            await _next_revision(lent, chart)
            await lent.execute(_SQL["put_version"], chart.id, name, *version, drawing)
            if name == "published":
                await note_chart(lent, chart.workspace, "chart.published", chart.key)

    async def publish_draft(self, chart: Chart) -> None:
        """Let the draft take the place of the published version. Raises ChartChangedError."""
        assert chart.draft is not None
        async with connection(self._pool) as lent, lent.transaction():
            await _next_revision(lent, chart)
            await lent.execute(_SQL["delete_version"], chart.id, "published")
            await lent.execute(_SQL["draft_becomes_published"], chart.id)
            await note_chart(lent, chart.workspace, "chart.published", chart.key)

    async def discard_draft(self, chart: Chart) -> None:
        """Drop the draft. Raises ChartChangedError."""
        async with connection(self._pool) as lent, lent.transaction():
            await _next_revision(lent, chart)
            await lent.execute(_SQL["delete_version"], chart.id, "draft")

    async def archive(self, workspace: str, key: str, *, archived: bool) -> bool:
        """Put a chart away or take it back; False if there is none."""
        return await self._set("archive", workspace, key, archived)

    async def tag(self, workspace: str, key: str, tag: str) -> bool:
        """Give a chart a tag, once; False if there is no such chart."""
        return await self._set("tag", workspace, key, tag)

    async def untag(self, workspace: str, key: str, tag: str) -> bool:
        """Take a tag off a chart that may have it; False if there is no such chart."""
        return await self._set("untag", workspace, key, tag)

    async def _set(self, statement: str, workspace: str, key: str, value: object) -> bool:
        async with connection(self._pool) as lent:
            done = await lent.execute(_SQL[statement], workspace, key, value)
        return bool(rows_changed(done))

    async def tags(self, workspace: str) -> list[str]:
        """Name all tags that charts of a workspace have."""
        async with connection(self._pool) as lent:
            return [row["tag"] for row in await lent.fetch(_SQL["tags"], workspace)]

    async def page(
        self, workspace: str, cursor: Cursor, wanted: ChartsWanted = ALL_IN_USE
    ) -> Page[Chart]:
        """List charts, newest first."""
        rows = f"{_SQL['charts']} WHERE workspace = $1 AND archived = $2"
        arguments: list[object] = [workspace, wanted.archived]
        if wanted.name_filter:
            arguments.append(wanted.name_filter)
            rows += f" AND strpos(lower(published.name), lower(${len(arguments)})) > 0"
        if wanted.tag is not None:
            arguments.append(wanted.tag)
            rows += f" AND ${len(arguments)} = ANY (tags)"
        async with connection(self._pool) as lent:
            return await fetch_page(lent, Listing(_SQL["columns"], rows, arguments), cursor, _chart)

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


async def _retrieve(lent: Connection, workspace: str, key: str) -> Chart | None:
    row = await lent.fetchrow(
        f"SELECT {_SQL['columns']} {_SQL['charts']} WHERE workspace = $1 AND key = $2",
        workspace,
        key,
    )
    return None if row is None else _chart(row)


async def _next_revision(lent: Connection, chart: Chart) -> None:
    """Say that a chart changes. Raises ChartChangedError if it is not as it was seen."""
    if not rows_changed(await lent.execute(_SQL["next_revision"], chart.id, chart.revision)):
        raise ChartChangedError(f"chart {chart.key!r} was changed by somebody else")


def _chart(row: asyncpg.Record) -> Chart:
    return Chart(
        id=row["id"],
        key=row["key"],
        workspace=row["workspace"],
        revision=row["revision"],
        archived=row["archived"],
        tags=row["tags"],
        created_at=row["created_at"],
        is_used=row["used"],
        published=Version(*(row[field] for field in Version._fields)),
        draft=_draft(row),
    )


def _draft(row: asyncpg.Record) -> Version | None:
    if row["draft_name"] is None:
        return None
    return Version(*(row[f"draft_{field}"] for field in Version._fields))
