"""The document itself, put together from the routes, the operations and the shapes."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from api.call import Route
from api.seatsio.openapi.operation import PARAMETERS, Operation
from api.seatsio.openapi.operations import BY_RESOURCE
from api.seatsio.openapi.shapes import SHAPES, STRING, Schema, ref
from api.seatsio.wire import Body

REFUSALS = {
    "400": "the request is wrong; the messages say what to do",
    "401": "no valid API key (no body)",
    "403": "the key is not for this (no body)",
    "404": "something that the request names is not there",
    "405": "not a method of this path",
    "408": "the body did not come in time: send the request again",
    "409": "the idempotency key is in use",
    "410": "the answer was forgotten: look at what was changed, and use a new idempotency key",
    "413": "the body is too large",
    "415": "the body is encoded",
    "422": "the idempotency key came with another request before",
    "429": "too much at once, or a group has the objects in doubt: try again after Retry-After",
    "503": "something is away, or the answer did not come in time: Retry-After, perhaps Location",
}
"""What any operation may answer besides."""
_WITHOUT_BODY = ("401", "403")
_KEY = "Idempotency-Key"
_OF_COMMANDS = {
    "Prefer": "`respond-async`: answer 202 at once, with a Location that shows the result",
    _KEY: "a request that comes again with the same key gets the first answer",
}
_DESCRIPTION = (
    "The seats.io REST API as Seatlog speaks it; COMPAT.md says where it differs. "
    "A field or a parameter that is not listed is refused by name, never ignored. "
    "A body is JSON under any Content-Type; none and `null` are an empty object."
)


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Describe routes in OpenAPI 3.1."""
    by_route = {(route.method, route.path): route for route in routes}
    models: set[type[Body]] = set()
    paths: dict[str, dict[str, Any]] = {}
    for resource, operations in BY_RESOURCE.items():
        for (method, path), operation in operations.items():
            route = by_route.get((method, path))
            if route is None:
                continue  # a route that this installation has not: test companies
            described = _operation(route, operation)
            paths.setdefault(path, {})[method.lower()] = {"tags": [resource], **described}
            if operation.body is not None:
                models.add(operation.body)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Seatlog",
            "version": version("seatlog"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"secretKey": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {**SHAPES, **_schemas_of(models)},
            "securitySchemes": {
                "secretKey": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "the secret key as user name, no password",
                },
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


class _Generator(GenerateJsonSchema):
    """Knows the one check of ours that has no schema: `wire.NotYet`."""

    def function_plain_schema(
        self, schema: core_schema.PlainValidatorFunctionSchema
    ) -> JsonSchemaValue:
        del schema
        return {"type": "null"}


def _schemas_of(models: Iterable[type[Body]]) -> dict[str, Schema]:
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in ordered],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Generator,
    )
    definitions: dict[str, Schema] = schemas.get("$defs", {})
    return definitions


def _operation(route: Route, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": [*_path_parameters(route), *(PARAMETERS[name] for name in operation.query)],
        "responses": {
            **{str(status): _answer(shape) for status, shape in operation.answers.items()},
            **{status: _refusal(status, about) for status, about in REFUSALS.items()},
        },
    }
    if route.appends:
        described["parameters"] += [
            {"name": name, "in": "header", "schema": STRING, "description": about}
            for name, about in _OF_COMMANDS.items()
            if name != _KEY or operation.takes_key
        ]
        described["responses"]["202"] = _answer("Command")
    if not route.authenticated:
        described["security"] = []
    if operation.body is not None:
        schema = ref(operation.body.__name__)
        if operation.takes_several:
            schema = {"anyOf": [schema, {"type": "array", "items": schema}]}
        described["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return described


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = [part.partition("}")[0] for part in route.path.split("{")[1:]]
    return [{"name": name, "in": "path", "required": True, "schema": STRING} for name in names]


def _answer(shape: str | None) -> dict[str, Any]:
    if shape is None:
        return {"description": "done; no body"}
    kind = {"Picture": "image/png", "Csv": "text/csv"}.get(shape)
    if kind is not None:
        return {"description": shape, "content": {kind: {}}}
    return {"description": shape, "content": {"application/json": {"schema": ref(shape)}}}


def _refusal(status: str, about: str) -> dict[str, Any]:
    if status in _WITHOUT_BODY:
        return {"description": about}
    return {"description": about, "content": {"application/json": {"schema": ref("Error")}}}
