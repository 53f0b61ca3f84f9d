"""Sends an owner's votes beside its loop: nothing waits for them, and none must arrive.

Rules of this file:

1. A vote is sent only after the counted ack of the record that it repeats.
2. A vote that cannot be sent is dropped: while its group is in doubt it is sent again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from adapters.ports import (
    AppendUnknownError,
    Log,
    LogUnreachableError,
    NewRecord,
    TopicPartition,
)
from schemas.votes import GroupVote, encode

log = logging.getLogger(__name__)


class Ballots:
    """The votes of one life of an owner that are on their way."""

    def __init__(
        self,
        log_port: Log,
        ballot_of: Callable[[GroupVote], TopicPartition],
        when_sent: Callable[[], None],
    ) -> None:
        self._log = log_port
        self._ballot_of = ballot_of
        self._when_sent = when_sent
        self._waiting: list[GroupVote] = []
        self._sending: asyncio.Task[None] | None = None

    def send(self, votes: Iterable[GroupVote]) -> None:
        """Send votes as soon as those before them are acknowledged."""
        self._waiting += votes
        if self._sending is not None and self._sending.done():
            self._sending.result()  # a fault of ours ends this life of the owner, loudly
        if self._waiting and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._send_all(), name="votes")

    async def close(self) -> None:
        """Drop what is not sent."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)

    async def _send_all(self) -> None:
        while self._waiting:
            votes, self._waiting = self._waiting, []
            by_ballot: dict[TopicPartition, list[NewRecord]] = {}
            for vote in votes:
                record = NewRecord(encode(vote), key=b"%d" % vote.group)
                by_ballot.setdefault(self._ballot_of(vote), []).append(record)
            try:
                for ballot, records in by_ballot.items():
                    await self._log.publish(ballot, records)
            except (AppendUnknownError, LogUnreachableError) as error:
                log.warning("votes were not sent", extra={"why": str(error), "count": len(votes)})
            else:
                self._when_sent()
