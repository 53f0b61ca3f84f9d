from typing import NamedTuple

from schemas.commands import Origin
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    EventCreated,
    GroupEnded,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    HoldExpired,
    SeatsFact,
    StatusChanged,
)
from schemas.outbox import (
    Accepted,
    Answer,
    CommandAnswered,
    Data,
    OwnershipData,
    OwnershipTaken,
    TimePassed,
    encode,
)
from schemas.rejections import Rejected
from seatlog.demo.outbox import Moment, OutboxCount, Passes
from seatlog.demo.weekend import Weekend

WEEKEND = Weekend(friday="friday", saturday="saturday", sunday="sunday")
FRIDAY, EVENT, SUNDAY = 5, 7, 9
PARTITION = 1


class Record(NamedTuple):
    offset: int
    timestamp: int
    value: bytes
    topic: str = "events.outbox"
    partition: int = PARTITION
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def taken(offset: int, member: str, partition: int = PARTITION) -> Record:
    data = OwnershipData(claim="c", producer_id=1, producer_epoch=0, member=member)
    value = encode(OwnershipTaken(**ENVELOPE, data=data))
    return Record(offset, offset * 100, value, partition=partition)


def told(
    offset: int,
    term: int,
    *facts: SeatsFact,
    answer: Answer | None = None,
    at: int = 0,
    partition: int = PARTITION,
) -> Record:
    data: Data[SeatsFact] = Data(
        term=term,
        offset=offset,
        at=at,
        positions={},
        digest="0" * 16,
        answer=answer,
        facts=list(facts),
    )
    kind = TimePassed if answer is None else CommandAnswered
    value = encode(kind(**ENVELOPE, data=data))
    return Record(offset, offset * 100, value, partition=partition)


ENVELOPE = {"specversion": "1.0", "id": "x", "source": "/x", "datacontenttype": "application/json"}


def created(event: int, key: str, partition: int = PARTITION) -> EventCreated:
    return EventCreated(
        event=event,
        partition=partition,
        workspace="w",
        key=key,
        chart_key="c",
        inventory="h",
        created_at=0,
    )


CREATED = created(EVENT, "saturday")


def changed(
    label: str, status: str, previous: str, event: int = EVENT, order_id: str | None = None
) -> StatusChanged:
    return StatusChanged(
        event=event,
        seq=1,
        label=label,
        status=status,
        previous_status=previous,
        order_id=order_id,
        origin=Origin(),
    )


def count_of(*records: Record) -> OutboxCount:
    count = OutboxCount(WEEKEND)
    for record in records:
        count.take_in(record)
    return count


def test_sold_and_held_follow_the_facts_of_saturday() -> None:
    count = count_of(
        taken(0, "worker-1"),
        told(1, 0, CREATED),
        told(2, 0, changed("A-1", HELD, FREE), changed("A-2", HELD, FREE), at=20),
        told(3, 0, changed("A-1", BOOKED, HELD), changed("B-1", BOOKED, FREE, event=8), at=30),
        told(4, 0, changed("A-2", FREE, HELD), HoldExpired(token="t"), at=40),
    )
    assert count.moments == [Moment(20, 0, 2, 0), Moment(30, 1, 1, 0), Moment(40, 1, 0, 0)]
    assert count.expired_at == [40]


def test_what_a_replaced_owner_still_wrote_does_not_count() -> None:
    count = count_of(
        taken(0, "worker-1"),
        told(1, 0, CREATED),
        taken(2, "worker-2"),
        told(3, 0, changed("A-1", BOOKED, FREE)),
        told(4, 2, changed("A-2", BOOKED, FREE)),
    )
    assert count.moments == [Moment(0, 1, 0, 0)]
    assert [(owner.term, owner.member) for owner in count.ownerships] == [
        (0, "worker-1"),
        (2, "worker-2"),
    ]


def test_the_first_answer_of_a_term_and_the_answers_of_each_second_are_known() -> None:
    refused = Rejected(code="OBJECT_NOT_FREE")
    count = count_of(
        taken(0, "worker-1"),
        told(1, 0, CREATED),
        told(5, 0, answer=Accepted()),
        told(6, 0, answer=refused),
        told(16, 0, answer=refused),
    )
    assert count.answered_first == {0: 500}
    assert (dict(count.done_in), dict(count.refused_in)) == ({0: 1}, {0: 1, 1: 1})


def weekend_of(*changes: tuple[int, str, str]) -> OutboxCount:
    """Give three days, and what was booked there: event, label, order id."""
    partitions = {FRIDAY: 0, EVENT: PARTITION, SUNDAY: 2}
    next_offset = dict.fromkeys(partitions, 2)
    records = []
    for (event, partition), key in zip(partitions.items(), WEEKEND.days, strict=True):
        records.append(taken(0, "worker-1", partition))
        records.append(told(1, 0, created(event, key, partition), partition=partition))
    for event, label, order_id in changes:
        fact = changed(label, BOOKED, HELD, event, order_id)
        records.append(told(next_offset[event], 0, fact, partition=partitions[event]))
        next_offset[event] += 1
    return count_of(*records)


def test_a_pass_is_whole_if_it_has_the_same_seats_on_all_days() -> None:
    days = (SUNDAY, FRIDAY, EVENT)
    count = weekend_of(
        *((day, "A-1", "weekend-1") for day in days),
        *((day, "A-2", "weekend-1") for day in days),
        *((day, "B-1", "weekend-2") for day in days),
        (EVENT, "B-2", "fan-3"),
        (FRIDAY, "B-2", "fan-4"),
    )
    assert (count.passes(), count.on_passes()) == (Passes(2, 0), [3, 3, 3])
    assert (count.sold, count.sold_in_all) == (4, 11)
    assert count.moments[-1].on_passes == 3
    assert sorted(count.partitions) == [0, 1, 2]


def test_a_pass_that_lacks_a_day_or_differs_between_two_is_torn() -> None:
    assert weekend_of((FRIDAY, "A-1", "weekend-1")).passes() == Passes(0, 1)
    lacking = weekend_of((FRIDAY, "A-1", "weekend-1"), (SUNDAY, "A-1", "weekend-1"))
    assert (lacking.passes(), lacking.on_passes()) == (Passes(0, 1), [1, 0, 1])
    other_seat = weekend_of(
        (FRIDAY, "A-1", "weekend-1"), (EVENT, "A-1", "weekend-1"), (SUNDAY, "A-2", "weekend-1")
    )
    assert (other_seat.passes(), other_seat.on_passes()) == (Passes(0, 1), [1, 1, 1])


def test_a_group_is_in_doubt_until_it_has_ended_in_all_its_partitions() -> None:
    count = count_of(taken(0, "worker-1"), taken(0, "worker-2", 0))
    busy = Rejected(code="BUSY_IN_DOUBT")
    steps: list[tuple[int, SeatsFact, int]] = [
        (PARTITION, GroupReserved(group=5, changes=[]), 1),
        (0, GroupQueued(group=5, workspace="w", changes=[], origin=Origin()), 1),
        (PARTITION, GroupRefused(group=6, refusal=busy), 2),
        (PARTITION, GroupEnded(group=5, is_confirmed=False), 2),
        (0, GroupEnded(group=5, is_confirmed=False), 1),
        (PARTITION, GroupEnded(group=6, is_confirmed=False), 0),
    ]
    next_offset = {0: 1, PARTITION: 1}
    for partition, fact, in_doubt in steps:
        count.take_in(told(next_offset[partition], 0, fact, partition=partition))
        next_offset[partition] += 1
        assert count.groups_in_doubt == in_doubt
