"""A command's id for clients: where it stands in its topic, so every ingress can find it."""

import re

from schemas.commands import CommandPosition
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS

_LETTERS = {EVENTS_COMMANDS: "e", GROUPS_COMMANDS: "g"}
_TOPICS = {letter: topic for topic, letter in _LETTERS.items()}
_FORM = re.compile(r"([eg])-(0|[1-9][0-9]{0,4})-(0|[1-9][0-9]{0,17})", re.ASCII)


def command_id(topic: str, position: CommandPosition) -> str:
    """Give the id of the command at this position of a topic (`schemas.topics` name)."""
    return f"{_LETTERS[topic]}-{position.partition}-{position.offset}"


def read_command_id(text: str) -> tuple[str, CommandPosition] | None:
    """Read an id back to topic name and position; None if it is not one."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    return _TOPICS[found[1]], CommandPosition(int(found[2]), int(found[3]))
