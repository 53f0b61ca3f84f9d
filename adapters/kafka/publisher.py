"""Publishing without ownership: commands, inventories, votes, snapshots, dead letters.

Rules of this file:

1. Each broker has one request under way, with a batch for every partition that it leads and that
   has something to send. Meanwhile the next ones gather, and a moment longer if the request before
   had several records: to all who handle it, a batch costs as much as ten records
   (docs/performance.md). Whoever is alone does not wait.
2. Who publishes what others answer says how much is unanswered, and a batch takes half of that at
   most: two halves are under way, and while the owner decides one the ingress answers the other.
   If it were one large batch and a small one, they would mostly wait for each other. So the moment
   lasts until there is a half, but not long.
3. A batch is sent again until its deadline, and never stands in the log twice. When its ack stays
   out, the outcome is unknown, unless it never left this process: everybody who waits is told so,
   and the partition gets a new producer. The others go on, also while it is asked for.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    MessageSizeTooLargeError,
    NodeNotReadyError,
    RequestTimedOutError,
)

from adapters.kafka.connecting import NO_LEADER, close, connect, leader_of, learn_leaders
from adapters.kafka.producer import (
    Batch,
    Producer,
    ack_deadline_s,
    send_batches,
    start_producer,
)
from adapters.ports import (
    Appended,
    AppendUnknownError,
    LogUnreachableError,
    NewRecord,
    RecordTooLargeError,
    TopicPartition,
)

log = logging.getLogger(__name__)

batch_records_max = 1_000
batch_half_min = 16
"""A half may be as small as this; below, a batch costs more than it brings."""
gather_s = 0.001
"""The moment of rule 1."""
gather_half_s = 0.003
"""The longest moment of rule 2: in it, those whose answers came together ask together again."""
gathered_bytes_max = 768 * 1024
"""Below what any topic takes in one append (1 MiB, events.commands): the limit is the batch's."""
record_bytes_max = 10 * 1024 * 1024
"""Above the largest record of any topic (inventories, 8 MiB)."""


Tell = Callable[[Appended | Exception], None]
"""Takes the ack of a record, or why there is none; it must not raise."""


class _Waiting(msgspec.Struct, frozen=True, gc=False):
    record: NewRecord
    tell: Tell


@dataclass(slots=True, eq=False)
class _Sent:
    """A batch that is not acknowledged yet."""

    batch: Batch
    producer: Producer
    waiting: Sequence[_Waiting]
    deadline: float
    """By the loop's clock."""
    may_stand: bool = False
    """It was written to a connection: the log may hold it, whatever is heard of it."""


class _Line:
    """What waits to be appended to one partition."""

    __slots__ = ("asking", "leaderless_since", "partition", "producer", "queue", "sent")

    def __init__(self, partition: TopicPartition) -> None:
        self.partition = partition
        self.queue: deque[_Waiting] = deque()
        self.sent: _Sent | None = None
        self.producer: Producer | None = None
        self.asking: asyncio.Task[None] | None = None
        """For a producer; meanwhile no sender minds the line."""
        self.leaderless_since: float | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self.queue) or self.sent is not None


class Publisher:
    """Publishes records in batches; one instance per process."""

    def __init__(
        self,
        bootstrap: str,
        ack_deadline: float = ack_deadline_s,
        unanswered: Callable[[], int] | None = None,
    ) -> None:
        """Make one; `unanswered` counts the records that somebody has yet to answer, see rule 2."""
        self._bootstrap = bootstrap
        self._ack_deadline = ack_deadline
        self._unanswered = unanswered
        self._client: AIOKafkaClient | None = None
        self._starting = asyncio.Lock()
        self._lines: dict[TopicPartition, _Line] = {}
        self._senders: dict[int, asyncio.Task[None]] = {}
        """By broker."""
        self._crowded: set[int] = set()
        """Brokers whose last request had several records."""
        self._queued = 0
        """Records in all queues."""
        self._gathering = 0
        """Senders that wait for a half."""
        self._half_is_there = asyncio.Event()

    async def send(self, partition: TopicPartition, record: NewRecord) -> Appended:
        """Append a record and wait for its ack.

        Raises LogUnreachableError if it surely was not sent, RecordTooLargeError if it never can
        be, AppendUnknownError if it may stand in the log all the same.
        """
        return await self.enqueue(partition, record)

    def enqueue(self, partition: TopicPartition, record: NewRecord) -> "asyncio.Future[Appended]":
        """Append a record; the future has its ack, or the errors of `send`."""
        appended: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self.hand_over(partition, record, partial(_resolve, appended))
        return appended

    def hand_over(self, partition: TopicPartition, record: NewRecord, tell: Tell) -> None:
        """Append a record; `tell` is called with its ack, or with one of the errors of `send`."""
        line = self._lines.get(partition)
        if line is None:
            line = self._lines[partition] = _Line(partition)
        was_busy = line.is_busy
        line.queue.append(_Waiting(record, tell))
        self._queued += 1
        if self._gathering and self._is_half_there():
            self._half_is_there.set()
        if not was_busy:
            line.leaderless_since = None
            self._wake_sender(self._leader_of(line))

    async def close(self) -> None:
        """Stop sending; whoever still waits is told what became of his record."""
        asking = [line.asking for line in self._lines.values() if line.asking is not None]
        tasks = [*self._senders.values(), *asking]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for line in self._lines.values():
            self._give_up(line, LogUnreachableError("the publisher was closed"))
        await self._drop(self._client)

    def _leader_of(self, line: _Line) -> int:
        return NO_LEADER if self._client is None else leader_of(self._client, line.partition)

    def _wake_sender(self, leader: int) -> None:
        sender = self._senders.get(leader)
        if sender is None or sender.done():
            self._senders[leader] = asyncio.create_task(self._send_all(leader))

    def _busy_lines(self, leader: int) -> list[_Line]:
        """Give the busy lines to a broker, and wake the senders of those that it leads no more."""
        lines: list[_Line] = []
        for line in self._lines.values():
            if line.is_busy and line.asking is None:
                leads = self._leader_of(line)
                if leads == leader:
                    lines.append(line)
                else:
                    self._wake_sender(leads)
        return lines

    async def _send_all(self, leader: int) -> None:
        """Send what there is for a broker, until there is nothing more."""
        while True:
            if leader in self._crowded:
                await self._let_gather()
            lines = self._busy_lines(leader)
            if not lines:
                return
            client: AIOKafkaClient | None = None
            try:
                client = await self._started()
                if leader == NO_LEADER:
                    await self._find_leaders(client, lines)
                else:
                    await self._send_next(client, leader, lines)
            except Exception as error:
                if not isinstance(error, LogUnreachableError):
                    log.exception("records could not be published", extra={"broker": leader})
                for line in lines:
                    self._give_up(line, LogUnreachableError(str(error)))
                await self._drop(client)

    async def _let_gather(self) -> None:
        """Give those who are about to publish the moment of rules 1 and 2."""
        if self._unanswered is None:
            await asyncio.sleep(gather_s)
        elif not self._is_half_there():
            self._half_is_there.clear()
            self._gathering += 1
            try:
                async with asyncio.timeout(gather_half_s):
                    await self._half_is_there.wait()
            except TimeoutError:
                pass
            finally:
                self._gathering -= 1

    def _is_half_there(self) -> bool:
        return self._unanswered is not None and self._queued >= self._unanswered() // 2

    async def _find_leaders(self, client: AIOKafkaClient, lines: Collection[_Line]) -> None:
        now = asyncio.get_running_loop().time()
        leaderless = [line for line in lines if self._leader_of(line) == NO_LEADER]
        for line in leaderless:
            if line.leaderless_since is None:
                line.leaderless_since = now
            elif now - line.leaderless_since > self._ack_deadline:
                self._give_up(line, LogUnreachableError(f"nobody leads {line.partition}"))
            elif line.sent is not None:
                _settle(line, line.sent, LeaderNotAvailableError())
            client.add_topic(line.partition.topic)
        if leaderless:
            await learn_leaders(client)

    async def _send_next(
        self, client: AIOKafkaClient, leader: int, lines: Collection[_Line]
    ) -> None:
        sent: list[tuple[_Line, _Sent]] = []
        for line in lines:
            line.leaderless_since = None
            if line.producer is None:
                line.asking = line.asking or asyncio.create_task(self._ask(client, line))
                continue
            if line.sent is None and line.queue:
                self._take_next(line, line.producer)
            if line.sent is not None:
                sent.append((line, line.sent))
        if sent:
            await self._send_taken(client, leader, sent)

    async def _ask(self, client: AIOKafkaClient, line: _Line) -> None:
        """Ask for a line's producer, and hand the line back to its sender."""
        try:
            async with asyncio.timeout(self._ack_deadline):
                line.producer = await start_producer(client, line.partition)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
            log.warning("no producer", extra={"partition": str(line.partition), "why": repr(error)})
            self._give_up(line, LogUnreachableError(f"no producer for {line.partition}: {error!r}"))
        finally:
            line.asking = None
        self._wake_sender(self._leader_of(line))

    def _take_next(self, line: _Line, producer: Producer) -> None:
        """Take the next batch from a line's queue; if it cannot be built, nothing is taken."""
        waiting = _gather(line.queue, self._batch_max())
        self._queued -= len(waiting)
        try:
            batch = producer.build([one.record for one in waiting], record_bytes_max)
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
            _tell_all(waiting, _told(line.partition, waiting, error))
        else:
            deadline = asyncio.get_running_loop().time() + self._ack_deadline
            line.sent = _Sent(batch, producer, waiting, deadline)

    def _batch_max(self) -> int:
        if self._unanswered is None:
            return batch_records_max
        half = (self._unanswered() + 1) // 2
        return min(batch_records_max, max(batch_half_min, half))

    async def _send_taken(
        self, client: AIOKafkaClient, leader: int, sent: Sequence[tuple[_Line, _Sent]]
    ) -> None:
        outcomes: Mapping[TopicPartition, Appended | KafkaError] = {}
        unanswered: KafkaError = RequestTimedOutError()
        try:
            async with asyncio.timeout_at(min(one.deadline for _, one in sent)):
                outcomes = await _outcomes(client, leader, [one for _, one in sent])
        except TimeoutError:
            pass
        except KafkaError as error:
            unanswered = error
        for line, one in sent:
            _settle(line, one, outcomes.get(line.partition, unanswered))
        self._crowded.discard(leader)
        if any(line.sent is not None for line, _ in sent):
            await learn_leaders(client)
        elif sum(one.batch.record_count for _, one in sent) > 1:
            self._crowded.add(leader)

    def _give_up(self, line: _Line, error: LogUnreachableError) -> None:
        """Tell everybody in a line that it goes no further."""
        if line.sent is not None:
            _fail(line, line.sent, error)
        line.producer = None
        self._queued -= len(line.queue)
        _tell_all(line.queue, error)
        line.queue.clear()

    async def _started(self) -> AIOKafkaClient:
        async with self._starting:
            if self._client is None:
                topics = {line.partition.topic for line in self._lines.values()}
                self._client = await connect(self._bootstrap, topics)
            return self._client

    async def _drop(self, client: AIOKafkaClient | None) -> None:
        """Close a client, unless another has taken its place: then somebody else has closed it."""
        if client is not None and client is self._client:
            self._client = None
            await close(client)


async def _outcomes(
    client: AIOKafkaClient, leader: int, sent: Sequence[_Sent]
) -> Mapping[TopicPartition, Appended | KafkaError]:
    """Send batches and say what became of each; raises KafkaError if there is no answer."""
    if not await client.ready(leader):
        raise NodeNotReadyError(f"broker {leader} cannot be reached")
    for one in sent:
        one.may_stand = True
    return await send_batches(client, leader, [one.batch for one in sent])


def _gather(queue: deque[_Waiting], count_max: int) -> list[_Waiting]:
    batch: list[_Waiting] = []
    size = 0
    while queue and len(batch) < count_max:
        size += queue[0].record.size
        if batch and size > gathered_bytes_max:
            break
        batch.append(queue.popleft())
    return batch


def _settle(line: _Line, sent: _Sent, outcome: Appended | KafkaError) -> None:
    """Tell what became of a batch, unless it is to be sent again."""
    if line.sent is not sent:
        return  # its partition has moved to another broker meanwhile, which has answered first
    if isinstance(outcome, Appended):
        sent.producer.note_acknowledged(sent.batch)
        line.sent = None
        for offset, waiting in enumerate(sent.waiting, outcome.offset):
            waiting.tell(Appended(offset, outcome.timestamp))
    elif not outcome.retriable or asyncio.get_running_loop().time() >= sent.deadline:
        log.warning("a batch was not sent", extra={"why": repr(outcome)})
        _fail(line, sent, outcome)


def _fail(line: _Line, sent: _Sent, error: Exception) -> None:
    """Tell everybody who waits for a batch that it is not sent again."""
    line.sent = line.producer = None
    if sent.may_stand:
        _tell_all(sent.waiting, _told(line.partition, sent.waiting, error))
    else:
        _tell_all(sent.waiting, LogUnreachableError(f"{line.partition}: {error!r}"))


def _told(partition: TopicPartition, batch: Sequence[_Waiting], error: Exception) -> Exception:
    """Say what a failed batch means to those who wait for it."""
    # A record over the limit is always alone in its batch.
    if len(batch) == 1 and isinstance(error, ValueError | MessageSizeTooLargeError):
        return RecordTooLargeError(f"{partition} takes no record of {batch[0].record.size} bytes")
    return AppendUnknownError(f"{partition}: {error!r}")


def _tell_all(waiting: Iterable[_Waiting], error: Exception) -> None:
    for one in waiting:
        one.tell(error)


def _resolve(appended: "asyncio.Future[Appended]", outcome: Appended | Exception) -> None:
    if appended.done():
        return  # nobody waits any more
    if isinstance(outcome, Exception):
        appended.set_exception(outcome)
    else:
        appended.set_result(outcome)
