"""`seatlog migrate`: bring the database to this program's schema."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from adapters.postgres import migrate
from adapters.postgres.errors import DatabaseUnavailableError

app = typer.Typer(
    help="The database: bring its schema to this version.", invoke_without_command=True
)

DatabaseUrl = Annotated[
    str, typer.Option(envvar="DATABASE_URL", help="The database's address, postgresql://...")
]


@app.callback()
def apply(
    database_url: DatabaseUrl,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what is missing; exit with 1 if anything.")
    ] = False,
) -> None:
    """Apply what the database has not had. Safe to repeat, and from two places at once."""
    if dry_run:
        missing = _ask(migrate.pending(database_url))
        _say("missing", missing)
        if missing:
            raise typer.Exit(1)
        return
    _say("applied", _ask(migrate.migrate(database_url)))


def _ask(question: Coroutine[Any, Any, list[str]]) -> list[str]:
    try:
        return asyncio.run(question)
    except (migrate.MigrationError, DatabaseUnavailableError) as error:
        typer.echo(f"seatlog: {error}", err=True)
        raise typer.Exit(2) from error


def _say(what: str, migrations: list[str]) -> None:
    for migration in migrations:
        typer.echo(f"{what}  {migration}")
    if not migrations:
        typer.echo("Nothing to do: the database has the schema of this version.")
