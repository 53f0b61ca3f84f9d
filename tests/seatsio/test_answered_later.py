"""A command that is looked up shows what its client would have got by waiting.

Each request is sent twice, in two companies that are the same but for what is made up: by a client
that waits, and by one that does not.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.eventually import eventually
from tests.seatsio.installation import Answer, Company, Installation

Request = tuple[str, object]
"""Path (a POST, unless it begins with another method) and body."""

EXPANDED = "?expand=objects"
BATCH = f"/events/actions/change-object-status{EXPANDED}"
GROUP = f"/events/groups/actions/book{EXPANDED}"
EDIT = {"notForSale": [{"object": "A-1"}, {"object": "GA1", "quantity": 2}]}
LONGER = {"expiresInMinutes": 15}
MADE_UP = ("id", "chartKey", "createdOn", "updatedOn", "expiresAt", "requestId")


def change(event: str, *labels: str, **fields: object) -> dict[str, object]:
    return {"event": event, "objects": list(labels), "status": "booked", **fields}


def batch(*changes: dict[str, object]) -> dict[str, object]:
    return {"statusChanges": list(changes)}


def override(event: str, *labels: str) -> dict[str, object]:
    return {"event": event, "objects": list(labels), "type": "OVERRIDE_SEASON_STATUS"}


DONE: dict[str, Request] = {
    "an event": ("/events", {"chartKey": "CHART", "eventKey": "N", "name": "New"}),
    "several events": (
        "/events/actions/create-multiple",
        {"chartKey": "CHART", "events": [{"eventKey": "N"}, {"eventKey": "M"}]},
    ),
    "several events that are one": (
        "/events/actions/create-multiple",
        {"chartKey": "CHART", "events": [{"eventKey": "N"}]},
    ),
    "an update": ("/events/NEAR", {"name": "Other"}),
    "a move": ("/events/NEAR", {"chartKey": "CHART"}),
    "a move to a copy": ("/events/NEAR/actions/move-to-new-chart-copy", {}),
    "a deletion": ("DELETE /events/NEAR", {}),
    "a season": ("/seasons", {"chartKey": "CHART", "key": "next", "eventKeys": ["n1", "n2"]}),
    "events of a season": ("/seasons/year/actions/create-events", {"eventKeys": ["e3", "e4"]}),
    "a partial season": (
        "/seasons/year/partial-seasons",
        {"key": "spring", "eventKeys": ["e1", "e2"]},
    ),
    "more events in it": (
        "/seasons/year/partial-seasons/half/actions/add-events",
        {"eventKeys": ["e2"]},
    ),
    "events that are in it": (
        "/seasons/year/partial-seasons/half/actions/add-events",
        {"eventKeys": ["e1"]},
    ),
    "fewer events in it": ("DELETE /seasons/year/partial-seasons/half/events/e1", {}),
    "a channel": ("/events/NEAR/channels", {"key": "vip", "name": "VIP", "color": "#FF0000"}),
    "an edit of what is for sale": ("/events/NEAR/actions/edit-for-sale-config", EDIT),
    "one of several events": (
        "/events/actions/edit-for-sale-config",
        {"events": {"NEAR": EDIT, "year": EDIT}},
    ),
    "one of several that are one": (
        "/events/actions/edit-for-sale-config",
        {"events": {"NEAR": EDIT}},
    ),
    "all out of sale": ("/events/NEAR/actions/mark-everything-as-not-for-sale", {}),
    "a longer hold": ("/hold-tokens/TOKEN", LONGER),
    "a hold's end": ("/hold-tokens/TOKEN", {"expiresInMinutes": 0}),
    "a booking": ("/events/NEAR/actions/book", {"objects": ["A-1"]}),
    "a booking that is shown": (f"/events/NEAR/actions/book{EXPANDED}", {"objects": ["A-1"]}),
    "a hold": (
        f"/events/NEAR/actions/hold{EXPANDED}",
        {"objects": ["A-1", {"objectId": "GA1", "quantity": 3}], "holdToken": "TOKEN"},
    ),
    "a booking in a season": (f"/events/e1/actions/book{EXPANDED}", {"objects": ["GA1", "A-5"]}),
    "a group": (GROUP, {"events": ["FAR", "NEAR"], "objects": ["A-1", "A-2"]}),
    "a group of one": (GROUP, {"events": ["NEAR"], "objects": ["A-1"]}),
    "a batch": (
        BATCH,
        batch(
            change("FAR", "A-1", "GA1"),
            change("NEAR", "A-1", "GA1", orderId="o"),
            change("FAR", "GA1", "A-2", orderId="p"),
            change("FAR", "A-1", status="free"),
        ),
    ),
    "a batch of one": (BATCH, batch(change("NEAR", "A-2"))),
    "a batch that is not shown": (BATCH.removesuffix(EXPANDED), batch(change("NEAR", "A-1"))),
    "a batch with an override": (
        BATCH,
        batch(change("e1", "A-5"), override("e1", "B-1", "A-5"), change("e1", "B-1")),
    ),
    "an override": ("/events/e1/actions/override-season-status", {"objects": ["B-1"]}),
    "best available": ("/events/NEAR/actions/book", {"bestAvailable": {"number": 3}}),
    "best available places": (
        "/events/NEAR/actions/book",
        {"bestAvailable": {"number": 2, "categories": ["Cat3", 9, 10, 11]}},
    ),
    "extra data": ("/events/NEAR/objects/A-1/actions/update-extra-data", {"extraData": {"a": 1}}),
    "extra datas": ("/events/NEAR/actions/update-extra-data", {"extraData": {"A-1": {"a": 1}}}),
}

REFUSED: dict[str, tuple[int, Request]] = {
    "an event's key that is taken": (400, ("/events", {"chartKey": "CHART", "eventKey": "NEAR"})),
    "an update of none": (404, ("/events/none", {"name": "Other"})),
    "a deletion of none": (404, ("DELETE /events/none", {})),
    "a season's key that is taken": (400, ("/seasons", {"chartKey": "CHART", "key": "NEAR"})),
    "events of no season": (400, ("/seasons/NEAR/actions/create-events", {"eventKeys": ["e3"]})),
    "a partial season of none": (404, ("/seasons/none/partial-seasons", {"key": "spring"})),
    "events of another season": (
        400,
        ("/seasons/year/partial-seasons/half/actions/add-events", {"eventKeys": ["NEAR"]}),
    ),
    "a channel that is not there": (404, ("/events/NEAR/channels/vip", {"name": "VIP"})),
    "a longer hold that has ended": (404, ("/hold-tokens/ENDED", LONGER)),
    "an ended hold's end": (404, ("/hold-tokens/ENDED", {"expiresInMinutes": 0})),
    "a hold that is too long": (400, ("/hold-tokens/TOKEN", {"expiresInMinutes": 120})),
    "a booking of what is taken": (
        400,
        ("/events/NEAR/actions/book", {"objects": ["A-1", "TAKEN"]}),
    ),
    "a booking by an ended hold": (
        400,
        ("/events/NEAR/actions/book", {"objects": ["A-1"], "holdToken": "ENDED"}),
    ),
    "a group": (400, (GROUP, {"events": ["FAR", "NEAR"], "objects": ["TAKEN"]})),
    "a batch": (400, (BATCH, batch(change("FAR", "none"), change("NEAR", "TAKEN")))),
    "an override in use": (
        400,
        ("/events/e2/actions/use-season-status", {"objects": ["C-1"]}),
    ),
    "best available": (
        400,
        ("/events/NEAR/actions/book", {"bestAvailable": {"number": 1, "sections": ["none"]}}),
    ),
    "extra data of none": (
        400,
        ("/events/NEAR/objects/none/actions/update-extra-data", {"extraData": {"a": 1}}),
    ),
}

GONE: dict[str, object] = {
    "a partial season": {},
    "a booking that is shown": {"objects": {}},
    "a batch of one": {"results": [{"objects": {}}]},
}
"""What is left to show of what was done after its event was deleted."""


@dataclass(frozen=True)
class World:
    """A company with something of everything, by names that are the same in every one."""

    company: Company
    names: dict[str, str]

    async def send(self, request: Request, **headers: str) -> Answer:
        path, body = request
        method = "POST" if path.startswith("/") else path.split()[0]
        named = self._replaced(path.removeprefix(method).strip(), self.names)
        content = self._replaced(msgspec.json.encode(body).decode(), self.names)
        return await self.company.call(method, named, content.encode(), **headers)

    def told(self, answer: Answer) -> Any:  # noqa: ANN401 - JSON
        """Give what an answer says, without what is made up in this world."""
        back = {real: name for name, real in self.names.items()}
        body = self._replaced(answer.body.decode(), {**back, self.company.workspace: "WORKSPACE"})
        return _without_made_up(msgspec.json.decode(body or "{}"))

    @staticmethod
    def _replaced(text: str, by: dict[str, str]) -> str:
        # Whole names only: a date may hold what looks like an event's key.
        for before, after in by.items():
            text = re.sub(rf"(?<![\w-]){re.escape(before)}(?![\w-])", after, text)
        return text


def _without_made_up(told: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(told, list):
        return [_without_made_up(one) for one in told]
    if not isinstance(told, dict):
        return told
    shown = {name: _without_made_up(value) for name, value in told.items()}
    if "expiresInSeconds" in shown:
        shown["expiresInSeconds"] = -(-shown["expiresInSeconds"] // 60)  # time goes on
    return {name: "" if name in MADE_UP else value for name, value in shown.items()}


async def world(running: Installation) -> World:
    company = await running.company()
    chart = await company.chart()
    # Each key stands for one partition: NEAR and FAR live apart.
    near, far = [await company.event_in(number, 3, chart) for number in (0, 1)]
    tokens = [(await company.post("/hold-tokens")).json["holdToken"] for _ in range(2)]
    names = {"CHART": chart, "NEAR": near, "FAR": far, "TOKEN": tokens[0], "ENDED": tokens[1]}
    made = World(company, {**names, "TAKEN": "C-3"})
    before: list[Request] = [
        ("/hold-tokens/ENDED", {"expiresInMinutes": 0}),
        ("/seasons", {"chartKey": "CHART", "key": "year", "eventKeys": ["e1", "e2"]}),
        ("/seasons/year/partial-seasons", {"key": "half", "eventKeys": ["e1"]}),
        ("/events/year/actions/book", {"objects": ["B-1", "C-1", "GA1"]}),
        ("/events/e2/actions/override-season-status", {"objects": ["C-1"]}),
        ("/events/e2/actions/book", {"objects": ["C-1"]}),
        (GROUP, {"events": ["NEAR", "FAR"], "objects": ["TAKEN"]}),
    ]
    for request in before:
        assert (await made.send(request)).status in (200, 204), request
    return made


async def looked_up(of: World, request: Request) -> Any:  # noqa: ANN401 - JSON
    """Send a request without waiting, and give what it came to."""
    return of.told(await until_done(of, request))


async def until_done(of: World, request: Request) -> Answer:
    """Send a request without waiting, and look it up until it is done."""
    taken = await of.send(request, Prefer="respond-async")
    assert taken.status == 202, taken
    found: list[Answer] = []

    async def is_done() -> None:
        found[:] = [await of.company.get(taken.headers["Location"])]
        assert found[0].json["status"] == "done", found

    await eventually(is_done)
    return found[0]


@pytest.mark.parametrize("request_", DONE.values(), ids=DONE)
async def test_what_was_done_is_shown_as_to_a_client_that_waits(
    running: Installation, request_: Request
) -> None:
    one, other = await world(running), await world(running)
    waited = await one.send(request_)
    assert waited.status in (200, 204), waited
    found = await looked_up(other, request_)
    assert (found["answer"], found["result"]) == ("accepted", one.told(waited))


@pytest.mark.parametrize(("status", "request_"), REFUSED.values(), ids=REFUSED)
async def test_what_was_refused_is_refused_as_to_a_client_that_waits(
    running: Installation, status: int, request_: Request
) -> None:
    one, other = await world(running), await world(running)
    waited = await one.send(request_)
    assert waited.status == waited.json["status"] == status, waited
    found = await looked_up(other, request_)
    assert (found["answer"], found["result"]) == ("rejected", one.told(waited))


async def test_an_edit_too_many_is_refused_as_to_a_client_that_waits(running: Installation) -> None:
    one, other = await world(running), await world(running)
    edit = ("/events/NEAR/actions/edit-for-sale-config", EDIT)
    for here in (one, other):
        for _ in range(10):
            made = await here.send(edit)
            assert made.status == 200
    waited = await one.send(edit)
    assert waited.status == 429, waited
    reset = datetime.fromisoformat(made.json["rateLimitInfo"]["rateLimitResetDate"])
    left_s = (reset - datetime.now(UTC)).total_seconds()
    assert abs(int(waited.headers["Retry-After"]) - left_s) < 5
    found = await looked_up(other, edit)
    assert (found["answer"], found["result"]) == ("rejected", one.told(waited))


async def test_what_has_gone_by_now_is_not_shown(running: Installation) -> None:
    here = await world(running)
    done = {name: (await until_done(here, DONE[name])).json for name in GONE}
    for key in ("spring", "NEAR"):
        assert (await here.send((f"DELETE /events/{key}", {}))).status == 204
    for name, left in GONE.items():
        shown = (await here.company.get(f"/commands/{done[name]['id']}")).json
        assert shown == {**done[name], "result": left}, name
        assert done[name]["result"] != left, name
