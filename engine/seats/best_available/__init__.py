"""Best available: which objects a party that does not choose for itself gets.

    preference = Preference(seat_map)           once for each seat map, shared by its events
    free = preference.all & ~taken              `taken` is one whole number for each event
    choose(preference, Offer(free, free, places, in_categories), Wish(number=2))

Rules of this folder:

1. Nothing here knows a status: the caller says what is free and what may be taken.
2. The same preference, offer and wish give the same choice, on every machine.
3. What each step of the search means is in docs/decisions, under best available.
"""

from engine.seats.best_available.choose import Choice, Offer, choose, may_choose
from engine.seats.best_available.preference import Preference

__all__ = ["Choice", "Offer", "Preference", "choose", "may_choose"]
