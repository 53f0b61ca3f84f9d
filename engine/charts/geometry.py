"""Distances on a chart.

Rule of this file: coordinates, differences, squares and their sum are rounded to single
precision, and only the root is taken in double precision. That is how the numbers that clients
know were made. Ties between seats hang on the last bit: double precision would pick others.
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
