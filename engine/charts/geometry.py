"""Distances on a chart.

Rule of this file: distances are computed as the seats.io clients' users know them, in single
precision up to the root, which is taken in double precision (contract of that API, section 4.7).
Ties between seats are decided by the last bit, so plain double precision would pick others.
"""

import math
import struct

from schemas.inventory import Point

_float32 = struct.Struct("f")


def single(value: float) -> float:
    """Round to the nearest single-precision number."""
    rounded: float = _float32.unpack(_float32.pack(value))[0]
    return rounded


def distance(x: float, y: float, to: Point) -> float:
    """Give the Euclidean distance: sqrt(dx² + dy²), each step but the root in single precision."""
    dx = single(single(x) - single(to.x))
    dy = single(single(y) - single(to.y))
    return math.sqrt(single(single(dx * dx) + single(dy * dy)))
