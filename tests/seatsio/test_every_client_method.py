"""Every method of the official Python client is called by some test against our server.

It is looked for in the text of the tests, by its name and where the client has it: a method that
a new version brings stands out here, until there is a test for it.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

import seatsio
from seatsio.pagination.listableObjectsClient import ListableObjectsClient
from seatsio.pagination.lister import Lister

TESTS = Path(__file__).parent
INTERNAL = {"list_expand_params"}
OF_ALL_LISTS = {
    name for kind in (ListableObjectsClient, Lister) for name in vars(kind) if name[0] != "_"
}
"""Once is enough for these: they are the same code for all lists."""


def methods(path: str, part: object) -> Iterator[tuple[str, str]]:
    """Give where a user finds each method of a part of the client, and its name."""
    for name, inner in vars(part).items():
        if type(inner).__module__.startswith("seatsio.") and "client" not in name:
            yield from methods(f"{path}.{name}", inner)
    for name, _ in inspect.getmembers(part, inspect.ismethod):
        if not name.startswith("_") and name not in INTERNAL and "pageFetcher" not in path:
            yield path, name


def is_called(path: str, name: str, tests: str) -> bool:
    if name in OF_ALL_LISTS:
        return f".{name}(" in tests
    if path.endswith(".reports"):
        # Reports are asked by names that are data: `by_status`, and `summary_by_` with `status`.
        kind, _, about = name.rpartition("by_")
        return f".{name}(" in tests or f'"{about if kind else name}"' in tests
    return f"{path}.{name}(" in tests


def test_every_method_of_the_client_is_called() -> None:
    texts = [file.read_text() for file in TESTS.rglob("test_*.py") if file != Path(__file__)]
    tests = "\n".join(texts)
    found = set(methods("c", seatsio.Client(seatsio.Region("http://localhost"), "key")))
    assert len(found) > 100
    assert {path for path, _ in found} >= {"c.events.channels", "c.seasons", "c.charts.reports"}
    missing = [f"{path}.{name}" for path, name in sorted(found) if not is_called(path, name, tests)]
    assert missing == []
