"""Edits of an event's channels, worked out.

Rules of this file:

1. An object is in one channel at most: putting it into one takes it out of the others.
2. Places of an area are counted in each channel for itself; where none is left, nothing is said.
3. A channel keeps its id for as long as one with its key is there: places that are taken know
   their channel by it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from schemas.rejections import Rejected, Rejection
from schemas.selling import Channel
from schemas.selling_edits import (
    AddChannels,
    AddToChannel,
    ChannelsEdit,
    RemoveChannel,
    ReplaceChannels,
    TakeFromChannel,
    UpdateChannel,
)

channels_per_event_max = 100
"""They stand in every answer that shows the event, and an area counts its places in each."""

Channels = list[Channel]


def edit_channels(channels: Sequence[Channel], edit: ChannelsEdit) -> Channels | Rejected:
    """Give the channels after an edit, or say why it cannot be."""
    match edit:
        case AddChannels():
            return _with_new(channels, edit.channels)
        case ReplaceChannels():
            ids = {channel.key: channel.id for channel in channels}
            kept = [_replace(one, id=ids.get(one.key, one.id)) for one in edit.channels]
            return _with_new([], kept)
        case _:
            return _edit_one(channels, edit)


def _with_new(channels: Sequence[Channel], new: Sequence[Channel]) -> Channels | Rejected:
    keys = [channel.key for channel in (*channels, *new)]
    doubled = [key for place, key in enumerate(keys) if key in keys[:place]]
    if doubled:
        return Rejected(code=Rejection.CHANNEL_KEY_TAKEN.code, detail=", ".join(doubled))
    if len(keys) > channels_per_event_max:
        detail = f"{len(keys)}, at most {channels_per_event_max}"
        return Rejected(code=Rejection.TOO_MANY_CHANNELS.code, detail=detail)
    after = list(channels)
    for channel in new:
        tidy = _replace(
            channel, objects=_each_once(channel.objects), area_places=_some(channel.area_places)
        )
        after = [*_without(after, tidy.objects), tidy]
    return after


def _edit_one(
    channels: Sequence[Channel],
    edit: UpdateChannel | RemoveChannel | AddToChannel | TakeFromChannel,
) -> Channels | Rejected:
    found = next((channel for channel in channels if channel.key == edit.key), None)
    if found is None:
        return Rejected(code=Rejection.CHANNEL_NOT_FOUND.code, detail=edit.key)
    if isinstance(edit, RemoveChannel):
        return [channel for channel in channels if channel is not found]
    edited = _edited(found, edit)
    place = channels.index(found)
    others = _without(channels, edited.objects)
    return [*others[:place], edited, *others[place + 1 :]]


def _edited(channel: Channel, edit: UpdateChannel | AddToChannel | TakeFromChannel) -> Channel:
    match edit:
        case UpdateChannel():
            objects = channel.objects if edit.objects is None else edit.objects
            places = channel.area_places if edit.area_places is None else edit.area_places
            name, color = edit.name or channel.name, edit.color or channel.color
            channel = _replace(channel, name=name, color=color)
        case AddToChannel():
            objects = [*channel.objects, *edit.objects]
            places = _sum(channel.area_places, edit.area_places, 1)
        case TakeFromChannel():
            gone = set(edit.objects)
            objects = [label for label in channel.objects if label not in gone]
            places = _sum(channel.area_places, edit.area_places, -1)
    return _replace(channel, objects=_each_once(objects), area_places=_some(places))


def _without(channels: Sequence[Channel], labels: Iterable[str]) -> Channels:
    """Give the channels without objects that are in another one now."""
    gone = set(labels)
    return [
        channel
        if gone.isdisjoint(channel.objects)
        else _replace(channel, objects=[label for label in channel.objects if label not in gone])
        for channel in channels
    ]


def _sum(places: dict[str, int], others: dict[str, int], sign: int) -> dict[str, int]:
    changed = {label: places.get(label, 0) + sign * count for label, count in others.items()}
    return {**places, **changed}


def _some(places: dict[str, int]) -> dict[str, int]:
    return {label: count for label, count in places.items() if count > 0}


def _each_once(labels: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(labels))


_replace = msgspec.structs.replace
