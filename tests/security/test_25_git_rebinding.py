"""25. Git connects to the address that was judged and to no other: its own resolver has no say, nor has a redirect."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.net.guard import AddressGuard
from app.sources.errors import SourceError
from app.sources.fetching import fetch_file
from app.sources.outbound import Outbound
from tests.git_clones import Cloner, contents
from tests.git_server import GitServer, Handler

JUDGED, INNER = "127.0.0.2", "127.0.0.1"  # the first stands for a public address: it is the one that is allowed


class ChangingName:
    """A name server that answers differently each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[str]:
        if host[0].isdecimal():
            return [host]
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.fixture
def outer(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "outer", address=JUDGED) as running:
        running.repository().commit({"from": "outer"})
        yield running


@pytest.fixture
def inner(tmp_path: Path, outer: GitServer) -> Iterator[GitServer]:
    """At the same port of another address."""
    with GitServer(tmp_path / "inner", address=INNER, port=outer.port) as running:
        running.repository().commit({"from": "inner"})
        yield running


def cloner_with(folder: Path, names: ChangingName) -> Cloner:
    guard = AddressGuard(False, False, (JUDGED,), settings_prefix="", lookup=names)
    return Cloner(folder / "clones", Outbound(guard, SystemClock(), allow_http=True))


@pytest.mark.parametrize("name", ["localhost", "rebind.invalid"])
def test_25_git_takes_the_address_that_was_judged(
    tmp_path: Path, outer: GitServer, inner: GitServer, name: str
) -> None:
    """The system's resolver would say 127.0.0.1 for one of them, and nothing for the other."""
    names = ChangingName([JUDGED], [INNER])

    clone = cloner_with(tmp_path, names).clone(f"http://{name}:{outer.port}/team/app")

    assert contents(clone.folder) == {"from": b"outer"}
    assert (names.asked, inner.seen) == (1, [])


def test_25_each_clone_is_judged_anew(tmp_path: Path, outer: GitServer, inner: GitServer) -> None:
    from_there = cloner_with(tmp_path, ChangingName([JUDGED], [INNER]))
    from_there.clone(f"http://rebind.invalid:{outer.port}/team/app")

    with pytest.raises(SourceError) as refused:
        from_there.clone(f"http://rebind.invalid:{outer.port}/team/app")

    assert refused.value.code == "HOST_NOT_ALLOWED"
    assert inner.seen == []


def test_25_a_name_with_an_inner_address_among_others_is_refused(tmp_path: Path, outer: GitServer) -> None:
    with pytest.raises(SourceError) as refused:
        cloner_with(tmp_path, ChangingName([JUDGED, INNER])).clone(f"http://two-faced.invalid:{outer.port}/team/app")

    assert refused.value.code == "HOST_NOT_ALLOWED"
    assert outer.seen == []


@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}{path}", "http://inner.invalid:{port}{path}"])
def test_25_a_redirect_inside_is_not_followed(tmp_path: Path, outer: GitServer, inner: GitServer, target: str) -> None:
    outer.answer = lambda handler: handler.send(302, Location=target.format(port=inner.port, path=handler.path))
    from_there = cloner_with(tmp_path, ChangingName([JUDGED], [INNER]))

    with pytest.raises(SourceError) as refused:
        from_there.clone(f"http://outer.invalid:{outer.port}/team/app")
    with pytest.raises(SourceError):
        fetch_file(f"http://{JUDGED}:{outer.port}/compose.yml", from_there.outbound, 1000)

    assert refused.value.code == "HOST_NOT_ALLOWED"
    assert inner.seen == []


def test_25_git_follows_no_redirect_at_all(tmp_path: Path, outer: GitServer, inner: GitServer) -> None:
    outer.answer = lambda handler: (
        handler.is_git and handler.send(302, Location=f"http://{INNER}:{inner.port}{handler.path}")
    )

    with pytest.raises(SourceError):
        cloner_with(tmp_path, ChangingName([JUDGED])).clone(f"http://outer.invalid:{outer.port}/team/app")

    assert inner.seen == []


def test_25_nor_addresses_that_the_old_protocol_names(tmp_path: Path, outer: GitServer, inner: GitServer) -> None:
    """A host speaks the smart protocol to our look-up, and to git the dumb one, which has a list of other places."""
    files = {
        "info/refs": b"1" * 40 + b"\trefs/heads/main\n",
        "HEAD": b"ref: refs/heads/main\n",
        "objects/info/http-alternates": f"http://{INNER}:{inner.port}/team/app.git/objects\n".encode(),
    }

    def answer(handler: Handler) -> object:
        name = handler.path.partition("?")[0].partition(".git/")[2]
        return handler.is_git and handler.send(200 if name in files else 404, files.get(name, b""))

    outer.answer = answer

    with pytest.raises(SourceError) as refused:
        cloner_with(tmp_path, ChangingName([JUDGED])).clone(f"http://outer.invalid:{outer.port}/team/app.git")

    assert refused.value.code == "GIT_CLONE_FAILED"
    assert inner.seen == []


def test_25_the_allow_list_of_hosts_counts_for_redirects_too(tmp_path: Path, outer: GitServer) -> None:
    outer.answer = lambda handler: handler.send(302, Location=f"http://other.invalid:{outer.port}{handler.path}")
    from_there = cloner_with(tmp_path, ChangingName([JUDGED]))
    from_there.outbound = dataclasses.replace(from_there.outbound, allowed_hosts=("outer.invalid",))

    with pytest.raises(SourceError, match="GIT_ALLOWED_HOSTS"):
        from_there.clone(f"http://outer.invalid:{outer.port}/team/app")

    assert len(outer.seen) == 1
