"""Who calls: API keys in memory, and the workspace that a request is about.

Rules of this file:

1. A key is looked up by its SHA-256 (a random secret of 256 bits needs no slow hash), and compared
   in constant time; so how long a wrong one takes tells nothing of a right one. Unknown, malformed
   and missing credentials get the same refusal.
2. Checking a request does no I/O. Keys are loaded at the start, and again when told of a change
   and every few seconds; while the database is away the known ones go on.
3. Credentials that were good are known again as they came, in memory, until the keys are next
   loaded.
"""

import asyncio
import base64
import binascii
import contextlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

from api import limits
from api.errors import ForbiddenError, NotReadyError, UnauthorizedError, WorkspaceNotFoundError

log = logging.getLogger(__name__)

WORKSPACE_HEADER = "X-Workspace-Key"
callers_kept_max = 1_000
"""One key can be written in many ways; those beyond are looked up each time."""


class ApiKey(Protocol):
    """An API key as it is stored: not the secret, its hash."""

    @property
    def sha256(self) -> bytes: ...
    @property
    def company(self) -> int: ...
    @property
    def workspace_key(self) -> str | None:
        """The one workspace that the key is for; None for a company's admin key."""
        ...


class Workspace(Protocol):
    """A workspace: event keys, charts and hold tokens belong to one."""

    @property
    def id(self) -> int: ...
    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def is_test(self) -> bool: ...
    @property
    def is_active(self) -> bool: ...
    @property
    def is_default(self) -> bool: ...
    @property
    def company(self) -> int: ...


class Accounts(Protocol):
    """Where API keys and workspaces are stored."""

    async def load_api_keys(self) -> Sequence[ApiKey]: ...
    async def load_workspaces(self) -> Sequence[Workspace]: ...


class Caller(NamedTuple):
    """Who sent a request, and for which workspace."""

    workspace: Workspace
    company: int
    is_admin: bool
    """The API key is the company's own, and not one workspace's."""

    def check_admin(self) -> None:
        """Raise ForbiddenError for the key of a workspace."""
        if not self.is_admin:
            raise ForbiddenError


class KeyRing:
    """All API keys and workspaces, in memory; one instance per process."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._keys: dict[bytes, ApiKey] = {}
        self._workspaces: dict[str, Workspace] = {}
        self._defaults: dict[int, Workspace] = {}
        self._callers: dict[tuple[str | None, str | None], Caller] = {}
        """By the headers that they were known by (rule 3)."""
        self._changed = asyncio.Event()
        self._loaded = False
        self._loading = asyncio.Lock()

    def ready(self) -> bool:
        """Say whether the keys were loaded once."""
        return self._loaded

    async def run(self) -> None:
        """Keep the keys fresh until cancelled."""
        while True:
            self._changed.clear()
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - rule 2: whatever it is, known keys go on
                log.warning("API keys could not be loaded", extra={"why": repr(error)})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limits.api_keys_refreshed_every_s):
                    await self._changed.wait()

    def refresh_soon(self) -> None:
        """Load the keys again: somebody changed them."""
        self._changed.set()

    async def refresh(self) -> None:
        """Load the keys again and return when they count."""
        # One after the other: what was read first must not come last.
        async with self._loading:
            workspaces = await self._accounts.load_workspaces()
            keys = await self._accounts.load_api_keys()
            self._workspaces = {workspace.key: workspace for workspace in workspaces}
            self._defaults = {w.company: w for w in workspaces if w.is_default}
            self._keys = {key.sha256: key for key in keys}
            self._callers.clear()
            self._loaded = True

    def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Say who calls.

        Raises UnauthorizedError, WorkspaceNotFoundError, or NotReadyError before the first load.
        """
        # A client may well name no workspace by an empty header.
        credentials = headers.get("Authorization"), headers.get(WORKSPACE_HEADER) or None
        caller = self._callers.get(credentials)
        if caller is None:
            caller = self._look_up(*credentials)
            if len(self._callers) < callers_kept_max:
                self._callers[credentials] = caller
        return caller

    def _look_up(self, authorization: str | None, asked: str | None) -> Caller:
        secret = secret_in(authorization)
        if secret is None:
            raise UnauthorizedError
        if not self._loaded:
            raise NotReadyError("the API keys are not loaded yet")
        digest = sha256(secret).digest()
        key = self._keys.get(digest)
        if key is None or not hmac.compare_digest(key.sha256, digest):
            raise UnauthorizedError
        return self._caller(key, asked)

    def _caller(self, key: ApiKey, asked: str | None) -> Caller:
        if key.workspace_key is None:
            return self._caller_of_company(key.company, asked)
        workspace = self._workspaces.get(key.workspace_key)
        if workspace is None or not workspace.is_active:
            raise UnauthorizedError
        if asked is not None and asked != workspace.key:
            raise WorkspaceNotFoundError(asked)
        return Caller(workspace, key.company, is_admin=False)

    def _caller_of_company(self, company: int, asked: str | None) -> Caller:
        if asked is None:
            default = self._defaults.get(company)
            if default is None or not default.is_active:
                raise UnauthorizedError
            return Caller(default, company, is_admin=True)
        return Caller(self.workspace_of(company, asked), company, is_admin=True)

    def workspace_of(self, company: int, key: str) -> Workspace:
        """Give an active workspace of a company. Raises WorkspaceNotFoundError."""
        workspace = self._workspaces.get(key)
        if workspace is None or workspace.company != company or not workspace.is_active:
            raise WorkspaceNotFoundError(key)
        return workspace


def secret_in(authorization: str | None) -> bytes | None:
    """Give the API key in an Authorization header; None if there is none that can be read.

    Basic has it as the user name, with any password (the vendor ignores it as well), Bearer as it
    is.
    """
    if authorization is None or len(authorization) > limits.authorization_characters_max:
        return None
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "basic":
            return _user_name(credentials.strip(" "))
        case "bearer":
            return _bytes(credentials.strip(" "))
        case _:
            return None


def _user_name(credentials: str) -> bytes | None:
    encoded = _bytes(credentials)
    if encoded is None:
        return None
    try:
        name, colon, _ = base64.b64decode(encoded, validate=True).partition(b":")
    except binascii.Error:
        return None
    return name if name and colon else None


def _bytes(text: str) -> bytes | None:
    # Header bytes that are not UTF-8 come as lone surrogates, which nothing can encode.
    try:
        return text.encode("ascii") or None
    except UnicodeEncodeError:
        return None
