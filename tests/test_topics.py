from pathlib import Path

import pytest

from schemas import topics as topics_module
from schemas.topics import (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    INVENTORIES,
    PAIRED,
    TOPIC_NAMES,
    UNLIMITED_MS,
    TopicsError,
    load_topics,
    parse_topics,
    topics_file,
)

ONE_TOPIC = """
events.commands:
  about: An example.
  partitions: 2
  key: event id
  cleanup: delete
  retention: 7d
  record_size_max: 1MiB
  messages: [CreateEvent]
"""


def test_the_file_and_the_code_name_the_same_topics() -> None:
    assert tuple(load_topics()) == TOPIC_NAMES


def test_a_checkout_reads_the_file_at_its_top() -> None:
    assert topics_file() == Path(topics_module.__file__).parent.parent / "topics.yaml"


@pytest.mark.parametrize(("commands", "outbox"), PAIRED)
def test_each_partition_of_commands_has_its_outbox(commands: str, outbox: str) -> None:
    topics = load_topics()
    assert topics[commands].partitions == topics[outbox].partitions


def test_an_outbox_is_kept_for_ever() -> None:
    for _, outbox in PAIRED:
        assert load_topics()[outbox].retention_ms == UNLIMITED_MS
        assert load_topics()[outbox].cleanup == "delete"


def test_an_inventory_of_eight_mebibytes_may_be_written() -> None:
    assert load_topics()[INVENTORIES].settings()["max.message.bytes"] == str(8 * 1024 * 1024)


def test_the_broker_stamps_every_record() -> None:
    for topic in load_topics().values():
        assert topic.settings()["message.timestamp.type"] == "LogAppendTime"


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_one_broker_may_be_lost_without_stopping(replication: int, in_sync: str) -> None:
    topic = load_topics()[EVENTS_OUTBOX]
    assert topic.settings(replication=replication)["min.insync.replicas"] == in_sync


def test_a_prefix_changes_the_names_on_the_broker_only() -> None:
    topics = load_topics().with_prefix("drop-1.")
    assert topics[EVENTS_OUTBOX].physical_name == "drop-1.events.outbox"
    assert topics[EVENTS_OUTBOX].name == EVENTS_OUTBOX


def test_commands_and_outbox_grow_together() -> None:
    topics = load_topics().with_partitions(events=9)
    assert topics[EVENTS_COMMANDS].partitions == topics[EVENTS_OUTBOX].partitions == 9


def test_a_family_nobody_declared_is_refused() -> None:
    with pytest.raises(TopicsError, match="seats=3"):
        load_topics().with_partitions(seats=3)


def test_a_prefix_the_broker_would_refuse_is_refused_here() -> None:
    with pytest.raises(TopicsError, match="letters, digits"):
        load_topics().with_prefix("a/b")


def test_an_unknown_topic_is_answered_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"no topic 'seats'.*events\.outbox"):
        load_topics()["seats"]


def test_one_topic_is_read_as_it_is_written() -> None:
    topic = parse_topics(ONE_TOPIC)[EVENTS_COMMANDS]
    assert topic.retention_ms == 7 * 24 * 3600 * 1000
    assert topic.record_size_max == 1024 * 1024
    assert topic.messages == ("CreateEvent",)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("partitions: 2", "partitions: '2'", r"events\.commands: .*`int`.*`\$\.partitions`"),
        ("partitions: 2", "partitions: 0", r"events\.commands: .*>= 1.*`\$\.partitions`"),
        ("partitions: 2", "", r"events\.commands: .*missing.*`partitions`"),
        (
            "partitions: 2",
            "partitions: 2\n  color: red",
            "unknown field `color`",
        ),
        (
            "cleanup: delete",
            "cleanup: sometimes",
            r"'sometimes'.*cleanup",
        ),
        ("retention: 7d", "retention: a week", r"events\.commands: retention: .*write 30s"),
        ("retention: 7d", "retention: 7", r"events\.commands: retention: .*write 30s"),
        ("size_max: 1MiB", "size_max: 1MB", r"events\.commands: record_size_max: .*write 512KiB"),
        ("events.commands", "Events Commands", r"Events Commands: .*`\$\.name`"),
    ],
)
def test_a_mistake_in_the_file_is_named(right: str, wrong: str, said: str) -> None:
    assert right in ONE_TOPIC
    with pytest.raises(TopicsError, match=said):
        parse_topics(ONE_TOPIC.replace(right, wrong))


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "events.commands: 3"])
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(TopicsError):
        parse_topics(text)


def test_unequal_partitions_of_a_pair_are_refused() -> None:
    outbox = ONE_TOPIC.replace("events.commands", "events.outbox").replace(": 2", ": 3")
    with pytest.raises(TopicsError, match="must be as many"):
        parse_topics(ONE_TOPIC + outbox)
