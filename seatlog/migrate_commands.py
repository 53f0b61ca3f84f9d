"""`seatlog migrate`: bring the database to this program's schema."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from adapters.postgres import migrate
from adapters.postgres.errors import DatabaseUnavailableError

app = typer.Typer(help="The database: bring its schema to this version.")

DatabaseUrl = Annotated[
    str, typer.Option(envvar="DATABASE_URL", help="The database's address, postgresql://...")
]


@app.callback(invoke_without_command=True)
def apply(
    context: typer.Context,
    database_url: Annotated[
        str | None,
        typer.Option(envvar="DATABASE_URL", help="The database's address, postgresql://..."),
    ] = None,
) -> None:
    """Apply what the database has not had. Safe to repeat, and to run from two places at once."""
