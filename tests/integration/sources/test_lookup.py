"""What a Git host answers becomes one of the contract's codes, and redirects lead only where they may."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import ForbiddenError, InvalidError, NotFoundError, UpstreamError, UpstreamTimeoutError
from app.sources.errors import SourceError
from app.sources.lookup import look_up
from app.sources.models import GitCredential
from app.sources.urls import repository_of
from launcher.ports import free_port
from tests.git_clones import ADA, Cloner, contents
from tests.git_server import GitServer, Handler, moved

SERVICE = "/info/refs?service=git-upload-pack"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[GitServer]:
    """A second host."""
    with GitServer(tmp_path / "other-host") as running:
        yield running


def refused(cloner: Cloner, url: str, credential: GitCredential | None = None) -> SourceError:
    with pytest.raises(SourceError) as error:
        cloner.git.refs(repository_of(url), credential)
    return error.value


def test_refs_are_listed(server: GitServer, cloner: Cloner) -> None:
    author = server.repository()
    first = author.commit({"a": "1"})
    author.commit({"a": "1"}, branch="dev")
    author.tag("v1", first, annotated=True)

    refs = cloner.git.refs(repository_of(f"{server.url}/team/app"), None)

    assert (refs.default_branch, refs.branches, refs.tags) == ("main", ("main", "dev"), ("v1",))
    assert refs.tagged["v1"] == first


def test_absent_and_private_are_the_same_404(server: GitServer, cloner: Cloner) -> None:
    server.repository()
    absent = refused(cloner, f"{server.url}/team/nothing")
    server.passwords = {ADA.username: ADA.token}
    private = refused(cloner, f"{server.url}/team/app")

    for error in (absent, private):
        assert isinstance(error, NotFoundError)
        assert (error.code, error.message) == (
            "GIT_NOT_FOUND",
            f"Repository not found, or it is private: store a Git credential for {server.host}",
        )


def test_refused_credentials_are_a_400_never_a_401(server: GitServer, cloner: Cloner) -> None:
    server.repository()
    server.passwords = {ADA.username: ADA.token}

    error = refused(cloner, f"{server.url}/team/app", GitCredential("ada", "an old token"))

    assert isinstance(error, InvalidError)
    assert error.code == "GIT_AUTH_FAILED"
    assert "an old token" not in error.message


def test_a_public_repository_is_read_without_the_credential(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})

    cloner.clone(f"{server.url}/team/app", credential=GitCredential("ada", "an old token"))

    assert [seen.authorization for seen in server.seen if seen.authorization] == []


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (403, NotFoundError, "GIT_NOT_FOUND"),
        (410, NotFoundError, "GIT_NOT_FOUND"),
        (429, UpstreamError, "GIT_UNREACHABLE"),
        (500, UpstreamError, "GIT_UNREACHABLE"),
        (503, UpstreamError, "GIT_UNREACHABLE"),
    ],
)
def test_each_status_has_its_code(
    server: GitServer, cloner: Cloner, status: int, kind: type[Exception], code: str
) -> None:
    server.answer = lambda handler: handler.send(status)

    error = refused(cloner, f"{server.url}/team/app")

    assert isinstance(error, kind)
    assert error.code == code


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("text/html", b"<html>Sign in"),
        ("text/plain", b"1111111111111111111111111111111111111111\trefs/heads/main\n"),
    ],
)
def test_a_page_for_people_and_the_dumb_protocol_are_no_repository(
    server: GitServer, cloner: Cloner, type_: str, body: bytes
) -> None:
    server.answer = lambda handler: handler.send(200, body, Content_Type=type_)

    error = refused(cloner, f"{server.url}/team/app")

    assert (error.code, error.message) == (
        "GIT_NOT_FOUND",
        f"{server.host} has no Git repository at this address: check the URL",
    )


def test_nonsense_in_the_right_wrapping_is_a_502(server: GitServer, cloner: Cloner) -> None:
    advertisement = "application/x-git-upload-pack-advertisement"
    server.answer = lambda handler: handler.send(200, b"zzzz", Content_Type=advertisement)

    assert isinstance(refused(cloner, f"{server.url}/team/app"), UpstreamError)


def test_nobody_there_is_a_502(cloner: Cloner) -> None:
    error = refused(cloner, f"http://127.0.0.1:{free_port()}/team/app")

    assert (error.code, error.message) == ("GIT_UNREACHABLE", "127.0.0.1 refuses the connection: check host and port")


def test_silence_is_a_504(server: GitServer, cloner: Cloner) -> None:
    server.answer = lambda handler: handler.wait()

    with pytest.raises(SourceError) as late:
        look_up(cloner.outbound, repository_of(f"{server.url}/team/app"), None, timeout_s=0.2)

    assert isinstance(late.value, UpstreamTimeoutError)
    assert late.value.code == "GIT_TIMEOUT"


def test_a_drop_now_and_then_does_not_make_it_last(server: GitServer, cloner: Cloner) -> None:
    server.answer = lambda handler: handler.drip()

    with pytest.raises(SourceError) as late:
        look_up(cloner.outbound, repository_of(f"{server.url}/team/app"), None, timeout_s=0.3)

    assert late.value.code == "GIT_TIMEOUT"


def test_an_endless_list_is_cut_off(server: GitServer, cloner: Cloner) -> None:
    server.answer = lambda handler: handler.flood()

    assert refused(cloner, f"{server.url}/team/app").code == "LIMIT_EXCEEDED"


def test_a_host_that_asks_for_the_password_only_with_the_list_gets_it_then(server: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})

    def answer(handler: Handler) -> object:
        server.passwords = {ADA.username: ADA.token} if handler.command == "POST" or handler.is_git else {}
        return False

    server.answer = answer

    assert contents(cloner.clone(f"{server.url}/team/app", credential=ADA).folder) == {"a": b"1"}
    assert refused(cloner, f"{server.url}/team/app").code == "GIT_NOT_FOUND"


# --- redirects ---


def test_a_renamed_repository_is_found_at_its_new_place(server: GitServer, cloner: Cloner) -> None:
    server.repository("team/new").commit({"a": "1"})
    server.answer = moved("/team/old", "/team/new.git")

    clone = cloner.clone(f"{server.url}/team/old")

    assert contents(clone.folder) == {"a": b"1"}
    assert [seen.path for seen in server.seen if seen.method == "POST"][-1] == "/team/new.git/git-upload-pack"
    assert f"It has moved to {server.url}/team/new.git" in cloner.said


def test_a_redirect_to_another_host_is_followed_without_the_credential(
    server: GitServer, other: GitServer, cloner: Cloner
) -> None:
    other.repository().commit({"a": "1"})
    server.passwords = {ADA.username: ADA.token}
    server.answer = lambda handler: (
        bool(handler.headers.get("Authorization")) and handler.send(301, Location=f"{other.url}/team/app{SERVICE}")
    )

    assert contents(cloner.clone(f"{server.url}/team/app", credential=ADA).folder) == {"a": b"1"}

    assert [seen.authorization for seen in other.seen] == [None] * len(other.seen)
    assert any(seen.authorization for seen in server.seen)


def test_a_redirect_to_a_host_that_is_not_allowed_is_not_followed(
    server: GitServer, other: GitServer, cloner: Cloner
) -> None:
    server.answer = lambda handler: handler.send(302, Location=f"{other.url}/team/app{SERVICE}")
    strict = dataclasses.replace(cloner.outbound, allowed_hosts=(server.host,))

    with pytest.raises(SourceError) as barred:
        look_up(strict, repository_of(f"{server.url}/team/app"), None)

    assert isinstance(barred.value, ForbiddenError)
    assert other.seen == []


def test_a_sign_in_page_is_as_absent(server: GitServer, cloner: Cloner) -> None:
    server.answer = lambda handler: handler.send(302, Location="/users/sign_in")

    assert refused(cloner, f"{server.url}/team/app").code == "GIT_NOT_FOUND"
    assert all(seen.path.endswith(SERVICE) for seen in server.seen), "the page itself isn't fetched"


def test_a_circle_ends(server: GitServer, cloner: Cloner) -> None:
    server.answer = lambda handler: handler.send(302, Location=handler.path)

    error = refused(cloner, f"{server.url}/team/app")

    assert (error.code, len(server.seen)) == ("GIT_UNREACHABLE", 6)


def test_git_itself_follows_none(server: GitServer, other: GitServer, cloner: Cloner) -> None:
    server.repository().commit({"a": "1"})
    other.repository().commit({"a": "stolen"})
    server.answer = lambda handler: handler.is_git and handler.send(302, Location=f"{other.url}{handler.path}")

    with pytest.raises(SourceError) as failed:
        cloner.clone(f"{server.url}/team/app")

    assert failed.value.code == "GIT_CLONE_FAILED"
    assert other.seen == []
