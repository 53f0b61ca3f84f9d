"""What the start of a worker costs: each kill of one is paid for with it."""

import subprocess
import sys


def test_a_worker_starts_without_the_libraries_of_the_api_and_the_command_line() -> None:
    spared = ("pydantic", "aiohttp", "asyncpg", "typer", "rich")
    program = (
        "import sys, seatlog.processes.worker\n"
        "from schemas.topics import load_topics\n"
        "load_topics().with_prefix('a.')\n"
        f"print([name for name in {spared} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
