"""Hold tokens: signed strings, made and checked without writing anything.

A token is 45 bytes in URL-safe base64, 60 characters without padding: version, when it was made
and its deadline (ms since the epoch, 6 bytes each), 128-bit nonce, and 16 bytes of an HMAC-SHA256
over these and the workspace key. The workspace is in the signature only: with another's key the
token is nothing.

Rules of this file:

1. No I/O and no clock. A deadline that has passed, or was moved, is the caller's to look at.
2. One token has one spelling: owners know it by its text.
"""

import base64
import binascii
import hmac
import secrets
from typing import NamedTuple

from schemas.commands import Hold

signing_key_bytes_min = 32
_VERSION = b"\x01"
_INSTANT_BYTES = 6
_NONCE_BYTES = 16
_SIGNATURE_BYTES = 16
_SIGNED_BYTES = len(_VERSION) + 2 * _INSTANT_BYTES + _NONCE_BYTES
_CHARACTERS = (_SIGNED_BYTES + _SIGNATURE_BYTES) * 4 // 3
_PURPOSE = b"seatlog.hold-token\x00"


class SignedHold(NamedTuple):
    """What a token's signature vouches for."""

    hold: Hold
    made_at: int
    """By an ingress' clock, ms since the epoch: the longest validity counts from here."""


class HoldTokens:
    """Makes and checks the tokens of one signing key."""

    def __init__(self, signing_key: bytes) -> None:
        if len(signing_key) < signing_key_bytes_min:
            raise ValueError(f"the signing key needs {signing_key_bytes_min} random bytes or more")
        self._key = signing_key

    def mint(self, workspace: str, validity_ms: int, now_ms: int) -> SignedHold:
        """Make a token that is valid from now on for so long."""
        expires_at = now_ms + validity_ms
        signed = (
            _VERSION
            + now_ms.to_bytes(_INSTANT_BYTES, "big")
            + expires_at.to_bytes(_INSTANT_BYTES, "big")
            + secrets.token_bytes(_NONCE_BYTES)
        )
        token = base64.urlsafe_b64encode(signed + self._sign(signed, workspace))
        return SignedHold(Hold(token.decode(), expires_at), now_ms)

    def read(self, workspace: str, token: str) -> SignedHold | None:
        """Give what the token says; None if it was not made here for this workspace."""
        if len(token) != _CHARACTERS:
            return None
        try:
            raw = base64.urlsafe_b64decode(token)
        except (ValueError, binascii.Error):
            return None
        signed, signature = raw[:_SIGNED_BYTES], raw[_SIGNED_BYTES:]
        if not hmac.compare_digest(self._sign(signed, workspace), signature):
            return None
        # Rule 2: the decoder also reads other alphabets and skips what it does not know.
        if base64.urlsafe_b64encode(raw).decode() != token or not signed.startswith(_VERSION):
            return None
        instants = signed[len(_VERSION) : -_NONCE_BYTES]
        made_at = int.from_bytes(instants[:_INSTANT_BYTES], "big")
        expires_at = int.from_bytes(instants[_INSTANT_BYTES:], "big")
        return SignedHold(Hold(token, expires_at), made_at)

    def _sign(self, signed: bytes, workspace: str) -> bytes:
        message = _PURPOSE + signed + workspace.encode()
        return hmac.digest(self._key, message, "sha256")[:_SIGNATURE_BYTES]
