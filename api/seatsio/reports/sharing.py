"""What reports of an event in a season tell: its objects, and those of its seasons that count.

Rules of this file:

1. It is the same as for one object (season_states), for all of them at once.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec

from adapters.postgres.rows import TouchedColumns, TouchedObjects, TouchedRow
from api.seatsio.object_info import Seen
from api.seatsio.reports.summaries import Touched
from api.seatsio.season_states import Layer, add, net, with_seasons
from schemas.facts import FREE, AreaCounts

Overridden = Mapping[tuple[str, int], int]
"""Places by label and season."""


def objects_with_seasons(
    own: TouchedObjects,
    seasons: Mapping[int, TouchedObjects],
    overridden: Overridden,
    key_of: Callable[[int], str],
) -> TouchedObjects:
    """Give an event's objects as they are seen with its seasons."""
    by_label: dict[str, TouchedRow] = {row.label: row for row in own.rows}
    columns = list(own.columns)
    taken = {label for labels in own.columns for label in _taken(labels)}
    taken.update(row.label for row in own.rows if row.area is None and row.status != FREE)
    for season, objects in seasons.items():
        for one in objects.columns:
            free = _chosen(one, taken, {label for label, of in overridden if of == season})
            columns.append(free)
            taken.update(free.labels)
    areas = {row.label for objects in seasons.values() for row in objects.rows if row.area}
    for label in areas | {label for label, row in by_label.items() if row.area is not None}:
        by_label[label] = _area(label, by_label.get(label), seasons, overridden)
    quantities: dict[str, dict[str, int]] = {}
    for (label, season), places in overridden.items():
        quantities.setdefault(label, {})[key_of(season)] = places
    rows = _with_quantities(columns, by_label, quantities)
    return TouchedObjects(columns, rows)


def touched_with_seasons(
    own: Touched, seasons: Mapping[int, Touched], overridden: Overridden
) -> Touched:
    """Give what of an event is not free, its seasons included."""
    statuses = {status: list(labels) for status, labels in own.statuses.items()}
    areas = dict(own.areas)
    taken = {label for labels in statuses.values() for label in labels}
    for season, touched in seasons.items():
        for status, labels in touched.statuses.items():
            more = [
                label
                for label in labels
                if label not in taken and (label, season) not in overridden
            ]
            statuses.setdefault(status, []).extend(more)
            taken.update(more)
        for label, area in touched.areas.items():
            counts = net(area, overridden.get((label, season), 0))
            areas[label] = add(areas.get(label, AreaCounts()), counts)
    return Touched(statuses, areas)


def _taken(columns: TouchedColumns) -> Iterator[str]:
    labels = zip(columns.labels, columns.statuses, strict=True)
    return (label for label, status in labels if status != FREE)


def _chosen(
    columns: TouchedColumns, taken: Collection[str], overridden: Collection[str]
) -> TouchedColumns:
    """Take those rows that a season has and that count for the event."""
    rows = [
        row
        for row in zip(*columns, strict=True)
        if row[1] != FREE and row[0] not in taken and row[0] not in overridden
    ]
    return TouchedColumns(*(list(column) for column in zip(*rows, strict=True))) if rows else _NONE


_NONE = TouchedColumns((), (), (), (), (), (), ())


def _area(
    label: str,
    own: TouchedRow | None,
    seasons: Mapping[int, TouchedObjects],
    overridden: Overridden,
) -> TouchedRow:
    layers = [
        Layer(_seen(row), overridden.get((label, season), 0))
        for season, objects in seasons.items()
        for row in objects.rows
        if row.label == label
    ]
    seen = with_seasons(Seen() if own is None else _seen(own), layers, is_area=True)
    holds = msgspec.json.encode(seen.area_holds).decode() if seen.area_holds else None
    carried = (seen.hold_token, seen.order_id, seen.ticket_type)
    extra_data = msgspec.json.encode(seen.extra_data).decode() if seen.extra_data else None
    return TouchedRow(
        *(label, seen.status, *carried),
        *(extra_data, seen.resale_listing_id, seen.area, holds),
    )


def _seen(row: TouchedRow) -> Seen:
    extra_data = None if row.extra_data is None else msgspec.json.decode(row.extra_data)
    holds = None if row.area_holds is None else msgspec.json.decode(row.area_holds)
    carried = (row.hold_token, row.order_id, row.ticket_type)
    return Seen(row.status, *carried, extra_data, row.resale_listing_id, row.area, holds)


def _with_quantities(
    columns: Sequence[TouchedColumns],
    by_label: Mapping[str, TouchedRow],
    quantities: Mapping[str, Mapping[str, int]],
) -> list[TouchedRow]:
    """Say what is overridden: of objects in columns in rows of their own, which come after."""
    shown = dict(by_label)
    for one in columns if quantities else ():
        for row in zip(*one, strict=True):
            if row[0] in quantities and row[0] not in by_label:
                shown[row[0]] = TouchedRow(*row)
    for label, by_key in quantities.items():
        row = shown.get(label) or TouchedRow(label, FREE)
        shown[label] = row._replace(overridden=by_key)
    return list(shown.values())
