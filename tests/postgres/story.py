"""A long story of events that come, are changed in every way, and go, from a seed."""

import random
from typing import Any

from schemas.facts import (
    AreaCounts,
    ChannelCounts,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    SeasonStatusOverridden,
)
from schemas.seasons import SeasonPlace
from schemas.selling import Selling
from schemas.topics import Topics
from tests.postgres.outbox import NOON, WORKSPACE, Outbox, Seats


def deleted(event: int = 1, key: str = "drop") -> EventDeleted:
    return EventDeleted(event=event, partition=0, workspace=WORKSPACE, key=key)


def updated(event: int = 1, key: str = "drop", **fields: Any) -> EventUpdated:  # noqa: ANN401
    return EventUpdated(
        event=event,
        partition=0,
        workspace=WORKSPACE,
        key=key,
        previous_key="drop",
        updated_at=NOON + 5,
        **fields,
    )


def a_long_story(topics: Topics, seed: int) -> list[Outbox]:
    """Two partitions with events that come, are changed in every way, and go."""
    draw = random.Random(seed)
    boxes = [Outbox(topics, partition) for partition in (0, 1)]
    living: list[tuple[Outbox, Seats]] = []
    for box in boxes:
        box.take()
    for number in range(150):
        box = draw.choice(boxes)
        mine = [seats for where, seats in living if where is box]
        if draw.random() < 0.05:
            box.take()
        elif not mine or draw.random() < 0.1:
            seats = Seats(number, f"key {number}", box.partition.partition)
            living.append((box, seats))
            box.apply(seats.created)
        else:
            seats = draw.choice(mine)
            tell(draw, box, seats)
            if draw.random() < 0.03:
                living.remove((box, seats))
                box.apply(deleted(seats.event))
    return boxes


def tell(draw: random.Random, box: Outbox, seats: Seats) -> None:
    label = f"A-{draw.randrange(4)}"
    extra_data = draw.choice([None, {"n": draw.random()}])
    match draw.randrange(5):
        case 0:
            sold_otherwise = Selling(object_categories={label: "vip"})
            fact = updated(
                seats.event,
                name=draw.choice([None, "n"]),
                date=draw.choice([None, "d"]),
                is_in_the_past=draw.choice([None, True]),
            )
            box.apply(fact, updated(seats.event, f"key {draw.random()}", selling=sold_otherwise))
            if draw.random() < 0.3:
                box.apply(updated(seats.event, inventory=f"inventory {draw.random()}"))
        case 1:
            facts = [ExtraDataChanged(event=seats.event, label=label, extra_data=extra_data)]
            box.answer(*facts)
        case 2:
            status = draw.choice(["free", "reservedByToken", "booked", "lolzor"])
            fields = {"hold_token": "t", "extra_data": extra_data, "order_id": "o"}
            facts_of_both = [seats.change(label, status, **fields), seats.change("A-0", "free")]
            box.answer(*facts_of_both, key=f"c{draw.randrange(20)}")
        case 3:
            place = SeasonPlace(kind="event", top=1000, partials=[draw.randrange(3)])
            joined = updated(seats.event, season=draw.choice([None, place]))
            places = {label: draw.randrange(3), "GA": draw.randrange(5)}
            season = draw.choice([1000, 2000])
            box.apply(
                joined, SeasonStatusOverridden(event=seats.event, season=season, places=places)
            )
        case _:
            token = draw.choice([None, "t1", "t2", "t3"])
            own = {"child": draw.randrange(1, 4)} if token and draw.random() < 0.6 else {}
            of = ChannelCounts(taken={"booked": 1}, held=draw.randrange(2), own=own)
            area = AreaCounts(
                taken={"booked": draw.randrange(9)},
                held=draw.randrange(9),
                own=own,
                channels=draw.choice([{}, {"4f1c": of}]),
            )
            label = draw.choice(["GA", "Lawn"])
            box.answer(seats.change(label, area=area, hold_token=token, ticket_type="child"))
