"""The seats machine and a coordinator against a naive model, with whatever hypothesis thinks of.

Here are the steps that it may take; how each is taken and compared is in both_offices.py.
"""

from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.commands import (
    Change,
    ChangeBestAvailable,
    Hold,
    Idempotency,
    ObjectChange,
    SeatsCommand,
)
from schemas.facts import BOOKED, FREE, HELD
from schemas.selling import TableBooking
from tests.engine.both_offices import BothOffices
from tests.engine.factories import (
    ANOTHER_WORKSPACE,
    CALLER,
    HOUR,
    MINUTE,
    SECOND,
    WORKSPACE,
    change,
    command,
    create,
    delete,
    places,
    set_deadline,
    update,
    update_extra_data,
)
from tests.engine.strategies import (
    ANY,
    AREA_ITEMS,
    AT_TABLES,
    CHANGES,
    EXTRA_DATA,
    IDEMPOTENCY,
    ITEMS,
    KEYS,
    SEATS,
    SOME_SEATS,
    TABLE_BOOKING,
    TICKET_TYPES,
    WISHES,
)

T = TypeVar("T")

pytestmark = pytest.mark.timeout(300)
"""10,000 steps: 15 s on a machine of its own."""


class TicketOffices(RuleBasedStateMachine):
    """What fans and organisers ask of both offices."""

    def __init__(self) -> None:
        super().__init__()
        self.both = BothOffices()
        self.known_commands: list[SeatsCommand] = []

    # -- steps

    @rule(duration=st.sampled_from([SECOND, MINUTE, 15 * MINUTE, 2 * HOUR, 2 * HOUR + 2 * MINUTE]))
    def sign_a_token(self, duration: int) -> None:
        """Let another fan begin to choose."""
        name = f"t{len(self.both.tokens)}"
        self.both.tokens.append(Hold(name, self.both.engine.now + duration))

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=3), idempotency=IDEMPOTENCY)
    def change(
        self, changes: list[tuple[int, int, Change]], idempotency: Idempotency | None
    ) -> None:
        """Change statuses, of several events in one command as well."""
        asked = [self._with_names(*change) for change in changes]
        workspace = self._workspace(asked[0].event, mistaken=changes[0][0] % 10 == 9)
        self._send(command(*asked, workspace=workspace, idempotency=idempotency))

    @rule(changes=CHANGES)
    def change_one(self, changes: tuple[int, int, Change]) -> None:
        """Change statuses the way most people do: few objects of one event."""
        asked = self._with_names(*changes)
        self._send(command(asked, workspace=self._workspace(asked.event)))

    @rule(event=ANY, token=ANY, seats=SOME_SEATS, status=st.sampled_from([HELD, HELD, BOOKED]))
    def take_seats(self, event: int, token: int, seats: list[str], status: str) -> None:
        """Hold seats, or book them with the token that may hold them."""
        asked = change(status, *seats, event=self._event(event), by=self._token(token))
        self._send(command(asked, workspace=self._workspace(asked.event)))

    @rule(token=ANY, seats=SOME_SEATS, status=st.sampled_from([HELD, BOOKED, FREE]))
    def take_the_same_seats_everywhere(self, token: int, seats: list[str], status: str) -> None:
        """Change the same seats in all events of a workspace, or give them back in all."""
        hold = None if status == FREE else self._token(token)
        asked = [
            change(status, *seats, event=number, by=hold)
            for number, show in self.both.office.shows.items()
            if show.workspace == WORKSPACE
        ]
        self._send(command(*asked))

    @rule(
        event=ANY,
        token=ANY,
        wish=WISHES,
        status=st.sampled_from([HELD, BOOKED, BOOKED]),
        ticket_types=st.lists(TICKET_TYPES, max_size=3),
        extra_data=st.lists(EXTRA_DATA, max_size=2),
        idempotency=IDEMPOTENCY,
    )
    def take_the_best(self, event: int, token: int, **asked: Any) -> None:  # noqa: ANN401
        """Leave the choice to the office."""
        number = self._event(event)
        hold = None if token % 4 == 0 else self._token(token)
        workspace = self._workspace(number)
        self._send(
            ChangeBestAvailable(
                workspace=workspace, event=number, hold=hold, origin=CALLER, **asked
            )
        )

    @rule(event=ANY, items=st.lists(ITEMS | AREA_ITEMS, min_size=1, max_size=2))
    def give_back(self, event: int, items: list[ObjectChange]) -> None:
        """Free what somebody has."""
        asked = change(FREE, *items, event=self._event(event))
        self._send(command(asked, workspace=self._workspace(asked.event)))

    @rule(event=ANY, token=ANY, quantity=st.integers(1, 4), ticket_type=TICKET_TYPES)
    def hold_places(self, event: int, token: int, quantity: int, ticket_type: str | None) -> None:
        """Hold places of an area."""
        item = places("GA", quantity, ticket_type)
        asked = change(HELD, item, event=self._event(event), by=self._token(token))
        self._send(command(asked, workspace=self._workspace(asked.event)))

    @rule(
        event=ANY,
        label=st.sampled_from([*SEATS, *AT_TABLES, "GA", "Z-9"]),
        extra_data=EXTRA_DATA,
        idempotency=IDEMPOTENCY,
    )
    def say_more(
        self,
        event: int,
        label: str,
        extra_data: dict[str, Any] | None,
        idempotency: Idempotency | None,
    ) -> None:
        """Replace the extra data of an object."""
        number = self._event(event)
        workspace = self._workspace(number)
        self._send(update_extra_data(number, workspace, idempotency, **{label: extra_data}))

    @rule(which=ANY, other_request=st.sampled_from([False, False, True]))
    def repeat(self, which: int, *, other_request: bool) -> None:
        """Send an earlier command again, or another one under its key."""
        if not self.known_commands:
            return
        again = _pick(self.known_commands, which)
        if other_request:
            again = msgspec.structs.replace(
                again, idempotency=Idempotency(_id(again), "another print")
            )
        self._send(again)

    @rule(duration=st.sampled_from([0, 1, SECOND, MINUTE, 5 * MINUTE, 16 * MINUTE, HOUR]))
    def let_time_pass(self, duration: int) -> None:
        """Let the clock run."""
        self.both.let_time_pass(self.both.engine.now + duration)

    @rule(which=ANY, off=st.sampled_from([-1, 0, 0, 1]))
    def let_time_pass_until_a_deadline(self, which: int, off: int) -> None:
        """Let the clock run to the instant at which a token ends, or next to it."""
        token = _pick(self.both.tokens, which)
        ends_at = self.both.office.ends_at(token.token, token.expires_at) + off
        self.both.let_time_pass(max(self.both.engine.now, ends_at))

    @rule(which=ANY, duration=st.sampled_from([0, 0, SECOND, 10 * MINUTE, 2 * HOUR, 3 * HOUR]))
    def ask_for_another_deadline(self, which: int, duration: int) -> None:
        """Extend a token, or end it; owners hear of it later."""
        self.both.decide(set_deadline(_pick(self.both.tokens, which), duration))

    @rule(key=st.sampled_from(KEYS), workspace=st.sampled_from([WORKSPACE, ANOTHER_WORKSPACE]))
    def create_event(self, key: str, workspace: str) -> None:
        """Create an event, if its key is free."""
        self.both.decide(create(key, workspace=workspace))

    @rule(key=st.sampled_from(KEYS), new_key=st.sampled_from([None, *KEYS]))
    def rename_event(self, key: str, new_key: str | None) -> None:
        """Rename an event, if there is one."""
        self.both.decide(update(key, new_key=new_key))

    @rule(key=st.sampled_from(KEYS), tables=TABLE_BOOKING)
    def sell_tables_otherwise(self, key: str, tables: TableBooking) -> None:
        """Change which tables an event sells as wholes, if there is one."""
        self.both.decide(update(key, tables=tables))

    @rule(key=st.sampled_from(KEYS))
    def delete_event(self, key: str) -> None:
        """Delete an event, if there is one."""
        self.both.decide(delete(key))

    @rule()
    def apply_decisions(self) -> None:
        """Let the owner read all that the coordinator has decided."""
        self.both.apply_decisions()

    # -- what must be the same

    @invariant()
    def everything_there_is_to_see_is_the_same(self) -> None:
        """Compare each object of each event."""
        self.both.assert_the_same()

    # -- what the numbers of a step stand for

    def _with_names(self, event: int, token: int, asked: Change) -> Change:
        nobody = token % 4 == 0 and asked.status != HELD
        hold = None if nobody or token == 42 else self._token(token)
        return msgspec.structs.replace(asked, event=self._event(event), hold=hold)

    def _event(self, which: int) -> int:
        return 999 if which == 13 else _pick(list(self.both.office.shows), which)

    def _workspace(self, event: int, *, mistaken: bool = False) -> str:
        show = self.both.office.shows.get(event)
        workspace = show.workspace if show else WORKSPACE
        others = {WORKSPACE: ANOTHER_WORKSPACE, ANOTHER_WORKSPACE: WORKSPACE}
        return others[workspace] if mistaken else workspace

    def _token(self, which: int) -> Hold:
        """Pick a token, as a rule one that has not ended."""
        if which % 10 == 9:
            return _pick(self.both.tokens, which)
        good = [token for token in self.both.tokens if self._is_good(token)]
        if not good:
            self.sign_a_token(15 * MINUTE)
            good = self.both.tokens[-1:]
        return _pick(good, which)

    def _is_good(self, token: Hold) -> bool:
        ends_at = self.both.office.ends_at(token.token, token.expires_at)
        return self.both.engine.now < ends_at < self.both.engine.now + 2 * HOUR

    def _send(self, asked: SeatsCommand) -> None:
        if asked.idempotency is not None:
            self.known_commands.append(asked)
        self.both.do(asked)


def _pick(choices: list[T], which: int) -> T:
    """Pick one; the newest ones with the smallest numbers."""
    return choices[-1 - which % len(choices)]


def _id(asked: SeatsCommand) -> str:
    assert asked.idempotency is not None
    return asked.idempotency.command_id


TestTicketOffices = TicketOffices.TestCase
TestTicketOffices.settings = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    # Not Phase.explain: it traces every line, which takes minutes here.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
