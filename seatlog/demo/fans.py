"""A load process: `python -m seatlog.demo.fans`, started by the demo.

Rules of this file:

1. The plan comes on standard input, one line; then a line `sold out` when there will be no more
   seats. When standard input is closed, whoever started us is gone, and we end.
2. Standard output has a report twice a second, and a last one that says `done`.
"""

import asyncio
import signal
import sys
from pathlib import Path
from typing import IO

import msgspec
import uvloop

from seatlog.demo.box_office import BoxOffice
from seatlog.demo.crowd import Crowd
from seatlog.demo.plan import LoadPlan, LoadReport

report_every_s = 0.5
plan_bytes_max = 16 * 1024 * 1024
SOLD_OUT = b"sold out\n"


async def load() -> None:
    """Be a load process."""
    told = asyncio.StreamReader(limit=plan_bytes_max)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    plan = msgspec.json.decode(await told.readline(), type=LoadPlan)
    report = LoadReport()
    with _opened(plan.client_log) as log:
        async with BoxOffice(plan, report, log) as office:
            crowd = Crowd(plan, office, report)
            visits = asyncio.create_task(crowd.run())
            parts = [asyncio.create_task(_listen(told, crowd)), asyncio.create_task(_tell(report))]
            await asyncio.wait([visits, *parts], return_when=asyncio.FIRST_COMPLETED)
            for part in parts:
                part.cancel()
            if not visits.done():
                visits.cancel()  # nobody is there any more who would want to know
            await asyncio.gather(*parts, visits, return_exceptions=True)
    if not visits.cancelled():
        visits.result()
        report.done = True
        _say(report)


def _opened(file: str) -> IO[bytes]:
    return Path(file).open("wb")


async def _listen(told: asyncio.StreamReader, crowd: Crowd) -> None:
    """Take in what we are told, until there is nobody left to tell us anything."""
    while line := await told.readline():
        if line == SOLD_OUT:
            crowd.sold_out()


async def _tell(report: LoadReport) -> None:
    while True:
        await asyncio.sleep(report_every_s)
        _say(report)


def _say(report: LoadReport) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()
    report.latencies_ms = []


if __name__ == "__main__":
    # Ctrl-C in a terminal reaches us too; the demo stops us in its own order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvloop.run(load())
