"""Runs one server and stops it when whoever asked for it is gone.

Started as a process of its own, by path, with nothing but the standard library: see
seatlog/local/leashed.py for the other end. Its argument is a JSON object with the fields of
`Lead`; it writes the server's process id to its output, then waits.

Why a process in between, and not PR_SET_PDEATHSIG: that signal comes when the *thread* that
forked ends, which kills a server started from a worker thread; it cannot ask for an orderly
stop and then insist; and only Linux has it.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from typing import Any, TypedDict

_PARENT_CHECK_S = 1.0


class Lead(TypedDict):
    """What to run, and how to end it."""

    command: list[str]
    log: str
    stop_signal: int
    grace_s: float
    user: int | None
    group: int | None
    keep_fds: list[int]


def _start(lead: Lead) -> "subprocess.Popen[bytes]":
    account: dict[str, Any] = {}
    if lead["user"] is not None:
        account = {"user": lead["user"], "group": lead["group"], "extra_groups": []}
    with open(lead["log"], "ab") as log:  # noqa: PTH123  # pathlib would double the start-up time
        return subprocess.Popen(
            lead["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=lead["keep_fds"],
            **account,
        )


def _wait_for_the_end(parent: int, told: int) -> None:
    """Return when the parent closed our input or is gone, or when we were told to stop.

    A forked child of the parent may keep our input open after the parent's death, so the
    parent is looked at as well.
    """
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin, told], [], [], _PARENT_CHECK_S)
        if told in readable or (readable and not os.read(sys.stdin.fileno(), 1)):
            return


def _stop(server: "subprocess.Popen[bytes]", lead: Lead) -> None:
    server.send_signal(lead["stop_signal"])
    try:
        server.wait(lead["grace_s"])
    except subprocess.TimeoutExpired:
        server.kill()


def main() -> int:
    """Run the server until it ends, or until the parent does."""
    parent = os.getppid()
    lead: Lead = json.loads(sys.argv[1])
    # Before the server is there: a signal that ends only us would leave it alone.
    told, tell = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.write(tell, b"."))
    server = _start(lead)
    print(server.pid, flush=True)  # noqa: T201  # the answer to the parent

    def follow() -> None:
        _wait_for_the_end(parent, told)
        _stop(server, lead)

    threading.Thread(target=follow, daemon=True).start()
    code = server.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
