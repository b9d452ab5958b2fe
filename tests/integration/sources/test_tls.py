"""TLS is verified, by our look-up and by git itself; an operator can name authorities."""

import dataclasses
from pathlib import Path

import pytest

from app.sources.errors import SourceError
from app.sources.fetching import fetch_file
from tests.git_clones import ADA, OUTBOUND, Cloner, contents
from tests.git_server import GitServer
from tests.unit.kube.certificates import Authority, Pair

AUTHORITY = Authority()


def served(folder: Path, pair: Pair) -> GitServer:
    folder.mkdir(exist_ok=True)
    (folder / "server.pem").write_text(f"{pair.cert}\n{pair.key}")
    return GitServer(folder / "host", certificate=folder / "server.pem")


@pytest.fixture
def trusting(tmp_path: Path, cloner: Cloner) -> Cloner:
    """With the test's authority besides the system's, and without plain http."""
    (tmp_path / "ca.pem").write_text(AUTHORITY.ca)
    cloner.outbound = dataclasses.replace(OUTBOUND, allow_http=False, ca_file=tmp_path / "ca.pem")
    return cloner


def test_a_clone_goes_over_tls_with_the_operators_authority(tmp_path: Path, trusting: Cloner) -> None:
    with served(tmp_path, AUTHORITY.issue("127.0.0.1")) as server:
        server.repository().commit({"a": "1"})
        server.passwords = {ADA.username: ADA.token}

        clone = trusting.clone(f"{server.url}/team/app", credential=ADA)

    assert contents(clone.folder) == {"a": b"1"}


def test_an_unknown_authority_is_refused_with_the_way_out(tmp_path: Path, cloner: Cloner) -> None:
    with served(tmp_path, AUTHORITY.issue("127.0.0.1")) as server:
        with pytest.raises(SourceError) as refused:
            cloner.clone(f"{server.url}/team/app", credential=ADA)
        with pytest.raises(SourceError):
            fetch_file(f"{server.url}/compose.yml", cloner.outbound, 1000)

    assert (refused.value.code, refused.value.message) == (
        "GIT_UNREACHABLE",
        "The certificate of 127.0.0.1 is signed by an unknown authority: an administrator can name its authority in "
        "GIT_CA_FILE",
    )
    assert server.seen == [], "not a byte of a request was sent"


def test_a_certificate_for_another_host_is_refused(tmp_path: Path, trusting: Cloner) -> None:
    with served(tmp_path, AUTHORITY.issue("git.example.org")) as server, pytest.raises(SourceError) as refused:
        trusting.clone(f"{server.url}/team/app")

    assert refused.value.message == "The certificate of 127.0.0.1 is for another host"


def test_git_itself_verifies_too(tmp_path: Path, trusting: Cloner) -> None:
    """The host shows its own certificate to our look-up and a stranger's to git."""
    stranger = Authority().issue("127.0.0.1")
    with served(tmp_path, AUTHORITY.issue("127.0.0.1")) as server:
        server.repository().commit({"a": "1"})
        (tmp_path / "stranger.pem").write_text(f"{stranger.cert}\n{stranger.key}")
        server.answer = lambda handler: handler.command == "POST" and server.use_certificate(tmp_path / "stranger.pem")

        with pytest.raises(SourceError) as refused:
            trusting.clone(f"{server.url}/team/app")

        assert refused.value.code == "GIT_CLONE_FAILED"
        assert not any(seen.method == "POST" and "KubeOrch" not in seen.headers["User-Agent"] for seen in server.seen)


def test_plain_http_is_refused_before_anything_is_asked(server: GitServer, trusting: Cloner) -> None:
    with pytest.raises(SourceError, match="GIT_ALLOW_HTTP"):
        trusting.clone(f"{server.url}/team/app")

    assert server.seen == []


def test_a_redirect_to_plain_http_is_not_followed(tmp_path: Path, server: GitServer, trusting: Cloner) -> None:
    trusting.outbound = dataclasses.replace(trusting.outbound, allow_http=True)
    server.repository().commit({"a": "1"})
    with served(tmp_path, AUTHORITY.issue("127.0.0.1")) as secure:
        secure.answer = lambda handler: handler.send(301, Location=server.url + handler.path)

        with pytest.raises(SourceError, match="without TLS"):
            trusting.clone(f"{secure.url}/team/app")

    assert server.seen == []
