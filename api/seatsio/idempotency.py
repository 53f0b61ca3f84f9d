"""The client's `Idempotency-Key` header, read and refused."""

import re
from hashlib import sha256
from uuid import UUID, uuid5

from api.call import Call
from api.errors import Problem
from api.limits import idempotency_key_characters_max
from api.seatsio.errors import UNPROCESSABLE, VendorError, bad_request
from schemas.commands import Idempotency

_NAMESPACE = UUID("6f2d9c0e-7b1a-5d43-9a58-0f4c2b7e91d6")
"""Of command ids; with the workspace key it makes the workspace's own namespace."""
_FINGERPRINT_DIGITS = 16
_KEY_FORM = re.compile(rf"[\x20-\x7e]{{1,{idempotency_key_characters_max}}}", re.ASCII)


def idempotency(call: Call) -> Idempotency | None:
    """Read the client's idempotency key. Raises VendorError if it is not one."""
    key = call.request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY_FORM.fullmatch(key):
        most = idempotency_key_characters_max
        raise bad_request(f"Idempotency-Key: expected 1 to {most} printable ASCII characters")
    command = uuid5(uuid5(_NAMESPACE, call.workspace.key), key).hex
    request = f"{call.request.method}\n{call.request.path}\n".encode() + call.body
    return Idempotency(command, sha256(request).hexdigest()[:_FINGERPRINT_DIGITS])


def refuse_idempotency(call: Call) -> None:
    """Refuse an idempotency key where it would be ignored: what is made here is no command."""
    if "Idempotency-Key" in call.request.headers:
        raise bad_request("Idempotency-Key: not supported here, only for what changes an event")


def key_reused() -> VendorError:
    """Refuse an idempotency key that another request had."""
    message = "The idempotency key was used for another request; use a new one"
    return VendorError(UNPROCESSABLE, [Problem("IDEMPOTENCY_KEY_REUSED", message)])
