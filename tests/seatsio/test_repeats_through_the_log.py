"""Repeated commands whose first answers the read model does not have yet: the owner knows them."""

import asyncio
from time import monotonic
from typing import Any, NoReturn

import pytest

from adapters.ports import LogUnreachableError
from api.submit import Answered
from schemas.commands import GroupsCommand
from schemas.topics import Topics
from tests.api.owners import owners
from tests.eventually import eventually
from tests.seatsio.installation import Answer, Company, api, projector, workers

CHANGE = "/events/groups/actions/change-object-status?expand=objects"
KEY = {"Idempotency_Key": "once"}


def book(*labels: str, event: str = "E") -> dict[str, Any]:
    return {"events": [event], "objects": list(labels), "status": "booked"}


def assert_again(first: Answer, again: Answer) -> None:
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.status == first.status
    if first.status < 400:
        assert again.body == first.body
    else:
        assert again.json["errors"] == first.json["errors"]


async def twice(company: Company, path: str, body: object, key: str) -> Answer:
    """Send a command and its repeat; give the first answer."""
    first, again = [await company.post(path, body, Idempotency_Key=key) for _ in range(2)]
    assert_again(first, again)
    return first


async def test_a_repeat_gets_the_first_answer_before_the_read_model_has_it(
    kafka_bootstrap: str, topics: Topics, database: str
) -> None:
    async with workers(kafka_bootstrap, topics), api(kafka_bootstrap, topics, database) as running:
        company = await running.company()
        chart = await company.chart()
        created = await twice(company, "/events", {"chartKey": chart, "eventKey": "E"}, "create")
        taken = await twice(company, "/events", {"chartKey": chart, "eventKey": "E"}, "taken")
        booked = await twice(company, CHANGE, book("A-1", "A-2"), "book")
        refused = await twice(company, CHANGE, book("A-2", "A-3"), "refused")
        best = {"bestAvailable": {"number": 2}, "status": "booked"}
        chosen = await twice(company, "/events/E/actions/change-object-status", best, "best")
    answers = [created, taken, booked, refused, chosen]
    assert [answer.status for answer in answers] == [200, 400, 200, 400, 200]
    assert "A-2" in refused.messages[0] or "A-2" in str(refused.json)


async def test_a_repeat_is_late_where_the_log_does_not_give_its_first_answer(
    kafka_bootstrap: str, topics: Topics, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = asyncio.Event()

    async def silent(*_: object) -> NoReturn:
        await silence.wait()
        raise LogUnreachableError("the broker is away")

    async with workers(kafka_bootstrap, topics), api(kafka_bootstrap, topics, database) as running:
        company = await running.company()
        await company.event("E")
        assert (await company.post(CHANGE, book("A-1"), **KEY)).status == 200
        monkeypatch.setattr("api.seatsio.commands.answer_deadline_s", 1.0)
        for is_silent in (True, False):
            with monkeypatch.context() as away:
                away.setattr(running.parts.command_log, "record", silent)
                started = monotonic()
                late = await asyncio.wait_for(company.post(CHANGE, book("A-1"), **KEY), 5)
            assert (late.status, late.json["errors"][0]["code"]) == (503, "ANSWER_LATE")
            assert late.headers["Location"].startswith("/commands/")
            assert monotonic() - started >= 1.0 * is_silent
            silence.set()
        assert (await company.post(CHANGE, book("A-1"), **KEY)).status == 200


async def test_a_repeat_waits_for_the_owners_in_the_time_that_its_own_answer_has_left(
    kafka_bootstrap: str, topics: Topics, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with api(kafka_bootstrap, topics, database) as running:
        async with workers(kafka_bootstrap, topics):
            company = await running.company()
            new = {"chartKey": await company.chart(), "eventKey": "E"}
        decide = running.core.submitter.decide

        async def decide_slowly(command: GroupsCommand, **asked: Any) -> Answered:  # noqa: ANN401
            answered = await decide(command, **asked)
            await asyncio.sleep(2.0)
            return answered

        async with owners(kafka_bootstrap, topics, seats=False):
            with monkeypatch.context() as hurried:
                hurried.setattr(running.core.submitter, "_answer_deadline_s", 3.0)
                hurried.setattr(running.core.submitter, "decide", decide_slowly)
                hurried.setattr("api.seatsio.commands.answer_deadline_s", 3.0)
                assert (await company.post("/events", new, **KEY)).status == 503
                started = monotonic()
                repeated = await company.post("/events", new, **KEY)
            assert repeated.status == 503, repeated
            assert 2.0 <= monotonic() - started < 4.5
        async with workers(kafka_bootstrap, topics):

            async def is_applied() -> None:
                assert (await company.post("/events", new, **KEY)).status == 200

            await eventually(is_applied, within=20)


async def test_a_repeat_that_is_answered_later_shows_the_first_answer(
    kafka_bootstrap: str, topics: Topics, database: str
) -> None:
    async with workers(kafka_bootstrap, topics), api(kafka_bootstrap, topics, database) as running:
        company = await running.company()
        await company.event("E")
        first = await company.post(CHANGE, book("A-1"), **KEY)
        again = await company.post(CHANGE, book("A-1"), Prefer="respond-async", **KEY)
        assert (first.status, again.status) == (200, 202)

        async def is_the_first() -> None:
            shown = (await company.get(again.headers["Location"])).json
            assert shown["status"] == "done", shown
            assert shown["answer"] == "accepted"
            assert shown["result"] == first.json

        async with projector(kafka_bootstrap, topics, database):
            await eventually(is_the_first, within=20)
