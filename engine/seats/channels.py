"""The channels of an event, made quick to ask: which object is in which, and who may take it.

Rules of this file:

1. Who names no channel takes what is in none. Who names some takes what is in one of them, and
   what is in none only with NO_CHANNEL. Who ignores channels takes everything.
2. A channel is known by its key to callers, and by its id to the places of areas.
3. An offer over several events has each object in the same channel, by key, on all of them, or in
   none (docs/decisions/0018). Places of areas are each event's own business.
4. What is asked of an event without channels costs nothing; otherwise it is built when it is first
   asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.charts.inventory import BookableObject
from schemas.commands import Change
from schemas.rejections import Obstacle, Rejection
from schemas.selling import Channel

NO_CHANNEL = "NO_CHANNEL"
"""Stands among channel keys for what is in no channel."""
_UNCHANNELLED: tuple[str | None] = (None,)
_NO_PLACES: Mapping[str, int] = {}


class Channels:
    """The channels of one event."""

    __slots__ = ("_channels", "_ids", "_key_of")

    def __init__(self, channels: Sequence[Channel] = ()) -> None:
        self._channels = channels
        self._key_of: dict[str, str] | None = None
        """Of objects: by label. None: not asked for yet."""
        self._ids = {channel.key: channel.id for channel in channels}

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._ids)

    def key_of(self, label: str) -> str | None:
        """Give the key of the channel that an object is in; None: of none."""
        if not self._ids:
            return None
        if self._key_of is None:
            self._key_of = {
                label: channel.key for channel in self._channels for label in channel.objects
            }
        return self._key_of.get(label)

    def places_in(self, area: BookableObject) -> Mapping[str, int]:
        """Give the places of an area that channels have, by id; an area in a channel is all its."""
        if not self._ids:
            return _NO_PLACES
        whole = self.key_of(area.label)
        places = {
            channel.id: area.capacity if channel.key == whole else channel.area_places[area.label]
            for channel in self._channels
            if channel.key == whole or area.label in channel.area_places
        }
        return places or _NO_PLACES

    def has(self, channel_id: str) -> bool:
        """Say whether there is (still) a channel with this id."""
        return channel_id in self._ids.values()

    def open_to(self, change: Change) -> Sequence[str | None]:
        """Give the ids of the channels that a change may draw on, in its order; None: of none."""
        if change.ignore_channels:
            return (None, *self._ids.values()) if self._ids else _UNCHANNELLED
        if change.channel_keys is None:
            return _UNCHANNELLED
        named = dict.fromkeys(change.channel_keys)
        return [
            None if key == NO_CHANNEL else self._ids[key]
            for key in named
            if key == NO_CHANNEL or key in self._ids
        ]


NO_CHANNELS = Channels()


class Room(NamedTuple):
    """How many places of an area can be taken."""

    capacity: int
    """Places that are counted at all: taken, held or free."""
    of_channels: Mapping[str, int] = _NO_PLACES
    """How many of them channels have, by id."""
    channels: Channels = NO_CHANNELS
    not_for_sale: int = 0
    """Places that there are beside them."""
    is_for_sale: bool = True
    """Whether any place is for sale, however many others in a season or groups have."""


def admits(change: Change, key: str | None) -> bool:
    """Say whether a change may touch what is in the channel with this key; None: in none."""
    if change.ignore_channels:
        return True
    if change.channel_keys is None:
        return key is None
    return (NO_CHANNEL if key is None else key) in change.channel_keys


def differing(channels: Mapping[int, Channels], changes: Iterable[Change]) -> list[Obstacle]:
    """Name the objects of one offer that are in other channels on some of its events."""
    if not any(channels.values()):
        return []
    first: dict[str, str | None] = {}
    obstacles: dict[tuple[int, str], Obstacle] = {}
    for change in changes:
        for label in (item.label for item in change.objects if not change.ignore_channels):
            key = channels[change.event].key_of(label)
            if first.setdefault(label, key) != key:
                obstacles[change.event, label] = Obstacle(
                    event=change.event,
                    label=label,
                    code=Rejection.CHANNELS_DIFFER.code,
                    requested_status=change.status,
                )
    return list(obstacles.values())
