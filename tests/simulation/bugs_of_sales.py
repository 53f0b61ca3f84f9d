"""Deliberate bugs in how things are sold: in seasons, at tables, from new charts, by channel."""

from typing import Final

from engine.groups import machine as groups
from engine.groups import season_sale
from engine.seats import changes, machine, offering, reservations, settling, wishes
from engine.seats.changes import Attempt
from engine.seats.event_map import EventMap
from engine.seats.parking import Parking
from tests.simulation.bug import bug

OF_SEASONS: Final = (
    bug(
        "a season does not ask the last of its events",
        (
            changes,
            "used_elsewhere",
            "for one in seasons.events_of(event)",
            "for one in list(seasons.events_of(event))[:-1]",
        ),
    ),
    bug(
        "an event does not ask its partial seasons",
        (
            changes,
            "used_elsewhere",
            "return used_by_seasons(sight, event, of, place)",
            "return used_by_seasons(sight, event, of[:1], place)",
        ),
    ),
    bug(
        "a season does not ask the other seasons of its events",
        (changes, "used_elsewhere", "if other != event]", "if other != event and False]"),
    ),
    bug(
        "what a group has in doubt on an event is there for its season",
        (reservations, "in_doubt", "state.seasons.related_keys(key)", "[key]"),
    ),
    bug(
        "who wants something of an event overtakes who waits for it on the season",
        (Parking, "is_behind", "self._sharing(key)", "(key,)"),
    ),
    bug(
        "best available offers what the season has",
        (wishes, "taken_elsewhere", "if event.id not in state.seasons:", "if True:"),
    ),
    bug(
        "an event that joins a season overrides nothing",
        (machine, "settle", "if is_past:", "if True:"),
    ),
    bug(
        "an event that joins a season overrides all that the season has",
        (settling, "_overrides", "if wanted > left:", "if wanted:"),
        (settling, "_overrides", "before + wanted - max(0, left)", "before + wanted"),
    ),
    bug(
        "an event in the past limits its season",
        (changes, "used_elsewhere", "if not sight.is_in_the_past(one)", "if True"),
    ),
    bug(
        "what is said of a season's tables does not reach its events",
        (groups, "tables_passed_on", "if tables is None or", "if True or"),
    ),
    bug(
        "a deleted season leaves its events behind",
        (groups, "deleted_with", 'entry.season.kind == "event"', 'entry.season.kind != "partial"'),
    ),
    bug(
        "a deleted partial season leaves its mark on its events",
        (groups, "deleted_with", 'entry.season.kind == "event"', 'entry.season.kind != "top"'),
    ),
    bug(
        "what a season has out of sale is for sale on events that join it",
        (season_sale, "_concerned", "changed = list(changed)", "changed = ()"),
    ),
)

OF_TABLES: Final = (
    bug(
        "a table that its seats keep from being free is free for the season",
        (
            Attempt,
            "used",
            "return used or int(not self._is_free_otherwise(state, place))",
            "return used",
        ),
    ),
)

OF_CHARTS: Final = (
    bug(
        "an event that gets another chart forgets its holds",
        (
            machine.SeatsMachine,
            "_evolve_event",
            "event.sell(inventory, self._updated_map(event.map, fact))",
            (
                "event.sell(inventory, self._updated_map(event.map, fact))\n"
                "            for label, held in list(event.objects.items()):\n"
                "                if fact.inventory and held.hold_token:\n"
                "                    state.replace(event, label, type(held)())"
            ),
        ),
    ),
    bug(
        "what vanished with the former chart cannot be given back",
        (Attempt, "_give_back", "if change.status != FREE:", "if True:"),
    ),
    bug(
        "what a group has reserved and is not on the new chart is not done",
        (
            reservations,
            "apply_planned",
            "for plan in planned:",
            (
                "for plan in planned:\n"
                "        if state.events[plan.change.event].map.find(plan.change.label) is None:\n"
                "            continue"
            ),
        ),
    ),
    bug(
        "best available chooses from the former chart",
        (
            machine.SeatsMachine,
            "_evolve_event",
            "event.sell(inventory, self._updated_map(event.map, fact))",
            "event.map = self._updated_map(event.map, fact)",
        ),
    ),
)

OF_OFFERS: Final = (
    bug(
        "an object of a channel is anybody's",
        (offering, "admits", "return key is None", "return True"),
    ),
    bug(
        "who names a channel gets what is in none",
        (
            offering,
            "admits",
            "(NO_CHANNEL if key is None else key) in change.channel_keys",
            "key is None or key in change.channel_keys",
        ),
    ),
    bug(
        "what is not for sale is sold",
        (EventMap, "is_for_sale", "all(offer.has(found) for offer in self._offers)", "True"),
    ),
    bug(
        "places that are not for sale are sold",
        (
            EventMap,
            "places_not_for_sale",
            "max((offer.places_not_for_sale(found) for offer in self._offers), default=0)",
            "0",
        ),
    ),
    bug(
        "a group takes an object from different channels",
        (groups, "differing", "if not any(channels.values()):", "if True:"),
    ),
)
