"""Inventories on their way from charts to the owners of events."""

from api.seatsio.errors import from_rejected
from api.seatsio.parts import Parts
from schemas.commands import ReplaceInventory
from schemas.rejections import Rejected


class ChartInventories:
    """What owners are told of the inventories of charts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._published: set[str] = set()
        """Known to stand in the log."""

    async def publish(self, inventory: str) -> None:
        """See to it that the owners can read an inventory before an event names it."""
        if inventory in self._published:
            return
        compressed = await self._parts.charts.inventory(inventory)
        assert compressed is not None, "a chart's inventory is stored before the chart"
        await self._parts.core.seat_maps.publish(inventory, compressed)
        self._published.add(inventory)

    async def replace(self, workspace: str, chart_key: str, inventory: str) -> None:
        """Sell all events of a chart from this inventory from now on."""
        await self.publish(inventory)
        command = ReplaceInventory(workspace=workspace, chart_key=chart_key, inventory=inventory)
        while True:
            answered = await self._parts.core.submitter.decide(command)
            if isinstance(answered.answer, Rejected):
                raise from_rejected(answered.answer, workspace)
            if not answered.facts:
                return
