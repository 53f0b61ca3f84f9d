"""Looks at what a command did, once it is done: each ends in time, and none says it was not done.

Rules of this file:

1. What is read is left to itself when it is late: a reader of the log that is cancelled half-way
   leaks its connection, and a database that does not answer holds up who cancels.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from adapters.ports import LogUnreachableError
from adapters.postgres.errors import DatabaseUnavailableError, ReadModelBehindError
from api.errors import AnswerLateError
from schemas.commands import CommandPosition

T = TypeVar("T")
Place = tuple[str, CommandPosition | None]
"""The topic of a command, and where it stands in it, if that is known."""
NOT_SEEN = (LogUnreachableError, DatabaseUnavailableError, ReadModelBehindError, TimeoutError)


async def within(timeout_s: float, reading: Coroutine[Any, Any, T]) -> T:
    """Wait so long for what is read. Raises TimeoutError if it is late (rule 1)."""
    task = asyncio.create_task(reading)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait({task}, timeout=timeout_s)
    if not task.done():
        raise TimeoutError
    return task.result()


@contextmanager
def told_late(done: Place | None) -> Iterator[None]:
    """Say that the answer is late where a done command cannot be looked at; None: none is done.

    Nobody must hear that nothing was changed. Raises AnswerLateError.
    """
    try:
        yield
    except NOT_SEEN as error:
        if done is None:
            raise
        topic, command = done
        raise AnswerLateError(command, topic) from error
