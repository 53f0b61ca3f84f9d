"""How far an owner has read its inputs: the positions and terms in its records.

Rules of this file:

1. A record that is the first about a command moves the commands' position by one; no other does.
2. A vote that says nothing new leaves no record: so of votes only the direction is checked.
"""

from collections.abc import Mapping

from adapters.ports import Span, TopicPartition
from schemas.facts import VoteCounted
from seatlog.verify.journal import Entry, Journal
from seatlog.verify.report import Check, Report


class Inputs:
    """The inputs of one owner: its commands, and the coordinators' outboxes or the votes."""

    def __init__(
        self,
        commands: TopicPartition,
        commands_span: Span,
        decisions: Mapping[str, Journal],
        report: Report,
        *,
        votes: tuple[TopicPartition, Span] | None = None,
    ) -> None:
        self.positions: dict[str, int] = {}
        self._commands = str(commands)
        self._commands_end = commands_span.end
        self._decisions = decisions
        self._votes = None if votes is None else str(votes[0])
        self._votes_end = 0 if votes is None else votes[1].end
        self._report = report

    def advance(self, entry: Entry, *, reads_command: bool) -> dict[str, tuple[int, int]]:
        """Check a record's positions; give the decisions it has passed: input -> [from, to)."""
        passed = {}
        named = entry.data.positions
        for name in {**self.positions, **named}:
            before, after = self.positions.get(name, 0), named.get(name, 0)
            if name == self._commands:
                self._check_commands(entry, before, after, reads_command=reads_command)
            elif name in self._decisions:
                self._check_decisions(entry, name, before, after)
                passed[name] = (before, after)
            elif name == self._votes:
                self._check_votes(entry, before, after)
            else:
                self._fault(entry, f"names {name}, which is no input of this partition")
        self.positions = dict(named)
        return passed

    def _check_commands(
        self, entry: Entry, before: int, after: int, *, reads_command: bool
    ) -> None:
        expected = before + 1 if reads_command else before
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

    def _check_votes(self, entry: Entry, before: int, after: int) -> None:
        if after < before:
            self._fault(entry, f"has read {self._votes} up to {after}, and before up to {before}")
        if after > self._votes_end:
            end = self._votes_end
            self._fault(entry, f"has read {self._votes} up to {after}, and it ends at {end}")
        counts_one = any(isinstance(fact, VoteCounted) for fact in entry.data.facts)
        if counts_one and after == before:
            self._fault(entry, f"counts a vote, and has read {self._votes} no further")

    def _fault(self, entry: Entry, what: str) -> None:
        self._report.fault(Check.POSITIONS, entry.where, what)
