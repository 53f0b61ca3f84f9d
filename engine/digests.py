"""Digests of states: sums, so that a change costs the digests of what it takes and brings."""

from hashlib import blake2b

DIGEST_MODULUS = 1 << 64


def digest_of(source: bytes) -> int:
    """Digest one thing that a state holds; below DIGEST_MODULUS."""
    return int.from_bytes(blake2b(source, digest_size=8).digest(), "big")
