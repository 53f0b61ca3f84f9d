"""The read model as it is stored, whole, and as it must be by the facts: to be equal."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import asyncpg
import msgspec

from adapters.postgres.batch import OutboxRun
from adapters.postgres.pool import Pool, connection
from schemas.facts import (
    AreaCounts,
    EventCreated,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    SeasonStatusOverridden,
    StatusChanged,
)
from schemas.outbox import OwnershipTaken
from schemas.selling import Selling

Row = dict[str, Any]


class Stored(NamedTuple):
    """The tables by their keys."""

    events: dict[int, Row]
    objects: dict[tuple[int, str], Row]
    area_holds: dict[tuple[int, str, str], Row]
    season_overrides: dict[tuple[int, str, int], Row]
    status_changes: dict[int, Row]


async def stored(pool: Pool) -> Stored:
    """Read the tables, in one snapshot."""
    async with connection(pool) as lent, lent.transaction(isolation="repeatable_read"):
        events = await lent.fetch("SELECT * FROM events")
        objects = await lent.fetch("SELECT * FROM objects")
        holds = await lent.fetch("SELECT * FROM area_holds")
        overrides = await lent.fetch("SELECT * FROM season_overrides")
        changes = await lent.fetch("SELECT * FROM status_changes")
    return Stored(
        {row["id"]: dict(row) for row in events},
        {(row["event"], row["label"]): dict(row) for row in objects},
        {(row["event"], row["label"], row["token"]): dict(row) for row in holds},
        {(row["event"], row["label"], row["season"]): dict(row) for row in overrides},
        {row["id"]: dict(row) for row in changes},
    )


def fold(runs: Iterable[OutboxRun]) -> Stored:
    """Work out the tables one fact at a time, the slow and plain way."""
    model = Stored({}, {}, {}, {}, {})
    for run in runs:
        term = -1
        for offset, record, _ in run.records:
            if isinstance(record, OwnershipTaken):
                term = offset
            elif record.data.term == term and record.data.offset == offset:
                for index, fact in enumerate(record.data.facts):
                    place = offset * 2**22 + index * 2**10 + run.partition.partition
                    _apply(model, fact, place, record.data.at)
    return model


def _apply(model: Stored, fact: Any, place: int, at: int) -> None:  # noqa: ANN401
    match fact:
        case EventCreated():
            row = msgspec.to_builtins(fact)
            row |= {"name": fact.name, "date": fact.date, "id": fact.event}
            row["selling"] = msgspec.to_builtins(fact.selling or Selling())
            row["season"] = msgspec.to_builtins(fact.season)
            del row["event"], row["type"]
            model.events[fact.event] = row | {"is_in_the_past": False, "updated_at": None}
        case EventUpdated():
            _updated(model.events[fact.event], fact)
            row = model.events[fact.event]
            row |= {"key": fact.key, "updated_at": fact.updated_at}
            for field in ("name", "date", "is_in_the_past"):
                if getattr(fact, field) is not None:
                    row[field] = getattr(fact, field)
            if fact.selling is not None:
                row["selling"] = msgspec.to_builtins(fact.selling)
            row["inventory"] = fact.inventory or row["inventory"]
        case EventDeleted():
            del model.events[fact.event]
            _forget(model.objects, fact.event)
            _forget(model.area_holds, fact.event)
            _forget(model.season_overrides, fact.event)
            _forget(model.status_changes, fact.event)
        case SeasonStatusOverridden():
            _override(model, fact)
        case StatusChanged():
            _change(model, fact, place, at)
        case ExtraDataChanged():
            untouched = dict.fromkeys(
                ("hold_token", "order_id", "ticket_type", "resale_listing_id", "area")
            )
            untouched |= {"event": fact.event, "label": fact.label, "status": "free"}
            untouched |= {"used_at": None, "used": 0}
            row = model.objects.setdefault((fact.event, fact.label), untouched)
            row["extra_data"] = fact.extra_data


def _override(model: Stored, fact: SeasonStatusOverridden) -> None:
    for label, places in fact.places.items():
        key = (fact.event, label, fact.season)
        model.season_overrides.pop(key, None)
        if places:
            names = ("event", "label", "season", "places")
            model.season_overrides[key] = dict(zip(names, (*key, places), strict=True))


def _updated(row: Row, fact: EventUpdated) -> None:
    row |= {"key": fact.key, "updated_at": fact.updated_at}
    for field in ("name", "date", "is_in_the_past", "chart_key", "inventory"):
        if getattr(fact, field) is not None:
            row[field] = getattr(fact, field)
    for field in ("selling", "season"):
        if getattr(fact, field) is not None:
            row[field] = msgspec.to_builtins(getattr(fact, field))


def _forget(table: dict[Any, Row], event: int) -> None:
    for key in [key for key, row in table.items() if row["event"] == event]:
        del table[key]


def _change(model: Stored, fact: StatusChanged, place: int, at: int) -> None:
    before = model.objects.get((fact.event, fact.label), {"used_at": None, "used": 0})
    places = int(fact.status != "free")
    if fact.area is not None:
        places = sum(fact.area.taken.values()) + fact.area.held
    used_at = at if before["used_at"] is None and places else before["used_at"]
    seat_is_held = fact.status == "reservedByToken" and fact.area is None
    model.objects[fact.event, fact.label] = {
        "event": fact.event,
        "label": fact.label,
        "status": fact.status,
        "hold_token": fact.hold_token if seat_is_held else None,
        "order_id": fact.order_id,
        "ticket_type": fact.ticket_type,
        "extra_data": fact.extra_data,
        "resale_listing_id": fact.resale_listing_id,
        "area": None if fact.area is None else _area(fact.area),
        "used_at": used_at,
        "used": max(before["used"], places),
    }
    if fact.area is not None and fact.hold_token is not None:
        hold = (fact.event, fact.label, fact.hold_token)
        model.area_holds.pop(hold, None)
        if fact.area.own:
            names = zip(("event", "label", "token"), hold, strict=True)
            model.area_holds[hold] = {**dict(names), "places": fact.area.own}
    model.status_changes[place] = {
        "event": fact.event,
        "id": place,
        "seq": fact.seq,
        "at": at,
        "quantity": fact.quantity,
        "label": fact.label,
        "status": fact.status,
        "origin_type": fact.origin.type,
        "origin_ip": fact.origin.ip,
        "hold_token": fact.hold_token,
        "order_id": fact.order_id,
        "extra_data": fact.extra_data,
    }


async def rows(pool: Pool, query: str) -> list[asyncpg.Record]:
    """Ask the database."""
    async with connection(pool) as lent:
        return await lent.fetch(query)


def _area(area: AreaCounts) -> Row:
    counts: Row = {"taken": area.taken, "held": area.held}
    channels = {
        channel: {"taken": of.taken, "held": of.held} if of.held else {"taken": of.taken}
        for channel, of in area.channels.items()
    }
    return {**counts, "channels": channels} if channels else counts
