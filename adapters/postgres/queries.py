"""The SQL files of this package: each holds blocks that begin with a line `-- name: ...`."""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_queries(file: str) -> dict[str, str]:
    """Read the named blocks of `sql/<file>.sql`."""
    text = (files(__package__) / "sql" / f"{file}.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    return dict(zip(parts[::2], (block.strip() for block in parts[1::2]), strict=True))
