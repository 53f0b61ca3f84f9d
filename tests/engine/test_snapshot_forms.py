"""The form of a kept state: a changed form has a changed version, or old ones are read wrongly."""

from hashlib import sha256
from typing import Any

import msgspec
import pytest

from engine.groups.snapshot import GroupsSnapshot
from engine.seats.snapshot import SeatsSnapshot

# A new form, and a fold that now makes another state of the same facts, get a new version (the
# struct's tag) and a new line; the program that knows it leaves older ones aside.
FORMS = {
    "SeatsSnapshot.v1": (SeatsSnapshot, "b7232f74b6c4734a"),
    "GroupsSnapshot.v1": (GroupsSnapshot, "0214b1b395f199b0"),
}


def without_words(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Leave out what is said to people only."""
    if isinstance(schema, dict):
        return {key: without_words(part) for key, part in schema.items() if key != "description"}
    return [without_words(part) for part in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("version", FORMS)
def test_a_changed_form_has_a_changed_version(version: str) -> None:
    kind, known = FORMS[version]
    assert kind.__struct_config__.tag == version
    schema = without_words(msgspec.json.schema(kind))
    form = sha256(msgspec.json.encode(schema, order="deterministic")).hexdigest()
    assert form[:16] == known, f"{version} has another form: give it a new version"
