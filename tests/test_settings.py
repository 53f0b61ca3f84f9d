"""The settings, the files of secrets, and what `seatlog serve` says of wrong ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seatlog.installation import PortTakenError, check_free
from seatlog.local.ports import LOOPBACK, free_port
from seatlog.secret_files import SecretFileError, read_secret, write_secret
from seatlog.settings import VARIABLES, SettingsError, load_local_settings, load_settings

ROOT = Path(__file__).parents[1]
DRAWING = ROOT / "seatlog" / "demo" / "venues" / "sampleChart.json"
NOBODY = f"{LOOPBACK}:1"


def _seatlog(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "seatlog", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **environment},
    )


def test_what_is_not_named_is_local_and_the_rest_is_read() -> None:
    settings = load_local_settings(
        {"SEATLOG_TOPIC_PREFIX": "a.", "SEATLOG_HOST": "0.0.0.0", "KAFKA_BOOTSTRAP": ""}  # noqa: S104
    )
    assert (settings.topic_prefix, settings.host) == ("a.", "0.0.0.0")  # noqa: S104
    assert settings.signing_key is None


def test_each_setting_has_its_row() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert set(VARIABLES.values()) <= rows


def test_a_short_signing_key_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="SEATLOG_SIGNING_KEY must be 64 hex digits"):
        load_local_settings({"SEATLOG_SIGNING_KEY": "ab"})


@pytest.mark.parametrize(
    "url", ["postgres", "mysql://a@b/c", "postgresql://a:secret@b:99999/c", "postgresql://b:x/c"]
)
def test_what_is_not_an_address_of_postgres_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError, match=r"DATABASE_URL.*postgresql://user") as refused:
        load_settings({"KAFKA_BOOTSTRAP": NOBODY, "DATABASE_URL": url})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a:b@one:5432,two:5433/c",
        "postgres://[::1]/c",
        "postgresql://[::1]:5432/c",
        "postgresql:///c?host=/var/run/postgresql",
    ],
)
def test_every_form_of_an_address_of_postgres_is_taken(url: str) -> None:
    settings = load_settings({"KAFKA_BOOTSTRAP": NOBODY, "DATABASE_URL": url})
    assert settings.database_url == url
    assert url not in repr(settings)


def test_everything_that_is_missing_or_wrong_is_named_at_once() -> None:
    wrong = {"DATABASE_URL": "mysql://", "PORT": "70000", "TEST_COMPANIES": "perhaps"}
    with pytest.raises(SettingsError) as refused:
        load_settings(wrong)
    for name in ("KAFKA_BOOTSTRAP is missing", "DATABASE_URL: ", "PORT: ", "TEST_COMPANIES: "):
        assert name in str(refused.value)


def test_numbers_and_switches_are_read_from_their_texts() -> None:
    settings = load_local_settings({"PORT": "0", "TEST_COMPANIES": "1", "SYSTEM_SECRET": "2"})
    assert (settings.port, settings.test_companies, settings.system_secret) == (0, True, "2")


def test_a_secret_is_kept_for_this_account_alone_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert read_secret(file) is None
    (tmp_path / "key.new").touch(mode=0o644)  # as a crash leaves it
    write_secret(file, "first")
    assert read_secret(file) == "first"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(SecretFileError, match="is there already"):
        write_secret(file, "second")


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.touch()
    with pytest.raises(SecretFileError, match="is empty"):
        read_secret(file)


def test_a_host_of_another_machine_is_refused() -> None:
    with pytest.raises(PortTakenError, match=r"192\.0\.2\.1.*cannot be listened on"):
        check_free("192.0.2.1", free_port())


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"KAFKA_BOOTSTRAP": NOBODY, "DATABASE_URL": f"postgresql://a:b@{NOBODY}/c"}, NOBODY),
        ({"SEATLOG_TOPIC_PREFIX": "a/b"}, "cannot stand before a topic's name"),
        ({"SEATLOG_LOG_LEVEL": "LOUD"}, "SEATLOG_LOG_LEVEL"),
    ],
)
def test_serve_says_what_is_wrong_in_a_line(
    environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    port = str(free_port())
    done = _seatlog("serve", "--port", port, "--data", str(tmp_path / "data"), **environment)
    assert done.returncode == 1
    assert done.stderr.startswith("seatlog serve: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_says_that_the_database_is_away(kafka_bootstrap: str, tmp_path: Path) -> None:
    away = {"KAFKA_BOOTSTRAP": kafka_bootstrap, "DATABASE_URL": f"postgresql://a:b@{NOBODY}/c"}
    done = _seatlog("serve", "--port", str(free_port()), "--data", str(tmp_path), **away)
    assert done.returncode == 1
    assert "Postgres does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_api_key_of_a_command_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    call = ("charts", "import", str(DRAWING), "--api", f"http://{NOBODY}")
    assert "set SEATLOG_API_KEY" in _seatlog(*call).stderr
    assert "does not answer" in _seatlog(*call, SEATLOG_API_KEY="sk_1").stderr
    file = tmp_path / "key"
    file.touch()
    assert "is empty" in _seatlog(*call, "--key-file", str(file)).stderr
    file.write_text("sk_1", encoding="ascii")
    assert "does not answer" in _seatlog(*call, "--key-file", str(file)).stderr
    assert "No such option" in _seatlog(*call, "--key", "sk_1").stderr


def test_charts_validate_names_all_that_is_wrong_with_a_drawing() -> None:
    wrong = ROOT / "tests" / "charts" / "drawings" / "sampleChartWithErrors.json"
    done = _seatlog("charts", "validate", str(wrong), str(DRAWING))
    assert done.returncode == 1
    told = [line.strip() for line in done.stdout.splitlines()]
    errors = [line.split()[1] for line in told if line.startswith("error ")]
    assert len(errors) == len(set(errors)) == 3
    assert "subChart.rows[0].seats[1]: 'A-1'" in told
    assert f"{DRAWING}: 34 bookable objects, 232 places" in told
    assert _seatlog("charts", "validate", str(DRAWING)).returncode == 0
    unreadable = _seatlog("charts", "validate", __file__)
    assert unreadable.returncode == 1
    assert "cannot be read" in unreadable.stdout
