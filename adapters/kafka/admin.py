"""Brings a broker's topics in step with topics.yaml, and says when a broker is ready.

Rules of this file:

1. Applying is idempotent, and what topics.yaml does not speak of stays as the operator set it.
2. Nothing that may lose or move records happens here: no topic is deleted, partitions grow
   only when asked to, copies are never moved. Such differences are reported.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from schemas.topics import GROUPS_COMMANDS, GROUPS_OUTBOX, GROUPS_VOTES, Topic, Topics

_ALREADY_EXISTS = 36
_UNKNOWN_TOPIC = 3
_SET_ON_THE_TOPIC = 1  # where a setting comes from, in the answer to DescribeConfigs
_REQUEST_TIMEOUT_MS = 10_000
_POLL_S = 0.05


class BrokerError(RuntimeError):
    """The broker cannot be reached or refuses; the message names it."""


@dataclass(frozen=True)
class TopicState:
    """A topic as the broker has it."""

    partitions: int
    replication: int
    settings: Mapping[str, str]
    """What holds for the topic, defaults included."""
    own_settings: Mapping[str, str]
    """What was set on the topic itself."""


@dataclass(frozen=True)
class Difference:
    """One thing in which the broker is not what topics.yaml declares."""

    topic: str
    what: str
    declared: str
    found: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.what} is {self.found}, declared {self.declared}"


@dataclass(frozen=True)
class Applied:
    """What `apply_topics` did, and what it left."""

    created: list[str] = field(default_factory=list)
    altered: list[Difference] = field(default_factory=list)
    left: list[Difference] = field(default_factory=list)


async def apply_topics(
    bootstrap: str, topics: Topics, *, replication: int = 1, grow: bool = False
) -> Applied:
    """Create what is missing, set what differs, and wait until every partition has a leader.

    Partitions are added only with `grow`: records of one key would go on elsewhere.
    """
    async with _admin(bootstrap) as admin:
        states = await _describe(admin, topics)
        missing = [topic for topic in topics.values() if topic.physical_name not in states]
        await _create(admin, missing, replication)
        applied = Applied(created=[topic.physical_name for topic in missing])
        for topic in topics.values():
            if state := states.get(topic.physical_name):
                await _mend(admin, topic, state, applied, replication=replication, grow=grow)
    await wait_until_ready(bootstrap, topics)
    await _wait_until_seen(bootstrap, topics, applied.left)
    return applied


async def _wait_until_seen(
    bootstrap: str, topics: Topics, left: list[Difference], *, within_s: float = 10.0
) -> None:
    """Wait until what was changed holds: the broker hears of it after the controller."""
    deadline = asyncio.get_running_loop().time() + within_s
    known = {(one.topic, one.what) for one in left}
    while True:
        found = differences(topics, await describe_topics(bootstrap, topics))
        unseen = [one for one in found if (one.topic, one.what) not in known]
        if not unseen:
            return
        if asyncio.get_running_loop().time() >= deadline:
            message = f"Kafka at {bootstrap} took the change and does not show it: {unseen[0]}"
            raise BrokerError(message)
        await asyncio.sleep(_POLL_S)


async def describe_topics(bootstrap: str, topics: Topics) -> dict[str, TopicState]:
    """Give the state of those topics that exist, by their names on the broker."""
    async with _admin(bootstrap) as admin:
        return await _describe(admin, topics)


def differences(topics: Topics, states: Mapping[str, TopicState]) -> list[Difference]:
    """Compare what is declared with what the broker has."""
    found: list[Difference] = []
    for topic in topics.values():
        state = states.get(topic.physical_name)
        if state is None:
            found.append(Difference(topic.physical_name, "the topic", "there", "missing"))
        else:
            found += _differences(topic, state, state.replication)
    return found


async def wait_until_ready(
    bootstrap: str,
    topics: Topics | None = None,
    *,
    brokers: int = 1,
    within_s: float = 30.0,
) -> None:
    """Wait until so many brokers are there and every partition of these topics has a leader.

    An open port says neither: the broker opens it before it knows its topics. Raises
    BrokerError with the last thing that was wrong.
    """
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        problem = await _problem(bootstrap, topics, brokers)
        if problem is None:
            return
        if asyncio.get_running_loop().time() >= deadline:
            message = f"Kafka at {bootstrap} is not ready after {within_s:g} s: {problem}"
            raise BrokerError(message)
        await asyncio.sleep(_POLL_S)


async def _problem(bootstrap: str, topics: Topics | None, brokers: int) -> str | None:
    try:
        async with _admin(bootstrap) as admin:
            registered = len((await admin.describe_cluster())["brokers"])
            if registered < brokers:
                return f"{registered} of {brokers} brokers are registered"
            return await _leaderless(admin, topics) if topics else None
    except BrokerError as error:
        return str(error)


async def _leaderless(admin: AIOKafkaAdminClient, topics: Topics) -> str | None:
    declared = {topic.physical_name for topic in topics.values()}
    for topic in await admin.describe_topics(sorted(declared)):
        if topic["error_code"]:
            return f"{topic['topic']}: {_explain(topic['error_code'])}"
        for partition in topic["partitions"]:
            if partition["leader"] < 0 or partition["error_code"]:
                return f"{topic['topic']}[{partition['partition']}] has no leader"
    return None


@contextlib.asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Connect for a few requests; every failure becomes a BrokerError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=_REQUEST_TIMEOUT_MS)
    try:
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()
    except (KafkaError, OSError, TimeoutError) as error:
        message = f"Kafka at {bootstrap}: {str(error) or type(error).__name__}"
        raise BrokerError(message) from error


FIXED_PARTITIONS = (GROUPS_COMMANDS, GROUPS_OUTBOX, GROUPS_VOTES)
"""A workspace's coordinator is chosen by hash each time, so these never grow; an event's
partition is chosen once and stored, so those of the events may."""


async def _create(admin: AIOKafkaAdminClient, topics: Iterable[Topic], replication: int) -> None:
    wanted = [
        NewTopic(
            topic.physical_name,
            topic.partitions,
            replication,
            topic_configs=topic.settings(replication=replication),
        )
        for topic in topics
    ]
    if not wanted:
        return
    answer: Any = await admin.create_topics(wanted)
    for name, code, said in answer.topic_errors:
        if code not in (0, _ALREADY_EXISTS):  # somebody else may apply at the same time
            message = f"{name} cannot be created: {said or _explain(code)}"
            raise BrokerError(message)


async def _mend(
    admin: AIOKafkaAdminClient,
    topic: Topic,
    state: TopicState,
    applied: Applied,
    *,
    replication: int,
    grow: bool,
) -> None:
    differing = _differences(topic, state, replication)
    settings = [one for one in differing if one.what in topic.settings()]
    applied.altered.extend(settings)
    if settings:
        await _alter(admin, topic, state)
    for difference in differing:
        if difference in settings:
            continue
        if difference.what == "partitions" and grow and topic.partitions > state.partitions:
            if topic.name in FIXED_PARTITIONS:
                message = (
                    f"{topic.physical_name} must keep its {state.partitions} partitions: a "
                    "workspace would move to a coordinator that knows none of its event keys"
                )
                raise BrokerError(message)
            await admin.create_partitions({topic.physical_name: NewPartitions(topic.partitions)})
            applied.altered.append(difference)
        else:
            applied.left.append(difference)


async def _alter(admin: AIOKafkaAdminClient, topic: Topic, state: TopicState) -> None:
    # The request replaces all settings of the topic, so it repeats those of the operator.
    wanted = {**state.own_settings, **topic.settings(replication=state.replication)}
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.physical_name, wanted)
    answers: list[Any] = await admin.alter_configs([resource])
    for answer in answers:
        for code, said, *_ in answer.resources:
            if code:
                message = f"{topic.physical_name} cannot be altered: {said or _explain(code)}"
                raise BrokerError(message)


async def _describe(admin: AIOKafkaAdminClient, topics: Topics) -> dict[str, TopicState]:
    names = sorted(topic.physical_name for topic in topics.values())
    found = {
        topic["topic"]: topic["partitions"]
        for topic in await admin.describe_topics(names)
        if topic["error_code"] != _UNKNOWN_TOPIC
    }
    settings = await _settings(admin, found)
    return {
        name: TopicState(
            partitions=len(partitions),
            replication=min((len(one["replicas"]) for one in partitions), default=0),
            settings={key: value for key, (value, _) in settings[name].items()},
            own_settings={key: value for key, (value, own) in settings[name].items() if own},
        )
        for name, partitions in found.items()
    }


async def _settings(
    admin: AIOKafkaAdminClient, names: Iterable[str]
) -> dict[str, dict[str, tuple[str, bool]]]:
    """Give each topic's settings: the value, and whether it was set on the topic itself."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers: list[Any] = await admin.describe_configs(resources) if resources else []
    settings = {}
    for answer in answers:
        for resource in answer.to_object()["resources"]:
            if resource["error_code"]:
                message = f"{resource['resource_name']}: {_explain(resource['error_code'])}"
                raise BrokerError(message)
            settings[resource["resource_name"]] = {
                entry["config_names"]: (
                    entry["config_value"],
                    entry["config_source"] == _SET_ON_THE_TOPIC,
                )
                for entry in resource["config_entries"]
            }
    return settings


def _differences(topic: Topic, state: TopicState, replication: int) -> list[Difference]:
    # A topic with fewer copies than wished keeps the settings that fit its copies.
    declared = topic.settings(replication=state.replication)
    pairs = [
        ("partitions", str(topic.partitions), str(state.partitions)),
        ("replication", str(replication), str(state.replication)),
        *((key, value, state.settings.get(key, "unset")) for key, value in declared.items()),
    ]
    return [
        Difference(topic.physical_name, what, wanted, found)
        for what, wanted, found in pairs
        if wanted != found
    ]


def _explain(code: int) -> str:
    error = for_code(code)
    return f"{error.__name__} ({error.description})"
