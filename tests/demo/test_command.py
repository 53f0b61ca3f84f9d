"""`seatlog demo` as a command: how it ends when the drop is not what it promises."""

import asyncio
import io
import os
import re
import signal
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from seatlog.cli import app
from seatlog.demo.plan import Behaviour
from seatlog.demo.proof import Line
from seatlog.demo.run import Settings, _tell
from tests.eventually import eventually
from tests.stack.served import processes_of


async def test_a_demo_whose_fans_are_lost_says_so_and_leaves_nothing_running(
    kafka_bootstrap: str, database: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    servers = {"KAFKA_BOOTSTRAP": kafka_bootstrap, "DATABASE_URL": database}
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "seatlog", "demo", "--data", str(data), "--connections", "16"),
        env={**os.environ, **servers},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

    def fans() -> list[int]:
        commands = processes_of(data).items()
        return [pid for pid, command in commands if "seatlog.demo.fans" in command]

    def the_fans_have_come() -> None:
        assert len(fans()) == 2

    await eventually(the_fans_have_come, within=60)
    os.kill(fans()[0], signal.SIGKILL)
    async with asyncio.timeout(30):
        said, complained = await running.communicate()
    assert running.returncode == 1
    assert b"the sale opens" in said
    assert re.match(rb"seatlog demo: load process [01] ended with status -9; see ", complained)
    assert processes_of(data) == {}


@pytest.mark.parametrize(
    ("option", "value", "bound"),
    [("--connections", "513", "512"), ("--fans", "7999", "8000"), ("--load-processes", "9", "8")],
)
def test_what_the_demo_cannot_do_is_refused(
    option: str, value: str, bound: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    refused = CliRunner().invoke(app, ["demo", "--data", str(data), option, value])
    assert refused.exit_code == 2
    assert option in refused.output
    assert bound in refused.output
    assert not data.exists()


@pytest.mark.parametrize("holds", [True, False])
def test_what_a_drop_was_made_of_is_kept_where_it_fell_short(
    tmp_path: Path, *, holds: bool
) -> None:
    kept = ["fans.jsonl", "seatlog.log"]
    for name in ("kafka", "postgres", "bytecode"):
        (tmp_path / name).mkdir()
    for name in ("admin-key", "api-key", "signing-key", *kept):
        (tmp_path / name).touch()
    made = {file.name for file in tmp_path.iterdir()}
    settings = Settings(
        folder=tmp_path,
        plot=tmp_path / "sell-through.png",
        fans=20_000,
        connections=192,
        load_processes=2,
        behaviour=Behaviour(),
        keeps_servers=False,
    )
    file = io.StringIO()
    lines = [Line(holds, "seats sold", "8,896 of 8,897"), Line(None, "took", "80 s")]
    assert _tell(lines, settings, Console(file=file, width=200)) is holds
    assert {file.name for file in tmp_path.iterdir()} == (set(kept) if holds else made)
    assert f"{'ok  ' if holds else 'FAIL'} seats sold: 8,896 of 8,897" in file.getvalue()
    assert ("The drop fell short." in file.getvalue()) is not holds
