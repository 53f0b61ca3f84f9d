"""Run seeds: `python -m tests.simulation --seeds 2000`, or one: `--seed 17 --trace`."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context

from tests.simulation.dice import Fault
from tests.simulation.simulation import Outcome, simulate


def run_seeds(seeds: range, processes: int) -> Iterator[Outcome]:
    """Run seeds on several processes; give their outcomes in order."""
    if processes == 1:
        yield from map(simulate, seeds)
        return
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(simulate, seeds, chunksize=10)


def failure(outcome: Outcome) -> str:
    """Say what a seed has found, and how to see it again."""
    found = "\n".join(f"  {finding}" for finding in outcome.findings[:3])
    again = f"python -m tests.simulation --seed {outcome.seed} --trace"
    return f"seed {outcome.seed} has found\n{found}\n  replay it: {again}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first one")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--trace", action="store_true", help="show its steps")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    if options.seed is not None:
        return _show(simulate(options.seed, trace=options.trace))
    return _run(range(options.start, options.start + options.seeds), options.processes)


def _run(seeds: range, processes: int) -> int:
    began = time.monotonic()
    fired: Counter[Fault] = Counter()
    steps = failed = 0
    for outcome in run_seeds(seeds, processes):
        fired += outcome.fired
        steps += outcome.steps
        if outcome.findings:
            failed += 1
            say(failure(outcome))
    for fault in Fault:
        say(f"{fired[fault]:>9,} times {fault}")
    took = time.monotonic() - began
    say(f"{len(seeds):,} seeds, {steps:,} steps, {took:.0f} s: {failed:,} have found something")
    return 1 if failed else 0


def _show(outcome: Outcome) -> int:
    for line in outcome.lines:
        say(line)
    say(f"seed {outcome.seed}: {outcome.steps:,} steps, trace {outcome.trace_hash}")
    for finding in outcome.findings:
        say(f"found: {finding}")
    return 1 if outcome.findings else 0


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
