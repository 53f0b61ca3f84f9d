"""Hold tokens: signed strings, made and checked without writing anything.

A token is 39 bytes in URL-safe base64, 52 characters without padding: version, deadline (ms
since the epoch, 6 bytes), 128-bit nonce, and 16 bytes of an HMAC-SHA256 over these and the
workspace key. The workspace is in the signature only: with another's key the token is nothing.

Rules of this file:

1. No I/O and no clock. A deadline that has passed, or was moved, is the caller's to look at.
2. One token has one spelling: owners know it by its text.
"""

import base64
import binascii
import hmac
import secrets

from schemas.commands import Hold

signing_key_bytes_min = 32
_VERSION = b"\x01"
_DEADLINE_BYTES = 6
_NONCE_BYTES = 16
_SIGNATURE_BYTES = 16
_SIGNED_BYTES = len(_VERSION) + _DEADLINE_BYTES + _NONCE_BYTES
_CHARACTERS = (_SIGNED_BYTES + _SIGNATURE_BYTES) * 4 // 3
_PURPOSE = b"seatlog.hold-token\x00"


class HoldTokens:
    """Makes and checks the tokens of one signing key."""

    def __init__(self, signing_key: bytes) -> None:
        if len(signing_key) < signing_key_bytes_min:
            raise ValueError(f"the signing key needs {signing_key_bytes_min} random bytes or more")
        self._key = signing_key

    def mint(self, workspace: str, validity_ms: int, now_ms: int) -> Hold:
        """Make a token that is valid from now on for so long."""
        expires_at = now_ms + validity_ms
        signed = (
            _VERSION
            + expires_at.to_bytes(_DEADLINE_BYTES, "big")
            + secrets.token_bytes(_NONCE_BYTES)
        )
        token = base64.urlsafe_b64encode(signed + self._sign(signed, workspace))
        return Hold(token.decode(), expires_at)

    def read(self, workspace: str, token: str) -> Hold | None:
        """Give the token's deadline; None if it was not made here for this workspace."""
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
        deadline = signed[len(_VERSION) : len(_VERSION) + _DEADLINE_BYTES]
        return Hold(token, int.from_bytes(deadline, "big"))

    def _sign(self, signed: bytes, workspace: str) -> bytes:
        message = _PURPOSE + signed + workspace.encode()
        return hmac.digest(self._key, message, "sha256")[:_SIGNATURE_BYTES]
