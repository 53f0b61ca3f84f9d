"""The one character that Postgres cannot store, and what stands for it in the read model."""

import re

# An odd number of backslashes: before the last one all are escaped themselves.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_REPLACEMENT = rb"\1\\ufffd"


def storable(text: bytes) -> bytes:
    """Give JSON with the replacement character for each NUL; other text stays as it is."""
    return _NUL.sub(_REPLACEMENT, text) if rb"\u0000" in text else text
