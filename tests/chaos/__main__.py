"""Runs chaos and says what it has shown: `python -m tests.chaos --duration 60 --brokers 1`."""

import argparse
import asyncio
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.cpu import Stopwatch
from seatlog.logs import log_to_stderr
from seatlog.verify.report import Check
from tests.chaos.figures import Figures, late, shortfalls
from tests.chaos.run import Settings, run

faults_shown_max = 20
load_per_core_max = 4.0
stolen_max = 0.25
"""Of the cores, by other machines on the same hardware: past both, these make the times."""


def main() -> int:
    """Run once; give 1 if anything was not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--duration", type=float, default=60.0, help="seconds of faults")
    parser.add_argument("--brokers", type=int, default=1, choices=(1, 3))
    parser.add_argument("--seed", type=int, help="repeats the faults of another run")
    parser.add_argument("--folder", type=Path, help="keeps everything of the run there")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    log_to_stderr("chaos", "CRITICAL")  # restarts and outages are what this is about
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    _tell(f"chaos for {given.duration:g} s on {given.brokers} brokers, --seed {seed}")
    with _folder(given.folder) as folder:
        settings = Settings(folder, given.duration, given.brokers, seed)
        watch = Stopwatch()
        outcome = asyncio.run(run(settings, _tell))
        stolen = watch.stolen()
    lost = outcome.report.fault_counts[Check.CLIENTS]
    _tell("\n".join([*outcome.report.lines(), "", f"answers that the log does not hold: {lost}"]))
    for fault in outcome.report.faults[:faults_shown_max]:
        _tell(f"FAULT {fault}")
    short = shortfalls(outcome.figures, outcome.report, came_to_rest=outcome.came_to_rest)
    short += _late(outcome.figures, stolen)
    for shortfall in short:
        _tell(f"FAIL  {shortfall}")
    _tell(f"--seed {seed}: {'failed' if short else 'everything held'}")
    return 1 if short else 0


def _late(figures: Figures, stolen: float) -> list[str]:
    """Say what took too long, if this machine can say anything about times."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    _tell(f"\nload of the machine: {load:.1f} on {cores} cores; others took {stolen:.0%} of them")
    if stolen <= stolen_max or load <= load_per_core_max * cores:
        return late(figures)
    for what in late(figures):
        _tell(f"not judged, for others took so much: {what}")
    return []


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    if named is not None:
        named.mkdir(parents=True)
        yield named.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="seatlog-chaos-") as folder:
        yield Path(folder)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    _tell(f"took {time.monotonic() - started:.0f} s")
    sys.exit(status)
