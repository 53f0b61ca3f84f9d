"""The topics: their names, and what topics.yaml declares about each.

Rules of this file:

1. A topic has a *name* here and in the code (`events.outbox`) and a *physical name* on the
   broker; they differ by a prefix only (`with_prefix`), so that tests and several
   installations can share one broker.
2. Nothing here speaks to a broker; adapters/kafka/admin does.
3. No pydantic: whoever reads the topics is a worker that is being brought back.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec
import yaml
from msgspec import Meta

EVENTS_COMMANDS = "events.commands"
EVENTS_OUTBOX = "events.outbox"
EVENTS_SNAPSHOTS = "events.snapshots"
GROUPS_COMMANDS = "groups.commands"
GROUPS_OUTBOX = "groups.outbox"
GROUPS_SNAPSHOTS = "groups.snapshots"
GROUPS_VOTES = "groups.votes"
INVENTORIES = "inventories"
DEAD_LETTERS = "dead.letters"

TOPIC_NAMES = (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    EVENTS_SNAPSHOTS,
    GROUPS_COMMANDS,
    GROUPS_OUTBOX,
    GROUPS_SNAPSHOTS,
    GROUPS_VOTES,
    INVENTORIES,
    DEAD_LETTERS,
)

OUTBOX_OF = {EVENTS_COMMANDS: EVENTS_OUTBOX, GROUPS_COMMANDS: GROUPS_OUTBOX}
"""Where the answers are that clients look up; votes have answers too, and nobody asks for them."""

# Partition n of the outbox is the log of the owner of partition n of the commands (and votes), and
# partition n of the snapshots is his.
PAIRED = (
    *OUTBOX_OF.items(),
    (GROUPS_VOTES, GROUPS_OUTBOX),
    (EVENTS_SNAPSHOTS, EVENTS_OUTBOX),
    (GROUPS_SNAPSHOTS, GROUPS_OUTBOX),
)

UNLIMITED_MS = -1

_DURATION_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SIZE_UNITS = {"KiB": 1024, "MiB": 1024 * 1024}


class TopicsError(ValueError):
    """The file of topics cannot be used; the message says which field and why."""


def _milliseconds(text: object) -> int:
    if text == "unlimited":
        return UNLIMITED_MS
    found = re.fullmatch(r"([1-9][0-9]*)([smhd])", text) if isinstance(text, str) else None
    if found is None:
        message = f"retention: {text!r} is not a duration: write 30s, 15m, 12h, 7d or unlimited"
        raise ValueError(message)
    return int(found[1]) * _DURATION_UNITS_MS[found[2]]


def _bytes(text: object) -> int:
    found = re.fullmatch(r"([1-9][0-9]*)(KiB|MiB)", text) if isinstance(text, str) else None
    if found is None:
        message = f"record_size_max: {text!r} is not a size: write 512KiB or 8MiB"
        raise ValueError(message)
    return int(found[1]) * _SIZE_UNITS[found[2]]


_MEANINGS = {"retention": _milliseconds, "record_size_max": _bytes}


class Topic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One topic as topics.yaml declares it."""

    name: Annotated[str, Meta(pattern=r"^[a-z]+(\.[a-z]+)*$", max_length=100)]
    """What the code calls it."""

    about: Annotated[str, Meta(min_length=1)]
    """One sentence for a person."""

    partitions: Annotated[int, Meta(ge=1, le=10_000)]
    """How many partitions it is created with. A prefix of the key's hash never moves, so
    growing a topic that already holds events is a migration and not a setting."""

    key: Annotated[str, Meta(min_length=1)]
    """What the record key is: records with the same one keep their order."""

    cleanup: Literal["delete", "compact"]
    """`delete` drops what is older than the retention, `compact` keeps the newest per key."""

    retention_ms: int = msgspec.field(name="retention")
    """How long a record is kept, in milliseconds; -1 is for ever."""

    record_size_max: int
    """Bytes one append may carry, compressed; also the most a single record may have."""

    messages: tuple[str, ...]
    """The types of the messages that may stand in it."""

    prefix: str = ""
    """What stands before the name on the broker; not of the file (`Topics.with_prefix`)."""

    @property
    def physical_name(self) -> str:
        """The name on the broker."""
        return self.prefix + self.name

    def settings(self, *, replication: int = 1) -> dict[str, str]:
        """Give the broker's settings for this topic, at this replication factor.

        With three copies two must have a record before it counts, so that the loss of any
        one broker loses nothing and stops nothing.
        """
        return {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(self.record_size_max),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(max(1, replication - 1)),
            "retention.bytes": "-1",
            "retention.ms": str(self.retention_ms),
        }


class Topics(Mapping[str, Topic]):
    """All topics, looked up by name: `topics["events.outbox"].physical_name`."""

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._topics = dict(topics)
        for commands, outbox in PAIRED:
            if commands in self and outbox in self:
                self._check_pair(self[commands], self[outbox])

    @staticmethod
    def _check_pair(commands: Topic, outbox: Topic) -> None:
        if commands.partitions != outbox.partitions:
            message = (
                f"{outbox.name} has {outbox.partitions} partitions and {commands.name} has "
                f"{commands.partitions}: they must be as many, an owner writes one log"
            )
            raise TopicsError(message)

    def __getitem__(self, name: str) -> Topic:
        """Give the topic of this name; KeyError with the names there are."""
        try:
            return self._topics[name]
        except KeyError:
            message = f"no topic {name!r}: topics.yaml declares {', '.join(self._topics)}"
            raise KeyError(message) from None

    def __iter__(self) -> Iterator[str]:
        """Go through the names in the order of the file."""
        return iter(self._topics)

    def __len__(self) -> int:
        """Count the topics."""
        return len(self._topics)

    def with_prefix(self, prefix: str) -> Self:
        """Give the same topics under other names on the broker."""
        if not re.fullmatch(r"[A-Za-z0-9._-]{0,100}", prefix):
            message = f"{prefix!r} cannot stand before a topic's name: use letters, digits and ._-"
            raise TopicsError(message)
        return type(self)(
            {name: msgspec.structs.replace(topic, prefix=prefix) for name, topic in self.items()}
        )

    def with_partitions(self, **partitions: int) -> Self:
        """Give the same topics with other numbers of partitions: `events=8, groups=1`.

        A word stands for every topic whose name starts with it, which keeps commands and
        outbox the same.
        """
        changed = dict(self._topics)
        for family, count in partitions.items():
            names = [name for name in self if name.split(".")[0] == family]
            if not names or count < 1:
                message = f"{family}={count}: no topic is called so, or it needs a partition"
                raise TopicsError(message)
            for name in names:
                changed[name] = msgspec.structs.replace(changed[name], partitions=count)
        return type(self)(changed)


def parse_topics(text: str) -> Topics:
    """Read a file of topics. Raises TopicsError that names the topic and the field."""
    try:
        declared = yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = f"topics.yaml is not YAML: {error}"
        raise TopicsError(message) from error
    if not isinstance(declared, dict):
        message = "topics.yaml must be a mapping from a topic's name to its fields"
        raise TopicsError(message)
    return Topics({str(name): _parse_topic(str(name), f) for name, f in declared.items()})


def _parse_topic(name: str, fields: object) -> Topic:
    if not isinstance(fields, dict):
        message = f"{name}: its fields are missing"
        raise TopicsError(message)
    declared = {**fields, "name": name}
    try:
        for field, meaning in _MEANINGS.items():
            if field in declared:
                declared[field] = meaning(declared[field])
        return msgspec.convert(declared, Topic)
    except (ValueError, msgspec.ValidationError) as error:
        message = f"{name}: {error}"
        raise TopicsError(message) from error


def topics_file() -> Path:
    """Say where topics.yaml is: beside this file in an installation, at the top in a checkout."""
    here = Path(__file__).parent
    packaged = here / "topics.yaml"
    return packaged if packaged.exists() else here.parent / "topics.yaml"


def load_topics() -> Topics:
    """Read the topics this version of the program was made with."""
    return parse_topics(topics_file().read_text(encoding="utf-8"))
