"""What can go wrong with the database, in words that callers act on.

Rules of this file:

1. `DatabaseUnavailableError` means: the same call may succeed later, unchanged. Anything that a
   retry cannot mend has another name.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg


class DatabaseUnavailableError(Exception):
    """Postgres is away, too slow, out of room or not set up.

    Of a write it is not known whether it was done.
    """


class ReadModelBehindError(Exception):
    """The projection has not reached the asked positions in time."""


class PositionsMovedError(Exception):
    """The positions are not where this projection left them; nothing was written.

    Another projector writes, or a restart of Postgres took the last transactions back. Read the
    positions again.
    """


class OutboxGapError(Exception):
    """An outbox record is missing, or came twice, between the position and what was read."""


class ForeignPositionsError(Exception):
    """The read model in this database was filled from other topics."""


class RecordsRefusedError(Exception):
    """Postgres refuses what the records say: they break a rule of the read model."""


class UnknownCursorError(Exception):
    """No item has the id that a page was asked to start after or to end before."""


class ChartKeyTakenError(Exception):
    """The workspace has a chart with this key already."""


class ChartChangedError(Exception):
    """The chart is not as its change was based on: somebody else changed it meanwhile."""


class WorkspaceUnknownError(Exception):
    """The company has no such workspace."""


class WorkspaceInUseError(Exception):
    """The workspace is active, or the default one, and so cannot be changed like this."""


class ApiKeyUnknownError(Exception):
    """The workspace has no API key with this secret."""


class LastApiKeyError(Exception):
    """Without this API key nobody could get into the workspace."""


_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # What a failover, a new password, a restore or a late migration looks like while it lasts.
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,
    # A connection whose last words came while nobody used it, and that is not yet seen as closed.
    asyncpg.InternalClientError,
)


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn every way in which Postgres can be away into DatabaseUnavailableError."""
    try:
        yield
    except _AWAY as error:
        raise DatabaseUnavailableError(f"Postgres does not answer: {error!r}") from error
    except asyncpg.InterfaceError as error:
        # The client's one class for wrong arguments (these are ValueErrors too) and for
        # connections in a state in which nothing can be done with them.
        if isinstance(error, ValueError):
            raise
        raise DatabaseUnavailableError(f"Postgres does not answer: {error}") from error
