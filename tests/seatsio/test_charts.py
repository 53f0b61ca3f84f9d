"""Charts over HTTP and through the vendor's official client: versions, lists, categories, order."""

import asyncio
import io
import json
from typing import Any

import pytest
from PIL import Image
from seatsio.domain import Category
from seatsio.exceptions import SeatsioException

from tests.charts.venues import document
from tests.seatsio.client import Client
from tests.seatsio.installation import Company, Installation

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

CATEGORIES = [
    {"key": 1, "label": "One", "color": "#aaaaaa"},
    {"key": "two", "label": "Two", "color": "#bbbbbb", "accessible": True},
]


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


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


# --- versions


async def test_a_chart_without_events_is_changed_at_once(client: Client) -> None:
    chart = await client.do(lambda c: c.charts.create("Old", categories=CATEGORIES))
    await client.do(lambda c: c.charts.update(chart.key, "New"))
    changed = await client.do(lambda c: c.charts.retrieve(chart.key))
    assert (changed.name, changed.status) == ("New", "NOT_USED")
    assert changed.draft_version_thumbnail_url is None
    drawing = await client.do(lambda c: c.charts.retrieve_published_version(chart.key))
    assert drawing.name == "New"
    assert [category.key for category in drawing.categories.list] == [1, "two"]

    await client.do(lambda c: c.charts.update(chart.key, categories=CATEGORIES[1:]))
    drawing = await client.do(lambda c: c.charts.retrieve_published_version(chart.key))
    assert (drawing.name, [category.key for category in drawing.categories.list]) == (
        "New",
        ["two"],
    )


async def test_a_chart_with_an_event_gets_a_draft_that_is_published(
    company: Company, client: Client
) -> None:
    key = await in_use(company, client)
    await client.do(lambda c: c.charts.update(key, "New"))
    drafted = await client.do(lambda c: c.charts.retrieve(key))
    assert (drafted.name, drafted.status) == ("Old", "PUBLISHED_WITH_DRAFT")
    assert drafted.draft_version_thumbnail_url is not None
    names = [
        (await client.do(lambda c: c.charts.retrieve_published_version(key))).name,
        (await client.do(lambda c: c.charts.retrieve_draft_version(key))).name,
    ]
    assert names == ["Old", "New"]
    # The next change is made to the draft, and keeps what the first did.
    await client.do(lambda c: c.charts.update(key, categories=CATEGORIES[:1]))

    await client.do(lambda c: c.charts.publish_draft_version(key))

    published = await client.do(lambda c: c.charts.retrieve(key))
    assert (published.name, published.status) == ("New", "PUBLISHED")
    drawing = await client.do(lambda c: c.charts.retrieve_published_version(key))
    assert (drawing.name, len(drawing.categories.list)) == ("New", 1)
    with pytest.raises(SeatsioException, match="has no draft version"):
        await client.do(lambda c: c.charts.retrieve_draft_version(key))


async def test_a_published_change_counts_for_events_that_come_after_it(
    company: Company, client: Client
) -> None:
    key = await in_use(company, client)
    await client.do(lambda c: c.charts.update(key, categories=CATEGORIES[:1]))
    drafted = await client.do(lambda c: c.events.create(key))
    await client.do(lambda c: c.charts.publish_draft_version(key))
    after = await client.do(lambda c: c.events.create(key))
    kept = await client.do(lambda c: c.events.retrieve(drafted.key))
    assert [len(event.categories) for event in (drafted, after, kept)] == [2, 1, 2]


async def test_a_discarded_draft_leaves_the_chart_as_it_was(
    company: Company, client: Client
) -> None:
    key = await in_use(company, client)
    await client.do(lambda c: c.charts.update(key, "New"))
    await client.do(lambda c: c.charts.discard_draft_version(key))
    kept = await client.do(lambda c: c.charts.retrieve(key))
    assert (kept.name, kept.status) == ("Old", "PUBLISHED")
    for action in ("publish", "discard", "validate", "copy"):
        path = f"/charts/{key}/version/draft/actions/{action}"
        assert await refused(company, "POST", path) == (404, "DRAFT_NOT_FOUND")


async def test_versions_are_checked(company: Company, client: Client) -> None:
    chart = await company.chart("sampleChartWithErrors")
    checked = await client.do(lambda c: c.charts.validate_published_version(chart))
    assert "VALIDATE_DUPLICATE_LABELS" in checked.errors
    assert "VALIDATE_FOCAL_POINT" in checked.warnings
    await company.event(chart=chart)
    await client.do(lambda c: c.charts.update(chart, "New"))
    drafted = await client.do(lambda c: c.charts.validate_draft_version(chart))
    assert vars(drafted) == vars(checked)


async def test_a_removed_category_shows_in_the_checks(company: Company, client: Client) -> None:
    chart = await company.chart()
    await client.do(lambda c: c.charts.remove_category(chart, 9))
    checked = await client.do(lambda c: c.charts.validate_published_version(chart))
    assert checked.errors == ["VALIDATE_OBJECTS_WITHOUT_CATEGORIES"]
    drawing = (await company.get(f"/charts/{chart}/version/published")).json
    before = json.loads(document("sampleChart"))
    assert drawing["categories"]["list"] == before["categories"]["list"][1:]
    assert {**drawing, "categories": 0} == {**before, "categories": 0}


async def test_versions_are_copied(company: Company, client: Client) -> None:
    key = await in_use(company, client)
    await client.do(lambda c: c.charts.update(key, "New"))
    copied = await client.do(lambda c: c.charts.copy(key))
    copied_draft = await client.do(lambda c: c.charts.copy_draft_version(key))
    assert [(chart.name, chart.status) for chart in (copied, copied_draft)] == [
        ("Old (copy)", "NOT_USED"),
        ("New (copy)", "NOT_USED"),
    ]
    assert len({key, copied.key, copied_draft.key}) == 3
    drawing = await client.do(lambda c: c.charts.retrieve_published_version(copied_draft.key))
    assert drawing.name == "New (copy)"
    assert [category.label for category in drawing.categories.list] == ["One", "Two"]


async def test_a_chart_is_copied_to_another_workspace_of_the_company(company: Company) -> None:
    chart = await company.chart()
    admin = Client(company, company.admin_secret)
    to = await admin.do(lambda c: c.workspaces.create("Elsewhere"))
    over = [
        await admin.do(lambda c: c.charts.copy_to_workspace(chart, to.key)),
        await admin.do(lambda c: c.charts.copy_from_workspace_to(chart, company.workspace, to.key)),
    ]
    there = Client(company, to.secret_key)
    listed = await there.do(lambda c: list(c.charts.list()))
    assert [(one.key, one.name) for one in listed] == [
        (one.key, "Sample chart") for one in over[::-1]
    ]
    drawing = await there.do(lambda c: c.charts.retrieve_published_version(over[0].key))
    assert drawing == (await company.get(f"/charts/{chart}/version/published")).json
    # And back, in the name of the company.
    back = await admin.do(
        lambda c: c.charts.copy_from_workspace_to(over[0].key, to.key, company.workspace)
    )
    assert (await company.get(f"/charts/{back.key}")).status == 200


async def test_a_chart_is_not_copied_out_of_the_company_nor_without_its_admin_key(
    company: Company, running: Installation
) -> None:
    chart, stranger = await company.chart(), await running.company()
    path = f"/charts/{chart}/version/published/actions"
    ways = [
        f"{path}/copy-to-workspace/{stranger.workspace}",
        f"{path}/copy/from/{company.workspace}/to/{stranger.workspace}",
        f"{path}/copy/from/{stranger.workspace}/to/{company.workspace}",
    ]
    for way in ways:
        answer = await company.call("POST", way, secret=company.admin_secret)
        assert (answer.status, answer.json["errors"][0]["code"]) == (404, "WORKSPACE_NOT_FOUND")
        assert (await company.post(way)).status == 403
    assert (await stranger.get("/charts")).json["items"] == []


async def test_of_changes_at_once_none_is_lost(company: Company) -> None:
    chart = (await company.post("/charts")).json["key"]
    bodies = [{"key": number, "label": str(number)} for number in range(5)]
    answers = await asyncio.gather(
        *(company.post(f"/charts/{chart}/categories", body) for body in bodies)
    )
    # Only few are in work at once: the others are asked to come back.
    done = {body["key"] for body, a in zip(bodies, answers, strict=True) if a.status == 204}
    assert {answer.status for answer in answers} <= {204, 429}
    assert len(done) >= 2
    listed = (await company.get(f"/charts/{chart}/categories")).json["categories"]
    assert {category["key"] for category in listed} == done


async def test_a_chart_is_drawn_anew(company: Company, client: Client) -> None:
    key, anew = await company.chart(), document("sampleChartWithTables")
    assert (await company.post(f"/charts/{key}/actions/import", anew)).status == 204
    assert (await company.get(f"/charts/{key}/version/published")).body == anew

    await company.event(chart=key)
    again = f"/charts/{key}/actions/import?name=Third"
    assert (await company.post(again, document("sampleChart"))).status == 204
    drafted = await client.do(lambda c: c.charts.retrieve_draft_version(key))
    assert (drafted.name, len(drafted.subChart.rows)) == ("Third", 4)
    assert (await company.get(f"/charts/{key}/version/published")).body == anew
    for body in (b"{", b"[]", b'{"subChart":{"rows":7}}'):
        answer = await company.post(again, body)
        assert answer.status == 400
        assert answer.messages[0].startswith("The drawing cannot be read: ")


# --- categories


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


# --- lists


async def test_lists_show_what_they_are_asked_for(company: Company, client: Client) -> None:
    chart = await company.chart("sampleChartWithZones")
    events = [await company.event(chart=chart) for _ in range(3)]
    [plain] = await client.do(lambda c: list(c.charts.list()))
    assert (plain.events, plain.validation, plain.venue_type, plain.zones) == (None,) * 4
    [full] = await client.do(
        lambda c: list(
            c.charts.list(
                expand_events=True,
                expand_validation=True,
                expand_venue_type=True,
                expand_zones=True,
            )
        )
    )
    assert [event.key for event in full.events] == events[::-1]
    assert full.validation == {"errors": [], "warnings": []}
    assert full.venue_type == "WITH_ZONES"
    assert [zone.key for zone in full.zones] == ["finishline", "midtrack"]
    limited = (await company.get("/charts?expand=events&eventsLimit=2")).json["items"]
    assert [event["key"] for event in limited[0]["events"]] == events[:0:-1]
    assert limited[0]["events"][0] == (await company.get(f"/events/{events[2]}")).json


async def test_a_chart_is_retrieved_with_its_events(company: Company, client: Client) -> None:
    key = await in_use(company, client)
    event = await company.event(chart=key)
    chart = await client.do(lambda c: c.charts.retrieve_with_events(key))
    assert chart.events[0].key == event
    assert len(chart.events) == 2
    assert (await client.do(lambda c: c.charts.retrieve(key))).events is None


async def test_a_list_with_events_is_read_page_by_page(company: Company, client: Client) -> None:
    charts = [(await client.do(lambda c: c.charts.create())).key for _ in range(3)]
    event = await company.event(chart=charts[0])
    first = (await company.get("/charts?expand=events&limit=2")).json
    assert [(item["key"], item["events"]) for item in first["items"]] == [
        (charts[2], []),
        (charts[1], []),
    ]
    after = first["next_page_starts_after"]
    second = (await company.get(f"/charts?expand=events&limit=2&start_after_id={after}")).json
    assert [item["events"][0]["key"] for item in second["items"]] == [event]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("expand=seats", "expand: expected events, validation, venueType, zones; found [seats]"),
        ("expand=events&eventsLimit=0", "eventsLimit: expected a number from 1 to 100"),
        ("eventsLimit=x", "eventsLimit: expected a whole number, found 'x'"),
        ("color=red", "the parameter [color] is not known here"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(company: Company, query: str, said: str) -> None:
    answer = await company.get(f"/charts?{query}")
    assert (answer.status, answer.messages) == (400, [said])


# --- archive and tags


async def test_charts_go_to_the_archive_and_come_back(client: Client) -> None:
    key = (await client.do(lambda c: c.charts.create())).key
    other = (await client.do(lambda c: c.charts.create())).key
    await client.do(lambda c: c.charts.move_to_archive(key))
    assert (await client.do(lambda c: c.charts.retrieve(key))).archived is True
    listed = await client.do(lambda c: [chart.key for chart in c.charts.list()])
    archived = await client.do(lambda c: [chart.key for chart in c.charts.archive.list()])
    assert (listed, archived) == ([other], [key])
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


# --- thumbnails


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


# --- nobody else's


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("GET", ""),
        ("GET", "/version/published"),
        ("GET", "/version/draft"),
        ("GET", "/version/published/thumbnail"),
        ("POST", "/version/draft/actions/publish"),
        ("POST", "/version/published/actions/validate"),
        ("POST", "/version/published/actions/copy"),
        ("GET", "/categories"),
        ("DELETE", "/categories/1"),
        ("POST", "/tags/x"),
        ("DELETE", "/tags/x"),
        ("POST", "/actions/move-to-archive"),
        ("POST", "/actions/move-out-of-archive"),
    ],
)
async def test_a_chart_of_another_workspace_is_not_found(
    company: Company, running: Installation, method: str, path: str
) -> None:
    chart = (await (await running.company()).post("/charts")).json["key"]
    answer = await company.call(method, f"/charts/{chart}{path}")
    said = f"Chart not found: {chart} was not found in workspace {company.workspace}"
    assert (answer.status, answer.messages) == (404, [said])
