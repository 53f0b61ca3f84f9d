"""What is true of the seats state at every offset, whatever has happened: stated once.

Every step of a scenario and of the model test ends here.
"""

from collections import Counter
from collections.abc import Collection
from typing import Any

from engine.digests import DIGEST_MODULUS
from engine.seats.offers import Offers
from engine.seats.state import (
    UNTOUCHED,
    UNTOUCHED_AREA,
    EventState,
    SeatsState,
    _digest,
    _digest_of_hold,
    _digest_of_override,
)
from engine.seats.tables import same_places
from schemas.facts import FREE, HELD, AreaCounts


def assert_sound(state: SeatsState, replaced: Collection[int] = ()) -> None:
    """Check the whole state against itself.

    Events with a replaced inventory may have what is not on their chart, or more than fits there.
    """
    holding: dict[str, set[tuple[int, str]]] = {}
    digests = 0
    for event in state.events.values():
        for label, touched in event.objects.items():
            assert touched not in (UNTOUCHED, UNTOUCHED_AREA), f"{label} is kept for nothing"
            _assert_object_sound(event, label, is_replaced=event.id in replaced)
            if touched.hold_token is not None:
                holding.setdefault(touched.hold_token, set()).add((event.id, label))
            digests += _digest(event.id, label, touched)
            for same in same_places(event.map.chart, label):
                both = f"{label} and {same} are the same places, and both are taken"
                assert touched.is_free or event.objects.get(same, UNTOUCHED).is_free, both
        _assert_offers_in_step(event)
        for hold, places in event.area_holds.items():
            label, token = hold
            assert places, f"{token} is kept at {label} for nothing"
            assert event.objects[label].area is not None, label
            holding.setdefault(token, set()).add((event.id, label))
            digests += _digest_of_hold(event.id, hold, places)
        for (label, season), places_in_all in event.overridden.items():
            assert places_in_all > 0, f"{label} overrides {season} for nothing"
            digests += _digest_of_override(event.id, label, season, places_in_all)
        if not event.is_in_the_past:
            _assert_shared_soundly(state, event)
    changes = sum(event.last_seq for event in state.events.values())
    assert state.digest_sum == (digests + changes * 0x9E3779B97F4A7C15) % DIGEST_MODULUS
    assert {token: set(held) for token, held in state.holds._objects.items()} == holding
    _assert_every_hold_will_end(state)


def _assert_offers_in_step(event: EventState) -> None:
    if event.known_offers is not None:
        taken = [label for label, touched in event.objects.items() if touched.is_taken]
        assert event.known_offers.taken == Offers(event.map, taken).taken


def _assert_object_sound(event: EventState, label: str, *, is_replaced: bool) -> None:
    touched = event.objects[label]
    place = event.map.chart.find(label)
    assert place is not None or is_replaced, f"{label} is not on the chart"
    is_area = touched.area is not None
    assert is_replaced or place is None or is_area == (place.kind == "area"), label
    if touched.area is None:
        assert (touched.status == HELD) == (touched.hold_token is not None), label
        return
    assert touched.hold_token is None, label
    counts = list(touched.area.taken.values())
    assert not {FREE, HELD} & set(touched.area.taken), "free and held places are not taken"
    assert not touched.area.own, "what a token holds stands by itself"
    held = [
        count
        for (area, _), places in event.area_holds.items()
        if area == label
        for count in places.by_type.values()
    ]
    assert sum(held) == touched.area.held, f"{label} has {held} held, and says {touched.area}"
    counts += held
    assert all(count > 0 for count in counts), f"{label} counts {touched.area}"
    if is_replaced:
        return
    _assert_channels_sound(event, label, touched.area)
    assert place is not None
    assert sum(counts) <= place.capacity, f"{label} is over its capacity: {touched.area}"


def _assert_shared_soundly(state: SeatsState, event: EventState) -> None:
    """Check that an event and its seasons have no more of an object together than there is."""
    seasons = [state.events[season] for season in state.seasons.seasons_of(event.id)]
    for label in {label for season in seasons for label in season.objects}:
        place = event.map.chart.find(label)
        assert place is not None, label
        used = _used(event, label) + sum(
            max(0, _used(season, label) - event.overridden.get((label, season.id), 0))
            for season in seasons
        )
        assert used <= place.capacity, f"{label} of event {event.key} is sold {used} times"


def _used(event: EventState, label: str) -> int:
    touched = event.objects.get(label)
    if touched is None:
        return 0
    if touched.area is None:
        return int(touched.status != FREE)
    return sum(touched.area.taken.values()) + touched.area.held


def _assert_channels_sound(event: EventState, label: str, area: AreaCounts) -> None:
    """Check that places of channels are a part of all, and those that tokens hold of those held."""
    held = Counter[str]()
    for (held_label, _), places in event.area_holds.items():
        if held_label == label:
            for channel, own in places.of_channels.items():
                assert own, f"{channel} is kept for nothing"
                assert all(0 < own[kind] <= places.by_type[kind] for kind in own), places
                held[channel] += sum(own.values())
    assert held == {channel: of.held for channel, of in area.channels.items() if of.held}
    taken = Counter[str]()
    for of in area.channels.values():
        assert min(of.taken.values(), default=1) > 0, f"{label} counts {area}"
        taken.update(of.taken)
    assert all(places <= area.taken[status] for status, places in taken.items()), area
    assert all((of.taken or of.held) and not of.own for of in area.channels.values()), area


def _assert_every_hold_will_end(state: SeatsState) -> None:
    scheduled = {*state.holds._heap, *state.holds._aside}
    for token in state.holds._objects:
        deadline = state.holds._deadline[token]
        assert (deadline, token) in scheduled, f"{token} would never end"
        revision = state.holds._revised.get(token)
        assert revision is None or revision.expires_at == deadline, f"{token} ends at another time"


def photograph(state: SeatsState) -> dict[str, Any]:
    """Give everything that is in the state, to compare it with another or with a later one.

    Deadlines of tokens that hold nothing are left out: an owner drops them when it looks for what
    is due, and a replay does not look.
    """
    return {
        "now": state.now,
        "digest": state.digest(),
        "events": {
            event.id: (
                *(event.key, event.workspace, event.last_seq, event.is_in_the_past),
                event.map.selling,
                *(dict(event.objects), dict(event.area_holds), dict(event.overridden)),
                state.seasons.seasons_of(event.id),
            )
            for event in state.events.values()
        },
        "holding": {token: list(held) for token, held in state.holds._objects.items()},
        "deadlines": {token: state.holds._deadline[token] for token in state.holds._objects},
        "revised": dict(state.holds._revised),
        "answers": dict(state.answers._by_command),
        "answers in order": list(state.answers._in_order),
    }
