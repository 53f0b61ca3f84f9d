from typing import NamedTuple

from schemas.commands import Origin
from schemas.facts import BOOKED, FREE, HELD, EventCreated, HoldExpired, SeatsFact, StatusChanged
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
from seatlog.demo.outbox import Moment, OutboxCount

EVENT = 7
PARTITION = 1


class Record(NamedTuple):
    offset: int
    timestamp: int
    value: bytes
    topic: str = "events.outbox"
    partition: int = PARTITION
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def taken(offset: int, member: str) -> Record:
    data = OwnershipData(claim="c", producer_id=1, producer_epoch=0, member=member)
    return Record(offset, offset * 100, encode(OwnershipTaken(**ENVELOPE, data=data)))


def told(
    offset: int, term: int, *facts: SeatsFact, answer: Answer | None = None, at: int = 0
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
    return Record(offset, offset * 100, encode(kind(**ENVELOPE, data=data)))


ENVELOPE = {"specversion": "1.0", "id": "x", "source": "/x", "datacontenttype": "application/json"}
CREATED = EventCreated(
    event=EVENT,
    partition=PARTITION,
    workspace="w",
    key="drop",
    chart_key="c",
    inventory="h",
    created_at=0,
)


def changed(label: str, status: str, previous: str, event: int = EVENT) -> StatusChanged:
    return StatusChanged(
        event=event,
        seq=1,
        label=label,
        status=status,
        previous_status=previous,
        origin=Origin(),
    )


def count_of(*records: Record) -> OutboxCount:
    count = OutboxCount("drop")
    for record in records:
        count.take_in(record)
    return count


def test_sold_and_held_follow_the_facts_of_the_one_event() -> None:
    count = count_of(
        taken(0, "worker-1"),
        told(1, 0, CREATED),
        told(2, 0, changed("A-1", HELD, FREE), changed("A-2", HELD, FREE), at=20),
        told(3, 0, changed("A-1", BOOKED, HELD), changed("B-1", BOOKED, FREE, event=8), at=30),
        told(4, 0, changed("A-2", FREE, HELD), HoldExpired(token="t"), at=40),
    )
    assert count.moments == [Moment(20, 0, 2), Moment(30, 1, 1), Moment(40, 1, 0)]
    assert count.expired_at == [40]


def test_what_a_replaced_owner_still_wrote_does_not_count() -> None:
    count = count_of(
        taken(0, "worker-1"),
        told(1, 0, CREATED),
        taken(2, "worker-2"),
        told(3, 0, changed("A-1", BOOKED, FREE)),
        told(4, 2, changed("A-2", BOOKED, FREE)),
    )
    assert (count.sold, list(count.status)) == (1, ["A-2"])
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
