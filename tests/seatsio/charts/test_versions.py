"""The published version of a chart and its draft: what changes, checks and copies them."""

import asyncio
import json

import pytest
from seatsio.exceptions import SeatsioException

from tests.charts.venues import document
from tests.seatsio.charts.charts import CATEGORIES, in_use, refused
from tests.seatsio.client import Client
from tests.seatsio.installation import Company, Installation

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


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


async def test_a_published_change_counts_for_events_before_and_after_it(
    company: Company, client: Client
) -> None:
    key = await in_use(company, client)
    await client.do(lambda c: c.charts.update(key, categories=CATEGORIES[:1]))
    drafted = await client.do(lambda c: c.events.create(key))
    await client.do(lambda c: c.charts.publish_draft_version(key))
    after = await client.do(lambda c: c.events.create(key))
    kept = await client.do(lambda c: c.events.retrieve(drafted.key))
    assert [len(event.categories) for event in (drafted, after, kept)] == [2, 1, 1]


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


async def test_a_test_company_uploads_drawings_under_keys_of_its_choice(company: Company) -> None:
    for venue in ("sampleChart", "sampleChartWithErrors"):
        uploaded = await company.post(f"/system/public/charts/{venue}", document(venue))
        assert (uploaded.status, uploaded.json["key"]) == (201, venue)
        drawn = await company.get(f"/charts/{venue}/version/published")
        assert drawn.body == document(venue)


async def test_a_chart_is_drawn_anew(company: Company, client: Client) -> None:
    named = await company.post("/charts/actions/import?name=First", document("sampleChart"))
    key, anew = named.json["key"], document("sampleChartWithTables")
    assert (named.status, named.json["name"]) == (201, "First")
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
