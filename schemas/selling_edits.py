"""Edits of how an event is sold: what is asked of its channels and of what is for sale.

Rules of this file:

1. An edit says what shall be different; the coordinator works out the whole (schemas/selling.py).
2. A field that a reader does not know is an error, as in all commands.
"""

import msgspec

from schemas.selling import Channel, ForSale


class _Edit(
    msgspec.Struct,
    kw_only=True,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="type",
):
    """What all edits have in common."""


class AddChannels(_Edit, tag="add", kw_only=True, frozen=True):
    """Add channels, all or none; their objects leave the channels that they were in."""

    channels: list[Channel]


class UpdateChannel(_Edit, tag="update", kw_only=True, frozen=True):
    """Describe a channel anew; absent fields stay as they are, others are replaced as a whole."""

    key: str
    name: str | None = None
    color: str | None = None
    objects: list[str] | None = None
    area_places: dict[str, int] | None = None


class RemoveChannel(_Edit, tag="remove", kw_only=True, frozen=True):
    """Remove a channel: its objects are in none."""

    key: str


class AddToChannel(_Edit, tag="add_to", kw_only=True, frozen=True):
    """Put objects and so many more places into a channel."""

    key: str
    objects: list[str] = []
    area_places: dict[str, int] = {}


class TakeFromChannel(_Edit, tag="take_from", kw_only=True, frozen=True):
    """Take objects and so many places out of a channel; what is not in it stays as it is."""

    key: str
    objects: list[str] = []
    area_places: dict[str, int] = {}


class ReplaceChannels(_Edit, tag="replace", kw_only=True, frozen=True):
    """Put these in place of all channels; one with the key of a former one is that one."""

    channels: list[Channel]


ChannelsEdit = (
    AddChannels | UpdateChannel | RemoveChannel | AddToChannel | TakeFromChannel | ReplaceChannels
)


class Stock(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """An object, or places of an area."""

    label: str
    places: int | None = None
    """Of an area; None: it is an object as a whole."""
    capacity: int | None = None
    """Of the area on its chart: no more of its places are opened or closed."""


class OpenAndClose(_Edit, tag="open_and_close", kw_only=True, frozen=True):
    """Offer for sale and take out of sale; what stands in both lists is closed."""

    open: list[Stock] = []
    close: list[Stock] = []


class ReplaceForSale(_Edit, tag="replace", kw_only=True, frozen=True):
    """Say anew what is for sale."""

    for_sale: ForSale | None = None
    """None: everything."""


ForSaleEdit = OpenAndClose | ReplaceForSale


class EventForSaleEdit(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """An edit of what is for sale of one event."""

    key: str
    edit: ForSaleEdit
