"""What is kept of the charts that were reported on last, so that the next report is quick.

Rules of this file:

1. It is bounded by objects, not by charts: of each, some 350 bytes as JSON and 150 as CSV are kept,
   and 8 for every way in which it is sold.
2. Whatever is dropped can be made again: nothing here is the truth.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from api.seatsio.reports.forms import Form
from api.seatsio.reports.stock import Stock
from api.seatsio.reports.writing import OwnTexts
from engine.charts.inventory import SeatMap

objects_max = 100_000
"""Of all charts together; a larger chart is kept alone."""
stocks_per_chart_max = 8
"""Events of one chart are usually sold alike."""


class KeptChart:
    """What is kept of one chart."""

    def __init__(self, chart: SeatMap) -> None:
        self.chart = chart
        self._texts: dict[str, OwnTexts] = {}
        self._stocks: list[tuple[Any, Stock]] = []

    def own_texts(self, form: Form) -> OwnTexts:
        """Give the texts of its objects in a form."""
        texts = self._texts.get(form.content_type)
        if texts is None:
            texts = self._texts[form.content_type] = OwnTexts(self.chart, form)
        return texts

    async def stock(self, sold: object, make: Callable[[], Stock]) -> Stock:
        """Give its objects as they are sold, grouped once for each way."""
        for how, stock in self._stocks:
            if how == sold:
                return stock
        # A stadium takes a moment: others shall be served meanwhile.
        stock = await asyncio.to_thread(make)
        self._stocks = [(sold, stock), *self._stocks[: stocks_per_chart_max - 1]]
        return stock


class KeptCharts:
    """The charts that were reported on last, by the hash of their inventory."""

    def __init__(self) -> None:
        self._charts: OrderedDict[str, KeptChart] = OrderedDict()

    def get(self, inventory: str) -> KeptChart | None:
        """Give what is kept of a chart; it counts as the newest now."""
        kept = self._charts.get(inventory)
        if kept is not None:
            self._charts.move_to_end(inventory)
        return kept

    def put(self, inventory: str, chart: SeatMap) -> KeptChart:
        """Begin to keep a chart, and drop the oldest ones for it."""
        kept = self._charts[inventory] = KeptChart(chart)
        while len(self._charts) > 1 and self._objects() > objects_max:
            self._charts.popitem(last=False)
        return kept

    def _objects(self) -> int:
        return sum(len(kept.chart) for kept in self._charts.values())
