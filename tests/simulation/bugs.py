"""Deliberate bugs: each breaks one rule of the machines or the loops, and must be found out."""

from typing import Final

from api.outbox_tail import OutboxTail
from engine.answers import FirstAnswers
from engine.groups import machine as groups
from engine.groups.directory import Directory
from engine.seats import areas, changes, expiry, reservations
from engine.seats import machine as seats
from engine.seats.changes import Attempt
from engine.seats.holds import Holds
from engine.seats.state import SeatsState
from tests.simulation.bug import bug
from tests.simulation.bugs_of_sales import OF_CHARTS, OF_OFFERS, OF_SEASONS, OF_TABLES
from workers import coordinator as coordinator_role
from workers import owner
from workers import seats as seats_role
from workers.ledger import Ledger
from workers.owner import Owner
from workers.replay import _Fold

OF_THE_LOOP: Final = (
    bug(
        "an ack counts wherever it stands",
        (Owner, "_append", "if acknowledged.offset != ledger.next_offset:", "if False:"),
    ),
    bug(
        "void records count in a replay",
        (_Fold, "take_in", "elif not is_void(decoded.data, self._term, record.offset):", "else:"),
    ),
    bug(
        "void decisions are applied",
        (
            Ledger,
            "_read",
            "if is_void(decoded.data, term, record.offset):",
            "if False:",
        ),
    ),
    bug(
        "void records are answers",
        (OutboxTail, "take_in", "and term == position.term", ""),
        (OutboxTail, "take_in", 'and headers.get(HEADER_OFFSET) == b"%d" % record.offset', ""),
    ),
    bug(
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
        (
            *(owner, "replay"),
            "fold = _Fold(role, kept)",
            "fold = _Fold(role, kept); fold.end = ends[own.claim]",
        ),
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
    bug(
        "whose claim stands at its term is not looked at",
        (owner, "replay", "if fold.claim != own.claim:", "if False:"),
    ),
    bug(
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
    bug(
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
    bug(
        "time passes though the inputs are not read",
        (
            Owner,
            "_let_time_pass",
            "caught_up_at = reader.caught_up_at()",
            "caught_up_at = self._clock.monotonic_ms()",
        ),
    ),
    bug(
        "time passes as if replication took none",
        (Owner, "_let_time_pass", "- replication_guard_ms", ""),
    ),
    bug(
        "a replay forgets the answers",
        (_Fold, "_apply", "machine.conclude(self.state, data)", "self.state.now = data.at"),
    ),
    bug(
        "time stands still without commands",
        (Owner, "_let_time_pass", "if caught_up_at is not None:", "if False:"),
    ),
)

OF_THE_MACHINES: Final = (
    bug(
        "a keyed repeat is done again",
        (FirstAnswers, "remember", "if data.command_id is None or", "if True or"),
    ),
    bug(
        "another command under a used key gets the first one's answer",
        (FirstAnswers, "repeat", "if first.fingerprint != asked.fingerprint:", "if False:"),
    ),
    bug(
        "a command does not see its own earlier changes",
        (
            Attempt,
            "_change",
            "self._overlay.get((event.id, item.label)) or self._view.object(event, item.label)",
            "self._view.object(event, item.label)",
        ),
    ),
    bug(
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
    bug(
        "an ended token may still be used",
        (
            Attempt,
            "_refuse_hold",
            "if expires_at is not None and expires_at <= self._now:",
            "if False:",
        ),
    ),
    bug(
        "held places count as free",
        (areas, "in_use", "+ area.held", ""),
    ),
    bug(
        "an expiry frees the first object alone",
        (seats, "decide_expiry", "for key in held:", "for key in held[:1]:"),
    ),
    bug(
        "an extended hold ends at its first deadline",
        (Holds, "revise", "if token in self._objects:", "if False:"),
    ),
    bug(
        "a signature counts more than a changed deadline",
        (Holds, "deadline", "otherwise if revision is None else revision.expires_at", "otherwise"),
    ),
    bug(
        "an ended token comes back to life",
        (seats, "_deadline_here", "if previous > now:", "if True:"),
    ),
    bug(
        "a deleted event leaves its holds behind",
        (SeatsState, "drop", "self.replace(event, label, UNTOUCHED)", "pass"),
        (SeatsState, "drop", "self.replace_area_hold(event, label, token, NO_PLACES)", "pass"),
    ),
    bug(
        "a renamed event is found by its old key",
        (changes, "is_meant", "and key in (None, event.key)", ""),
    ),
    bug(
        "a table is sold though one of its seats is, and the other way round",
        (Attempt, "_is_free_otherwise", "if place.table is None:", "if True:"),
    ),
    bug(
        "what an event does not sell any more is sold all the same",
        (Attempt, "_give_back", "if change.status != FREE:", "if False:"),
    ),
    bug(
        "one command may create two events with one key",
        (
            Directory,
            "not_free",
            "return used or [key for place, key in enumerate(keys) if key in keys[:place]]",
            "return used",
        ),
    ),
    bug(
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
    bug(
        "a part that meets what is in doubt is refused",
        (seats, "decide_begun", "if state.parking.is_full:", "if True:"),
    ),
    bug(
        "a group is confirmed while votes are missing",
        (groups, "decide_vote", "len(verdicts) < len(doubt.partitions) or ", ""),
    ),
    bug(
        "a part that waits counts as reserved",
        (groups, "decide_vote", "or (QUEUED in kinds and REFUSED not in kinds)", ""),
        (groups, "decide_vote", "if kinds == {RESERVED}:", "if REFUSED not in kinds:"),
    ),
    bug(
        "votes go out before the ack",
        (
            *(Owner, "_serve"),
            'self._at("5 decided", ledger.pending)',
            "aside.send(ledger.take_aside())",
        ),
    ),
    bug(
        "a cancelled group is done all the same",
        (seats, "decide_ended", "if is_confirmed else []", "if part.changes else []"),
    ),
    bug(
        "a seat that a group has reserved is there for others",
        (seats, "meets_doubt", "in_doubt(state, same) or ", ""),
        (reservations, "meets_doubt", "in_doubt(state, same) or ", ""),
    ),
    bug(
        "the end of a hold frees a seat that a group has reserved",
        (expiry, "_places_left", "None if state.doubt.reserved(key) else {}", "{}"),
    ),
    bug(
        "the end of a hold frees the places that a group has reserved of it",
        (expiry, "_places_left", "- reserved.get(pocket, 0)", ""),
    ),
    bug(
        "a repeat of what is in doubt is decided anew",
        (FirstAnswers, "defer", "if asked is not None:", "if False:"),
    ),
    bug(
        "a record's digest is that before its answer",
        (
            Ledger,
            "_write",
            "self._machine.conclude(self._state, data)",
            "early = self._machine.digest(self._state); self._machine.conclude(self._state, data)",
        ),
        (Ledger, "_write", "digest=self._machine.digest(self._state))", "digest=early)"),
    ),
    bug(
        "what is due waits until the decisions are applied",
        (
            Owner,
            "_decide",
            "self._settle(ledger, record.timestamp if is_command else ledger.now)",
            "is_command and self._settle(ledger, record.timestamp)",
        ),
    ),
)

OF_SNAPSHOTS: Final = (
    bug(
        "what is not acknowledged is kept",
        (
            *(Owner, "_serve"),
            'self._at("5 decided", ledger.pending)',
            "aside.send(keeper.keep_if_due(ledger))",
        ),
        (Ledger, "snapshot", 'assert not self.pending, "only acknowledged state is kept"', ""),
        (Ledger, "snapshot", "self.next_offset - 1", "self.next_offset - 1 + len(self.pending)"),
    ),
    bug(
        "a snapshot stands for a record too few",
        (Ledger, "snapshot", "self.next_offset - 1", "self.next_offset - 2"),
    ),
    bug(
        "what groups have reserved is not kept",
        (seats_role, "restore", "state.doubt.restore(kept.doubt)", ""),
    ),
    bug(
        "what is parked is not kept",
        (seats_role, "restore", "state.parking.restore(kept.parking)", ""),
    ),
    bug(
        "groups in doubt are not kept",
        (coordinator_role, "restore", "state.groups.restore(kept.groups)", ""),
    ),
    bug(
        "first answers are not kept",
        (seats_role, "restore", "state.answers.restore(kept.answers)", ""),
    ),
    bug(
        "changed deadlines are not kept",
        (Holds, "restore", "self.revise(token, *revision)", "pass"),
    ),
    bug(
        "who waits for an answer is not kept",
        (_Fold, "__init__", "self.inputs.deferred.update(snapshot.deferred)", ""),
    ),
    bug(
        "earlier owners are not kept",
        (_Fold, "__init__", "self.producers += snapshot.producers", ""),
    ),
)

OF_SALES: Final = OF_SEASONS + OF_TABLES + OF_CHARTS + OF_OFFERS
BUGS: Final = OF_THE_LOOP + OF_THE_MACHINES + OF_GROUPS + OF_SNAPSHOTS + OF_SALES
