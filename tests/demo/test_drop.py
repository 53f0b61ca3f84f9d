"""A small drop on the real thing: two workers, a kill, a proof."""

import secrets
from pathlib import Path

import pytest
from rich.console import Console

from schemas.topics import load_topics
from seatlog.demo.drop import Drop, DropPlan
from seatlog.demo.plan import Behaviour
from seatlog.demo.plot import draw
from seatlog.demo.progress import progress_on
from seatlog.demo.proof import prove, shortfalls
from seatlog.demo.run import merge
from seatlog.installation import Installation
from seatlog.local.ports import free_port
from seatlog.verify.installation import verify
from tests.charts.venues import FOLDERS

HURRIED = Behaviour(
    at_the_door=40,
    at_the_door_s=0.2,
    arrivals_s=6.0,
    look_s=(0.05, 0.3),
    look_again_s=(0.05, 0.1),
    pay_s=(0.3, 2.0),
    fickle_holds=0,
    poll_every_s=0.1,
)


@pytest.mark.timeout(120)
async def test_a_small_drop_sells_out_over_a_kill_and_can_prove_it(
    kafka_bootstrap: str, database: str, tmp_path: Path
) -> None:
    prefix = f"t{secrets.token_hex(4)}."
    installation = Installation(
        tmp_path,
        bootstrap=kafka_bootstrap,
        dsn=database,
        port=free_port(),
        environment={"SEATLOG_TOPIC_PREFIX": prefix},
    )
    topics = load_topics().with_prefix(prefix)
    plan = DropPlan(
        drawing=FOLDERS[0] / "sampleChart.json",
        fans=300,
        connections=16,
        processes=2,
        behaviour=HURRIED,
        passes_min=1,
        deadline_s=40.0,
    )
    try:
        await installation.start()
        drop = Drop(plan, installation, kafka_bootstrap, topics, tmp_path)
        await drop.put_on_sale()
        with progress_on(Console()) as progress:
            await drop.run(progress.show)
        fans_log = tmp_path / "fans.jsonl"
        merge(drop.client_logs, fans_log)
        report = await verify(
            topics, bootstrap=kafka_bootstrap, database_url=database, client_log=fans_log
        )
    finally:
        await installation.stop()
    assert shortfalls(prove(drop.promise(), drop.witnessed(), report)) == []
    assert report.counts.seats_sold_by_event[drop.promise().saturday] == 32
    draw(drop.story(), tmp_path / "sell-through.png")
    assert (tmp_path / "sell-through.png").read_bytes().startswith(b"\x89PNG")
