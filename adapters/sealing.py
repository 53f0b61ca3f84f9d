"""Secrets that must be shown again: sealed for storage, opened with the installation's own key.

Rules of this file:

1. The key is derived from the installation's secret (SEATLOG_SIGNING_KEY) for this purpose alone:
   whoever learns it can make no hold tokens.
2. A sealed secret is bound to what it belongs to: in another row it does not open.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"seatlog: secret keys at rest"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class Seal:
    """Seals and opens with AES-256-GCM."""

    def __init__(self, installation_secret: bytes) -> None:
        derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_PURPOSE)
        self._cipher = AESGCM(derive.derive(installation_secret))

    def close(self, secret: str, belongs_to: bytes) -> bytes:
        """Give the secret as it may be stored."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), belongs_to)

    def open(self, sealed: bytes, belongs_to: bytes) -> str | None:
        """Give the secret; None if it was sealed with another key or for something else."""
        nonce, encrypted = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, encrypted, belongs_to).decode()
        except InvalidTag:
            return None
