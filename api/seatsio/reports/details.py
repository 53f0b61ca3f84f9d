"""Detailed reports: every object, in the bucket that it belongs to.

Rules of this file:

1. Nothing here knows what is asked over HTTP, and nothing is written here (`writing`).
2. What is touched and not in the stock is left out: it is not on the chart any more, or not sold.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from adapters.postgres.rows import TouchedRow
from api.seatsio.object_info import UNTOUCHED, Seen, state_info
from api.seatsio.reports.dimensions import OBJECT_TYPES_SHOWN, Line
from api.seatsio.reports.stock import Stock

JSON = dict[str, Any]
Buckets = dict[str, list[int]]
"""Ordinals of objects by the name of their bucket."""


class States:
    """What the infos of a stock's objects say of their states."""

    def __init__(self, stock: Stock, rows: Iterable[TouchedRow]) -> None:
        self.untouched = [state_info(group.example, UNTOUCHED) for group in stock.groups]
        """By number of group."""
        self.touched: dict[int, JSON] = {}
        """By ordinal."""
        for row in rows:
            ordinal = stock.ordinal_of(row.label)
            if ordinal is not None:
                example = stock.groups[stock.number_of(ordinal)].example
                self.touched[ordinal] = state_info(example, Seen(*row[1:]))


def in_buckets(
    stock: Stock, bucket: Callable[[Line], str], states: States | None = None
) -> Buckets:
    """Put all objects into buckets; without states, those of a chart."""
    labels, groups = stock.chart.labels, stock.groups
    touched = {} if states is None else states.touched
    untouched: Sequence[JSON] = [{}] * len(groups) if states is None else states.untouched
    buckets: Buckets = {}
    for ordinal in stock.ordinals:
        number = stock.number_of(ordinal)
        line = Line(groups[number].kind, labels[ordinal], touched.get(ordinal) or untouched[number])
        buckets.setdefault(bucket(line), []).append(ordinal)
    return buckets


def with_all_object_types(buckets: Buckets) -> Buckets:
    """Add the buckets that a report by object type always has."""
    return {**{name: [] for name in OBJECT_TYPES_SHOWN}, **buckets}
