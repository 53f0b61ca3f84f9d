"""Verifies a running, or a resting, installation: its broker, its database, its clients' log.

Rules of this file:

1. Effects are measured before their causes: first the ends of the snapshots, then those of
   events.outbox, then those of groups.outbox, then those of the commands and votes. So what a
   snapshot or an outbox refers to has been read, even while everything goes on.
2. Of the snapshots the last ones are read and no more: the others are on their way out.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from adapters.kafka.admin import describe_topics
from adapters.kafka.plain_log import ReadableLog, open_plain_log
from adapters.ports import LogRecord, LogUnreachableError, Span, TopicPartition
from adapters.postgres.projection import status_changes_kept_ms
from adapters.postgres.results import results_kept_ms
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
)
from seatlog.verify.client_log import read_client_log
from seatlog.verify.clients import Clients
from seatlog.verify.history import History
from seatlog.verify.read_model import ReadModel, open_read_model, wait_s
from seatlog.verify.report import Check, Report

fetch_records_max = 5_000
fetch_wait_ms = 1_000
silent_fetches_max = 10
"""So often nothing may come where the log is not at its end."""
clocks_differ_ms = 24 * 60 * 60 * 1000
"""More than this host's clock and those of brokers and projectors ever do."""
results_margin_ms = 12 * 60 * 60 * 1000
"""The same for results, which are kept for a day and no more: a whole day off leaves nothing to
compare. Half a day is more than a host is wrong by that has another time zone, and holds of minutes
end at the right time on none that is an hour off."""
_PASSES = (
    (INVENTORIES,),
    (GROUPS_SNAPSHOTS,),
    (EVENTS_SNAPSHOTS,),
    (GROUPS_COMMANDS, GROUPS_OUTBOX),
    (EVENTS_COMMANDS, EVENTS_OUTBOX),
)


class NotInstalledError(Exception):
    """The broker does not have the topics; the message says which."""


async def verify(
    topics: Topics,
    *,
    bootstrap: str,
    database_url: str | None = None,
    client_log: Path | None = None,
    allow_pending: bool = False,
    read_model_wait_s: float = wait_s,
) -> Report:
    """Verify an installation; how many partitions the topics have, the broker says.

    Raises NotInstalledError, ClientLogError, and BrokerError, LogUnreachableError or
    DatabaseUnavailableError where a server is away.
    """
    clients = Clients(read_client_log(client_log)) if client_log is not None else None
    topics = await _with_partitions_of(bootstrap, topics)
    async with open_plain_log(bootstrap) as log:
        return await verify_log(
            topics,
            log,
            database_url=database_url,
            clients=clients,
            allow_pending=allow_pending,
            read_model_wait_s=read_model_wait_s,
        )


async def verify_log(
    topics: Topics,
    log: ReadableLog,
    *,
    database_url: str | None = None,
    clients: Clients | None = None,
    allow_pending: bool = False,
    read_model_wait_s: float = wait_s,
) -> Report:
    """Verify what stands in a log, and the read model that was made of it."""
    last = await _last_snapshots(log, topics)
    begun = await _spans(log, topics, EVENTS_OUTBOX)
    begun |= await _spans(log, topics, GROUPS_OUTBOX)
    ends = {partition: span.end for partition, span in begun.items()}
    async with contextlib.AsyncExitStack() as held:
        read_model = None
        if database_url is not None:
            opened = open_read_model(database_url, ends, timeout_s=read_model_wait_s)
            read_model = await held.enter_async_context(opened)
        spans = last | await _all_spans(log, topics, begun, read_model)
        now = _now_ms()
        history = History(
            topics,
            spans,
            clients=clients,
            allow_pending=allow_pending,
            changes_since=now - status_changes_kept_ms + clocks_differ_ms,
            results_since=None if read_model is None else now - results_kept_ms + results_margin_ms,
        )
        for names in _PASSES:
            for together in _together(topics, names):
                await _read(log, {part: spans[part] for part in together}, history.take_in)
        report = history.finish()
        if read_model is not None:
            await _compare(read_model, history, ends, spans)
    return report


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _compare(
    read_model: ReadModel,
    history: History,
    ends: Mapping[TopicPartition, int],
    spans: Mapping[TopicPartition, Span],
) -> None:
    """Compare the read model if it came to where the outboxes were when this began."""
    report = history.report
    for behind in read_model.behind(ends):
        report.fault(Check.READ_MODEL, behind, "the projection did not come to its end in time")
    for partition in history.journals:
        position, end = read_model.position(partition), spans[partition].end
        if position > end:
            lost = f"is projected up to {position}, and ends at {end}: the log has lost records"
            report.fault(Check.READ_MODEL, str(partition), lost)
    if report.fault_counts[Check.READ_MODEL]:
        report.skipped[Check.READ_MODEL] = "it is not where the outboxes are"
    else:
        await read_model.compare(history)


async def _all_spans(
    log: ReadableLog,
    topics: Topics,
    begun: Mapping[TopicPartition, Span],
    read_model: ReadModel | None,
) -> dict[TopicPartition, Span]:
    """Measure everything else that is read: events.outbox up to where the read model is."""
    now = await _spans(log, topics, EVENTS_OUTBOX)
    spans = {
        part: span
        if read_model is None
        else Span(span.begin, max(span.end, min(now[part].end, read_model.position(part))))
        for part, span in begun.items()
        if part in now
    }
    for name in (GROUPS_OUTBOX, EVENTS_COMMANDS, GROUPS_COMMANDS, GROUPS_VOTES, INVENTORIES):
        spans |= await _spans(log, topics, name)
    return spans


async def _last_snapshots(log: ReadableLog, topics: Topics) -> dict[TopicPartition, Span]:
    spans = await _spans(log, topics, EVENTS_SNAPSHOTS)
    spans |= await _spans(log, topics, GROUPS_SNAPSHOTS)
    return {part: Span(max(span.begin, span.end - 1), span.end) for part, span in spans.items()}


async def _spans(log: ReadableLog, topics: Topics, name: str) -> dict[TopicPartition, Span]:
    partitions = _partitions(topics, name)
    return {partition: await log.span(partition) for partition in partitions}


def _partitions(topics: Topics, name: str) -> list[TopicPartition]:
    topic = topics[name]
    return [TopicPartition(topic.physical_name, number) for number in range(topic.partitions)]


def _together(topics: Topics, names: tuple[str, ...]) -> list[tuple[TopicPartition, ...]]:
    """Pair the partitions of topics: commands are read with their results."""
    return list(zip(*(_partitions(topics, name) for name in names), strict=True))


async def _read(
    log: ReadableLog, spans: Mapping[TopicPartition, Span], take_in: Callable[[LogRecord], None]
) -> None:
    """Read partitions to their ends."""
    left = {partition: span for partition, span in spans.items() if span.begin < span.end}
    if not left:
        return
    reader = await log.read_from({partition: span.begin for partition, span in left.items()})
    silent = 0
    try:
        while left:
            records = await reader.fetch(fetch_records_max, fetch_wait_ms)
            silent = 0 if records else silent + 1
            if silent > silent_fetches_max:
                names = ", ".join(map(str, left))
                raise LogUnreachableError(f"nothing comes from {names}, and it is not at its end")
            for record in records:
                partition = TopicPartition(record.topic, record.partition)
                span = left.get(partition)
                if span is None or record.offset >= span.end:
                    left.pop(partition, None)
                    continue
                take_in(record)
                if record.offset + 1 >= span.end:
                    del left[partition]
    finally:
        await reader.close()


async def _with_partitions_of(bootstrap: str, topics: Topics) -> Topics:
    states = await describe_topics(bootstrap, topics)
    missing = [
        topic.physical_name for topic in topics.values() if topic.physical_name not in states
    ]
    if missing:
        raise NotInstalledError(
            f"the broker at {bootstrap} has no topic {', '.join(missing)}: is the prefix right? "
            "`seatlog topics apply` creates them"
        )
    events = states[topics[EVENTS_OUTBOX].physical_name].partitions
    groups = states[topics[GROUPS_OUTBOX].physical_name].partitions
    return topics.with_partitions(events=events, groups=groups)
