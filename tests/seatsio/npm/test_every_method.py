"""Every method of the npm client is called by a flow: one that a new version brings stands out."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.seatsio.npm.installed import HERE

METHOD = re.compile(r"^    (?:async )?([a-z]\w*)\(", re.MULTILINE)
REPORT = re.compile(r"by|summaryBy|deepSummaryBy")
"""The flow `everyReport` finds these by itself."""
INTERNAL = {
    *("constructor", "iterator", "activeWorkspacesIterator", "inactiveWorkspacesIterator"),
    *("doChangeStatus", "changeStatusToRequest", "releaseObjectsRequest", "normalizeObjects"),
    *("buildChangeObjectStatusRequest", "fetchReport", "fetchSummaryReport", "queryParams"),
}


def methods(modules: Path) -> Iterator[tuple[str, str]]:
    """Give the name of each part of the client, and of each of its methods."""
    folder = modules / "seatsio/dist/src"
    files = [folder / "Events/Channels.js", *folder.glob("Reports/*Reports.js")]
    files += [part / f"{part.name}.js" for part in folder.iterdir() if part.is_dir()]
    for file in files:
        if file.exists():
            for name in METHOD.findall(file.read_text()):
                yield file.stem, name


async def test_every_method_of_the_client_is_in_a_flow(client_modules: Path) -> None:
    flows = (HERE / "flows.cjs").read_text()
    found = [
        (part, name)
        for part, name in methods(client_modules)
        if name not in INTERNAL and not (part.endswith("Reports") and REPORT.match(name))
    ]
    assert len(found) > 100
    assert {part for part, _ in found} >= {"Events", "Channels", "Charts", "Seasons", "Workspaces"}
    assert [(part, name) for part, name in found if f".{name}(" not in flows] == []
