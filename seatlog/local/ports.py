"""Free ports on the loopback address."""

import random
import socket

from seatlog.local.failure import LocalServerError

LOOPBACK = "127.0.0.1"

# Below the range the system takes the near ends of outgoing connections from: a server that
# is killed and started again on its port must not find a client's connection there.
_FIRST, _LAST = 20_000, 31_999
_TRIES = 200
_given: set[int] = set()
"""By this process: nobody may listen there yet, and a second server must not be told the same."""


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port now."""
    with socket.socket() as probe:
        # As the servers do it: connections that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Find a port nobody listens on, and that was not given out before."""
    for _ in range(_TRIES):
        port = random.randint(_FIRST, _LAST)  # noqa: S311  # no secret
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    message = f"no free port between {_FIRST} and {_LAST} on {LOOPBACK}"
    raise LocalServerError(message)


def check_free(port: int) -> int:
    """Give the port back, or raise LocalServerError when somebody listens there."""
    if not is_free(port):
        message = f"port {port} is taken: stop what listens there, or choose another"
        raise LocalServerError(message)
    return port


def answers(port: int) -> bool:
    """Say whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
