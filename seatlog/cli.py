"""The command line: puts the commands together and nothing else.

Each group of commands stands in a module of its own, `<group>_commands.py`.
"""

import typer

from seatlog import process_commands, topics_commands

app = typer.Typer(
    name="seatlog",
    help="A self-hosted seat-booking engine for ticket drops.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(topics_commands.app, name="topics")
app.command()(process_commands.worker)


def main() -> None:
    """Run the command line."""
    app()
