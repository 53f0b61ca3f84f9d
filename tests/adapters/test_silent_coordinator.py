"""A member of a consumer group whose coordinator falls silent: its host is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.protocol.commit import OffsetFetchRequest_v3
from aiokafka.protocol.coordination import FindCoordinatorRequest_v0
from aiokafka.protocol.group import HeartbeatRequest_v1, JoinGroupRequest_v5, SyncGroupRequest_v3

from adapters.kafka.membership import KafkaMembership
from adapters.ports import TopicPartition
from tests.adapters.brokers import Brokers

A = TopicPartition("commands", 0)


class Group(Brokers):
    """Brokers with a group that is led by somebody else, and has one partition for its member."""

    def __init__(self) -> None:
        super().__init__({A: 2})
        self.coordinator = 1
        self.answer(
            FindCoordinatorRequest_v0,
            lambda _: FindCoordinatorRequest_v0.RESPONSE_TYPE(0, self.coordinator, "", 0),
        )
        joined = JoinGroupRequest_v5.RESPONSE_TYPE(0, 0, 1, "sticky", "other", "member", [])
        assigned = ConsumerProtocolMemberAssignment(0, [(A.topic, [A.partition])], b"").encode()
        self.answer(JoinGroupRequest_v5, lambda _: joined)
        self.answer(
            SyncGroupRequest_v3, lambda _: SyncGroupRequest_v3.RESPONSE_TYPE(0, 0, assigned)
        )
        self.answer(HeartbeatRequest_v1, lambda _: HeartbeatRequest_v1.RESPONSE_TYPE(0, 0))
        self.answer(
            OffsetFetchRequest_v3,
            lambda _: OffsetFetchRequest_v3.RESPONSE_TYPE(
                0, [(A.topic, [(A.partition, 0, "", 0)])], 0
            ),
        )


@pytest.fixture
async def group(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Group]:
    monkeypatch.setattr("adapters.kafka.membership.request_deadline_ms", 500)
    monkeypatch.setattr("adapters.kafka.membership.heartbeat_ms", 50)
    async with Group() as group:
        yield group


async def test_it_is_given_up_and_the_one_that_came_after_it_confirms(group: Group) -> None:
    member = KafkaMembership(group.bootstrap, "group", "member", [A.topic])
    await member.join()
    assert await member.changed() == {A}
    await asyncio.wait_for(member.confirmed(), timeout=1)

    group.silent.add(1)
    group.coordinator = 2
    await asyncio.wait_for(member.confirmed(), timeout=5)
    await member.close()


async def test_a_heartbeat_that_is_answered_with_an_error_confirms_nothing(group: Group) -> None:
    member = KafkaMembership(group.bootstrap, "group", "member", [A.topic])
    await member.join()
    assert await member.changed() == {A}
    moved = GroupCoordinatorNotAvailableError.errno
    group.answer(HeartbeatRequest_v1, lambda _: HeartbeatRequest_v1.RESPONSE_TYPE(0, moved))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(member.confirmed(), timeout=0.5)
    await member.close()
