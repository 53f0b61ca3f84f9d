"""`seatlog migrate`: bring the database's schema up to date."""

import asyncio
from typing import Annotated

import typer

from adapters.postgres.errors import DatabaseUnavailableError
from adapters.postgres.migrate import MigrationError
from adapters.postgres.migrate import migrate as migrate_database


def migrate(
    *,
    database_url: Annotated[str, typer.Option(envvar="DATABASE_URL", help="Address of Postgres.")],
) -> None:
    """Apply what the database has not had yet; does nothing the second time."""
    try:
        asyncio.run(migrate_database(database_url))
    except (DatabaseUnavailableError, MigrationError) as error:
        typer.echo(f"seatlog migrate: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo("the schema is up to date")
