"""The dialect as a whole: all its routes, and its shape of a refusal."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from api.call import Call, CallHandler, Route
from api.errors import Refusal
from api.seatsio.channels import Channels
from api.seatsio.chart_categories import ChartCategories
from api.seatsio.chart_order import ChartOrder
from api.seatsio.chart_store import ChartStore
from api.seatsio.chart_versions import ChartVersions
from api.seatsio.charts import Charts
from api.seatsio.commands import Commands
from api.seatsio.errors import bad_request, error_body
from api.seatsio.event_log import EventLogRoutes
from api.seatsio.events import Events
from api.seatsio.for_sale import ForSaleRoutes
from api.seatsio.hold_tokens import HoldTokenRoutes
from api.seatsio.inventories import ChartInventories
from api.seatsio.objects import Objects
from api.seatsio.openapi.page import OpenApi
from api.seatsio.outcomes import Outcomes
from api.seatsio.parts import Parts, answer
from api.seatsio.reports.chart import ChartReports
from api.seatsio.reports.event import EventReports
from api.seatsio.reports.kept import KeptCharts
from api.seatsio.seasons import Seasons
from api.seatsio.status_changes import StatusChanges
from api.seatsio.statuses import Statuses
from api.seatsio.test_companies import TestCompanies
from api.seatsio.thumbnails import Thumbnails
from api.seatsio.ticket_buyers import TicketBuyerRoutes
from api.seatsio.usage import UsageReports
from api.seatsio.workspaces import Workspaces

NOT_YET = {
    "accounts are": (
        ("GET", "/accounts/{rest:.+}"),
        ("POST", "/accounts/{rest:.+}"),
    ),
    "reports on rendering and subscriptions are": (
        ("GET", "/reports/usage/rendering"),
        ("GET", "/reports/usage/rendering/{rest:.+}"),
        ("GET", "/reports/subscription"),
    ),
}
"""Routes that the vendor has and we do not, by what they are about."""


class _Resource(Protocol):
    def routes(self) -> list[Route]: ...


class Seatsio:
    """The dialect, as the application takes it."""

    def __init__(self, parts: Parts) -> None:
        commands, charts, kept_charts = Commands(parts), ChartStore(parts), KeptCharts()
        inventories = ChartInventories(parts)
        events = Events(parts, commands, charts, inventories)
        resources: list[_Resource] = [
            Outcomes(parts),
            Statuses(parts, commands),
            Objects(parts, commands),
            StatusChanges(parts),
            HoldTokenRoutes(parts, commands),
            Charts(parts, charts),
            ChartVersions(parts, charts, inventories),
            ChartCategories(charts),
            ChartOrder(parts, charts),
            Thumbnails(parts, charts),
            events,
            Seasons(commands, events),
            Channels(commands),
            ForSaleRoutes(parts, commands),
            Workspaces(parts),
            EventLogRoutes(parts),
            TicketBuyerRoutes(parts),
            EventReports(parts, kept_charts),
            ChartReports(parts, kept_charts),
            UsageReports(parts),
        ]
        if parts.system_secret is not None:
            resources.append(TestCompanies(parts, parts.system_secret))
        routes = [route for resource in resources for route in resource.routes()]
        self.routes: Sequence[Route] = _in_order(
            [*routes, *_not_yet_routes(), *OpenApi(routes).routes()]
        )

    def refuse(self, refusal: Refusal, request_id: str) -> web.Response:
        """Write a refusal as the clients read it."""
        return answer(error_body(refusal, request_id), refusal.status)


def _in_order(routes: list[Route]) -> list[Route]:
    """Put routes with fixed parts before those that take anything in their place."""
    return sorted(routes, key=lambda route: [part.startswith("{") for part in _parts_of(route)])


def _parts_of(route: Route) -> list[str]:
    return route.path.strip("/").split("/")


def _not_yet_routes() -> list[Route]:
    return [
        Route(method=method, path=path, handler=_refusing(what))
        for what, routes in NOT_YET.items()
        for method, path in routes
    ]


def _refusing(what: str) -> CallHandler:
    async def refuse(call: Call) -> web.StreamResponse:
        raise bad_request(f"{what} not supported yet: {call.request.method} {call.request.path}")

    return refuse
