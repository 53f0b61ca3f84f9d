"""A test that fails while other machines take the cores is run again, and that is said.

On hardware that is shared, a broker may be stopped for longer than its session and a database for
longer than anybody waits: what comes of that says nothing about the program.

Rules of this file:

1. On a machine whose cores are its own, nothing is ever run again.
"""

from collections.abc import Sequence

import pytest
from _pytest.runner import runtestprotocol

from tests.machine import Stopwatch

stolen_min = 0.1
"""Of the cores' time, while the test ran."""
times_max = 3


class RunAgain:
    """The plugin; it notes which tests were run again."""

    def __init__(self) -> None:
        self._said: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test, and again where its failure says nothing."""
        hooks = item.ihook
        hooks.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for times in range(1, times_max + 1):
            watch = Stopwatch()
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
            stolen = watch.stolen()
            if times == times_max or stolen < stolen_min or not _has_failed(reports):
                break
            self._said.append(f"{item.nodeid}: others took {stolen:.0%} of the cores")
            _forget(item)
        for report in reports:
            hooks.pytest_runtest_logreport(report=report)
        hooks.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was run again."""
        if self._said:
            terminalreporter.section("run again")
            for line in self._said:
                terminalreporter.write_line(line)


def _has_failed(reports: Sequence[pytest.TestReport]) -> bool:
    return any(report.failed for report in reports)


def _forget(item: pytest.Item) -> None:
    """Let fixtures that could not be set up be set up anew, and the test begin with new ones."""
    assert isinstance(item, pytest.Function)
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        for definition in definitions:
            kept = definition.cached_result
            if kept is not None and kept[2] is not None:
                definition.cached_result = None
                definition._finalizers.clear()
    item._initrequest()  # as pytest does before each run
