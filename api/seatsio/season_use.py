"""Whether an event goes by its season's status: asked for in a batch, or by a route of its own."""

from collections.abc import Collection
from typing import Literal, NamedTuple

from pydantic.alias_generators import to_camel

from api.call import Call
from api.seatsio.errors import BodyError, bad_request
from api.seatsio.parts import Parts
from engine.groups.directory import Entry
from schemas.commands import SeasonUse

SeasonType = Literal["OVERRIDE_SEASON_STATUS", "USE_SEASON_STATUS"]
OVERRIDE: SeasonType = "OVERRIDE_SEASON_STATUS"
USE: SeasonType = "USE_SEASON_STATUS"
_FIELDS = {"type", "event", "objects", "season"}


class WantedUse(NamedTuple):
    """By whose status objects are to go."""

    is_overridden: bool
    season: str | None
    """Key; None: the top-level season."""


def read_use(
    kind: str | None, season: str | None, said: Collection[str], path: str
) -> WantedUse | None:
    """Read what a change of a batch says about seasons; None if it changes statuses."""
    if kind not in (OVERRIDE, USE):
        if season is not None:
            raise BodyError([f"{path}/season: only for {OVERRIDE} and {USE}"])
        return None
    others = sorted(to_camel(field) for field in set(said) - _FIELDS)
    if others:
        raise BodyError([f"{path}: {kind} takes objects and a season, no {', '.join(others)}"])
    return WantedUse(kind == OVERRIDE, season)


async def season_use(parts: Parts, call: Call, entry: Entry, wanted: WantedUse) -> SeasonUse:
    """Find the season that is meant. Raises VendorError if the event is not in it."""
    seasons = entry.season.seasons if entry.season is not None else []
    if not seasons:
        raise bad_request(f"{entry.key} is not an event in a season")
    if wanted.season is None:
        return SeasonUse(season=seasons[0], is_overridden=wanted.is_overridden)
    season = (await parts.entry(call, wanted.season)).event
    if season not in seasons:
        raise bad_request(f"{entry.key} is not in the season {wanted.season}")
    return SeasonUse(season=season, is_overridden=wanted.is_overridden)
