"""A clone that is stopped, or whose worker is killed, leaves no process and no file."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import CancelledError
from app.sources.workspaces import Workspaces
from tests.git_clones import ADA, Cloner, processes_in
from tests.git_server import GitServer, Handler
from tests.waiting import eventually

WORKER = """
import sys
from pathlib import Path
from app.sources.urls import repository_of
from app.sources.workspaces import Workspaces
from tests.git_clones import ADA, Cloner
with Workspaces(Path(sys.argv[1])).folder("import") as into:
    Cloner(into).clone(sys.argv[2], credential=ADA)
"""


@pytest.fixture
def hanging(server: GitServer) -> GitServer:
    """A host that lists its refs and then keeps git waiting."""
    server.repository().commit({"a": "1"})
    server.passwords = {ADA.username: ADA.token}
    server.answer = lambda handler: handler.is_git and handler.command == "POST" and handler.wait()
    return server


def is_fetching(server: GitServer) -> bool:
    return any(seen.method == "POST" and "KubeOrch" not in seen.headers["User-Agent"] for seen in server.seen)


def test_whoever_says_stop_ends_git_and_everything_it_started(hanging: GitServer, cloner: Cloner) -> None:
    running: list[int] = []

    def check() -> None:
        if is_fetching(hanging):
            running.append(len(processes_in(cloner.into)))
            raise CancelledError

    with pytest.raises(CancelledError):
        cloner.clone(f"{hanging.url}/team/app", credential=ADA, check=check)

    assert running and running[0] >= 2, "git and its helper for http"
    assert processes_in(cloner.folder) == {}
    assert not cloner.into.exists()


def test_stop_counts_before_git_starts_too(hanging: GitServer, cloner: Cloner) -> None:
    def check() -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        cloner.clone(f"{hanging.url}/team/app", check=check, credential=ADA)

    assert not is_fetching(hanging)
    assert not cloner.into.exists()


def test_after_kill_9_the_next_worker_ends_what_is_left(hanging: GitServer, tmp_path: Path) -> None:
    root = tmp_path / "work"
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(root), f"{hanging.url}/team/app"])
    eventually(lambda: is_fetching(hanging), within_s=30)
    left = processes_in(root)
    assert len(left) >= 2

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    assert Workspaces(root).sweep() == 1

    eventually(lambda: not processes_in(root))
    assert list(root.iterdir()) == []


def test_no_process_and_no_file_of_a_clone_knows_the_credential(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})
    server.passwords = {ADA.username: ADA.token}
    seen: list[bytes] = []

    def look(handler: Handler) -> bool:
        if handler.is_git and handler.command == "POST":
            for process in processes_in(cloner.into).values():
                seen.extend(process.values())
            seen.extend(path.read_bytes() for path in cloner.into.rglob("*") if path.is_file())
        return False

    server.answer = look
    clone = cloner.clone(f"{server.url}/team/app", credential=ADA)

    assert any(b"git" in part and b"fetch" in part for part in seen), "git was looked at while it ran"
    seen.extend(path.read_bytes() for path in clone.folder.parent.rglob("*") if path.is_file())
    seen.append("\n".join(cloner.said).encode())
    assert [part for part in seen if ADA.token.encode() in part] == []


def test_git_sees_nothing_of_the_workers_environment(
    server: GitServer, cloner: Cloner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET", "canary-of-the-environment")
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.symlinks")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    server.repository().commit({"a": "1"})
    seen: list[bytes] = []

    def look(handler: Handler) -> bool:
        if handler.is_git:
            seen.extend(process["environ"] for process in processes_in(cloner.into).values())
        return False

    server.answer = look
    cloner.clone(f"{server.url}/team/app")

    assert seen
    for environment in seen:
        assert b"canary" not in environment and b"http://127.0.0.1:9" not in environment
        assert b"GIT_CONFIG_COUNT" not in environment and b"GIT_SSL_NO_VERIFY" not in environment
