"""The two lanes: how many requests of one workspace one ingress serves at once.

Rules of this file:

1. A place is one number in a dictionary, so taking it costs the same however many there are. All
   of an ingress is one thread: nothing is locked.
2. Who takes a place leaves it, whatever becomes of the request.
"""

from enum import Enum, auto
from typing import NamedTuple

from api import limits
from api.errors import RateLimitExceededError


class Lane(Enum):
    """What a request is a part of; a full lane does not hold the other one up."""

    PRIORITY = auto()
    """A sale: hold tokens, holds, bookings and all that a fan waits for."""
    REGULAR = auto()
    """Everything around it: events, charts, reports, workspaces."""


class LaneLimits(NamedTuple):
    """How many requests of one workspace may be under way in each lane."""

    priority_max: int = limits.priority_requests_max
    regular_max: int = limits.regular_requests_max


class Places:
    """The requests under way in one lane, by workspace."""

    def __init__(self, requests_max: int) -> None:
        self._requests_max = requests_max
        self._under_way: dict[str, int] = {}

    def take(self, workspace: str) -> None:
        """Count a request in. Raises RateLimitExceededError."""
        count = self._under_way.get(workspace, 0)
        if count >= self._requests_max:
            raise RateLimitExceededError
        self._under_way[workspace] = count + 1

    def leave(self, workspace: str) -> None:
        """Count it out."""
        count = self._under_way[workspace]
        if count > 1:
            self._under_way[workspace] = count - 1
        else:
            del self._under_way[workspace]  # workspaces come and go


def places_by_lane(most: LaneLimits) -> dict[Lane, Places]:
    """Give every lane, empty."""
    return {
        Lane.PRIORITY: Places(most.priority_max),
        Lane.REGULAR: Places(most.regular_max),
    }
