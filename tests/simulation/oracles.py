"""What must hold at the end, when all is healed and nothing is left to do.

Rules of this file:

1. The history is judged by `seatlog verify`, which knows no rule of the engine. Only where the
   live memory of an owner is compared with a replay does the engine take part.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from adapters.memory_log import MemoryRecord
from adapters.ports import Span, TopicPartition
from api.positions import partitions_of
from engine.groups.machine import GroupsState
from engine.machine import Machine
from engine.seats.state import SeatsState
from schemas.commands import ChangeBestAvailable, ChangeObjectStatus, decode_seats_command
from schemas.facts import HoldDeadlineSet
from schemas.rejections import Rejected, Rejection
from schemas.topics import (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    EVENTS_SNAPSHOTS,
    GROUPS_COMMANDS,
    GROUPS_OUTBOX,
    GROUPS_SNAPSHOTS,
    INVENTORIES,
    Topics,
)
from seatlog.verify.client_log import Request
from seatlog.verify.clients import Clients
from seatlog.verify.history import History
from seatlog.verify.journal import Entry
from seatlog.verify.report import Report

overdue_ms_max = 3_000
"""The guard of the owner loop, and a little time to write."""
jump_leeway_ms = 5_000

Records = Mapping[TopicPartition, list[MemoryRecord]]


def report_on(topics: Topics, records: Records, requests: list[Request], now: int) -> Report:
    """Verify the log, and what the clients were told of it."""
    spans = {partition: Span(0, len(held)) for partition, held in records.items()}
    history = History(topics, spans, clients=Clients(requests))
    order = (
        INVENTORIES,
        GROUPS_SNAPSHOTS,
        EVENTS_SNAPSHOTS,
        GROUPS_COMMANDS,
        GROUPS_OUTBOX,
        EVENTS_COMMANDS,
        EVENTS_OUTBOX,
    )
    for name in order:
        for partition in partitions_of(topics, name):
            for record in records[partition]:
                history.take_in(record)
    report = history.finish()
    for partition, fold in history.folds.items():
        fold.holds.check_due(now, f"{partition} at its end", grace_ms=overdue_ms_max)
    return report


class Laid(NamedTuple):
    """The snapshots of an outbox, and the way in which a state is laid open for one."""

    snapshot: Callable[[Any], Any]
    kept: Mapping[int, bytes]
    """The states, by the offset that they stand for."""


def replay_faults(
    partition: TopicPartition,
    told: list[Entry],
    machine: Machine[Any, Any, Any],
    live: Any,  # noqa: ANN401 - the machine's state
    laid: Laid,
) -> Iterator[str]:
    """Fold an outbox from its start: all that was told or kept, and the end, must be the same."""
    state = machine.initial()
    left = dict(laid.kept)
    for entry in told:
        try:
            for fact in entry.data.facts:
                machine.evolve(state, fact)
            machine.conclude(state, entry.data)
        except Exception as error:  # noqa: BLE001 - whatever it is, this log does not replay
            yield f"{entry.where}: cannot be replayed: {error!r}"
            return
        if machine.digest(state) != entry.data.digest:
            yield f"{entry.where}: digest {entry.data.digest}, replayed {machine.digest(state)}"
            return
        kept = left.pop(entry.data.offset, None)
        if kept is not None and kept != msgspec.json.encode(laid.snapshot(state)):
            yield f"{entry.where}: the snapshot is not the replayed state"
    yield from (f"{partition}: a snapshot of {offset}, where nothing counts" for offset in left)
    if live is not None:
        replayed, lived = picture(state), picture(live)
        for part, value in replayed.items():
            if lived[part] != value:
                yield f"{partition}: replayed {part} {value}, the live owner has {lived[part]}"


def picture(state: Any) -> dict[str, Any]:  # noqa: ANN401 - a machine's state
    """Lay open all of a state that decisions depend on."""
    answers = state.answers
    seen = {"time": state.now, "answers": (answers._by_command, answers._deferred)}
    if isinstance(state, GroupsState):
        directory = state.directory
        return seen | {
            "events": directory._by_id,
            "holds": directory._holds,
            "doubt": {g.group: (g.asked, g.vote_by, g.verdicts) for g in state.groups},
        }
    assert isinstance(state, SeatsState)
    holds = state.holds
    return seen | {
        "events": {
            e.id: (e.key, e.last_seq, e.objects, e.area_holds) for e in state.events.values()
        },
        "sold as": {
            e.id: (e.map.selling, id(e.map.chart), e.overridden, e.is_in_the_past)
            for e in state.events.values()
        },
        "offered": {e.id: e.offers.taken for e in state.events.values()},
        "seasons": (state.seasons._seasons_of, state.seasons._events_of),
        "doubt": dict(state.doubt.parts()),
        "reserved": state.doubt._reserved,
        "parking": [item.waiting for item in state.parking._items.values()],
        "held objects": {token: list(held) for token, held in holds._objects.items()},
        "deadlines": {token: holds._deadline.get(token) for token in holds._objects},
        "changed deadlines": holds._revised,
    }


def early_faults(
    commands: list[MemoryRecord], told: list[Entry], jumps: list[int]
) -> Iterator[str]:
    """Say which command was refused for a hold that had not ended when it was stamped."""
    changed = {
        fact.token
        for entry in told
        for fact in entry.data.facts
        if isinstance(fact, HoldDeadlineSet)
    }
    waited = {
        entry.data.command.offset
        for entry in told
        if entry.data.command is not None and entry.data.answer is None
    }
    for entry in told:
        answer, position = entry.data.answer, entry.data.command
        if (
            position is None
            or position.offset in waited
            or not isinstance(answer, Rejected)
            or answer.code != Rejection.HOLD_TOKEN_EXPIRED.code
            or answer.repeat
        ):
            continue
        record = commands[position.offset]
        if any(0 <= jump - record.timestamp < jump_leeway_ms for jump in jumps):
            continue
        asked = decode_seats_command(record.value or b"")
        assert isinstance(asked, ChangeObjectStatus | ChangeBestAvailable)
        bearers = asked.changes if isinstance(asked, ChangeObjectStatus) else [asked]
        holds = [bearer.hold for bearer in bearers if bearer.hold]
        if all(h.expires_at > record.timestamp and h.token not in changed for h in holds):
            yield f"{entry.where}: refused as expired, {holds}, stamped {record.timestamp}"
