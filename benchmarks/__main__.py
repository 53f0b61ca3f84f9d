"""Runs all benchmarks, or the named ones: `python -m benchmarks engine areas owner http groups`."""

import sys

from benchmarks import (
    areas,
    best_available,
    engine,
    failover,
    groups,
    http,
    owner,
    reports,
    wishes,
)
from seatlog.lifetime import collect_seldom

BENCHMARKS = {
    "engine": engine.run,
    "areas": areas.run,
    "best_available": best_available.run,
    "wishes": wishes.run,
    "owner": owner.run,
    "http": http.run,
    "groups": groups.run,
    "reports": reports.run,
    "failover": failover.run,
}


def main() -> None:
    """Run what the command line names."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    collect_seldom()  # as every process of the service does
    for name in names:
        print(f"== {name}")
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
