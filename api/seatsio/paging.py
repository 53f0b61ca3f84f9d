"""Query strings and pages: the vendor's cursors, and its form of a page.

Rules of this file:

1. A parameter that a route does not know is refused by name, as an unknown field of a body is.
2. Cursors are ids; in answers they are strings, and absent at the ends of the list.
3. A parameter without a value is as good as none: some clients name all that they know.
"""

from collections.abc import Collection, Sequence
from typing import Any

from aiohttp import web

from adapters.postgres.pages import Cursor, Page
from api.limits import label_characters_max, page_items_max
from api.seatsio.errors import bad_request
from api.seatsio.wire import shown

_ID_DIGITS_MAX = 18
"""Every id fits, and every number of so many digits fits the database."""
CURSOR_PARAMETERS = frozenset(("limit", "start_after_id", "end_before_id"))

JSON = dict[str, Any]


def check_parameters(request: web.BaseRequest, known: Collection[str] = ()) -> None:
    """Refuse parameters that the route does not know."""
    if not request.query_string:
        return
    for name, value in request.query.items():
        if value and name not in known:
            raise bad_request(f"the parameter [{shown(name)}] is not known here")


def read_cursor(request: web.BaseRequest) -> Cursor:
    """Read which page is asked for."""
    cursor = Cursor(
        read_number(request, "limit", page_items_max),
        _number(request, "start_after_id"),
        _number(request, "end_before_id"),
    )
    if cursor.start_after_id is not None and cursor.end_before_id is not None:
        raise bad_request("start_after_id and end_before_id cannot be used together")
    return cursor


def page_json(page: Page[Any], items: Sequence[JSON] | Sequence[str]) -> JSON:
    """Give a page as the clients read it."""
    told: JSON = {"items": items}
    if page.next_page_starts_after is not None:
        told["next_page_starts_after"] = str(page.next_page_starts_after)
    if page.previous_page_ends_before is not None:
        told["previous_page_ends_before"] = str(page.previous_page_ends_before)
    return told


def single(request: web.BaseRequest, name: str) -> str | None:
    """Give the value of a parameter that stands at most once, if it has one."""
    found = values(request, name)
    if len(found) > 1:
        raise bad_request(f"{name}: expected once, found {len(found)} times")
    return found[0] if found else None


def values(request: web.BaseRequest, name: str) -> list[str]:
    """Give the values of a parameter that may stand several times."""
    return [value for value in request.query.getall(name, ()) if value]


def read_number(request: web.BaseRequest, name: str, most: int) -> int:
    """Read a number from 1 on; the most there may be if it is not given."""
    number = _number(request, name)
    if number is None:
        return most
    if not 1 <= number <= most:
        raise bad_request(f"{name}: expected a number from 1 to {most}")
    return number


def _number(request: web.BaseRequest, name: str) -> int | None:
    text = single(request, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX):
        raise bad_request(f"{name}: expected a whole number, found {text[:label_characters_max]!r}")
    return int(text)
