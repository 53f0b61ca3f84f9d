"""Run seeds: `python -m tests.simulation --seeds 2000`, or one: `--seed 17 --trace`."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context

from tests.simulation.dice import Fault
from tests.simulation.simulation import Outcome, simulate


def run_seeds(seeds: range, processes: int) -> Iterator[Outcome]:
    """Run seeds on several processes, in their order."""
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(simulate, seeds, chunksize=10)


def replay_command(seed: int) -> str:
    """Give the one command that replays a seed."""
    return f"python -m tests.simulation --seed {seed} --trace"


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first one")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--trace", action="store_true", help="show its steps")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.seed is not None:
        return _show(simulate(options.seed, trace=options.trace))
    began = time.monotonic()
    fired: Counter[Fault] = Counter()
    steps = failed = 0
    for outcome in run_seeds(range(options.start, options.start + options.seeds), options.processes):
        fired += outcome.fired
        steps += outcome.steps
        if outcome.findings:
            failed += 1
            say(f"seed {outcome.seed}: {outcome.findings[0]}")
            say(f"  replay it: {replay_command(outcome.seed)}")
    for fault in Fault:
        say(f"{fired[fault]:>9,} {fault}")
    took = time.monotonic() - began
    say(f"{options.seeds:,} seeds, {steps:,} steps, {took:.0f} s: {failed} with findings")
    return 1 if failed else 0


def _show(outcome: Outcome) -> int:
    for line in outcome.lines:
        say(line)
    for finding in outcome.findings:
        say(f"FOUND {finding}")
    say(f"seed {outcome.seed}: {outcome.steps} steps, trace {outcome.trace_hash}")
    return 1 if outcome.findings else 0


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
