"""What a drop is: how many fans come when, how they behave, and what a load process is told."""

import msgspec

from seatlog.demo.seating import Seating
from seatlog.demo.weekend import Days, Weekend

connections_max = 512
"""Keep-alive connections of all load processes together."""
WEEKEND_ORDER = "weekend-"
"""How the order ids of weekend passes begin."""


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """How the fans come and what they do. Spans are drawn evenly between their two ends."""

    at_the_door: int = 1_500
    """So many fans wait when the sale opens; the others come evenly over `arrivals_s`."""
    at_the_door_s: float = 2.0
    arrivals_s: float = 75.0
    look_s: tuple[float, float] = (0.5, 3.0)
    """From the hold token to the first try."""
    look_again_s: tuple[float, float] = (0.3, 1.5)
    pay_s: tuple[float, float] = (2.0, 8.0)
    """From the hold to the booking."""
    pass_share: float = 0.15
    """They want a weekend pass: the same seats on all three days, or none."""
    other_day_share: float = 0.05
    """They want Friday alone, or Sunday alone, one as often as the other; the rest: Saturday."""
    pass_tries_max: int = 2
    """Whoever gets no pass with these goes for Saturday alone."""
    tries_max: int = 4
    patient_share: float = 0.25
    """Of those who got nothing for Saturday; they wait for seats to come back, the others leave."""
    patient_tries_max: int = 16
    fickle_share: float = 0.25
    """Of those who come early: they hold seats of Saturday for one minute, and walk away."""
    fickle_arrive_before_s: float = 15.0
    fickle_holds: int = 420
    """So many holds are left to expire, over all load processes."""
    poll_every_s: float = 0.25

    def arrives_at_s(self, fan: int, fans: int) -> float:
        """Say when a fan comes, in seconds after the opening; the later the higher his number."""
        door = min(self.at_the_door, fans)
        if fan < door:
            return self.at_the_door_s * fan / door
        return self.at_the_door_s + self.arrivals_s * (fan - door) / (fans - door)

    def days_wanted(self, weekend: Weekend, draw: float) -> Days:
        """Say which days a fan wants, for a draw from 0 up to, not including, 1."""
        if draw < self.pass_share:
            return weekend.days
        if draw < self.pass_share + self.other_day_share / 2:
            return (weekend.friday,)
        if draw < self.pass_share + self.other_day_share:
            return (weekend.sunday,)
        return (weekend.saturday,)


class LoadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What one load process is told."""

    process: int
    processes: int
    address: str
    api_key: str
    weekend: Weekend
    fans: int
    """Of all load processes; this one has every `processes`-th of them."""
    connections: int
    """Of this process; 2 or more."""
    opens_at: float
    """Seconds since the epoch."""
    seating: Seating
    behaviour: Behaviour
    client_log: str
    """The file that this process writes what its fans asked and heard to."""


class LoadReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a load process says twice a second: counts since its start."""

    through: int = 0
    """Fans that have left, with or without seats."""
    holds: int = 0
    """Attempts to hold that were decided."""
    refused: int = 0
    """Attempts to hold that were refused."""
    bookings: int = 0
    seats_booked: int = 0
    """Of all days: a seat of a pass counts on each of them."""
    passes: int = 0
    """Weekend passes that were booked."""
    pass_seats: int = 0
    """Their seats, each counted once."""
    passes_refused: int = 0
    """Attempts to hold the seats of a pass that were refused; they are among `refused`, too."""
    abandoned: int = 0
    """Holds that their fans walked away from."""
    later: int = 0
    """Answers that asked to come back later; nothing was changed."""
    unknown: int = 0
    """Requests whose outcome had to be looked up."""
    odd: list[str] = []
    """Answers that no fan should get, the first few of them."""
    odd_count: int = 0
    waiting: int = 0
    latencies_ms: list[float] = []
    """Of the holds and bookings answered since the last report."""
    done: bool = False
