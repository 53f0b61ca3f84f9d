"""The lines of a process' log."""

import json
import subprocess
import sys
from typing import Any

SPEAKER = """
import logging
from seatlog import logs

logs.log_to_stderr("worker-1", "INFO")
{said}
"""


def lines(said: str) -> list[dict[str, Any]]:
    """Give the lines of a process that says something."""
    command = [sys.executable, "-c", SPEAKER.format(said=said)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_is_json_with_what_belongs_to_it_and_no_secret_key() -> None:
    said = """
logging.getLogger("ours").warning("a key", extra={"of": 'x"\\n{', "key": "sk_abcdef12345"})
"""
    [line] = lines(said)
    assert line["of"] == 'x"\n{'
    assert line["key"] == "sk_***"
    assert (line["process"], line["level"], line["logger"]) == ("worker-1", "warning", "ours")


def test_what_the_brokers_client_repeats_is_said_once_in_a_while_and_counted() -> None:
    said = """
kafka = logging.getLogger("aiokafka.conn")
for port in range(50):
    kafka.error("Unable connect to %s", port)
    logging.getLogger("ours").warning("try %s", port)
kafka.error("something else")
logs.repeated_every_s = 0.0
kafka.error("Unable connect to %s", 50)
"""
    found = lines(said)
    assert len([line for line in found if line["logger"] == "ours"]) == 50
    of_client = [line for line in found if line["logger"] == "aiokafka.conn"]
    assert [line["message"] for line in of_client] == [
        "Unable connect to 0",
        "something else",
        "Unable connect to 50",
    ]
    assert of_client[-1]["left_out"] == 49
