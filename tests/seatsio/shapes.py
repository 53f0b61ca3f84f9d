"""The shape of every refusal, as the vendor's clients read it."""

from tests.seatsio.installation import Answer


def assert_vendor_shape(answer: Answer) -> None:
    """Check a 4xx or 5xx: all that any of the clients looks at is there, and of its kind."""
    if answer.status in {401, 403}:
        assert answer.body == b"", answer
        return
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["content-type"].startswith("application/json"), answer
    said = answer.json
    assert said["status"] == answer.status
    assert said["warnings"] == []
    assert said["requestId"] == headers["x-request-id"]
    assert said["errors"]
    for problem in said["errors"]:
        assert set(problem) == {"code", "message"}
        assert all(isinstance(part, str) and part for part in problem.values())
    told = [problem["message"] for problem in said["errors"]]
    assert said["messages"] == told
    if answer.status == 429:
        assert int(headers["retry-after"]) >= 1
