"""What a coordinator decided counts once the owners applied it, for repeats and lookups too."""

import pytest

from api.seatsio import commands
from api.seatsio.parts import now_ms
from engine.seats import machine
from engine.seats.state import SeatsState
from schemas.facts import HoldDeadlineSet
from schemas.topics import Topics
from tests.api.owners import owners
from tests.eventually import eventually
from tests.seatsio.installation import Company, Installation, api, projector, workers

KEYED = {"Idempotency_Key": "k"}


def wait_shortly(running: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.core.submitter, "_answer_deadline_s", 1.0)
    monkeypatch.setattr(commands, "answer_deadline_s", 1.0)


async def until_done(company: Company, where: str) -> str:
    found = ""

    async def is_done() -> None:
        nonlocal found
        shown = (await company.get(where)).json
        assert shown["status"] == "done", shown
        found = shown["answer"]

    await eventually(is_done, within=20)
    return found


async def test_a_repeat_and_a_lookup_wait_for_the_owners(
    kafka_bootstrap: str, topics: Topics, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        projector(kafka_bootstrap, topics, database),
        api(kafka_bootstrap, topics, database) as running,
    ):
        async with workers(kafka_bootstrap, topics):
            company = await running.company()
            chart = await company.chart()
            await company.event("E", chart)
        wait_shortly(running, monkeypatch)
        new = {"chartKey": chart, "eventKey": "F"}
        async with owners(kafka_bootstrap, topics, seats=False):
            taken = await company.post("/events/E", {"name": "N"}, Prefer="respond-async")
            gone = await company.call("DELETE", "/events/E", Prefer="respond-async")
            for _ in range(3):
                assert (await company.post("/events", new, **KEYED)).status == 503
            for where in (taken.headers["Location"], gone.headers["Location"]):
                assert (await company.get(where)).json["status"] == "pending"

        async with workers(kafka_bootstrap, topics):
            for where in (taken.headers["Location"], gone.headers["Location"]):
                assert await until_done(company, where) == "accepted"

            async def is_repeated() -> None:
                repeated = await company.post("/events", new, **KEYED)
                assert repeated.status == 200, repeated
                assert repeated.headers["Idempotent-Replayed"] == "true"
                assert repeated.json["key"] == "F"

            await eventually(is_repeated, within=20)
            assert (await company.get("/events/F")).status == 200


async def test_an_extension_that_came_too_late_stays_refused(
    kafka_bootstrap: str, topics: Topics, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        projector(kafka_bootstrap, topics, database),
        api(kafka_bootstrap, topics, database) as running,
    ):
        async with workers(kafka_bootstrap, topics):
            company = await running.company()
            await company.event("E")
        hold = running.core.hold_tokens.mint(company.workspace, 60_000, now_ms()).hold
        apply = machine._deadline_here

        def apply_late(state: SeatsState, fact: HoldDeadlineSet, now: int) -> HoldDeadlineSet:
            return apply(state, fact, max(now, hold.expires_at))

        monkeypatch.setattr(machine, "_deadline_here", apply_late)
        path, longer = f"/hold-tokens/{hold.token}", {"expiresInMinutes": 15}
        async with workers(kafka_bootstrap, topics):
            taken = await company.post(path, longer, Prefer="respond-async")
            assert await until_done(company, taken.headers["Location"]) == "rejected"
            for _ in range(2):
                assert (await company.post(path, longer, **KEYED)).status == 404
