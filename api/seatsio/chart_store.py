"""Charts as the routes make, find and change them.

Rules of this file:

1. A chart is compiled when it comes in, and its inventory is stored before it: an event on it
   needs nothing but the hash.
2. A change is made to the draft, if there is one or an event uses the chart; else it is published
   at once. So nothing that was sold from changes unasked.
3. A change counts only if the chart is still as it was when the change began; else it is made
   again, from what the chart is now.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

from adapters.postgres.charts import Chart, VersionName
from adapters.postgres.errors import ChartChangedError, ChartKeyTakenError, DatabaseUnavailableError
from api.call import Call
from api.errors import Problem
from api.seatsio.drawings import Compiled, Edit, compiled
from api.seatsio.errors import CONFLICT, VendorError, chart_not_found, not_found
from api.seatsio.parts import Parts, path_part
from engine.charts.drawing import TEXT_LENGTH_MAX
from engine.charts.editing import renamed

COPY_SUFFIX = " (copy)"
_attempts_max = 5


class ChartStore:
    """The charts behind the routes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._charts = parts.charts

    async def find(self, call: Call) -> Chart:
        """Give the chart that the path names. Raises VendorError if there is none."""
        return await self.find_in(call.workspace.key, path_part(call, "key"))

    async def find_in(self, workspace: str, key: str) -> Chart:
        """Give a chart of a workspace. Raises VendorError if there is none."""
        # Its status says whether an event uses it, and that comes from the log.
        await self._parts.wait_for_read_model()
        chart = await self._charts.retrieve(workspace, key)
        if chart is None:
            raise chart_not_found(key, workspace)
        return chart

    async def drawing(self, workspace: str, key: str, version: VersionName) -> bytes:
        """Give the drawing of a version. Raises VendorError if there is none."""
        drawing = await self._charts.drawing(workspace, key, version)
        if drawing is None:
            await self.find_in(workspace, key)
            raise no_draft(key)
        return drawing

    async def create(
        self, workspace: str, drawing: bytes, edit: Edit | None = None, *, key: str | None = None
    ) -> Chart:
        """Store a new chart. Raises VendorError if its key is taken or it cannot be read."""
        new = await self._compiled(drawing, edit)
        key = key or str(uuid4())
        try:
            return await self._charts.create(workspace, key, new.version, new.drawing)
        except ChartKeyTakenError as error:
            problem = Problem("CHART_KEY_ALREADY_EXISTS", f"Chart key already in use: {key}")
            raise VendorError(400, [problem]) from error

    async def copy(self, chart: Chart, version: VersionName) -> Chart:
        """Store a copy of a version as a chart of its own. Raises VendorError if there is none."""
        copied = chart.published if version == "published" else chart.draft
        if copied is None:
            raise no_draft(chart.key)
        name = copied.name[: TEXT_LENGTH_MAX - len(COPY_SUFFIX)] + COPY_SUFFIX
        drawing = await self.drawing(chart.workspace, chart.key, version)
        return await self.create(chart.workspace, drawing, lambda drawn: renamed(drawn, name))

    async def take_back(self, copy: Chart) -> None:
        """Remove a copy that was made in vain; it stays where the database is away."""
        with suppress(DatabaseUnavailableError):
            await self._charts.remove(copy)

    async def change(self, call: Call, edit: Edit) -> None:
        """Change a chart's drawing."""

        async def attempt(chart: Chart) -> None:
            version: VersionName = "published" if chart.draft is None else "draft"
            drawing = await self.drawing(chart.workspace, chart.key, version)
            new = await self._compiled(drawing, edit)
            becomes: VersionName = "draft" if chart.draft or chart.is_used else "published"
            await self._charts.put_version(chart, becomes, new.version, new.drawing)

        await self.attempted(call, attempt)

    async def attempted(self, call: Call, attempt: Callable[[Chart], Awaitable[None]]) -> None:
        """Attempt to change a chart as it is, until nobody else changes it meanwhile."""
        for _ in range(_attempts_max):
            try:
                await attempt(await self.find(call))
            except ChartChangedError:
                continue
            return
        problem = Problem("CHART_CHANGED", "Others change this chart at the same time: try again")
        raise VendorError(CONFLICT, [problem])

    async def _compiled(self, drawing: bytes, edit: Edit | None) -> Compiled:
        new = await compiled(drawing, edit)
        await self._charts.put_inventory(new.version.inventory, new.compressed)
        return new


def no_draft(key: str) -> VendorError:
    """Refuse what is about the draft of a chart that has none."""
    return not_found("DRAFT_NOT_FOUND", f"Chart {key} has no draft version")
