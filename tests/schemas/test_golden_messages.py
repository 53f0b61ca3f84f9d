"""One golden file for each versioned type, each with named examples that decode for ever.

A file is added with a type or a version of it, and an example with a field. None is changed from
the first release on: they stand for records that are on somebody's log.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

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
    votes,
)
from schemas.commands import decode_groups_command, decode_seats_command
from schemas.outbox import decode_groups_record, decode_seats_record

GOLDEN = Path(__file__).parents[1] / "golden"
Decode = Callable[[bytes], msgspec.Struct]


def _decoder(union: Any) -> Decode:  # noqa: ANN401 - a union is no type
    decoder: msgspec.json.Decoder[msgspec.Struct] = msgspec.json.Decoder(union)
    return decoder.decode


# Each union of messages with the way in which it is read.
UNIONS: list[tuple[Any, Decode]] = [
    (commands.SeatsCommand, decode_seats_command),
    (commands.GroupsCommand, decode_groups_command),
    (facts.SeatsFact, _decoder(facts.SeatsFact)),
    (facts.GroupsFact, _decoder(facts.GroupsFact)),
    (outbox.Answer, _decoder(outbox.Answer)),
    (outbox.SeatsRecord, decode_seats_record),
    (outbox.GroupsRecord, decode_groups_record),
    (votes.GroupVote, votes.decode_vote),
    (inventory.Inventory, inventory.decode),
    (snapshots.Snapshot, _decoder(snapshots.Snapshot)),
]


def _types(union: Any) -> Iterator[str]:  # noqa: ANN401
    for member in get_args(union) or (union,):
        origin = getattr(member, "__origin__", member)
        yield str(origin.__struct_config__.tag)


READERS = [(name, decode) for union, decode in UNIONS for name in _types(union)]


@cache
def examples(name: str) -> dict[str, Any]:
    """Give the examples of a versioned type."""
    path = GOLDEN / f"{name}.json"
    assert path.exists(), f"tests/golden has no {path.name}: write down what is now on the log"
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return found


def _is_of(decode: Decode, example: dict[str, Any]) -> bool:
    """Say whether an example is for this reader: both outboxes have records of the same types."""
    if decode is decode_groups_record:
        return "groups" in example["source"]
    return decode is not decode_seats_record or "events" in example["source"]


@pytest.mark.parametrize(
    ("name", "decode"), READERS, ids=[f"{name}-{place}" for place, (name, _) in enumerate(READERS)]
)
def test_golden_messages_decode_and_encode_to_what_they_were(name: str, decode: Decode) -> None:
    for example in examples(name).values():
        if _is_of(decode, example):
            decoded = decode(msgspec.json.encode(example))
            assert msgspec.json.decode(msgspec.json.encode(decoded)) == example


def test_every_golden_file_is_of_a_type_that_is_still_read() -> None:
    read = {name for name, _ in READERS}
    assert {path.stem for path in GOLDEN.glob("*.json")} == read


def test_a_version_stands_in_every_type_name() -> None:
    assert [name for name, _ in READERS if not name.split(".")[-1].startswith("v")] == []


def test_every_field_of_every_message_is_in_a_golden_one() -> None:
    seen: set[tuple[str, str]] = set()
    for name, decode in READERS:
        for example in examples(name).values():
            if _is_of(decode, example):
                _note_fields(decode(msgspec.json.encode(example)), example, seen)
    fields = {
        (kind.__name__, field)
        for module in (*MODULES, seasons, selling, selling_edits)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and _is_concrete(kind)
        for field in kind.__struct_fields__
    }
    assert fields - seen == set(), "write an example with these to the golden file"


MODULES = (commands, facts, outbox, rejections, votes, inventory)


def _is_concrete(kind: type[msgspec.Struct]) -> bool:
    bases = (commands.Command, inventory.Block, outbox._CloudEvent, selling_edits._Edit)
    return kind not in bases and kind is not msgspec.Struct


def _note_fields(decoded: Any, example: Any, seen: set[tuple[str, str]]) -> None:  # noqa: ANN401
    """Note which fields are spelled out in an example."""
    if isinstance(decoded, inventory.Point):
        seen.update((("Point", "x"), ("Point", "y")))
    elif isinstance(decoded, msgspec.Struct):
        for field in decoded.__struct_fields__:
            if field in example:
                seen.add((type(decoded).__name__, field))
                _note_fields(getattr(decoded, field), example[field], seen)
    elif isinstance(decoded, dict):
        for key, one in decoded.items():
            _note_fields(one, example[str(key)], seen)
    elif isinstance(decoded, (list, tuple)):
        for one, raw in zip(decoded, example, strict=True):
            _note_fields(one, raw, seen)


# -- what a newer writer may do to an older reader


@pytest.mark.parametrize("name", sorted({*_types(commands.SeatsCommand)}))
def test_a_seats_command_with_an_unknown_field_is_refused(name: str) -> None:
    _assert_strict(decode_seats_command, examples(name)["everything"])


@pytest.mark.parametrize("name", sorted(_types(commands.GroupsCommand)))
def test_a_groups_command_with_an_unknown_field_is_refused(name: str) -> None:
    _assert_strict(decode_groups_command, examples(name)["everything"])


def _assert_strict(decode: Decode, example: dict[str, Any]) -> None:
    decode(msgspec.json.encode(example))
    for widened in _widened(example):
        with pytest.raises(msgspec.ValidationError, match="surprise"):
            decode(msgspec.json.encode(widened))


MAPS = ("extra_data", "object_categories", "area_places", "by_label")
"""Fields whose keys the callers choose."""


def _widened(example: Any) -> Iterator[Any]:  # noqa: ANN401
    """Give copies of an example, each with one unknown field in one place that has fields."""
    if isinstance(example, list):
        for place, part in enumerate(example):
            for widened in _widened(part):
                yield [*example[:place], widened, *example[place + 1 :]]
    if isinstance(example, dict):
        yield {**example, "surprise": 1}
        for key, part in example.items():
            if key not in MAPS:
                for widened in _widened(part):
                    yield {**example, key: widened}


@pytest.mark.parametrize(
    "name", sorted({*_types(facts.SeatsFact), *_types(outbox.SeatsRecord), *_types(outbox.Answer)})
)
def test_readers_of_the_outbox_ignore_fields_that_they_do_not_know(name: str) -> None:
    for example in examples(name).values():
        [decode, *_] = [d for known, d in READERS if known == name and _is_of(d, example)]
        plain = decode(msgspec.json.encode(example))
        assert decode(msgspec.json.encode({**example, "surprise": {"a": 1}})) == plain
        if "data" in example:
            data = {**example["data"], "surprise": [1]}
            assert decode(msgspec.json.encode({**example, "data": data})) == plain


@pytest.mark.parametrize(("union", "decode"), UNIONS, ids=range(len(UNIONS)))
def test_an_unknown_type_stops_a_reader(union: Any, decode: Decode) -> None:  # noqa: ANN401
    del union
    with pytest.raises((msgspec.ValidationError, inventory.InventoryError)):
        decode(b'{"type":"SomethingElse.v9"}')
