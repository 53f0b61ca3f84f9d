import io

from rich.console import Console

from seatlog.demo.progress import Snapshot, line_of, progress_on

NOW = Snapshot(
    elapsed_s=10.0,
    seats=8_897,
    sold=4_321,
    held=765,
    fans=20_000,
    through=1_234,
    waiting=56,
    holds=3_000,
    refused=1_500,
    expired=7,
    passes=321,
    groups_in_doubt=4,
    recent_ms=[2.0] * 99 + [50.0] * 2,
    recent_s=5.0,
    notes=[],
)
KILLED = "10.0 s: killed [worker-1]"


def shown(*snapshots: Snapshot, on_terminal: bool) -> str:
    """Show a drop, and give what is to be seen in the end."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=on_terminal, width=100, color_system=None)
    with progress_on(console) as progress:
        for snapshot in snapshots:
            progress.show(snapshot)
    return file.getvalue()


def test_a_line_of_progress_has_every_figure() -> None:
    line = line_of(NOW)
    for figure in ("4,321", "765", "1,500 of  3,000", "321,  4 in doubt", "20/s", "p50   2.0 ms"):
        assert figure in line


def test_on_a_terminal_the_house_fills_up_in_place() -> None:
    later = NOW._replace(elapsed_s=10.5, sold=8_897, held=0, notes=[KILLED])
    seen = shown(NOW, later, on_terminal=True)
    first, last = seen[: seen.index("10 s")], seen[seen.rindex("\x1b[2K") :]
    assert first.count("█") == 29 + 5, "sold and held, of 60"
    assert first.count("░") == 60 - 29 - 5
    assert last.count("█") == 60
    for figure in (
        *("8,897 of 8,897 seats", "1,500 of 3,000 attempts to hold (50%)", "7 holds", "321 sold"),
        *("4 groups in doubt", "1,234 of 20,000 through, 56 wait", "20 holds and bookings", KILLED),
        "2.0 ms / 50.0 ms",
    ):
        assert figure in last


def test_elsewhere_there_is_a_line_a_second_and_each_note_once() -> None:
    times = [NOW._replace(elapsed_s=at, notes=[KILLED]) for at in (10.0, 10.5, 11.0)]
    lines = shown(*times, on_terminal=False).splitlines()
    assert lines == [f"        {KILLED}", line_of(times[0]), line_of(times[2])]
