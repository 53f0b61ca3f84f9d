"""What guests of the theatre may ask for, as hypothesis draws it: mostly sensible, often not."""

from hypothesis import strategies as st

from schemas.commands import Change, ObjectChange, Wish
from schemas.facts import BOOKED, FREE, HELD, RESALE
from schemas.selling import TableBooking
from tests.engine.factories import CUSTOM, keyed

SEATS = ["A-1", "A-2", "A-3", "Booth", "T1-1", "T2"]
AT_TABLES = ["T1", "T1-1", "T1-2", "T2", "T2-1", "T2-2"]
LABELS = [*SEATS, *SEATS, "GA", "GA", "GA", "GA", *AT_TABLES, "Z-9"]
TABLE_BOOKING = st.sampled_from(
    [
        TableBooking(),
        TableBooking(mode="all_by_seat"),
        TableBooking(mode="all_by_table"),
        TableBooking(mode="custom", by_label={"T1": "by_table", "T2": "by_seat"}),
        TableBooking(mode="custom", by_label={"T1": "by_table"}),
    ]
)
STATUSES = [BOOKED, BOOKED, HELD, HELD, FREE, FREE, CUSTOM, RESALE]
KEYS = ["matinee", "evening", "gala"]
TICKET_TYPES = st.sampled_from([None, None, "adult", "child"])
EXTRA_DATA = st.sampled_from([None, None, {}, {"name": "Ada"}, {"age": 7, "deep": [1.5, None]}])
ANY = st.integers(min_value=0, max_value=99)

ITEMS = st.builds(
    ObjectChange,
    label=st.sampled_from(LABELS),
    quantity=st.just(1),
    ticket_type=TICKET_TYPES,
    extra_data=EXTRA_DATA,
)
AREA_ITEMS = st.builds(
    ObjectChange,
    label=st.sampled_from(["GA", "GA", "GA", "GA", "GA", "A-1"]),
    quantity=st.integers(min_value=-1, max_value=6),
    ticket_type=TICKET_TYPES,
    extra_data=EXTRA_DATA,
)
PREVIOUS = st.one_of(
    *[st.none()] * 5,
    st.lists(st.sampled_from([FREE, BOOKED, HELD, CUSTOM, RESALE]), max_size=4, unique=True),
)
# The event and the token are numbers: which ones there are is known only when the step is taken.
CHANGES = st.tuples(
    ANY,
    ANY,
    st.builds(
        Change,
        event=st.just(0),
        status=st.sampled_from(STATUSES),
        objects=st.lists(ITEMS | AREA_ITEMS, min_size=1, max_size=3),
        order_id=st.sampled_from([None, "order1", "order2"]),
        keep_extra_data=st.booleans(),
        allowed_previous_statuses=PREVIOUS,
        rejected_previous_statuses=PREVIOUS,
    ),
)
WISHES = st.builds(
    Wish,
    number=st.sampled_from([1, 1, 2, 2, 3, 4, 6, 11]),
    categories=st.sampled_from([None, None, None, ("stalls",), ("none",)]),
    accessible_seats=st.sampled_from([0, 0, 0, 0, 1]),
    prevent_orphans=st.booleans(),
)
SOME_SEATS = st.lists(st.sampled_from(SEATS), min_size=1, max_size=2, unique=True)
IDEMPOTENCY = st.sampled_from([None, None, keyed("one"), keyed("two"), keyed("three")])
