"""Limits that more than one machine keeps, each with its reason."""

import msgspec

from schemas.rejections import Obstacle

hold_ms_max = 2 * 60 * 60 * 1000
"""The vendor's limit on a hold token's whole validity."""
clock_tolerance_ms = 60 * 1000
"""How far an ingress' clock may be from the broker's: tokens are refused, and changed deadlines
forgotten, only past this."""

_encode = msgspec.json.Encoder().encode


def within(obstacles: list[Obstacle], bytes_max: int) -> list[Obstacle]:
    """Give as many obstacles, the first ones, as so many bytes can tell."""
    told_bytes = 0
    for place, obstacle in enumerate(obstacles):
        told_bytes += len(_encode(obstacle))
        if told_bytes > bytes_max:
            return obstacles[:place]
    return obstacles
