import msgspec
import pytest

from seatlog.demo.answers import Meaning, read_change


def refusal(*codes: str, obstacles: list[dict[str, str]] | None = None) -> bytes:
    return msgspec.json.encode(
        {"errors": [{"code": code} for code in codes], "obstacles": obstacles or []}
    )


@pytest.mark.parametrize(
    ("status", "body", "meaning", "logged"),
    [
        (204, b"", Meaning.DONE, "ok"),
        (200, b"{}", Meaning.DONE, "ok"),
        (400, refusal("ILLEGAL_STATUS_CHANGE"), Meaning.REFUSED, "refused"),
        (400, refusal("HOLD_TOKEN_NOT_FOUND"), Meaning.ENDED, "refused"),
        (401, b"", Meaning.ODD, "refused"),
        (404, refusal("EVENT_NOT_FOUND"), Meaning.ODD, "refused"),
        (429, refusal("TOO_MANY_REQUESTS"), Meaning.LATER, "refused"),
        (429, refusal("BUSY_IN_DOUBT"), Meaning.LATER, "refused"),
        (503, refusal("NOT_READY"), Meaning.LATER, "refused"),
        (503, refusal("LOG_UNREACHABLE"), Meaning.LATER, "refused"),
        (503, refusal("ANSWER_LATE"), Meaning.UNKNOWN, "unknown"),
        (503, refusal("OUTCOME_UNKNOWN"), Meaning.UNKNOWN, "unknown"),
        (503, b"<html>bad gateway", Meaning.UNKNOWN, "unknown"),
        (500, refusal("INTERNAL_ERROR"), Meaning.ODD, "unknown"),
    ],
)
def test_an_answer_means(status: int, body: bytes, meaning: Meaning, logged: str) -> None:
    read = read_change(status, body)
    assert read.meaning is meaning
    assert read.outcome(status) == logged


def test_a_refusal_names_the_seats_in_the_way_their_days_and_how_they_stand() -> None:
    body = refusal(
        "ILLEGAL_STATUS_CHANGE", obstacles=[{"event": "e", "object": "A-1", "status": "booked"}]
    )
    [obstacle] = read_change(400, body).obstacles
    assert (obstacle.event, obstacle.object, obstacle.status) == ("e", "A-1", "booked")
