"""One simulation: a seed in, what was found out.

It runs in two phases. First clients, owners and the nemesis act together. Then everything is
healed, and within a bounded time all work must come to its end; the oracles judge that end.
"""

import asyncio
import gc
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from unittest.mock import patch

from adapters.ports import Log, NewRecord, TopicPartition
from api.positions import partitions_of
from engine.charts.inventory import SeatMap
from engine.groups import machine
from engine.groups.machine import GroupsMachine
from engine.groups.snapshot import snapshot as groups_snapshot
from engine.seats.machine import SeatsMachine
from engine.seats.snapshot import snapshot as seats_snapshot
from schemas.inventory import compress, encode
from schemas.outbox import (
    HEADER_OFFSET,
    HEADER_TERM,
    decode_groups_record,
    decode_seats_record,
)
from schemas.snapshots import decode as decode_snapshot
from schemas.topics import (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    EVENTS_SNAPSHOTS,
    GROUPS_COMMANDS,
    GROUPS_OUTBOX,
    GROUPS_SNAPSHOTS,
    GROUPS_VOTES,
    INVENTORIES,
    Topics,
    load_topics,
)
from seatlog.verify.journal import Entry, Journal
from seatlog.verify.report import Check, Counts, Report
from tests.engine.factories import ATTIC, THEATRE, hash_of
from tests.simulation import oracles
from tests.simulation.broker import Broker
from tests.simulation.clients import Client
from tests.simulation.cluster import Cluster, WatchedLedger
from tests.simulation.dice import Dice, Fault
from tests.simulation.ingress import Ingress
from tests.simulation.loop import VirtualLoop
from tests.simulation.organisers import Programme
from tests.simulation.trace import Trace
from tests.simulation.world import World
from workers import owner, snapshots
from workers.role import Role
from workers.snapshots import Kept
from workers.turns import Turns

VENUES: Final = (THEATRE, ATTIC)
"""Events begin in the first; the other has less of all."""
SEAT_MAPS: Final = {hash_of(venue): SeatMap(venue) for venue in VENUES}
PACKED: Final = [
    NewRecord(compress(encode(venue)), key=hash_of(venue).encode()) for venue in VENUES
]
clients_number: Final = 5
steps_each: Final = 10
records_between: Final = (5, 25, 10_000)
"""Snapshots, by seed: many, some or none."""
events_partitions: Final = (1, 2, 2, 3, 3, 3)
"""In one there are no groups; they come in every other."""
replaced_at_once: Final = 2
"""Events of a chart, so that a publication needs several decisions."""
nemesis_turn_ms: Final = (50, 400)
healed_within_ms: Final = 40_000
look_every_ms: Final = 250
at_rest_ms: Final = 2_500
"""Expiries and decisions need no command to be answered; they are done by then."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed."""

    seed: int
    findings: tuple[str, ...]
    fired: Counter[Fault]
    fired_in_doubt: Counter[Fault]
    """Crashes of owners that had a group in doubt."""
    counts: Counts
    restored: int
    """Replays that began at a snapshot."""
    steps: int
    trace_hash: str
    lines: tuple[str, ...]


def simulate(seed: int, *, trace: bool = False) -> Outcome:
    """Run a seed."""
    with _alone():
        return _Simulation(seed, trace=trace).run()


@contextmanager
def _alone() -> Iterator[None]:
    """Hold off what costs time and says nothing here: the logs, and the search for cycles."""
    was_on, disabled = gc.isenabled(), logging.root.manager.disable
    gc.disable()
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
        if was_on:
            gc.enable()


@cache
def _topics(events: int, groups: int) -> Topics:
    return load_topics().with_partitions(events=events, groups=groups)


class _Simulation:
    """The world of one seed."""

    def __init__(self, seed: int, *, trace: bool) -> None:
        self.seed = seed
        self.loop = VirtualLoop()
        self.trace = Trace(self.loop.now_ms, keep=trace)
        self.dice = Dice(seed, self.trace.tell)
        self.topics = _topics(self.dice.random.choice(events_partitions), self.dice.between(1, 2))
        self.programme = Programme.draw(self.dice)
        self.broker = Broker(self.loop, self.dice, self.trace)
        self.world = world = World(self.loop, self.dice, self.trace, self.broker, self.topics)
        events = partitions_of(self.topics, EVENTS_COMMANDS)
        self.coordinators = partitions_of(self.topics, GROUPS_COMMANDS)
        self.cluster = Cluster(world, [*events, *self.coordinators], SEAT_MAPS)
        self.ingress: Ingress
        """Made when the dice speak for `secrets`: it has a random name."""
        self.findings = self.cluster.findings
        self.counts = Counts()
        self.restored = 0

    def run(self) -> Outcome:
        self.loop.set_exception_handler(lambda _loop, _context: None)
        numbers = self.dice.random
        token = patch.object(secrets, "token_hex", lambda size: numbers.randbytes(size).hex())
        states = patch.object(WatchedLedger, "states", dict[tuple[TopicPartition, int], Any]())
        few = patch.object(machine, "inventories_replaced_at_once_max", replaced_at_once)
        often = patch.object(
            snapshots, "records_between_min", records_between[self.seed % len(records_between)]
        )
        begins = patch.object(owner, "newest", self._newest)
        always = patch.object(snapshots, "state_bytes_per_record", 1_000_000)
        watched = patch.object(owner, "Ledger", WatchedLedger)
        with token, states, few, often, begins, always, watched:
            try:
                self.loop.run_until_complete(self._live())
            finally:
                self._end_tasks()
                self.loop.close()
        return Outcome(
            self.seed,
            tuple(self.findings),
            self.dice.fired,
            self.cluster.fired_in_doubt,
            self.counts,
            self.restored,
            self.trace.steps,
            self.trace.digest(),
            tuple(self.trace.lines),
        )

    async def _newest(self, role: Role[Any, Any, Any], log_port: Log, turns: Turns) -> Kept | None:
        there_are_some = self.broker.end(role.snapshots) > 0
        kept = await snapshots.newest(role, log_port, turns)
        self.restored += kept is not None
        if there_are_some and kept is None:
            self.findings.append(f"the newest snapshot of {role.outbox} is left aside")
        return kept

    def _end_tasks(self) -> None:
        """End what runs still: sleepers of the dead, and whoever a finding left behind."""
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        self.loop.run_until_complete(asyncio.wait(left) if left else asyncio.sleep(0))

    async def _live(self) -> None:
        self.ingress = Ingress(self.world)
        self.broker.publish(TopicPartition(self.topics[INVENTORIES].physical_name, 0), PACKED)
        self.cluster.start_all()
        reading = asyncio.ensure_future(self.ingress.run())
        nemesis = asyncio.ensure_future(self._nemesis())
        clients = [
            Client(f"c{number}", self.ingress, self.dice, [*SEAT_MAPS], self.programme)
            for number in range(clients_number)
        ]
        await asyncio.gather(*(client.run(steps_each) for client in clients))
        nemesis.cancel()
        await self._come_to_rest()
        if reading.done():
            self.findings.append(f"the ingress has ended: {reading.exception()!r}")
        await self.cluster.close()
        reading.cancel()
        await asyncio.gather(reading, nemesis, return_exceptions=True)
        self._judge()

    async def _nemesis(self) -> None:
        """Do from outside what can be done to processes, to the group and to clocks."""
        turns: dict[Fault, Callable[[], None]] = {
            Fault.KILL: self._kill,
            Fault.ZOMBIE: self._stop,
            Fault.SUSPENDED: self._suspend,
            Fault.REBALANCE: lambda: self.cluster.group.assign(anew=True),
            Fault.COORDINATORS_DOWN: self._withhold,
            Fault.LOG_AWAY: lambda: self.broker.go_away(self.dice.between(50, 3_000)),
            Fault.BROKER_CLOCK_JUMP: lambda: self.broker.jump(self._leap_ms()),
            Fault.ALL_ASLEEP: lambda: self._sleep(self._leap_ms()),
        }
        while True:
            await asyncio.sleep(self.dice.between(*nemesis_turn_ms) / 1000)
            for fault, act in turns.items():
                if self.dice.fires(fault):
                    act()

    def _kill(self) -> None:
        running = self.cluster.alive()
        if running:
            self.cluster.kill(self.dice.random.choice(running))

    def _stop(self) -> None:
        running = self.cluster.alive()
        if running:
            victim = self.dice.random.choice(running)
            self.cluster.stop(victim, self.dice.between(20, 5_000), clock_stands=False)

    def _suspend(self) -> None:
        running = self.cluster.alive()
        if running:
            victim = self.dice.random.choice(running)
            self.cluster.stop(victim, self.dice.between(20, 5_000), clock_stands=True)

    def _withhold(self) -> None:
        self.cluster.group.withhold(frozenset(self.coordinators))
        self.broker.later(self.dice.between(500, 4_000), self.cluster.group.withhold, frozenset())

    def _leap_ms(self) -> int:
        most = 8_000 if self.dice.chance(0.7) else 4_000_000
        return self.dice.between(100, most)

    def _sleep(self, for_ms: int) -> None:
        self.broker.jump(for_ms)
        self.cluster.move_clocks(for_ms)

    async def _come_to_rest(self) -> None:
        """Heal everything and wait until all is done; nobody who works is disturbed."""
        self.dice.disarm()
        self.broker.come_back()
        self.cluster.heal()
        self.cluster.group.withhold(frozenset())
        await self._answered_in_time()
        # A last command brings every partition the broker's time: who was stopped while an ack was
        # on its way believes in an older one until then.
        for partition in partitions_of(self.topics, EVENTS_COMMANDS):
            self.broker.publish(partition, [NewRecord(b"the last one")])
        await self._answered_in_time()
        await asyncio.sleep(0.2)
        self._sleep(20_000)
        await asyncio.sleep(at_rest_ms / 1000)

    async def _answered_in_time(self) -> None:
        for _ in range(healed_within_ms // look_every_ms):
            if self._all_answered() and not self._in_doubt():
                return
            await asyncio.sleep(look_every_ms / 1000)

    def _all_answered(self) -> bool:
        return all(
            self._answered(TopicPartition(self.topics[outbox].physical_name, partition.partition))
            >= len(self.broker.records(partition))
            for commands, outbox in (
                (EVENTS_COMMANDS, EVENTS_OUTBOX),
                (GROUPS_COMMANDS, GROUPS_OUTBOX),
            )
            for partition in partitions_of(self.topics, commands)
        )

    def _in_doubt(self) -> bool:
        outboxes = {outbox for outbox, _ in WatchedLedger.states}
        return any(map(WatchedLedger.in_doubt, outboxes))

    def _answered(self, outbox: TopicPartition) -> int:
        """Give the next command to answer, by the last record that counts."""
        term, last = b"", None
        for record in self.broker.records(outbox):
            headers = dict(record.headers)
            if HEADER_TERM not in headers:
                term = b"%d" % record.offset
            elif headers[HEADER_TERM] == term and headers[HEADER_OFFSET] == b"%d" % record.offset:
                last = record
        if last is None:
            return 0
        positions: dict[str, int] = self._decode(outbox)(last.value).data.positions
        commands = outbox.topic.replace("outbox", "commands")
        return positions.get(f"{commands}/{outbox.partition}", 0)

    def _decode(self, outbox: TopicPartition) -> Any:  # noqa: ANN401
        is_seats = outbox.topic == self.topics[EVENTS_OUTBOX].physical_name
        return decode_seats_record if is_seats else decode_groups_record

    def _judge(self) -> None:
        names = (
            INVENTORIES,
            EVENTS_COMMANDS,
            EVENTS_OUTBOX,
            EVENTS_SNAPSHOTS,
            GROUPS_COMMANDS,
            GROUPS_OUTBOX,
            GROUPS_SNAPSHOTS,
            GROUPS_VOTES,
        )
        records = {
            partition: self.broker.records(partition)
            for name in names
            for partition in partitions_of(self.topics, name)
        }
        report = oracles.report_on(
            self.topics, records, self.ingress.requests, self.broker.now_ms()
        )
        self.counts = report.counts
        self.findings += map(str, report.faults)
        if Check.SNAPSHOTS in report.skipped:
            self.findings.append(f"{Check.SNAPSHOTS}: {report.skipped[Check.SNAPSHOTS]}")
        events = self.topics[EVENTS_COMMANDS].partitions
        for outbox in partitions_of(self.topics, EVENTS_OUTBOX):
            told = self._compare(
                outbox,
                records,
                SeatsMachine(outbox.partition, SEAT_MAPS),
                oracles.Laid(seats_snapshot, self._kept(EVENTS_SNAPSHOTS, outbox)),
            )
            commands = TopicPartition(self.topics[EVENTS_COMMANDS].physical_name, outbox.partition)
            self.findings += oracles.early_faults(records[commands], told, self.broker.jumps)
        for outbox in partitions_of(self.topics, GROUPS_OUTBOX):
            laid = oracles.Laid(groups_snapshot, self._kept(GROUPS_SNAPSHOTS, outbox))
            self._compare(outbox, records, GroupsMachine(outbox.partition, events), laid)

    def _kept(self, topic: str, outbox: TopicPartition) -> dict[int, bytes]:
        """Give the states that were kept of an outbox, by the offset that they stand for."""
        partition = TopicPartition(self.topics[topic].physical_name, outbox.partition)
        kept = [decode_snapshot(record.value or b"") for record in self.broker.records(partition)]
        return {snapshot.offset: bytes(snapshot.state) for snapshot in kept}

    def _compare(
        self,
        outbox: TopicPartition,
        records: oracles.Records,
        machine: Any,  # noqa: ANN401
        laid: oracles.Laid,
    ) -> list[Entry]:
        """Compare the live owner of an outbox with a replay; give the records that count."""
        journal = Journal(outbox, self._decode(outbox), Report())
        told = [entry for record in records[outbox] if (entry := journal.read(record))]
        live = WatchedLedger.states.get((outbox, -1 if journal.term is None else journal.term))
        self.findings += oracles.replay_faults(outbox, told, machine, live, laid)
        return told
