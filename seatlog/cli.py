"""The command line: puts the commands together and nothing else.

Each group of commands stands in a module of its own, `<group>_commands.py`.
"""

import typer

from seatlog import charts_commands, keys_commands, process_commands, topics_commands
from seatlog.demo_commands import demo
from seatlog.migrate_command import migrate
from seatlog.serve_commands import serve
from seatlog.verify_commands import verify

app = typer.Typer(
    name="seatlog",
    help="A self-hosted seat-booking engine for ticket drops.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(demo)
app.command()(verify)
app.command()(migrate)
app.add_typer(topics_commands.app, name="topics")
app.add_typer(keys_commands.app, name="keys")
app.add_typer(charts_commands.app, name="charts")
for process in (process_commands.api, process_commands.worker, process_commands.projector):
    app.command()(process)


def main() -> None:
    """Run the command line."""
    app()
