"""How far an owner has read its inputs: the positions and terms in its records."""

from collections.abc import Mapping

from adapters.ports import Span, TopicPartition
from schemas.outbox import CommandAnswered
from seatlog.verify.journal import Entry, Journal
from seatlog.verify.report import Check, Report


class Inputs:
    """The inputs of one owner: its commands, and the coordinators' outboxes if it has those."""

    def __init__(
        self,
        commands: TopicPartition,
        commands_span: Span,
        decisions: Mapping[str, Journal],
        report: Report,
    ) -> None:
        self.positions: dict[str, int] = {}
        self._commands = str(commands)
        self._commands_end = commands_span.end
        self._decisions = decisions
        self._report = report

    def advance(self, entry: Entry) -> dict[str, tuple[int, int]]:
        """Check a record's positions; give the decisions it has passed: input -> [from, to)."""
        passed = {}
        named = entry.data.positions
        for name in {**self.positions, **named}:
            before, after = self.positions.get(name, 0), named.get(name, 0)
            if name == self._commands:
                self._check_commands(entry, before, after)
            elif name in self._decisions:
                self._check_decisions(entry, name, before, after)
                passed[name] = (before, after)
            else:
                self._fault(entry, f"names {name}, which is no input of this partition")
        self.positions = dict(named)
        return passed

    def _check_commands(self, entry: Entry, before: int, after: int) -> None:
        expected = before + 1 if isinstance(entry.told, CommandAnswered) else before
        if after != expected:
            self._fault(entry, f"has read {self._commands} up to {after}, expected {expected}")
        elif after > self._commands_end:
            end = self._commands_end
            self._fault(entry, f"has read {self._commands} up to {after}, and it ends at {end}")

    def _check_decisions(self, entry: Entry, name: str, before: int, after: int) -> None:
        if after < before:
            self._fault(entry, f"has read {name} up to {after}, and before up to {before}")
        journal = self._decisions[name]
        if after > journal.next_offset:
            end = journal.next_offset
            self._fault(entry, f"has read {name} up to {after}, and it ends at {end}")
        term, expected = entry.data.input_terms.get(name), journal.term_before(after)
        if term != expected:
            odd = f"follows term {term} of {name}, where {expected} was in force"
            self._report.fault(Check.TERMS, entry.where, odd)

    def _fault(self, entry: Entry, what: str) -> None:
        self._report.fault(Check.POSITIONS, entry.where, what)
