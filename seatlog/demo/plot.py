"""The sell-through as a picture. The one module that needs matplotlib, an extra of the package."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seatlog.demo.story import Story

_SOLD, _HELD, _REFUSED, _INK, _GRID = "#1b6e5a", "#e9b44c", "#c8553d", "#333333", "#dddddd"
_ON_PASSES = "#a8d5c5"
_SIZE_INCHES = (10.0, 6.4)
_DOTS_PER_INCH = 150
_HEADROOM, _UPPER_NOTE, _LOWER_NOTE = 1.2, 1.13, 1.04
"""In houses: where the axis ends, and the two heights of notes, so that none lies on another."""


def draw(story: Story, file: Path) -> None:
    """Draw the picture into a PNG file."""
    mpl.use("Agg")
    figure = Figure(figsize=_SIZE_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    _draw_house(upper, story)
    _draw_answers(lower, story)
    _mark(upper, lower, story)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=_GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    figure.savefig(file, format="png")


def _draw_house(axes: Axes, story: Story) -> None:
    times = [0.0, *(story.seconds(moment.at) for moment in story.moments)]
    sold = [0, *(moment.sold for moment in story.moments)]
    held = [0, *(moment.held for moment in story.moments)]
    axes.stackplot(
        times, sold, held, colors=[_SOLD, _HELD], labels=["sold", "held"], step="post", linewidth=0
    )
    on_passes = [0, *(moment.on_passes for moment in story.moments)]
    axes.step(times, on_passes, where="post", color=_ON_PASSES, label="of these on weekend passes")
    axes.axhline(story.seats, color=_INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylim(0, story.seats * _HEADROOM)
    axes.set_xlim(0, max(times[-1], 1.0) * 1.01)
    axes.set_ylabel("seats")
    axes.set_title(
        f"Saturday: {sold[-1]:,} of {story.seats:,} seats sold in {times[-1]:.0f} s",
        loc="left",
        color=_INK,
    )
    _name_colours(axes)


def _draw_answers(axes: Axes, story: Story) -> None:
    seconds = sorted({*story.done_in, *story.refused_in})
    middles = [story.seconds(second * 1000 + 500) for second in seconds]
    done = [story.done_in.get(second, 0) for second in seconds]
    refused = [story.refused_in.get(second, 0) for second in seconds]
    axes.bar(middles, done, width=1.0, color=_SOLD, label="done")
    axes.bar(middles, refused, width=1.0, bottom=done, color=_REFUSED, label="refused")
    axes.set_ylabel("answers a second")
    axes.set_xlabel("seconds after the opening")
    _name_colours(axes)


def _name_colours(axes: Axes) -> None:
    """Put the legend above the axes: inside, it would lie on the data."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, ncols=3)


def _mark(upper: Axes, lower: Axes, story: Story) -> None:
    if story.killed_s is not None:
        for axes in (upper, lower):
            axes.axvline(story.killed_s, color=_INK, linewidth=1.2)
        back = (
            "" if story.back_s is None else f", answers after {story.back_s - story.killed_s:.1f} s"
        )
        upper.annotate(
            f"owner killed (-9){back}",
            (story.killed_s, story.seats * _UPPER_NOTE),
            xytext=(4, 0),
            textcoords="offset points",
            color=_INK,
        )
    if story.expired_s:
        first, last = min(story.expired_s), max(story.expired_s)
        upper.axvspan(first, last, color=_REFUSED, alpha=0.12, linewidth=0)
        upper.annotate(
            f"{len(story.expired_s):,} holds expire",
            (first, story.seats * _LOWER_NOTE),
            xytext=(4, 0),
            textcoords="offset points",
            color=_REFUSED,
        )
