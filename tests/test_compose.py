"""docker-compose.yml against the program itself: no Docker is needed to see them drift apart."""

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from seatlog.cli import app
from seatlog.lifetime import GRACE_S, run_until_told
from seatlog.local.kafka import LocalKafka, Quorum
from seatlog.local.kafka_jars import KAFKA_VERSION
from seatlog.settings import VARIABLES, load_settings

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "seatlog"}
STAYING = {name for name, service in OURS.items() if service["restart"] != "no"}


def test_it_has_every_part_of_the_service() -> None:
    commands = sorted(service["command"][0] for service in OURS.values())
    assert commands == ["api", "migrate", "projector", "topics", "worker", "worker"]
    assert {"kafka", "postgres"} <= SERVICES.keys()


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_that_the_program_has(name: str) -> None:
    command: Any = typer.main.get_command(app)
    for word in OURS[name]["command"]:
        command = command.commands[word]


@pytest.mark.parametrize("name", OURS)
def test_each_setting_is_one_that_the_program_reads(name: str) -> None:
    environment = {key: str(value) for key, value in OURS[name]["environment"].items()}
    assert environment.keys() <= set(VARIABLES.values())
    # No default: tokens signed with a key that everybody knows are no tokens.
    assert environment["SEATLOG_SIGNING_KEY"].startswith("${SEATLOG_SIGNING_KEY:?")
    settings = load_settings({**environment, "SEATLOG_SIGNING_KEY": "ab" * 32})
    assert len(settings.signing_key_bytes()) == 32
    assert settings.kafka_bootstrap == "kafka:9092"


def test_each_worker_has_a_static_name_of_its_own() -> None:
    members = [
        service["environment"]["SEATLOG_MEMBER"]
        for service in OURS.values()
        if service["command"] == ["worker"]
    ]
    assert len(set(members)) == len(members) == 2


def test_the_broker_has_the_settings_of_the_local_one(tmp_path: Path) -> None:
    LocalKafka(tmp_path).write_settings(Quorum("a cluster", [1]))
    lines = (tmp_path / "server.properties").read_text(encoding="utf-8").splitlines()
    local = dict(line.split("=", 1) for line in lines if "=" in line)
    there = {
        name.removeprefix("KAFKA_").replace("_", ".").lower(): str(value)
        for name, value in SERVICES["kafka"]["environment"].items()
    }
    of_a_place = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
    same = there.keys() - of_a_place - {"listener.security.protocol.map"}
    assert {name: there[name] for name in same} == {name: local[name] for name in same}


def test_servers_are_those_of_the_local_run_and_keep_their_data() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert SERVICES["postgres"]["image"] == "postgres:18"
    for name in ("kafka", "postgres"):
        (volume,) = SERVICES[name]["volumes"]
        assert volume.split(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("name", ["kafka", "postgres", "api"])
def test_each_server_says_whether_it_is_healthy(name: str) -> None:
    test = SERVICES[name]["healthcheck"]["test"]
    assert test[0] == "CMD"
    if name == "postgres":
        # Its first start runs a server on the socket alone, and ends it again.
        assert test[test.index("-h") + 1] == "127.0.0.1"
    if name == "api":
        port = load_settings({"KAFKA_BOOTSTRAP": "k", "DATABASE_URL": "postgresql://d"}).port
        assert f"127.0.0.1:{port}/ready" in test[-1]
        assert SERVICES[name]["ports"] == [f"{port}:{port}"]


@pytest.mark.parametrize("name", sorted(STAYING - {"api"}))
def test_a_process_without_a_port_is_healthy_while_its_event_loop_turns(
    name: str, tmp_path: Path
) -> None:
    alive_file = SERVICES[name]["environment"]["SEATLOG_ALIVE_FILE"]
    word, *check = SERVICES[name]["healthcheck"]["test"]
    assert word == "CMD"
    assert check[0] == "python"
    here = tmp_path / "alive"
    check = [
        sys.executable,
        *(part.replace(f"'{alive_file}'", repr(str(here))) for part in check[1:]),
    ]

    def is_healthy() -> bool:
        return subprocess.run(check, check=False, stderr=subprocess.DEVNULL).returncode == 0

    async def live() -> None:
        await asyncio.sleep(0)

    assert not is_healthy()
    assert run_until_told(live(), leashed=False, alive_file=str(here)) == 0
    assert is_healthy()
    hung_since = time.time() - 11
    os.utime(here, (hung_since, hung_since))
    assert not is_healthy()


@pytest.mark.parametrize("name", OURS)
def test_nothing_starts_before_what_it_needs(name: str) -> None:
    needs = SERVICES[name]["depends_on"]
    for needed, condition in needs.items():
        service = SERVICES[needed]
        runs_once = service.get("restart") == "no"
        expected = "service_completed_successfully" if runs_once else "service_healthy"
        assert condition["condition"] == expected
    assert float(OURS[name]["stop_grace_period"].rstrip("s")) > GRACE_S + 5


def test_the_image_runs_the_program_as_an_ordinary_user() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert 'ENTRYPOINT ["seatlog"]' in lines
    assert "USER seatlog" in lines
    assert "ENV SEATLOG_HOST=0.0.0.0" in lines
    copied = {line.split()[1] for line in lines if re.fullmatch(r"COPY \w+ \w+", line)}
    assert copied == {"schemas", "engine", "adapters", "workers", "api", "seatlog"}


def test_the_image_installs_the_versions_that_the_tests_run_with() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert any("--require-hashes -r requirements/run.txt" in line for line in lines)
    assert any(line.endswith("--no-deps .") for line in lines)
    run, dev = (
        (ROOT / "requirements" / name).read_text(encoding="utf-8").split("\n")
        for name in ("run.txt", "dev.txt")
    )
    assert len(run) > 30
    assert set(run) <= set(dev)


def test_the_build_is_sent_what_the_image_copies_and_no_more() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if re.match(r"COPY \w", line)]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    sent = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert sent == {name for names in copied for name in names}
