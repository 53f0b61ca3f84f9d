import msgspec
import pytest

from api.errors import Problem, Refusal
from api.seatsio.errors import VendorError, error_body, event_not_found, from_rejected
from schemas.rejections import Obstacle, Rejected, Rejection, Retry

CANNOT_CHANGE = "Cannot change from [free] to [lolzor]: "
KEYS = {1: "friday", 2: "saturday"}


def told(rejected: Rejected) -> VendorError:
    return from_rejected(rejected, "ws", KEYS.__getitem__)


def obstacle(
    why: Rejection,
    label: str = "A-1",
    event: int = 1,
    status: str | None = "free",
    asked: str = "lolzor",
) -> Obstacle:
    return Obstacle(event=event, label=label, code=why.code, status=status, requested_status=asked)


def rejected(*obstacles: Obstacle) -> Rejected:
    return Rejected(code=obstacles[0].code, obstacles=list(obstacles))


@pytest.mark.parametrize(
    ("why", "message"),
    [
        (
            Rejection.STATUS_NOT_ALLOWED,
            CANNOT_CHANGE + "free is not in the list of allowed previous statuses",
        ),
        (
            Rejection.STATUS_REJECTED,
            CANNOT_CHANGE + "free is in the list of rejected previous statuses",
        ),
        (
            Rejection.OBJECT_NOT_FREE,
            CANNOT_CHANGE + "the object is not free",
        ),
    ],
)
def test_an_illegal_status_change_is_told_as_the_clients_compare_it(
    why: Rejection, message: str
) -> None:
    error = told(rejected(obstacle(why)))
    assert error_body(error.refusal, "r-1") == {
        "status": 400,
        "messages": [message],
        "errors": [{"code": "ILLEGAL_STATUS_CHANGE", "message": message}],
        "warnings": [],
        "requestId": "r-1",
        "obstacles": [
            {"event": "friday", "object": "A-1", "reason": why.code, "status": "free"},
        ],
    }


def test_every_object_in_the_way_is_named_and_every_reason_once() -> None:
    error = told(
        rejected(
            obstacle(Rejection.OBJECT_NOT_FREE, "A-1", 1, "booked", "booked"),
            obstacle(Rejection.OBJECT_NOT_FREE, "A-2", 1, "booked", "booked"),
            obstacle(Rejection.HELD_BY_ANOTHER_TOKEN, "A-2", 2, "reservedByToken", "booked"),
        )
    )
    body = error_body(error.refusal, "r")
    not_free = "Cannot change from [booked] to [booked]: the object is not free"
    held = (
        "Cannot change from [reservedByToken] to [booked]: the object is held by another hold token"
    )
    assert [problem["message"] for problem in body["errors"]] == [not_free, held]
    assert body["messages"] == [not_free, held]
    assert [(one["event"], one["object"], one["reason"]) for one in body["obstacles"]] == [
        ("friday", "A-1", "OBJECT_NOT_FREE"),
        ("friday", "A-2", "OBJECT_NOT_FREE"),
        ("saturday", "A-2", "HELD_BY_ANOTHER_TOKEN"),
    ]
    assert "obstaclesLeftOut" not in body


def test_of_too_many_objects_in_the_way_it_is_said_how_many_are_not_named() -> None:
    refusal = rejected(obstacle(Rejection.OBJECT_NOT_FREE, status="booked"))
    left_out = msgspec.structs.replace(refusal, obstacles_left_out=7)
    assert error_body(told(left_out).refusal, "r")["obstaclesLeftOut"] == 7


def test_each_object_of_a_batch_is_told_with_its_own_requested_status() -> None:
    refusal = rejected(
        obstacle(Rejection.OBJECT_NOT_FREE, "A-2", 1, "booked", "reservedByToken"),
        obstacle(Rejection.OBJECT_NOT_FREE, "A-1", 2, "booked", "lolzor"),
    )
    assert [problem.message for problem in told(refusal).refusal.problems] == [
        "Cannot change from [booked] to [reservedByToken]: the object is not free",
        "Cannot change from [booked] to [lolzor]: the object is not free",
    ]


@pytest.mark.parametrize("why", Rejection)
def test_every_reason_has_a_status_and_a_message(why: Rejection) -> None:
    for refusal in (
        Rejected(code=why.code, detail="1"),
        rejected(obstacle(why, status=None)),
    ):
        body = error_body(told(refusal).refusal, "r")
        assert 400 <= body["status"] < 500
        assert body["errors"]
        assert not any("{" in message for message in body["messages"])


def test_an_event_of_a_command_is_named_by_its_key() -> None:
    error = told(Rejected(code=Rejection.EVENT_NOT_FOUND.code, detail="1"))
    assert error.refusal.status == 404
    assert error.refusal.problems == [
        Problem("EVENT_NOT_FOUND", "Event not found: friday was not found in workspace ws")
    ]


def test_an_event_that_is_gone_stands_before_what_is_in_the_way_on_others() -> None:
    """Of a group: one part has lost its event, another one its seat."""
    refusal = Rejected(
        code=Rejection.EVENT_NOT_FOUND.code,
        detail="1",
        obstacles=[obstacle(Rejection.OBJECT_NOT_FREE, "A-2", 2, status="booked")],
    )
    error = told(refusal)
    assert error.refusal.status == 404
    codes = [problem.code for problem in error.refusal.problems]
    assert codes == ["EVENT_NOT_FOUND", "ILLEGAL_STATUS_CHANGE"]
    assert "friday was not found" in error.refusal.problems[0].message


@pytest.mark.parametrize(
    ("why", "status"),
    [(Rejection.BUSY_IN_DOUBT, 429), (Rejection.IDEMPOTENCY_KEY_IN_USE, 409)],
)
def test_who_may_ask_again_is_told_so_and_of_no_object(why: Rejection, status: int) -> None:
    refusal = told(Rejected(code=why.code)).refusal
    assert (refusal.status, refusal.problems[0].code) == (status, why.code)
    assert int(refusal.headers["Retry-After"]) >= 1
    assert "free" not in refusal.problems[0].message


@pytest.mark.parametrize("why", Rejection)
def test_nobody_is_told_to_ask_again_for_what_cannot_be_done_later(why: Rejection) -> None:
    asked_again = "Retry-After" in told(Rejected(code=why.code, detail="1")).refusal.headers
    soon = {
        Rejection.BUSY_IN_DOUBT,
        Rejection.FOR_SALE_EDITS_USED_UP,
        Rejection.IDEMPOTENCY_KEY_IN_USE,
    }
    assert asked_again == (why in soon)
    assert not asked_again or why.retry is Retry.LATER


def test_an_event_key_of_digits_is_no_id() -> None:
    refusal = Rejected(code=Rejection.EVENT_NOT_FOUND.code, detail="1")
    error = from_rejected(refusal, "ws", names_event_by_id=False)
    assert error.refusal.problems[0].message == "Event not found: 1 was not found in workspace ws"


def test_text_from_outside_is_never_taken_for_a_template() -> None:
    error = told(Rejected(code=Rejection.EVENT_KEY_TAKEN.code, detail="{workspace.x}"))
    assert "{workspace.x}" in error.refusal.problems[0].message
    assert "{0}" in event_not_found("{0}", "ws").refusal.problems[0].message


def test_refusals_of_the_core_have_the_same_shape() -> None:
    refusal = Refusal(503, (Problem("LOG_UNREACHABLE", "try again"),))
    assert error_body(refusal, "r") == {
        "status": 503,
        "messages": ["try again"],
        "errors": [{"code": "LOG_UNREACHABLE", "message": "try again"}],
        "warnings": [],
        "requestId": "r",
    }
