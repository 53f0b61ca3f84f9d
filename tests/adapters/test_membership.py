"""Membership of a consumer group, on a real broker."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from adapters.kafka.membership import KafkaMembership
from adapters.ports import TopicPartition
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, Topics

confirmed_within_s = 0.6


class Members:
    """The members of one group."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self._bootstrap = bootstrap
        self._names = [topics[name].physical_name for name in (EVENTS_COMMANDS, GROUPS_COMMANDS)]
        self._joined: list[KafkaMembership] = []

    async def join(self, member: str) -> KafkaMembership:
        membership = KafkaMembership(self._bootstrap, self._names[0], member, self._names)
        await membership.join()
        self._joined.append(membership)
        return membership

    async def close(self) -> None:
        for membership in self._joined:
            await membership.close()


@pytest.fixture
async def members(kafka_bootstrap: str, topics: Topics) -> AsyncIterator[Members]:
    opened = Members(kafka_bootstrap, topics)
    yield opened
    await opened.close()


async def test_who_joins_has_a_share_and_everybody_is_told_all_of_theirs(
    members: Members, topics: Topics
) -> None:
    everything = {
        TopicPartition(topics[name].physical_name, partition)
        for name in (EVENTS_COMMANDS, GROUPS_COMMANDS)
        for partition in range(topics[name].partitions)
    }
    one = await members.join("one")
    assert await one.changed() == everything
    two = await members.join("two")
    shares = await one.changed(), await two.changed()
    assert shares[0] | shares[1] == everything
    assert not shares[0] & shares[1]
    assert all(shares)


async def test_who_joins_takes_from_the_others_and_nothing_changes_hands_between_them(
    members: Members,
) -> None:
    one = await members.join("one")
    await one.changed()
    two = await members.join("two")
    before = [await one.changed(), await two.changed()]
    # By name it comes first: dealt out in the order of members, everything would move.
    three = await members.join("a first one")
    after = [await one.changed(), await two.changed()]
    assert all(late <= early for late, early in zip(after, before, strict=True)), (before, after)
    assert await three.changed() == frozenset.union(*before) - frozenset.union(*after)


async def test_a_member_is_soon_told_that_it_is_one(members: Members) -> None:
    """An owner that was fenced does nothing until then."""
    one = await members.join("one")
    waits = []
    for _ in range(3):
        asked_at = time.monotonic()
        await one.confirmed()
        waits.append(time.monotonic() - asked_at)
    assert min(waits) < confirmed_within_s, waits


async def test_an_assignment_confirms_as_well(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was away and has joined again need not wait for the next heartbeat."""
    monkeypatch.setattr("adapters.kafka.membership.heartbeat_ms", 5_000)
    one = await members.join("one")
    await one.changed()
    asking = asyncio.create_task(one.confirmed())
    await members.join("two")
    await one.changed()
    await asyncio.wait_for(asking, timeout=1)
