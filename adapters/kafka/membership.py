"""Membership of a consumer group, apart from reading: who should own which partition.

Rules of this file:

1. The consumer is subscribed, its partitions are paused, and it is polled only to stay alive:
   `getmany` on a subscribed consumer can block while a rebalance runs, so nobody reads with it.
2. The group only suggests. Revocations mean nothing; each assignment is told whole.
3. A static member id lets a restarted process have its partitions back at once.
4. As few partitions as can be change hands when a member comes or goes (sticky assignment): one
   that does stands still until its new owner has replayed it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest

from adapters.ports import LogUnreachableError, TopicPartition

log = logging.getLogger(__name__)

heartbeat_ms = 300
"""So late a member hears of a rebalance, or that the group still has it: all that time nobody may
serve what has changed hands. A beat costs half a millisecond."""
session_timeout_ms = 6_000
"""The shortest that brokers allow by default. A stopped process' partitions wait so long, and so
long again if a rebalance was under way; a live one that pauses for longer loses nothing but them:
the group only suggests."""
request_deadline_ms = session_timeout_ms + 3_000
"""After it a silent coordinator is given up, and asked for anew. Longer than a session: who joins
is answered when the others have joined too, or theirs are over."""
start_deadline_s = 15.0
close_deadline_s = 1.0
"""A rebalance under way would hold the way out up for seconds; the session ends by itself."""


def new_assignor() -> type[StickyPartitionAssignor]:
    """Make the assignor of one member: its class keeps what that member was assigned last."""
    return type("Assignor", (StickyPartitionAssignor,), {})


class KafkaMembership(ConsumerRebalanceListener):
    """One member of the consumer group that spreads partitions over worker processes."""

    def __init__(self, bootstrap: str, group: str, member: str, topics: Sequence[str]) -> None:
        self._topics = topics
        self._assignor = new_assignor()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            group_instance_id=member,
            partition_assignment_strategy=(self._assignor,),
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=heartbeat_ms,
            rebalance_timeout_ms=session_timeout_ms,
            request_timeout_ms=request_deadline_ms,
            max_poll_interval_ms=300_000,
        )
        self._assignments: asyncio.Queue[frozenset[TopicPartition]] = asyncio.Queue()
        self._confirmed_at = 0.0
        """When the newest question was sent (monotonic s) whose answer was that we are a member."""
        self._assigned_by = 0.0
        """The same of the question that was answered with the newest assignment."""
        self._confirmation = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Join the group."""
        try:
            async with asyncio.timeout(start_deadline_s):
                self._consumer.subscribe(topics=self._topics, listener=self)
                await self._consumer.start()
        except (TimeoutError, KafkaError, OSError) as error:
            await self._consumer.stop()
            raise LogUnreachableError(f"could not join the consumer group: {error!r}") from error
        self._note_confirmations()
        self._polling = asyncio.create_task(self._stay_alive())

    async def changed(self) -> frozenset[TopicPartition]:
        """Wait for the next assignment and give the newest whole.

        Raises what ended the polling: without it this process is no member any more.
        """
        assert self._polling is not None, "join first"
        waiting = asyncio.ensure_future(self._assignments.get())
        try:
            await asyncio.wait({waiting, self._polling}, return_when=asyncio.FIRST_COMPLETED)
            if self._polling.done():
                self._polling.result()
            assignment = waiting.result()
        finally:
            waiting.cancel()
        while not self._assignments.empty():
            assignment = self._assignments.get_nowait()
        return assignment

    async def confirmed(self) -> None:
        """Wait until the group has said to a question sent after this call that we are a member."""
        asked_at = time.monotonic()
        while self._confirmed_at <= asked_at:
            await self._confirmation.wait()

    async def close(self) -> None:
        """Leave quietly: a static member's partitions wait for it for a session's length."""
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError, KafkaError):
                await self._polling
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(close_deadline_s):
                await self._consumer.stop()

    def on_partitions_revoked(self, revoked: Iterable[KafkaPartition]) -> None:
        """Rule 2: nothing to do."""

    def on_partitions_assigned(self, assigned: Iterable[KafkaPartition]) -> None:
        """Pause what was assigned and tell the whole assignment."""
        # Of two who claim a partition one was away when it changed hands: the generation tells who.
        # aiokafka does not tell it to its assignor.
        coordinator: Any = self._consumer._coordinator  # noqa: SLF001
        self._assignor.on_generation_assignment(coordinator.generation)
        partitions = list(assigned)
        self._consumer.pause(*partitions)
        self._assignments.put_nowait(
            frozenset(TopicPartition(tp.topic, tp.partition) for tp in partitions)
        )
        # An assignment says that we are a member: who came back from an absence need not wait for
        # a heartbeat as well. It is told first, so that an owner of what is lost is dropped.
        self._confirm(self._assigned_by)

    async def _stay_alive(self) -> None:
        while True:
            try:
                await self._consumer.getmany(timeout_ms=500)
            except KafkaError as error:
                if not error.retriable:
                    raise
                log.warning("the consumer group does not answer", extra={"why": repr(error)})
                await asyncio.sleep(0.5)
            self._consumer.pause(*self._consumer.assignment())

    def _note_confirmations(self) -> None:
        """Wrap the private method that all questions to the group pass (aiokafka is pinned)."""
        coordinator: Any = self._consumer._coordinator  # noqa: SLF001
        ask = coordinator._send_req  # noqa: SLF001

        async def asked(question: object) -> Any:  # noqa: ANN401 - any answer
            asked_at = time.monotonic()
            answer = await ask(question)
            if isinstance(question, SyncGroupRequest):
                self._assigned_by = asked_at
            elif isinstance(question, HeartbeatRequest) and not answer.error_code:
                # While the group rebalances a heartbeat keeps the member in it, and its answer is
                # an error: it confirms no assignment.
                self._confirm(asked_at)
            return answer

        coordinator._send_req = asked  # noqa: SLF001

    def _confirm(self, asked_at: float) -> None:
        self._confirmed_at = max(self._confirmed_at, asked_at)
        self._confirmation.set()
        self._confirmation = asyncio.Event()
