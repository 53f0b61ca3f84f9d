"""`seatlog charts import` against a running ingress."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.seatsio.installation import Company

DRAWING = Path(__file__).parents[3] / "seatlog" / "demo" / "venues" / "sampleChart.json"


def seatlog_import(
    company: Company, file: Path, *more: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "seatlog", "charts", "import", str(file)]
    return subprocess.run(
        [*command, "--api", company.url, *more],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


async def test_a_drawing_becomes_a_published_chart_and_its_key_is_printed(
    company: Company, tmp_path: Path
) -> None:
    key_file = tmp_path / "key"
    key_file.write_text(company.secret, encoding="ascii")
    named = ("--key-file", str(key_file), "--name", "The arena")
    done = await asyncio.to_thread(seatlog_import, company, DRAWING, *named)
    assert (done.returncode, done.stderr) == (0, "")
    chart = (await company.get(f"/charts/{done.stdout.strip()}")).json
    assert (chart["name"], chart["status"]) == ("The arena", "NOT_USED")
    await company.event("E", chart["key"])
    assert (await company.get("/events/E/objects/A-1")).json["status"] == "free"


async def test_it_says_why_a_drawing_is_not_taken(company: Company, tmp_path: Path) -> None:
    file = tmp_path / "drawing.json"
    file.write_text('{"subChart": 1}', encoding="utf-8")
    done = await asyncio.to_thread(seatlog_import, company, file, SEATLOG_API_KEY=company.secret)
    assert done.returncode == 1
    assert "subChart" in done.stderr
    assert "Traceback" not in done.stderr
    done = await asyncio.to_thread(seatlog_import, company, file, SEATLOG_API_KEY="nobodys")
    assert done.returncode == 1
    assert "401" in done.stderr
    assert (await company.get("/charts")).json["items"] == []
