"""Hooks of Schemathesis: some of what it makes up is given names that there are.

Rules of this file:

1. Most made-up names are of nothing, and the answers then a 404 each time. So every other case is
   about the event and the chart `E`, the objects of its chart and a hold token that lives.
2. What decides is the case itself, not chance: a case that failed is made again.
"""

import os
import zlib
from typing import Any

import schemathesis

HOLD_TOKEN = os.environ.get("FUZZ_HOLD_TOKEN", "")
WORKSPACE = os.environ.get("FUZZ_WORKSPACE", "")
LABELS = ("A-1", "A-2", "B-3", "GA1", "Z-9")
_PATH = {
    "key": ("E",),
    "label": LABELS,
    "token": (HOLD_TOKEN,),
    "category": ("9", "10"),
    "type": ("byStatus", "byLabel", "byObjectType", "byCategoryKey", "bySection", "byChannel"),
    "filter": ("free", "booked", "seat"),
    "month": ("2026-11",),
    "version": ("published", "draft"),
    "to": (WORKSPACE,),
    "from": (WORKSPACE,),
}
_BODY = {
    "chartKey": ("E",),
    "events": (["E"],),
    "event": ("E",),
    "objects": (["A-1"], ["A-2", "B-3"], ["GA1"], [{"objectId": "GA1", "quantity": 3}]),
    "holdToken": (HOLD_TOKEN,),
    "status": ("booked", "free", "reservedByToken", "lolzor"),
}


@schemathesis.hook
def map_path_parameters(
    context: schemathesis.HookContext, path_parameters: dict[str, Any] | None
) -> dict[str, Any] | None:
    if not path_parameters:
        return path_parameters
    operation = getattr(context, "operation", None)
    known = dict(_PATH)
    if operation is not None and "workspaces" in operation.path:
        known["key"] = (WORKSPACE,)
    return {name: _chosen(known.get(name, ()), value) for name, value in path_parameters.items()}


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:  # noqa: ANN401 - JSON
    del context
    return _filled(body)


def _filled(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _chosen(_BODY[name], inner) if name in _BODY else _filled(inner)
        for name, inner in value.items()
    }


def _chosen(known: tuple[Any, ...], made_up: Any) -> Any:  # noqa: ANN401 - JSON
    """Take one of what there is for every other value."""
    digest = zlib.crc32(repr(made_up).encode("utf-8", "surrogatepass"))
    return made_up if not known or digest % 2 else known[digest // 2 % len(known)]
