"""`seatlog topics`: what topics.yaml declares, and bringing a broker in step with it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from adapters.kafka.admin import (
    Applied,
    BrokerError,
    Difference,
    apply_topics,
    describe_topics,
    differences,
)
from schemas.topics import UNLIMITED_MS, Topics, TopicsError, load_topics

app = typer.Typer(help="The topics: what is declared, and what the broker has.")

Answer = TypeVar("Answer")

Prefix = Annotated[
    str,
    typer.Option(envvar="SEATLOG_TOPIC_PREFIX", help="Put this before every name on the broker."),
]

# The longest unit that divides evenly is the one to read.
_DURATIONS_MS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))


@app.command()
def show(
    *,
    bootstrap: Annotated[
        str | None, typer.Option(help="Compare with the broker at this address, host:port.")
    ] = None,
    prefix: Prefix = "",
) -> None:
    """List the declared topics. With --bootstrap, exit with 1 where the broker differs."""
    topics = _declared(prefix)
    Console().print(_table(topics))
    if bootstrap is not None:
        found = differences(topics, _ask(describe_topics(bootstrap, topics)))
        _say("differs", found)
        if found:
            raise typer.Exit(1)
        typer.echo(f"The broker at {bootstrap} has exactly these.")


@app.command()
def apply(
    *,
    bootstrap: Annotated[
        str, typer.Option(envvar="KAFKA_BOOTSTRAP", help="The broker's address, host:port.")
    ],
    prefix: Prefix = "",
    replication: Annotated[
        int, typer.Option(min=1, help="Copies of each partition of a topic that is created.")
    ] = 1,
    grow: Annotated[
        bool, typer.Option("--grow", help="Add partitions; keys then change their partition.")
    ] = False,
) -> None:
    """Create missing topics and set what differs; exit with 1 if something is left."""
    topics = _declared(prefix)
    applied: Applied = _ask(apply_topics(bootstrap, topics, replication=replication, grow=grow))
    for name in applied.created:
        typer.echo(f"created  {name}")
    _say("altered", applied.altered)
    _say("left", applied.left)
    if applied.left:
        typer.echo("What is left moves records or copies, so it is a person's decision.", err=True)
        raise typer.Exit(1)
    if not applied.created and not applied.altered:
        typer.echo("Nothing to do: the broker has what is declared.")


def _declared(prefix: str) -> Topics:
    try:
        return load_topics().with_prefix(prefix)
    except TopicsError as error:
        raise _refusal(error) from error


def _ask(question: Coroutine[Any, Any, Answer]) -> Answer:
    # What the client logs on its way to a failure stands in the failure.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(question)
    except BrokerError as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> typer.Exit:
    typer.echo(f"seatlog: {error}", err=True)
    return typer.Exit(2)


def _say(what: str, found: list[Difference]) -> None:
    for difference in found:
        typer.echo(f"{what:8} {difference}")


def _table(topics: Topics) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("topic", "partitions", "key", "cleanup", "kept", "record size max"):
        table.add_column(column, no_wrap=True)
    for topic in topics.values():
        table.add_row(
            topic.physical_name,
            str(topic.partitions),
            topic.key,
            topic.cleanup,
            _duration(topic.retention_ms),
            f"{topic.record_size_max // 1024} KiB",
        )
    return table


def _duration(milliseconds: int) -> str:
    if milliseconds == UNLIMITED_MS:
        return "for ever"
    unit, size = next((unit, size) for unit, size in _DURATIONS_MS if milliseconds % size == 0)
    return f"{milliseconds // size}{unit}"
