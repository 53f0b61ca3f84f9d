"""Charts of others."""

import pytest

from tests.seatsio.installation import Company, Installation


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("GET", ""),
        ("GET", "/version/published"),
        ("GET", "/version/draft"),
        ("GET", "/version/published/thumbnail"),
        ("POST", "/version/draft/actions/publish"),
        ("POST", "/version/published/actions/validate"),
        ("POST", "/version/published/actions/copy"),
        ("GET", "/categories"),
        ("DELETE", "/categories/1"),
        ("POST", "/tags/x"),
        ("DELETE", "/tags/x"),
        ("POST", "/actions/move-to-archive"),
        ("POST", "/actions/move-out-of-archive"),
    ],
)
async def test_a_chart_of_another_workspace_is_not_found(
    company: Company, running: Installation, method: str, path: str
) -> None:
    chart = (await (await running.company()).post("/charts")).json["key"]
    answer = await company.call(method, f"/charts/{chart}{path}")
    said = f"Chart not found: {chart} was not found in workspace {company.workspace}"
    assert (answer.status, answer.messages) == (404, [said])
