"""The JSON schemas of the messages on the log, one for each topic, for readers in any language.

Rules of this file:

1. The schemas are made from the types, never by hand. `python -m schemas.json_schemas` writes
   them to schemas/json; a test fails where they are not current.
2. What a field means is its attribute docstring, here as in the code.
"""

import ast
import inspect
import re
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from schemas import (
    commands,
    facts,
    inventory,
    outbox,
    rejections,
    seasons,
    selling,
    selling_edits,
    snapshots,
    topics,
    votes,
)

FOLDER = Path(__file__).parent / "json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MESSAGES: dict[str, Any] = {
    topics.EVENTS_COMMANDS: commands.SeatsCommand,
    topics.GROUPS_COMMANDS: commands.GroupsCommand,
    topics.EVENTS_OUTBOX: outbox.SeatsRecord,
    topics.GROUPS_OUTBOX: outbox.GroupsRecord,
    topics.EVENTS_SNAPSHOTS: snapshots.Snapshot,
    topics.GROUPS_SNAPSHOTS: snapshots.Snapshot,
    topics.GROUPS_VOTES: votes.GroupVote,
    topics.INVENTORIES: inventory.Inventory,
}
"""What the topics carry; `inventories` and the snapshots carry it compressed."""

Json = dict[str, Any]


def schema_of(topic: str) -> Json:
    """Give the JSON schema of a topic's messages."""
    [messages], components = msgspec.json.schema_components(
        [MESSAGES[topic]], ref_template="#/$defs/{name}"
    )
    described = _described_fields()
    definitions = {}
    for long_name, component in sorted(components.items()):
        name = _short(long_name)
        assert name not in definitions, f"{name} means two things in {topic}"
        definitions[name] = _described(component, described.get(name, {}))
    schema: Json = _renamed({**messages, "$defs": definitions})
    return {"$schema": DIALECT, "title": topic, **schema}


def encoded(topic: str) -> bytes:
    """Give the JSON schema of a topic's messages as its file has it."""
    return msgspec.json.format(msgspec.json.encode(schema_of(topic)), indent=2) + b"\n"


def file_of(topic: str) -> Path:
    """Say where the schema of a topic is kept."""
    return FOLDER / f"{topic}.json"


def write_all() -> None:
    """Write the schemas of all topics."""
    FOLDER.mkdir(exist_ok=True)
    for topic in MESSAGES:
        file_of(topic).write_bytes(encoded(topic))


def _short(name: str) -> str:
    """Give a name without the type arguments of a generic type: each topic has one kind."""
    return re.split(r"[\[_]", name, maxsplit=1)[0]


def _renamed(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(schema, list):
        return [_renamed(part) for part in schema]
    if isinstance(schema, str) and schema.startswith("#/$defs/"):
        return f"#/$defs/{_short(schema.removeprefix('#/$defs/'))}"
    if isinstance(schema, dict):
        return {key: _renamed(part) for key, part in schema.items()}
    return schema


def _described(component: Json, fields: dict[str, str]) -> Json:
    if "properties" not in component:
        return component
    properties = {
        name: {"description": fields[name], **about} if name in fields else about
        for name, about in component["properties"].items()
    }
    return {**component, "title": _short(component["title"]), "properties": properties}


def _described_fields() -> dict[str, dict[str, str]]:
    """Give the attribute docstrings of all message types, by type and field."""
    modules: list[ModuleType] = [
        *(commands, facts, outbox, rejections, votes, inventory),
        *(seasons, selling, selling_edits, snapshots),
    ]
    return {
        name: {
            field: text
            for base in reversed(kind.__mro__)
            if base.__module__ in {module.__name__ for module in modules}
            for field, text in _attribute_docstrings(base).items()
        }
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, msgspec.Struct)
    }


def _attribute_docstrings(kind: type) -> dict[str, str]:
    [parsed] = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(parsed, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in zip(parsed.body, parsed.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(text.value.value, str)
    }


if __name__ == "__main__":
    write_all()
