"""27. No URL, branch or name of a remote becomes an option or a command: 400, and no process is started."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.sources.errors import SourceError
from tests.api import API, Person
from tests.git_clones import Cloner, cloner, contents, server
from tests.git_server import GitServer

__all__ = ["cloner", "server"]  # fixtures

MARKER = "/tmp/kubeorch-test-27-marker"
REFUSED = [
    "-",
    "--upload-pack=touch " + MARKER,
    f"--upload-pack=touch${{IFS}}{MARKER}",
    "-u./x",
    f"ext::sh -c touch% {MARKER}",
    f"ext::touch%20{MARKER}",
    "fd::17",
    "transport::address",
    "file:///etc",
    "file://localhost/etc",
    "/etc",
    "./x",
    "ssh://-oProxyCommand=touch/x",
    f"ssh://-oProxyCommand=touch%20{MARKER}/x",
    "git@-oProxyCommand=x:y",
    "https://-x/a/b",
    "https://$HOST/a/b",
    "https://github.com/$(id)/b",
    "https://github.com/a/b`id`",
    "https://github.com/a/b|id",
    "https://github.com/a/'b'",
    'https://github.com/a/"b"',
    "https://github.com/a/b\n--upload-pack=x",
    "https://github.com/a/b\x00",
    "https://github.com/a/b%0a--upload-pack=x",
    "https://github.com/a/%2e%2e/b",
    "https://ada:x%0ahost=evil@github.com/a/b",
]
BRANCHES = [
    "-",
    "--upload-pack=x",
    "-c core.sshCommand=x",
    "main --upload-pack=x",
    "$(id)",
    "`id`",
    "'x'",
    '"x"',
    "a;id",
    "a|id",
    "a\nb",
    "a\x00b",
    "+a:b",
    "a:refs/heads/b",
    "^a",
    "a..b",
    "@{-1}",
    "../../etc",
]


class Started:
    """Processes that this one has started."""

    def __init__(self) -> None:
        self.commands: list[object] = []
        self.is_watching = False

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.is_watching and event in {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.fork", "os.system"}:
            self.commands.append(arguments[:2])


STARTED = Started()
sys.addaudithook(STARTED.hear)  # can't be taken away again, so it is one for all, and deaf in between


@pytest.fixture
def started() -> Iterator[Started]:
    STARTED.commands, STARTED.is_watching = [], True
    yield STARTED
    STARTED.is_watching = False


@pytest.mark.parametrize("url", REFUSED)
def test_27_a_url_that_is_none_is_refused_before_anything_starts(cloner: Cloner, started: Started, url: str) -> None:
    with pytest.raises(SourceError) as refused:
        cloner.clone(url)

    assert refused.value.code == "INVALID_URL"
    assert started.commands == []
    assert not Path(MARKER).exists()


@pytest.mark.parametrize("branch", BRANCHES)
def test_27_a_branch_that_is_none_is_refused_before_anything_starts(
    server: GitServer, cloner: Cloner, branch: str
) -> None:
    server.repository()
    STARTED.commands, STARTED.is_watching = [], True
    try:
        with pytest.raises(SourceError) as refused:
            cloner.clone(f"{server.url}/team/app", branch)
    finally:
        STARTED.is_watching = False

    assert refused.value.code == "INVALID_URL"
    assert (STARTED.commands, server.seen) == ([], [])


def test_27_the_api_answers_400(person: Person) -> None:
    for url in REFUSED:
        answer = person.client.get(f"{API}/git/refs", query_string={"url": url})

        assert (answer.status_code, answer.get_json()["code"]) == (400, "INVALID_URL"), url


def test_27_the_hook_would_hear_a_process(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})
    STARTED.commands, STARTED.is_watching = [], True
    try:
        cloner.clone(f"{server.url}/team/app")
    finally:
        STARTED.is_watching = False

    assert any("fetch" in str(command) for command in STARTED.commands)


@pytest.mark.parametrize("name", ["--upload-pack=touch", "-x", "a;touch", "$(touch)"])
def test_27_names_that_a_remote_gives_are_taken_like_a_strangers(server: GitServer, cloner: Cloner, name: str) -> None:
    """Its default branch, which nobody has typed, has such a name."""
    author = server.repository()
    commit = author.commit({"a": "good"})
    (author.folder / "packed-refs").write_text(f"{commit} refs/heads/{name}\n{commit} refs/heads/main\n")
    (author.folder / "HEAD").write_text(f"ref: refs/heads/{name}\n")

    clone = cloner.clone(f"{server.url}/team/app")

    assert (clone.branch, contents(clone.folder)) == ("main", {"a": b"good"})
    assert not Path(MARKER).exists()


@pytest.mark.parametrize("path", ["team/a;touch", "team/--upload-pack=x", "team/a&b", "team/(a)"])
def test_27_odd_names_of_repositories_stay_names(server: GitServer, cloner: Cloner, path: str) -> None:
    server.repository(path).commit({"a": "1"})

    assert contents(cloner.clone(f"{server.url}/{path}").folder) == {"a": b"1"}
