"""A bystander: asks the ingress something trivial again and again, and tells how long it waited.

In a process of its own, so that it measures the ingress and not the benchmark around it.
"""

import socket
import sys
import time

_QUESTION = b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n"
_PAUSE_S = 0.001


def main() -> None:
    """Ask on the port and for the seconds given as arguments; print p50, p99 and most, in ms."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    waits = []
    with socket.create_connection(("127.0.0.1", port)) as asking:
        asking.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            started = time.monotonic()
            asking.sendall(_QUESTION)
            got = b""
            while not got.endswith(b"\r\n\r\nok"):
                got += asking.recv(4096)
            waits.append((time.monotonic() - started) * 1e3)
            time.sleep(_PAUSE_S)
    waits.sort()
    print(waits[len(waits) // 2], waits[int(0.99 * len(waits))], waits[-1])


if __name__ == "__main__":
    main()
