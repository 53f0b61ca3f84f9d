import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from adapters.kafka.admin import (
    BrokerError,
    Difference,
    apply_topics,
    describe_topics,
    differences,
    wait_until_ready,
)
from schemas.topics import DEAD_LETTERS, EVENTS_OUTBOX, INVENTORIES, Topics
from seatlog.local.ports import LOOPBACK, free_port
from tests.eventually import eventually

ROOT = Path(__file__).parent.parent


def seatlog(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "seatlog", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment},
    )


async def test_applied_topics_are_exactly_as_declared(
    kafka_bootstrap: str, topic_names: Topics
) -> None:
    applied = await apply_topics(kafka_bootstrap, topic_names)
    assert applied.created == [topic.physical_name for topic in topic_names.values()]
    assert not applied.altered
    assert not applied.left

    states = await describe_topics(kafka_bootstrap, topic_names)
    assert differences(topic_names, states) == []
    for topic in topic_names.values():
        state = states[topic.physical_name]
        assert state.partitions == topic.partitions
        assert state.settings["retention.ms"] == str(topic.retention_ms)
        assert state.settings["message.timestamp.type"] == "LogAppendTime"


async def test_applying_twice_changes_nothing(kafka_bootstrap: str, topics: Topics) -> None:
    again = await apply_topics(kafka_bootstrap, topics)
    assert (again.created, again.altered, again.left) == ([], [], [])


async def test_a_setting_that_drifted_is_set_back_and_the_operators_own_stays(
    kafka_bootstrap: str, topics: Topics
) -> None:
    name = topics[EVENTS_OUTBOX].physical_name
    await set_on_topic(kafka_bootstrap, name, {"retention.ms": "1000", "segment.ms": "3600000"})
    drifted: list[Difference] = []

    async def the_broker_shows_it() -> None:
        drifted[:] = differences(topics, await describe_topics(kafka_bootstrap, topics))
        assert [str(one) for one in drifted] == [f"{name}: retention.ms is 1000, declared -1"]

    await eventually(the_broker_shows_it)

    applied = await apply_topics(kafka_bootstrap, topics)

    assert applied.altered == drifted
    state = (await describe_topics(kafka_bootstrap, topics))[name]
    assert state.settings["retention.ms"] == "-1"
    assert state.own_settings["segment.ms"] == "3600000"


async def test_partitions_grow_only_when_asked(kafka_bootstrap: str, topics: Topics) -> None:
    wider = topics.with_partitions(events=3)
    left = (await apply_topics(kafka_bootstrap, wider)).left
    assert {(one.what, one.declared, one.found) for one in left} == {("partitions", "3", "2")}

    grown = await apply_topics(kafka_bootstrap, wider, grow=True)
    assert not grown.left
    state = (await describe_topics(kafka_bootstrap, wider))[wider[EVENTS_OUTBOX].physical_name]
    assert state.partitions == 3


async def test_the_coordinators_partitions_never_grow(kafka_bootstrap: str, topics: Topics) -> None:
    with pytest.raises(BrokerError, match=r"groups\.commands must keep its 1 partitions"):
        await apply_topics(kafka_bootstrap, topics.with_partitions(groups=2), grow=True)


async def test_fewer_partitions_are_reported_and_never_made(
    kafka_bootstrap: str, topics: Topics
) -> None:
    narrower = topics.with_partitions(events=1)
    applied = await apply_topics(kafka_bootstrap, narrower, grow=True)
    assert {(one.declared, one.found) for one in applied.left} == {("1", "2")}


async def test_another_number_of_copies_is_reported(kafka_bootstrap: str, topics: Topics) -> None:
    applied = await apply_topics(kafka_bootstrap, topics, replication=3)
    assert not applied.altered
    assert {(one.what, one.declared) for one in applied.left} == {("replication", "3")}


async def test_more_copies_than_brokers_are_refused(
    kafka_bootstrap: str, topic_names: Topics
) -> None:
    with pytest.raises(BrokerError, match=r"events\.commands cannot be created"):
        await apply_topics(kafka_bootstrap, topic_names, replication=9)


async def test_a_missing_topic_is_a_difference(kafka_bootstrap: str, topic_names: Topics) -> None:
    states = await describe_topics(kafka_bootstrap, topic_names)
    found = [str(one) for one in differences(topic_names, states)]
    name = topic_names[DEAD_LETTERS].physical_name
    assert f"{name}: the topic is missing, declared there" in found


async def test_ready_means_that_every_partition_has_a_leader(
    kafka_bootstrap: str, topic_names: Topics
) -> None:
    await wait_until_ready(kafka_bootstrap)
    with pytest.raises(BrokerError, match=r"is not ready after 0\.2 s.*UnknownTopic"):
        await wait_until_ready(kafka_bootstrap, topic_names, within_s=0.2)
    await apply_topics(kafka_bootstrap, topic_names)
    await wait_until_ready(kafka_bootstrap, topic_names, within_s=5)


async def test_a_broker_that_is_not_there_is_named(topic_names: Topics) -> None:
    nobody = f"{LOOPBACK}:{free_port()}"
    with pytest.raises(BrokerError, match=nobody):
        await describe_topics(nobody, topic_names)
    with pytest.raises(BrokerError, match=nobody):
        await wait_until_ready(nobody, within_s=0.1)


def test_the_commands_apply_and_compare(kafka_bootstrap: str, topic_names: Topics) -> None:
    name = topic_names[INVENTORIES].physical_name
    there = ("--bootstrap", kafka_bootstrap, "--prefix", topic_names[INVENTORIES].prefix)

    before = seatlog("topics", "show", *there)
    assert before.returncode == 1
    assert f"{name}: the topic is missing" in before.stdout

    first = seatlog("topics", "apply", *there)
    assert (first.returncode, first.stderr) == (0, "")
    assert f"created  {name}" in first.stdout

    assert "Nothing to do" in seatlog("topics", "apply", *there).stdout
    after = seatlog("topics", "show", *there)
    assert after.returncode == 0
    assert "has exactly these" in after.stdout

    copies = seatlog("topics", "apply", *there, "--replication", "2")
    assert copies.returncode == 1
    assert f"left     {name}: replication is 1, declared 2" in copies.stdout


def test_the_commands_take_the_prefix_that_the_processes_have() -> None:
    shown = seatlog("topics", "show", SEATLOG_TOPIC_PREFIX="drop-1.").stdout
    assert f"drop-1.{EVENTS_OUTBOX}" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apply"], "Missing option '--bootstrap'"),
        (["apply", "--bootstrap", "127.0.0.1:1"], "Kafka at 127.0.0.1:1"),
        (["show", "--prefix", "a/b"], "cannot stand before a topic's name"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(arguments: list[str], said: str) -> None:
    done = seatlog("topics", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Unable connect" not in done.stderr, "the client's own log is noise here"


async def set_on_topic(bootstrap: str, name: str, settings: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        wanted = {"max.message.bytes": str(4 * 1024 * 1024), "min.insync.replicas": "1"}
        wanted |= {"message.timestamp.type": "LogAppendTime", "retention.bytes": "-1"}
        resource = ConfigResource(ConfigResourceType.TOPIC, name, {**wanted, **settings})
        await admin.alter_configs([resource])
    finally:
        await admin.close()
