"""The README's first screen: each call is asked, and its answer compared with the one shown."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import aiohttp

from seatlog.installation import Installation
from tests.stack.client import Client

README = Path(__file__).parents[2] / "README.md"


class Shown(NamedTuple):
    """A call in the README."""

    arguments: list[str]
    """Of curl."""
    answer: str


def shown_calls() -> Iterator[Shown]:
    (block,) = (
        one
        for one in re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
        if "curl" in one
    )
    for call in block.replace("\\\n", " ").split("\n\n"):
        command, *answer = call.strip().splitlines()
        if command.startswith("curl"):
            yield Shown(shlex.split(command)[1:], "".join(line.lstrip("# ") for line in answer))


def is_as_shown(answer: str, shown: str) -> bool:
    """Compare an answer with one that leaves things out (...); numbers and spaces may differ."""
    pieces = (re.escape(re.sub(r"\s", "", piece)) for piece in shown.split("..."))
    pattern = ".*".join(re.sub(r"\d+", r"\\d+", piece) for piece in pieces)
    return re.fullmatch(pattern, re.sub(r"\s", "", answer)) is not None


async def test_each_call_of_the_readme_is_answered_as_it_says(
    installation: Installation, client: Client
) -> None:
    chart = await client.import_chart("sampleChart.json")
    calls = list(shown_calls())
    assert len(calls) == 3
    async with aiohttp.ClientSession() as session:
        for call in calls:
            user, key = call.arguments[0], call.arguments[1]
            url, option, body = call.arguments[2:]
            assert (user, key, option) == ("-u", "$SEATLOG_API_KEY:", "-d"), call
            asked = session.post(
                url.replace("localhost:8080", installation.address),
                data=body.replace("$CHART", chart),
                headers={"Authorization": aiohttp.encode_basic_auth(installation.api_key, "")},
            )
            async with asked as answered:
                text = await answered.text()
            assert is_as_shown(text, call.answer), f"{text}\nshown: {call.answer}"
