from typing import Any

import msgspec
import pytest

from seatlog.demo.proof import Promise, Witnessed, prove, shortfalls
from seatlog.verify.report import Check, Report

PROMISE = Promise(saturday="saturday", seats=8_897, fans=20_000)
SHOWN = Witnessed(
    fans_through=20_000,
    holds=30_000,
    refused=6_000,
    seats_told=11_000,
    partitions=[3, 0, 1],
    passes_told=300,
    pass_seats_told=750,
    passes_refused=1,
    passes_whole=300,
    passes_torn=0,
    on_passes=[750, 750, 750],
    groups_in_doubt=0,
    expired=300,
    killed="worker-1",
    term_before=0,
    term_after=12_345,
    owner_after="worker-1",
    first_answer_s=0.8,
)


def clean_report() -> Report:
    report = Report()
    report.skipped.clear()
    report.counts.seats_sold = 11_000
    report.counts.seats_sold_by_event = {"friday": 1_050, "saturday": 8_897, "sunday": 1_053}
    report.counts.commands = report.counts.results = 40_000
    return report


def fell_short(report: Report | None = None, **shown: Any) -> list[str]:  # noqa: ANN401
    seen = msgspec.structs.replace(SHOWN, **shown)
    return shortfalls(prove(PROMISE, seen, report or clean_report()))


def test_a_drop_that_shows_everything_it_promised_falls_short_of_nothing() -> None:
    assert fell_short() == []


@pytest.mark.parametrize(
    ("shown", "named"),
    [
        ({"refused": 5_999}, "refused"),
        ({"holds": 0, "refused": 0}, "refused"),
        ({"expired": 299}, "expired"),
        ({"killed": "", "term_before": -1, "term_after": -1}, "nobody was killed"),
        ({"term_after": -1, "first_answer_s": None}, "no higher term"),
        ({"first_answer_s": None}, "no result after it"),
        ({"fans_through": 19_999}, "fans"),
        ({"seats_told": 10_999}, "their fans were told"),
        ({"partitions": [3, 0, 3]}, "partitions"),
        ({"passes_told": 299, "passes_whole": 299}, "booked (at least 300): 299"),
        ({"passes_refused": 0}, "a pass that were refused"),
        ({"passes_torn": 1}, "1 that are not"),
        ({"passes_whole": 299}, "299, and 0 that are not"),
        ({"passes_whole": 301}, "301, and 0 that are not"),
        ({"on_passes": [750, 749, 750]}, "750 seats told, 750, 749, 750"),
        ({"on_passes": [751, 751, 751]}, "750 seats told, 751, 751, 751"),
        ({"proved_s": 240.1}, "(at most 240 s): 240.1 s"),
        ({"groups_in_doubt": 1}, "in doubt at the end: 1"),
        ({"odd_count": 1, "odd": ["booked: 500"]}, "booked: 500"),
    ],
)
def test_what_fell_short_is_named(shown: dict[str, Any], named: str) -> None:
    [short] = fell_short(**shown)
    assert named in short


@pytest.mark.parametrize(
    ("counts", "named"),
    [
        ({"sold_twice": 1}, "sold twice"),
        ({"results": 39_999}, "results"),
        ({"pending": 1}, "pending"),
        ({"commands": 0, "results": 0}, "results"),
    ],
)
def test_what_the_log_does_not_bear_out_is_named(counts: dict[str, int], named: str) -> None:
    report = clean_report()
    for name, count in counts.items():
        setattr(report.counts, name, count)
    [short] = fell_short(report)
    assert named in short


def test_an_unsold_seat_is_named() -> None:
    report = clean_report()
    report.counts.seats_sold = 10_999
    report.counts.seats_sold_by_event["saturday"] = 8_896
    short = fell_short(report, seats_told=10_999)
    assert short == ["seats of Saturday sold: 8,896 of 8,897"]


@pytest.mark.parametrize("check", Check)
def test_a_fault_of_any_check_is_named_with_its_place(check: Check) -> None:
    report = clean_report()
    report.fault(check, "events.outbox/1 at 7", "is not as it must be")
    [short] = fell_short(report)
    assert "events.outbox/1 at 7" in short


@pytest.mark.parametrize("check", [Check.READ_MODEL, Check.CLIENTS])
def test_a_check_that_was_not_made_proves_nothing(check: Check) -> None:
    report = clean_report()
    report.skipped[check] = "it was not given"
    [short] = fell_short(report)
    assert "not checked" in short


def test_how_long_groups_were_in_doubt_is_told_and_not_judged() -> None:
    report = clean_report()
    report.counts.in_doubt_longest_ms = 2_400
    [line] = [line for line in prove(PROMISE, SHOWN, report) if line.what == "longest in doubt"]
    assert line.holds is None
    assert line.value.startswith("2.40 s")


def test_a_drop_that_promised_no_kill_and_no_expiry_needs_none() -> None:
    small = msgspec.structs.replace(PROMISE, kills=0, expired_min=0)
    seen = msgspec.structs.replace(SHOWN, killed="", expired=0, first_answer_s=None)
    assert shortfalls(prove(small, seen, clean_report())) == []
