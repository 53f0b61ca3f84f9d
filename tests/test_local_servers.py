import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from adapters.kafka.admin import apply_topics
from schemas.topics import EVENTS_OUTBOX, Topics
from seatlog.local import java, leashed, ports
from seatlog.local.failure import LocalServerError
from seatlog.local.kafka import LocalKafka
from seatlog.local.kafka_jars import KAFKA_VERSION, class_path, read_lock
from seatlog.local.leashed import DataLock, LeashedServer
from seatlog.local.postgres import LocalPostgres
from tests.conftest import give_up
from tests.eventually import eventually

ROOT = Path(__file__).parent.parent

# Starts a database, says its process id, and waits to be killed.
OWNER = """
import sys, time
from pathlib import Path
from seatlog.local.postgres import LocalPostgres
postgres = LocalPostgres(Path(sys.argv[1]))
postgres.start()
postgres.wait_ready()
print(postgres.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def postgres(tmp_path: Path, postgres_dsn: str) -> Iterator[LocalPostgres]:
    """Give a database server of this test alone; skipped where there are no binaries."""
    if "DATABASE_URL" in os.environ:
        pytest.skip(f"DATABASE_URL is set, so servers from wheels are not used: {postgres_dsn}")
    server = LocalPostgres(tmp_path / "postgres")
    server.start()
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[int]:
    held = DataLock(tmp_path / "test.lock")
    yield held.take()
    held.let_go()


async def test_the_broker_keeps_what_it_acknowledged_when_it_is_killed(
    tmp_path: Path, kafka_bootstrap: str, topic_names: Topics
) -> None:
    if "KAFKA_BOOTSTRAP" in os.environ:
        pytest.skip(f"KAFKA_BOOTSTRAP is set, so no broker from wheels: {kafka_bootstrap}")
    kafka = LocalKafka(tmp_path / "kafka")
    topic = topic_names[EVENTS_OUTBOX].physical_name
    try:
        await asyncio.to_thread(_start, kafka)
        address = kafka.bootstrap
        await apply_topics(kafka.bootstrap, topic_names)
        async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
            await producer.send_and_wait(topic, b"answered", partition=3)

        await asyncio.to_thread(kafka.kill)
        await asyncio.to_thread(_start, kafka)

        assert kafka.bootstrap == address, "clients must find it again"
        async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
            consumer.assign([TopicPartition(topic, 3)])
            await consumer.seek_to_beginning()
            record = await asyncio.wait_for(consumer.getone(), 20)
        assert record.value == b"answered"
        assert record.timestamp_type == 1, "the broker's time, not the producer's"
    finally:
        await asyncio.to_thread(kafka.stop)
    assert not kafka.running


def _start(kafka: LocalKafka) -> None:
    kafka.start()
    kafka.wait_ready()


async def test_the_database_keeps_what_it_committed_when_it_is_killed(
    postgres: LocalPostgres,
) -> None:
    dsn = postgres.dsn
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE sold AS SELECT 'A-1' AS seat")
    postgres.kill()
    assert not postgres.running
    await connection.close(timeout=1)

    assert postgres.start() == dsn
    postgres.wait_ready()

    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT seat FROM sold") == "A-1"
    await connection.close()


async def test_the_database_wants_its_password(postgres: LocalPostgres) -> None:
    password = postgres.dsn.split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.dsn.replace(password, "guess"))


def test_the_database_is_reached_from_this_machine_only(postgres: LocalPostgres) -> None:
    listening = subprocess.run(
        [sys.executable, "-c", _LISTENERS, str(postgres.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(listening.stdout.split()) == {ports.LOOPBACK}


_LISTENERS = """
import psutil, sys
for connection in psutil.Process(int(sys.argv[1])).net_connections():
    if connection.status == psutil.CONN_LISTEN:
        print(connection.laddr.ip)
"""


def test_a_server_ends_when_its_owner_is_killed(postgres: LocalPostgres) -> None:
    postgres.stop()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, postgres.data], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert owner.stdout is not None
    with owner.stdout as said:
        pid = int(said.readline())
    assert is_alive(pid)

    owner.kill()
    owner.wait()

    # The next owner need not wait itself: taking the data waits for the last server's end.
    postgres.start()
    assert not is_alive(pid)
    postgres.wait_ready()


async def test_a_server_started_from_a_thread_outlives_the_thread(
    tmp_path: Path, lock: int
) -> None:
    started: list[LeashedServer] = []

    def start() -> None:
        started.append(LeashedServer(["sleep", "60"], log=tmp_path / "log", lock=lock))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    (server,) = started
    assert server.running
    assert is_alive(server.pid)
    server.stop()
    assert not is_alive(server.pid)


async def test_a_server_that_ignores_its_stop_is_killed(tmp_path: Path, lock: int) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)"
    server = LeashedServer(
        [sys.executable, "-c", f"{stubborn}; time.sleep(60)"],
        log=tmp_path / "log",
        lock=lock,
        grace_s=0.2,
    )

    def is_up() -> None:
        assert "up" in (tmp_path / "log").read_text()

    await eventually(is_up)
    server.stop()
    assert not is_alive(server.pid)


async def test_a_terminated_leash_takes_its_server_along(tmp_path: Path, lock: int) -> None:
    server = LeashedServer(["sleep", "60"], log=tmp_path / "log", lock=lock)
    os.kill(server._leash.pid, signal.SIGTERM)

    def is_gone() -> None:
        assert not server.running

    await eventually(is_gone)
    assert not is_alive(server.pid)
    server.stop()


def test_a_server_that_ends_at_its_start_says_why(tmp_path: Path, lock: int) -> None:
    server = LeashedServer(
        ["sh", "-c", "echo the disk is full; exit 3"], log=tmp_path / "log", lock=lock
    )
    with pytest.raises(LocalServerError, match="the disk is full"):
        server.wait_until(lambda: False, within_s=20)
    server.stop()


def test_a_server_that_is_not_there_says_so(tmp_path: Path, lock: int) -> None:
    with pytest.raises(LocalServerError, match="could not be started"):
        LeashedServer([tmp_path / "no-such-server"], log=tmp_path / "log", lock=lock)


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, lock: int) -> None:
    server = LeashedServer(["sleep", "60"], log=tmp_path / "log", lock=lock)
    with pytest.raises(LocalServerError, match=r"did not answer within 0\.1 s"):
        server.wait_until(lambda: False, within_s=0.1)
    server.stop()


def test_two_servers_do_not_share_a_data_folder(
    tmp_path: Path, lock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leashed, "_LOCK_WAIT_S", 0.1)
    assert lock
    with pytest.raises(LocalServerError, match="in use by another server"):
        DataLock(tmp_path / "test.lock").take()


def test_a_port_in_use_is_named(postgres: LocalPostgres, tmp_path: Path) -> None:
    taken = int(postgres.dsn.split(":")[3].split("/")[0])
    second = LocalPostgres(tmp_path / "second", port=taken)
    with pytest.raises(LocalServerError, match=f"port {taken} is taken"):
        second.start()
    assert not second.running


def test_a_machine_without_java_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_392\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java, "find_spec", lambda _: None)
    with pytest.raises(LocalServerError, match="no Java 17 or newer: set JAVA_HOME"):
        java.find_java()


def test_the_java_of_the_machine_comes_before_the_one_of_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "bin" / "java"
    own.parent.mkdir()
    own.write_text("#!/bin/sh\necho 'openjdk version \"21.0.2\"' >&2\n")
    own.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java.find_java() == java.Java(own, 21, 'openjdk version "21.0.2"\n')


def test_the_lock_names_every_jar_with_its_hash() -> None:
    jars = read_lock()
    assert len(jars) == 46
    assert all(len(jar.sha256) == 64 for jar in jars)
    own = {jar.version for jar in jars if jar.organisation == "org.apache.kafka"}
    assert own == {KAFKA_VERSION}


@pytest.fixture
def repository(tmp_path: Path, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a Maven repository on disk that holds every jar, and an empty cache."""
    assert kafka_bootstrap
    have = dict(zip(read_lock(), class_path().split(os.pathsep), strict=True))
    for jar, file in have.items():
        place = tmp_path / "m2" / jar.organisation.replace(".", "/") / jar.name / jar.version
        place.mkdir(parents=True)
        (place / jar.file_name).symlink_to(file)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    return tmp_path / "m2"


def test_the_class_path_is_brought_once(repository: Path) -> None:
    first = class_path()
    assert all(Path(jar).is_file() for jar in first.split(os.pathsep))
    for jar in repository.rglob("*.jar"):
        jar.unlink()
    assert class_path() == first


def test_a_changed_jar_is_refused(repository: Path) -> None:
    victim = next(repository.rglob("kafka-clients-*.jar"))
    victim.unlink()
    victim.write_bytes(b"something else")
    with pytest.raises(LocalServerError, match=r"kafka-clients-.*not the file of the lock"):
        class_path()


@pytest.mark.parametrize(
    ("servers", "outcome"), [("", pytest.skip.Exception), ("required", pytest.fail.Exception)]
)
def test_a_missing_server_skips_on_a_persons_machine_and_fails_where_it_is_required(
    servers: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEATLOG_SERVERS", servers)
    with pytest.raises(outcome, match="no Java 17"):
        give_up(LocalServerError("no Java 17"))


def test_no_port_is_given_out_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatlog.local.ports._given", set())
    drawn = iter([25_001, 25_001, 25_002])
    monkeypatch.setattr("seatlog.local.ports.random.randint", lambda *_: next(drawn))
    monkeypatch.setattr("seatlog.local.ports.is_free", lambda _: True)
    assert [ports.free_port(), ports.free_port()] == [25_001, 25_002]
