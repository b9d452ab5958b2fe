"""What is started, and with which settings."""

from pathlib import Path

import pytest

from launcher.checks import UnfitMachineError, check_machine, few_files, low_disk, too_old_libc
from launcher.data import DataFolder
from launcher.parts import concurrency, data_folder, make_plan, product_parts
from launcher.ports import free_port
from launcher.supervisor import LOG_MAX_BYTES, rotate


def test_the_product_has_five_processes_and_no_secret_on_a_command_line(tmp_path: Path) -> None:
    parts = product_parts(DataFolder(tmp_path), 3000, 5555, 2, "flower-password")

    assert [part.name for part in parts] == ["api", "worker", "watcher", "scheduler", "flower"]
    assert not any("flower-password" in argument for part in parts for argument in part.command)
    assert parts[-1].environment == {"FLOWER_BASIC_AUTH": "kubeorch:flower-password"}
    assert "--address=127.0.0.1" in parts[-1].command


@pytest.mark.parametrize(
    ("given", "embedded"),
    [
        ({}, {"redis", "mongo"}),
        ({"mongo_uri": "mongodb://db/kubeorch"}, {"redis"}),
        ({"redis_url": "redis://cache/0"}, {"mongo"}),
        ({"mongo_uri": "mongodb://db/kubeorch", "redis_url": "redis://cache/0"}, set()),
    ],
)
def test_servers_of_ones_own_replace_the_embedded_ones(
    tmp_path: Path, given: dict[str, str], embedded: set[str]
) -> None:
    kept = dict.fromkeys(("REDIS_PASSWORD", "MONGO_PASSWORD", "FLOWER_PASSWORD", "JWT_SECRET", "ENCRYPTION_KEY"), "x")

    plan = make_plan({"port": str(free_port()), **given}, DataFolder(tmp_path), kept)

    assert {part.name for part in plan.parts if part.store} == embedded
    assert not {name for name in given if name.upper() in plan.settings}, "what is given is left as it is"


def test_metrics_of_dead_processes_are_forgotten(tmp_path: Path) -> None:
    stale = tmp_path / "metrics" / "counter_1.db"
    stale.parent.mkdir()
    stale.touch()

    product_parts(DataFolder(tmp_path), 3000, 5555, 2, "x")

    assert not stale.exists()


def test_a_worker_has_at_most_four_processes_unless_it_is_told() -> None:
    assert 1 <= concurrency({}) <= 4
    assert concurrency({"worker_concurrency": "7"}) == 7


def test_the_data_folder_is_the_given_one(tmp_path: Path) -> None:
    assert data_folder({"kubeorch_data": str(tmp_path)}).path == tmp_path
    assert data_folder({}).path.name == "kubeorch"


@pytest.mark.parametrize(
    ("name", "version", "answer"),
    [("glibc", "2.27", "glibc 2.27"), ("glibc", "2.28", None), ("glibc", "2.36", None), ("", "", None)],
)
def test_an_old_libc_is_recognised(name: str, version: str, answer: str | None) -> None:
    assert too_old_libc(name, version) == answer


def test_a_machine_that_is_short_of_something_is_warned_of(tmp_path: Path) -> None:
    assert list(low_disk(500 * 2**20, tmp_path)) == [f"Only 500 MiB are free in {tmp_path}."]
    assert list(low_disk(5 * 2**30, tmp_path)) == []
    assert "ulimit -n" in next(few_files(1024))


def test_this_machine_will_do(tmp_path: Path) -> None:
    try:
        check_machine(tmp_path, embedded_mongo=True)
    except UnfitMachineError as error:
        pytest.fail(str(error))


def test_a_log_that_has_grown_is_put_aside_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    for content in ("first", "second", "third", "fourth", "fifth"):
        log.write_text(content)
        with log.open("ab") as file:
            file.truncate(LOG_MAX_BYTES + 1)
        rotate(log)
    log.write_text("short")
    rotate(log)

    kept = {file.name: file.read_text()[:6].rstrip("\0") for file in tmp_path.iterdir()}
    assert kept == {"api.log": "short", "api.log.1": "fifth", "api.log.2": "fourth", "api.log.3": "third"}
