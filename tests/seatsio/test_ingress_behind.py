"""An ingress whose directory is behind another's: it answers late, never for another event."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest

from adapters.ports import LogRecord
from api.directory import EventDirectory
from schemas.topics import Topics
from tests.eventually import eventually
from tests.seatsio.installation import Company, api, projector, workers

BEHIND_S = 0.5
BOOK_FRI = "/events/fri/actions/book"


class Pair(NamedTuple):
    """One company through two ingresses."""

    first: Company
    behind: Company


@pytest.fixture
async def pair(
    kafka_bootstrap: str, topics: Topics, database: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    """Give two ingresses of which the second learns late what the coordinators decided."""
    async with (
        workers(kafka_bootstrap, topics),
        projector(kafka_bootstrap, topics, database),
        api(kafka_bootstrap, topics, database) as first,
    ):
        take_in = EventDirectory._take_in

        def take_in_late(directory: EventDirectory, records: Sequence[LogRecord]) -> None:
            asyncio.get_running_loop().call_later(BEHIND_S, take_in, directory, records)

        monkeypatch.setattr(EventDirectory, "_take_in", take_in_late)
        async with api(kafka_bootstrap, topics, database) as second:
            company = await first.company()
            await second.core.keys.refresh()
            yield Pair(company, replace(company, url=second.url))
            await asyncio.sleep(BEHIND_S)  # what is still to be taken in, before the loop ends


async def status_of(company: Company, event: str, label: str) -> str:
    found = await company.get(f"/events/{event}/objects/{label}")
    assert found.status == 200, found
    return str(found.json["status"])


async def rename_fri_and_create_another(pair: Pair) -> None:
    """Leave the second ingress with a key that stands for another event by now."""
    chart = await pair.first.chart()
    await pair.first.event("fri", chart)
    assert (await pair.behind.get("/events/fri")).status == 200
    renamed = await pair.first.post("/events/fri", {"eventKey": "sat"})
    assert renamed.status == 204, renamed
    await pair.first.event("fri", chart)


@pytest.mark.parametrize(
    "headers", [{}, {"Idempotency_Key": "k"}, {"Prefer": "respond-async"}], ids=str
)
async def test_a_booking_goes_to_the_event_that_has_the_key_now(
    pair: Pair, headers: dict[str, str]
) -> None:
    await rename_fri_and_create_another(pair)

    booked = await pair.behind.post(BOOK_FRI, {"objects": ["A-1"]}, **headers)

    assert booked.status in (202, 204), booked
    if booked.status == 202:
        where = booked.headers["Location"]

        async def is_done() -> None:
            assert (await pair.first.get(where)).json["status"] == "done"

        await eventually(is_done, within=10)
    assert await status_of(pair.first, "fri", "A-1") == "booked"
    assert await status_of(pair.first, "sat", "A-1") == "free"


async def test_a_group_goes_to_the_events_that_have_the_keys_now(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = await pair.first.chart()
    fri, sat = [await pair.first.event_in(partition, 2, chart) for partition in range(2)]
    for key in (fri, sat):
        assert (await pair.behind.get(f"/events/{key}")).status == 200
    monkeypatch.setattr("tests.seatsio.test_ingress_behind.BEHIND_S", 2.0)
    assert (await pair.first.post(f"/events/{fri}", {"eventKey": "old"})).status == 204
    await pair.first.event(fri, chart)

    asked = {"events": [sat, fri], "objects": ["A-1"]}
    booked = await pair.behind.post("/events/groups/actions/book", asked)

    assert booked.status == 204, booked
    statuses = [await status_of(pair.first, key, "A-1") for key in (fri, sat, "old")]
    assert statuses == ["booked", "booked", "free"]


async def test_extra_data_goes_to_the_event_that_has_the_key_now(pair: Pair) -> None:
    await rename_fri_and_create_another(pair)

    path = "/events/fri/objects/A-1/actions/update-extra-data"
    updated = await pair.behind.post(path, {"extraData": {"name": "Ada"}})

    assert updated.status == 204, updated
    shown = [(await pair.first.get(f"/events/{key}/objects/A-1")).json for key in ("fri", "sat")]
    assert [one.get("extraData") for one in shown] == [{"name": "Ada"}, None]


async def test_an_event_deleted_and_created_again_is_found(pair: Pair) -> None:
    chart = await pair.first.chart()
    for way in ("book", "read"):
        await pair.first.event("fri", chart)
        assert (await pair.behind.get("/events/fri")).status == 200
        assert (await pair.first.call("DELETE", "/events/fri")).status == 204
        await pair.first.event("fri", chart)

        if way == "book":
            batch = {"statusChanges": [{"event": "fri", "objects": ["A-1"], "status": "booked"}]}
            booked = await pair.behind.post("/events/actions/change-object-status", batch)
            assert booked.status == 204, booked
        else:
            assert (await pair.behind.get("/events/fri")).status == 200
        assert await status_of(pair.behind, "fri", "A-1") == ("booked" if way == "book" else "free")
        assert (await pair.first.call("DELETE", "/events/fri")).status == 204


async def test_an_old_key_is_gone_for_everybody(pair: Pair) -> None:
    await pair.first.event("old")
    assert (await pair.behind.get("/events/old")).status == 200
    assert (await pair.first.post("/events/old", {"eventKey": "new"})).status == 204

    for path in ("", "/objects/A-1", "/status-changes"):
        assert (await pair.behind.get(f"/events/old{path}")).status == 404, path

    assert (await pair.first.post("/events/new", {"eventKey": "newest"})).status == 204
    booked = await pair.behind.post("/events/new/actions/book", {"objects": ["A-1"]})
    assert booked.status == 404, booked
