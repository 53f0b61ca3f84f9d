"""Sets of objects as whole numbers, and questions about neighbours asked of all rows at once.

Rules of this file:

1. An object is a bit. The seats of a row have consecutive bits, in the order of the row, and at
   least one bit that is no object's stands between two rows (`layout.py` sees to it). So a shift
   by one moves each seat to its neighbour and never into another row.
2. A window is `width` neighbouring seats; it is named by the bit of its first seat.
"""

from collections.abc import Iterable

_TO_FLAGS = bytes.maketrans(b"01", b"\x00\x01")


def set_of(bits: Iterable[int]) -> int:
    """Give the set of these bits."""
    whole = bytearray()
    for bit in bits:
        byte, place = divmod(bit, 8)
        if byte >= len(whole):
            whole.extend(bytes(byte + 1 - len(whole)))
        whole[byte] |= 1 << place
    return int.from_bytes(whole, "little")


def bits_of(members: int) -> list[int]:
    """List the bits of a set, ascending."""
    bits = []
    while members:
        lowest = members & -members
        bits.append(lowest.bit_length() - 1)
        members ^= lowest
    return bits


def flags_of(members: int, size: int) -> bytes:
    """Give 1 for each of `size` bits that is in the set and 0 for each that is not."""
    return f"{members:0{size}b}"[::-1].encode().translate(_TO_FLAGS)


def neighbours(members: int) -> int:
    """Give the bits directly beside those of the set."""
    return members << 1 | members >> 1


def windows(seats: int, width: int) -> int:
    """Find the windows of this width that lie wholly in the set."""
    starts, known = seats, 1
    while known < width:
        step = min(known, width - known)
        starts &= starts >> step
        known += step
    return starts


def leaving_no_orphan(starts: int, width: int, free: int) -> int:
    """Keep those windows whose taking leaves no free seat without a free neighbour in its row.

    A seat that is alone already is no reason against a window.
    """
    first_of_run = free & ~(free << 1)
    last_of_run = free & ~(free >> 1)
    # The seat to the left would be left alone if it begins its run, that to the right if it ends
    # its run.
    return starts & ~(first_of_run << 1) & ~(last_of_run >> width)


def with_exactly(starts: int, width: int, special: int, count: int) -> int:
    """Keep those windows that have exactly `count` of the special seats."""
    # at_least[c]: the windows of the width so far that have c or more special seats.
    at_least = [starts, *[0] * (count + 1)]
    for place in range(width):
        here = special >> place
        for more in range(count + 1, 0, -1):
            at_least[more] |= at_least[more - 1] & here
    return at_least[count] & ~at_least[count + 1]
