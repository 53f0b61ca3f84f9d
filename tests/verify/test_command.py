"""`seatlog verify` as a person meets it: what it prints, and how it says that it cannot begin."""

import subprocess
import sys
from pathlib import Path

from seatlog.local.ports import free_port
from seatlog.verify.report import MEANINGS, Check, Report, faults_kept_max

ROOT = Path(__file__).parents[2]


def verify(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "seatlog", "verify", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
    )


def test_a_clients_log_that_cannot_be_read_is_named_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    file = tmp_path / "fans.jsonl"
    file.write_text('{"at_ms": 1}\n')
    ended = verify("--bootstrap", "127.0.0.1:1", "--client-log", str(file))
    assert ended.returncode == 2
    assert f"seatlog verify: {file} line 1 is not a request" in ended.stderr


def test_a_broker_that_is_away_is_named() -> None:
    address = f"127.0.0.1:{free_port()}"
    ended = verify("--bootstrap", address)
    assert ended.returncode == 2
    assert ended.stderr.startswith("seatlog verify: ")
    assert address in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_report_says_what_does_not_hold_and_what_was_not_checked() -> None:
    report = Report()
    report.fault(Check.SEATS, "events.outbox/0 at 7", "A-1 is sold twice")
    text = "\n".join(report.lines())
    assert f"FAULT  {MEANINGS[Check.SEATS]}: not so, 1 times" in text
    assert f"-      {MEANINGS[Check.CLIENTS]}: not checked, no log of the clients" in text
    assert f"ok     {MEANINGS[Check.AREAS]}" in text
    assert text.endswith("Faults: 1.")
    assert [str(fault) for fault in report.faults] == [
        "seats: events.outbox/0 at 7: A-1 is sold twice"
    ]


def test_a_report_keeps_some_faults_of_a_kind_and_counts_them_all() -> None:
    report = Report()
    for offset in range(faults_kept_max + 5):
        report.fault(Check.LOG, f"events.outbox/0 at {offset}", "cannot be read")
    assert len(report.faults) == faults_kept_max
    assert report.fault_counts[Check.LOG] == faults_kept_max + 5
    assert not report.is_clean
