"""What a report is asked by: its type, its filter, its parameters."""

from collections.abc import Collection

from api.call import Call
from api.seatsio.errors import GENERAL_ERROR, bad_request, not_found
from api.seatsio.paging import single
from api.seatsio.reports.dimensions import BY_LABEL
from api.seatsio.wire import read_label, read_text, shown


def read_type(call: Call, types: Collection[str]) -> str:
    """Read the type of a report. Raises VendorError."""
    name = call.parts["type"]
    if name not in types:
        message = f"There is no such report: {shown(name)}; there are {', '.join(types)}"
        raise not_found(GENERAL_ERROR, message)
    return name


def read_filter(call: Call, name: str) -> str:
    """Read the one bucket that is asked for; labels are compared in their normal form."""
    text = call.parts["filter"]
    return read_label(text, "filter") if name == BY_LABEL else read_text(text, "filter")


def read_choice(call: Call, name: str, choices: Collection[str]) -> str | None:
    """Read a parameter that has few values. Raises VendorError."""
    chosen = single(call.request, name)
    if chosen is not None and chosen not in choices:
        raise bad_request(f"{name}: expected one of {', '.join(choices)}; found {shown(chosen)!r}")
    return chosen
