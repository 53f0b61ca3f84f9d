"""Thumbnails over HTTP."""

import io

import pytest
from PIL import Image

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


async def test_a_thumbnail_is_a_picture_that_needs_no_key(company: Company, client: Client) -> None:
    key = await company.chart("sampleChartWithZones")
    chart = await client.do(lambda c: c.charts.retrieve(key))
    async with company.http.get(chart.published_version_thumbnail_url) as response:
        shown = await response.read()
        assert response.content_type == "image/png"
        assert "immutable" in response.headers["Cache-Control"]
    with Image.open(io.BytesIO(shown)) as picture:
        assert max(picture.size) == 512
    assert await client.do(lambda c: c.charts.retrieve_published_version_thumbnail(key)) == shown


async def test_a_draft_has_a_thumbnail_of_its_own(company: Company, client: Client) -> None:
    key = await company.chart()
    await company.event(chart=key)
    assert (await company.get(f"/charts/{key}/version/draft/thumbnail")).status == 404
    await client.do(lambda c: c.charts.update_category(key, 9, None, "#ff0000", None))
    chart = await client.do(lambda c: c.charts.retrieve(key))
    pictures = [
        await client.do(lambda c: c.charts.retrieve_published_version_thumbnail(key)),
        await client.do(lambda c: c.charts.retrieve_draft_version_thumbnail(key)),
    ]
    assert pictures[0] != pictures[1]
    urls = (chart.published_version_thumbnail_url, chart.draft_version_thumbnail_url)
    for url, picture in zip(urls, pictures, strict=True):
        async with company.http.get(url) as response:
            assert await response.read() == picture
    await client.do(lambda c: c.charts.publish_draft_version(key))
    published = await client.do(lambda c: c.charts.retrieve_published_version_thumbnail(key))
    assert published == pictures[1]


async def test_a_thumbnail_that_is_not_is_not_found(company: Company) -> None:
    for name in ("0" * 64, "0" * 63, "x"):
        answer = await company.get(f"/system/public/thumbnails/{name}.png")
        assert (answer.status, answer.json["errors"][0]["code"]) == (404, "THUMBNAIL_NOT_FOUND")
