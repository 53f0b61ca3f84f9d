"""Idempotency keys, answers later, and what became of a command."""

from typing import Any

import pytest

from adapters.ports import TopicPartition
from adapters.postgres.pool import connection
from schemas.topics import EVENTS_COMMANDS
from tests.eventually import eventually
from tests.seatsio.installation import Answer, Company, Installation

CHANGE = "/events/groups/actions/change-object-status?expand=objects"


def book(event: str, *labels: str) -> dict[str, Any]:
    return {"events": [event], "objects": list(labels), "status": "booked"}


async def status_changes(company: Company, event: str) -> int:
    return len((await company.get(f"/events/{event}/status-changes")).json["items"])


async def test_a_repeated_command_gets_its_first_answer(company: Company) -> None:
    event = await company.event("E")
    key = {"Idempotency_Key": "order-1"}
    first = await company.post(CHANGE, book(event, "A-1"), **key)
    again = await company.post(CHANGE, book(event, "A-1"), **key)
    assert first.status == again.status == 200
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.body == first.body
    assert await status_changes(company, event) == 1


async def test_a_repeat_is_answered_from_the_read_model_as_well(
    company: Company, running: Installation
) -> None:
    """The owner forgets after 15 minutes; the database remembers for a day."""
    event = await company.event("E")
    key = {"Idempotency_Key": "order-1"}
    first = await company.post(CHANGE, book(event, "A-1"), **key)
    assert await status_changes(company, event) == 1  # so the read model has it
    appended = await commands_of(running, event, company)
    again = await company.post(CHANGE, book(event, "A-1"), **key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.body == first.body
    assert await commands_of(running, event, company) == appended


@pytest.mark.parametrize("made", ["events", "seasons"])
async def test_a_repeat_gets_its_first_answer_though_it_could_not_be_asked_today(
    company: Company, made: str
) -> None:
    """Its category has gone since."""
    chart, key = await company.chart(), {"Idempotency_Key": "order-1"}
    await company.post(f"/charts/{chart}/categories", {"key": "own", "label": "Own"})
    asked: dict[str, Any] = {"chartKey": chart, "objectCategories": {"A-1": "own"}}
    first = await company.post(f"/{made}", asked, **key)
    assert first.status == 200
    assert (await company.call("DELETE", f"/charts/{chart}/categories/own")).status == 204
    await company.post(f"/charts/{chart}/version/draft/actions/publish")
    refused = await company.post(f"/{made}", asked, Idempotency_Key="order-2")
    assert refused.messages == ["#/objectCategories/A-1: there is no category [own]"]
    again = await company.post(f"/{made}", asked, **key)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.json["key"] == first.json["key"]


async def test_a_repeated_update_gets_its_first_answer_though_it_could_not_be_asked_today(
    company: Company,
) -> None:
    event, key = await company.event(), {"Idempotency_Key": "order-1"}
    own = {"key": "own", "label": "Own", "color": "#AAABBB"}
    await company.post(f"/events/{event}", {"categories": [own]})
    asked = {"objectCategories": {"A-1": "own"}}
    assert (await company.post(f"/events/{event}", asked, **key)).status == 204
    await company.post(f"/events/{event}", {"categories": [], "objectCategories": {}})
    assert (await company.post(f"/events/{event}", asked, Idempotency_Key="order-2")).status == 400
    again = await company.post(f"/events/{event}", asked, **key)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (204, "true")
    assert "objectCategories" not in (await company.get(f"/events/{event}")).json


async def first_and_again(
    company: Company, path: str, asked: dict[str, Any], then: tuple[str, str, object]
) -> tuple[Answer, Answer]:
    """Ask, call what makes it wrong to ask so, and repeat the question."""
    first = await company.post(path, asked, Idempotency_Key="order-1")
    assert (await company.call(*then)).status in (200, 204)
    refused = await company.post(path, asked, Idempotency_Key="order-2")
    assert refused.status in (400, 404)
    again = await company.post(path, asked, Idempotency_Key="order-1")
    assert again.status == first.status < 300, again.body
    assert again.headers["Idempotent-Replayed"] == "true"
    return first, again


@pytest.mark.parametrize("edited", ["one", "several"])
async def test_a_repeated_edit_of_what_is_for_sale_gets_its_first_answer_after_a_renaming(
    company: Company, edited: str
) -> None:
    event = await company.event("E")
    edit: dict[str, Any] = {"notForSale": [{"object": "A-1"}]}
    path, asked = f"/events/{event}/actions/edit-for-sale-config", edit
    if edited == "several":
        path, asked = "/events/actions/edit-for-sale-config", {"events": {event: edit}}
    renamed = ("POST", f"/events/{event}", {"eventKey": "renamed"})
    first, again = await first_and_again(company, path, asked, renamed)
    assert again.body == first.body


@pytest.mark.parametrize("gone", ["the event from it", "the season"])
async def test_a_repeated_override_gets_its_first_answer_without_the_season_by_then(
    company: Company, gone: str
) -> None:
    chart, event = await company.chart(), {"eventKeys": ["e1"]}
    await company.post("/seasons", {"chartKey": chart, "key": "year", **event})
    await company.post("/seasons/year/partial-seasons", {"key": "half", **event})
    left = "/seasons/year/partial-seasons/half/events/e1"
    then = ("DELETE", left if gone == "the event from it" else "/events/half", b"")
    asked = {"objects": ["A-1"], "season": "half"}
    await first_and_again(company, "/events/e1/actions/override-season-status", asked, then)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("E/actions/book", {"bestAvailable": {"number": 1}}),
        ("groups/actions/book", {"events": ["E"], "objects": ["GA1", "GA1"]}),
        (
            "actions/change-object-status",
            {"statusChanges": [{"event": "E", "objects": ["GA1", "GA1"], "status": "booked"}]},
        ),
    ],
    ids=["best available", "doubled", "doubled in a batch"],
)
async def test_a_repeat_gets_its_first_answer_though_the_chart_would_refuse_it_by_then(
    company: Company, path: str, asked: dict[str, Any]
) -> None:
    event = await company.event("E")
    chart = await company.chart("sampleChartWithFloors")
    moved = ("POST", f"/events/{event}", {"chartKey": chart})
    await first_and_again(company, f"/events/{path}", asked, moved)


async def commands_of(running: Installation, event: str, company: Company) -> int:
    """Count the commands in the partition of an event."""
    entry = running.core.directory.find_now(company.workspace, event)
    assert entry is not None
    name = running.core.topics[EVENTS_COMMANDS].physical_name
    log = running.parts.command_log._source
    return (await log.span(TopicPartition(name, entry.partition))).end


async def test_an_answer_in_a_topic_of_another_prefix_is_told_as_a_wrong_database(
    company: Company, running: Installation
) -> None:
    event = await company.event("E")
    key = {"Idempotency_Key": "order-1"}
    await company.post(CHANGE, book(event, "A-1"), **key)
    assert await status_changes(company, event) == 1  # so the read model has it
    async with connection(running.parts.reads._pool) as lent:
        await lent.execute("UPDATE keyed_results SET outbox_topic = 'before.' || outbox_topic")
    again = await company.post(CHANGE, book(event, "A-1"), **key)
    assert again.status == 503
    assert again.json["errors"][0]["code"] == "FOREIGN_READ_MODEL"


async def test_a_repeat_gets_its_first_answer_whatever_the_event_is_called_by_then(
    company: Company,
) -> None:
    event = await company.event("E")
    key = {"Idempotency_Key": "order-1"}
    first = await company.post(CHANGE, book(event, "A-1"), **key)
    assert await status_changes(company, event) == 1  # so the read model has it
    await company.post(f"/events/{event}", {"eventKey": "renamed"})
    again = await company.post(CHANGE, book(event, "A-1"), **key)
    assert (again.status, again.body) == (200, first.body)
    await company.event("E")  # another one
    again = await company.post(CHANGE, book(event, "A-1"), **key)
    assert (again.status, again.body) == (200, first.body)
    assert await status_changes(company, "E") == 0


async def test_a_repeated_refusal_is_the_first_refusal(company: Company) -> None:
    event = await company.event("E")
    await company.post(CHANGE, book(event, "A-1"))
    key = {"Idempotency_Key": "order-2"}
    first = await company.post(CHANGE, book(event, "A-1"), **key)
    await company.post(f"/events/{event}/actions/release", {"objects": ["A-1"]})
    again = await company.post(CHANGE, book(event, "A-1"), **key)
    assert first.status == again.status == 400
    assert again.json["errors"] == first.json["errors"]
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_a_key_that_another_request_had_is_refused(company: Company) -> None:
    event = await company.event("E")
    key = {"Idempotency_Key": "order-1"}
    await company.post(CHANGE, book(event, "A-1"), **key)
    for _ in range(2):  # the owner says it first, then the read model
        other = await company.post(CHANGE, book(event, "A-2"), **key)
        assert (other.status, other.json["errors"][0]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
        assert await status_changes(company, event) == 1


async def test_a_repeated_creation_gives_the_same_event(company: Company) -> None:
    chart = await company.chart()
    key = {"Idempotency_Key": "create-1"}
    first = await company.post("/events", {"chartKey": chart}, **key)
    again = await company.post("/events", {"chartKey": chart}, **key)
    assert again.json == first.json
    assert len((await company.get("/events")).json["items"]) == 1


async def test_two_workspaces_may_use_the_same_idempotency_key(
    company: Company, running: Installation
) -> None:
    other = await running.company()
    for one in (company, other):
        event = await one.event("E")
        answer = await one.post(CHANGE, book(event, "A-1"), Idempotency_Key="k")
        assert (answer.status, "Idempotent-Replayed" in answer.headers) == (200, False)


async def test_an_idempotency_key_must_be_printable(company: Company) -> None:
    event = await company.event("E")
    answer = await company.post(CHANGE, book(event, "A-1"), Idempotency_Key="x" * 256)
    assert answer.status == 400
    assert answer.messages == ["Idempotency-Key: expected 1 to 255 printable ASCII characters"]


async def result_of(company: Company, taken: Answer) -> Any:  # noqa: ANN401 - JSON
    assert taken.status == 202, taken
    assert taken.headers["Preference-Applied"] == "respond-async"
    found: list[Any] = []

    async def done() -> None:
        looked_up = await company.get(taken.headers["Location"])
        assert looked_up.status == 200
        assert looked_up.json["id"] == taken.json["id"]
        found[:] = [looked_up.json]
        assert found[0]["status"] == "done", found

    await eventually(done)
    return found[0]


async def test_a_command_may_be_answered_later(company: Company) -> None:
    event = await company.event("E")
    later = {"Prefer": "wait=1, respond-async"}
    taken = await company.post(CHANGE, book(event, "A-1"), **later)
    result = await result_of(company, taken)
    assert result["answer"] == "accepted"
    assert result["result"]["objects"]["A-1"]["status"] == "booked"

    refused = await result_of(company, await company.post(CHANGE, book(event, "A-1"), **later))
    assert refused["answer"] == "rejected"
    assert refused["result"]["errors"][0]["code"] == "ILLEGAL_STATUS_CHANGE"


async def test_an_event_may_be_created_later(company: Company) -> None:
    chart = await company.chart()
    taken = await company.post("/events", {"chartKey": chart}, Prefer="respond-async")
    result = await result_of(company, taken)
    booked = await company.post(CHANGE, book(result["result"]["key"], "A-1"))
    assert booked.status == 200


async def test_a_creation_looked_up_after_the_deletion_is_done(company: Company) -> None:
    chart = await company.chart()
    asked = {"chartKey": chart, "eventKey": "E"}
    taken = await company.post("/events", asked, Prefer="respond-async")
    await result_of(company, taken)
    assert (await company.call("DELETE", "/events/E")).status == 204
    result = await result_of(company, taken)
    assert result["result"]["key"] == "E"


async def test_an_idempotency_key_is_refused_where_it_would_mean_nothing(company: Company) -> None:
    for path in ("/hold-tokens", "/charts"):
        answer = await company.post(path, {}, Idempotency_Key="k")
        assert answer.status == 400
        assert answer.messages[0].startswith("Idempotency-Key: not supported here")


async def test_what_is_no_command_of_this_workspace_is_not_found(
    company: Company, running: Installation
) -> None:
    event = await company.event("E")
    taken = await company.post(CHANGE, book(event, "A-1"), Prefer="respond-async")
    await result_of(company, taken)
    other = await running.company()
    for path in (
        taken.headers["Location"],
        "/commands/e-0-999999",
        "/commands/e-99-0",
        "/commands/x",
    ):
        answer = await other.get(path)
        assert (answer.status, answer.json["errors"][0]["code"]) == (404, "COMMAND_NOT_FOUND")
