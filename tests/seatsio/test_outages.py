"""An ingress without its database, and two ingresses behind a slow projector."""

import re
from time import monotonic
from typing import NoReturn

import asyncpg
import pytest

from adapters.ports import LogUnreachableError
from api.seatsio.routes import Seatsio
from schemas.topics import Topics
from tests.eventually import eventually
from tests.seatsio.gate import Gate
from tests.seatsio.installation import Answer, Company, api, projector, workers
from tests.seatsio.shapes import assert_vendor_shape

BOOK = "/events/E/actions/book"
EVENT = "/events/{key}"
NEEDS_NO_DATABASE = {
    "/hold-tokens",
    EVENT,
    f"{EVENT}/channels/replace",
    f"{EVENT}/actions/edit-for-sale-config",
    f"{EVENT}/actions/mark-as-for-sale",
    f"{EVENT}/actions/mark-as-not-for-sale",
    f"{EVENT}/actions/mark-everything-as-for-sale",
    f"{EVENT}/actions/mark-everything-as-not-for-sale",
    f"{EVENT}/actions/update-extra-data",
}
"""Of what can be posted with an empty body: a command and its answer, nothing read."""
REFUSED_ANYHOW = {
    "/accounts/{rest:.+}",
    "/commands/{id}",
    f"{EVENT}/objects",
    "/hold-tokens/{token}",
    "/reports/subscription",
    "/reports/usage/rendering",
    "/reports/usage/rendering/{rest:.+}",
}
"""Of what can be read: not supported, or asked with an id or labels that cannot be."""


async def unreachable(*_: object) -> NoReturn:
    raise LogUnreachableError("the broker is away")


def assert_try_later(answer: Answer) -> None:
    assert answer.status == 503, answer
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["errors"]


async def test_without_the_database_holds_and_bookings_go_on_and_the_rest_waits(
    kafka_bootstrap: str, topics: Topics, database: str
) -> None:
    async with (
        workers(kafka_bootstrap, topics),
        projector(kafka_bootstrap, topics, database),
        Gate(database) as gate,
        api(kafka_bootstrap, topics, gate.dsn) as running,
    ):
        company = await running.company()
        chart = await company.chart()
        await company.event("E", chart)
        year = {"chartKey": chart, "key": "year", "eventKeys": ["friday"]}
        assert (await company.post("/seasons", year)).status == 200

        gate.shut()
        token = await company.post("/hold-tokens")
        hold = {"objects": ["A-1"], "holdToken": token.json["holdToken"]}
        assert (await company.post("/events/E/actions/hold", hold)).status == 204
        assert (await company.post(BOOK, hold)).status == 204
        assert (await company.post(BOOK, hold)).status == 400
        of_season = "/events/friday/actions/book?expand=objects"
        shown = (await company.post(of_season, {"objects": ["A-1"]})).json["objects"]
        assert shown["A-1"]["status"] == "booked"
        override = {
            "type": "OVERRIDE_SEASON_STATUS",
            "event": "friday",
            "objects": ["A-3"],
        }
        booking = {"event": "friday", "status": "booked", "objects": ["A-2"]}
        batch = "/events/actions/change-object-status?expand=objects"
        told = await company.post(batch, {"statusChanges": [override, booking]})
        assert told.status == 200, told
        assert told.json["results"][0] == {"objects": {}}
        assert told.json["results"][1]["objects"]["A-2"]["status"] == "booked"
        keyed = {"Idempotency_Key": "k"}
        assert_try_later(await company.post(BOOK, {"objects": ["A-2"]}, **keyed))
        for path in ("/events/E", "/events", f"/charts/{chart}", "/events/E/objects?label=A-1"):
            assert_try_later(await company.get(path))
        assert_try_later(await company.post("/events", {"chartKey": chart}))

        gate.open()

        async def reads_again() -> None:
            found = await company.get("/events/E/objects?label=A-1&label=A-2")
            assert found.status == 200, found
            assert [one["status"] for one in found.json.values()] == ["booked", "free"]

        await eventually(reads_again, within=20)
        assert (await company.post(BOOK, {"objects": ["A-2"]}, **keyed)).status == 204


async def test_without_the_database_every_other_route_says_when_to_come_back(
    kafka_bootstrap: str, topics: Topics, database: str
) -> None:
    async with (
        workers(kafka_bootstrap, topics),
        projector(kafka_bootstrap, topics, database),
        Gate(database) as gate,
        api(kafka_bootstrap, topics, gate.dsn) as running,
    ):
        company = await running.company()
        chart = await company.chart()
        await company.event("E", chart)
        gate.shut()
        told_to_wait, refused, went_on = 0, set(), set()
        for route in Seatsio(running.parts).routes:
            if not route.authenticated:
                continue
            path = route.path.replace("{type}", "byCategoryKey").replace("{id}", "1")
            path = path.replace("{month}", "2027-03")
            path = re.sub(r"\{[^}]+\}", "gone" if route.method == "DELETE" else "E", path)
            secret = company.admin_secret if route.for_admins else None
            answer = await company.call(route.method, path, b"{}", secret=secret)
            if answer.status >= 500:
                assert_try_later(answer)
                told_to_wait += 1
            elif answer.status >= 400:  # what was asked is refused whatever the database has
                assert_vendor_shape(answer)
                refused |= {route.path} if route.method == "GET" else set()
            else:
                assert route.method == "POST"
                went_on.add(route.path)
        assert told_to_wait > 40
        assert refused == REFUSED_ANYHOW
        assert went_on == NEEDS_NO_DATABASE

        gate.open()

        async def reads_again() -> None:
            found = await company.get("/charts")
            assert found.status == 200, found
            assert [one["key"] for one in found.json["items"]] == [chart]

            event = await company.get("/events/E")
            assert (event.status, event.json["chartKey"]) == (200, chart), event

        await eventually(reads_again, within=20)


async def test_nobody_hears_that_nothing_was_changed_when_only_the_look_at_it_failed(
    kafka_bootstrap: str, topics: Topics, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        workers(kafka_bootstrap, topics),
        projector(kafka_bootstrap, topics, database),
        api(kafka_bootstrap, topics, database) as running,
    ):
        company = await running.company()
        year = {"chartKey": await company.chart(), "key": "year", "eventKeys": ["friday"]}
        assert (await company.post("/seasons", year)).status == 200
        book = "/events/friday/actions/book?expand=objects"

        with monkeypatch.context() as away:
            away.setattr(running.core.ends, "ends", unreachable)
            shown = await company.post(book, {"objects": ["A-1"]})
            assert shown.status == 200, shown
            away.setattr(running.core.seat_maps, "of_event", unreachable)
            late = await company.post(book, {"objects": ["A-2"]})
        assert_try_later(late)
        assert b"nothing was changed" not in late.body

        async def is_done() -> None:
            found = await company.get(late.headers["Location"])
            assert (found.status, found.json["status"]) == (200, "done"), found
            assert found.json["result"]["objects"]["A-2"]["status"] == "booked"

        await eventually(is_done, within=20)


async def test_an_answer_waits_a_second_at_most_for_all_that_seasons_have(
    kafka_bootstrap: str, topics: Topics, database: str
) -> None:
    """Somebody has locked what tells which events override their seasons."""
    async with (
        workers(kafka_bootstrap, topics),
        projector(kafka_bootstrap, topics, database),
        api(kafka_bootstrap, topics, database) as running,
    ):
        company = await running.company()
        days = ["friday", "saturday"]
        year = {"chartKey": await company.chart(), "key": "year", "eventKeys": days}
        assert (await company.post("/seasons", year)).status == 200
        batch = "/events/actions/change-object-status?expand=objects"
        both = [{"event": day, "objects": ["A-1"], "status": "booked"} for day in days]
        booked = await company.post(batch, {"statusChanges": both}, Prefer="respond-async")
        where = booked.headers["Location"]

        async def is_done() -> None:
            assert (await company.get(where)).json["status"] == "done"

        await eventually(is_done, within=20)
        changes = [
            {"event": "friday", "objects": ["A-2"], "type": "OVERRIDE_SEASON_STATUS"},
            {"event": "saturday", "objects": ["A-2"], "status": "booked"},
        ]
        locked = await asyncpg.connect(database)
        async with locked.transaction():
            await locked.execute("LOCK TABLE season_overrides IN ACCESS EXCLUSIVE MODE")
            started = monotonic()
            outcome = await company.get(where)
            looked_up = monotonic()
            changed = await company.post(batch, {"statusChanges": changes})
            took = (looked_up - started, monotonic() - looked_up)
        await locked.close()
        assert [len(one["objects"]) for one in outcome.json["result"]["results"]] == [1, 1]
        assert [len(one["objects"]) for one in changed.json["results"]] == [0, 1]
        assert all(1.0 <= one < 1.8 for one in took), took


async def test_a_repeat_of_what_is_done_never_hears_that_nothing_was_changed(
    kafka_bootstrap: str, topics: Topics, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read model knows where the first answer stands, and the log does not give it."""
    async with (
        workers(kafka_bootstrap, topics),
        projector(kafka_bootstrap, topics, database),
        api(kafka_bootstrap, topics, database) as running,
    ):
        company = await running.company()
        new = {"chartKey": await company.chart(), "eventKey": "E"}
        commands = [("/events", new), (BOOK, {"objects": ["A-1"]})]

        async def repeats() -> list[Answer]:
            return [await company.post(*one, Idempotency_Key=one[0]) for one in commands]

        assert [first.status for first in await repeats()] == [200, 204]
        assert (await company.get("/events/E/objects/A-1")).json["status"] == "booked"
        core, log = running.core, running.parts.command_log
        no_records, no_ends = [(log, "record")], [(core.ends, "ends"), (core.directory, "reach")]
        for parts in (no_records, no_ends):
            with monkeypatch.context() as away:
                for part, name in parts:
                    away.setattr(part, name, unreachable)
                for late in await repeats():
                    assert_try_later(late)
                    assert late.json["errors"][0]["code"] == "ANSWER_LATE"
        for again in await repeats():
            assert again.headers["Idempotent-Replayed"] == "true"


async def test_what_one_ingress_answered_another_shows_however_slow_the_projector(
    kafka_bootstrap: str, topics: Topics, database: str
) -> None:
    async with (
        workers(kafka_bootstrap, topics),
        projector(kafka_bootstrap, topics, database, delay_ms=1_000),
        api(kafka_bootstrap, topics, database) as one,
        api(kafka_bootstrap, topics, database) as two,
    ):
        company = await one.company()
        await two.core.keys.refresh()
        there = Company(two.url, two.http, company.secret, company.admin_secret, company.workspace)
        chart = await company.chart()
        await company.event("E", chart)
        assert (await there.get("/events/E")).status == 200
        for label in ("A-1", "A-2"):
            assert (await company.post(BOOK, {"objects": [label]})).status == 204
            shown = await there.get(f"/events/E/objects?label={label}")
            assert shown.json[label]["status"] == "booked"
        listed = (await there.get("/events/E/status-changes")).json["items"]
        assert [item["objectLabel"] for item in listed] == ["A-2", "A-1"]
        assert (await company.call("DELETE", "/events/E")).status == 204
        assert (await there.get("/events/E")).status == 404
        assert (await there.get("/events")).json["items"] == []


async def test_a_command_is_pending_until_its_owner_comes_back(
    kafka_bootstrap: str, topics: Topics, database: str
) -> None:
    async with (
        projector(kafka_bootstrap, topics, database),
        api(kafka_bootstrap, topics, database) as running,
    ):
        async with workers(kafka_bootstrap, topics):
            company, other = await running.company(), await running.company()
            await company.event("E")

        taken = await company.post(BOOK, {"objects": ["A-1"]}, Prefer="respond-async")
        where = taken.headers["Location"]
        assert (taken.status, taken.json["status"]) == (202, "pending")
        looked_up = await company.get(where)
        assert (looked_up.status, looked_up.json["status"]) == (200, "pending")
        assert (await other.get(where)).status == 404

        async with workers(kafka_bootstrap, topics):

            async def is_done() -> None:
                found = await company.get(where)
                assert found.json["status"] == "done", found

            await eventually(is_done, within=20)
            assert (await other.get(where)).status == 404
