"""`seatlog verify`: read everything that was logged, and say whether it holds together."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import typer

from adapters.kafka.admin import BrokerError
from adapters.ports import LogUnreachableError, PositionLostError
from adapters.postgres.errors import DatabaseUnavailableError
from adapters.postgres.migrate import MigrationError, pending
from schemas.topics import TopicsError, load_topics
from seatlog.verify.client_log import ClientLogError
from seatlog.verify.installation import NotInstalledError
from seatlog.verify.installation import verify as verify_installation
from seatlog.verify.report import Report

faults_shown_max = 30


def verify(
    *,
    bootstrap: Annotated[
        str, typer.Option(envvar="KAFKA_BOOTSTRAP", help="The broker's address, host:port.")
    ],
    database_url: Annotated[
        str | None,
        typer.Option(envvar="DATABASE_URL", help="Address of Postgres; compares the read model."),
    ] = None,
    prefix: Annotated[
        str,
        typer.Option(
            envvar="SEATLOG_TOPIC_PREFIX", help="Put this before every name on the broker."
        ),
    ] = "",
    client_log: Annotated[
        Path | None,
        typer.Option(help="What the clients asked for and were told, one JSON object a line."),
    ] = None,
    allow_pending: Annotated[
        bool, typer.Option("--allow-pending", help="Commands may be without a result at the end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read the topics from their start and check every guarantee; exit with 1 on any fault."""
    # What the client logs on its way to a failure stands in the failure.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        report = asyncio.run(
            _verify(bootstrap, database_url, prefix, client_log, allow_pending=allow_pending)
        )
    except (
        BrokerError,
        ClientLogError,
        DatabaseUnavailableError,
        LogUnreachableError,
        MigrationError,
        NotInstalledError,
        PositionLostError,
        TopicsError,
    ) as error:
        typer.echo(f"seatlog verify: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(report.to_json().decode() if as_json else "\n".join(_lines(report)))
    if not report.is_clean:
        raise typer.Exit(1)


async def _verify(
    bootstrap: str,
    database_url: str | None,
    prefix: str,
    client_log: Path | None,
    *,
    allow_pending: bool,
) -> Report:
    if database_url is not None and (missing := await pending(database_url)):
        raise MigrationError(f"the database lacks {', '.join(missing)}: run `seatlog migrate`")
    return await verify_installation(
        load_topics().with_prefix(prefix),
        bootstrap=bootstrap,
        database_url=database_url,
        client_log=client_log,
        allow_pending=allow_pending,
    )


def _lines(report: Report) -> list[str]:
    lines = report.lines()
    shown = [str(fault) for fault in report.faults[:faults_shown_max]]
    left = sum(report.fault_counts.values()) - len(shown)
    more = [f"... and {left:,} more (--json lists the first of each kind)"] if left else []
    return [*lines, *([""] if shown else []), *shown, *more]
