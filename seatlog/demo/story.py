"""What the plot of a drop tells."""

from collections.abc import Mapping, Sequence

from seatlog.demo.outbox import Moment


class Story:
    """What the picture tells; times in ms since the epoch."""

    def __init__(
        self,
        *,
        seats: int,
        opened_at: int,
        moments: Sequence[Moment],
        expired_at: Sequence[int],
        killed_at: int | None,
        back_at: int | None,
        done_in: Mapping[int, int],
        refused_in: Mapping[int, int],
    ) -> None:
        self.seats = seats
        self.opened_at = opened_at
        self.moments = moments
        self.expired_s = [self.seconds(at) for at in expired_at]
        self.killed_s = None if killed_at is None else self.seconds(killed_at)
        self.back_s = None if back_at is None else self.seconds(back_at)
        self.done_in = done_in
        self.refused_in = refused_in

    def seconds(self, at: int) -> float:
        """Give an instant as seconds after the opening."""
        return (at - self.opened_at) / 1000
