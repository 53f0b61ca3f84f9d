"""The archive and tags."""

import pytest

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


async def test_charts_go_to_the_archive_and_come_back(company: Company, client: Client) -> None:
    key = (await client.do(lambda c: c.charts.create())).key
    other = (await client.do(lambda c: c.charts.create())).key
    await client.do(lambda c: c.charts.move_to_archive(key))
    assert (await client.do(lambda c: c.charts.retrieve(key))).archived is True
    listed = await client.do(lambda c: [chart.key for chart in c.charts.list()])
    archived = await client.do(lambda c: [chart.key for chart in c.charts.archive.list()])
    assert (listed, archived) == ([other], [key])
    page = await client.do(lambda c: c.charts.archive.first_page(page_size=1))
    # This list of a client remembers its cursors: each page takes a new client.
    after = await Client(company).do(lambda c: c.charts.archive.page_after(page.items[0].id))
    before = await Client(company).do(lambda c: c.charts.archive.page_before(page.items[0].id))
    assert ([chart.key for chart in page.items], after.items, before.items) == ([key], [], [])
    await client.do(lambda c: c.charts.move_out_of_archive(key))
    assert (await client.do(lambda c: c.charts.retrieve(key))).archived is False
    assert await client.do(lambda c: list(c.charts.archive.list())) == []


async def test_charts_are_found_by_their_tags(client: Client) -> None:
    keys = [(await client.do(lambda c: c.charts.create("Chart"))).key for _ in range(3)]
    first, second, _ = keys
    await client.do(lambda c: c.charts.add_tag(first, "a/b c"))
    await client.do(lambda c: c.charts.add_tag(first, "x"))
    await client.do(lambda c: c.charts.add_tag(first, "x"))
    await client.do(lambda c: c.charts.add_tag(second, "x"))
    assert sorted((await client.do(lambda c: c.charts.retrieve(first))).tags) == ["a/b c", "x"]
    assert await client.do(lambda c: c.charts.list_all_tags()) == ["a/b c", "x"]
    found = await client.do(lambda c: [chart.key for chart in c.charts.list(tag="x")])
    assert found == [second, first]
    found = await client.do(lambda c: list(c.charts.list(chart_filter="nothing", tag="x")))
    assert found == []
    await client.do(lambda c: c.charts.remove_tag(first, "a/b c"))
    assert await client.do(lambda c: c.charts.list_all_tags()) == ["x"]


async def test_a_chart_has_a_hundred_tags_at_most(company: Company, client: Client) -> None:
    key = (await client.do(lambda c: c.charts.create())).key
    for number in range(100):
        assert (await company.post(f"/charts/{key}/tags/{number}")).status == 204
    answer = await company.post(f"/charts/{key}/tags/more")
    assert (answer.status, answer.messages) == (400, ["A chart has 100 tags at most"])
    assert (await company.post(f"/charts/{key}/tags/99")).status == 204
