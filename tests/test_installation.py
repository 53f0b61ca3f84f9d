"""The environment of an installation's processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seatlog.installation import Installation


@pytest.mark.parametrize("forbidden", [True, False])
def test_where_python_may_not_write_bytecode_the_data_folder_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, forbidden: bool
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", forbidden)
    installation = Installation(tmp_path, bootstrap="localhost:1", dsn="", port=1)
    child = installation._child("worker-1", "worker")
    subprocess.run(
        [sys.executable, "-c", "import seatlog.settings"],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **child.environment},
        check=True,
    )
    assert bool(list(tmp_path.rglob("settings.*.pyc"))) == forbidden
