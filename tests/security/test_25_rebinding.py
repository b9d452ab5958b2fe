"""Security check 25: a name that resolves public first and private next, or a redirect, lead nowhere private."""

from collections.abc import Iterator

import pytest

from app.kube.access import Access
from app.kube.connection import Connection
from app.kube.errors import UnreachableError
from app.net.guard import AddressGuard
from tests.unit.kube.scripted_server import ScriptedServer


class ChangingName:
    """A name server that answers differently each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.fixture
def inner() -> Iterator[ScriptedServer]:
    """A service on this machine that must not be reached by a public name."""
    with ScriptedServer() as running:
        running.other = lambda exchange: exchange.answer({"major": "1"}, Connection="close")
        yield running


def test_25_the_name_is_resolved_once_and_what_was_checked_is_connected_to(inner: ScriptedServer) -> None:
    # TEST-NET-1 stands for the public address; the second answer is what a second look-up would give.
    names = ChangingName(["192.0.2.1"], ["127.0.0.1"])
    guard = AddressGuard(False, False, ("192.0.2.0/24",), lookup=names)
    connection = Connection(Access(f"http://rebind.example:{inner.port}"), guard, connect_timeout_s=0.1)

    with pytest.raises(UnreachableError):
        connection.request("GET", "/version")

    assert names.asked == 1
    assert inner.requests == []


def test_25_each_new_connection_is_checked_anew(inner: ScriptedServer) -> None:
    names = ChangingName(["127.0.0.1"], ["10.0.0.1"])
    guard = AddressGuard(False, True, (), lookup=names)
    connection = Connection(Access(f"http://rebind.example:{inner.port}"), guard)
    connection.request("GET", "/version")  # the server closes: the next call needs a new connection

    with pytest.raises(UnreachableError) as refused:
        connection.request("GET", "/version")

    assert refused.value.reason == "blocked"
    assert len(inner.requests) == 1


def test_25_a_redirect_is_not_followed(inner: ScriptedServer) -> None:
    with ScriptedServer() as outer:
        outer.other = lambda exchange: exchange.answer(b"", 302, Location=f"http://127.0.0.1:{inner.port}/version")

        with pytest.raises(UnreachableError) as refused:
            outer.connection().request("GET", "/version")

    assert refused.value.reason == "not_kubernetes"
    assert inner.requests == []
