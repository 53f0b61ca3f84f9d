"""The JSON schemas in schemas/json, and the messages in topics.yaml, are those of the code."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest

from schemas import json_schemas
from schemas.json_schemas import MESSAGES, encoded, file_of, schema_of, write_all
from schemas.topics import DEAD_LETTERS, TOPIC_NAMES, load_topics


@pytest.mark.parametrize("topic", MESSAGES)
def test_the_stored_schema_is_current(topic: str) -> None:
    stored = file_of(topic).read_bytes() if file_of(topic).exists() else b""
    assert stored == encoded(topic), "run python -m schemas.json_schemas and read the difference"


def test_every_topic_of_messages_has_a_schema_and_nothing_else_is_stored() -> None:
    assert set(MESSAGES) == set(TOPIC_NAMES) - {DEAD_LETTERS}
    assert {path.stem for path in json_schemas.FOLDER.iterdir()} == set(MESSAGES)


@pytest.mark.parametrize("topic", MESSAGES)
def test_every_reference_leads_somewhere(topic: str) -> None:
    schema = schema_of(topic)
    text = msgspec.json.encode(schema).decode()
    references = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert references <= set(schema["$defs"])
    assert not [name for name in schema["$defs"] if not name.isalnum()]


def test_fields_carry_their_docstrings_inherited_ones_as_well() -> None:
    definitions = schema_of("events.commands")["$defs"]
    fields = definitions["ChangeObjectStatus"]["properties"]
    assert fields["workspace"]["description"].startswith("The public key of the workspace")
    assert definitions["Change"]["properties"]["status"]["description"].startswith("The status")


def test_unknown_fields_are_forbidden_on_seats_commands_and_allowed_on_the_outbox() -> None:
    change = schema_of("events.commands")["$defs"]["Change"]
    fact = schema_of("events.outbox")["$defs"]["StatusChanged"]
    assert change["additionalProperties"] is False
    assert "additionalProperties" not in fact


def test_writing_gives_what_is_stored(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("schemas") / "json"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_schemas, "FOLDER", folder)
        write_all()
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert written == {path.name: path.read_bytes() for path in json_schemas.FOLDER.iterdir()}


@pytest.mark.parametrize("topic", MESSAGES)
def test_topics_yaml_names_the_messages_that_a_topic_carries(topic: str) -> None:
    assert sorted(load_topics()[topic].messages) == sorted(_tags(MESSAGES[topic]))


def _tags(messages: Any) -> Iterator[str]:  # noqa: ANN401 - a struct, or a union of them
    is_union = get_origin(messages) in (Union, UnionType)
    for message in get_args(messages) if is_union else (messages,):
        struct = get_origin(message) or message
        yield str(struct.__struct_config__.tag)
