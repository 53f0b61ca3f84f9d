"""The progress of a drop: a live picture on a terminal, a line a second elsewhere."""

from typing import NamedTuple, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from seatlog.demo.tally import percentile

line_every_s = 1.0
_BAR_CELLS = 60


class Snapshot(NamedTuple):
    """The drop as it stands."""

    elapsed_s: float
    seats: int
    sold: int
    held: int
    fans: int
    through: int
    waiting: int
    holds: int
    refused: int
    expired: int
    passes: int
    groups_in_doubt: int
    recent_ms: list[float]
    """What the holds and bookings of the last seconds took."""
    recent_s: float
    notes: list[str]
    """What happened: the kill, the takeover."""

    @property
    def rate(self) -> float:
        """Holds and bookings answered a second."""
        return len(self.recent_ms) / max(1e-9, min(self.recent_s, self.elapsed_s))


class Progress(Protocol):
    """Shows snapshots."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def show(self, now: Snapshot) -> None: ...


def progress_on(console: Console) -> Progress:
    """Choose how to show progress there."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


class PlainProgress:
    """Writes a line a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_s = 0.0
        self._noted = 0

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to clean up."""

    def show(self, now: Snapshot) -> None:
        """Write a line if a second has passed."""
        for note in now.notes[self._noted :]:
            self._write(f"        {note}")
        self._noted = len(now.notes)
        if now.elapsed_s >= self._next_s:
            self._next_s = now.elapsed_s + line_every_s
            self._write(line_of(now))

    def _write(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def line_of(now: Snapshot) -> str:
    """Give a snapshot as one line."""
    return (
        f"{now.elapsed_s:5.0f} s  sold {now.sold:5,}  held {now.held:5,}  "
        f"refused {now.refused:6,} of {now.holds:6,}  expired {now.expired:4,}  "
        f"passes {now.passes:3,}, {now.groups_in_doubt:2,} in doubt  "
        f"fans {now.through:6,} through, {now.waiting:5,} waiting  "
        f"{now.rate:5,.0f}/s  p50 {percentile(now.recent_ms, 0.5):5.1f} ms  "
        f"p99 {percentile(now.recent_ms, 0.99):6.1f} ms"
    )


class LiveProgress:
    """Draws the house filling up, in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        """Take over the lower part of the terminal."""
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the last picture there."""
        self._live.stop()

    def show(self, now: Snapshot) -> None:
        """Draw anew."""
        self._live.update(_picture(now), refresh=True)


def _picture(now: Snapshot) -> RenderableType:
    figures = Table.grid(padding=(0, 3))
    for name, value in _figures(now):
        figures.add_row(Text(name, style="dim"), value)
    notes = [Text(f"  {note}", style="yellow") for note in now.notes]
    return Group(_bar(now), figures, *notes)


def _figures(now: Snapshot) -> list[tuple[str, str]]:
    share = now.refused / now.holds if now.holds else 0.0
    p50, p99 = percentile(now.recent_ms, 0.5), percentile(now.recent_ms, 0.99)
    return [
        ("sold", f"{now.sold:,} of {now.seats:,} seats of Saturday"),
        ("held", f"{now.held:,}"),
        ("refused", f"{now.refused:,} of {now.holds:,} attempts to hold ({share:.0%})"),
        ("expired", f"{now.expired:,} holds that nobody completed"),
        ("passes", f"{now.passes:,} sold for the weekend; {now.groups_in_doubt:,} groups in doubt"),
        ("fans", f"{now.through:,} of {now.fans:,} through, {now.waiting:,} wait for seats"),
        ("rate", f"{now.rate:,.0f} holds and bookings a second"),
        ("p50 / p99", f"{p50:.1f} ms / {p99:.1f} ms"),
    ]


def _bar(now: Snapshot) -> Text:
    sold = round(_BAR_CELLS * now.sold / now.seats)
    held = min(_BAR_CELLS - sold, round(_BAR_CELLS * now.held / now.seats))
    return Text.assemble(
        ("█" * sold, "green"),
        ("█" * held, "yellow"),
        ("░" * (_BAR_CELLS - sold - held), "dim"),
        f"  {now.elapsed_s:3.0f} s",
    )
