"""One file by URL, through the guard."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import ForbiddenError
from app.sources.errors import SourceError
from app.sources.fetching import fetch_file
from tests.git_clones import OUTBOUND
from tests.git_server import GitServer

LIMIT = 1024 * 1024
COMPOSE = b"services: {}\n"


@pytest.fixture
def files(tmp_path: Path) -> Iterator[GitServer]:
    """A web server that has one file."""
    with GitServer(tmp_path / "host") as running:
        running.answer = lambda handler: handler.send(200 if handler.path.startswith("/compose.yml") else 404, COMPOSE)
        yield running


def refused(url: str, limit: int = LIMIT) -> SourceError:
    with pytest.raises(SourceError) as error:
        fetch_file(url, OUTBOUND, limit)
    return error.value


def test_a_file_is_fetched_with_its_query_and_nothing_of_ours(files: GitServer) -> None:
    assert fetch_file(f"{files.url}/compose.yml?token=x%2By#top", OUTBOUND, LIMIT) == COMPOSE

    (seen,) = files.seen
    assert (seen.method, seen.path) == ("GET", "/compose.yml?token=x%2By")
    assert seen.authorization is None and "Cookie" not in seen.headers


def test_an_absent_file_is_a_404(files: GitServer) -> None:
    assert refused(f"{files.url}/other.yml").code == "FILE_NOT_FOUND"


@pytest.mark.parametrize("status", [401, 403])
def test_a_private_one_is_a_404_never_a_401(files: GitServer, status: int) -> None:
    files.answer = lambda handler: handler.send(status)

    assert refused(f"{files.url}/compose.yml").code == "FILE_NOT_FOUND"


def test_a_fault_of_the_host_is_a_502(files: GitServer) -> None:
    files.answer = lambda handler: handler.send(500)

    assert refused(f"{files.url}/compose.yml").code == "GIT_UNREACHABLE"


def test_a_file_over_the_limit_is_a_413_and_not_read_to_its_end(files: GitServer) -> None:
    assert refused(f"{files.url}/compose.yml", limit=len(COMPOSE) - 1).code == "LIMIT_EXCEEDED"
    assert fetch_file(f"{files.url}/compose.yml", OUTBOUND, len(COMPOSE)) == COMPOSE

    files.answer = lambda handler: handler.flood()
    assert refused(f"{files.url}/compose.yml").code == "LIMIT_EXCEEDED"


def test_a_redirect_is_followed_and_judged(files: GitServer) -> None:
    files.answer = lambda handler: (
        handler.send(302, Location="/compose.yml") if handler.path == "/old.yml" else handler.send(200, COMPOSE)
    )
    assert fetch_file(f"{files.url}/old.yml", OUTBOUND, LIMIT) == COMPOSE

    # Another address of this machine, which nobody has allowed.
    files.answer = lambda handler: handler.send(302, Location=f"http://127.0.0.2:{files.port}/compose.yml")
    files.seen.clear()
    error = refused(f"{files.url}/old.yml")

    assert isinstance(error, ForbiddenError)
    assert (error.code, len(files.seen)) == ("HOST_NOT_ALLOWED", 1)


def test_a_redirect_to_a_file_of_this_machine_is_none(files: GitServer) -> None:
    files.answer = lambda handler: handler.send(302, Location="file:///etc/passwd")

    assert refused(f"{files.url}/compose.yml").code in {"GIT_UNREACHABLE", "INVALID_URL"}


def test_the_list_of_allowed_hosts_counts_here_too(files: GitServer) -> None:
    strict = dataclasses.replace(OUTBOUND, allowed_hosts=("git.example.org",))

    with pytest.raises(SourceError, match="GIT_ALLOWED_HOSTS"):
        fetch_file(f"{files.url}/compose.yml", strict, LIMIT)

    assert files.seen == []


def test_what_is_no_url_is_a_400(files: GitServer) -> None:
    for url in ("file:///etc/passwd", "/etc/passwd", f"{files.url}/a b.yml", f"http://ada:x@{files.host}/compose.yml"):
        assert refused(url).code == "INVALID_URL"
    assert files.seen == []
