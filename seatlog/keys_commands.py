"""`seatlog keys`: letting callers in, and shutting them out."""

import asyncio
from typing import Annotated

import typer

from adapters.postgres.errors import DatabaseUnavailableError, WorkspaceUnknownError
from adapters.sealing import Seal
from seatlog.api_keys import create_key, revoke_key
from seatlog.settings import SettingsError, load_signing_key

app = typer.Typer(help="API keys: create and revoke.", no_args_is_help=True)

DatabaseUrl = Annotated[str, typer.Option(envvar="DATABASE_URL", help="Address of Postgres.")]


@app.command()
def create(
    *,
    database_url: DatabaseUrl,
    workspace: Annotated[
        str | None, typer.Option(help="Key of the workspace; without it a new one is made.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of a new workspace.")] = "Workspace",
    admin: Annotated[
        bool, typer.Option("--admin", help="For all workspaces of the company, and to manage them.")
    ] = False,
) -> None:
    """Make an API key and show its secret.

    With SEATLOG_SIGNING_KEY the secret is kept, encrypted, for `GET /workspaces`; without it the
    secret is shown this once.
    """
    try:
        signing_key = load_signing_key()
        seal = None if signing_key is None else Seal(signing_key)
        made = asyncio.run(create_key(database_url, seal, workspace, name, admin=admin))
    except (DatabaseUnavailableError, SettingsError, WorkspaceUnknownError) as error:
        typer.echo(f"seatlog keys create: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"workspace {made.workspace}")
    typer.echo(f"prefix    {made.key.prefix}   (names the key, for `seatlog keys revoke`)")
    typer.echo(f"secret    {made.key.secret}")


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The prefix that `keys create` showed.")],
    *,
    database_url: DatabaseUrl,
) -> None:
    """Shut an API key out; every ingress knows within 5 s."""
    try:
        found = asyncio.run(revoke_key(database_url, prefix))
    except DatabaseUnavailableError as error:
        typer.echo(f"seatlog keys revoke: {error}", err=True)
        raise typer.Exit(1) from error
    if not found:
        typer.echo(f"seatlog keys revoke: there is no key with the prefix {prefix}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{prefix} is revoked")
