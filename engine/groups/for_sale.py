"""Edits of what is for sale of an event, worked out, and how many of them a day has.

Rules of this file:

1. An edit changes what is listed by itself: an object that is listed with its category or its
   section stays as it is.
2. Places of an area are listed up to its capacity. Where nothing is left to say, all is for sale.
3. Who only opens sale is counted, and never refused: nobody is kept from selling.
"""

from collections.abc import Iterable

import msgspec

from schemas.facts import ForSaleEdits
from schemas.selling import ForSale
from schemas.selling_edits import ForSaleEdit, OpenAndClose, ReplaceForSale, Stock

for_sale_edits_per_day_max = 10
"""Of one event: the vendor's limit."""
day_ms = 24 * 60 * 60 * 1000

ALL_FOR_SALE = ForSale(for_sale=False)
"""Says of nothing that it is not for sale."""
NOTHING_FOR_SALE = ForSale(for_sale=True)
"""Says of nothing that it is for sale."""


def edit_for_sale(current: ForSale | None, edit: ForSaleEdit) -> ForSale | None:
    """Give what is for sale after an edit; None: everything."""
    if isinstance(edit, ReplaceForSale):
        after = edit.for_sale
    else:
        after = current or ALL_FOR_SALE
        for stocks, is_listed in ((edit.open, after.for_sale), (edit.close, not after.for_sale)):
            after = _listed(after, stocks) if is_listed else _unlisted(after, stocks)
    return None if after == ALL_FOR_SALE else after


def counted(made: ForSaleEdits | None, edit: OpenAndClose, now: int) -> ForSaleEdits | None:
    """Count an edit at partition time `now`; None if it closes, and the day has none left."""
    day = now // day_ms
    before = made.made if made is not None and made.day == day else 0
    if edit.close and before >= for_sale_edits_per_day_max:
        return None
    left = max(0, for_sale_edits_per_day_max - before - 1)
    return ForSaleEdits(day=day, made=before + 1, left=left)


def _listed(config: ForSale, stocks: Iterable[Stock]) -> ForSale:
    objects, places = dict.fromkeys(config.objects), dict(config.area_places)
    for stock in stocks:
        if stock.places is None:
            objects[stock.label] = None
        else:
            listed = places.get(stock.label, 0) + stock.places
            places[stock.label] = listed if stock.capacity is None else min(listed, stock.capacity)
    return _replace(config, objects=list(objects), area_places=places)


def _unlisted(config: ForSale, stocks: Iterable[Stock]) -> ForSale:
    objects, places = dict.fromkeys(config.objects), dict(config.area_places)
    for stock in stocks:
        if stock.places is None:
            objects.pop(stock.label, None)
        else:
            places[stock.label] = places.get(stock.label, 0) - stock.places
    some = {label: count for label, count in places.items() if count > 0}
    return _replace(config, objects=list(objects), area_places=some)


_replace = msgspec.structs.replace
