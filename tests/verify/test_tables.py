"""Tables and their seats are the same places: whoever sells both is named."""

from itertools import count

import msgspec
import pytest

from adapters.memory_log import MemoryRecord
from schemas.commands import Origin
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    EventUpdated,
    PlannedChange,
    SeatsFact,
    StatusChanged,
)
from schemas.inventory import compress, encode
from schemas.rejections import Obstacle, Rejected, Rejection
from schemas.selling import TableBooking
from seatlog.verify.objects import Fold
from seatlog.verify.parking import Parking, Source
from seatlog.verify.places import Inventories
from seatlog.verify.refusals import Position, refusal_faults
from seatlog.verify.report import Report
from seatlog.verify.states import Moment
from tests.engine.factories import (
    ATTIC,
    BARN,
    CALLER,
    FAIR,
    MATINEE,
    NOON,
    THEATRE,
    book,
    event_created,
    hash_of,
    release,
    sold_anew,
)

BY_TABLE = sold_anew(TableBooking(mode="all_by_table"))
BY_SEAT = sold_anew(TableBooking(mode="all_by_seat"))


class Told:
    """The theatre's matinee, as facts tell of it."""

    def __init__(self, *facts: SeatsFact) -> None:
        self.report = Report()
        inventories = Inventories(self.report)
        for offset, venue in enumerate((THEATRE, BARN, ATTIC, FAIR)):
            compressed, name = compress(encode(venue)), hash_of(venue).encode()
            record = MemoryRecord("inventories", 0, offset, NOON, name, compressed, [])
            inventories.take_in(record)
        self.fold = Fold(inventories, self.report, 0)
        self._numbers = count()
        self.tell(event_created(), *facts)

    def tell(self, *facts: SeatsFact) -> "Told":
        for fact in facts:
            self.fold.apply(fact, Moment("here", NOON, next(self._numbers), by_time=False))
        return self

    @property
    def faults(self) -> list[str]:
        return [fault.what for fault in self.report.faults]

    def refusal_faults(self, rejected: Rejected, label: str, status: str = BOOKED) -> list[str]:
        command = book(label) if status == BOOKED else release(label)
        position = Position(self.fold, Parking(self.fold), Source("command", 1), NOON)
        return list(refusal_faults(command, rejected, position))


def changed(seq: int, label: str, status: str = BOOKED, previous: str = FREE) -> StatusChanged:
    return StatusChanged(
        event=MATINEE,
        seq=seq,
        label=label,
        status=status,
        previous_status=previous,
        origin=CALLER,
    )


def refused(label: str, why: Rejection) -> Rejected:
    obstacle = Obstacle(event=MATINEE, label=label, code=why.code)
    return Rejected(code=why.code, obstacles=[obstacle])


def test_a_table_is_sold_after_its_seat_was_given_back() -> None:
    sold = changed(1, "T1-1"), BY_TABLE, changed(2, "T1-1", FREE, BOOKED), changed(3, "T1")
    assert Told(*sold).faults == []


@pytest.mark.parametrize(
    ("sold", "named"),
    [
        ((changed(1, "T1-1"), BY_TABLE, changed(2, "T1")), "T1 of event 256 is booked, and T1-1"),
        ((changed(1, "T2"), BY_SEAT, changed(2, "T2-2")), "T2-2 of event 256 is booked, and T2"),
    ],
)
def test_a_table_sold_over_its_seats_is_named(sold: list[SeatsFact], named: str) -> None:
    told = Told(*sold)
    assert [named in fault for fault in told.faults] == [True]
    assert told.report.counts.sold_twice == 1


@pytest.mark.parametrize(
    ("update", "label"), [(None, "T1"), (None, "T2-1"), (BY_TABLE, "T1-1"), (BY_SEAT, "T2")]
)
def test_what_is_sold_though_its_event_does_not_sell_it_is_named(
    update: EventUpdated | None, label: str
) -> None:
    told = Told(*([update] if update else []), changed(1, label))
    assert told.faults == [f"event 256 has no object {label}"]
    custom = TableBooking(mode="custom", by_label={"T1": "by_table", "T2": "by_seat"})
    named = Told(sold_anew(custom), changed(1, "T1"), changed(2, "T2-1"))
    assert named.faults == []


def test_a_refusal_for_a_tables_sake_must_be_true() -> None:
    taken = refused("T1", Rejection.TABLE_TAKEN)
    told = Told(changed(1, "T1-1"), BY_TABLE)
    assert told.refusal_faults(taken, "T1") == []
    told.tell(changed(2, "T1-1", FREE, BOOKED))
    assert "its places may be free" in told.refusal_faults(taken, "T1")[0]


def test_a_refusal_as_not_found_must_be_true() -> None:
    gone = refused("T1-1", Rejection.OBJECT_NOT_FOUND)
    told = Told(changed(1, "T1-1"))
    assert "whether it exists is otherwise" in told.refusal_faults(gone, "T1-1")[0]
    told.tell(BY_TABLE)
    assert told.refusal_faults(gone, "T1-1") == []
    assert "whether it exists is otherwise" in told.refusal_faults(gone, "T1-1", FREE)[0]
    told.tell(changed(2, "T1-1", FREE, BOOKED))
    assert told.refusal_faults(gone, "T1-1", FREE) == []


def test_selling_is_a_part_of_what_the_read_model_has() -> None:
    event = Told(BY_TABLE).fold.events[MATINEE]
    assert msgspec.to_builtins(event.selling) == {"tables": {"mode": "all_by_table"}}


@pytest.mark.parametrize(
    ("planned", "by", "is_in_the_way"),
    [
        (FREE, Origin(type="HOLD_EXPIRED"), False),
        (BOOKED, Origin(type="HOLD_EXPIRED"), True),
        (FREE, CALLER, True),
    ],
)
def test_the_end_of_a_hold_on_a_seat_is_not_in_the_way_of_who_gives_its_table_back(
    planned: str, by: Origin, *, is_in_the_way: bool
) -> None:
    held = msgspec.structs.replace(changed(1, "T1-1", HELD), hold_token="t", hold_expires_at=NOON)
    told = Told(held, BY_TABLE)
    told.fold.reserve(7, [PlannedChange(change=changed(0, "T1", planned))])
    freed = changed(2, "T1-1", FREE, previous=HELD)
    told.tell(msgspec.structs.replace(freed, hold_token="t", origin=by))
    assert any("is changed, and group 7 has T1" in odd for odd in told.faults) == is_in_the_way
