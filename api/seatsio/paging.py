"""Query strings and pages: the vendor's cursors, and its form of a page.

Rules of this file:

1. A parameter that a route does not know is refused by name, as an unknown field of a body is.
2. Cursors are ids; in answers they are strings, and absent at the ends of the list.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, TypeVar

from aiohttp import web

from api.limits import label_characters_max, page_items_max
from api.seatsio.errors import bad_request

_ID_DIGITS_MAX = 18
"""Every id fits, and every number of so many digits fits the database."""
CURSOR_PARAMETERS = frozenset(("limit", "start_after_id", "end_before_id"))

T = TypeVar("T")


class PageAsked(NamedTuple):
    """What a query string asks of a list."""

    limit: int
    start_after_id: int | None
    end_before_id: int | None


def check_parameters(
    request: web.Request,
    known: Collection[str] = (),
    *,
    not_yet: Collection[str] = (),
) -> None:
    """Refuse parameters that the route does not know."""
    if not request.query_string:
        return
    for name in request.query:
        if name in not_yet:
            raise bad_request(f"the parameter [{name}] is not supported yet")
        if name not in known:
            raise bad_request(f"the parameter [{name[:label_characters_max]}] is not known here")


def read_page_asked(request: web.Request) -> PageAsked:
    """Read limit and cursors."""
    asked = PageAsked(
        _number(request, "limit") or page_items_max,
        _number(request, "start_after_id"),
        _number(request, "end_before_id"),
    )
    if not 1 <= asked.limit <= page_items_max:
        raise bad_request(f"limit: expected a number from 1 to {page_items_max}")
    if asked.start_after_id is not None and asked.end_before_id is not None:
        raise bad_request("start_after_id and end_before_id cannot be used together")
    return asked


def page_json(
    items: Sequence[T],
    show: Callable[[T], dict[str, Any]],
    next_page_starts_after: int | None,
    previous_page_ends_before: int | None,
) -> dict[str, Any]:
    """Give a page as the clients read it."""
    page: dict[str, Any] = {"items": [show(item) for item in items]}
    if next_page_starts_after is not None:
        page["next_page_starts_after"] = str(next_page_starts_after)
    if previous_page_ends_before is not None:
        page["previous_page_ends_before"] = str(previous_page_ends_before)
    return page


def single(request: web.Request, name: str) -> str | None:
    """Give a parameter that stands at most once."""
    values = request.query.getall(name, [])
    if len(values) > 1:
        raise bad_request(f"{name}: expected once, found {len(values)} times")
    return values[0] if values else None


def _number(request: web.Request, name: str) -> int | None:
    text = single(request, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX):
        raise bad_request(f"{name}: expected a whole number, found {text[:label_characters_max]!r}")
    number = int(text)
    if name == "limit" and number == 0:
        raise bad_request(f"limit: expected a number from 1 to {page_items_max}")
    return number
