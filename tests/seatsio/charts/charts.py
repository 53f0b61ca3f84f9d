"""What the tests of charts have in common."""

from typing import Any

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

CATEGORIES = [
    {"key": 1, "label": "One", "color": "#aaaaaa"},
    {"key": "two", "label": "Two", "color": "#bbbbbb", "accessible": True},
]


async def in_use(company: Company, client: Client, name: str = "Old") -> str:
    """Make a chart with an event and give its key."""
    chart = await client.do(lambda c: c.charts.create(name, categories=CATEGORIES))
    await company.event(chart=chart.key)
    key: str = chart.key
    return key


async def refused(company: Company, method: str, path: str, content: object = b"") -> Any:  # noqa: ANN401
    answer = await company.call(method, path, content)
    assert 400 <= answer.status < 500, answer
    return answer.status, answer.json["errors"][0]["code"]
