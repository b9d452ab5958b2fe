"""The API server goes away and comes back, seen through a proxy that can be stopped. Fault 9 for the loop alone."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.clock import SystemClock
from app.kube.connection import Connection
from app.kube.objects import KNOWN
from app.kube.pace import Pace
from app.kube.probe import ClusterProbe, Probe
from app.kube.watch import WatchLoop
from tests.e2e.kube_access import GUARD, a_client, admin_access
from tests.unit.kube.following import RecordingSink

A_PROBE_LATER_S = 7
"""It asks every 5 s."""


class Proxy:
    """Passes bytes on to the API server until it is stopped; then its port refuses, as a dead server's does."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream, self.port = (host, port), 0
        self._listening: socket.socket | None = None
        self._sockets: list[socket.socket] = []

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def stop(self) -> None:
        """Refuse, and cut all connections."""
        assert self._listening
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        while self._sockets:
            with contextlib.suppress(OSError):
                self._sockets.pop().shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(self._upstream)
                self._sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


@contextmanager
def watching(connection: Connection, namespace: str) -> Iterator[RecordingSink]:
    """A loop and its cluster's probe, as the watcher runs them."""
    sink, stop, wake, clock = RecordingSink(), threading.Event(), threading.Event(), SystemClock()
    probe = ClusterProbe(Probe(lambda: connection).alive, clock, stop)
    sink.on_state = lambda state: probe.report(wake, state)
    kind = KNOWN["v1", "ConfigMap"]
    # So long a pause that only the probe can end it in time.
    pace = Pace(failure_s=(60, 60))
    loop = WatchLoop(
        lambda: connection, kind, namespace=namespace, sink=sink, clock=clock, stop=stop, wake=wake, pace=pace
    )
    threads = [threading.Thread(target=each, daemon=True) for each in (loop.run, probe.run)]
    for thread in threads:
        thread.start()
    yield sink
    loop.close()
    for thread in threads:
        thread.join(6)


@pytest.fixture
def proxy(kubeconfig: Path) -> Iterator[Proxy]:
    """Started, in front of the real API server."""
    url = urlsplit(admin_access(kubeconfig).server)
    proxy = Proxy(url.hostname or "", url.port or 443)
    proxy.start()
    yield proxy
    proxy.stop()


def test_09_states_are_true_again_soon_after_the_api_server_is_back(
    kubeconfig: Path, namespace: str, proxy: Proxy
) -> None:
    direct = a_client(admin_access(kubeconfig))
    access = replace(admin_access(kubeconfig), server=f"https://127.0.0.1:{proxy.port}")
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": namespace}}
    with watching(Connection(access, GUARD), namespace) as sink:
        sink.wait_for(lambda told: told.states)

        proxy.stop()
        sink.wait_for(lambda told: told.state_names[-1] == "lost", within_s=2)
        direct.apply({**config_map, "data": {"made": "meanwhile"}})
        proxy.start()

        sink.wait_for(lambda told: told.data("c") == {"made": "meanwhile"}, within_s=A_PROBE_LATER_S)
    assert sink.state_names == ["synced", "lost", "synced"]
    assert "refuses the connection" in sink.states[1][1]
    assert len([change for change in sink.changes if change[1] == "c"]) == 1, "resumed, not listed again"
