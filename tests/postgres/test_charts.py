import pytest

from adapters.postgres.charts import Chart, Charts, ChartsWanted, Version
from adapters.postgres.errors import ChartChangedError, ChartKeyTakenError
from adapters.postgres.pages import Cursor
from adapters.postgres.pool import Pool
from adapters.postgres.projection import Projection
from schemas.facts import EventDeleted
from schemas.topics import Topics
from tests.postgres.outbox import WORKSPACE, Outbox, Seats

DRAWING = b'{"name": "Caf\xc3\xa9",\n "b":1, "a":1e2}\x00'
OUTLINE = {"venueType": "SIMPLE", "zones": [{"key": "z", "label": "Zone\u0000"}]}
FAULTS = {"errors": ["VALIDATE_FOCAL_POINT"], "warnings": []}


async def create(
    charts: Charts, key: str, name: str = "A chart", workspace: str = WORKSPACE
) -> int:
    return (await stored(charts, key, name, workspace)).id


async def stored(
    charts: Charts, key: str, name: str = "A chart", workspace: str = WORKSPACE
) -> Chart:
    return await charts.create(workspace, key, version(name), DRAWING)


def version(name: str) -> Version:
    return Version(name, f"drawing of {name}", f"inventory of {name}", [OUTLINE, name], FAULTS)


async def test_a_chart_comes_back_as_it_was_stored(pool: Pool) -> None:
    charts = Charts(pool)
    created = await stored(charts, "k", "Hall")
    assert created == await charts.retrieve(WORKSPACE, "k")
    assert (created.published, created.draft) == (version("Hall"), None)
    assert (created.status, created.archived, created.tags) == ("NOT_USED", False, [])
    assert await charts.drawing(WORKSPACE, "k", "published") == DRAWING
    assert await charts.drawing(WORKSPACE, "k", "draft") is None


async def test_only_who_wants_the_drawing_reads_it(pool: Pool) -> None:
    charts = Charts(pool)
    created = await stored(charts, "k")
    await pool.execute("ALTER TABLE chart_versions DROP COLUMN drawing")
    assert await charts.retrieve(WORKSPACE, "k") == created
    assert (await charts.page(WORKSPACE, Cursor())).items == [created]


async def test_a_chart_is_seen_in_its_own_workspace_only(pool: Pool) -> None:
    charts = Charts(pool)
    await create(charts, "k")
    assert await charts.retrieve("other", "k") is None
    assert await charts.drawing("other", "k", "published") is None
    assert (await charts.page("other", Cursor())).items == []
    await create(charts, "k", workspace="other")  # the key is free there
    with pytest.raises(ChartKeyTakenError, match="'k'"):
        await create(charts, "k")


async def test_a_chart_is_published_while_an_event_uses_it(
    pool: Pool, projection: Projection, two_partitions: Topics
) -> None:
    charts, outbox, seats = Charts(pool), Outbox(two_partitions), Seats()
    await create(charts, "stadium")
    await create(charts, "stadium", workspace="other")
    outbox.take()
    outbox.apply(seats.created)
    await projection.apply([outbox.news()])
    used, unused = (
        await charts.retrieve(WORKSPACE, "stadium"),
        await charts.retrieve("other", "stadium"),
    )
    assert used is not None
    assert unused is not None
    assert (used.status, unused.status) == ("PUBLISHED", "NOT_USED")
    assert [c.status for c in (await charts.page(WORKSPACE, Cursor())).items] == ["PUBLISHED"]
    for chart in (used, unused):
        await charts.remove(chart)
    assert await charts.retrieve(WORKSPACE, "stadium") == used
    assert await charts.retrieve("other", "stadium") is None
    outbox.apply(EventDeleted(event=1, partition=0, workspace=WORKSPACE, key="drop"))
    await projection.apply([outbox.news()])
    used = await charts.retrieve(WORKSPACE, "stadium")
    assert used is not None
    assert used.status == "NOT_USED"


async def test_charts_are_listed_newest_first_page_by_page(pool: Pool) -> None:
    charts = Charts(pool)
    ids = [await create(charts, f"k{number}", f"Chart {number}") for number in range(5)]
    first = await charts.page(WORKSPACE, Cursor(limit=2))
    assert [chart.id for chart in first.items] == [ids[4], ids[3]]
    assert first[1:] == (ids[3], None)
    second = await charts.page(WORKSPACE, Cursor(limit=2, start_after_id=ids[3]))
    assert [chart.id for chart in second.items] == [ids[2], ids[1]]
    assert second[1:] == (ids[1], ids[2])
    back = await charts.page(WORKSPACE, Cursor(limit=2, end_before_id=ids[2]))
    assert back == first


@pytest.mark.parametrize(
    ("name_filter", "found"),
    [
        ("", ["Big_Hall", "small hall", "100 %"]),
        ("HALL", ["Big_Hall", "small hall"]),
        ("%", ["100 %"]),
        ("_", ["Big_Hall"]),
    ],
)
async def test_charts_are_filtered_by_name_and_nothing_is_a_wildcard(
    pool: Pool, name_filter: str, found: list[str]
) -> None:
    charts = Charts(pool)
    for key, name in enumerate(("100 %", "small hall", "Big_Hall")):
        await create(charts, str(key), name)
    page = await charts.page(WORKSPACE, Cursor(), ChartsWanted(name_filter))
    assert [chart.published.name for chart in page.items] == found


async def test_a_draft_stands_beside_the_published_version_until_it_is_published(
    pool: Pool,
) -> None:
    charts = Charts(pool)
    await charts.put_version(await stored(charts, "k"), "draft", version("Draft"), b"drawn anew")
    with_draft = await charts.retrieve(WORKSPACE, "k")
    assert with_draft is not None
    assert (with_draft.published, with_draft.draft) == (version("A chart"), version("Draft"))
    assert with_draft.status == "PUBLISHED_WITH_DRAFT"
    assert await charts.drawing(WORKSPACE, "k", "draft") == b"drawn anew"
    assert await charts.drawing(WORKSPACE, "k", "published") == DRAWING

    await charts.publish_draft(with_draft)
    published = await charts.retrieve(WORKSPACE, "k")
    assert published is not None
    assert (published.published, published.draft) == (version("Draft"), None)
    assert await charts.drawing(WORKSPACE, "k", "published") == b"drawn anew"
    assert await charts.drawing(WORKSPACE, "k", "draft") is None


async def test_a_discarded_draft_is_gone(pool: Pool) -> None:
    charts = Charts(pool)
    created = await stored(charts, "k")
    await charts.put_version(created, "draft", version("Draft"), b"drawn anew")
    with_draft = await charts.retrieve(WORKSPACE, "k")
    assert with_draft is not None
    await charts.discard_draft(with_draft)
    left = await charts.retrieve(WORKSPACE, "k")
    assert left is not None
    assert left._replace(revision=created.revision) == created


async def test_a_chart_that_somebody_else_changed_is_not_changed(pool: Pool) -> None:
    charts = Charts(pool)
    created = await stored(charts, "k")
    await charts.put_version(created, "draft", version("First"), b"first")
    seen = await charts.retrieve(WORKSPACE, "k")
    with pytest.raises(ChartChangedError):
        await charts.put_version(created, "draft", version("Second"), b"second")
    with pytest.raises(ChartChangedError):
        await charts.discard_draft(created)
    with pytest.raises(ChartChangedError):
        await charts.publish_draft(created._replace(draft=version("Second")))
    assert await charts.retrieve(WORKSPACE, "k") == seen
    assert await charts.drawing(WORKSPACE, "k", "draft") == b"first"


async def test_a_thumbnail_is_that_of_a_drawing_wherever_it_is_used(pool: Pool) -> None:
    charts = Charts(pool)
    chart = await stored(charts, "k", "Hall")
    await stored(charts, "copy", "Hall", "other")
    assert await charts.drawing_by_hash("drawing of Hall") == DRAWING
    assert await charts.thumbnail("drawing of Hall") is None
    await charts.put_thumbnail("drawing of Hall", b"png")
    assert await charts.thumbnail("drawing of Hall") == b"png"
    await charts.put_version(chart, "published", version("Other"), b"drawn anew")
    assert await charts.thumbnail("drawing of Other") is None
    assert await charts.thumbnail("drawing of Hall") == b"png"
    assert await charts.drawing_by_hash("nobody's") is None


async def test_an_archived_chart_is_listed_in_the_archive_only(pool: Pool) -> None:
    charts = Charts(pool)
    await stored(charts, "k")
    for archived in (True, False):
        assert await charts.archive(WORKSPACE, "k", archived=archived)
        for where in (True, False):
            page = await charts.page(WORKSPACE, Cursor(), ChartsWanted(archived=where))
            assert len(page.items) == (where is archived)
    assert not await charts.archive("other", "k", archived=True)


async def test_a_chart_has_a_tag_once_and_charts_are_found_by_it(pool: Pool) -> None:
    charts = Charts(pool)
    for key in ("a", "b", "c"):
        await stored(charts, key)
    for key, tag in (("a", "x/y"), ("a", "z"), ("a", "x/y"), ("b", "x/y")):
        assert await charts.tag(WORKSPACE, key, tag)
    tagged = await charts.retrieve(WORKSPACE, "a")
    assert tagged is not None
    assert sorted(tagged.tags) == ["x/y", "z"]
    assert await charts.tags(WORKSPACE) == ["x/y", "z"]
    page = await charts.page(WORKSPACE, Cursor(), ChartsWanted("CHART", "x/y"))
    assert [chart.key for chart in page.items] == ["b", "a"]
    assert await charts.untag(WORKSPACE, "a", "z")
    assert await charts.tags(WORKSPACE) == ["x/y"]
    assert await charts.tags("other") == []
    assert not await charts.tag(WORKSPACE, "nobodys", "z")


async def test_inventories_are_kept_by_hash(pool: Pool) -> None:
    charts = Charts(pool)
    assert not await charts.has_inventory("h")
    assert await charts.inventory("h") is None
    await charts.put_inventory("h", b"first")
    await charts.put_inventory("h", b"a second writer of the same content")
    assert await charts.has_inventory("h")
    assert await charts.inventory("h") == b"first"
