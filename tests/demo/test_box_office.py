"""Fans at a window whose answers are known beforehand: what they ask again, and what they log."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any, NamedTuple

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from seatlog.demo import box_office
from seatlog.demo.box_office import BoxOffice, OddAnswerError
from seatlog.demo.crowd import Crowd
from seatlog.demo.plan import Behaviour, LoadPlan, LoadReport
from seatlog.demo.seating import Seating
from seatlog.demo.weekend import Weekend

SEATS = [0, 1]
WEEKEND = Weekend(friday="friday", saturday="saturday", sunday="sunday")
SATURDAY = ("saturday",)
AT_ONCE = (0.0, 0.0)
LATE = (503, {"errors": [{"code": "ANSWER_LATE"}]})
BUSY = (429, {"errors": [{"code": "TOO_MANY_REQUESTS"}]})
IN_DOUBT = (429, {"errors": [{"code": "BUSY_IN_DOUBT"}]})
REFUSED = (
    400,
    {
        "errors": [{"code": "ILLEGAL_STATUS_CHANGE"}],
        "obstacles": [{"event": "saturday", "object": "A-2", "status": "booked"}],
    },
)
REFUSED_ON_FRIDAY = (
    400,
    {
        "errors": [{"code": "ILLEGAL_STATUS_CHANGE"}],
        "obstacles": [{"event": "friday", "object": "A-2", "status": "booked"}],
    },
)
DONE = (204, None)
TOKEN = (201, {"holdToken": "mine"})
ENDED = (400, {"errors": [{"code": "HOLD_TOKEN_NOT_FOUND"}]})
BROKEN = (500, {"errors": [{"code": "INTERNAL_ERROR"}]})


def seen(status: str, **fields: str) -> tuple[int, object]:
    return (200, {label: {"status": status, **fields} for label in ("A-1", "A-2")})


FREE = seen("free")
HELD = seen("reservedByToken", holdToken="mine")
HELD_BY_OTHERS = seen("reservedByToken", holdToken="another")
BOOKED = seen("booked", orderId="fan-1")
BOOKED_BY_OTHERS = seen("booked", orderId="fan-2")


class Window(NamedTuple):
    """A box office and what stands behind its window."""

    plan: LoadPlan
    office: BoxOffice
    answers: list[tuple[int, object]]
    asked: list[str]
    bodies: list[dict[str, Any]]
    report: LoadReport
    log: BytesIO

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.log.getvalue().splitlines()]

    @property
    def logged(self) -> list[str]:
        return [line["outcome"] for line in self.lines]


@pytest.fixture
async def window(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Window]:
    monkeypatch.setattr(box_office, "pause_s", 0.0)
    answers: list[tuple[int, object]] = []
    asked: list[str] = []
    bodies: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append("look" if request.method == "GET" else "ask")
        if body := await request.read():
            bodies.append(msgspec.json.decode(body))
        status, content = answers.pop(0)
        return web.Response(status=status, body=msgspec.json.encode(content) if content else None)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        plan = LoadPlan(
            process=0,
            processes=1,
            address=str(server.make_url("")).rstrip("/"),
            api_key="key",
            weekend=WEEKEND,
            fans=1,
            connections=2,
            opens_at=0.0,
            seating=Seating(labels=["A-1", "A-2"], rows=[0, 0], ranking=[0, 1]),
            behaviour=Behaviour(),
            client_log="",
        )
        report, log = LoadReport(), BytesIO()
        async with BoxOffice(plan, report, log) as office:
            yield Window(plan, office, answers, asked, bodies, report, log)


async def test_a_refused_hold_names_what_stood_in_the_way(window: Window) -> None:
    window.answers.extend([REFUSED])
    held, [obstacle] = await window.office.hold("mine", SATURDAY, SEATS)
    assert not held
    assert (obstacle.event, obstacle.object, obstacle.status) == ("saturday", "A-2", "booked")
    assert window.logged == ["refused"]


async def test_what_changed_nothing_is_asked_again(window: Window) -> None:
    window.answers.extend([BUSY, DONE])
    held, _ = await window.office.hold("mine", SATURDAY, SEATS)
    assert held
    assert (window.asked, window.logged) == (["ask", "ask"], ["refused", "ok"])
    assert window.report.later == 1


@pytest.mark.parametrize(
    ("after", "held", "asked"),
    [
        ([HELD], True, "ask look"),
        ([HELD_BY_OTHERS], False, "ask look"),
        ([BOOKED_BY_OTHERS], False, "ask look"),
        ([FREE, DONE], True, "ask look ask"),
        ([FREE, REFUSED, HELD], True, "ask look ask look"),
        ([FREE, REFUSED, HELD_BY_OTHERS], False, "ask look ask look"),
        ([BUSY, HELD], True, "ask look look"),
    ],
)
async def test_a_hold_whose_outcome_is_unknown_is_looked_up(
    window: Window,
    after: list[tuple[int, object]],
    held: bool,  # noqa: FBT001
    asked: str,
) -> None:
    window.answers.extend([LATE, *after])
    assert (await window.office.hold("mine", SATURDAY, SEATS))[0] is held
    assert (" ".join(window.asked), window.logged[0]) == (asked, "unknown")
    assert window.report.unknown == 1


@pytest.mark.parametrize(
    ("after", "booked", "asked"),
    [
        ([BOOKED], True, "ask look"),
        ([HELD, DONE], True, "ask look ask"),
        ([HELD, REFUSED, BOOKED], True, "ask look ask look"),
        ([BOOKED_BY_OTHERS], False, "ask look"),
        ([FREE], False, "ask look"),
    ],
)
async def test_a_booking_whose_outcome_is_unknown_is_looked_up(
    window: Window,
    after: list[tuple[int, object]],
    booked: bool,  # noqa: FBT001
    asked: str,
) -> None:
    window.answers.extend([LATE, *after])
    assert await window.office.book("mine", SATURDAY, SEATS, "fan-1") is booked
    assert (" ".join(window.asked), window.logged[0]) == (asked, "unknown")


async def test_an_answer_that_no_fan_should_get_is_told_and_its_outcome_left_open(
    window: Window,
) -> None:
    window.answers.extend([BROKEN])
    with pytest.raises(OddAnswerError, match="500 INTERNAL_ERROR"):
        await window.office.hold("mine", SATURDAY, SEATS)
    assert window.logged == ["unknown"]


async def test_a_pass_is_one_request_and_a_line_of_the_log_for_each_day(window: Window) -> None:
    window.answers.extend([IN_DOUBT, DONE])
    held, _ = await window.office.hold("mine", WEEKEND.days, SEATS)
    assert held
    assert [body["events"] for body in window.bodies] == [list(WEEKEND.days)] * 2
    assert [(line["event"], line["outcome"]) for line in window.lines] == [
        *((day, "refused") for day in WEEKEND.days),
        *((day, "ok") for day in WEEKEND.days),
    ]


@pytest.mark.parametrize(
    ("after", "booked", "asked"),
    [
        ([BOOKED, BOOKED, BOOKED], True, "ask look look look"),
        ([HELD, HELD, HELD, DONE], True, "ask look look look ask"),
        # Done, and seen on one day before the others.
        (
            [BOOKED, HELD, HELD, REFUSED, BOOKED, BOOKED, BOOKED],
            True,
            "ask look look look ask look look look",
        ),
        ([HELD, BOOKED_BY_OTHERS, HELD], False, "ask look look look"),
    ],
)
async def test_a_pass_whose_outcome_is_unknown_is_looked_up_on_all_days(
    window: Window,
    after: list[tuple[int, object]],
    booked: bool,  # noqa: FBT001
    asked: str,
) -> None:
    window.answers.extend([LATE, *after])
    assert await window.office.book("mine", WEEKEND.days, SEATS, "fan-1") is booked
    assert " ".join(window.asked) == asked


async def come(window: Window, **behaviour: Any) -> None:  # noqa: ANN401
    """Let one fan come, who does not lose time."""
    hurried = Behaviour(
        look_s=AT_ONCE,
        look_again_s=AT_ONCE,
        pay_s=AT_ONCE,
        poll_every_s=60.0,
        fickle_holds=1,
        **behaviour,
    )
    plan = msgspec.structs.replace(window.plan, behaviour=hurried)
    await Crowd(plan, window.office, window.report).run()
    assert window.answers == []
    assert window.report.through == 1


async def test_a_pass_is_held_and_booked_on_all_days_and_counted_on_each(window: Window) -> None:
    window.answers.extend([TOKEN, DONE, DONE])
    await come(window, fickle_share=0.0, pass_share=1.0)
    held, booked = window.bodies
    assert held["events"] == booked["events"] == list(WEEKEND.days)
    assert booked["orderId"] == "weekend-0"
    report = window.report
    assert (report.passes, report.pass_seats) == (1, len(booked["objects"]))
    assert report.seats_booked == 3 * report.pass_seats


async def test_who_gets_no_pass_goes_for_saturday_alone(window: Window) -> None:
    window.answers.extend([TOKEN, REFUSED_ON_FRIDAY, REFUSED_ON_FRIDAY, DONE, DONE])
    await come(window, fickle_share=0.0, pass_share=1.0, pass_tries_max=2)
    asked = [body["events"] for body in window.bodies]
    assert asked == [list(WEEKEND.days)] * 2 + [list(SATURDAY)] * 2
    assert window.bodies[-1]["orderId"] == "fan-0"
    report = window.report
    assert (report.passes, report.passes_refused, report.refused) == (0, 2, 2)
    assert report.seats_booked == len(window.bodies[-1]["objects"])


async def test_who_wants_to_hold_for_a_minute_leaves_when_it_is_over(window: Window) -> None:
    window.answers.extend([TOKEN, ENDED])
    await come(window, fickle_share=1.0)
    assert (window.report.odd_count, window.report.abandoned) == (0, 0)
    assert window.logged == ["refused"]


async def test_that_any_other_hold_token_has_ended_is_odd(window: Window) -> None:
    window.answers.extend([TOKEN, ENDED])
    await come(window, fickle_share=0.0)
    assert window.report.odd == ["reservedByToken: 400 HOLD_TOKEN_NOT_FOUND"]
