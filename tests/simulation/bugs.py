"""Deliberate bugs: each breaks one rule of the machines or the loops, and must be found out.

Rules of this file:

1. A bug is an edit of the product's own source: what stands there now, and what a mistake would
   have written. If the text is no longer there, the bug says so at once; write it anew then.
2. Nothing of this is in the product: an edited function is put in place for a test, and taken out.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, Final
from unittest.mock import patch

from api.outbox_tail import OutboxTail
from engine.answers import FirstAnswers
from engine.groups import machine as groups
from engine.groups.directory import Directory
from engine.seats import areas, changes, expiry, reservations
from engine.seats import machine as seats
from engine.seats.changes import Attempt
from engine.seats.holds import Holds
from engine.seats.state import SeatsState
from workers import owner
from workers.ledger import Ledger
from workers.owner import Owner
from workers.replay import _Fold


@dataclass(frozen=True, slots=True)
class Edit:
    """One function with other words in it."""

    holder: Any
    """The class or the module that the function is looked up in."""
    name: str
    words: tuple[tuple[str, str], ...]
    """What stands there, and what is to stand there."""

    def edited(self) -> Callable[..., Any]:
        """Make the function anew."""
        function = getattr(self.holder, self.name)
        source = dedent(inspect.getsource(function))
        for old, new in self.words:
            assert source.count(old) == 1, f"{self.name} does not have {old!r} once"
            source = source.replace(old, new)
        made: dict[str, Any] = {}
        exec(compile(source, f"<{self.name} with a bug>", "exec"), function.__globals__, made)  # noqa: S102
        edited: Callable[..., Any] = made[self.name]
        return edited


@dataclass(frozen=True, slots=True)
class Bug:
    """What is wrong, in words, and how it is put in."""

    name: str
    edits: tuple[Edit, ...]

    @contextmanager
    def put_in(self) -> Iterator[None]:
        """Let the product have this bug for a while."""
        with ExitStack() as put:
            for edit in self.edits:
                put.enter_context(patch.object(edit.holder, edit.name, edit.edited()))
            yield


def _bug(name: str, *edits: tuple[Any, str, str, str]) -> Bug:
    words: dict[tuple[Any, str], list[tuple[str, str]]] = {}
    for holder, function, old, new in edits:
        words.setdefault((holder, function), []).append((old, new))
    return Bug(name, tuple(Edit(*where, tuple(all_of)) for where, all_of in words.items()))


OF_THE_LOOP: Final = (
    _bug(
        "an ack counts wherever it stands",
        (Owner, "_append", "if acknowledged.offset != ledger.next_offset:", "if False:"),
    ),
    _bug(
        "void records count in a replay",
        (_Fold, "take_in", "elif not is_void(decoded.data, self._term, record.offset):", "else:"),
    ),
    _bug(
        "void decisions are applied",
        (
            Ledger,
            "_read",
            "if is_void(decoded.data, term, record.offset):",
            "if False:",
        ),
    ),
    _bug(
        "void records are answers",
        (OutboxTail, "take_in", "and term == position.term", ""),
        (OutboxTail, "take_in", 'and headers.get(HEADER_OFFSET) == b"%d" % record.offset', ""),
    ),
    _bug(
        "the outbox is read before it is taken",
        (
            Owner,
            "_live",
            "taken = await appender.append(",
            (
                "ends = replay.__globals__.setdefault('ends', {})\n"
                "        ends[claim] = (await self._log.span(self._role.outbox)).end\n"
                "        taken = await appender.append("
            ),
        ),
        (owner, "replay", "fold = _Fold(role)", "fold = _Fold(role); fold.end = ends[own.claim]"),
        (
            _Fold,
            "take_in",
            "elif not is_void(decoded.data, self._term, record.offset):",
            (
                "elif record.offset < self.end and not "
                "is_void(decoded.data, self._term, record.offset):"
            ),
        ),
    ),
    _bug(
        "what is due expires after the command",
        (
            Owner,
            "_decide",
            "self._settle(ledger, record.timestamp if is_command else ledger.now)",
            "pass",
        ),
        (
            Owner,
            "_let_time_pass",
            "caught_up_at = reader.caught_up_at()",
            "self._settle(ledger, ledger._anchor[0]); caught_up_at = reader.caught_up_at()",
        ),
    ),
    _bug(
        "a command counts as read in the expiries before its answer",
        (
            Owner,
            "_decide",
            "self._settle(ledger, record.timestamp if is_command else ledger.now)",
            "ledger._advance(record); self._settle(ledger, record.timestamp)",
        ),
        (
            Ledger,
            "take_in",
            "self._advance(record)",
            "if record.topic != self._role.commands.topic: self._advance(record)",
        ),
    ),
    _bug(
        "time passes though the inputs are not read",
        (
            Owner,
            "_let_time_pass",
            "caught_up_at = reader.caught_up_at()",
            "caught_up_at = self._clock.monotonic_ms()",
        ),
    ),
    _bug(
        "time passes as if replication took none",
        (Owner, "_let_time_pass", "- replication_guard_ms", ""),
    ),
    _bug(
        "a replay forgets the answers",
        (_Fold, "_apply", "machine.conclude(self.state, data)", "self.state.now = data.at"),
    ),
    _bug(
        "time stands still without commands",
        (Owner, "_let_time_pass", "if caught_up_at is not None:", "if False:"),
    ),
)

OF_THE_MACHINES: Final = (
    _bug(
        "a keyed repeat is done again",
        (FirstAnswers, "remember", "if data.command_id is None or", "if True or"),
    ),
    _bug(
        "another command under a used key gets the first one's answer",
        (FirstAnswers, "repeat", "if first.fingerprint != asked.fingerprint:", "if False:"),
    ),
    _bug(
        "a command does not see its own earlier changes",
        (
            Attempt,
            "_change",
            "self._overlay.get((event.id, item.label)) or self._view.object(event, item.label)",
            "self._view.object(event, item.label)",
        ),
    ),
    _bug(
        "a held seat obeys everybody",
        (
            changes,
            "refuse_seat",
            (
                "if current.status == HELD and change.hold and "
                "change.hold.token != current.hold_token:"
            ),
            "if False:",
        ),
    ),
    _bug(
        "an ended token may still be used",
        (
            Attempt,
            "_refuse_hold",
            "if expires_at is not None and expires_at <= self._now:",
            "if False:",
        ),
    ),
    _bug(
        "held places count as free",
        (areas, "in_use", "+ area.held", ""),
    ),
    _bug(
        "an expiry frees the first object alone",
        (seats, "decide_expiry", "for key in held:", "for key in held[:1]:"),
    ),
    _bug(
        "an extended hold ends at its first deadline",
        (Holds, "revise", "if token in self._objects:", "if False:"),
    ),
    _bug(
        "a signature counts more than a changed deadline",
        (Holds, "deadline", "otherwise if revision is None else revision.expires_at", "otherwise"),
    ),
    _bug(
        "an ended token comes back to life",
        (seats, "_deadline_here", "if previous > now:", "if True:"),
    ),
    _bug(
        "a deleted event leaves its holds behind",
        (SeatsState, "drop", "self.replace(event, label, UNTOUCHED)", "pass"),
        (SeatsState, "drop", "self.replace_area_hold(event, label, token, NO_PLACES)", "pass"),
    ),
    _bug(
        "a renamed event is found by its old key",
        (changes, "is_meant", "and key in (None, event.key)", ""),
    ),
    _bug(
        "a table is sold though one of its seats is, and the other way round",
        (Attempt, "_is_free_otherwise", "if place.table is None:", "if True:"),
    ),
    _bug(
        "what an event does not sell any more is sold all the same",
        (Attempt, "_give_back", "if change.status != FREE:", "if False:"),
    ),
    _bug(
        "one command may create two events with one key",
        (
            Directory,
            "not_free",
            "return used or [key for place, key in enumerate(keys) if key in keys[:place]]",
            "return used",
        ),
    ),
    _bug(
        "an event is sold from its former inventory still",
        (
            seats.SeatsMachine,
            "_updated_map",
            "self._inventories[fact.inventory]",
            "before.chart",
        ),
    ),
)

OF_GROUPS: Final = (
    _bug(
        "a part that meets what is in doubt is refused",
        (seats, "decide_begun", "if state.parking.is_full:", "if True:"),
    ),
    _bug(
        "a group is confirmed while votes are missing",
        (groups, "decide_vote", "len(verdicts) < len(doubt.partitions) or ", ""),
    ),
    _bug(
        "a part that waits counts as reserved",
        (groups, "decide_vote", "or (QUEUED in kinds and REFUSED not in kinds)", ""),
        (groups, "decide_vote", "if kinds == {RESERVED}:", "if REFUSED not in kinds:"),
    ),
    _bug(
        "votes go out before the ack",
        (
            *(Owner, "_serve"),
            'self._at("5 decided", ledger.pending)',
            "ballots.send(ledger.take_votes())",
        ),
    ),
    _bug(
        "a cancelled group is done all the same",
        (seats, "decide_ended", "if is_confirmed else []", "if part.changes else []"),
    ),
    _bug(
        "a seat that a group has reserved is there for others",
        (seats, "meets_doubt", "in_doubt(state, same) or ", ""),
        (reservations, "meets_doubt", "in_doubt(state, same) or ", ""),
    ),
    _bug(
        "the end of a hold frees a seat that a group has reserved",
        (expiry, "_places_left", "None if state.doubt.reserved(key) else {}", "{}"),
    ),
    _bug(
        "the end of a hold frees the places that a group has reserved of it",
        (expiry, "_places_left", "- reserved.get(pocket, 0)", ""),
    ),
    _bug(
        "a repeat of what is in doubt is decided anew",
        (FirstAnswers, "defer", "if asked is not None:", "if False:"),
    ),
    _bug(
        "a record's digest is that before its answer",
        (
            Ledger,
            "_write",
            "self._machine.conclude(self._state, data)",
            "early = self._machine.digest(self._state); self._machine.conclude(self._state, data)",
        ),
        (Ledger, "_write", "digest=self._machine.digest(self._state))", "digest=early)"),
    ),
    _bug(
        "what is due waits until the decisions are applied",
        (
            Owner,
            "_decide",
            "self._settle(ledger, record.timestamp if is_command else ledger.now)",
            "is_command and self._settle(ledger, record.timestamp)",
        ),
    ),
)

BUGS: Final = OF_THE_LOOP + OF_THE_MACHINES + OF_GROUPS
