"""Changing a drawing where that takes no designer: its name and its categories.

Rules of this file:

1. What a change is not about stays byte for byte: only the way to it is decoded.
2. What comes in need not have been read before: what is not JSON is a DrawingError. Objects of a
   category that goes keep its key; they have none then, and the checks say so.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from engine.charts.labels import normalize
from engine.charts.reading import DrawingError

Parts = dict[str, msgspec.Raw]
"""A JSON object whose values stay as they are written."""
Field = str | int | bool
Category = Mapping[str, Field]
T = TypeVar("T")


class CategoryUnknownError(Exception):
    """The chart has no category with this key."""


class CategoryKeyTakenError(Exception):
    """The chart has a category with this key already."""


def renamed(drawing: bytes, name: str) -> bytes:
    """Give the chart another name."""
    return _replaced(drawing, "name", name)


def with_categories(drawing: bytes, categories: Sequence[Category]) -> bytes:
    """Give the chart these categories and no others."""
    return _with_entries(drawing, lambda _: [_raw_fields(category) for category in categories])


def with_category(drawing: bytes, category: Category) -> bytes:
    """Add a category. Raises CategoryKeyTakenError."""

    def add(entries: list[Parts]) -> list[Parts]:
        if _find(entries, str(category["key"])) is not None:
            raise CategoryKeyTakenError(category["key"])
        return [*entries, _raw_fields(category)]

    return _with_entries(drawing, add)


def with_changed_category(drawing: bytes, key: str, fields: Category) -> bytes:
    """Change some fields of a category. Raises CategoryUnknownError."""

    def change(entries: list[Parts]) -> list[Parts]:
        place = _place(entries, key)
        entries[place] = {**entries[place], **_raw_fields(fields)}
        return entries

    return _with_entries(drawing, change)


def without_category(drawing: bytes, key: str) -> bytes:
    """Remove a category. Raises CategoryUnknownError."""

    def remove(entries: list[Parts]) -> list[Parts]:
        del entries[_place(entries, key)]
        return entries

    return _with_entries(drawing, remove)


def _with_entries(drawing: bytes, change: Callable[[list[Parts]], list[Parts]]) -> bytes:
    wrapper = _parts(_parts(drawing).get("categories"))
    entries = change(_entries(wrapper.get("list")))
    keys = [_value(entry["key"]) for entry in entries]
    highest = [_value(wrapper["maxCategoryKey"])] if "maxCategoryKey" in wrapper else []
    wrapper["list"] = _raw(entries)
    # Designers number new categories from here on: no key is given out twice.
    numbers = (key for key in highest + keys if isinstance(key, int))
    wrapper["maxCategoryKey"] = _raw(max(numbers, default=0))
    return _replaced(drawing, "categories", wrapper)


def _place(entries: list[Parts], key: str) -> int:
    place = _find(entries, key)
    if place is None:
        raise CategoryUnknownError(key)
    return place


def _find(entries: list[Parts], key: str) -> int | None:
    keys = [normalize(str(_value(entry["key"]))) for entry in entries]
    return keys.index(key) if key in keys else None


def _replaced(drawing: bytes, name: str, value: object) -> bytes:
    return msgspec.json.encode({**_parts(drawing), name: value})


def _parts(document: bytes | msgspec.Raw | None) -> Parts:
    return {} if document is None else _decoded(document, Parts) or {}


def _entries(document: msgspec.Raw | None) -> list[Parts]:
    return [] if document is None else _decoded(document, list[Parts]) or []


def _decoded(document: bytes | msgspec.Raw, type_: type[T]) -> T | None:
    try:
        return msgspec.json.decode(document, type=type_ | None)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DrawingError("", f"the drawing cannot be changed: {error}") from error


def _raw_fields(fields: Category) -> Parts:
    return {name: _raw(value) for name, value in fields.items()}


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _value(raw: msgspec.Raw) -> Any:  # noqa: ANN401 - JSON
    return msgspec.json.decode(raw)
