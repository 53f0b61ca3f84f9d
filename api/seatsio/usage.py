"""Usage: how many objects a company's events have used, by month, by event and by object.

For the company's admin key. What counts as used, and when, stands in adapters/postgres/usage.py.
"""

import re
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

from aiohttp import web

from adapters.postgres.usage import UsedByEvent
from api.call import Call, Route
from api.limits import label_characters_max
from api.seatsio.errors import EVENT_NOT_FOUND, bad_request, not_found
from api.seatsio.paging import check_parameters, single
from api.seatsio.parts import JSON, Parts, answer, iso, now_ms, path_part
from api.seatsio.wire import shown

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_VERSION = "2"
_ID_DIGITS_MAX = 18
_YEAR_MAX = 9998
"""The month after the last one is a date, too."""
REASON = "STATUS_CHANGED"
"""The one way to use an object here: nobody selects on a chart, and channels take nothing up."""


class Month(NamedTuple):
    """A month of UTC, in ms since the epoch; the end is the start of the next one."""

    start: int
    end: int


class UsageReports:
    """The routes of usage."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        month = "/reports/usage/month/{month}"
        return [
            Route(method="GET", path="/reports/usage", handler=self._summary, for_admins=True),
            Route(method="GET", path=month, handler=self._month, for_admins=True),
            Route(method="GET", path=month + "/event/{id}", handler=self._event, for_admins=True),
        ]

    async def _summary(self, call: Call) -> web.Response:
        """Add up every month."""
        check_parameters(call.request, ("version",))
        if single(call.request, "version") not in (None, _VERSION):
            raise bad_request(f"version: expected {_VERSION}")
        cutoff = now_ms()
        async with self._parts.reads.snapshot(await self._parts.positions()) as snapshot:
            months = await snapshot.usage().by_month(call.company)
        usage = [
            {"month": {"year": used.year, "month": used.month}, "numUsedObjects": used.used}
            for used in months
        ]
        return answer({"usageCutoffDate": iso(cutoff), "usage": usage})

    async def _month(self, call: Call) -> web.Response:
        """Add up a month, by workspace, chart and event."""
        check_parameters(call.request)
        month = _month(call)
        async with self._parts.reads.snapshot(await self._parts.positions()) as snapshot:
            events = await snapshot.usage().by_event(call.company, *month)
        return answer(
            [
                {"workspace": workspace, "usageByChart": _by_chart(list(of_workspace))}
                for workspace, of_workspace in groupby(events, lambda used: used.workspace)
            ]
        )

    async def _event(self, call: Call) -> web.Response:
        """Name what an event first used in a month."""
        check_parameters(call.request)
        month, event = _month(call), _event_id(call)
        async with self._parts.reads.snapshot(await self._parts.positions()) as snapshot:
            objects = await snapshot.usage().by_object(call.company, event, *month)
        if objects is None:
            raise not_found(EVENT_NOT_FOUND, f"Event not found: {event}")
        return answer(
            [
                {
                    "object": used.label,
                    "numUsedObjects": used.used,
                    "usageByReason": {REASON: used.used},
                }
                for used in objects
            ]
        )


def _by_chart(events: list[UsedByEvent]) -> list[JSON]:
    told: list[JSON] = []
    for (key, name), of_chart in groupby(events, lambda used: (used.chart_key, used.chart_name)):
        by_event = [
            {"event": {"id": used.event, "key": used.event_key}, "numUsedObjects": used.used}
            for used in of_chart
        ]
        chart = {} if name is None else {"chart": {"key": key, "name": name}}
        told.append({**chart, "usageByEvent": by_event})
    return told


def _month(call: Call) -> Month:
    text = path_part(call, "month")
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= _YEAR_MAX:
        raise bad_request(f"month: expected a month like 2027-03, found {shown(text)!r}")
    year, month = int(found[1]), int(found[2])
    return Month(_ms(year, month), _ms(year + month // 12, month % 12 + 1))


def _ms(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000


def _event_id(call: Call) -> int:
    text = path_part(call, "id")
    if not (text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX):
        found = text[:label_characters_max]
        raise bad_request(f"event: expected the id of an event, found {found!r}")
    return int(text)
