"""A theatre's year: a season of three evenings, and two partial seasons that share one of them."""

from typing import Any, Final

import msgspec

from schemas.commands import Change, ChangeObjectStatus, SeasonUse
from schemas.facts import FREE, EventCreated, EventUpdated
from schemas.rejections import Rejection
from schemas.seasons import SeasonPlace
from tests.engine.factories import (
    NOON,
    PARTITION,
    WORKSPACE,
    Item,
    change,
    command,
    event_created,
)

YEAR: Final = 1024
SPRING: Final = 2048
AUTUMN: Final = 2304
MARCH: Final = 1280
"""In spring."""
MAY: Final = 1536
"""In spring and in autumn, as programmes go."""
OCTOBER: Final = 1792
"""In no partial season."""

SEASONS_OF: Final = {MARCH: [SPRING], MAY: [SPRING, AUTUMN], OCTOBER: []}
KEYS: Final = {
    YEAR: "year",
    SPRING: "spring",
    AUTUMN: "autumn",
    MARCH: "march",
    MAY: "may",
    OCTOBER: "october",
}

TAKEN: Final = Rejection.TAKEN_IN_SEASON


def year() -> list[EventCreated]:
    """Give the coordinator's word that all of it exists."""
    places = {
        YEAR: SeasonPlace(kind="top", top=YEAR),
        SPRING: SeasonPlace(kind="partial", top=YEAR),
        AUTUMN: SeasonPlace(kind="partial", top=YEAR),
    }
    for event, partials in SEASONS_OF.items():
        places[event] = in_year(*partials)
    return [
        msgspec.structs.replace(event_created(event, KEYS[event]), season=place)
        for event, place in places.items()
    ]


def in_year(*partials: int) -> SeasonPlace:
    """Give the place of an evening that is in these partial seasons."""
    return SeasonPlace(kind="event", top=YEAR, partials=list(partials))


def told(event: int, **fields: Any) -> EventUpdated:  # noqa: ANN401
    """Give the coordinator's word that something is otherwise with an event."""
    return EventUpdated(
        event=event,
        partition=PARTITION,
        workspace=WORKSPACE,
        key=KEYS[event],
        previous_key=KEYS[event],
        updated_at=NOON,
        **fields,
    )


def uses(event: int, *items: Item, season: int = YEAR, is_overridden: bool) -> Change:
    """Ask that an event goes by its own status, or by its season's again."""
    use = SeasonUse(season=season, is_overridden=is_overridden)
    return msgspec.structs.replace(change(FREE, *items, event=event), season_use=use)


def override(event: int, *items: Item, season: int = YEAR) -> ChangeObjectStatus:
    """Ask that an event goes by its own status."""
    return command(uses(event, *items, season=season, is_overridden=True))


def use_again(event: int, *items: Item, season: int = YEAR) -> ChangeObjectStatus:
    """Ask that an event goes by its season's status again."""
    return command(uses(event, *items, season=season, is_overridden=False))
