"""Categories of a chart, one by one."""

import pytest
from seatsio.domain import Category

from tests.seatsio.charts.charts import CATEGORIES, in_use, refused
from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


async def test_categories_are_added_changed_and_removed(client: Client) -> None:
    chart = await client.do(lambda c: c.charts.create(categories=CATEGORIES))
    await client.do(lambda c: c.charts.add_category(chart.key, Category(7, "Seven", "#cccccc")))
    await client.do(
        lambda c: c.charts.update_category(chart.key, "two", "Zwei", color=None, accessible=None)
    )
    await client.do(lambda c: c.charts.remove_category(chart.key, 1))
    listed = await client.do(lambda c: c.charts.list_categories(chart.key))
    assert listed == [
        Category("two", "Zwei", "#bbbbbb", accessible=True),
        Category(7, "Seven", "#cccccc", accessible=False),
    ]


async def test_categories_of_a_chart_with_an_event_are_those_of_its_draft(
    company: Company, client: Client
) -> None:
    key = await in_use(company, client)
    await client.do(lambda c: c.charts.remove_category(key, "two"))
    listed = await client.do(lambda c: c.charts.list_categories(key))
    assert [category.key for category in listed] == [1]
    published = await client.do(lambda c: c.charts.retrieve_published_version(key))
    assert [category.key for category in published.categories.list] == [1, "two"]


async def test_a_category_that_is_not_or_is_already_is_refused(
    company: Company, client: Client
) -> None:
    chart = await client.do(lambda c: c.charts.create(categories=CATEGORIES))
    for method in ("POST", "DELETE"):
        path = f"/charts/{chart.key}/categories/9"
        answer = await company.call(method, path)
        assert (answer.status, answer.messages) == (404, ["category not found"])
    for key in (1, "1", "two"):
        path, category = f"/charts/{chart.key}/categories", {"key": key, "label": "x"}
        code = (400, "CATEGORY_KEY_ALREADY_EXISTS")
        assert await refused(company, "POST", path, category) == code
    doubled = {"categories": [{"key": 1, "label": "x"}, {"key": "1", "label": "y"}]}
    assert await refused(company, "POST", f"/charts/{chart.key}", doubled) == (
        400,
        "GENERAL_ERROR",
    )
