"""Schemathesis over the OpenAPI document: no fault of ours, and no answer outside of it."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.charts.venues import document
from tests.seatsio.installation import Installation

CASES = int(os.environ.get("CASES", "600"))
"""In all; `make fuzz` asks for 5,000."""
HOOKS = Path(__file__).with_name("fuzz_hooks.py")
CHECKS = (
    *("not_a_server_error", "status_code_conformance"),
    *("content_type_conformance", "response_schema_conformance"),
)


@pytest.mark.timeout(3600)
async def test_made_up_requests_get_answers_that_the_document_knows(running: Installation) -> None:
    company = await running.company()
    await company.call("POST", "/system/public/charts/E", document("sampleChart"))
    await company.event("E", "E")
    token = (await company.post("/hold-tokens", {"expiresInMinutes": 60})).json["holdToken"]
    operations = await _operations(running)
    # A fifth more: some operations have few inputs that differ.
    examples = -(-CASES * 6 // (5 * operations))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {company.admin_secret}"),
        *("--checks", ",".join(CHECKS), "--phases", "fuzzing", "--max-examples", str(examples)),
        *("--suppress-health-check", "all", "--workers", "2", "--no-color", "--warnings", "off"),
        *("--continue-on-failure", "--request-timeout", "30"),
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "FUZZ_HOLD_TOKEN": token,
        "FUZZ_WORKSPACE": company.workspace,
    }
    run = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output = (await run.communicate())[0].decode()
    assert run.returncode == 0, output[-20_000:]
    generated = re.search(r"(\d+) generated", output)
    assert generated is not None, output[-2_000:]
    assert int(generated[1]) >= CASES, output[-2_000:]


async def _operations(running: Installation) -> int:
    async with running.http.get(f"{running.url}/openapi.json") as response:
        paths = (await response.json())["paths"]
    return sum(len(operations) for operations in paths.values())
