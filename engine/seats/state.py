"""The seat state of one partition: its events, their touched objects, the holds on them.

Rules of this file:

1. An object that nobody has touched has no entry: 100 events on one chart cost what is sold.
2. Object states are never changed in place, only replaced, so a decision may keep them.
3. What a token holds of an area stands by itself, apart from the area's counts: a change costs
   the same however many tokens hold places.
4. The digest is a sum over the digests of objects and of tokens' places in areas, so a change
   costs the hashes of what it replaces and of what it brings.
"""

from collections.abc import Mapping

import msgspec

from engine.answers import FirstAnswers
from engine.charts.inventory import SeatMap
from engine.digests import DIGEST_MODULUS, digest_of
from engine.seats.doubt import Doubt
from engine.seats.event_map import EventMap
from engine.seats.holds import Holds
from engine.seats.offers import Offers
from engine.seats.parking import Parking
from engine.seats.seasons import Seasons
from schemas.commands import JsonObject
from schemas.facts import FREE, HELD, AreaCounts, ChannelCounts, StatusChanged
from schemas.seasons import SeasonPlace

_CHANGE_WEIGHT = 0x9E3779B97F4A7C15


class ObjectState(msgspec.Struct, frozen=True, gc=False):
    """What an event knows about one of its objects."""

    # Not omit_defaults: the encoder omits a default by identity, so a "free" that was decoded and
    # the constant would encode, and digest, differently.
    status: str = FREE
    hold_token: str | None = None
    """Of a seat that is held."""
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: JsonObject | None = None
    resale_listing_id: str | None = None
    area: AreaCounts | None = None
    """Without `own`: what each token holds of an area is in `EventState.area_holds`."""

    @property
    def is_taken(self) -> bool:
        """Say whether it is a seat, table or booth that is not free."""
        return self.status != FREE and self.area is None

    @property
    def is_free(self) -> bool:
        """Whether nobody has it; of an area, any place of it."""
        if self.area is None:
            return self.status == FREE
        return not self.area.taken and not self.area.held

    def with_area(self, counts: AreaCounts, *, extra_data: JsonObject | None) -> "ObjectState":
        """Give the same with other counts (without `own`) and other extra data."""
        return msgspec.structs.replace(self, area=counts.without_own(), extra_data=extra_data)


UNTOUCHED = ObjectState()
UNTOUCHED_AREA = ObjectState(area=AreaCounts())


class Places(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one token holds of an area."""

    by_type: dict[str, int] = {}
    """By ticket type."""
    of_channels: dict[str, dict[str, int]] = {}
    """How many of them came from channels, by the channel's id and by ticket type."""

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self.by_type)


NO_PLACES = Places()


def area_of(places: Places) -> AreaCounts:
    """Give counts that say of one token only what it holds."""
    channels = {id_: ChannelCounts(own=own) for id_, own in places.of_channels.items()}
    return AreaCounts(own=places.by_type, channels=channels)


def places_told(area: AreaCounts) -> Places:
    """Give what the acting token holds after a change, by what its fact tells."""
    if not area.channels:
        return Places(by_type=area.own)
    of_channels = {id_: counts.own for id_, counts in area.channels.items() if counts.own}
    return Places(by_type=area.own, of_channels=of_channels)


class EventState:
    """One event: what it sells, and the objects that differ from it."""

    __slots__ = (
        "area_holds",
        "id",
        "inventory",
        "is_in_the_past",
        "key",
        "known_offers",
        "last_seq",
        "map",
        "objects",
        "overridden",
        "workspace",
    )

    def __init__(
        self,
        id: int,  # noqa: A002
        workspace: str,
        key: str,
        inventory: str,
        event_map: EventMap,
    ) -> None:
        self.id = id
        self.workspace = workspace
        self.key = key
        self.inventory = inventory
        """The hash of what the map is of."""
        self.map = event_map
        self.is_in_the_past = False
        self.last_seq = 0
        self.objects: dict[str, ObjectState] = {}
        self.area_holds: dict[tuple[str, str], Places] = {}
        """By label and token; none is empty."""
        self.overridden: dict[tuple[str, int], int] = {}
        """Places by label and season, where the event does not go by its season; none is 0."""
        self.known_offers: Offers | None = None
        """None until somebody asks for the best available."""

    def sell(self, inventory: str, event_map: EventMap) -> None:
        """Sell the event in another way, or from another inventory."""
        self.inventory = inventory
        self.map = event_map
        self.known_offers = None

    @property
    def offers(self) -> Offers:
        """What best available chooses from: made when first asked for, then kept in step."""
        if self.known_offers is None:
            taken = (label for label, state in self.objects.items() if state.is_taken)
            self.known_offers = Offers(self.map, taken)
        return self.known_offers


class SeatsState:
    """All that one seats owner knows."""

    __slots__ = (
        "answers",
        "digest_sum",
        "doubt",
        "events",
        "holds",
        "inventories",
        "now",
        "parking",
        "seasons",
    )

    def __init__(self, inventories: Mapping[str, SeatMap]) -> None:
        self.inventories = inventories
        """The seat maps at hand, by hash: shared by all partitions of a process, only read."""
        self.events: dict[int, EventState] = {}
        self.holds = Holds()
        self.doubt = Doubt()
        self.seasons = Seasons()
        self.parking = Parking(self.seasons.related_keys)
        self.answers = FirstAnswers()
        self.now = 0
        self.digest_sum = 0

    def replace(self, event: EventState, label: str, state: ObjectState) -> None:
        """Give an object a new state and keep digest and holds in step."""
        before = event.objects.get(label)
        if before is not None:
            self.digest_sum -= _digest(event.id, label, before)
            if before.hold_token is not None:
                self.holds.remove(before.hold_token, event.id, label)
        if state.hold_token is not None:
            self.holds.add(state.hold_token, event.id, label)
        if state in (UNTOUCHED, UNTOUCHED_AREA):
            event.objects.pop(label, None)
        else:
            event.objects[label] = state
            self.digest_sum += _digest(event.id, label, state)
        self.digest_sum %= DIGEST_MODULUS
        if event.known_offers is not None:
            event.known_offers.note(label, is_taken=state.is_taken)

    def replace_area_hold(self, event: EventState, label: str, token: str, places: Places) -> None:
        """Say what a token holds of an area from now on, and keep digest and holds in step."""
        hold = (label, token)
        before = event.area_holds.get(hold)
        if before is not None:
            self.digest_sum -= _digest_of_hold(event.id, hold, before)
        if places:
            event.area_holds[hold] = places
            self.digest_sum += _digest_of_hold(event.id, hold, places)
            self.holds.add(token, event.id, label)
        elif before is not None:
            del event.area_holds[hold]
            self.holds.remove(token, event.id, label)
        self.digest_sum %= DIGEST_MODULUS

    def override(self, event: EventState, label: str, season: int, places: int) -> None:
        """Say for how many places an event does not go by a season, and keep the digest in step."""
        before = event.overridden.pop((label, season), 0)
        if before:
            self.digest_sum -= _digest_of_override(event.id, label, season, before)
        if places:
            event.overridden[label, season] = places
            self.digest_sum += _digest_of_override(event.id, label, season, places)
        self.digest_sum %= DIGEST_MODULUS

    def share_anew(self, event: EventState, place: SeasonPlace) -> None:
        """Say what an event is in its season from now on; who waits for its objects may go on."""
        self.parking.touch_events({event.id, *self.seasons.seasons_of(event.id)})
        self.seasons.put(event.id, place)

    def drop(self, event: EventState) -> None:
        """Forget an event with its objects; its holds end silently."""
        for label in list(event.objects):
            self.replace(event, label, UNTOUCHED)
        for label, token in list(event.area_holds):
            self.replace_area_hold(event, label, token, NO_PLACES)
        for label, season in list(event.overridden):
            self.override(event, label, season, 0)
        self._count(-event.last_seq)
        del self.events[event.id]
        self.doubt.drop_event(event.id)
        self.parking.touch_events({event.id, *self.seasons.related(event.id)})
        self.seasons.drop(event.id)

    def number(self, event: EventState, seq: int) -> None:
        """Note the number of an event's latest status change; they come without a gap."""
        assert seq == event.last_seq + 1, (event.id, seq, event.last_seq)
        self.number_on(event, seq)

    def number_on(self, event: EventState, seq: int) -> None:
        """Note how many status changes an event has had."""
        self._count(seq - event.last_seq)
        event.last_seq = seq

    def _count(self, changes: int) -> None:
        self.digest_sum = (self.digest_sum + changes * _CHANGE_WEIGHT) % DIGEST_MODULUS

    def digest(self) -> str:
        """Give 16 hex digits over objects, places held, numbers of changes, doubt and parking."""
        whole = self.digest_sum + self.doubt.digest_sum + self.parking.digest_sum
        return f"{whole % DIGEST_MODULUS:016x}"


_encode = msgspec.json.Encoder(order="deterministic").encode


def _digest(event: int, label: str, state: ObjectState) -> int:
    return digest_of(b"%d\x00%b\x00%b" % (event, label.encode(), _encode(state)))


def _digest_of_hold(event: int, hold: tuple[str, str], places: Places) -> int:
    label, token = hold
    told = _encode(places if places.of_channels else places.by_type)
    source = (event, label.encode(), token.encode(), told)
    return digest_of(b"%d\x00%b\x00%b\x00%b" % source)


def _digest_of_override(event: int, label: str, season: int, places: int) -> int:
    return digest_of(b"%d\x00%b\x00%d\x00%d" % (event, label.encode(), season, places))


def state_after(fact: StatusChanged) -> ObjectState:
    """Give the state that a fact leaves an object in."""
    held = fact.status == HELD and fact.area is None
    return ObjectState(
        status=fact.status,
        hold_token=fact.hold_token if held else None,
        order_id=fact.order_id,
        ticket_type=fact.ticket_type,
        extra_data=fact.extra_data,
        resale_listing_id=fact.resale_listing_id,
        area=None if fact.area is None else fact.area.without_own(),
    )
