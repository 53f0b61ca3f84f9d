"""What happened, as one hash over everything; the lines themselves only if somebody reads them."""

from collections.abc import Callable
from hashlib import blake2b


class Trace:
    """The steps of one simulation."""

    def __init__(self, now_ms: Callable[[], int], *, keep: bool) -> None:
        self._now_ms = now_ms
        self._hash = blake2b(digest_size=16)
        self._keep = keep
        self.steps = 0
        self.lines: list[str] = []

    def tell(self, what: str, detail: bytes = b"") -> None:
        """Note a step; `detail` counts for the hash, and is shown if it is text."""
        line = f"{self._now_ms():>7} {what}"
        self.steps += 1
        self._hash.update(line.encode())
        self._hash.update(detail)
        if self._keep:
            self.lines.append(f"{line} {detail.decode(errors='replace')}" if detail else line)

    def digest(self) -> str:
        """Digest all steps."""
        return self._hash.hexdigest()
