"""Reading request bodies: raw bytes to a checked model, or an error that names the field.

Rules of this file:

1. The Content-Type is never looked at: the vendor's clients send JSON under any label or none.
   No body and `null` are an empty object.
2. Strict: no coercion, no unknown fields, no duplicate keys, no NaN, no lone surrogates, no NUL.
   A field that we do not support yet is refused by name; only a value that asks for what is the
   case anyhow passes. The one exception is PHP's: it writes an object without keys as `[]`.
3. Messages have the form of the vendor's JSON schema checks: `#/path/to/field: what is wrong`.
"""

import json
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeVar

import pydantic
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from api.limits import label_characters_max
from api.seatsio.errors import BodyError

text_length_max = 255
"""Of what is only kept and shown: names, order ids, ticket types."""
nesting_max = 32
"""Of extra data; deeper than any real one, and far from where parsers give up."""
problems_shown_max = 20
integer_max = 2**63 - 1
"""The largest whole number that every reader of our log can keep."""

_M = TypeVar("_M", bound="Body")


class Body(pydantic.BaseModel):
    """What all request bodies, and the objects in them, have in common."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )


@dataclass(frozen=True)
class NotYet:
    """Marks a field that is known and refused: the message says what is not supported yet."""

    what: str
    harmless: tuple[object, ...] = (None,)
    """Values that ask for what is the case anyhow."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Let only the harmless values pass."""
        return core_schema.no_info_plain_validator_function(self._check)

    def _check(self, value: object) -> object:
        # By type as well: to Python, 0 is False.
        if any(type(value) is type(one) and value == one for one in self.harmless):
            return value
        raise PydanticCustomError("not_yet", "{what} not supported yet", {"what": self.what})


def _normalize(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise PydanticCustomError("control", "has a control character")
    normal = unicodedata.normalize("NFC", text)
    if len(normal) > label_characters_max:
        raise PydanticCustomError(
            "length",
            "expected maxLength: {most}, actual: {length}",
            {"most": label_characters_max, "length": len(normal)},
        )
    return normal


def _whole(value: object) -> object:
    """Take 2.0 for 2, as JSON does: it has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _no_keys(value: object) -> object:
    """Take an empty list for an object without keys."""
    return {} if value == [] else value


Label = Annotated[
    str, Field(min_length=1, max_length=label_characters_max), AfterValidator(_normalize)
]
Text = Annotated[str, Field(min_length=1, max_length=text_length_max)]
Whole = Annotated[int, BeforeValidator(_whole)]
BY_KEY = BeforeValidator(_no_keys)
"""Marks an object whose keys are data."""
JsonObject = Annotated[dict[str, Any], BY_KEY]


def read(body: bytes, model: type[_M]) -> _M:
    """Read a body. Raises BodyError."""
    document = read_json(body)
    try:
        return model.model_validate(document)
    except pydantic.ValidationError as error:
        raise BodyError(_problems(error)) from error


def read_one_or_more(body: bytes, model: type[_M]) -> list[_M]:
    """Read a body that is one object or an array of them. Raises BodyError."""
    document = read_json(body)
    try:
        if isinstance(document, list):
            return pydantic.TypeAdapter(list[model]).validate_python(document)  # type: ignore[valid-type]
        return [model.model_validate(document)]
    except pydantic.ValidationError as error:
        raise BodyError(_problems(error)) from error


def read_json(body: bytes) -> object:
    """Read JSON as strictly as we want it, whatever its shape. Raises BodyError."""
    if not body or body.isspace():
        return {}
    try:
        document = _decoder.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BodyError([f"#: the body is not UTF-8 (byte {error.start})"]) from error
    except RecursionError as error:
        raise BodyError([f"#: nested deeper than {nesting_max} levels"]) from error
    except ValueError as error:
        raise BodyError([f"#: the body is not JSON: {error}"]) from error
    problems = [f"{pointer(path)}: {why}" for path, why in _unclean(document)]
    if problems:
        raise BodyError(problems[:problems_shown_max])
    return {} if document is None else document


def pointer(path: tuple[int | str, ...]) -> str:
    """Write a path as the vendor does: `#/objects/0/objectId`."""
    return "/".join(("#", *(shown(str(step)) for step in path)))


class _Doubled(dict[str, Any]):
    """An object in which a key stood twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.key = next(key for place, key in enumerate(keys) if key in keys[:place])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else _Doubled(pairs)


class _Constant(NamedTuple):
    """NaN or an infinity, where it stands: `_unclean` finds it there and names the place."""

    name: str


def _integer(text: str) -> int:
    # Python would not read thousands of digits; what is too large is named with its place.
    return int(text) if len(text) <= _digits_max else integer_max + 1


_digits_max = 32
_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=_Constant)


class _Unclean(NamedTuple):
    path: tuple[int | str, ...]
    why: str


def _unclean(value: object, path: tuple[int | str, ...] = ()) -> Iterator[_Unclean]:
    """Find what JSON can say and we do not keep."""
    if len(path) > nesting_max:
        yield _Unclean(path[:nesting_max], f"nested deeper than {nesting_max} levels")
    elif isinstance(value, dict):
        yield from _unclean_keys(value, path)
        for key, inner in value.items():
            yield from _unclean(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _unclean(inner, (*path, place))
    else:
        why = _unclean_text(value) if isinstance(value, str) else _unclean_number(value)
        if why:
            yield _Unclean(path, why)


def _unclean_keys(value: dict[str, Any], path: tuple[int | str, ...]) -> Iterator[_Unclean]:
    if isinstance(value, _Doubled):
        yield _Unclean(path, f"the key [{shown(value.key)}] stands twice")
    for key in value:
        why = _unclean_text(key)
        if why:
            yield _Unclean(path, f"the key [{shown(key)}] {why}")


def _unclean_number(value: object) -> str | None:
    if isinstance(value, _Constant):
        return f"{value.name} is not a JSON number"
    if isinstance(value, float) and not math.isfinite(value):
        return "the number is too large"
    if isinstance(value, int) and not -integer_max <= value <= integer_max:
        return f"expected a whole number between -{integer_max} and {integer_max}"
    return None


def _unclean_text(text: str) -> str | None:
    if text.isascii():
        return "has a NUL character" if "\x00" in text else None
    if "\x00" in text:
        return "has a NUL character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "has a lone surrogate"
    return None


def shown(text: str) -> str:
    """Make a piece of the request fit to be repeated in an answer."""
    cut = text if len(text) <= label_characters_max else text[:label_characters_max] + "..."
    return cut.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\u0000")


def _problems(error: pydantic.ValidationError) -> list[str]:
    details = error.errors(include_url=False)
    return [_problem(detail) for detail in details[:problems_shown_max]]


def _problem(detail: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary
    path, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return f"{pointer(path[:-1])}: required key [{path[-1]}] not found"
    if kind == "extra_forbidden":
        return f"{pointer(path[:-1])}: extraneous key [{shown(str(path[-1]))}] is not permitted"
    expected = _EXPECTED.get(kind)
    if expected is not None:
        return f"{pointer(path)}: expected type: {expected}, found: {_kind(detail['input'])}"
    message = _MESSAGES.get(kind)
    if message is not None:
        return f"{pointer(path)}: {message.format(**context)}"
    return f"{pointer(path)}: {detail['msg']}"


_EXPECTED = {
    "bool_type": "Boolean",
    "dict_type": "JSONObject",
    "int_type": "Integer",
    "int_from_float": "Integer",
    "list_type": "JSONArray",
    "model_type": "JSONObject",
    "string_type": "String",
}
_MESSAGES = {
    "too_short": "expected minimum item count: {min_length}, found: {actual_length}",
    "too_long": "expected maximum item count: {max_length}, found: {actual_length}",
    "string_too_short": "expected minLength: {min_length}, actual: 0",
    "string_too_long": "expected maxLength: {max_length}, but it is longer",
    "greater_than_equal": "expected a number of at least {ge}",
    "less_than_equal": "expected a number of at most {le}",
    "literal_error": "expected one of {expected}",
}
_KINDS = ((bool, "Boolean"), (int, "Integer"), (float, "Number"), (str, "String"))


def _kind(value: object) -> str:
    if value is None:
        return "Null"
    if isinstance(value, dict):
        return "JSONObject"
    if isinstance(value, list):
        return "JSONArray"
    return next(name for kind, name in _KINDS if isinstance(value, kind))


def read_label(text: str, where: str) -> str:
    """Check a label that stands in a path or a query string. Raises BodyError."""
    return _read_text(_label, text, where)


def read_text(text: str, where: str) -> str:
    """Check a text that stands in a query string. Raises BodyError."""
    return _read_text(_text, text, where)


def _read_text(adapter: pydantic.TypeAdapter[str], text: str, where: str) -> str:
    why = _unclean_text(text)
    if why:
        raise BodyError([f"{where}: {why}"])
    try:
        return adapter.validate_python(text)
    except pydantic.ValidationError as error:
        problem = _problem(error.errors()[0]).removeprefix("#: ")
        raise BodyError([f"{where}: {problem}"]) from error


_label = pydantic.TypeAdapter(Label)
_text = pydantic.TypeAdapter(Text)
