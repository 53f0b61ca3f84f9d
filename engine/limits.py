"""Limits that more than one machine keeps, each with its reason."""

from typing import TypeVar

import msgspec

hold_ms_max = 2 * 60 * 60 * 1000
"""The vendor's limit on a hold token's whole validity."""
clock_tolerance_ms = 60 * 1000
"""How far an ingress' clock may be from the broker's: tokens are refused, and changed deadlines
forgotten, only past this."""

Told = TypeVar("Told", bound=msgspec.Struct)

_encode = msgspec.json.Encoder().encode


def within(told: list[Told], bytes_max: int) -> list[Told]:
    """Give as many, the first ones, as so many bytes can tell."""
    told_bytes = 0
    for place, one in enumerate(told):
        told_bytes += len(_encode(one))
        if told_bytes > bytes_max:
            return told[:place]
    return told
