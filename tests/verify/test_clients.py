"""What clients were told against what the log holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from schemas.facts import BOOKED, FREE, HELD
from seatlog.verify import clients
from seatlog.verify.client_log import ClientLogError, Request, read_client_log
from seatlog.verify.clients import Clients
from seatlog.verify.report import Check, Report
from tests.simulation.bug import Edit
from tests.verify.story import Story, Teller
from tests.workers.house import NOON, book


@pytest.fixture(scope="module")
async def story() -> Story:
    """Give a small drop: A-1 booked, then refused; A-2 held, booked; A-3 booked and released."""
    teller = Teller()
    await teller.open()
    event, token = teller.event, teller.token("one")
    await teller.ask(
        book(event, "A-1"),
        book(event, "A-1"),
        book(event, "A-2", status=HELD, hold=token),
        book(event, "A-2", hold=token),
        book(event, "A-3"),
        book(event, "A-3", status=FREE),
    )
    return await teller.end()


def request(at: int, labels: str, outcome: str = "ok", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Write a line of the clients' log; it took one millisecond."""
    line = {
        "at_ms": NOON + 10 * at,
        "done_ms": NOON + 10 * at + 1,
        "event": "drop",
        "status": BOOKED,
        "labels": labels.split(),
        "hold_token": None,
        "outcome": outcome,
    }
    return line | more


TRUE = [
    request(0, "A-1", command="e-0-0"),
    request(1, "A-1", "refused", http_status=400),
    request(2, "A-2", status=HELD, hold_token="one"),
    request(3, "A-2", hold_token="one"),
    request(4, "A-3"),
    request(5, "A-3", status=FREE),
]

Falsify = Callable[[list[dict[str, Any]]], object]


def check(story: Story, lines: list[dict[str, Any]]) -> Report:
    return story.check(clients=Clients(msgspec.convert(lines, list[Request])))


def faults_of(story: Story, falsify: Falsify) -> list[str]:
    lines = [dict(line) for line in TRUE]
    falsify(lines)
    report = check(story, lines)
    assert {fault.check for fault in report.faults} <= {Check.CLIENTS}
    return [str(fault) for fault in report.faults]


def test_a_true_log_of_the_clients_has_no_fault(story: Story) -> None:
    report = check(story, TRUE)
    assert report.faults == []
    assert report.counts.client_requests == 6
    assert Check.CLIENTS not in report.skipped


def test_an_answer_that_the_log_does_not_hold_is_named(story: Story) -> None:
    faults = faults_of(story, lambda lines: lines.append(request(6, "A-4")))
    assert faults == ["clients: booked of A-4 in drop: was told ok 1 times, and the log holds 0"]


def test_an_ok_for_what_the_log_refused_is_named(story: Story) -> None:
    faults = faults_of(story, lambda lines: lines[1].update(outcome="ok"))
    assert faults == ["clients: booked of A-1 in drop: was told ok 2 times, and the log holds 1"]


def test_a_refusal_of_what_the_log_has_done_is_named(story: Story) -> None:
    faults = faults_of(story, lambda lines: lines[3].update(outcome="refused"))
    assert "refused 1 times, and the log has done it 1 times" in faults[0]


def test_an_answer_for_another_token_is_named(story: Story) -> None:
    faults = faults_of(story, lambda lines: lines[3].update(hold_token="two"))
    assert any("booked of A-2 in drop by two" in fault for fault in faults)


@pytest.mark.parametrize("place", range(6))
def test_an_unknown_outcome_may_be_either(story: Story, place: int) -> None:
    assert faults_of(story, lambda lines: lines[place].update(outcome="unknown")) == []


def test_a_request_refused_before_the_log_is_no_fault(story: Story) -> None:
    assert faults_of(story, lambda lines: lines.append(request(6, "nowhere", "refused"))) == []


def test_a_seat_sold_that_no_client_bought_is_named(story: Story) -> None:
    faults = faults_of(story, lambda lines: lines.pop(3))
    assert faults == ["clients: A-2 of drop: is sold, and no client has bought it"]


def test_an_answer_to_another_command_is_named(story: Story) -> None:
    faults = faults_of(story, lambda lines: lines[1].update(command="e-0-0"))
    assert "was told refused of command e-0-0, and the log says ok" in faults[0]
    faults = faults_of(story, lambda lines: lines[0].update(command="e-0-77"))
    assert "was told ok of command e-0-77, and the log does not hold it" in faults[0]


def test_the_log_keeps_the_order_in_which_clients_were_answered(story: Story) -> None:
    # The release of A-3 was asked for after the answer to its booking; here it was before it.
    faults = faults_of(story, lambda lines: lines[4].update(at_ms=NOON + 90, done_ms=NOON + 91))
    assert faults == ["clients: A-3 of drop: e-0-4 was sent after the answer to e-0-5"]


async def test_an_unknown_outcome_that_was_done_twice_is_named() -> None:
    teller = Teller()
    await teller.open()
    event = teller.event
    await teller.ask(book(event, "A-3"), book(event, "A-3", status=FREE), book(event, "A-3"))
    lines = [request(0, "A-3", "unknown"), request(1, "A-3", status=FREE)]
    report = check(await teller.end(), lines)
    says = "was told ok 0 times and refused 0 times, and the log has done it 2 times"
    assert [(fault.check, fault.what) for fault in report.faults] == [(Check.CLIENTS, says)]


@pytest.mark.parametrize(
    ("falsify", "name", "condition"),
    [
        (
            lambda lines: lines[4].update(outcome="refused"),
            *("_told_faults", 'held["ok"] > told["ok"] + told["unknown"] + unknown'),
        ),
        (
            lambda lines: lines[4].update(at_ms=NOON + 90, done_ms=NOON + 91),
            "_order_faults_in_partition",
            "latest is not None and done.offset < latest.offset",
        ),
    ],
    ids=["C2", "C6"],
)
def test_what_a_check_finds_goes_unnoticed_without_it(
    story: Story, falsify: Falsify, name: str, condition: str
) -> None:
    assert len(faults_of(story, falsify)) == 1
    off = Edit(clients, name, ((condition, "False"),))
    with patch.object(clients, name, off.edited()):
        assert faults_of(story, falsify) == []


def test_a_line_that_is_no_request_is_refused_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "fans.jsonl"
    encode = msgspec.json.encode
    file.write_bytes(encode(TRUE[0]) + b"\n\n" + encode(TRUE[1] | {"outcome": "maybe"}) + b"\n")
    with pytest.raises(ClientLogError, match=r"fans\.jsonl line 3 is not a request: .*outcome"):
        list(read_client_log(file))
    with pytest.raises(ClientLogError, match="cannot be read"):
        list(read_client_log(tmp_path / "missing"))
