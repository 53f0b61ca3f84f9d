"""COMPAT.md names every route there is, and no other; and every parameter."""

import dataclasses
import re
import typing
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from api.seatsio import routes as dialect
from api.seatsio.openapi.operation import PARAMETERS
from api.seatsio.openapi.operations import BY_RESOURCE
from api.seatsio.routes import NOT_YET, Seatsio
from api.seatsio.wire import Body
from tests.seatsio.installation import Installation

COMPAT = Path(dialect.__file__).parent / "COMPAT.md"
NAMED = re.compile(r"((?:`(?:GET|POST|DELETE)` and )*`(?:GET|POST|DELETE)) (/[^`\s]*)")
CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")
OURS = {"/docs", "/docs/{asset}", "/openapi.json"}
"""The API's own description."""


def named(text: str) -> Iterator[tuple[str, str]]:
    """Give the routes that a page names: `GET /x/{a,b}`, or `POST` and `DELETE /x`."""
    for said, path in NAMED.findall(text):
        parts = CHOICE.split(path.partition("?")[0])
        choices = [part.split(",") if place % 2 else [part] for place, part in enumerate(parts)]
        for method, choice in product(re.findall("[A-Z]+", said), product(*choices)):
            yield method, "".join(choice)


def shape(path: str) -> str:
    """Give a path without the names of what is variable in it."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_without_test_companies_nobody_makes_one(running: Installation) -> None:
    parts = dataclasses.replace(running.parts, system_secret=None)
    more = {route.path for route in Seatsio(running.parts).routes}
    more -= {route.path for route in Seatsio(parts).routes}
    assert more == {"/system/public/charts/{key}", "/system/private/create-test-company"}


def test_every_route_stands_in_the_table(running: Installation) -> None:
    not_yet = {route for several in NOT_YET.values() for route in several}
    routes = {
        (route.method, shape(route.path))
        for route in Seatsio(running.parts).routes
        if route.path not in OURS and (route.method, route.path) not in not_yet
    }
    told = {(method, shape(path)) for method, path in named(COMPAT.read_text())}
    assert routes - told == set()
    assert told - routes == set()


def fields(model: type[Body]) -> Iterator[str]:
    """Name the fields of a body, and of the objects in it."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in _models(field.annotation):
            yield from fields(inner)


def _models(annotation: object) -> Iterator[type[Body]]:
    if isinstance(annotation, type) and issubclass(annotation, Body):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models(part)


def test_every_parameter_is_named() -> None:
    asked = {
        name
        for operations in BY_RESOURCE.values()
        for operation in operations.values()
        for name in (
            *(PARAMETERS[one]["name"] for one in operation.query),
            *(fields(operation.body) if operation.body else ()),
        )
    }
    assert len(asked) > 60
    told = set(re.findall(r"`([A-Za-z_]+)`", COMPAT.read_text()))
    assert asked - told == set()
