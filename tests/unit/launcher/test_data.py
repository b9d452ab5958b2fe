"""The data folder keeps what is made once, for its owner alone."""

import json
from pathlib import Path

import pytest

from launcher.data import DataFolder, DataFolderError, write_private
from launcher.runfile import RunFile, read_run


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "kubeorch")
    folder.make()
    return folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_nobody_else_may_look_inside(data: DataFolder) -> None:
    data.path.chmod(0o755)

    data.make()
    data.secrets()

    assert mode(data.path) == 0o700
    assert mode(data.logs) == 0o700
    assert mode(data.path / "secrets.json") == 0o600


def test_passwords_and_keys_are_made_once(data: DataFolder) -> None:
    first = data.secrets()

    assert data.secrets() == first
    assert len(first["JWT_SECRET"]) >= 32
    assert len(set(first.values())) == len(first)


def test_what_a_later_version_needs_is_added(data: DataFolder) -> None:
    write_private(data.path / "secrets.json", json.dumps({"JWT_SECRET": "kept", "JWT_SECRETS_OLD": "older"}))

    secrets = data.secrets()

    assert (secrets["JWT_SECRET"], secrets["JWT_SECRETS_OLD"]) == ("kept", "older")
    assert secrets["ENCRYPTION_KEY"]


def test_lost_keys_are_not_replaced_in_silence(data: DataFolder) -> None:
    (data.path / "mongo").mkdir()

    with pytest.raises(DataFolderError, match=r"secrets\.json is missing.*Put it back"):
        data.secrets()


def test_a_damaged_file_is_named(data: DataFolder) -> None:
    (data.path / "secrets.json").write_text("{")

    with pytest.raises(DataFolderError, match=r"secrets\.json is damaged"):
        data.secrets()


def test_one_launcher_at_a_time(data: DataFolder) -> None:
    with data.locked(), pytest.raises(DataFolderError, match="Another launcher"), data.locked():
        pass

    with data.locked():
        pass


def test_run_json_follows_every_change(data: DataFolder) -> None:
    run_file = RunFile(data.run_file, "launch")

    run_file.put("api", pid=7, port=3000, command=["gunicorn", "a b"])
    run_file.put("worker", pid=8, port=None, command=["celery"])
    run_file.drop("api")

    assert read_run(data.run_file)["processes"] == {"worker": {"pid": 8, "command": "celery"}}
    assert mode(data.run_file) == 0o600
    assert [file.name for file in data.path.iterdir() if file.name.startswith(".")] == []


def test_a_run_json_that_is_half_written_or_missing_says_nothing(data: DataFolder) -> None:
    assert read_run(data.run_file) == {}

    data.run_file.write_text('{"laun')

    assert read_run(data.run_file) == {}
