"""Repeated commands whose first answers the read model does not have yet: the owner knows them."""

from typing import Any

from schemas.topics import Topics
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
            [result] = shown["result"]["results"]
            assert result["objects"] == first.json["objects"]

        async with projector(kafka_bootstrap, topics, database):
            await eventually(is_the_first, within=20)
